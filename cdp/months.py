"""The months of the log: each is a partition, made ahead, and detached when its time is over if that is the setting.

The rule: no month is ever missing, for what has no month of its own goes into the partition for the rest and moves into
the month when that is made. A detached month stays a table of its own, and its ids stay taken.
"""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final, Literal

import asyncpg
import structlog

from server.core import audit
from server.core.clock import SHANGHAI, month_bounds
from server.core.db import connection, transaction

AHEAD: Final = 3
# Whoever writes events goes first; a month that cannot be had now is had at the next turn.
LOCK_WAIT: Final = "SET LOCAL lock_timeout = '2s'"

_NAME: Final = re.compile(r"event_(\d{4})_(\d{2})")

Month = tuple[int, int]

log = structlog.get_logger()


async def keep(ctx: Any, at: datetime) -> None:
    """Make the months to come, and detach those that are too old; a job."""
    await make_ahead(at=at)
    await retire(at=at, keep_months=ctx.settings.event_retention_months, rule=ctx.settings.event_retention)


async def make_ahead(*, at: datetime) -> list[str]:
    """Make the partitions of this month and the next ones, as far as they are missing, and name them."""
    this = month_of(at)
    present = {month for month, _ in await attached()}
    wanted = [_later(this, months) for months in range(AHEAD + 1)]
    made = [await _unless_busy(_make, _name(month), month, at) for month in wanted if month not in present]
    return [name for name in made if name]


async def retire(*, at: datetime, keep_months: int, rule: Literal["keep", "detach"]) -> list[str]:
    """Detach the months that ended more than so many months ago, and name them; none where the rule is to keep.

    :param keep_months: how many months are kept besides this one.
    """
    if rule == "keep":
        return []
    oldest = _later(month_of(at), -keep_months)
    detached = [await _unless_busy(_detach, name, month, at) for month, name in await attached() if month < oldest]
    return [name for name in detached if name]


async def attached() -> list[tuple[Month, str]]:
    """List the months that are partitions of the log, the oldest first."""
    rows = await connection().fetch(
        "SELECT child.relname FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid "
        "WHERE inhparent = 'event'::regclass"
    )
    found = [(match, row["relname"]) for row in rows if (match := _NAME.fullmatch(row["relname"]))]
    return sorted(((int(match[1]), int(match[2])), name) for match, name in found)


def month_of(at: datetime) -> Month:
    """Name the month in Asia/Shanghai that an instant belongs to."""
    local = at.astimezone(SHANGHAI)
    return local.year, local.month


def _later(month: Month, months: int) -> Month:
    year, place = divmod(month[0] * 12 + month[1] - 1 + months, 12)
    return year, place + 1


def _name(month: Month) -> str:
    return f"event_{month[0]:04}_{month[1]:02}"


async def _unless_busy(
    change: Callable[[str, Month, datetime], Awaitable[None]], name: str, month: Month, at: datetime
) -> str | None:
    """Change a month and name it; where the locks cannot be had in time, say so and leave it to the next turn."""
    try:
        async with transaction():
            await connection().execute(LOCK_WAIT)
            await change(name, month, at)
    except asyncpg.LockNotAvailableError:
        log.warning("event_month_busy", month=name)
        return None
    return name


async def _make(name: str, month: Month, at: datetime) -> None:
    since, until = (bound.isoformat() for bound in month_bounds(*month))
    inside = f"received_at >= '{since}' AND received_at < '{until}'"
    # The check spares the partition a second reading when it is attached.
    await connection().execute(f"CREATE TABLE {name} (LIKE event INCLUDING DEFAULTS, CHECK ({inside}))")
    # Nobody may add to the rest between the moving and the attaching.
    await connection().execute("LOCK TABLE event_default IN ACCESS EXCLUSIVE MODE")
    moved = await connection().execute(
        f"WITH moved AS (DELETE FROM event_default WHERE {inside} RETURNING *) "  # noqa: S608  a name and times of ours
        f"INSERT INTO {name} SELECT * FROM moved"
    )
    await connection().execute(f"ALTER TABLE event ATTACH PARTITION {name} FOR VALUES FROM ('{since}') TO ('{until}')")
    await audit.note(
        actor="job", deed="event_month.make", subject_kind="event_month", subject_id=name, after={"moved": moved}, at=at
    )
    log.info("event_month_made", month=name, moved=moved)


async def _detach(name: str, month: Month, at: datetime) -> None:
    await connection().execute(f"ALTER TABLE event DETACH PARTITION {name}")
    await audit.note(actor="job", deed="event_month.detach", subject_kind="event_month", subject_id=name, at=at)
    log.info("event_month_detached", month=name)
