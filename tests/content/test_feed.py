"""The personal calendar feed: whose it is, what is in it, and how it follows changes."""

import asyncio
from datetime import timedelta

import pytest

from cdp import consent
from cdp.consent import ConsentNeeded
from content import airings, feed, filming, following, publishing, timing
from content.feed import FeedMissing
from content.parts import Audience as For
from server.core.db import connection
from server.core.roles import Reader
from tests import ical_rules
from tests.content.studio import a_file, publish
from tests.ical_rules import Component
from tests.viewing_fixtures import BEGAN, NOON, SECONDS, airing, cancelled, doctor, episode, series, without_consent

pytestmark = pytest.mark.usefixtures("database")
DAY = timedelta(days=1)


async def subscriber(*series_ids: int) -> tuple[Reader, str]:
    reader = await doctor()
    for series_id in series_ids:
        await following.follow(reader=reader, series_id=series_id, at=BEGAN)
    return reader, (await feed.renew(reader=reader, at=BEGAN)).token


async def events_of(token: str, *, at: object = NOON) -> dict[str, Component]:
    calendar = ical_rules.read(await feed.feed_of(token=token, at=at))  # type: ignore[arg-type]  # a time
    return {event.text("UID"): event for event in calendar.all("VEVENT")}


async def test_the_feed_has_the_episodes_of_followed_series_in_order() -> None:
    followed, other = await series("医探究竟"), await series()
    later = await episode(followed, NOON + DAY, title="第二集, 下", summary="先看；再做")
    sooner = await episode(followed, NOON - DAY, title="第一集")
    await episode(other, NOON)
    await episode(followed, None)
    _, token = await subscriber(followed)
    found = await events_of(token)
    assert list(found) == [f"episode-{sooner}@xinglin", f"episode-{later}@xinglin"]
    event = found[f"episode-{later}@xinglin"]
    assert event.text("SUMMARY") == "医探究竟｜第二集, 下"
    assert event.text("DESCRIPTION") == "先看；再做"
    assert event.time("DTEND") - event.time("DTSTART") == timedelta(seconds=SECONDS)


async def test_a_change_of_time_raises_the_sequence_and_keeps_the_uid() -> None:
    series_id = await series()
    episode_id = await episode(series_id, NOON)
    _, token = await subscriber(series_id)
    [(uid, before)] = (await events_of(token)).items()
    await airing(episode_id, NOON + DAY, at=NOON - DAY)
    after = (await events_of(token))[uid]
    assert int(after.values["SEQUENCE"][0]) == int(before.values["SEQUENCE"][0]) + 1
    assert after.time("LAST-MODIFIED") == (NOON - DAY).replace(tzinfo=None)
    assert after.time("DTSTART") - before.time("DTSTART") == DAY


async def test_a_cancelled_episode_is_told_for_thirty_days() -> None:
    series_id = await series()
    episode_id = await episode(series_id, NOON)
    _, token = await subscriber(series_id)
    [(uid, before)] = (await events_of(token)).items()
    at = NOON - DAY
    await cancelled(episode_id, at)
    after = (await events_of(token, at=at))[uid]
    assert after.text("STATUS") == "CANCELLED"
    assert int(after.values["SEQUENCE"][0]) == int(before.values["SEQUENCE"][0]) + 1
    assert uid in await events_of(token, at=at + 30 * DAY - timedelta(seconds=1))
    assert uid not in await events_of(token, at=at + 30 * DAY)
    await airings.schedule(episode_id=episode_id, airs_at=NOON + DAY, staff_id=1, at=at)
    again = (await events_of(token, at=at))[uid]
    assert again.text("STATUS") == "CONFIRMED"
    assert int(again.values["SEQUENCE"][0]) == int(before.values["SEQUENCE"][0]) + 2


@pytest.mark.parametrize("upper", [False, True], ids=["the episode", "its series"])
async def test_what_is_withdrawn_before_it_airs_is_told_as_cancelled_for_thirty_days(upper: bool) -> None:
    series_id = await series("医探究竟")
    episode_id = await episode(series_id, NOON, title="第一集")
    await episode(series_id, NOON + DAY, audience="professional")
    _, token = await subscriber(series_id)
    [(uid, before)] = (await events_of(token)).items()
    at = NOON - DAY
    await publishing.withdraw(item_id=series_id if upper else episode_id, reason="", staff_id=1, at=at)
    [(same, after)] = (await events_of(token, at=at)).items()
    assert (same, after.text("STATUS"), after.text("SUMMARY")) == (uid, "CANCELLED", "【已取消】医探究竟｜第一集")
    assert int(after.values["SEQUENCE"][0]) == int(before.values["SEQUENCE"][0]) + 1
    assert after.time("LAST-MODIFIED") == at.replace(tzinfo=None)
    assert (after.time("DTSTART"), after.time("DTEND")) == (before.time("DTSTART"), before.time("DTEND"))
    assert uid in await events_of(token, at=at + 30 * DAY - timedelta(seconds=1))
    assert await events_of(token, at=at + 30 * DAY) == {}
    await publish(item_id=series_id if upper else episode_id, staff_id=1, at=at)
    assert (await events_of(token, at=at))[uid].text("STATUS") == "CANCELLED"
    await airings.schedule(episode_id=episode_id, airs_at=NOON, staff_id=1, at=at)
    again = (await events_of(token, at=at))[uid]
    assert again.text("STATUS") == "CONFIRMED"
    assert int(again.values["SEQUENCE"][0]) == int(before.values["SEQUENCE"][0]) + 2


@pytest.mark.parametrize("withdrawn_first", [False, True], ids=["shown", "taken back before"])
@pytest.mark.parametrize("by_file", [False, True], ids=["by its text", "by its film"])
async def test_a_filmed_patients_withdrawal_hides_the_title_in_the_feed(withdrawn_first: bool, by_file: bool) -> None:
    given = await filming.register(
        code="CONSENT-1", scope=For.EVERYONE, de_identified=True, signed_on=BEGAN.date(), staff_id=1, at=BEGAN
    )
    series_id = await series("医探究竟")
    film = await a_file("video", seconds=float(SECONDS))
    rests = {} if by_file else {"filmed_patient": True, "consent_id": given.id}
    episode_id = await episode(series_id, NOON, title="王女士的一天", summary="王女士", video={"asset": film}, **rests)
    # A film that was published before it was known whom it shows.
    await connection().execute("UPDATE asset SET consent_id = $2 WHERE id = $1", film, given.id)
    _, token = await subscriber(series_id)
    at = NOON - DAY
    if withdrawn_first:
        await publishing.withdraw(item_id=episode_id, reason="", staff_id=1, at=at)
    await filming.withdraw(consent_id=given.id, staff_id=1, at=at)
    written = (await feed.feed_of(token=token, at=at)).decode()
    assert "王女士" not in written
    [event] = (await events_of(token, at=at)).values()
    assert (event.text("STATUS"), event.text("SUMMARY")) == ("CANCELLED", "【已取消】医探究竟｜节目已取消")


async def test_what_expires_before_it_airs_is_told_as_cancelled() -> None:
    series_id = await series()
    episode_id = await episode(series_id, NOON + DAY)
    _, token = await subscriber(series_id)
    await publish(item_id=episode_id, staff_id=1, at=NOON - DAY, ends_at=NOON)
    await timing.turn(at=NOON)
    [event] = (await events_of(token)).values()
    assert event.text("STATUS") == "CANCELLED"


async def test_what_may_not_be_read_is_not_in_the_feed() -> None:
    series_id = await series()
    gone = await episode(series_id, NOON)
    await episode(series_id, NOON, audience="professional")
    reader, token = await subscriber(series_id)
    assert len(await events_of(token)) == 1
    await publishing.withdraw(item_id=gone, reason="", staff_id=1, at=NOON)
    assert await events_of(token) == {}
    await publish(item_id=gone, staff_id=1, at=NOON)
    await following.unfollow(reader=reader, series_id=series_id, at=NOON)
    assert await events_of(token) == {}


async def test_a_new_address_takes_the_place_of_the_one_before() -> None:
    reader, token = await subscriber()
    fresh = await feed.renew(reader=reader, at=NOON)
    with pytest.raises(FeedMissing):
        await feed.feed_of(token=token, at=NOON)
    assert await events_of(fresh.token) == {}
    assert await feed.made_at(reader=reader) == NOON
    assert fresh.token not in repr(fresh)


async def test_of_many_addresses_made_at_once_one_is_good() -> None:
    reader = await doctor()
    made = await asyncio.gather(*(feed.renew(reader=reader, at=NOON) for _ in range(5)))
    assert len({address.token for address in made}) == 5
    good = 0
    for address in made:
        try:
            await feed.feed_of(token=address.token, at=NOON)
        except FeedMissing:
            continue
        good += 1
    assert good == 1


async def test_an_address_is_long_and_its_token_is_nowhere_kept() -> None:
    _, token = await subscriber()
    assert len(token) == 22, "22 letters of 62 are 130 bits"
    stored = await connection().value("SELECT feed_address::text FROM feed_address")
    assert token not in stored


async def test_an_address_that_was_taken_back_leads_nowhere() -> None:
    reader, token = await subscriber()
    for _ in range(2):
        await feed.revoke(reader=reader)
    for wrong in (token, token[:-1], token + "a", "", "x" * 500, token.swapcase()):
        with pytest.raises(FeedMissing):
            await feed.feed_of(token=wrong, at=NOON)
    assert await feed.made_at(reader=reader) is None


async def test_no_address_without_consent() -> None:
    with pytest.raises(ConsentNeeded):
        await feed.renew(reader=await without_consent(), at=NOON)


async def test_the_feed_rests_while_consent_is_taken_back() -> None:
    reader, token = await subscriber()
    await consent.withdraw(account_id=reader.account_id, purpose="service", at=NOON)
    with pytest.raises(FeedMissing):
        await feed.feed_of(token=token, at=NOON)


async def test_the_feed_changes_only_with_what_it_tells_of() -> None:
    series_id = await series()
    episode_id = await episode(series_id, NOON + DAY)
    _, token = await subscriber(series_id)
    before = await feed.feed_of(token=token, at=NOON)
    assert await feed.feed_of(token=token, at=NOON + timedelta(hours=5)) == before
    await airing(episode_id, NOON + 2 * DAY, at=NOON)
    assert await feed.feed_of(token=token, at=NOON) != before
