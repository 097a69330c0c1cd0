"""The home feed: its order and reasons, and that nothing comes twice and nothing comes that may not be read."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from content import boards, following, home_feed, pins, publishing, reading, viewing
from content.home_feed import FeedEntry, Place, Reason
from content.ranges import Ranges
from server.core.roles import GUEST, Reader, Role
from server.web.replies import cursor
from tests.viewing_fixtures import NOON, cancelled, doctor, episode, series
from tests.written_fixtures import article, written

pytestmark = pytest.mark.usefixtures("database")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LATER = NOON + DAY


async def whole(reader: Reader, *, limit: int = 3, at: Any = LATER) -> list[FeedEntry]:
    found: list[FeedEntry] = []
    after: Place | None = None
    while True:
        entries, after = await home_feed.feed_of(reader=reader, at=at, after=after, limit=limit)
        found += entries
        if after is None:
            return found


def told(entries: Sequence[FeedEntry]) -> list[tuple[str, int]]:
    return [(entry.reason.value, entry.item.id) for entry in entries]


async def watch(reader: Reader, episode_id: int) -> None:
    for number, at in enumerate((NOON, NOON + MINUTE)):
        await viewing.report_progress(
            reader=reader,
            item_id=episode_id,
            session="s",
            sequence=number,
            position_s=60,
            watched=Ranges.of_seconds([(0, 60)]),
            at=at,
        )


async def test_held_then_begun_then_followed_then_new_each_once_with_its_reason() -> None:
    reader = await doctor()
    texts = [await article(f"{number}", at=NOON + number * MINUTE) for number in range(5)]
    show = await series(
        "追的",
    )
    other = await series("没追的")
    begun, fresh = await episode(show, NOON - 3 * HOUR), await episode(show, NOON - 2 * HOUR)
    await episode(show, NOON - 30 * DAY)
    await episode(show, LATER + HOUR)
    await cancelled(await episode(show, NOON + HOUR), NOON)
    await episode(other, NOON - HOUR)
    await following.follow(reader=reader, series_id=show, at=NOON)
    await watch(reader, begun)
    await reading.report(reader=reader, item_id=texts[1], sitting="r", max_percent=40, active_ms=9000, at=NOON + HOUR)
    await pins.arrange(place="home", item_ids=[texts[0], texts[1]], staff_id=1, at=NOON)
    expected = [
        ("pinned", texts[0]),
        ("pinned", texts[1]),
        ("unfinished", begun),
        ("followed", fresh),
        ("new", texts[4]),
        ("new", texts[3]),
        ("new", texts[2]),
        ("new", other),
        ("new", show),
    ]
    for limit in (1, 2, 3, 4, 20):
        assert told(await whole(reader, limit=limit)) == expected
    entries = await whole(reader)
    assert (entries[1].share, entries[2].share, entries[2].resume_s) == (0.4, 0.1, 57)
    assert entries[2].series is not None
    assert (entries[2].series.title, entries[2].item.kind, entries[2].airs_at) == ("追的", "episode", NOON - 3 * HOUR)
    assert entries[4].series is None


async def test_a_guest_gets_what_is_held_and_what_is_new() -> None:
    first, held = await article("first"), await article("held", at=NOON + MINUTE)
    inside = await article("inside", audience="doctor")
    medicine = await written("product", "medicine")
    await pins.arrange(place="home", item_ids=[medicine, held], staff_id=1, at=NOON)
    assert told(await whole(GUEST)) == [("pinned", held), ("new", first)]
    professional = Reader(1, frozenset({Role.DOCTOR, Role.PROFESSIONAL}))
    assert told(await whole(professional))[:2] == [("pinned", medicine), ("pinned", held)]
    assert ("new", inside) in told(await whole(Reader(1, frozenset({Role.DOCTOR}))))


async def test_what_appears_meanwhile_is_seen_when_the_feed_is_begun_anew() -> None:
    made = [await article(f"{number}", at=NOON + number * MINUTE) for number in range(4)]
    entries, after = await home_feed.feed_of(reader=GUEST, at=NOON + HOUR, limit=2)
    fresh = await article("fresh", at=NOON + HOUR + MINUTE)
    further, end = await home_feed.feed_of(reader=GUEST, at=NOON + 2 * HOUR, after=after, limit=20)
    assert [one.item.id for one in (*entries, *further)] == made[::-1]
    assert end is None
    assert (await whole(GUEST))[0].item.id == fresh


async def test_an_empty_feed_is_one() -> None:
    assert await home_feed.feed_of(reader=GUEST, at=NOON) == ([], None)
    assert await home_feed.feed_of(reader=await doctor(), at=NOON) == ([], None)


@pytest.mark.parametrize("seed", range(8))
async def test_nothing_comes_twice_and_nothing_hidden_comes_whatever_happens_meanwhile(seed: int) -> None:
    chance = random.Random(seed)
    reader = await doctor()
    made = [await article(f"{number}", at=NOON + number * MINUTE) for number in range(9)]
    show = await series()
    made += [show, await episode(show, NOON - HOUR), await episode(show, NOON - 2 * HOUR)]
    await following.follow(reader=reader, series_id=show, at=NOON)
    await watch(reader, made[-1])
    await pins.arrange(place="home", item_ids=chance.sample(made[:9], 3), staff_id=1, at=NOON)
    hidden: set[int] = set()
    at = LATER
    seen: list[int] = []
    after: Place | None = None
    for _ in range(40):
        entries, after = await home_feed.feed_of(reader=reader, at=at, after=after, limit=chance.choice([1, 2, 3]))
        ids = [entry.item.id for entry in entries]
        assert not hidden & set(ids)
        seen += ids
        if after is None:
            break
        at += MINUTE
        deed = chance.choice(["publish", "withdraw", "again", "pin", "watch", "read"])
        if deed == "publish":
            await article("new", at=at)
        elif deed == "withdraw" and (left := [item_id for item_id in made[:9] if item_id not in hidden]):
            item_id = chance.choice(left)
            await publishing.withdraw(item_id=item_id, reason="", staff_id=1, at=at)
            hidden.add(item_id)
        elif deed == "again" and hidden:
            item_id = chance.choice(sorted(hidden))
            await publishing.publish(item_id=item_id, staff_id=1, at=at)
            hidden.discard(item_id)
        elif deed == "pin":
            await pins.arrange(place="home", item_ids=chance.sample(made[:9], 4), staff_id=1, at=at)
        elif deed == "watch":
            await watch(reader, made[10])
        elif deed == "read" and (left := [item_id for item_id in made[:9] if item_id not in hidden]):
            await reading.report(
                reader=reader, item_id=chance.choice(left), sitting="r", max_percent=30, active_ms=9000, at=at
            )
    assert after is None
    assert len(seen) == len(set(seen))


def test_the_longest_cursor_fits_its_door() -> None:
    ids = tuple(range(10**10, 10**10 + pins.MOST))
    longest = Place(
        2 * 10**15, ids, ids[: home_feed.MOST_BEGUN], ids[: home_feed.MOST_FOLLOWED], 60, 2 * 10**15, 10**11
    )
    assert len(cursor(*msgspec.structs.astuple(longest))) <= 560
    assert len(cursor(*msgspec.structs.astuple(boards.Place("newest", ids, 20, 2 * 10**15, 10**11)))) <= 500


def test_a_head_names_everything_once() -> None:
    place = Place(0, (1, 2), (2, 3), (3, 4, 1), 0, 0, 1)
    assert place.head == [
        (Reason.PINNED, 1),
        (Reason.PINNED, 2),
        (Reason.UNFINISHED, 3),
        (Reason.FOLLOWED, 4),
    ]
