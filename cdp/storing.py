"""Storing judged batches: one statement and one round trip for a group of them, whatever is known already left out.

The rule: key, event, quarantine and book are one transaction. An id is taken once and for ever: the same event again
is a duplicate, another event under the same id is kept under an id made of both and flagged, so that it, too, is kept
once.

How: `event_key` is inserted in the order of ids, so that two writers never wait for each other in a circle, and the
events follow whose key was new. Only where some are missing a second statement reads what is known of them, since the
first one cannot see the rows of a writer who was faster.
"""

import hashlib
from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Final, TypeVar

import asyncpg
import msgspec

from cdp.batches import EventOutcome, Fate, Judged, Row, Unknown
from cdp.envelope import CONFLICT
from server.core.wire import encode

TIMEOUT_S: Final = 8.0

CONFLICTING: Final = "id_conflict"

T = TypeVar("T")
Key = tuple[int, bytes]
# Number of the batch, place in it, and the event.
Placed = tuple[int, int, T]

_BATCH: Final = {
    "source": "smallint", "account_id": "bigint", "audience": "text", "app": "text", "anonymous_id": "text",
    "received_at": "timestamptz", "sent_at": "timestamptz", "consent_version": "text", "purposes": "text",
    "bot_reasons": "text",
}  # fmt: skip
_ROW: Final = {
    "event_id": "bytea", "fingerprint": "bytea", "name": "text", "schema": "text", "session": "text",
    "sequence": "integer", "created_ms": "bigint", "derived_ms": "bigint", "flags": "smallint", "channel": "text",
    "page": "text", "campaign": "text", "share_id": "text", "experiment": "text", "recommendation_id": "text",
    "body": "text", "given_id": "bytea",
}  # fmt: skip
_UNKNOWN: Final = {
    "event_id": "bytea", "fingerprint": "bytea", "name": "text", "schema": "text", "reason": "text", "payload": "text",
}  # fmt: skip
_row_values: Final = attrgetter(*_ROW)
_unknown_values: Final = attrgetter(*_UNKNOWN)


def _unnest(first: int, columns: dict[str, str]) -> str:
    values = ", ".join(f"${first + place}::{kind}[]" for place, kind in enumerate(columns.values()))
    return f"unnest({values})"


def _statement(*, quarantine: bool) -> str:
    batch, row = {"batch": "smallint", **_BATCH}, {"batch": "smallint", **_ROW}
    first_row = 5 + len(batch)
    first_unknown = first_row + len(row)
    batches = first_unknown + 1 + len(_UNKNOWN)
    # Only names and types of columns from above go into the text, no values.
    return f"""
WITH batches AS MATERIALIZED (
    SELECT * FROM {_unnest(5, batch)} AS batches ({", ".join(batch)})
), arrived AS MATERIALIZED (
    SELECT * FROM {_unnest(first_row, row)} AS arrived ({", ".join(row)}) JOIN batches USING (batch)
), taken AS (
    INSERT INTO event_key (source, id, fingerprint)
    SELECT source, event_id, fingerprint FROM arrived ORDER BY source, event_id
    ON CONFLICT DO NOTHING RETURNING source, id
), stored AS (
    INSERT INTO event (received_at, source, event_id, given_id, name, schema, audience, account_id, anonymous_id,
        session, sequence, created_at, sent_at, derived_at, flags, bot_reasons, app, channel, page, campaign, share_id,
        experiment, recommendation_id, consent_version, purposes, body)
    SELECT received_at, arrived.source, event_id, given_id, name, schema, audience, account_id, anonymous_id,
        session, sequence, 'epoch'::timestamptz + created_ms * interval '1 millisecond', sent_at,
        'epoch'::timestamptz + derived_ms * interval '1 millisecond', flags, string_to_array(bot_reasons, ','), app,
        channel, page, campaign, share_id, experiment, recommendation_id, consent_version,
        string_to_array(purposes, ','), body::jsonb
    FROM arrived JOIN taken ON taken.source = arrived.source AND taken.id = arrived.event_id
), quarantined AS (
    {_quarantine(first_unknown, batches) if quarantine else "SELECT NULL::bytea AS fingerprint WHERE false"}
), counted AS (
    SELECT (SELECT count(*) FROM taken) AS stored, (SELECT count(*) FROM quarantined) AS quarantined
), book AS (
    INSERT INTO intake_book AS book (hour, writer, received, stored, duplicate, quarantined, rejected)
    SELECT date_trunc('hour', $1::timestamptz), pg_backend_pid(), $2, stored, $2 - stored - quarantined - $3 + $4,
        quarantined - $4, $3
    FROM counted
    ON CONFLICT (hour, writer) DO UPDATE SET received = book.received + excluded.received,
        stored = book.stored + excluded.stored, duplicate = book.duplicate + excluded.duplicate,
        quarantined = book.quarantined + excluded.quarantined, rejected = book.rejected + excluded.rejected
)
SELECT CASE WHEN stored < cardinality(${first_row + 1}::bytea[]) THEN
        (SELECT coalesce(array_agg(id), '{{}}') FROM taken) END AS stored,
    CASE WHEN quarantined > 0 THEN (SELECT array_agg(fingerprint) FROM quarantined) END AS quarantined
FROM counted
"""  # noqa: S608  see the comment above


def _quarantine(first: int, batches: int) -> str:
    columns = {"batch": "smallint", **_UNKNOWN}
    return f"""
    INSERT INTO quarantine (received_at, source, account_id, batch, {", ".join(_UNKNOWN)})
    SELECT received_at, source, account_id, (${batches}::text[])[batch + 1]::jsonb, {", ".join(_UNKNOWN)}
    FROM {_unnest(first, columns)} AS unknown ({", ".join(columns)}) JOIN batches USING (batch)
    ORDER BY source, event_id, fingerprint
    ON CONFLICT DO NOTHING RETURNING fingerprint"""  # noqa: S608  only names of columns


_STORE: Final = _statement(quarantine=False)
_STORE_AND_QUARANTINE: Final = _statement(quarantine=True)
_KNOWN: Final = """
SELECT source, id, fingerprint FROM event_key
JOIN unnest($1::smallint[], $2::bytea[]) AS asked (source, id) USING (source, id)
"""


class Group:
    """Batches that are stored together, all received in the same hour, and what becomes of their events."""

    def __init__(self, batches: Sequence[Judged], *, from_quarantine: bool = False) -> None:
        """Sort the events of some batches.

        :param from_quarantine: whether the events were received before and stand in the books as quarantined.
        """
        self._batches = batches
        self._from_quarantine = from_quarantine
        self.outcomes: list[list[EventOutcome]] = [[] for _ in batches]
        self._rows: dict[Key, Placed[Row]] = {}
        self._rivals: list[tuple[Key, Placed[Row]]] = []
        self._unknown: dict[bytes, Placed[Unknown]] = {}
        self._rejected = 0
        for number, batch in enumerate(batches):
            self._sort(number, batch)

    def _sort(self, number: int, batch: Judged) -> None:
        source = batch.origin.source
        outcomes, rows = self.outcomes[number], self._rows
        for place, event in enumerate(batch.events):
            event_id = batch.ids[place]
            if isinstance(event, Row):
                key, placed = (source, event.event_id), (number, place, event)
                first = rows.setdefault(key, placed)
                outcomes.append(EventOutcome(event_id, "accepted" if first is placed else "duplicate"))
                if first[2].fingerprint != event.fingerprint:
                    self._rivals.append((key, placed))
            elif isinstance(event, Unknown):
                outcomes.append(EventOutcome(event_id, "duplicate", event.reason))
                self._unknown.setdefault(event.fingerprint, (number, place, event))
            else:
                outcomes.append(event)
                self._rejected += 1

    async def store(self, held: asyncpg.Connection) -> None:
        """Store what is new and say of every event what became of it."""
        count = sum(len(batch.events) for batch in self._batches)
        received, released = (0, count) if self._from_quarantine else (count, 0)
        stored, quarantined = await self._write(held, received=received, released=released)
        for fingerprint in quarantined:
            number, place, event = self._unknown[fingerprint]
            self._tell(number, place, "quarantined", event.reason)
        missing = [] if stored is None else [(key, it) for key, it in self._rows.items() if key[1] not in stored]
        if missing or self._rivals:
            await self._look_into([*missing, *self._rivals], held)

    async def _look_into(self, doubtful: list[tuple[Key, Placed[Row]]], held: asyncpg.Connection) -> None:
        """Tell repeats from other events under the same id, and store those under ids of their own."""
        asked = [key[0] for key, _ in doubtful], [key[1] for key, _ in doubtful]
        known = {(row["source"], row["id"]): row["fingerprint"] for row in await held.fetch(_KNOWN, *asked)}
        self._rows, self._unknown, self._rejected = {}, {}, 0
        for key, (number, place, event) in doubtful:
            if known[key] == event.fingerprint:
                self._tell(number, place, "duplicate")
                continue
            aside = (number, place, renamed(event))
            first = self._rows.setdefault((key[0], aside[2].event_id), aside)
            self._tell(number, place, "accepted" if first is aside else "duplicate", CONFLICTING)
        if not self._rows:
            return
        stored, _ = await self._write(held, received=0, released=0)
        for (_, event_id), (number, place, _) in self._rows.items():
            if stored is not None and event_id not in stored:
                self._tell(number, place, "duplicate", CONFLICTING)

    def _tell(self, number: int, place: int, outcome: Fate, code: str = "") -> None:
        self.outcomes[number][place] = EventOutcome(self._batches[number].ids[place], outcome, code)

    async def _write(
        self, held: asyncpg.Connection, *, received: int, released: int
    ) -> tuple[set[bytes] | None, list[bytes]]:
        """Run the statement; gives the ids that were new, or none where all were, and those newly quarantined.

        :param released: how many events leave the quarantine by this.
        """
        values: list[Any] = [self._batches[0].origin.received_at, received, self._rejected, released]
        values.append(range(len(self._batches)))
        values += _columns([_batch_values(batch) for batch in self._batches], len(_BATCH))
        values.append([number for number, _, _ in self._rows.values()])
        values += _columns([_row_values(event) for _, _, event in self._rows.values()], len(_ROW))
        statement = _STORE
        if self._unknown:
            statement = _STORE_AND_QUARANTINE
            values.append([number for number, _, _ in self._unknown.values()])
            values += _columns([_unknown_values(event) for _, _, event in self._unknown.values()], len(_UNKNOWN))
            values.append([encode(batch.origin).decode() for batch in self._batches])
        row = await held.fetchrow(statement, *values, timeout=TIMEOUT_S)
        assert row is not None
        return None if row["stored"] is None else set(row["stored"]), row["quarantined"] or []


def _columns(rows: list[tuple[Any, ...]], width: int) -> list[Any]:
    """Turn rows into columns; one that holds nothing is not sent at all, and `unnest` fills it up with nulls."""
    if not rows:
        return [()] * width
    return [None if column.count(None) == len(rows) else column for column in zip(*rows, strict=True)]


def _batch_values(batch: Judged) -> tuple[Any, ...]:
    origin, sender = batch.origin, batch.origin.sender
    return (
        origin.source,
        sender.account_id,
        sender.audience,
        sender.app,
        origin.anonymous_id,
        origin.received_at,
        origin.sent_at,
        sender.consent_version,
        ",".join(sender.purposes) or None,
        ",".join(sender.bot_reasons) or None,
    )


def renamed(event: Row) -> Row:
    """Give an event an id made of its id and its fingerprint, always the same one, and flag it."""
    event_id = hashlib.sha256(b"conflict" + event.event_id + event.fingerprint).digest()[:16]
    return msgspec.structs.replace(event, event_id=event_id, given_id=event.event_id, flags=event.flags | CONFLICT)
