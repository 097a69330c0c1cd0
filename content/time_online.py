"""Time on line at a broadcast: what one was there for, as the union of instants over all sittings and devices.

The rule: a report tells of seconds since its sitting began, as the device's own clock runs, and is believed only within
what the clock of the house has moved since then, while the broadcast was on, and of the last two minutes: whoever sees
something live is on line. A report counts once however often it comes, by its sitting and its number in it, and in
whatever order. Two devices at once make no more time than one.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from cdp import log
from cdp.activity_events import LiveLeft
from content import access, keeping
from content.broadcast import Air, air_of
from content.ranges import Ranges
from server.core.db import connection, transaction
from server.core.errors import Conflict
from server.core.roles import Reader

SILENCE: Final = timedelta(seconds=90)
BACKLOG: Final = timedelta(minutes=2)
REMEMBERED: Final = timedelta(days=30)
MOST_GAPS: Final = 32
MOST_PIECES: Final = 500
MOST_SWEPT: Final = 500


class SittingOver(Conflict):
    """The sitting has ended, because the broadcast was opened elsewhere; come through the gate again."""

    code = "sitting_over"
    title = "已在其他设备打开直播"


class SittingMissing(Conflict):
    """There is no such sitting of this reader."""

    code = "sitting_missing"
    title = "请重新进入直播间"


class Online(Struct, frozen=True, kw_only=True):
    """How long a reader has been at a broadcast, and whether it is on."""

    activity_id: int
    online_s: float
    on: bool


async def report(
    *, reader: Reader, activity_id: int, sitting: str, sequence: int, there: Ranges, at: datetime, leaving: bool = False
) -> Online:
    """Add when a reader was there to what is known.

    :param sequence: numbers the reports of the sitting from 0.
    :param there: since the sitting began; what is known already counts once.
    :param leaving: whether the sitting ends with it.
    :raises ItemMissing: if the activity is not for this reader any more; also the other refusals of `content.access`.
    :raises SittingMissing: if there is no such sitting of this reader.
    :raises SittingOver: if it ended because the broadcast was opened elsewhere.
    :raises ConsentNeeded: if the reader has not agreed to anything being kept.
    """
    async with transaction():
        await keeping.check(reader)
        if not leaving:
            await access.readable(item_id=activity_id, reader=reader, at=at)
        row: Any = await connection().row(
            "SELECT * FROM live_sitting WHERE id = $1 AND account_id = $2 AND activity_id = $3 FOR UPDATE",
            sitting,
            reader.account_id,
            activity_id,
        )
        air = await air_of(activity_id=activity_id)
        if row is None or air is None:
            raise SittingMissing()
        if row["end_reason"] == "elsewhere":
            raise SittingOver()
        if Ranges.of([(sequence, sequence + 1)]) - _loaded(row["heard"]):
            await _believe(row, air, sequence, there, at)
        if leaving:
            await _end(sitting, "left", at=at)
        covered = await connection().value(
            "SELECT covered_ms FROM attendance WHERE account_id = $1 AND activity_id = $2",
            reader.account_id,
            activity_id,
        )
        return Online(activity_id=activity_id, online_s=covered / 1000, on=air.is_on(at))


async def online_of(*, reader: Reader, activity_id: int, at: datetime) -> Online:
    """Tell how long a reader has been at a broadcast."""
    covered = await connection().value(
        "SELECT covered_ms FROM attendance WHERE account_id = $1 AND activity_id = $2", reader.account_id, activity_id
    )
    air = await air_of(activity_id=activity_id)
    return Online(activity_id=activity_id, online_s=(covered or 0) / 1000, on=air is not None and air.is_on(at))


async def end_oldest(*, account_id: int, activity_id: int, kept: int, at: datetime) -> None:
    """End the sittings of an account at a broadcast but the newest few, because it is opened elsewhere."""
    rows = await connection().fetch(
        "SELECT id FROM live_sitting WHERE account_id = $1 AND activity_id = $2 AND ended_at IS NULL "
        "ORDER BY joined_at DESC, id OFFSET $3 FOR UPDATE",
        account_id,
        activity_id,
        kept,
    )
    for row in rows:
        await _end(row["id"], "elsewhere", at=at)


async def sweep(ctx: object, at: datetime) -> None:
    """End the sittings that nothing is heard of any more, and forget those of long ago. A job."""
    silent = await connection().fetch(
        "SELECT id FROM live_sitting WHERE ended_at IS NULL AND heard_at < $1 ORDER BY heard_at LIMIT $2",
        at - SILENCE,
        MOST_SWEPT,
    )
    for row in silent:
        async with transaction():
            held = await connection().value(
                "SELECT true FROM live_sitting WHERE id = $1 AND ended_at IS NULL AND heard_at < $2 "
                "FOR UPDATE SKIP LOCKED",
                row["id"],
                at - SILENCE,
            )
            if held:
                await _end(row["id"], "silent", at=at)
    await connection().execute("DELETE FROM live_sitting WHERE joined_at < $1", at - REMEMBERED)


async def export_of(account_ids: Sequence[int]) -> list[dict[str, Any]]:
    """List when accounts were at broadcasts, for their owner."""
    rows = await connection().fetch(
        "SELECT account_id, activity_id, joined_at, covered_ms FROM attendance WHERE account_id = ANY($1) "
        "ORDER BY joined_at, activity_id",
        list(account_ids),
    )
    return [
        {
            "account_id": row["account_id"],
            "activity_id": row["activity_id"],
            "joined_at": row["joined_at"],
            "online_s": row["covered_ms"] / 1000,
        }
        for row in rows
    ]


async def erase(account_ids: Sequence[int]) -> int:
    """Forget when accounts were at broadcasts, and count them."""
    return await connection().execute("DELETE FROM attendance WHERE account_id = ANY($1)", list(account_ids))


async def _believe(row: Any, air: Air, sequence: int, there: Ranges, at: datetime) -> None:
    """Count a report that was not heard yet, as far as the clock and the broadcast allow."""
    joined_ms = _milliseconds(row["joined_at"])
    opens_ms, closes_ms = _milliseconds(max(air.opens_at, at - BACKLOG)), _milliseconds(min(air.closes_at, at))
    on_air = Ranges.of([(opens_ms, max(opens_ms, closes_ms))])
    instants = Ranges(tuple((joined_ms + start, joined_ms + end) for start, end in there)) & on_air
    mine = Ranges(tuple((start - joined_ms, end - joined_ms) for start, end in instants))
    heard = _few(_loaded(row["heard"]) | Ranges.of([(sequence, sequence + 1)]))
    await connection().execute(
        "UPDATE live_sitting SET heard = $2::text::int8multirange, ranges = $3::text::int8multirange, "
        "heard_at = greatest(heard_at, $4), ended_at = CASE end_reason WHEN 'silent' THEN NULL ELSE ended_at END, "
        "end_reason = CASE end_reason WHEN 'silent' THEN '' ELSE end_reason END WHERE id = $1",
        row["id"],
        _stored(heard),
        _stored((_loaded(row["ranges"]) | mine).longest(MOST_PIECES)),
        at,
    )
    if not instants:
        return
    known = await connection().value(
        "SELECT ranges FROM attendance WHERE account_id = $1 AND activity_id = $2 FOR UPDATE",
        row["account_id"],
        row["activity_id"],
    )
    union = (_loaded(known) | instants).longest(MOST_PIECES)
    await connection().execute(
        "UPDATE attendance SET ranges = $3::text::int8multirange, covered_ms = $4 "
        "WHERE account_id = $1 AND activity_id = $2",
        row["account_id"],
        row["activity_id"],
        _stored(union),
        union.covered,
    )


async def _end(sitting: str, reason: str, *, at: datetime) -> None:
    """End a sitting that is held, and tell what of it was not told yet; one that has ended stays as it is."""
    row: Any = await connection().row(
        "UPDATE live_sitting SET ended_at = CASE $3 WHEN 'silent' THEN heard_at ELSE $2 END, end_reason = $3 "
        "WHERE id = $1 AND ended_at IS NULL RETURNING account_id, activity_id, ranges, told_ms, ended_at",
        sitting,
        at,
        reason,
    )
    if row is None:
        return
    covered = _loaded(row["ranges"]).covered
    await connection().execute("UPDATE live_sitting SET told_ms = $2 WHERE id = $1", sitting, covered)
    await log.record(
        LiveLeft(
            at=row["ended_at"],
            account_id=row["account_id"],
            item_id=row["activity_id"],
            online_s=max(0, covered - row["told_ms"]) / 1000,
        )
    )


def _few(numbers: Ranges) -> Ranges:
    """Let the oldest numbers of reports that never came count as heard where there are too many gaps."""
    while len(numbers.pairs) > MOST_GAPS:
        (start, _), (_, end), *later = numbers.pairs
        numbers = Ranges.of([(start, end), *later])
    return numbers


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _stored(ranges: Ranges) -> str:
    return "{" + ",".join(f"[{start},{end})" for start, end in ranges) + "}"


def _loaded(multirange: Any) -> Ranges:
    return Ranges(tuple((part.lower, part.upper) for part in multirange))
