"""When episodes are first shown: set, moved, cancelled.

The rule: a time of airing is a field of operation, audited and no part of the text. Every change of one that was set
raises the sequence (RFC 5545, section 3.8.7.4), so that calendars follow. Readers are told (`ContentRescheduled`) of
episodes that they can see; of others they learn at publishing.
"""

from datetime import datetime

import msgspec
from msgspec import Struct

from cdp import log
from cdp.events import ContentRescheduled
from content import live, trail
from content.access import ItemMissing
from content.tree import hold
from server.core.db import connection, transaction
from server.core.errors import Conflict, Invalid
from server.core.wire import EARLIEST, LATEST


class AirsAtBad(Invalid):
    """The time of airing lies before 1990 or after 2200."""

    code = "airs_at_bad"
    title = "播出时间有误"


class AlreadyAired(Conflict):
    """The episode has been shown, which cannot be cancelled any more; withdraw it instead."""

    code = "already_aired"
    title = "剧集已经播出"


class AiringStale(Conflict):
    """Somebody has changed the time of airing since; the facts say what it is by now."""

    code = "airing_stale"
    title = "播出时间已被其他人修改"


class NotScheduled(Conflict):
    """The episode has no time of airing, or it was cancelled."""

    code = "not_scheduled"
    title = "没有播出安排"


class Airing(Struct, frozen=True):
    """The time of airing of an episode. ``sequence`` counts its changes."""

    episode_id: int
    airs_at: datetime
    sequence: int
    previous_airs_at: datetime | None
    changed_at: datetime
    cancelled_at: datetime | None


async def airing_of(*, episode_id: int) -> Airing | None:
    """Give the time of airing of an episode; None where none was ever set."""
    row = await connection().row(
        "SELECT episode_id, airs_at, sequence, previous_airs_at, changed_at, cancelled_at FROM airing "
        "WHERE episode_id = $1",
        episode_id,
    )
    return msgspec.convert(dict(row), Airing) if row else None


async def schedule(
    *,
    episode_id: int,
    airs_at: datetime,
    staff_id: int,
    at: datetime,
    sequence: int | None = None,
    request_id: str = "",
) -> Airing:
    """Set or move the time of airing, also of one that was cancelled. The same time again changes nothing.

    :param sequence: that of the airing that was looked at, where it matters.
    :raises ItemMissing: if there is no such episode.
    :raises AirsAtBad: if the time is too far away.
    :raises AiringStale: if the airing has another sequence by now.
    """
    if not EARLIEST <= airs_at <= LATEST:
        raise AirsAtBad(field="airs_at")
    async with transaction():
        path = await _hold_episode(episode_id)
        before = await airing_of(episode_id=episode_id)
        if before is not None and before.cancelled_at is None and before.airs_at == airs_at:
            return before
        if sequence is not None and (before is None or before.sequence != sequence):
            raise AiringStale(airs_at=before.airs_at.isoformat() if before else "")
        await connection().execute(
            "INSERT INTO airing (episode_id, airs_at, sequence, created_at, changed_at) VALUES ($1, $2, 0, $3, $3) "
            "ON CONFLICT (episode_id) DO UPDATE SET airs_at = excluded.airs_at, sequence = airing.sequence + 1, "
            "previous_airs_at = airing.airs_at, changed_at = excluded.changed_at, cancelled_at = NULL",
            episode_id,
            airs_at,
            at,
        )
        change = "moved" if before is not None and before.cancelled_at is None else "set"
        airing = await _note(episode_id, change, before, staff_id=staff_id, at=at, request_id=request_id)
    await trail.tell(*live.topics_of(path, ["episode"]))
    return airing


async def cancel(*, episode_id: int, staff_id: int, at: datetime, request_id: str = "") -> Airing:
    """Cancel an airing that has not begun. Cancelling again changes nothing.

    :raises ItemMissing: if there is no such episode.
    :raises NotScheduled: if it has no time of airing.
    :raises AlreadyAired: if it has begun.
    """
    async with transaction():
        path = await _hold_episode(episode_id)
        before = await airing_of(episode_id=episode_id)
        if before is None:
            raise NotScheduled()
        if before.cancelled_at is not None:
            return before
        if before.airs_at <= at:
            raise AlreadyAired()
        await connection().execute(
            "UPDATE airing SET cancelled_at = $2, changed_at = $2, sequence = sequence + 1 WHERE episode_id = $1",
            episode_id,
            at,
        )
        airing = await _note(episode_id, "cancelled", before, staff_id=staff_id, at=at, request_id=request_id)
    await trail.tell(*live.topics_of(path, ["episode"]))
    return airing


async def _hold_episode(episode_id: int) -> list[int]:
    kind = await connection().value("SELECT kind FROM item WHERE id = $1", episode_id)
    if kind != "episode":
        raise ItemMissing()
    return await hold(episode_id)


async def _note(
    episode_id: int, change: str, before: Airing | None, *, staff_id: int, at: datetime, request_id: str
) -> Airing:
    after = await airing_of(episode_id=episode_id)
    if after is None:
        raise ItemMissing()
    await trail.note(
        change,
        "airing",
        episode_id,
        staff_id=staff_id,
        at=at,
        request_id=request_id,
        before=before,
        after=after,
    )
    root_id = await connection().value("SELECT root_id FROM live WHERE item_id = $1", episode_id)
    if root_id is not None:
        await log.record(
            msgspec.convert(
                {
                    "at": at,
                    "episode_id": episode_id,
                    "root_id": root_id,
                    "change": change,
                    "airs_at": after.airs_at,
                    "previous_airs_at": after.previous_airs_at if change == "moved" else None,
                    "sequence": after.sequence,
                },
                ContentRescheduled,
            )
        )
    return after
