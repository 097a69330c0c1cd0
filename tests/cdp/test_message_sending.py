"""Messages go out once, when they are due, to those who have a credit, whatever happens on the way."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from messaging import (
    AIRING,
    ANOTHER,
    DAY,
    HOUR,
    MINUTE,
    NOON,
    Parts,
    books,
    claimed,
    notice,
    parts,
    planned,
    states,
    template,
)
from redis.asyncio import Redis
from wechat_fixtures import sandbox, wechat

from cdp import consent, messages
from cdp.message_outcomes import Sent
from cdp.message_rules import Kind, Urgency
from cdp.message_sending import LEASE, record, release_stale, send_due
from server.core.db import connection, transaction
from server.core.wechat import WeChat
from server.sandbox.demo import SECOND_DOCTOR

__all__ = ["parts", "sandbox", "wechat"]

SOON = "episode:17:soon:0"


async def reason_of(subject: str) -> str:
    return str(await connection().value("SELECT reason FROM message WHERE subject = $1", subject))


async def logged(name: str) -> list[dict[str, object]]:
    rows = await connection().fetch("SELECT body::text AS body FROM event WHERE name = $1 ORDER BY number", name)
    return [msgspec.json.decode(row["body"]) for row in rows]


async def test_a_message_goes_out_when_it_is_due_and_not_before(parts: Parts) -> None:
    account = await parts.account()
    await parts.accept(account)
    await planned(account, notice(SOON, note="即将开播"))
    await send_due(parts, NOON - timedelta(seconds=1))
    assert parts.sent == []
    await send_due(parts, NOON)
    (message,) = parts.sandbox.world.messages
    assert message.values == {
        "thing1": "医探究竟：直肠癌保肛手术",
        "time2": "2026年11月3日 19:30",
        "thing3": "即将开播",
    }
    assert (message.page, message.template_id) == ("pages/episode?id=17", AIRING)
    assert await states() == {SOON: "sent"}
    assert await books(account) == (1, 1, 0, 0)


async def test_what_was_sent_is_in_the_log_without_naming_anybody(parts: Parts) -> None:
    account = await parts.account(consents=("service", "analytics"))
    await parts.accept(account)
    await planned(account, notice(SOON))
    await send_due(parts, NOON)
    (event,) = await logged("message_sent")
    assert event == {"message_id": 1, "kind": "service", "template": "episode_soon", "item_id": 17}


async def test_two_senders_at_once_send_each_message_once(parts: Parts) -> None:
    account = await parts.account()
    await parts.accept(account, 60)
    await planned(account, *(notice(f"episode:{number}:soon:0") for number in range(60)))
    await asyncio.gather(*(send_due(parts, NOON) for _ in range(4)))
    assert sorted(parts.sent) == sorted(f"episode:{number}:soon:0" for number in range(60))
    assert await books(account) == (60, 60, 0, 0)


async def test_never_more_is_sent_than_was_granted(parts: Parts) -> None:
    account = await parts.account()
    await parts.accept(account, 3)
    await planned(account, *(notice(f"episode:{number}:soon:0") for number in range(10)))
    await asyncio.gather(*(send_due(parts, NOON) for _ in range(3)))
    assert sorted(parts.sent) == ["episode:0:soon:0", "episode:1:soon:0", "episode:2:soon:0"]
    assert parts.sandbox.calls("/cgi-bin/message/subscribe/send") == 3


async def test_the_last_credit_waits_for_the_reminder_and_the_change_goes_out_with_the_next(parts: Parts) -> None:
    account = await parts.account()
    await parts.accept(account)
    moved = notice("episode:17:moved:1", key="episode_moved", urgency=Urgency.CHANGED, lasts=DAY)
    await planned(account, moved, notice(SOON, due_at=NOON + 5 * HOUR))
    await send_due(parts, NOON)
    assert parts.sent == []
    await parts.accept(account, at=NOON + HOUR)
    await send_due(parts, NOON + HOUR)
    assert parts.sent == ["episode:17:moved:1"]
    await send_due(parts, NOON + 5 * HOUR)
    assert parts.sent == ["episode:17:moved:1", SOON]


async def test_a_cancellation_gets_the_last_credit_before_any_reminder(parts: Parts) -> None:
    account = await parts.account()
    await parts.accept(account)
    gone = notice("episode:18:cancelled:1", key="episode_cancelled", urgency=Urgency.CANCELLED, note="取消")
    await planned(account, notice(SOON, due_at=NOON - MINUTE), gone)
    await send_due(parts, NOON)
    assert parts.sent == ["取消"]


async def test_many_who_hold_their_last_credit_back_do_not_hold_up_the_others(parts: Parts) -> None:
    first, second = await parts.account(), await parts.account(SECOND_DOCTOR)
    await parts.accept(first)
    await parts.accept(second, user=SECOND_DOCTOR)
    held = [
        notice(f"episode:{number}:moved:1", key="episode_moved", urgency=Urgency.CHANGED, lasts=DAY)
        for number in range(40)
    ]
    await planned(first, *held, notice(SOON, due_at=NOON + 5 * HOUR))
    await planned(second, notice("episode:99:moved:1", key="episode_moved", urgency=Urgency.CHANGED, lasts=DAY))
    await send_due(parts, NOON)
    assert parts.sent == ["episode:99:moved:1"]


async def test_a_message_planned_without_a_credit_goes_out_when_one_is_granted_in_time(parts: Parts) -> None:
    account = await parts.account()
    await planned(account, notice(SOON))
    await send_due(parts, NOON)
    assert (await messages.outlook(account_id=account, at=NOON))[SOON].state == "no_credit"
    await parts.accept(account, at=NOON + 10 * MINUTE)
    assert (await messages.outlook(account_id=account, at=NOON))[SOON].state == "planned"
    await send_due(parts, NOON + 10 * MINUTE)
    assert parts.sent == [SOON]


async def test_a_message_whose_time_is_over_is_not_sent_and_says_why(parts: Parts) -> None:
    first, second = await parts.account(), await parts.account(SECOND_DOCTOR)
    await parts.accept(second, user=SECOND_DOCTOR)
    await planned(first, notice("episode:1:soon:0"))
    await planned(second, notice("episode:2:soon:0"))
    for _ in range(2):
        await send_due(parts, NOON + HOUR)
        await release_stale(parts, NOON + HOUR)
    assert parts.sent == []
    assert await states() == {"episode:1:soon:0": "no_credit", "episode:2:soon:0": "expired"}
    assert await books(second) == (1, 0, 0, 1)


async def test_a_refusal_clears_what_was_granted_before_and_is_not_tried_again(parts: Parts) -> None:
    account = await parts.account(consents=("service", "analytics"))
    await parts.accept(account, 3)
    parts.sandbox.world.credits.clear()
    await planned(account, notice("episode:1:soon:0"), notice("episode:2:soon:0", due_at=NOON + HOUR))
    await send_due(parts, NOON)
    await send_due(parts, NOON + HOUR)
    assert await states() == {"episode:1:soon:0": "failed", "episode:2:soon:0": "planned"}
    assert await books(account) == (3, 1, 2, 0)
    assert parts.sandbox.calls("/cgi-bin/message/subscribe/send") == 1
    assert [event["error"] for event in await logged("message_failed")] == [43101]


async def test_a_value_that_does_not_fit_fails_by_name_and_costs_no_credit(parts: Parts) -> None:
    account = await parts.account()
    await parts.accept(account)
    await planned(account, notice(SOON, texts={"title": "题", "starts": "明天", "note": "即将开播"}))
    await send_due(parts, NOON)
    assert (await states(), await reason_of(SOON)) == ({SOON: "failed"}, "value_unfit:time2")
    assert parts.sandbox.calls("/cgi-bin/message/subscribe/send") == 0
    assert await books(account) == (1, 0, 0, 1)


async def test_a_value_that_the_service_refuses_names_the_field_and_costs_no_credit(parts: Parts) -> None:
    account = await parts.account()
    await parts.accept(account)
    await parts.sandbox.pull("faults", kind="error", code=47003, path="/cgi-bin/message", times=1)
    await planned(account, notice(SOON))
    await send_due(parts, NOON)
    assert await states() == {SOON: "failed"}
    assert (await reason_of(SOON)).startswith("argument_invalid")
    assert await books(account) == (1, 0, 0, 1)


@pytest.mark.parametrize("fault", ["busy", "drop_connection", "expired_token", "minute_quota"])
async def test_what_was_not_sent_is_tried_again_and_sent_once(parts: Parts, fault: str) -> None:
    account = await parts.account()
    await parts.accept(account)
    await planned(account, notice(SOON))
    times = 1_000
    if fault == "drop_connection":
        # Nobody can be reached: not even the token is to be had.
        await parts.sandbox.pull("faults", kind="drop", path="/cgi-bin/stable_token", times=times)
    else:
        await parts.sandbox.pull("faults", kind=fault, path="/cgi-bin/message", times=times)
    await send_due(parts, NOON)
    assert await states() == {SOON: "planned"}
    assert await books(account) == (1, 0, 0, 1)
    await send_due(parts, NOON + timedelta(seconds=1))
    calls = parts.sandbox.calls("/cgi-bin/message/subscribe/send")
    await parts.sandbox.pull("faults", method="DELETE")
    await send_due(parts, NOON + timedelta(seconds=2))
    assert parts.sandbox.calls("/cgi-bin/message/subscribe/send") == calls
    await send_due(parts, NOON + 2 * MINUTE)
    assert parts.sent == [SOON]
    assert await books(account) == (1, 1, 0, 0)


async def test_what_cannot_be_tried_again_in_time_ends(parts: Parts) -> None:
    account = await parts.account()
    await parts.accept(account)
    await planned(account, notice(SOON, lasts=MINUTE))
    await parts.sandbox.pull("faults", kind="busy", path="/cgi-bin/message")
    await send_due(parts, NOON + MINUTE - timedelta(seconds=3))
    assert (await states(), await reason_of(SOON)) == ({SOON: "expired"}, "busy")
    assert await books(account) == (1, 0, 0, 1)


async def test_an_answer_that_was_lost_leaves_a_message_that_is_never_sent_again(parts: Parts) -> None:
    account = await parts.account()
    await parts.accept(account, 2)
    await planned(account, notice(SOON))
    await parts.sandbox.pull("faults", kind="drop_answer", path="/cgi-bin/message", times=1)
    await send_due(parts, NOON)
    for minutes in range(1, 60, 5):
        await send_due(parts, NOON + minutes * MINUTE)
    assert (await states(), await reason_of(SOON)) == ({SOON: "unknown"}, "broken")
    assert parts.sent == [SOON]
    assert await books(account) == (2, 1, 0, 1)


async def test_the_day_s_quota_used_up_lets_the_template_rest_until_the_next_day(parts: Parts) -> None:
    account = await parts.account()
    await parts.accept(account, 2)
    await planned(account, notice("episode:1:soon:0", lasts=DAY), notice("episode:2:soon:0", lasts=DAY))
    await parts.sandbox.pull("quotas", name="subscribe/send", a_day=0)
    await send_due(parts, NOON)
    calls = parts.sandbox.calls("/cgi-bin/message/subscribe/send")
    await parts.sandbox.pull("quotas", name="subscribe/send", a_day=100)
    await send_due(parts, NOON + 11 * HOUR)
    assert parts.sandbox.calls("/cgi-bin/message/subscribe/send") == calls
    await send_due(parts, NOON + 12 * HOUR)
    assert sorted(parts.sent) == ["episode:1:soon:0", "episode:2:soon:0"]


async def test_what_a_sender_that_died_has_left_is_never_sent_again(parts: Parts) -> None:
    account = await parts.account(consents=("service", "analytics"))
    await parts.accept(account, 2)
    await planned(account, notice(SOON, lasts=DAY))
    assert len(await claimed(NOON)) == 1
    await release_stale(parts, NOON + LEASE)
    assert await states() == {SOON: "sending"}
    await release_stale(parts, NOON + LEASE + timedelta(seconds=1))
    assert (await states(), await reason_of(SOON)) == ({SOON: "unknown"}, "sender_lost")
    await send_due(parts, NOON + HOUR)
    assert parts.sent == []
    assert await books(account) == (2, 1, 0, 1)
    assert [event["error"] for event in await logged("message_failed")] == [0]


async def test_a_sender_that_comes_back_too_late_changes_nothing(parts: Parts) -> None:
    account = await parts.account()
    await parts.accept(account)
    await planned(account, notice(SOON))
    (message,) = await claimed(NOON)
    await release_stale(parts, NOON + 2 * LEASE)
    await record(message, Sent("1"), at=NOON + 2 * LEASE)
    assert await states() == {SOON: "unknown"}
    assert await books(account) == (1, 1, 0, 0)


async def test_a_sender_told_to_stop_brings_what_it_has_claimed_to_its_end(parts: Parts) -> None:
    account = await parts.account()
    await parts.accept(account, 5)
    await planned(account, *(notice(f"episode:{number}:soon:0") for number in range(5)))
    await parts.sandbox.pull("faults", kind="slow", seconds=0.3, path="/cgi-bin/message", times=5)
    sending = asyncio.create_task(send_due(parts, NOON))
    while parts.sandbox.calls("/cgi-bin/message/subscribe/send") < 5:
        await asyncio.sleep(0.01)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert set((await states()).values()) == {"sent"}
    assert len(parts.sent) == 5


async def test_what_was_cancelled_is_not_sent(parts: Parts) -> None:
    account = await parts.account()
    await parts.accept(account)
    await planned(account, notice(SOON))
    await messages.cancel(topics=["episode:17"], reason="unfollowed", at=NOON)
    await send_due(parts, NOON)
    assert (parts.sent, await states()) == ([], {SOON: "cancelled"})


async def test_what_was_cancelled_and_is_planned_again_is_sent_once(parts: Parts) -> None:
    account = await parts.account()
    await parts.accept(account, 2)
    await planned(account, notice(SOON))
    await messages.cancel(topics=["episode:17"], account_ids=[account], reason="unfollowed", at=NOON)
    await planned(account, notice(SOON))
    await send_due(parts, NOON)
    await planned(account, notice(SOON, note="again"))
    await send_due(parts, NOON)
    assert parts.sent == [SOON]


async def test_nothing_goes_to_someone_whose_account_is_erased(parts: Parts) -> None:
    account = await parts.account()
    await parts.accept(account)
    await planned(account, notice(SOON))
    await messages.erase(account_ids=[account], at=NOON)
    assert await connection().value("SELECT texts::text FROM message") == "{}"
    await send_due(parts, NOON)
    assert (parts.sent, await states()) == ([], {SOON: "cancelled"})


async def test_a_key_destroyed_after_the_claim_cancels_the_message(parts: Parts) -> None:
    account = await parts.account()
    await parts.accept(account)
    await planned(account, notice(SOON))
    async with transaction():
        await parts.sealer.destroy(owner=f"account:{account}", at=NOON)
    await send_due(parts, NOON)
    assert (parts.sent, await states()) == ([], {SOON: "cancelled"})
    assert await books(account) == (1, 0, 0, 1)


async def test_the_service_waits_for_consent_and_goes_out_when_it_is_given_in_time(parts: Parts) -> None:
    account = await parts.account()
    await parts.accept(account)
    await planned(account, notice(SOON))
    await consent.publish_text(
        audience="doctor",  # type: ignore[arg-type]  # the word of the role
        purpose="service",
        version="2026-11-02",
        title="新",
        body="新",
        material=True,
        actor="command",
        at=NOON,
    )
    await send_due(parts, NOON)
    assert parts.sent == []
    await consent.grant(account_id=account, purpose="service", version="2026-11-02", at=NOON + MINUTE)
    await send_due(parts, NOON + 3 * MINUTE)
    assert parts.sent == [SOON]


async def test_consent_taken_back_cancels_what_waits(parts: Parts) -> None:
    account = await parts.account()
    await parts.accept(account)
    await planned(account, notice(SOON))
    await consent.withdraw(account_id=account, purpose="service", at=NOON)
    await send_due(parts, NOON)
    assert (parts.sent, await states()) == ([], {SOON: "cancelled"})


async def test_marketing_keeps_caps_and_quiet_and_the_service_does_not(parts: Parts) -> None:
    account = await parts.account(consents=("service", "marketing"))
    await parts.accept(account, 3, template_id=ANOTHER)
    await parts.accept(account, 1)
    night = NOON + 10 * HOUR
    invitations = [notice(f"invitation:{n}:x", key="invitation", due_at=NOON, lasts=20 * DAY) for n in range(3)]
    await planned(account, *invitations, notice(SOON, due_at=night))
    await asyncio.gather(*(send_due(parts, NOON) for _ in range(3)))
    assert parts.sent == ["invitation:0:x"]
    await send_due(parts, night)
    assert parts.sent == ["invitation:0:x", SOON]
    await send_due(parts, NOON + DAY - timedelta(seconds=1))
    await send_due(parts, NOON + DAY + MINUTE)
    assert parts.sent == ["invitation:0:x", SOON, "invitation:1:x"]
    await send_due(parts, NOON + 7 * DAY - timedelta(seconds=1))
    assert len(parts.sent) == 3
    await send_due(parts, NOON + 7 * DAY + MINUTE)
    assert parts.sent[3:] == ["invitation:2:x"]


async def test_marketing_without_consent_to_it_is_cancelled(parts: Parts) -> None:
    account = await parts.account()
    await parts.accept(account, template_id=ANOTHER)
    await planned(account, notice("invitation:1:x", key="invitation", lasts=DAY))
    await send_due(parts, NOON)
    assert (parts.sent, await states()) == ([], {"invitation:1:x": "cancelled"})


async def test_a_notice_that_is_switched_off_is_not_told(parts: Parts) -> None:
    account = await parts.account()
    await parts.accept(account)
    await planned(account, notice(SOON))
    await template("episode_soon", enabled=False)
    await planned(account, notice("episode:18:soon:0"))
    await send_due(parts, NOON)
    assert (parts.sent, await states()) == ([], {SOON: "cancelled"})


async def test_a_notice_that_moves_to_another_template_needs_its_credits(parts: Parts) -> None:
    account = await parts.account()
    await parts.accept(account)
    await planned(account, notice(SOON))
    await template("episode_soon", template_id=ANOTHER)
    await send_due(parts, NOON)
    assert parts.sent == []
    await parts.accept(account, template_id=ANOTHER)
    await send_due(parts, NOON)
    assert [message.template_id for message in parts.sandbox.world.messages] == [ANOTHER]


async def test_an_answer_that_does_not_come_in_time_leaves_it_unknown(parts: Parts, redis: Redis) -> None:
    account = await parts.account()
    await parts.accept(account)
    await planned(account, notice(SOON))
    await parts.sandbox.pull("faults", kind="slow", seconds=1, path="/cgi-bin/message", times=1)
    parts.wechat = WeChat(parts.sandbox.base_url, redis, timeout_s=0.4)
    await send_due(parts, NOON)
    await parts.wechat.aclose()
    assert (await states(), await reason_of(SOON)) == ({SOON: "unknown"}, "timed_out")


async def test_marketing_is_the_kind_that_its_template_says(parts: Parts) -> None:
    account = await parts.account()
    await planned(account, notice("invitation:1:x", key="invitation", urgency=Urgency.CANCELLED))
    row = await connection().row("SELECT kind, urgency FROM message")
    assert row is not None
    assert (row["kind"], row["urgency"]) == (Kind.MARKETING, Urgency.MARKETING)
