"""Figures: what happened on which day, as the days are in Shanghai."""

from datetime import UTC, date, datetime, timedelta

import pytest

from cdp import figures, log
from cdp.events import ConsentGranted, SeriesFollowed
from server.core.db import connection, transaction

pytestmark = pytest.mark.usefixtures("database")
AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


async def record(at: datetime, *, times: int = 1, name: str = "series_follow") -> None:
    for _ in range(times):
        async with transaction():
            if name == "series_follow":
                await log.record(SeriesFollowed(at=at, item_id=1))
            else:
                await log.record(ConsentGranted(at=at, purpose="analytics", version="1", channel="sandbox"))


async def test_days_without_events_are_there_too() -> None:
    daily = await figures.daily(days=14, at=AT)
    assert (daily.days[0], daily.days[-1], len(daily.days)) == (date(2026, 11, 9), date(2026, 11, 22), 14)
    assert daily.totals == [0] * 14


async def test_an_event_counts_on_its_day_in_shanghai() -> None:
    await record(datetime(2026, 11, 21, 15, 59, 59, tzinfo=UTC))
    await record(datetime(2026, 11, 21, 16, 0, tzinfo=UTC), times=2)
    daily = await figures.daily(days=2, at=AT)
    assert daily.counts == {"series_follow": [1, 2]}


async def test_what_is_older_or_yet_to_come_is_left_out() -> None:
    await record(AT - timedelta(days=3))
    await record(AT + timedelta(days=1))
    assert (await figures.daily(days=2, at=AT)).totals == [0, 0]


async def test_an_event_that_came_in_late_counts_on_the_day_it_happened() -> None:
    await record(AT)
    await connection().execute("UPDATE event SET derived_at = $1", AT - timedelta(days=1))
    assert (await figures.daily(days=2, at=AT)).totals == [1, 0]


async def test_the_most_frequent_come_first() -> None:
    await record(AT, name="consent_granted")
    await record(AT, times=2)
    assert list((await figures.daily(days=1, at=AT)).counts) == ["series_follow", "consent_granted"]
