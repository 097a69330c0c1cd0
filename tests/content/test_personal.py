"""What this room holds of people, and that nothing of it stays."""

from datetime import timedelta

import pytest

from content import asked, feed, following, personal, reactions, reading, viewing
from content.feed import FeedMissing
from content.ranges import Ranges
from server.core.db import connection, transaction
from server.core.roles import Reader
from tests.viewing_fixtures import NOON, doctor, episode, series
from tests.written_fixtures import article

pytestmark = pytest.mark.usefixtures("database")


async def busy(reader: Reader, series_id: int, episode_id: int) -> str:
    """Let a reader leave a trace in every table."""
    await following.follow(reader=reader, series_id=series_id, at=NOON)
    await reactions.favourite(reader=reader, item_id=series_id, at=NOON)
    await reactions.rate(reader=reader, item_id=series_id, stars=4, at=NOON)
    await reading.report(reader=reader, item_id=await article(), sitting="one", max_percent=50, active_ms=9000, at=NOON)
    await asked.ask(reader=reader, series_id=series_id, text="这一步为什么这样做？", at=NOON)
    await viewing.report_progress(
        reader=reader,
        item_id=episode_id,
        session="sitting",
        sequence=0,
        position_s=10,
        watched=Ranges.of([(0, 10_000)]),
        at=NOON,
    )
    return (await feed.renew(reader=reader, at=NOON)).token


async def test_a_person_gets_all_that_is_held_of_them_and_nothing_of_others() -> None:
    one, other, series_id = await doctor(), await doctor(), await series()
    episode_id = await episode(series_id)
    for reader in (one, other):
        await busy(reader, series_id, episode_id)
    told = await personal.export(account_ids=[one.account_id])
    assert told == {
        "viewing": [
            {
                "account_id": one.account_id,
                "item_id": episode_id,
                "watched_s": [(0, 10)],
                "position_s": 10,
                "started_at": NOON,
                "updated_at": NOON,
                "finished_at": None,
            }
        ],
        "reading": [
            {
                "account_id": one.account_id,
                "item_id": told["reading"][0]["item_id"],
                "max_percent": 50,
                "active_ms": 9000,
                "started_at": NOON,
                "updated_at": NOON,
                "finished_at": None,
            }
        ],
        "following": [{"account_id": one.account_id, "series_id": series_id, "since": NOON}],
        "reactions": [
            {
                "account_id": one.account_id,
                "reaction": reaction,
                "item_id": series_id,
                "stars": stars,
                "created_at": NOON,
                "updated_at": NOON,
            }
            for reaction, stars in (("favourite", None), ("rating", 4))
        ],
        "questions": [
            {
                "account_id": one.account_id,
                "series_id": series_id,
                "text": "这一步为什么这样做？",
                "created_at": NOON,
                "answer": "",
                "answered_at": None,
                "episode_id": None,
            }
        ],
        "calendar_feed": [{"account_id": one.account_id, "since": NOON}],
        "registrations": [],
        "broadcasts": [],
        "broadcast_questions": [],
        "poll_votes": [],
        "searches": [],
    }


async def test_of_an_erased_person_nothing_stays() -> None:
    one, other, series_id = await doctor(), await doctor(), await series()
    episode_id = await episode(series_id)
    token, others_token = [await busy(reader, series_id, episode_id) for reader in (one, other)]
    async with transaction():
        erased = await personal.erase(account_ids=[one.account_id], at=NOON)
    assert erased.rows == 7
    with pytest.raises(FeedMissing):
        await feed.feed_of(token=token, at=NOON)
    assert await feed.feed_of(token=others_token, at=NOON + timedelta(days=1))
    for table in ("viewing", "viewing_session", "follow", "reaction", "reading", "asked_question", "feed_address"):
        left = await connection().fetch(f"SELECT DISTINCT account_id FROM {table}")
        assert [row["account_id"] for row in left] == [other.account_id]
