"""The editors' schedule: what is on which day, and moving what waits."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from content import airings, items, publishing, schedule, timing
from content.access import ItemMissing
from content.airings import AiringStale
from content.publishing import PeriodBad
from content.schedule import NothingWaits, ScheduleStale
from content.workflow import standing
from server.core.db import connection
from tests.content.studio import (
    NOON,
    after,
    draft,
    episode_text,
    publish,
    published_episode,
    published_series,
    series_text,
)

pytestmark = pytest.mark.usefixtures("database")
NOVEMBER = (datetime(2026, 10, 31, 16, tzinfo=UTC), datetime(2026, 11, 30, 16, tzinfo=UTC))


async def month(**asked: Any) -> list[schedule.Entry]:
    starts_at, ends_at = NOVEMBER
    return await schedule.entries(starts_at=starts_at, ends_at=ends_at, at=NOON, **asked)


async def waiting_series(*, starts_at: datetime, ends_at: datetime | None = None, **changes: Any) -> int:
    item_id = await draft("series", await series_text(**changes))
    await publish(item_id=item_id, starts_at=starts_at, ends_at=ends_at, staff_id=2, at=NOON)
    return item_id


async def begins_at(item_id: int) -> datetime | None:
    return (await standing(item_id=item_id, at=NOON)).next_at


class TestEntries:
    async def test_a_month_is_that_of_shanghai_and_has_drafts_too(self) -> None:
        series_id = await published_series()
        last = await published_episode(series_id, airs_at=datetime(2026, 11, 30, 15, 59, tzinfo=UTC), title="月末")
        await published_episode(series_id, airs_at=datetime(2026, 11, 30, 16, 0, tzinfo=UTC))
        unpublished = await draft("episode", {"title": "草稿", "duration_s": "ten"}, parent_id=series_id)
        await airings.schedule(episode_id=unpublished, airs_at=after(days=1), staff_id=3, at=NOON)
        found = await month(sort="airing")
        assert [(row.item_id, row.title, row.visible, row.day.day, row.above) for row in found] == [
            (unpublished, "草稿", False, 16, "医探究竟"),
            (last, "月末", True, 30, "医探究竟"),
        ]

    async def test_what_begins_and_ends_is_there_with_what_it_will_say(self) -> None:
        item_id = await waiting_series(title="批准过的", starts_at=after(days=1), ends_at=after(days=9))
        before = await items.draft_of(item_id=item_id)
        await items.save_draft(
            item_id=item_id, shape={**before.shape, "title": "后来的"}, revision=before.revision, staff_id=1, at=NOON
        )
        found = [(row.sort, row.title, row.waits, row.day.day) for row in await month()]
        assert found == [("begins", "批准过的", True, 16), ("ends", "批准过的", True, 24)]
        assert [row.sort for row in await month(sort="ends")] == ["ends"]

    async def test_what_was_replaced_or_taken_back_is_not_there(self) -> None:
        gone = await waiting_series(starts_at=after(days=1))
        await publishing.unschedule(item_id=gone, staff_id=2, at=NOON)
        withdrawn = await published_series()
        await publishing.withdraw(item_id=withdrawn, reason="x", staff_id=2, at=NOON)
        shown = await published_series()
        assert [(row.sort, row.item_id, row.waits) for row in await month()] == [("begins", shown, False)]

    async def test_of_a_full_day_some_are_listed_and_all_are_counted(self) -> None:
        for minute in range(5):
            await waiting_series(starts_at=after(days=1, minutes=minute))
        found = await month(most_a_day=3)
        assert [(row.place, row.of_day) for row in found] == [(1, 5), (2, 5), (3, 5)]


class TestMoving:
    async def test_what_waits_begins_at_its_new_time_with_the_version_that_it_has(self) -> None:
        item_id = await waiting_series(title="批准过的", starts_at=after(hours=1))
        await schedule.reschedule(
            item_id=item_id, starts_at=after(hours=3), was=after(hours=1), staff_id=3, at=NOON, request_id="r"
        )
        assert await timing.turn(at=after(hours=1)) == 0
        assert await timing.turn(at=after(hours=3)) == 1
        (row,) = await publishing.history(item_id=item_id)
        assert (row.number, row.starts_at, row.began_at) == (1, after(hours=3), after(hours=3))
        entry = await connection().row("SELECT * FROM audit_entry WHERE deed = 'item.reschedule'")
        assert entry is not None
        assert (entry["actor"], entry["subject_id"], entry["request_id"]) == ("staff:3", str(item_id), "r")

    async def test_of_two_at_once_one_is_told(self) -> None:
        item_id = await waiting_series(starts_at=after(hours=1))
        results = await asyncio.gather(
            *(
                schedule.reschedule(
                    item_id=item_id, starts_at=after(hours=hours), was=after(hours=1), staff_id=hours, at=NOON
                )
                for hours in (2, 3, 4)
            ),
            return_exceptions=True,
        )
        (moved,) = [result for result in results if isinstance(result, datetime)]
        assert await begins_at(item_id) == moved
        told = [result for result in results if isinstance(result, ScheduleStale)]
        assert [one.facts["starts_at"] for one in told] == [moved.isoformat()] * 2

    async def test_the_same_time_again_changes_nothing_and_is_never_stale(self) -> None:
        item_id = await waiting_series(starts_at=after(hours=1))
        await schedule.reschedule(item_id=item_id, starts_at=after(hours=1), was=NOON, staff_id=3, at=NOON)
        assert not await connection().value("SELECT count(*) FROM audit_entry WHERE deed = 'item.reschedule'")

    @pytest.mark.parametrize(
        "to",
        [
            pytest.param(timedelta(0), id="now"),
            pytest.param(timedelta(days=-1), id="the past"),
            pytest.param(timedelta(days=4000), id="far away"),
            pytest.param(timedelta(days=9), id="its own end"),
        ],
    )
    async def test_a_time_that_it_cannot_begin_at_is_refused(self, to: timedelta) -> None:
        item_id = await waiting_series(starts_at=after(hours=1), ends_at=after(days=9))
        with pytest.raises(PeriodBad):
            await schedule.reschedule(item_id=item_id, starts_at=NOON + to, was=after(hours=1), staff_id=3, at=NOON)
        assert await begins_at(item_id) == after(hours=1)

    async def test_what_does_not_wait_is_not_moved(self) -> None:
        shown = await published_series()
        with pytest.raises(NothingWaits):
            await schedule.reschedule(item_id=shown, starts_at=after(hours=2), was=NOON, staff_id=3, at=NOON)
        with pytest.raises(ItemMissing):
            await schedule.reschedule(item_id=99, starts_at=after(hours=2), was=NOON, staff_id=3, at=NOON)

    async def test_moving_and_beginning_at_once_end_in_one_of_the_two(self) -> None:
        for _ in range(4):
            item_id = await waiting_series(starts_at=after(hours=1))
            moved, _turned = await asyncio.gather(
                schedule.reschedule(
                    item_id=item_id, starts_at=after(hours=2), was=after(hours=1), staff_id=3, at=after(minutes=59)
                ),
                timing.turn(at=after(hours=1)),
                return_exceptions=True,
            )
            (row,) = await publishing.history(item_id=item_id)
            if isinstance(moved, NothingWaits):
                assert (row.starts_at, row.began_at) == (after(hours=1), after(hours=1))
            else:
                assert (row.starts_at, row.began_at) == (after(hours=2), None)

    async def test_an_airing_that_was_moved_since_is_told(self) -> None:
        episode_id = await draft("episode", await episode_text())
        first = await airings.schedule(episode_id=episode_id, airs_at=after(days=1), staff_id=3, at=NOON)
        moves = [
            airings.schedule(
                episode_id=episode_id, airs_at=after(days=days), sequence=first.sequence, staff_id=days, at=NOON
            )
            for days in (2, 3)
        ]
        results = await asyncio.gather(*moves, return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == [airings.Airing.__name__, AiringStale.__name__]
