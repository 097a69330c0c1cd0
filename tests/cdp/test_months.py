"""The months of the log: made ahead, never missing, and detached when that is the setting."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import asyncpg
import pytest
from log_samples import event, judged

from cdp import months
from cdp.intake import Intake
from server.core.db import connection

# Years that no other test and no clock comes near: what is made here can be taken away again, and what is detached
# as too old is not what others need.
AT = datetime(2001, 12, 15, 12, 0, tzinfo=UTC)
MADE = ["event_2001_12", "event_2002_01", "event_2002_02", "event_2002_03"]


@pytest.fixture(autouse=True)
async def months_of_2001(database: None) -> AsyncIterator[None]:
    yield
    for row in await connection().fetch("SELECT relname FROM pg_class WHERE relname ~ '^event_200[0-9]_[0-9]{2}$'"):
        await connection().execute(f"DROP TABLE {row['relname']}")


async def store(*times: datetime) -> None:
    intake = Intake()
    intake.start()
    for at in times:
        await intake.take(judged(event(), at=at))
    await intake.stop()


async def held() -> dict[str, int]:
    rows = await connection().fetch("SELECT tableoid::regclass::text AS name, count(*) FROM event GROUP BY 1")
    return {row["name"]: row["count"] for row in rows}


async def names() -> list[str]:
    return [name for month, name in await months.attached() if month[0] < 2010]


async def test_this_month_and_the_next_three_are_made_once() -> None:
    assert await months.make_ahead(at=AT) == MADE
    assert await months.make_ahead(at=AT) == []
    assert await names() == MADE


async def test_a_month_begins_at_midnight_in_shanghai() -> None:
    await months.make_ahead(at=AT)
    midnight = datetime(2001, 12, 31, 16, 0, tzinfo=UTC)
    await store(midnight - timedelta(milliseconds=1), midnight)
    assert await held() == {"event_2001_12": 1, "event_2002_01": 1}


async def test_what_came_before_its_month_was_made_moves_into_it() -> None:
    await store(AT, AT + timedelta(days=30), AT + timedelta(days=365))
    assert await held() == {"event_default": 3}
    await months.make_ahead(at=AT)
    assert await held() == {"event_2001_12": 1, "event_2002_01": 1, "event_default": 1}
    await store(AT)
    assert (await held())["event_2001_12"] == 2


async def test_a_month_that_is_made_has_the_indexes_of_the_log() -> None:
    await months.make_ahead(at=AT)
    rows = await connection().fetch(
        "SELECT count(*) AS indexes FROM pg_indexes "
        "WHERE tablename IN ('event_default', 'event_2001_12') GROUP BY tablename"
    )
    assert [row["indexes"] for row in rows] == [2, 2]


async def test_old_months_are_kept_unless_the_setting_says_otherwise() -> None:
    await months.make_ahead(at=AT)
    later = SimpleNamespace(settings=SimpleNamespace(event_retention_months=1, event_retention="keep"))
    await months.keep(later, AT + timedelta(days=90))
    assert (await names())[:4] == MADE


async def test_a_detached_month_is_a_table_of_its_own_and_its_ids_stay_taken() -> None:
    await months.make_ahead(at=AT)
    await store(AT)
    assert await months.retire(at=AT + timedelta(days=90), keep_months=1, rule="detach") == MADE[:2]
    assert await held() == {}
    assert await connection().value("SELECT count(*) FROM event_2001_12") == 1
    assert await connection().value("SELECT count(*) FROM event_key") == 1
    assert await connection().value("SELECT count(*) FROM audit_entry WHERE deed = 'event_month.detach'") == 2


async def test_a_month_is_not_detached_before_its_time() -> None:
    await months.make_ahead(at=AT)
    assert await months.retire(at=AT + timedelta(days=31), keep_months=1, rule="detach") == []
    assert await names() == MADE


async def test_who_writes_goes_first(database_url: str) -> None:
    await months.make_ahead(at=AT)
    other = await asyncpg.connect(database_url)
    try:
        async with other.transaction():
            await other.execute("LOCK TABLE event IN ROW EXCLUSIVE MODE")
            busy = await months.retire(at=AT + timedelta(days=40), keep_months=0, rule="detach")
        assert busy == []
    finally:
        await other.close()
    assert MADE[0] in await months.retire(at=AT + timedelta(days=40), keep_months=0, rule="detach")
