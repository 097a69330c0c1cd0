"""The books of the intake: they close, and whoever takes something out of the log is found out."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from log_samples import AT, event, judged
from prometheus_client import REGISTRY

from cdp import books
from cdp.intake import Intake
from server.core.db import connection

pytestmark = pytest.mark.usefixtures("database")
AFTER = AT + timedelta(hours=1, minutes=10)


@pytest.fixture(autouse=True)
async def some_events(database: None) -> None:
    intake = Intake()
    intake.start()
    known = event()
    await intake.take(judged(known, known, event(), event(name="content_zoom"), event(sequence=-1)))
    await intake.stop()


async def alarms(at: Any = AFTER) -> list[Any]:
    with structlog.testing.capture_logs() as lines:
        await books.check(SimpleNamespace(), at)
    return [line for line in lines if line["log_level"] in {"error", "warning"}]


async def test_books_that_close_raise_no_alarm() -> None:
    assert await alarms() == []
    assert REGISTRY.get_sample_value("xinglin_log_gap_events") == 0
    assert REGISTRY.get_sample_value("xinglin_log_silence_seconds") == 70 * 60
    (hour,) = await books.hours(since=AT, until=AT + timedelta(hours=1))
    assert (hour.received, hour.stored, hour.duplicate, hour.quarantined, hour.rejected) == (5, 2, 1, 1, 1)


@pytest.mark.parametrize(
    ("damage", "gap"),
    [
        ("DELETE FROM event WHERE number = (SELECT min(number) FROM event)", 1),
        ("DELETE FROM event_key", 2),
        ("DELETE FROM quarantine", 1),
        ("DELETE FROM intake_book", 3),
        ("UPDATE intake_book SET stored = stored - 1, duplicate = duplicate + 1", 1),
    ],
    ids=["an event lost", "the keys lost", "the quarantine lost", "the books lost", "a false entry"],
)
async def test_a_gap_raises_an_alarm(damage: str, gap: int) -> None:
    await connection().execute(damage)
    found = await alarms()
    assert [(line["event"], line["gap"]) for line in found] == [("event_books_gap", gap)]
    assert REGISTRY.get_sample_value("xinglin_log_gap_events") == gap


async def test_the_database_refuses_books_that_do_not_close() -> None:
    with pytest.raises(Exception, match="intake_book_closes"):
        await connection().execute("UPDATE intake_book SET stored = stored - 1")


async def test_an_hour_that_is_not_over_is_left_alone() -> None:
    await connection().execute("DELETE FROM event")
    assert await alarms(at=AT + timedelta(minutes=30)) == []


async def test_a_day_of_silence_raises_an_alarm() -> None:
    assert [line["event"] for line in await alarms(at=AT + timedelta(days=2))] == ["event_log_silent"]
