"""Followers are reminded of what stands: of the present time of an episode, once, and told when it changes."""

import asyncio
from datetime import date, datetime, timedelta

import pytest
import viewing_fixtures as studio
from messaging import DAY, HOUR, MINUTE, NOON, Parts, parts, template
from wechat_fixtures import sandbox, wechat

from cdp import consent, log, messages
from cdp.events import EpisodeFinished
from cdp.message_sending import release_stale, send_due
from content import airings, filming, following, publishing, reminders, timing
from content.parts import Audience as For
from content.reminders import LEAD
from server.core.db import connection, transaction
from server.core.roles import Audience, Reader, Role
from server.sandbox.demo import SECOND_DOCTOR
from tests.content.studio import a_file, publish

__all__ = ["parts", "sandbox", "wechat"]

TONIGHT = NOON + 7 * HOUR + 30 * MINUTE
TOMORROW = TONIGHT + DAY

NOTES = {
    "即将开播，记得准时观看": "soon",
    "播出时间有调整": "moved",
    "已重新安排播出": "again",
    "本集取消播出，敬请谅解": "cancelled",
}


def reader_of(account_id: int) -> Reader:
    return Reader(
        account_id=account_id,
        roles=frozenset({Role.DOCTOR}),
        audience=Audience.DOCTOR,
        consented=frozenset({"service"}),
    )


async def follow(account_id: int, series_id: int, at: datetime = NOON) -> None:
    await following.follow(reader=reader_of(account_id), series_id=series_id, at=at)


async def waiting() -> list[tuple[str, datetime]]:
    rows = await connection().fetch("SELECT subject, due_at FROM message WHERE state = 'planned' ORDER BY subject")
    return [(row["subject"], row["due_at"]) for row in rows]


def sent(parts: Parts) -> list[tuple[str, str]]:
    """What was sent: the kind of notice, and the time that it tells."""
    return [(NOTES[m.values["thing3"]], m.values["time2"]) for m in parts.sandbox.world.messages]


async def test_who_follows_is_reminded_half_an_hour_before(parts: Parts) -> None:
    account = await parts.account()
    series = await studio.series()
    episode = await studio.episode(series, TONIGHT, title="直肠癌：能不能保肛")
    await parts.accept(account)
    await follow(account, series)
    assert await waiting() == [(f"episode:{episode}:soon:0", TONIGHT - LEAD)]
    await send_due(parts, TONIGHT - LEAD - timedelta(seconds=1))
    assert sent(parts) == []
    await send_due(parts, TONIGHT - LEAD)
    (message,) = parts.sandbox.world.messages
    assert message.values == {
        "thing1": "直肠癌：能不能保肛",
        "time2": "2026年11月3日 19:30",
        "thing3": "即将开播，记得准时观看",
    }
    assert message.page == f"pages/episode?id={episode}"


async def test_an_episode_published_later_reminds_those_who_follow_already(parts: Parts) -> None:
    account = await parts.account()
    series = await studio.series()
    await follow(account, series)
    episode = await studio.episode(series, TONIGHT)
    assert await waiting() == [(f"episode:{episode}:soon:0", TONIGHT - LEAD)]


async def test_nobody_else_is_reminded(parts: Parts) -> None:
    account, other = await parts.account(), await parts.account(SECOND_DOCTOR)
    series, another = await studio.series(), await studio.series("另一个系列")
    await studio.episode(series, TONIGHT)
    await follow(account, another)
    await follow(other, another)
    assert await waiting() == []


@pytest.mark.parametrize("airs_at", [None, NOON - DAY], ids=["no time of airing", "aired"])
async def test_an_episode_that_does_not_come_has_no_reminder(parts: Parts, airs_at: datetime | None) -> None:
    account = await parts.account()
    series = await studio.series()
    await studio.episode(series, airs_at)
    await follow(account, series)
    assert await waiting() == []


async def test_who_follows_no_longer_is_not_reminded_and_following_again_reminds_again(parts: Parts) -> None:
    account = await parts.account()
    series = await studio.series()
    await studio.episode(series, TONIGHT)
    await studio.episode(series, TOMORROW)
    await parts.accept(account, 2)
    await follow(account, series)
    await following.unfollow(reader=reader_of(account), series_id=series, at=NOON)
    assert await waiting() == []
    await follow(account, series)
    await send_due(parts, TONIGHT - LEAD)
    await send_due(parts, TOMORROW - LEAD)
    assert [kind for kind, _ in sent(parts)] == ["soon", "soon"]


async def test_a_moved_episode_is_told_at_once_and_reminded_of_at_its_new_time_only(parts: Parts) -> None:
    account = await parts.account()
    series = await studio.series()
    episode = await studio.episode(series, TONIGHT)
    await parts.accept(account, 3)
    await follow(account, series)
    await airings.schedule(episode_id=episode, airs_at=TOMORROW, staff_id=1, at=NOON)
    await send_due(parts, NOON)
    assert sent(parts) == [("moved", "2026年11月4日 19:30")]
    await send_due(parts, TONIGHT - LEAD)
    assert len(sent(parts)) == 1
    await send_due(parts, TOMORROW - LEAD)
    assert sent(parts)[1:] == [("soon", "2026年11月4日 19:30")]


async def test_who_was_reminded_of_the_old_time_is_reminded_of_the_new_one_too(parts: Parts) -> None:
    account = await parts.account()
    series = await studio.series()
    episode = await studio.episode(series, TONIGHT)
    await parts.accept(account, 3)
    await follow(account, series)
    await send_due(parts, TONIGHT - LEAD)
    await airings.schedule(episode_id=episode, airs_at=TOMORROW, staff_id=1, at=TONIGHT - 20 * MINUTE)
    await send_due(parts, TONIGHT - 20 * MINUTE)
    await send_due(parts, TOMORROW - LEAD)
    assert [kind for kind, _ in sent(parts)] == ["soon", "moved", "soon"]


async def test_moved_twice_before_anything_went_out_only_the_last_time_is_told(parts: Parts) -> None:
    account = await parts.account()
    series = await studio.series()
    episode = await studio.episode(series, TONIGHT)
    await parts.accept(account, 5)
    await follow(account, series)
    await airings.schedule(episode_id=episode, airs_at=TOMORROW, staff_id=1, at=NOON)
    await airings.schedule(episode_id=episode, airs_at=TOMORROW + DAY, staff_id=1, at=NOON + MINUTE)
    await send_due(parts, NOON + MINUTE)
    assert sent(parts) == [("moved", "2026年11月5日 19:30")]
    assert await waiting() == [(f"episode:{episode}:soon:2", TOMORROW + DAY - LEAD)]


async def test_moved_to_within_half_an_hour_the_reminder_alone_tells_it(parts: Parts) -> None:
    account = await parts.account()
    series = await studio.series()
    episode = await studio.episode(series, TOMORROW)
    await parts.accept(account, 5)
    await follow(account, series)
    await airings.schedule(episode_id=episode, airs_at=NOON + 20 * MINUTE, staff_id=1, at=NOON)
    await send_due(parts, NOON)
    assert sent(parts) == [("soon", "2026年11月3日 12:20")]


async def test_with_one_credit_left_the_change_waits_for_the_reminder(parts: Parts) -> None:
    account = await parts.account()
    series = await studio.series()
    episode = await studio.episode(series, TONIGHT)
    await parts.accept(account)
    await follow(account, series)
    await airings.schedule(episode_id=episode, airs_at=TOMORROW, staff_id=1, at=NOON)
    for at in (NOON, NOON + HOUR, TOMORROW - LEAD):
        await send_due(parts, at)
    assert sent(parts) == [("soon", "2026年11月4日 19:30")]
    await release_stale(parts, TOMORROW)
    assert await connection().value("SELECT state FROM message WHERE key = 'episode_moved'") == "no_credit"


async def test_a_cancelled_episode_is_told_of_and_not_reminded_of(parts: Parts) -> None:
    account = await parts.account()
    series = await studio.series()
    episode = await studio.episode(series, TONIGHT)
    await parts.accept(account)
    await follow(account, series)
    await airings.cancel(episode_id=episode, staff_id=1, at=NOON)
    for at in (NOON, TONIGHT - LEAD, TONIGHT):
        await send_due(parts, at)
    assert sent(parts) == [("cancelled", "2026年11月3日 19:30")]


async def test_an_episode_set_anew_after_its_cancellation_is_told_of_and_reminded_of(parts: Parts) -> None:
    account = await parts.account()
    series = await studio.series()
    episode = await studio.episode(series, TONIGHT)
    await parts.accept(account, 5)
    await follow(account, series)
    await airings.cancel(episode_id=episode, staff_id=1, at=NOON)
    await send_due(parts, NOON)
    await airings.schedule(episode_id=episode, airs_at=TOMORROW, staff_id=1, at=NOON + HOUR)
    await send_due(parts, NOON + HOUR)
    await send_due(parts, TOMORROW - LEAD)
    assert [kind for kind, _ in sent(parts)] == ["cancelled", "again", "soon"]


async def test_a_withdrawn_episode_is_told_as_cancelled_and_reminded_of_when_it_is_set_anew(parts: Parts) -> None:
    account = await parts.account()
    series = await studio.series()
    episode = await studio.episode(series, TONIGHT, title="直肠癌：能不能保肛")
    await parts.accept(account, 3)
    await follow(account, series)
    await publishing.withdraw(item_id=episode, staff_id=1, at=NOON, reason="more to do")
    assert await waiting() == [(f"episode:{episode}:cancelled:1", NOON)]
    for at in (NOON, TONIGHT - LEAD, TONIGHT):
        await send_due(parts, at)
    assert sent(parts) == [("cancelled", "2026年11月3日 19:30")]
    assert parts.sandbox.world.messages[0].values["thing1"] == "直肠癌：能不能保肛"
    await publish(item_id=episode, staff_id=1, at=NOON)
    assert await waiting() == []
    await airings.schedule(episode_id=episode, airs_at=TOMORROW, staff_id=1, at=NOON)
    assert (f"episode:{episode}:soon:2", TOMORROW - LEAD) in await waiting()


async def test_a_withdrawn_series_cancels_all_its_coming_episodes(parts: Parts) -> None:
    account = await parts.account()
    series = await studio.series()
    await studio.episode(series, NOON - DAY)
    coming = [await studio.episode(series, TONIGHT), await studio.episode(series, TOMORROW)]
    await follow(account, series)
    await publishing.withdraw(item_id=series, staff_id=1, at=NOON, reason="more to do")
    assert await waiting() == [(f"episode:{episode}:cancelled:1", NOON) for episode in coming]


async def test_an_episode_that_expires_before_it_airs_is_told_as_cancelled(parts: Parts) -> None:
    account = await parts.account()
    series = await studio.series()
    episode = await studio.episode(series, TOMORROW)
    await follow(account, series)
    await publish(item_id=series, staff_id=1, at=NOON, ends_at=TONIGHT)
    await timing.turn(at=TONIGHT)
    assert await waiting() == [(f"episode:{episode}:cancelled:1", TONIGHT)]


async def filmed(series: int, title: str) -> tuple[int, int]:
    signed = date(2025, 10, 1)
    given = await filming.register(
        code="CONSENT-1", scope=For.EVERYONE, de_identified=True, signed_on=signed, staff_id=1, at=NOON
    )
    film = {"asset": await a_file("video", seconds=float(studio.SECONDS))}
    episode = await studio.episode(series, TONIGHT, title=title, filmed_patient=True, consent_id=given.id, video=film)
    return given.id, episode


async def test_a_filmed_patients_withdrawal_is_told_without_the_title(parts: Parts) -> None:
    account = await parts.account()
    series = await studio.series()
    consent_id, _ = await filmed(series, "王女士的一天")
    await parts.accept(account)
    await follow(account, series)
    await filming.withdraw(consent_id=consent_id, staff_id=1, at=NOON)
    await send_due(parts, NOON)
    (message,) = parts.sandbox.world.messages
    assert message.values["thing1"] == "节目已取消"
    assert message.values["thing3"] == "本集取消播出，敬请谅解"


async def test_word_of_a_cancellation_outlives_a_withdrawal_but_not_that_of_a_consent(parts: Parts) -> None:
    account = await parts.account()
    series = await studio.series()
    plain = await studio.episode(series, TONIGHT)
    consent_id, secret = await filmed(series, "王女士的一天")
    await follow(account, series)
    for episode in (plain, secret):
        await airings.cancel(episode_id=episode, staff_id=1, at=NOON)
    await publishing.withdraw(item_id=plain, staff_id=1, at=NOON + MINUTE, reason="")
    await filming.withdraw(consent_id=consent_id, staff_id=1, at=NOON + MINUTE)
    assert await waiting() == [(f"episode:{plain}:cancelled:1", NOON)]


async def test_who_has_finished_an_episode_is_told_nothing_of_it(parts: Parts) -> None:
    account = await parts.account()
    series = await studio.series()
    episode = await studio.episode(series, TONIGHT)
    await follow(account, series)
    async with transaction():
        await log.record(
            EpisodeFinished(
                at=NOON, account_id=account, item_id=episode, series_id=series, covered_s=600, duration_s=600
            )
        )
    assert await waiting() == []
    await connection().execute(
        "INSERT INTO viewing (account_id, episode_id, length_ms, budget_ms, started_at, updated_at, finished_at) "
        "VALUES ($1, $2, 600000, 0, $3, $3, $3)",
        account,
        episode,
        NOON,
    )
    await airings.schedule(episode_id=episode, airs_at=TOMORROW, staff_id=1, at=NOON)
    await following.unfollow(reader=reader_of(account), series_id=series, at=NOON)
    await follow(account, series)
    await reminders.plan_missing(None, NOON)
    assert await waiting() == []


async def test_an_episode_for_others_is_not_told_of(parts: Parts) -> None:
    account = await parts.account()
    series = await studio.series()
    await follow(account, series)
    await studio.episode(series, TONIGHT, audience=For.PROFESSIONAL.value)
    assert await waiting() == []


async def test_consent_taken_back_cancels_and_given_again_reminds_again(parts: Parts) -> None:
    account = await parts.account()
    series = await studio.series()
    episode = await studio.episode(series, TONIGHT)
    await follow(account, series)
    await consent.withdraw(account_id=account, purpose="service", at=NOON)
    await airings.schedule(episode_id=episode, airs_at=TOMORROW, staff_id=1, at=NOON)
    await reminders.plan_missing(None, NOON)
    assert await waiting() == []
    await consent.grant(account_id=account, purpose="service", version="2026-11-01", at=NOON)
    assert await waiting() == [(f"episode:{episode}:soon:1", TOMORROW - LEAD)]


async def test_a_template_switched_on_later_still_reminds(parts: Parts) -> None:
    account = await parts.account()
    await template("episode_soon", enabled=False)
    series = await studio.series()
    episode = await studio.episode(series, TONIGHT)
    await follow(account, series)
    assert await waiting() == []
    await template("episode_soon")
    for _ in range(2):
        await reminders.plan_missing(None, NOON)
    assert await waiting() == [(f"episode:{episode}:soon:0", TONIGHT - LEAD)]


async def test_what_was_sent_is_not_planned_again_by_the_job(parts: Parts) -> None:
    account = await parts.account()
    series = await studio.series()
    await studio.episode(series, TONIGHT)
    await parts.accept(account, 2)
    await follow(account, series)
    await send_due(parts, TONIGHT - LEAD)
    await reminders.plan_missing(None, TONIGHT - LEAD)
    await send_due(parts, TONIGHT - LEAD + MINUTE)
    assert len(sent(parts)) == 1


@pytest.mark.parametrize("first", ["follow", "publish"])
async def test_following_while_an_episode_is_published_misses_nothing(parts: Parts, first: str) -> None:
    account = await parts.account()
    series = await studio.series()
    deeds = {"follow": lambda: follow(account, series), "publish": lambda: studio.episode(series, TONIGHT)}

    async def commit_late() -> None:
        async with transaction():
            await deeds[first]()
            await asyncio.sleep(0.3)

    async def meanwhile() -> None:
        await asyncio.sleep(0.1)
        await deeds["publish" if first == "follow" else "follow"]()

    await asyncio.gather(commit_late(), meanwhile())
    assert len(await waiting()) == 1


async def test_ten_thousand_followers_are_planned_for_in_a_few_statements(parts: Parts) -> None:
    account = await parts.account()
    series = await studio.series()
    episode = await studio.episode(series, TONIGHT)
    await connection().execute(
        "INSERT INTO account (app_id, audience, openid_hash, created_at) "
        "SELECT app_id, audience, sha256(number::text::bytea), created_at FROM account, "
        "generate_series(1, 10000) AS number WHERE id = $1",
        account,
    )
    await connection().execute(
        "INSERT INTO follow (account_id, series_id, created_at) SELECT id, $1, $2 FROM account", series, NOON
    )
    started = asyncio.get_running_loop().time()
    await airings.schedule(episode_id=episode, airs_at=TOMORROW, staff_id=1, at=NOON)
    lasted = asyncio.get_running_loop().time() - started
    assert len(await waiting()) == 20_002
    assert lasted < 10, f"planning for ten thousand followers took {lasted:.1f} s"


async def test_a_person_sees_what_will_be_sent_and_whether_there_is_a_credit_for_it(parts: Parts) -> None:
    account = await parts.account()
    series = await studio.series()
    first = await studio.episode(series, TONIGHT, title="第一集")
    second = await studio.episode(series, TOMORROW, title="第二集")
    await parts.accept(account)
    await follow(account, series)
    told = await messages.upcoming(account_id=account, at=NOON)
    assert [(one.item_id, one.texts["title"], one.has_credit) for one in told] == [
        (first, "第一集", True),
        (second, "第二集", False),
    ]
