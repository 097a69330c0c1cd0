"""Counting the log for the figures of items: every event is folded into the day that it happened on.

The rule: what is kept of a day is made so that folding an event twice, late or out of order changes nothing (a join of
a lattice), and so a day is always what counting it from the beginning would give. The log is read by its time of
receipt, with a good overlap: transactions become visible later than they began. Whoever writes behind what was counted
says so (`count_again`).
"""

from datetime import datetime, timedelta
from typing import Any, Final

from server.core.db import connection, transaction

CURSOR: Final = "items"
OVERLAP: Final = timedelta(minutes=10)
WINDOW: Final = timedelta(minutes=15)
EVERY_S: Final = 60
_LOCK: Final = 7_331

# What is read of a text is as in the facts: nine tenths of it, in three tenths of the time that it takes.
_FOLD: Final = """
INSERT INTO item_visit AS had (item_id, day, account_id, visit, shown, clicked, opened_first, opened_last, read,
    favourite, started, finished, length_ms)
SELECT (body ->> 'item_id')::bigint, (derived_at AT TIME ZONE 'Asia/Shanghai')::date, account_id,
    coalesce(hashtextextended(session, 0), 0),
    bool_or(name = 'content_impression'),
    bool_or(name = 'content_open' AND body ? 'list'),
    min(derived_at) FILTER (WHERE name = 'content_open'),
    max(derived_at) FILTER (WHERE name = 'content_open'),
    bool_or(name = 'content_finish' OR (name = 'content_read_progress' AND (body ->> 'max_percent')::int >= 90
        AND (body ->> 'active_ms')::bigint * 10 >= (body ->> 'expected_ms')::bigint * 3)),
    max(ARRAY[floor(extract(epoch FROM derived_at) * 1000)::bigint, number, (name = 'content_favorite')::int])
        FILTER (WHERE name IN ('content_favorite', 'content_unfavorite')),
    bool_or(name = 'video_start'),
    bool_or(name = 'video_finish'),
    max(((body ->> 'duration_s')::numeric * 1000)::bigint) FILTER (WHERE name IN ('video_start', 'video_finish'))
FROM event
WHERE received_at >= $1 AND received_at < $2 AND account_id IS NOT NULL AND bot_reasons IS NULL
    AND name IN ('content_impression', 'content_open', 'content_read_progress', 'content_finish', 'content_favorite',
        'content_unfavorite', 'video_start', 'video_finish')
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
ON CONFLICT (item_id, day, account_id, visit) DO UPDATE SET
    shown = had.shown OR excluded.shown,
    clicked = had.clicked OR excluded.clicked,
    opened_first = least(had.opened_first, excluded.opened_first),
    opened_last = greatest(had.opened_last, excluded.opened_last),
    read = had.read OR excluded.read,
    favourite = greatest(had.favourite, excluded.favourite),
    started = had.started OR excluded.started,
    finished = had.finished OR excluded.finished,
    length_ms = greatest(had.length_ms, excluded.length_ms)
WHERE (had.shown OR NOT excluded.shown, had.clicked OR NOT excluded.clicked, had.read OR NOT excluded.read,
        had.started OR NOT excluded.started, had.finished OR NOT excluded.finished,
        had.opened_first, had.opened_last, had.favourite, had.length_ms)
    IS DISTINCT FROM (true, true, true, true, true,
        least(had.opened_first, excluded.opened_first), greatest(had.opened_last, excluded.opened_last),
        greatest(had.favourite, excluded.favourite), greatest(had.length_ms, excluded.length_ms))
"""
_FOLD_WATCHED: Final = """
INSERT INTO item_visit AS had (item_id, day, account_id, visit, watched)
SELECT (body ->> 'item_id')::bigint, (derived_at AT TIME ZONE 'Asia/Shanghai')::date, account_id, 0,
    range_agg(int8range(floor((part ->> 0)::numeric * 1000)::bigint, ceil((part ->> 1)::numeric * 1000)::bigint))
FROM event CROSS JOIN LATERAL jsonb_array_elements(body -> 'ranges') AS part
WHERE received_at >= $1 AND received_at < $2 AND account_id IS NOT NULL AND bot_reasons IS NULL
    AND name = 'video_heartbeat' AND (part ->> 0)::numeric <= (part ->> 1)::numeric
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
ON CONFLICT (item_id, day, account_id, visit) DO UPDATE SET watched = had.watched + excluded.watched
WHERE NOT had.watched @> excluded.watched
"""


async def count(ctx: Any, at: datetime) -> None:
    """Count what has come since the last turn; a job. A long way is made in short steps, each a transaction."""
    while await step(at=at):
        pass


async def step(*, at: datetime) -> bool:
    """Count one step of the log, and tell whether there is more."""
    async with transaction():
        await connection().value("SELECT pg_advisory_xact_lock($1)", _LOCK)
        counted = await connection().value("SELECT counted_until FROM metric_cursor WHERE name = $1", CURSOR)
        since = await connection().value(
            "SELECT min(received_at) FROM event WHERE received_at >= coalesce($1, '-infinity'::timestamptz)",
            counted - OVERLAP if counted else None,
        )
        until = at if since is None else min(since + WINDOW, at)
        if since is not None and since < until:
            await connection().execute(_FOLD, since, until)
            await connection().execute(_FOLD_WATCHED, since, until)
        # A step that ends within the overlap goes on at its own end; the overlap is kept only behind the last one.
        reached = until if until >= at else until + OVERLAP
        await connection().execute(
            "INSERT INTO metric_cursor AS known (name, counted_until) VALUES ($1, $2) "
            "ON CONFLICT (name) DO UPDATE SET counted_until = excluded.counted_until",
            CURSOR,
            reached,
        )
        return until < at


async def count_again(*, since: datetime) -> None:
    """Have the log counted again from a time of receipt on, since something was written there; in a transaction."""
    await connection().execute(
        "UPDATE metric_cursor SET counted_until = least(counted_until, $2) WHERE name = $1", CURSOR, since + OVERLAP
    )


async def counted_until() -> datetime | None:
    """Tell up to when the log has been counted; nothing before the first turn."""
    found: datetime | None = await connection().value("SELECT counted_until FROM metric_cursor WHERE name = $1", CURSOR)
    return found
