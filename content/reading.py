"""What a reader has read of a text: how far down, for how long, and whether it counts as read.

The rule: how far and how long only ever grow, and a report counts the same however often and in whatever order it
comes: each says how long its sitting has lasted so far, and of what is known of a sitting the greatest counts. Nobody
is believed to have read for longer than the clock has moved. A text is read, once and for ever, at nine tenths of it
and three tenths of the time that it takes (完读).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct

from cdp import log
from cdp.reading_events import ContentFinished
from content import access, keeping
from content.kinds import KINDS
from content.written import Written
from server.core.db import connection, transaction
from server.core.roles import Reader

DEEP_PERCENT: Final = 90
LONG_TENTHS: Final = 3
# Before its first report a sitting may have lasted so long, in milliseconds.
FIRST_MS: Final = 120_000
# Of the sittings with a text so many of the newest are remembered; a report of an older one begins it anew.
MOST_SITTINGS: Final = 16
LONGEST_MS: Final = 7 * 24 * 3600 * 1000

# What is read and not watched.
READ: Final = frozenset(
    name
    for name, kind in KINDS.items()
    if issubclass(kind.shape, Written) and "duration_s" not in kind.shape.__struct_fields__
)


class Reading(Struct, frozen=True, kw_only=True):
    """How far a reader has come with a text; ``expected_ms`` is how long it takes to be read."""

    item_id: int
    max_percent: int = 0
    active_ms: int = 0
    expected_ms: int
    started_at: datetime | None = None
    updated_at: datetime | None = None
    finished_at: datetime | None = None


class Sitting(Struct, frozen=True, array_like=True):
    """One time with a text in front: how long it has lasted, and when it was heard of first (seconds since 1970)."""

    name: str
    active_ms: int
    began_s: float


async def report(
    *, reader: Reader, item_id: int, sitting: str, max_percent: int, active_ms: int, at: datetime
) -> Reading:
    """Note how far a text was read and for how long; it is finished once.

    :param sitting: names one time with the page in front; ``active_ms`` is how long it has lasted so far.
    :raises ItemMissing: if there is no such text for this reader; also `Withdrawn`, `Expired`, `SignInNeeded`.
    :raises ConsentNeeded: if the reader has not agreed to anything being kept.
    """
    async with transaction():
        await keeping.check(reader)
        kind, expected_ms = await _text(reader, item_id, at)
        await connection().execute(
            "INSERT INTO reading (account_id, item_id, started_at, updated_at) VALUES ($1, $2, $3, $3) "
            "ON CONFLICT (account_id, item_id) DO NOTHING",
            reader.account_id,
            item_id,
            at,
        )
        row = await connection().row(f"{_ROW} FOR UPDATE", reader.account_id, item_id)
        assert row is not None, "it was written above"
        sittings, grown = lasted(
            msgspec.json.decode(row["sittings"], type=list[Sitting]), sitting, active_ms=active_ms, at=at
        )
        percent, active = max(row["max_percent"], max_percent), min(row["active_ms"] + grown, LONGEST_MS)
        finished_now = row["finished_at"] is None and is_read(percent, active, expected_ms)
        saved = await connection().row(
            "UPDATE reading SET max_percent = $3, active_ms = $4, sittings = $5::text::jsonb, "
            "updated_at = greatest(updated_at, $6), finished_at = CASE WHEN $7 THEN $6 ELSE finished_at END "
            "WHERE account_id = $1 AND item_id = $2 RETURNING *",
            reader.account_id,
            item_id,
            percent,
            active,
            msgspec.json.encode(sittings).decode(),
            at,
            finished_now,
        )
        if finished_now:
            await log.record(
                ContentFinished(
                    at=at,
                    account_id=reader.account_id,
                    item_id=item_id,
                    kind=kind,
                    active_ms=active,
                    expected_ms=expected_ms,
                )
            )
        return _reading(item_id, expected_ms, saved)


async def reading_of(*, reader: Reader, item_id: int, at: datetime) -> Reading:
    """Tell how far a reader has come with a text; nothing where it was not begun.

    :raises ItemMissing: if there is no such text for this reader; also `Withdrawn`, `Expired`, `SignInNeeded`.
    """
    _, expected_ms = await _text(reader, item_id, at)
    return _reading(item_id, expected_ms, await connection().row(_ROW, reader.account_id, item_id))


def lasted(sittings: Sequence[Sitting], name: str, *, active_ms: int, at: datetime) -> tuple[list[Sitting], int]:
    """Put a report among the sittings; gives them, and by how many milliseconds all together have grown."""
    known = next((sitting for sitting in sittings if sitting.name == name), None)
    before = known or Sitting(name, 0, at.timestamp())
    since = timedelta(seconds=max(0.0, at.timestamp() - before.began_s))
    believed = min(active_ms, FIRST_MS + since // timedelta(milliseconds=1))
    after = Sitting(name, max(before.active_ms, believed), before.began_s)
    others = [sitting for sitting in sittings if sitting.name != name]
    kept = sorted([*others, after], key=lambda sitting: sitting.began_s)[-MOST_SITTINGS:]
    return kept, after.active_ms - before.active_ms


def is_read(max_percent: int, active_ms: int, expected_ms: int) -> bool:
    """Tell whether a text counts as read."""
    return max_percent >= DEEP_PERCENT and active_ms * 10 >= expected_ms * LONG_TENTHS


async def export_of(account_ids: Sequence[int]) -> list[dict[str, Any]]:
    """List what accounts have read, for their owner."""
    rows = await connection().fetch(
        "SELECT account_id, item_id, max_percent, active_ms, started_at, updated_at, finished_at FROM reading "
        "WHERE account_id = ANY($1) ORDER BY account_id, item_id",
        list(account_ids),
    )
    return [dict(row) for row in rows]


async def erase(account_ids: Sequence[int]) -> int:
    """Forget what accounts have read, and count it."""
    return await connection().execute("DELETE FROM reading WHERE account_id = ANY($1)", list(account_ids))


async def _text(reader: Reader, item_id: int, at: datetime) -> tuple[str, int]:
    """Give the kind of a text that this reader may read, and how long it takes, in milliseconds."""
    await access.readable(item_id=item_id, reader=reader, at=at)
    row = await connection().row(
        "SELECT kind, coalesce((prepared ->> 'reading_s')::int, 1) AS reading_s FROM live WHERE item_id = $1", item_id
    )
    if row is None or row["kind"] not in READ:
        raise access.ItemMissing("This is not a text to read.")
    return row["kind"], row["reading_s"] * 1000


def _reading(item_id: int, expected_ms: int, row: Any) -> Reading:
    if row is None:
        return Reading(item_id=item_id, expected_ms=expected_ms)
    names = ("max_percent", "active_ms", "started_at", "updated_at", "finished_at")
    return Reading(item_id=item_id, expected_ms=expected_ms, **{name: row[name] for name in names})


_ROW: Final = "SELECT * FROM reading WHERE account_id = $1 AND item_id = $2"
