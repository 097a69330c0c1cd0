"""Activities on the editors' desk: when they take place, how many have registered, and what becomes of them."""

from datetime import datetime
from typing import Final, Literal

import msgspec
from msgspec import Struct

from content.review_rules import required_roles
from content.workflow import STANDING, STANDING_COLUMNS, State
from server.core.db import connection


class Row(Struct, frozen=True, kw_only=True):
    """An activity in the list, planned or not. ``form`` is what the draft says, which may be anything yet."""

    item_id: int
    title: str
    form: str
    state: State
    visible: bool
    starts_at: datetime | None
    ends_at: datetime | None
    cancelled_at: datetime | None
    place_name: str | None
    stream: str | None
    capacity: int | None
    registered: int
    waiting: int
    entered: int


class Listing(Struct, frozen=True):
    """One page of the list and how many there are in all."""

    rows: list[Row]
    total: int


async def listing(
    *,
    at: datetime,
    when: Literal["", "coming", "past", "unplanned"] = "",
    text: str = "",
    page: int = 1,
    size: int = 50,
) -> Listing:
    """List activities: those coming the next first, all others the last first.

    :param text: part of the title.
    :param page: from 1.
    """
    like = text.strip()[:200].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    values = (at, await required_roles(), when, like)
    order = "p.starts_at, i.id" if when == "coming" else "p.starts_at DESC NULLS FIRST, i.id DESC"
    rows = await connection().fetch(
        f"SELECT {_COLUMNS} {_FROM} ORDER BY {order} LIMIT $5 OFFSET $6",
        *values,
        size,
        (max(page, 1) - 1) * size,
    )
    total = await connection().value(f"SELECT count(*) {_FROM}", *values)
    return Listing([msgspec.convert(dict(row), Row) for row in rows], total)


async def row_of(*, activity_id: int, at: datetime) -> Row | None:
    """Give one activity as the list shows it; None where there is none."""
    row = await connection().row(
        f"SELECT {_COLUMNS} {_FROM} AND i.id = $5", at, await required_roles(), "", "", activity_id
    )
    return msgspec.convert(dict(row), Row) if row else None


_COLUMNS: Final = f"""i.id AS item_id, coalesce(d.shape ->> 'title', '') AS title,
    coalesce(d.shape ->> 'form', '') AS form, p.starts_at, p.ends_at, p.cancelled_at, p.place_name, p.stream,
    p.capacity, r.registered, r.waiting, r.entered, {STANDING_COLUMNS}"""
_FROM: Final = f"""
FROM {STANDING} LEFT JOIN activity_plan p ON p.activity_id = i.id
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE r.state = 'registered') AS registered,
        count(*) FILTER (WHERE r.state = 'waiting') AS waiting, count(c.id) AS entered
    FROM registration r LEFT JOIN check_in c ON c.registration_id = r.id AND c.undone_at IS NULL
    WHERE r.activity_id = i.id
) r
WHERE i.kind = 'activity' AND ($4 = '' OR d.shape ->> 'title' ILIKE '%' || $4 || '%')
    AND CASE $3 WHEN 'coming' THEN p.ends_at > $1 WHEN 'past' THEN p.ends_at <= $1
        WHEN 'unplanned' THEN p.activity_id IS NULL ELSE true END
"""  # noqa: S608  the parts are constants
