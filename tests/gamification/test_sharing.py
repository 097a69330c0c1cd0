"""Sharing: counted, never named, never rewarded."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from cdp.consent import ConsentNeeded
from content import publishing
from content.access import ItemMissing
from gamification import sharing
from gamification.sharing import ShareMissing, ShareRow, VisitorNeeded
from server.core.db import connection, transaction
from server.core.keys import Sealer
from server.core.roles import GUEST, Reader
from server.core.settings import Settings
from tests.viewing_fixtures import NOON, doctor, episode, events, series, without_consent

pytestmark = pytest.mark.usefixtures("database")
DAY = timedelta(days=1)


@pytest.fixture
def sealer(settings: Settings) -> Sealer:
    return Sealer(settings.key_bytes[0])


async def openings(reader: Reader) -> list[int]:
    return [row.openings for row in await sharing.shares_of(reader=reader)]


async def test_a_share_says_what_the_item_is_and_leads_to_its_page() -> None:
    reader, series_id = await doctor(), await series()
    episode_id = await episode(series_id, title="直肠癌保肛")
    card = await sharing.share(reader=reader, item_id=episode_id, channel="friend", at=NOON)
    assert len(card.share_id) == 22
    assert card.share_id.isalnum()
    assert (card.item_id, card.title) == (episode_id, "直肠癌保肛")
    assert card.path == f"pages/episode?id={episode_id}&share={card.share_id}"
    assert card.cover is not None
    assert card.cover.alt == "手术室"
    [event] = await events("content_share")
    assert event["body"] == {
        "item_id": episode_id,
        "kind": "episode",
        "share_id": card.share_id,
        "channel": "friend",
    }
    assert await sharing.shares_of(reader=reader) == [
        ShareRow(share_id=card.share_id, item_id=episode_id, channel="friend", created_at=NOON, openings=0)
    ]


async def test_a_visitor_counts_once_a_day(sealer: Sealer) -> None:
    sharer, friend, item_id = await doctor(), await doctor(), await series()
    card = await sharing.share(reader=sharer, item_id=item_id, channel="friend", at=NOON)

    async def opened(reader: Reader, visitor: str, at: datetime) -> None:
        found = await sharing.open_share(share_id=card.share_id, reader=reader, visitor=visitor, sealer=sealer, at=at)
        assert found.item_id == item_id

    for visitor in ("phone-1", "phone-2"):
        for _ in range(3):
            await opened(GUEST, visitor, NOON)
            await opened(friend, visitor, NOON)
    assert await openings(sharer) == [3]
    # A day ends at midnight in Shanghai, 16:00 UTC.
    await opened(GUEST, "phone-1", datetime(2026, 11, 15, 15, 59, 59, tzinfo=UTC))
    assert await openings(sharer) == [3]
    await opened(GUEST, "phone-1", datetime(2026, 11, 15, 16, tzinfo=UTC))
    assert await openings(sharer) == [4]


async def test_a_visitor_counts_once_however_many_openings_come_at_once(sealer: Sealer) -> None:
    sharer, item_id = await doctor(), await series()
    card = await sharing.share(reader=sharer, item_id=item_id, channel="friend", at=NOON)
    await asyncio.gather(
        *(
            sharing.open_share(share_id=card.share_id, reader=GUEST, visitor=f"phone-{n % 4}", sealer=sealer, at=NOON)
            for n in range(24)
        )
    )
    assert await openings(sharer) == [4]


async def test_every_share_counts_for_itself(sealer: Sealer) -> None:
    sharer, item_id = await doctor(), await series()
    made = [await sharing.share(reader=sharer, item_id=item_id, channel="poster", at=NOON) for _ in range(2)]
    for card in made:
        await sharing.open_share(share_id=card.share_id, reader=GUEST, visitor="phone-1", sealer=sealer, at=NOON)
    assert await openings(sharer) == [1, 1]


async def test_the_sharers_own_openings_are_none(sealer: Sealer) -> None:
    sharer, item_id = await doctor(), await series()
    card = await sharing.share(reader=sharer, item_id=item_id, channel="friend", at=NOON)
    await sharing.open_share(share_id=card.share_id, reader=sharer, visitor="phone-1", sealer=sealer, at=NOON)
    assert await openings(sharer) == [0]
    assert await events("share_opened") == []


async def test_who_opened_a_share_is_nowhere_to_be_read(sealer: Sealer) -> None:
    sharer, friend, item_id = await doctor(), await doctor(), await series()
    card = await sharing.share(reader=sharer, item_id=item_id, channel="friend", at=NOON)
    await sharing.open_share(share_id=card.share_id, reader=friend, visitor="", sealer=sealer, at=NOON)
    await sharing.open_share(share_id=card.share_id, reader=GUEST, visitor="phone-1", sealer=sealer, at=NOON)
    kept = await connection().fetch("SELECT visitor FROM share_opening")
    assert [len(row["visitor"]) for row in kept] == [32, 32]
    assert not any(b"phone" in row["visitor"] for row in kept)
    assert {name for row in await sharing.shares_of(reader=sharer) for name in row.__struct_fields__} == {
        "share_id",
        "item_id",
        "channel",
        "created_at",
        "openings",
    }


async def test_openings_are_in_the_log(sealer: Sealer) -> None:
    sharer, friend, item_id = await doctor(), await doctor(), await series()
    card = await sharing.share(reader=sharer, item_id=item_id, channel="friend", at=NOON)
    for _ in range(2):
        await sharing.open_share(share_id=card.share_id, reader=friend, visitor="", sealer=sealer, at=NOON)
    told = await events("share_opened")
    assert [(event["account_id"], event["body"]["first"]) for event in told] == [
        (friend.account_id, True),
        (friend.account_id, False),
    ]


async def test_what_is_no_share_leads_nowhere(sealer: Sealer) -> None:
    for share_id in ("", "0" * 22, "x" * 400):
        with pytest.raises(ShareMissing):
            await sharing.open_share(share_id=share_id, reader=GUEST, visitor="phone-1", sealer=sealer, at=NOON)


async def test_a_guest_without_a_device_cannot_be_counted(sealer: Sealer) -> None:
    with pytest.raises(VisitorNeeded):
        await sharing.open_share(share_id="0" * 22, reader=GUEST, visitor="", sealer=sealer, at=NOON)


async def test_only_what_can_be_read_is_shared_and_only_with_consent() -> None:
    reader, item_id = await doctor(), await series()
    with pytest.raises(ItemMissing):
        await sharing.share(reader=reader, item_id=await series(audience="patient"), channel="friend", at=NOON)
    with pytest.raises(ConsentNeeded):
        await sharing.share(reader=await without_consent(), item_id=item_id, channel="friend", at=NOON)
    assert await connection().value("SELECT count(*) FROM share") == 0


async def test_a_share_outlives_its_item(sealer: Sealer) -> None:
    sharer, item_id = await doctor(), await series()
    card = await sharing.share(reader=sharer, item_id=item_id, channel="friend", at=NOON)
    await publishing.withdraw(item_id=item_id, reason="", staff_id=1, at=NOON)
    opened = await sharing.open_share(share_id=card.share_id, reader=GUEST, visitor="p", sealer=sealer, at=NOON)
    assert opened.item_id == item_id


async def test_shares_are_listed_the_last_first_and_each_once() -> None:
    one, other, item_id = await doctor(), await doctor(), await series()
    made = []
    for number in range(5):
        at = NOON + timedelta(seconds=number // 2)
        made.append((await sharing.share(reader=one, item_id=item_id, channel="link", at=at)).share_id)
        await sharing.share(reader=other, item_id=item_id, channel="link", at=at)
    found, after = [], None
    while rows := await sharing.shares_of(reader=one, after=after, most=2):
        found += [row.share_id for row in rows]
        after = (rows[-1].created_at, rows[-1].share_id)
    assert sorted(found) == sorted(made)
    assert found[0] == made[-1]


async def test_visitors_are_forgotten_and_the_count_stays(sealer: Sealer) -> None:
    sharer, item_id = await doctor(), await series()
    card = await sharing.share(reader=sharer, item_id=item_id, channel="friend", at=NOON)
    await sharing.open_share(share_id=card.share_id, reader=GUEST, visitor="phone-1", sealer=sealer, at=NOON)
    await sharing.forget_visitors(None, NOON + DAY)
    assert await connection().value("SELECT count(*) FROM share_opening") == 1
    await sharing.forget_visitors(None, NOON + 2 * DAY)
    assert await connection().value("SELECT count(*) FROM share_opening") == 0
    assert await openings(sharer) == [1]


async def test_a_person_gets_their_shares_and_of_an_erased_one_none_stay(sealer: Sealer) -> None:
    one, other, item_id = await doctor(), await doctor(), await series()
    cards = [await sharing.share(reader=reader, item_id=item_id, channel="link", at=NOON) for reader in (one, other)]
    await sharing.open_share(share_id=cards[0].share_id, reader=GUEST, visitor="p", sealer=sealer, at=NOON)
    [told] = await sharing.export(account_ids=[one.account_id])
    assert (told["share_id"], told["openings"]) == (cards[0].share_id, 1)
    async with transaction():
        assert (await sharing.erase(account_ids=[one.account_id], at=NOON)).rows == 1
    with pytest.raises(ShareMissing):
        await sharing.open_share(share_id=cards[0].share_id, reader=GUEST, visitor="p", sealer=sealer, at=NOON)
    assert len(await sharing.shares_of(reader=other)) == 1
