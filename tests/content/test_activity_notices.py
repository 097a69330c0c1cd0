"""Who has registered is told of what stands: that it begins, is moved or cancelled, that they have moved up."""

from datetime import datetime, timedelta

import pytest
from messaging import DAY, HOUR, MINUTE, NOON, Parts, parts, template
from wechat_fixtures import sandbox, wechat

from cdp import consent, profiles
from cdp.message_sending import send_due
from cdp.profiles import Profile
from content import activity_notices, activity_plans, publishing
from content.activity_notices import LEAD, LEAD_TO_PLACE
from server.core.db import connection
from server.core.roles import Audience, Reader, Role
from server.sandbox.demo import SECOND_DOCTOR
from tests.content import hall, studio

__all__ = ["parts", "sandbox", "wechat"]

TONIGHT = NOON + 8 * HOUR
TOMORROW = TONIGHT + DAY
HALL = {"starts_at": TONIGHT, "capacity": 1}


@pytest.fixture
async def doctors(parts: Parts) -> list[Reader]:
    """Two doctors with a profile, whose app tells of activities."""
    for key in activity_notices.KEYS:
        await template(key)
    return [await _doctor(parts, user) for user in ("doctor-chen", SECOND_DOCTOR)]


async def _doctor(parts: Parts, user: str) -> Reader:
    account_id = await parts.account(user)
    profile = Profile(name="周明", hospital="江城示范医院")
    await profiles.keep(sealer=parts.sealer, account_id=account_id, profile=profile, at=NOON)
    return Reader(account_id=account_id, roles=frozenset({Role.DOCTOR}), audience=Audience.DOCTOR)


async def activity(**plan: object) -> int:
    return await hall.published_activity(at=NOON, plan={**HALL, **plan})


async def register(reader: Reader, activity_id: int, at: datetime = NOON) -> None:
    await hall.registered(reader, activity_id, at=at)


async def waiting(activity_id: int) -> list[tuple[int, str, datetime]]:
    rows = await connection().fetch(
        "SELECT account_id, subject, due_at FROM message WHERE state = 'planned' ORDER BY account_id, subject"
    )
    return [(row["account_id"], row["subject"].removeprefix(f"activity:{activity_id}:"), row["due_at"]) for row in rows]


async def test_who_has_a_seat_is_reminded_in_time_to_travel_and_who_waits_is_not(
    parts: Parts, doctors: list[Reader]
) -> None:
    one, two = doctors
    activity_id = await activity()
    await parts.accept(one.account_id)
    await register(one, activity_id)
    await register(two, activity_id)
    assert await waiting(activity_id) == [(one.account_id, "soon:0", TONIGHT - LEAD_TO_PLACE)]
    await send_due(parts, TONIGHT - LEAD_TO_PLACE)
    (message,) = parts.sandbox.world.messages
    assert message.values == {
        "thing1": "低位直肠癌保肛手术研讨会",
        "time2": "2026年11月3日 20:00",
        "thing3": "即将开始，请准时参加",
    }
    assert message.page == f"pages/activity?id={activity_id}"


async def test_of_a_broadcast_one_is_reminded_half_an_hour_before(doctors: list[Reader]) -> None:
    activity_id = await hall.published_broadcast(at=NOON, plan={"starts_at": TONIGHT})
    await register(doctors[0], activity_id)
    assert await waiting(activity_id) == [(doctors[0].account_id, "soon:0", TONIGHT - LEAD)]


async def test_who_moves_up_is_told_at_once_and_reminded(doctors: list[Reader]) -> None:
    one, two = doctors
    activity_id = await activity()
    await register(one, activity_id)
    await register(two, activity_id)
    at = NOON + MINUTE
    await hall.left(one, activity_id, at=at)
    assert await waiting(activity_id) == [
        (two.account_id, f"promoted:{at.timestamp():.0f}", at),
        (two.account_id, "soon:0", TONIGHT - LEAD_TO_PLACE),
    ]


async def test_a_move_is_told_to_all_and_reminds_of_the_new_time_alone(doctors: list[Reader]) -> None:
    one, two = doctors
    activity_id = await activity()
    await register(one, activity_id)
    await register(two, activity_id)
    at = NOON + MINUTE
    await hall.planned(activity_id, at=at, **{**HALL, "starts_at": TOMORROW})
    assert await waiting(activity_id) == [
        (one.account_id, "moved:1", at),
        (one.account_id, "soon:1", TOMORROW - LEAD_TO_PLACE),
        (two.account_id, "moved:1", at),
    ]


async def test_more_seats_or_another_window_are_told_to_nobody(doctors: list[Reader]) -> None:
    activity_id = await activity()
    await register(doctors[0], activity_id)
    before = await waiting(activity_id)
    await hall.planned(activity_id, at=NOON, **{**HALL, "capacity": 4, "registration_closes_at": TONIGHT})
    assert await waiting(activity_id) == before


@pytest.mark.parametrize("by", ["plan", "text"])
async def test_a_cancellation_is_told_to_all_and_takes_the_reminder_away(doctors: list[Reader], by: str) -> None:
    one, two = doctors
    activity_id = await activity()
    await register(one, activity_id)
    await register(two, activity_id)
    at = NOON + MINUTE
    if by == "plan":
        await activity_plans.cancel(activity_id=activity_id, reason="", staff_id=1, at=at)
    else:
        await publishing.withdraw(item_id=activity_id, reason="", staff_id=1, at=at)
    assert await waiting(activity_id) == [(one.account_id, "cancelled:1", at), (two.account_id, "cancelled:1", at)]


async def test_planned_again_those_who_had_registered_are_told_and_reminded(doctors: list[Reader]) -> None:
    activity_id = await activity()
    await register(doctors[0], activity_id)
    await activity_plans.cancel(activity_id=activity_id, reason="", staff_id=1, at=NOON)
    at = NOON + MINUTE
    await hall.planned(activity_id, at=at, **{**HALL, "starts_at": TOMORROW})
    found = [(subject, due) for _, subject, due in await waiting(activity_id)]
    assert found == [("moved:2", at), ("soon:2", TOMORROW - LEAD_TO_PLACE)]


async def test_who_leaves_is_told_nothing_more(doctors: list[Reader]) -> None:
    activity_id = await activity()
    await register(doctors[0], activity_id)
    await hall.left(doctors[0], activity_id, at=NOON)
    assert await waiting(activity_id) == []


async def test_consent_taken_back_and_given_again_brings_the_reminder_back(doctors: list[Reader]) -> None:
    activity_id, account_id = await activity(), doctors[0].account_id
    await register(doctors[0], activity_id)
    await consent.withdraw(account_id=account_id, purpose="service", at=NOON + MINUTE)
    assert await waiting(activity_id) == []
    await consent.grant(account_id=account_id, purpose="service", version="2026-11-01", at=NOON + 2 * MINUTE)
    assert [subject for _, subject, _ in await waiting(activity_id)] == ["soon:0"]


async def test_a_new_title_is_told_under_the_new_title(doctors: list[Reader]) -> None:
    from content import items

    activity_id = await activity()
    await register(doctors[0], activity_id)
    draft = await items.draft_of(item_id=activity_id)
    await items.save_draft(
        item_id=activity_id,
        shape={**draft.shape, "title": "新的题目"},
        revision=draft.revision,
        staff_id=1,
        at=NOON,
    )
    await studio.publish(item_id=activity_id, staff_id=2, at=NOON + MINUTE)
    titles = await connection().fetch("SELECT texts ->> 'title' AS title FROM message WHERE state = 'planned'")
    assert [row["title"] for row in titles] == ["新的题目"]


async def test_what_is_missing_is_planned_by_the_job_and_what_was_told_is_not_told_again(
    parts: Parts, doctors: list[Reader]
) -> None:
    activity_id = await activity()
    await parts.accept(doctors[0].account_id, 2)
    await register(doctors[0], activity_id)
    await connection().execute("DELETE FROM message")
    await activity_notices.plan_missing(None, NOON)
    assert [subject for _, subject, _ in await waiting(activity_id)] == ["soon:0"]
    await send_due(parts, TONIGHT - HOUR)
    await activity_notices.plan_missing(None, TONIGHT - HOUR + timedelta(seconds=1))
    assert await waiting(activity_id) == []
    assert len(parts.sandbox.world.messages) == 1
