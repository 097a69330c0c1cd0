"""Following a series, and leaving it again."""

import asyncio
from datetime import timedelta

import pytest

from cdp.consent import ConsentNeeded
from content import following, publishing
from content.access import ItemMissing
from server.core.db import connection
from tests.viewing_fixtures import NOON, doctor, episode, events, series, without_consent

pytestmark = pytest.mark.usefixtures("database")


async def followers() -> list[int]:
    return [row["account_id"] for row in await connection().fetch("SELECT account_id FROM follow")]


async def test_following_twice_changes_nothing_and_tells_nobody() -> None:
    reader, series_id = await doctor(), await series()
    first = await following.follow(reader=reader, series_id=series_id, at=NOON)
    again = await following.follow(reader=reader, series_id=series_id, at=NOON + timedelta(days=1))
    assert first == again
    assert (first.following, first.since, first.followers) == (True, NOON, 1)
    assert len(await events("series_follow")) == 1


async def test_following_many_times_at_once_counts_once() -> None:
    reader, series_id = await doctor(), await series()
    await asyncio.gather(*(following.follow(reader=reader, series_id=series_id, at=NOON) for _ in range(8)))
    assert await followers() == [reader.account_id]
    assert len(await events("series_follow")) == 1


async def test_leaving_twice_changes_nothing_and_tells_nobody() -> None:
    reader, series_id = await doctor(), await series()
    await following.follow(reader=reader, series_id=series_id, at=NOON)
    for _ in range(2):
        await following.unfollow(reader=reader, series_id=series_id, at=NOON)
    assert len(await events("series_unfollow")) == 1
    left = await following.following_of(reader=reader, series_id=series_id, at=NOON)
    assert (left.following, left.since, left.followers) == (False, None, 0)


async def test_only_a_series_that_can_be_seen_is_followed() -> None:
    reader, series_id = await doctor(), await series()
    for item_id in (await episode(series_id), await series(audience="patient"), 424_242):
        with pytest.raises(ItemMissing):
            await following.follow(reader=reader, series_id=item_id, at=NOON)


async def test_a_series_that_is_gone_can_still_be_left() -> None:
    reader, series_id = await doctor(), await series()
    await following.follow(reader=reader, series_id=series_id, at=NOON)
    await publishing.withdraw(item_id=series_id, reason="", staff_id=1, at=NOON)
    await following.unfollow(reader=reader, series_id=series_id, at=NOON)
    assert await followers() == []


async def test_nothing_is_kept_before_consent() -> None:
    series_id = await series()
    with pytest.raises(ConsentNeeded):
        await following.follow(reader=await without_consent(), series_id=series_id, at=NOON)
    assert await followers() == []
