"""Who has registered for an activity, as its staff see it: lists, counts, and the sheet for the door.

The rule: names and hospitals are opened only here, for the staff of an activity, and no more of anybody than these; the
number of an account, a phone number or an openid is never shown. A sheet that leaves the house is audited.
"""

import asyncio
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from cdp import profiles
from cdp.profiles import Profile
from content import trail
from content.sheets import writing
from content.sheets.writing import Head
from server.core.clock import SHANGHAI
from server.core.db import connection, transaction
from server.core.keys import Sealer

Entered = Literal["", "in", "out"]
NOBODY: Final = "（资料已删除）"


class Row(Struct, frozen=True, kw_only=True):
    """A registration. ``place`` is where it stands in the line, for one that waits."""

    id: int
    account_id: int
    state: str
    place: int | None
    asked_at: datetime
    promoted_at: datetime | None
    cancelled_at: datetime | None
    cancelled_by: str
    entered_at: datetime | None
    way: str | None
    profile: Profile | None = None

    @property
    def name(self) -> str:
        return self.profile.name if self.profile else NOBODY


class Listing(Struct, frozen=True):
    """One page of registrations and how many there are in all."""

    rows: list[Row]
    total: int


class Counts(Struct, frozen=True):
    """How many have a seat, wait, have left, and came in."""

    registered: int
    waiting: int
    cancelled: int
    entered: int


async def counts(*, activity_id: int) -> Counts:
    """Count the registrations of an activity."""
    row: Any = await connection().row(
        "SELECT count(*) FILTER (WHERE r.state = 'registered') AS registered, "
        "count(*) FILTER (WHERE r.state = 'waiting') AS waiting, "
        "count(*) FILTER (WHERE r.state = 'cancelled') AS cancelled, count(c.id) AS entered "
        "FROM registration r LEFT JOIN check_in c ON c.registration_id = r.id AND c.undone_at IS NULL "
        "WHERE r.activity_id = $1",
        activity_id,
    )
    return Counts(**row)


async def listing(
    *,
    sealer: Sealer,
    activity_id: int,
    state: str = "",
    entered: Entered = "",
    text: str = "",
    page: int = 1,
    size: int = 50,
) -> Listing:
    """List registrations in the order in which they came.

    :param state: registered, waiting or cancelled; empty for all.
    :param entered: ``in`` for those who came in, ``out`` for those who have a seat and did not.
    :param text: part of the name, the hospital or the department.
    :param page: from 1.
    """
    start = (max(page, 1) - 1) * size
    if not text.strip():
        rows = await connection().fetch(f"{_ROWS} LIMIT $4 OFFSET $5", activity_id, state, entered, size, start)
        total = await connection().value(
            f"SELECT count(*) FROM ({_ROWS}) AS found",  # noqa: S608  a constant
            activity_id,
            state,
            entered,
        )
        return Listing(await _opened(sealer, rows), total)
    # What is sealed cannot be looked for by the database.
    rows = await connection().fetch(_ROWS, activity_id, state, entered)
    found = [row for row in await _opened(sealer, rows) if _is_like(row.profile, text)]
    return Listing(found[start : start + size], len(found))


async def last_entered(*, sealer: Sealer, activity_id: int, most: int = 20) -> list[Row]:
    """List who came in last."""
    rows = await connection().fetch(
        f"SELECT * FROM ({_ROWS}) AS found ORDER BY entered_at DESC, id DESC LIMIT $4",  # noqa: S608  constants
        activity_id,
        "",
        "in",
        most,
    )
    return await _opened(sealer, rows)


async def row_of(*, sealer: Sealer, activity_id: int, registration_id: int) -> Row | None:
    """Give one registration of an activity."""
    rows = await connection().fetch(
        f"SELECT * FROM ({_ROWS}) AS found WHERE id = $4",  # noqa: S608  constants
        activity_id,
        "",
        "",
        registration_id,
    )
    return (await _opened(sealer, rows))[0] if rows else None


async def sheet(
    *,
    sealer: Sealer,
    activity_id: int,
    state: str,
    entered: Entered,
    staff_id: int,
    at: datetime,
    request_id: str = "",
) -> bytes:
    """Write the registrations as a workbook, and note who took it."""
    async with transaction():
        rows = await connection().fetch(_ROWS, activity_id, state, entered)
        await trail.note(
            "export",
            "registration",
            activity_id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            after={"rows": len(rows), "state": state, "entered": entered},
        )
    lines = [_line(number, row) for number, row in enumerate(await _opened(sealer, rows), start=1)]
    return await asyncio.to_thread(writing.as_workbook, "报名名单", _HEADS, lines)


async def _opened(sealer: Sealer, rows: Any) -> list[Row]:
    known = await profiles.profiles_of(sealer=sealer, account_ids=[row["account_id"] for row in rows])
    return [msgspec.convert({**row, "profile": known.get(row["account_id"])}, Row) for row in rows]


def _is_like(profile: Profile | None, text: str) -> bool:
    wanted = text.strip().casefold()
    if profile is None:
        return False
    return any(wanted in part.casefold() for part in (profile.name, profile.hospital, profile.department))


def _line(number: int, row: Row) -> list[str]:
    profile = row.profile
    return [
        str(number),
        row.name,
        profile.hospital if profile else "",
        profile.department if profile else "",
        profile.title if profile else "",
        f"{_STATES[row.state]}{row.place or ''}",
        _time(row.asked_at),
        _time(row.entered_at),
    ]


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if at else ""


_STATES: Final = {"registered": "已报名", "waiting": "候补", "cancelled": "已取消"}
_HEADS: Final = (
    Head("序号", 6),
    Head("姓名", 14, note="个人信息：仅用于本次活动的现场组织，活动结束后请删除本表。"),
    Head("医院", 30),
    Head("科室", 16),
    Head("职称", 14),
    Head("状态", 10, note="候补后的数字为候补顺序。"),
    Head("报名时间", 18, note="北京时间。"),
    Head("签到时间", 18, note="北京时间；空白表示未签到。"),
)
_ROWS: Final = """
SELECT r.id, r.account_id, r.state, r.asked_at, r.promoted_at, r.cancelled_at, r.cancelled_by, c.at AS entered_at,
    c.way, CASE WHEN r.state = 'waiting' THEN (SELECT count(*) FROM registration o
        WHERE o.activity_id = r.activity_id AND o.state = 'waiting' AND o.id <= r.id) END AS place
FROM registration r LEFT JOIN check_in c ON c.registration_id = r.id AND c.undone_at IS NULL
WHERE r.activity_id = $1 AND $2 IN ('', r.state)
    AND CASE $3 WHEN 'in' THEN c.id IS NOT NULL WHEN 'out' THEN c.id IS NULL AND r.state = 'registered' ELSE true END
ORDER BY r.id
"""
