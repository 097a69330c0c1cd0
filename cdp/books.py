"""The books of the intake: what was received is stored, a duplicate, in quarantine or rejected, and nothing else.

The rule: the books are written in the transaction of the events themselves. That they close in themselves the database
makes sure of; that they agree with what lies in the log is checked by a job, which raises an alarm on any gap and on
silence.
"""

from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from msgspec import Struct
from prometheus_client import Gauge

from server.core.db import connection

# Hours are looked at when they are over and every batch in them is answered.
HOURS: Final = 3
SETTLED: Final = timedelta(minutes=1)
SILENCE: Final = timedelta(hours=24)

_gap = Gauge("xinglin_log_gap_events", "Events by which the books and the log differ.", multiprocess_mode="livemax")
_silence = Gauge("xinglin_log_silence_seconds", "Time since the last event.", multiprocess_mode="livemax")

log = structlog.get_logger()


class Hour(Struct, frozen=True):
    """An hour of the books beside what the log and the quarantine hold of it."""

    hour: datetime
    received: int
    stored: int
    duplicate: int
    quarantined: int
    rejected: int
    in_log: int
    without_key: int
    in_quarantine: int

    @property
    def gap(self) -> int:
        """By how many events the hour does not close; 0 when all is well."""
        return (
            abs(self.received - self.stored - self.duplicate - self.quarantined - self.rejected)
            + abs(self.stored - self.in_log)
            + abs(self.quarantined - self.in_quarantine)
            + self.without_key
        )


_HOURS: Final = """
WITH book AS (
    SELECT hour, sum(received)::bigint AS received, sum(stored)::bigint AS stored,
        sum(duplicate)::bigint AS duplicate, sum(quarantined)::bigint AS quarantined, sum(rejected)::bigint AS rejected
    FROM intake_book WHERE hour >= $1 AND hour < $2 GROUP BY hour
), logged AS (
    SELECT date_trunc('hour', received_at) AS hour, count(*) AS in_log,
        count(*) FILTER (WHERE event_key.id IS NULL) AS without_key
    FROM event LEFT JOIN event_key ON event_key.source = event.source AND event_key.id = event.event_id
    WHERE received_at >= $1 AND received_at < $2 AND event.source > 1 GROUP BY 1
), waiting AS (
    SELECT date_trunc('hour', received_at) AS hour, count(*) AS in_quarantine
    FROM quarantine WHERE received_at >= $1 AND received_at < $2 AND resolved_at IS NULL GROUP BY 1
)
SELECT hour, coalesce(received, 0) AS received, coalesce(stored, 0) AS stored, coalesce(duplicate, 0) AS duplicate,
    coalesce(quarantined, 0) AS quarantined, coalesce(rejected, 0) AS rejected, coalesce(in_log, 0) AS in_log,
    coalesce(without_key, 0) AS without_key, coalesce(in_quarantine, 0) AS in_quarantine
FROM book FULL JOIN logged USING (hour) FULL JOIN waiting USING (hour) ORDER BY hour
"""


async def check(ctx: Any, at: datetime) -> None:
    """Compare the hours that are just over, and raise an alarm on a gap or on silence; a job."""
    until = (at - SETTLED).replace(minute=0, second=0, microsecond=0)
    gaps = [hour for hour in await hours(since=until - timedelta(hours=HOURS), until=until) if hour.gap]
    _gap.set(sum(hour.gap for hour in gaps))
    for hour in gaps:
        log.error("event_books_gap", gap=hour.gap, **{name: getattr(hour, name) for name in hour.__struct_fields__})
    last = await connection().value("SELECT max(received_at) FROM event WHERE received_at <= $1", at)
    if last is not None:
        _silence.set((at - last).total_seconds())
        if at - last >= SILENCE:
            log.warning("event_log_silent", last=last)


async def hours(*, since: datetime, until: datetime) -> list[Hour]:
    """Give the books of the hours that begin in a time, beside what there is; both bounds are full hours."""
    return [Hour(**row) for row in await connection().fetch(_HOURS, since, until)]


async def move_to_rejected(received_at: list[datetime]) -> None:
    """Note, in the transaction that is open, that events received at these times left the quarantine for good."""
    await connection().execute(
        "INSERT INTO intake_book AS book (hour, writer, received, stored, duplicate, quarantined, rejected) "
        "SELECT date_trunc('hour', received_at), pg_backend_pid(), 0, 0, 0, -count(*), count(*) "
        "FROM unnest($1::timestamptz[]) AS moved (received_at) GROUP BY 1 ORDER BY 1 "
        "ON CONFLICT (hour, writer) DO UPDATE SET quarantined = book.quarantined + excluded.quarantined, "
        "rejected = book.rejected + excluded.rejected",
        received_at,
    )
