"""Publishing on time: what was scheduled begins, and what has an end expires.

The rule: a job does it, safe to repeat and to be killed at any moment, because each item is one transaction that looks
again. Readers do not depend on it for the end, which is asked at every read.
"""

from datetime import datetime
from typing import Any

import msgspec
import structlog

from content import live, trail
from content.kinds import kind_of
from content.publishing import end, roles_missing
from content.surroundings import surroundings
from content.tree import hold
from content.workflow import CURRENT, WAITING
from server.core.db import connection, transaction

log = structlog.get_logger()

EVERY_S = 2.0


async def publish_on_time(ctx: Any, at: datetime) -> None:
    """Do `turn` as a job."""
    await turn(at=at)


async def turn(*, at: datetime) -> int:
    """Let those begin whose time has come and those end whose time is over; each is a transaction of its own.

    What something speaks against by now is not shown but taken back, with the reasons. Gives the number of items that
    were looked at.
    """
    due = await connection().fetch(
        f"SELECT DISTINCT item_id FROM publication p WHERE ({WAITING.format(p='p')} AND starts_at <= $1) "  # noqa: S608  constants
        f"OR ({CURRENT.format(p='p')} AND expired_at IS NULL AND ends_at <= $1) ORDER BY item_id",
        at,
    )
    for row in due:
        async with transaction():
            await hold(row["item_id"])
            topics = await _begin(row["item_id"], at=at)
            topics |= await _expire(row["item_id"], at=at)
        await trail.tell(*topics)
    return len(due)


async def _expire(item_id: int, *, at: datetime) -> set[str]:
    ended = await connection().execute(
        f"UPDATE publication SET expired_at = $2 WHERE item_id = $1 "  # noqa: S608  constants
        f"AND {CURRENT.format(p='publication')} AND expired_at IS NULL AND ends_at <= $2",
        item_id,
        at,
    )
    if not ended:
        return set()
    await trail.note("expire", "item", item_id, staff_id=trail.JOB, at=at)
    return await live.refresh(item_id, at=at, why="expired", staff_id=trail.JOB)


async def _begin(item_id: int, *, at: datetime) -> set[str]:
    row = await connection().row(
        "SELECT p.id, p.ends_at, v.number, v.shape, v.content_hash, i.kind, i.parent_id FROM publication p "  # noqa: S608  constants
        "JOIN version v ON v.id = p.version_id JOIN item i ON i.id = p.item_id "
        f"WHERE p.item_id = $1 AND {WAITING.format(p='p')} AND p.starts_at <= $2",
        item_id,
        at,
    )
    if row is None:
        return set()
    shape = msgspec.json.decode(row["shape"])
    around = await surroundings(item_id=item_id, kind=row["kind"], parent_id=row["parent_id"], shape=shape, at=at)
    against = [finding.code for finding in kind_of(row["kind"]).check(shape, around) if finding.blocks]
    missing = await roles_missing(item_id, row["kind"], row["content_hash"], at=at)
    against += [f"approval_missing:{role}" for role in missing]
    if row["ends_at"] is not None and row["ends_at"] <= at:
        against.append("period_over")
    if against:
        reason = "checks_failed: " + ", ".join(dict.fromkeys(against))
        await end(item_id, WAITING, at=at, staff_id=trail.JOB, reason=reason)
        await trail.note("hold_back", "item", item_id, staff_id=trail.JOB, at=at, after={"reason": reason})
        log.warning("publication_held_back", item_id=item_id, reason=reason)
        return set()
    await connection().execute(
        f"UPDATE publication SET replaced_at = $2 WHERE item_id = $1 AND {CURRENT.format(p='publication')} "  # noqa: S608  constants
        "AND expired_at IS NULL",
        item_id,
        at,
    )
    await connection().execute("UPDATE publication SET began_at = $2 WHERE id = $1", row["id"], at)
    await trail.note("begin", "item", item_id, staff_id=trail.JOB, at=at, after={"number": row["number"]})
    return await live.refresh(item_id, at=at, why="withdrawn", staff_id=trail.JOB)
