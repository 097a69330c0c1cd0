"""What is read only grows, counts once, is never believed beyond the clock, and is finished for ever."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp.consent import ConsentNeeded
from content import publishing, reading
from content.access import ItemMissing, Withdrawn
from content.reading import FIRST_MS, MOST_SITTINGS, Reading, Sitting, is_read, lasted
from server.core.db import connection
from server.core.roles import Reader
from tests.viewing_fixtures import NOON, doctor, episode, events, series, without_consent
from tests.written_fixtures import article, written

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


async def report(reader: Reader, item_id: int, percent: int, seconds: float, **more: Any) -> Reading:
    values = {"sitting": "one", "at": NOON, **more}
    return await reading.report(
        reader=reader, item_id=item_id, max_percent=percent, active_ms=round(seconds * 1000), **values
    )


@pytest.mark.usefixtures("database")
class TestOfTexts:
    async def test_how_far_and_how_long_only_grow(self) -> None:
        reader, item_id = await doctor(), await article()
        await report(reader, item_id, 40, 8)
        for percent, seconds in ((40, 8), (20, 8), (40, 2)):
            after = await report(reader, item_id, percent, seconds)
            assert (after.max_percent, after.active_ms) == (40, 8000)
        other = await report(reader, item_id, 10, 5, sitting="two", at=NOON + HOUR)
        assert (other.max_percent, other.active_ms) == (40, 13_000)
        late = await report(reader, item_id, 60, 9, at=NOON + HOUR)
        assert (late.max_percent, late.active_ms, late.started_at) == (60, 14_000, NOON)
        assert await reading.reading_of(reader=reader, item_id=item_id, at=NOON) == late

    async def test_many_at_once_count_once(self) -> None:
        reader, item_id = await doctor(), await article()
        await asyncio.gather(*(report(reader, item_id, 50, 10) for _ in range(8)))
        assert (await reading.reading_of(reader=reader, item_id=item_id, at=NOON)).active_ms == 10_000

    async def test_a_text_is_read_once_and_for_ever(self) -> None:
        reader, item_id = await doctor(), await article()
        expected = (await reading.reading_of(reader=reader, item_id=item_id, at=NOON)).expected_ms
        assert expected > 10_000
        almost = await report(reader, item_id, 100, expected * 0.29 / 1000)
        assert almost.finished_at is None
        done = await report(reader, item_id, 89, expected * 0.31 / 1000, at=NOON + MINUTE)
        assert done.finished_at == NOON + MINUTE
        again = await report(reader, item_id, 100, expected / 1000, at=NOON + HOUR)
        assert again.finished_at == NOON + MINUTE
        [event] = await events("content_finish")
        assert event["body"]["kind"] == "article"
        assert (event["body"]["item_id"], event["body"]["expected_ms"]) == (item_id, expected)

    async def test_only_texts_that_may_be_read_are_read(self) -> None:
        reader, series_id = await doctor(), await series()
        hidden = await article(audience="professional")
        for item_id in (series_id, await episode(series_id), await written("video"), hidden, 424_242):
            with pytest.raises(ItemMissing if item_id != hidden else Exception):
                await report(reader, item_id, 50, 10)
        item_id = await article()
        await publishing.withdraw(item_id=item_id, reason="", staff_id=1, at=NOON)
        with pytest.raises(Withdrawn):
            await report(reader, item_id, 50, 10)
        assert await connection().value("SELECT count(*) FROM reading") == 0

    async def test_nothing_is_kept_before_consent(self) -> None:
        reader, item_id = await without_consent(), await article()
        with pytest.raises(ConsentNeeded):
            await report(reader, item_id, 50, 10)
        assert (await reading.reading_of(reader=reader, item_id=item_id, at=NOON)).started_at is None


def test_nobody_is_believed_to_have_read_longer_than_the_clock_moved() -> None:
    sittings, grown = lasted([], "one", active_ms=FIRST_MS + 10**6, at=NOON)
    assert grown == FIRST_MS
    sittings, grown = lasted(sittings, "one", active_ms=FIRST_MS + 10**6, at=NOON + MINUTE)
    assert grown == 60_000
    assert lasted(sittings, "one", active_ms=0, at=NOON - HOUR)[1] == 0


REPORTS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 100_000), st.integers(0, 3600)), min_size=1, max_size=30
)


@given(REPORTS, st.randoms())
def test_the_same_reports_in_any_order_and_number_give_the_same(
    reports: list[tuple[str, int, int]], random: Any
) -> None:
    def total(these: list[tuple[str, int, int]]) -> int:
        sittings: list[Sitting] = []
        grown = 0
        for name, active_ms, _ in these:
            sittings, more = lasted(sittings, name, active_ms=active_ms, at=NOON)
            assert more >= 0
            grown += more
        assert grown == sum(sitting.active_ms for sitting in sittings)
        return grown

    shuffled = [*reports, *reports]
    random.shuffle(shuffled)
    assert total(shuffled) == total(reports)


def test_so_many_sittings_are_remembered_and_no_more() -> None:
    sittings: list[Sitting] = []
    for number in range(3 * MOST_SITTINGS):
        sittings, grown = lasted(sittings, f"s{number}", active_ms=1000, at=NOON + number * MINUTE)
        assert grown == 1000
    assert [sitting.name for sitting in sittings] == [f"s{number}" for number in range(32, 48)]


@pytest.mark.parametrize(
    ("percent", "active", "read"), [(90, 300, True), (89, 9999, False), (100, 299, False), (100, 10_000, True)]
)
def test_what_counts_as_read(percent: int, active: int, read: bool) -> None:
    assert is_read(percent, active, 1000) is read
