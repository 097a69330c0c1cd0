"""The plan of an activity: what may be planned, what is told of a change, and that the text is not touched by it."""

from datetime import timedelta
from typing import Any

import pytest

from content import activity_plans, items, publishing
from content.access import ItemMissing
from content.activity_plans import AlreadyOver, CapacityBad, CapacityTaken, NotPlanned, StreamBad, TimesBad
from content.workflow import State, standing
from server.core.db import connection
from tests.content.hall import (
    HOUR,
    STARTS,
    activity_text,
    guest_of,
    planned,
    published_activity,
    registered,
    terms,
)
from tests.content.studio import NOON, after, draft, published_series

pytestmark = pytest.mark.usefixtures("database")


async def events_of(name: str) -> list[dict[str, Any]]:
    import msgspec

    rows = await connection().fetch("SELECT body::text AS body FROM event WHERE name = $1 ORDER BY number", name)
    return [msgspec.json.decode(row["body"]) for row in rows]


async def audited(activity_id: int) -> list[str]:
    rows = await connection().fetch(
        "SELECT deed FROM audit_entry WHERE subject_kind = 'activity' AND subject_id = $1 ORDER BY id", str(activity_id)
    )
    return [row["deed"] for row in rows]


async def test_a_plan_is_set_moved_and_cancelled_and_each_change_that_calendars_show_raises_the_sequence() -> None:
    activity_id = await published_activity()
    first = await activity_plans.plan_of(activity_id=activity_id)
    assert first is not None and (first.sequence, first.seats_left) == (0, 2)
    assert (await planned(activity_id, at=after(hours=1))).sequence == 0
    more = await planned(activity_id, capacity=5, at=after(hours=1))
    assert (more.sequence, more.seats_left, more.changed_at) == (0, 5, NOON)
    moved = await planned(activity_id, capacity=5, starts_at=STARTS + HOUR, at=after(hours=2))
    assert (moved.sequence, moved.previous_starts_at, moved.changed_at) == (1, STARTS, after(hours=2))
    placed = await planned(activity_id, capacity=5, starts_at=STARTS + HOUR, place_name="二号厅", at=after(hours=3))
    assert placed.sequence == 2
    gone = await activity_plans.cancel(activity_id=activity_id, reason="台风", staff_id=1, at=after(hours=4))
    again = await activity_plans.cancel(activity_id=activity_id, reason="", staff_id=1, at=after(hours=5))
    assert (gone.sequence, gone.cancelled_at, gone.cancel_reason) == (3, after(hours=4), "台风")
    assert again == gone
    back = await planned(activity_id, at=after(hours=6))
    assert (back.sequence, back.cancelled_at, back.cancel_reason) == (4, None, "")
    told = [(event["change"], event["sequence"]) for event in await events_of("activity_reschedule")]
    assert told == [("moved", 1), ("placed", 2), ("cancelled", 3), ("restored", 4)]
    deeds = [deed.removeprefix("activity.") for deed in await audited(activity_id)]
    assert deeds == ["set", "changed", "moved", "placed", "cancelled", "restored"]


async def test_moving_an_activity_leaves_its_text_and_approvals_alone() -> None:
    activity_id = await published_activity()
    before = await items.draft_of(item_id=activity_id)
    await planned(activity_id, starts_at=STARTS + HOUR, place_name="二号厅", stream="hall", capacity=9)
    assert await items.draft_of(item_id=activity_id) == before
    now = await standing(item_id=activity_id, at=NOON)
    assert (now.state, now.changed, now.approved_by) == (State.PUBLISHED, False, ("compliance", "medical"))


@pytest.mark.parametrize(
    ("changes", "refusal", "field"),
    [
        ({"ends_at": STARTS}, TimesBad, "ends_at"),
        ({"ends_at": STARTS + timedelta(days=15)}, TimesBad, "ends_at"),
        ({"registration_closes_at": STARTS + 4 * HOUR}, TimesBad, "registration_closes_at"),
        ({"registration_opens_at": STARTS + 4 * HOUR}, TimesBad, "registration_opens_at"),
        ({"registration_opens_at": STARTS, "registration_closes_at": STARTS}, TimesBad, "registration_opens_at"),
        ({"cancels_until": STARTS + 4 * HOUR}, TimesBad, "cancels_until"),
        ({"starts_at": STARTS.replace(year=2201)}, TimesBad, "starts_at"),
        ({"capacity": 0}, CapacityBad, "capacity"),
        ({"capacity": 1_000_001}, CapacityBad, "capacity"),
        ({"stream": "http://live.example.com/a.m3u8"}, StreamBad, "stream"),
        ({"stream": "https://10.0.0.1/a.m3u8"}, StreamBad, "stream"),
        ({"stream": "../a"}, StreamBad, "stream"),
        ({"stream": "hall\n"}, StreamBad, "stream"),
        ({"place_name": "厅" * 121}, activity_plans.PlaceBad, "place_name"),
    ],
)
async def test_a_plan_that_makes_no_sense_is_refused_at_its_field(
    changes: dict[str, Any], refusal: type[Exception], field: str
) -> None:
    activity_id = await draft("activity", await activity_text())
    with pytest.raises(refusal) as refused:
        await planned(activity_id, **changes)
    assert refused.value.field == field  # type: ignore[attr-defined]  # every refusal has one
    assert await activity_plans.plan_of(activity_id=activity_id) is None


@pytest.mark.parametrize("stream", ["hall-1", "https://live.example.org/hall.m3u8?x=1"])
async def test_a_stream_is_a_name_or_an_address(stream: str) -> None:
    activity_id = await draft("activity", await activity_text())
    assert (await planned(activity_id, stream=stream)).stream == stream


async def test_only_an_activity_is_planned_and_only_a_planned_one_cancelled() -> None:
    series_id = await published_series()
    with pytest.raises(ItemMissing):
        await activity_plans.plan(activity_id=series_id, terms=terms(), staff_id=1, at=NOON)
    activity_id = await draft("activity", await activity_text())
    with pytest.raises(NotPlanned):
        await activity_plans.cancel(activity_id=activity_id, reason="", staff_id=1, at=NOON)
    await planned(activity_id)
    with pytest.raises(AlreadyOver):
        await activity_plans.cancel(activity_id=activity_id, reason="", staff_id=1, at=STARTS + 3 * HOUR)


async def test_there_cannot_be_fewer_seats_than_are_taken() -> None:
    activity_id = await published_activity()
    for _ in range(2):
        await registered(await guest_of(), activity_id)
    with pytest.raises(CapacityTaken) as refused:
        await planned(activity_id, capacity=1)
    assert refused.value.facts == {"taken": 2}
    assert (await planned(activity_id, capacity=3)).seats_left == 1
    assert (await planned(activity_id, capacity=None)).seats_left is None
    assert (await planned(activity_id, capacity=2)).seats_left == 0


async def test_an_activity_that_is_taken_back_before_it_is_over_is_cancelled_with_it() -> None:
    activity_id = await published_activity()
    await publishing.withdraw(item_id=activity_id, reason="文字有误", staff_id=1, at=after(hours=1))
    plan = await activity_plans.plan_of(activity_id=activity_id)
    assert plan is not None and (plan.cancelled_at, plan.sequence) == (after(hours=1), 1)
    assert [event["change"] for event in await events_of("activity_reschedule")] == ["cancelled"]


async def test_an_activity_that_is_over_is_taken_back_without_being_cancelled() -> None:
    activity_id = await published_activity()
    await publishing.withdraw(item_id=activity_id, reason="", staff_id=1, at=STARTS + 3 * HOUR)
    plan = await activity_plans.plan_of(activity_id=activity_id)
    assert plan is not None and plan.cancelled_at is None
