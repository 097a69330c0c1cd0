"""What a reader has watched of a film, an episode or a video of its own: progress, completion, and where to go on.

The rule: completion is the share of distinct milliseconds that were watched, and for ever once it has reached nine
tenths; neither a second viewing nor another video in the place of the first undoes it. A report counts once however
often it comes, by its session and its number in it, and in whatever order. Nobody is believed to have watched more than
twice what the clock has moved.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from cdp import log
from cdp.events import EpisodeFinished, EpisodeStarted, EpisodeWatched
from content import access, keeping
from content.kinds import KINDS
from content.ranges import Ranges, milliseconds, watchable
from server.core.db import connection, transaction
from server.core.errors import Conflict
from server.core.roles import Reader

FINISHED_TENTHS: Final = 9
BACK_S: Final = 3
TOO_EARLY_S: Final = 10
TOO_LATE: Final = 0.95

# The first report of all comes a heartbeat after the beginning, and reports that were held up come in a burst: so much
# of what the clock allowed before is kept for them, in milliseconds of video.
FIRST_BUDGET_MS: Final = 20_000
MOST_SAVED_MS: Final = 120_000
# What one viewing may take up, however it is reported. Numbers of reports that never came leave gaps in those heard:
# beyond so many the oldest count as heard. Of the sittings the newest are remembered, of the ranges the longest.
MOST_GAPS: Final = 32
MOST_SITTINGS: Final = 32
MOST_PIECES: Final = 500
REMEMBERED: Final = timedelta(days=30)


# The kinds that have a film. The tables name the item ``episode_id``, of whichever of these kinds it is.
WITH_FILM: Final = sorted(name for name, kind in KINDS.items() if {"video", "duration_s"} <= kind.field_names)


class NotAired(Conflict):
    """The episode cannot be watched yet, or its airing was cancelled."""

    code = "not_aired"
    title = "节目尚未开播"


class Progress(Struct, frozen=True, kw_only=True):
    """How far a reader has come. ``share`` is that of distinct seconds watched; ``resume_s`` is where to go on."""

    item_id: int
    duration_s: int
    covered_s: float = 0.0
    share: float = 0.0
    position_s: float = 0.0
    resume_s: float = 0.0
    started_at: datetime | None = None
    updated_at: datetime | None = None
    finished_at: datetime | None = None


class _Film(Struct, frozen=True):
    """What viewing has to know of an item with a film; ``series_id`` is that of an episode."""

    id: int
    series_id: int | None
    seconds: int

    @property
    def length(self) -> int:
        return self.seconds * 1000


async def report_progress(
    *, reader: Reader, item_id: int, session: str, sequence: int, position_s: float, watched: Ranges, at: datetime
) -> Progress:
    """Add what was watched to what had been; finish the film once, at nine tenths.

    :param session: names one sitting in front of one player; ``sequence`` numbers its reports from 0.
    :param position_s: where the player stands; the report with the highest number of its session says it.
    :param watched: since the last report, or in the whole sitting: what is known already counts once.
    :raises ItemMissing: if there is no such item with a film for this reader; also `Withdrawn`, `Expired`.
    :raises SignInNeeded: if it may be for this reader once they have signed in.
    :raises NotAired: if its time has not come.
    :raises ConsentNeeded: if the reader has not agreed to anything being kept.
    """
    async with transaction():
        await keeping.check(reader)
        film = await aired(item_id=item_id, reader=reader, at=at)
        row = await _locked(reader.account_id, film, at)
        heard = await _hear(reader.account_id, item_id, session, sequence, at)
        if heard is None:
            return _progress(film, row)
        had, watched = _loaded(row["ranges"]), watched.within(film.length).longest(MOST_PIECES)
        budget = row["budget_ms"] + watchable(at - row["updated_at"])
        fresh = (watched - had).first(budget)
        ranges = (had | fresh).longest(MOST_PIECES)
        covered = ranges.within(film.length).covered
        finished_now = row["finished_at"] is None and covered * 10 >= film.length * FINISHED_TENTHS
        is_newest = heard.pairs[-1][1] == sequence + 1
        saved = await connection().row(
            "UPDATE viewing SET ranges = $3::text::int8multirange, covered_ms = $4, length_ms = $5, position_ms = $6, "
            "budget_ms = $7, updated_at = greatest(updated_at, $8), "
            "finished_at = CASE WHEN $9 THEN $8 ELSE finished_at END "
            "WHERE account_id = $1 AND episode_id = $2 RETURNING *",
            reader.account_id,
            item_id,
            _stored(ranges),
            covered,
            film.length,
            min(milliseconds(position_s), film.length) if is_newest else row["position_ms"],
            min(budget - fresh.covered, MOST_SAVED_MS),
            at,
            finished_now,
        )
        told: dict[str, Any] = {
            "at": at,
            "account_id": reader.account_id,
            "item_id": film.id,
            "series_id": film.series_id,
        }
        if heard.covered == 1:
            await log.record(EpisodeStarted(**told, duration_s=film.seconds))
        believed = ((watched & had) | fresh).longest(MOST_PIECES)
        if believed:
            await log.record(EpisodeWatched(**told, ranges=believed.seconds))
        if finished_now:
            await log.record(EpisodeFinished(**told, covered_s=covered / 1000, duration_s=film.seconds))
        return _progress(film, saved)


async def progress_of(*, reader: Reader, item_id: int, at: datetime) -> Progress:
    """Tell how far a reader has come with a film, and where to go on; nothing where it was not begun.

    :raises ItemMissing: if there is no such item with a film for this reader; also `Withdrawn`, `Expired`.
    :raises SignInNeeded: if it may be for this reader once they have signed in.
    :raises NotAired: if its time has not come.
    """
    film = await aired(item_id=item_id, reader=reader, at=at)
    row = await connection().row(
        "SELECT * FROM viewing WHERE account_id = $1 AND episode_id = $2", reader.account_id, item_id
    )
    return _progress(film, row)


async def aired(*, item_id: int, reader: Reader, at: datetime) -> _Film:
    """Find a film that this reader may watch now.

    :raises ItemMissing: if there is no such item with a film for this reader; also `Withdrawn`, `Expired`.
    :raises SignInNeeded: if it may be for this reader once they have signed in.
    :raises NotAired: if its time has not come.
    """
    row = await connection().row(
        f"SELECT l.root_id, l.seconds, {access.ACCESS_COLUMNS}, a.airs_at, a.cancelled_at "  # noqa: S608  constants
        "FROM live l LEFT JOIN airing a ON a.episode_id = l.item_id WHERE l.item_id = $1 AND l.kind = ANY($2::text[])",
        item_id,
        WITH_FILM,
    )
    if row is None:
        await access.refuse_absent(item_id)
    access.check(access.access_of(item_id, row), reader, at=at)
    if row["airs_at"] is not None and (row["airs_at"] > at or row["cancelled_at"] is not None):
        raise NotAired(airs_at=None if row["cancelled_at"] else row["airs_at"])
    return _Film(item_id, row["root_id"] if row["root_id"] != item_id else None, row["seconds"])


async def add(*, account_id: int, item_id: int, seconds: int, watched: Ranges, at: datetime) -> None:
    """Add to a viewing what was watched of the same pictures elsewhere, as of a broadcast before its replay.

    It is taken as it is, and finishes nothing: the next report does, which is of the film itself. In the transaction
    that is open, whose caller knows that it may be kept.
    """
    film = _Film(item_id, None, seconds)
    row = await _locked(account_id, film, at)
    ranges = (_loaded(row["ranges"]) | watched.within(film.length)).longest(MOST_PIECES)
    await connection().execute(
        "UPDATE viewing SET ranges = $3::text::int8multirange, covered_ms = $4, length_ms = $5, "
        "updated_at = greatest(updated_at, $6) WHERE account_id = $1 AND episode_id = $2",
        account_id,
        item_id,
        _stored(ranges),
        ranges.within(film.length).covered,
        film.length,
        at,
    )


def resume_at(position_s: float, duration_s: float) -> float:
    """Give where to go on: a little before where one stopped, and from the start near the start or the end."""
    if position_s < TOO_EARLY_S or position_s > TOO_LATE * duration_s:
        return 0.0
    return position_s - BACK_S


async def forget_sessions(ctx: object, at: datetime) -> None:
    """Forget the sittings that began long ago. A job.

    A report of such a sitting that comes yet again counts as a new one; what it covers is known all the same.
    """
    await connection().execute("DELETE FROM viewing_session WHERE started_at < $1", at - REMEMBERED)


async def export_of(account_ids: Sequence[int]) -> list[dict[str, Any]]:
    """List what accounts have watched, for their owner."""
    rows = await connection().fetch(
        "SELECT * FROM viewing WHERE account_id = ANY($1) ORDER BY started_at, episode_id", list(account_ids)
    )
    return [
        {
            "account_id": row["account_id"],
            "item_id": row["episode_id"],
            "watched_s": _loaded(row["ranges"]).seconds,
            "position_s": row["position_ms"] / 1000,
            "started_at": row["started_at"],
            "updated_at": row["updated_at"],
            "finished_at": row["finished_at"],
        }
        for row in rows
    ]


async def erase(account_ids: Sequence[int]) -> int:
    """Forget what accounts have watched, and count the episodes."""
    return await connection().execute("DELETE FROM viewing WHERE account_id = ANY($1)", list(account_ids))


async def _locked(account_id: int, film: _Film, at: datetime) -> Any:
    """Hold the row of a viewing, made at the first report, until the transaction ends."""
    held = "SELECT * FROM viewing WHERE account_id = $1 AND episode_id = $2 FOR UPDATE"
    row = await connection().row(held, account_id, film.id)
    if row is None:
        await connection().execute(
            "INSERT INTO viewing (account_id, episode_id, length_ms, budget_ms, started_at, updated_at) "
            "VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (account_id, episode_id) DO NOTHING",
            account_id,
            film.id,
            film.length,
            FIRST_BUDGET_MS,
            at,
        )
        row = await connection().row(held, account_id, film.id)
    return row


async def _hear(account_id: int, item_id: int, session: str, sequence: int, at: datetime) -> Ranges | None:
    """Note the number of a report and give all that were heard of its session, or nothing if it was heard before."""
    heard = await connection().value(
        "INSERT INTO viewing_session AS s (account_id, episode_id, session, heard, started_at) "
        "VALUES ($1, $2, $3, int8multirange(int8range($4::bigint, $4::bigint + 1)), $5) "
        "ON CONFLICT (account_id, episode_id, session) DO UPDATE SET heard = s.heard + excluded.heard "
        "WHERE NOT s.heard @> $4::bigint RETURNING heard",
        account_id,
        item_id,
        session,
        sequence,
        at,
    )
    if heard is None:
        return None
    numbers = _loaded(heard)
    if numbers.covered == 1:
        await connection().execute(
            "DELETE FROM viewing_session WHERE account_id = $1 AND episode_id = $2 AND session IN ("
            "SELECT session FROM viewing_session WHERE account_id = $1 AND episode_id = $2 AND session <> $3 "
            "ORDER BY started_at DESC, session OFFSET $4)",
            account_id,
            item_id,
            session,
            MOST_SITTINGS - 1,
        )
    if len(numbers.pairs) > MOST_GAPS:
        (start, _), (_, end), *later = numbers.pairs
        await connection().execute(
            "UPDATE viewing_session SET heard = $4::text::int8multirange "
            "WHERE account_id = $1 AND episode_id = $2 AND session = $3",
            account_id,
            item_id,
            session,
            _stored(Ranges.of([(start, end), *later])),
        )
    return numbers


def _progress(film: _Film, row: Any) -> Progress:
    if row is None:
        return Progress(item_id=film.id, duration_s=film.seconds)
    # The video may have been replaced by a shorter one since.
    covered = _loaded(row["ranges"]).within(film.length).covered
    position_s = min(row["position_ms"], film.length) / 1000
    return Progress(
        item_id=film.id,
        duration_s=film.seconds,
        covered_s=covered / 1000,
        share=round(covered / film.length, 4),
        position_s=position_s,
        resume_s=resume_at(position_s, film.seconds),
        started_at=row["started_at"],
        updated_at=row["updated_at"],
        finished_at=row["finished_at"],
    )


def _stored(ranges: Ranges) -> str:
    return "{" + ",".join(f"[{start},{end})" for start, end in ranges) + "}"


def _loaded(multirange: Any) -> Ranges:
    return Ranges(tuple((part.lower, part.upper) for part in multirange))
