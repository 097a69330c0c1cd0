"""The seats of an activity: taking one, giving one back, and moving up from the waiting list.

The rule: a seat is taken by one statement that finds at least one left, and by nothing else. Whoever takes, gives back
or plans seats holds the row of the plan until the transaction ends (`hold`), so that nobody is put on the waiting list
while a seat is given back, and nobody waits while a seat is free.
"""

from datetime import datetime

import msgspec
from msgspec import Struct

from cdp import log
from cdp.activity_events import RegistrationPromoted
from content import activity_notices
from server.core.db import connection


class Held(Struct, frozen=True):
    """What of a plan decides about seats, held until the transaction ends."""

    activity_id: int
    starts_at: datetime
    ends_at: datetime
    capacity: int | None
    seats_left: int | None
    registration_opens_at: datetime | None
    registration_closes_at: datetime | None
    cancels_until: datetime | None
    cancelled_at: datetime | None


async def hold(activity_id: int) -> Held | None:
    """Keep others from the seats of an activity until the transaction ends; None where it has no plan."""
    row = await connection().row(
        "SELECT activity_id, starts_at, ends_at, capacity, seats_left, registration_opens_at, registration_closes_at, "
        "cancels_until, cancelled_at FROM activity_plan WHERE activity_id = $1 FOR NO KEY UPDATE",
        activity_id,
    )
    return msgspec.convert(dict(row), Held) if row else None


async def taken(activity_id: int) -> int:
    """Count the seats that are taken."""
    counted: int = await connection().value(
        "SELECT count(*) FROM registration WHERE activity_id = $1 AND state = 'registered'", activity_id
    )
    return counted


async def take(activity_id: int) -> bool:
    """Take a seat, if there is one left."""
    return bool(
        await connection().execute(
            "UPDATE activity_plan SET seats_left = seats_left - 1 "
            "WHERE activity_id = $1 AND (seats_left IS NULL OR seats_left >= 1)",
            activity_id,
        )
    )


async def give_back(activity_id: int, *, at: datetime) -> None:
    """Give a seat back that was taken, to the next of the waiting list where there is one."""
    await connection().execute(
        "UPDATE activity_plan SET seats_left = seats_left + 1 WHERE activity_id = $1", activity_id
    )
    await promote(activity_id, at=at)


async def promote(activity_id: int, *, at: datetime) -> int:
    """Let as many of the waiting list move up as there are seats left, in the order in which they came to it.

    Whoever moves up is told; count them. Nobody moves up to what is cancelled or over. The caller holds the seats.
    """
    rows = await connection().fetch(
        "UPDATE registration SET state = 'registered', promoted_at = $2, changed_at = $2 WHERE id IN ("
        "SELECT r.id FROM registration r JOIN activity_plan p ON p.activity_id = r.activity_id "
        "WHERE r.activity_id = $1 AND r.state = 'waiting' AND p.cancelled_at IS NULL AND p.ends_at > $2 "
        "ORDER BY r.id LIMIT (SELECT seats_left FROM activity_plan WHERE activity_id = $1)) "
        "RETURNING account_id",
        activity_id,
        at,
    )
    if not rows:
        return 0
    await connection().execute(
        "UPDATE activity_plan SET seats_left = seats_left - $2 WHERE activity_id = $1", activity_id, len(rows)
    )
    moved_up = sorted(row["account_id"] for row in rows)
    for account_id in moved_up:
        await log.record(RegistrationPromoted(at=at, account_id=account_id, item_id=activity_id))
    await activity_notices.tell_promoted(activity_id, moved_up, at=at)
    return len(moved_up)
