"""An episode as an event of the phone's calendar."""

from datetime import timedelta

import msgspec
import pytest

from content import phone_calendar
from content.access import ItemMissing
from content.airings import NotScheduled
from content.phone_calendar import AirsNoMore
from server.core.wire import encode
from tests.viewing_fixtures import BEGAN, NOON, SECONDS, cancelled, doctor, episode, series

pytestmark = pytest.mark.usefixtures("database")


async def test_the_fields_are_those_of_the_platform() -> None:
    reader = await doctor()
    episode_id = await episode(await series("医探究竟"), NOON, title="保肛", summary="先看再做")
    event = await phone_calendar.phone_event_of(episode_id=episode_id, reader=reader, at=BEGAN)
    assert msgspec.json.decode(encode(event)) == {
        "title": "医探究竟｜保肛",
        "startTime": 1_794_715_200,
        "endTime": str(1_794_715_200 + SECONDS),
        "description": "先看再做",
        "allDay": False,
        "alarm": True,
        "alarmOffset": 1800,
    }


@pytest.mark.parametrize(("before", "offset"), [(1801, 1800), (1800, 0), (1, 0)])
async def test_an_alarm_that_could_not_ring_any_more_rings_at_the_beginning(before: int, offset: int) -> None:
    reader, episode_id = await doctor(), await episode(await series(), NOON)
    at = NOON - timedelta(seconds=before)
    event = await phone_calendar.phone_event_of(episode_id=episode_id, reader=reader, at=at)
    assert event.alarm_offset == offset


async def test_there_is_nothing_to_be_reminded_of_without_a_time_to_come() -> None:
    reader, series_id = await doctor(), await series()
    timeless, off, aired = [await episode(series_id, airs_at) for airs_at in (None, NOON, NOON)]
    await cancelled(off, BEGAN)
    for item_id, refusal, at in (
        (timeless, NotScheduled, BEGAN),
        (series_id, NotScheduled, BEGAN),
        (off, NotScheduled, BEGAN),
        (aired, AirsNoMore, NOON),
        (424_242, ItemMissing, BEGAN),
    ):
        with pytest.raises(refusal):
            await phone_calendar.phone_event_of(episode_id=item_id, reader=reader, at=at)
