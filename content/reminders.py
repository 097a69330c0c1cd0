"""Reminders of episodes: half an hour before they begin, and when they are moved or cancelled.

The rule: what a follower is told follows from what stands: whom a series has as followers, when its episodes air, and
whom of them has finished which. It is planned, moved and cancelled in the transaction of the deed that changes one of
these, in as many statements for ten thousand followers as for one. Each change of time has a sequence of its own, and
a notice is of one sequence: who was reminded of the old time is reminded of the new one as well, and what was not yet
told of an older one is not told any more.

Following and publishing at the same moment would each miss what the other has not committed; both therefore hold the
series, followers together with each other, publishing alone.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from asyncpg import Record

from cdp import consent, messages
from cdp.events import (
    ConsentGranted,
    ContentExpired,
    ContentPublished,
    ContentRescheduled,
    ContentWithdrawn,
    EpisodeFinished,
    SeriesFollowed,
    SeriesUnfollowed,
)
from cdp.message_rules import Urgency
from cdp.message_values import spoken_time
from cdp.messages import Notice
from content.falling_away import GONE
from server.core.db import connection, transaction

LEAD: Final = timedelta(minutes=30)
TOLD_LATE: Final = timedelta(minutes=30)
"""How long after its time a cancelled episode may still be told of, to those who wait for it."""
AHEAD: Final = timedelta(days=2)

STARTS: Final = "episode_soon"
MOVED: Final = "episode_moved"
CANCELLED: Final = "episode_cancelled"

_SERIES_LOCK: Final = 7_331


async def heed_follow(event: SeriesFollowed) -> None:
    """Plan the reminders of a series' coming episodes for who follows it now. A reaction."""
    await _plan_series(event.item_id, event.account_id, event.at)


async def heed_agreement(event: ConsentGranted) -> None:
    """Plan anew what was cancelled when its receiver had taken back their consent, now given again. A reaction."""
    if event.purpose == consent.SERVICE:
        followed = await connection().fetch(
            "SELECT series_id FROM follow WHERE account_id = $1 ORDER BY series_id", event.account_id
        )
        for row in followed:
            await _plan_series(row["series_id"], event.account_id, event.at)


async def heed_unfollow(event: SeriesUnfollowed) -> None:
    """Cancel what waits about a series for who follows it no longer. A reaction."""
    await _hold(event.item_id, alone=False)
    episodes = await connection().fetch(_EPISODES_OF, event.item_id)
    await messages.cancel(
        topics=[topic(row["id"]) for row in episodes],
        account_ids=[event.account_id],
        reason="unfollowed",
        at=event.at,
    )


async def heed_publication(event: ContentPublished) -> None:
    """Plan the reminder of an episode that readers can see now, or bring its words up to date. A reaction."""
    if event.kind == "episode":
        await _plan_start(event.item_id, event.root_id, at=event.at)


async def heed_removal(event: ContentWithdrawn | ContentExpired) -> None:
    """Cancel what waits about an episode that readers cannot see any more. A reaction.

    Word of a cancellation still goes out, unless it has a title in it that nobody may be told any more.
    """
    if event.kind == "episode":
        await _hold(event.root_id, alone=True)
        hidden = await connection().value(_HIDDEN, event.item_id)
        await messages.cancel(
            topics=[topic(event.item_id)], keys=None if hidden else [STARTS, MOVED], reason="withdrawn", at=event.at
        )


async def heed_rescheduling(event: ContentRescheduled) -> None:
    """Tell the followers that an episode is moved or cancelled, and move its reminder. A reaction.

    A new time that is nearer than the reminder's lead is told by the reminder alone, which goes out at once.
    """
    await _hold(event.root_id, alone=True)
    await messages.cancel(topics=[topic(event.episode_id)], reason=event.change, at=event.at)
    row = await connection().row(f"{_AIRING} WHERE l.item_id = $1", event.episode_id)
    row = row or await connection().row(_GONE, event.episode_id)
    if row is None:
        return
    followers = await _followers(event.episode_id, event.root_id)
    told: list[Notice] = []
    if event.change == "cancelled":
        told.append(_cancelled(row, event))
    else:
        told.append(_starts(row))
        # Set anew after a cancellation is a change for whoever has been told of that.
        if event.sequence > 0 and event.airs_at - LEAD > event.at:
            told.append(_moved(row, event))
    await messages.plan(notices=told, account_ids=followers, at=event.at)


async def heed_finish(event: EpisodeFinished) -> None:
    """Cancel what waits about an episode for who has finished it. A reaction."""
    await messages.cancel(topics=[topic(event.item_id)], account_ids=[event.account_id], reason="finished", at=event.at)


async def plan_missing(parts: Any, at: datetime) -> None:
    """Plan what is missing for the episodes of the next two days. A job.

    Nothing is, unless a template was switched on after people had begun to follow, or rows came in by other ways.
    """
    rows = await connection().fetch(
        f"{_COMING} AND a.airs_at < $2 AND EXISTS (SELECT FROM follow f WHERE f.series_id = l.root_id) "
        "ORDER BY l.item_id",
        at,
        at + AHEAD,
    )
    for row in rows:
        async with transaction():
            await _plan_start(row["id"], row["series_id"], at=at, renewing=False)


def topic(episode_id: int) -> str:
    """Name what all notices about an episode are about."""
    return f"episode:{episode_id}"


async def _plan_series(series_id: int, account_id: int, at: datetime) -> None:
    await _hold(series_id, alone=False)
    coming = await connection().fetch(f"{_COMING} AND l.root_id = $2 ORDER BY l.item_id", at, series_id)
    finished = await connection().fetch(
        "SELECT episode_id FROM viewing WHERE account_id = $1 AND episode_id = ANY($2::bigint[]) "
        "AND finished_at IS NOT NULL",
        account_id,
        [row["id"] for row in coming],
    )
    seen = {row["episode_id"] for row in finished}
    notices = [_starts(row) for row in coming if row["id"] not in seen]
    await messages.plan(notices=notices, account_ids=[account_id], at=at)


async def _plan_start(episode_id: int, series_id: int, *, at: datetime, renewing: bool = True) -> None:
    await _hold(series_id, alone=True)
    row = await connection().row(f"{_COMING} AND l.item_id = $2", at, episode_id)
    if row is not None:
        followers = await _followers(episode_id, series_id)
        await messages.plan(notices=[_starts(row)], account_ids=followers, at=at, renewing=renewing)


async def _followers(episode_id: int, series_id: int) -> Sequence[int]:
    rows = await connection().fetch(
        "SELECT f.account_id FROM follow f LEFT JOIN viewing v ON v.account_id = f.account_id AND v.episode_id = $1 "
        "WHERE f.series_id = $2 AND v.finished_at IS NULL",
        episode_id,
        series_id,
    )
    return [row["account_id"] for row in rows]


async def _hold(series_id: int, *, alone: bool) -> None:
    name = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    await connection().value(f"SELECT {name}($1, hashint8($2::bigint))", _SERIES_LOCK, series_id)


def _starts(row: Record) -> Notice:
    return _notice(
        row,
        key=STARTS,
        urgency=Urgency.SOON,
        due_at=row["airs_at"] - LEAD,
        not_after=row["airs_at"],
        note="即将开播，记得准时观看",
    )


def _moved(row: Record, event: ContentRescheduled) -> Notice:
    return _notice(
        row,
        key=MOVED,
        urgency=Urgency.CHANGED,
        due_at=event.at,
        not_after=event.airs_at,
        note="播出时间有调整" if event.change == "moved" else "已重新安排播出",
    )


def _cancelled(row: Record, event: ContentRescheduled) -> Notice:
    return _notice(
        row,
        key=CANCELLED,
        urgency=Urgency.CANCELLED,
        due_at=event.at,
        not_after=event.airs_at + TOLD_LATE,
        note="本集取消播出，敬请谅解",
    )


def _notice(row: Record, *, key: str, urgency: Urgency, due_at: datetime, not_after: datetime, note: str) -> Notice:
    about = topic(row["id"])
    return Notice(
        key=key,
        topic=about,
        subject=f"{about}:{key.removeprefix('episode_')}:{row['sequence']}",
        urgency=urgency,
        due_at=due_at,
        not_after=not_after,
        texts={"title": row["title"], "series": row["series"], "starts": spoken_time(row["airs_at"]), "note": note},
        page=f"pages/episode?id={row['id']}",
        item_id=row["id"],
        audience=row["audience"],
    )


_AIRING: Final = (
    "SELECT l.item_id AS id, l.root_id AS series_id, l.title, l.audience, s.title AS series, a.airs_at, a.sequence "
    "FROM live l JOIN live s ON s.item_id = l.root_id JOIN airing a ON a.episode_id = l.item_id"
)
_GONE: Final = f"""
SELECT g.item_id AS id, g.root_id AS series_id, g.title, g.audience, g.series, a.airs_at, a.sequence
FROM {GONE} g JOIN airing a ON a.episode_id = g.item_id WHERE g.item_id = $1
"""  # noqa: S608  the parts are constants
_HIDDEN: Final = f"SELECT g.hidden FROM {GONE} g WHERE g.item_id = $1"  # noqa: S608  the parts are constants
_COMING: Final = (
    f"{_AIRING} WHERE a.airs_at > $1 AND a.cancelled_at IS NULL "
    "AND (l.valid_until IS NULL OR l.valid_until > a.airs_at)"
)
_EPISODES_OF: Final = """
WITH RECURSIVE down AS (
    SELECT id, kind FROM item WHERE id = $1
    UNION ALL SELECT i.id, i.kind FROM item i JOIN down ON i.parent_id = down.id
)
SELECT id FROM down WHERE kind = 'episode'
"""
