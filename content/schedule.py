"""The editors' schedule: what begins, ends and airs on which day, and moving what waits to another time.

The rule: when something is shown is a field of operation. Moving it keeps the version that waits, and with it every
approval. Whoever moves it says when they took it to begin, so that of two at once one is told.
"""

from datetime import date, datetime
from typing import Final, Literal

import msgspec
from msgspec import Struct

from content import trail
from content.publishing import FARTHEST, PeriodBad
from content.tree import hold
from content.workflow import CURRENT, WAITING
from server.core.db import connection, transaction
from server.core.errors import Conflict

MOST_A_DAY: Final = 200


class NothingWaits(Conflict):
    """Nothing of the item waits to be shown: it has begun, or was taken back."""

    code = "nothing_waits"
    title = "这项内容已经发布，或已取消发布安排"


class ScheduleStale(Conflict):
    """Somebody has moved it since; the facts say when it begins by now."""

    code = "schedule_stale"
    title = "发布时间已被其他人修改"


class Entry(Struct, frozen=True):
    """Something that happens on a day of the schedule.

    ``waits``: it has not happened yet. ``place`` counts the entries of its day from 1, ``of_day`` says how many there
    are, listed or not. ``sequence`` is that of an airing.
    """

    sort: Literal["airing", "begins", "ends"]
    item_id: int
    kind: str
    title: str
    above: str
    at: datetime
    day: date
    waits: bool
    visible: bool
    cancelled: bool
    sequence: int | None
    place: int
    of_day: int


# Of publications what was neither replaced nor taken back; of airings all, the cancelled too.
ENTRIES: Final = f"""
    WITH entry AS (
        SELECT 'begins' AS sort, p.item_id, p.starts_at AS at, p.began_at IS NULL AS waits, false AS cancelled,
            NULL::int AS sequence, v.shape ->> 'title' AS title
        FROM publication p JOIN version v ON v.id = p.version_id
        WHERE (({CURRENT.format(p="p")}) OR ({WAITING.format(p="p")})) AND p.starts_at >= $2 AND p.starts_at < $3
            AND $4 IN ('', 'begins')
        UNION ALL
        SELECT 'ends', p.item_id, p.ends_at, p.expired_at IS NULL AND p.ends_at > $1, false, NULL, v.shape ->> 'title'
        FROM publication p JOIN version v ON v.id = p.version_id
        WHERE (({CURRENT.format(p="p")}) OR ({WAITING.format(p="p")})) AND p.ends_at >= $2 AND p.ends_at < $3
            AND $4 IN ('', 'ends')
        UNION ALL
        SELECT 'airing', a.episode_id, a.airs_at, a.airs_at > $1 AND a.cancelled_at IS NULL,
            a.cancelled_at IS NOT NULL, a.sequence, d.shape ->> 'title'
        FROM airing a JOIN draft d ON d.item_id = a.episode_id
        WHERE a.airs_at >= $2 AND a.airs_at < $3 AND $4 IN ('', 'airing')
    ), placed AS (
        SELECT entry.*, (at AT TIME ZONE 'Asia/Shanghai')::date AS day,
            row_number() OVER one_day AS place, count(*) OVER (PARTITION BY (at AT TIME ZONE 'Asia/Shanghai')::date)
            AS of_day
        FROM entry
        WINDOW one_day AS (PARTITION BY (at AT TIME ZONE 'Asia/Shanghai')::date ORDER BY at, item_id, sort)
    )
    SELECT placed.sort, placed.item_id, i.kind, coalesce(placed.title, '') AS title, placed.at, placed.day,
        placed.waits, placed.cancelled, placed.sequence, placed.place, placed.of_day,
        coalesce(top.shape ->> 'title', upper_draft.shape ->> 'title', '') AS above,
        EXISTS (SELECT 1 FROM live l WHERE l.item_id = i.id AND l.valid_from <= $1
            AND (l.valid_until IS NULL OR l.valid_until > $1)) AS visible
    FROM placed JOIN item i ON i.id = placed.item_id
    LEFT JOIN item upper ON upper.id = i.parent_id
    LEFT JOIN draft upper_draft ON upper_draft.item_id = upper.id
    LEFT JOIN draft top ON top.item_id = upper.parent_id
    WHERE placed.place <= $5 ORDER BY placed.day, placed.place
"""  # noqa: S608  the parts are constants


async def entries(
    *, starts_at: datetime, ends_at: datetime, at: datetime, sort: str = "", most_a_day: int = MOST_A_DAY
) -> list[Entry]:
    """List what happens in ``[starts_at, ends_at)``, day by day in order of time.

    :param sort: only what begins, ends or airs; all where it is empty.
    :param most_a_day: so many of a day are listed; all are counted.
    """
    rows = await connection().fetch(ENTRIES, at, starts_at, ends_at, sort, min(most_a_day, MOST_A_DAY))
    return [msgspec.convert(dict(row), Entry) for row in rows]


async def reschedule(
    *, item_id: int, starts_at: datetime, was: datetime, staff_id: int, at: datetime, request_id: str = ""
) -> datetime:
    """Let what waits begin at another time, with the version and the approvals that it has; gives that time.

    The same time again changes nothing.

    :param was: when it was to begin as far as whoever moves it knows.
    :raises ItemMissing: if there is no such item.
    :raises NothingWaits: if nothing of it waits.
    :raises ScheduleStale: if it was moved since.
    :raises PeriodBad: if the time is over, too far away, or not before its end.
    """
    if not at < starts_at <= at + FARTHEST:
        raise PeriodBad("发布时间须在将来，且不晚于五年。", field="starts_at")
    async with transaction():
        await hold(item_id)
        row = await connection().row(
            "SELECT id, starts_at, ends_at FROM publication WHERE item_id = $1 "  # noqa: S608  constants
            f"AND {WAITING.format(p='publication')}",
            item_id,
        )
        if row is None:
            raise NothingWaits()
        if row["starts_at"] == starts_at:
            return starts_at
        if row["starts_at"] != was:
            raise ScheduleStale(starts_at=row["starts_at"].isoformat())
        if row["ends_at"] is not None and row["ends_at"] <= starts_at:
            raise PeriodBad("发布时间须早于有效期的结束。", field="starts_at")
        await connection().execute("UPDATE publication SET starts_at = $2 WHERE id = $1", row["id"], starts_at)
        await trail.note(
            "reschedule",
            "item",
            item_id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before={"starts_at": row["starts_at"]},
            after={"starts_at": starts_at},
        )
    return starts_at
