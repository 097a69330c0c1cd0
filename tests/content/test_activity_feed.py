"""Activities in the personal calendar feed, held against the strict reader of the standard."""

from datetime import timedelta

import pytest

from content import activity_plans, feed, publishing
from server.core.roles import Reader
from tests import ical_rules
from tests.content.hall import (
    HOUR,
    STARTS,
    guest_of,
    left,
    planned,
    published_activity,
    published_broadcast,
    registered,
)
from tests.content.studio import NOON
from tests.ical_rules import Component

pytestmark = pytest.mark.usefixtures("database")
DAY = timedelta(days=1)


async def token_of(reader: Reader) -> str:
    return (await feed.renew(reader=reader, at=NOON)).token


async def events_of(token: str, *, at: object = NOON) -> dict[str, Component]:
    calendar = ical_rules.read(await feed.feed_of(token=token, at=at))  # type: ignore[arg-type]  # a time
    return {event.text("UID"): event for event in calendar.all("VEVENT")}


async def test_what_one_has_a_seat_at_is_in_the_feed_with_its_place_and_an_alarm() -> None:
    reader, waiting = await guest_of(), await guest_of()
    activity_id = await published_activity(plan={"capacity": 1, "place_address": "江城大道 1 号, 东门"})
    broadcast_id = await published_broadcast(plan={"starts_at": STARTS - DAY})
    for one in (reader, waiting):
        await registered(one, activity_id)
    await registered(reader, broadcast_id)
    found = await events_of(await token_of(reader))
    assert list(found) == [f"activity-{broadcast_id}@xinglin", f"activity-{activity_id}@xinglin"]
    event = found[f"activity-{activity_id}@xinglin"]
    assert event.text("SUMMARY") == "低位直肠癌保肛手术研讨会"
    assert event.text("LOCATION") == "示范会议中心 江城大道 1 号, 东门"
    assert event.text("TRANSP") == "OPAQUE"
    assert event.time("DTEND") - event.time("DTSTART") == 3 * HOUR
    [alarm] = event.all("VALARM")
    assert ical_rules.duration(alarm.values["TRIGGER"][0]) == -3 * HOUR
    live = found[f"activity-{broadcast_id}@xinglin"]
    assert "LOCATION" not in live.values
    assert await events_of(await token_of(waiting)) == {}


async def test_a_move_raises_the_sequence_and_who_leaves_has_it_no_more() -> None:
    reader, activity_id = await guest_of(), await published_activity()
    await registered(reader, activity_id)
    token = await token_of(reader)
    [(uid, before)] = (await events_of(token)).items()
    await planned(activity_id, starts_at=STARTS + DAY, at=NOON + HOUR)
    after = (await events_of(token, at=NOON + HOUR))[uid]
    assert int(after.values["SEQUENCE"][0]) == int(before.values["SEQUENCE"][0]) + 1
    assert after.time("DTSTART") - before.time("DTSTART") == DAY
    await left(reader, activity_id, at=NOON + HOUR)
    assert await events_of(token, at=NOON + HOUR) == {}


@pytest.mark.parametrize("by", ["plan", "text"])
async def test_what_is_cancelled_is_told_for_thirty_days(by: str) -> None:
    reader, activity_id = await guest_of(), await published_activity()
    await registered(reader, activity_id)
    token = await token_of(reader)
    [uid] = await events_of(token)
    if by == "plan":
        await activity_plans.cancel(activity_id=activity_id, reason="", staff_id=1, at=NOON)
    else:
        await publishing.withdraw(item_id=activity_id, reason="", staff_id=1, at=NOON)
    event = (await events_of(token))[uid]
    assert (event.text("STATUS"), event.text("SUMMARY")[:5]) == ("CANCELLED", "【已取消】")
    assert not event.all("VALARM")
    assert uid in await events_of(token, at=NOON + 30 * DAY - timedelta(seconds=1))
    assert await events_of(token, at=NOON + 30 * DAY) == {}


async def test_what_is_for_professionals_stays_out_of_a_feed_that_shows_no_standing() -> None:
    from server.core.roles import Role

    reader = await guest_of(roles=frozenset({Role.DOCTOR, Role.PROFESSIONAL}))
    activity_id = await published_activity(audience="professional")
    await registered(reader, activity_id)
    assert await events_of(await token_of(reader)) == {}
