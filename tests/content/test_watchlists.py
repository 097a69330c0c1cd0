"""A reader's own lists: in order, without repeats, and only what can still be read."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from content import following, publishing, reactions, reading, viewing, watchlists
from content.calendar import State
from content.ranges import Ranges
from server.core.roles import Reader
from tests.content.studio import publish
from tests.viewing_fixtures import BEGAN, NOON, SECONDS, cancelled, doctor, episode, series
from tests.written_fixtures import article, written

pytestmark = pytest.mark.usefixtures("database")
HOUR = timedelta(hours=1)


async def watch(reader: Reader, episode_id: int, seconds: float, *, at: Any = NOON) -> None:
    for number, moment in enumerate((at, at + timedelta(seconds=seconds))):
        await viewing.report_progress(
            reader=reader,
            item_id=episode_id,
            session="sitting",
            sequence=number,
            position_s=seconds,
            watched=Ranges.of_seconds([(0, seconds)]),
            at=moment,
        )


async def read(reader: Reader, item_id: int, percent: int, *, seconds: float = 10, at: Any = NOON) -> None:
    await reading.report(
        reader=reader, item_id=item_id, sitting="one", max_percent=percent, active_ms=round(seconds * 1000), at=at
    )


async def pages(listed: Callable[..., Awaitable[list[Any]]], place: Callable[[Any], Any], **values: Any) -> list[int]:
    """Read a list to its end, two entries at a time."""
    found: list[int] = []
    after = None
    while entries := await listed(after=after, most=2, **values):
        found += [entry.id for entry in entries]
        after = place(entries[-1])
    return found


async def test_one_goes_on_with_what_one_was_last_at() -> None:
    reader, series_id = await doctor(), await series()
    begun = [await episode(series_id) for _ in range(5)]
    for number, episode_id in enumerate(begun):
        await watch(reader, episode_id, 60, at=NOON + number * HOUR)
    finished = await episode(series_id)
    await watch(reader, finished, SECONDS, at=NOON)
    await episode(series_id)
    opened = await episode(series_id)
    await watch(reader, opened, 0)
    text = await article("读到一半")
    await read(reader, text, 40, at=NOON + 2.5 * HOUR)
    await read(reader, await article("读完"), 100, seconds=60)
    await read(reader, await article("打开就走"), 30, seconds=3)
    found = await pages(
        watchlists.unfinished, lambda entry: (entry.last_at, entry.id), reader=reader, at=NOON + 24 * HOUR
    )
    assert found == [begun[4], begun[3], text, begun[2], begun[1], begun[0]]
    entries = await watchlists.unfinished(reader=reader, at=NOON + 24 * HOUR)
    assert [(entry.kind, entry.share, entry.resume_s) for entry in entries[1:3]] == [
        ("episode", 0.1, 57),
        ("article", 0.4, 0),
    ]
    assert entries[1].series is not None
    assert (entries[1].series.id, entries[2].series) == (series_id, None)
    assert await watchlists.unfinished(reader=await doctor(), at=NOON) == []


async def test_one_catches_up_on_followed_episodes_that_have_aired() -> None:
    reader, followed, other = await doctor(), await series(), await series()
    await following.follow(reader=reader, series_id=followed, at=BEGAN)
    aired = [await episode(followed, NOON - number * HOUR) for number in range(5)]
    finished = await episode(followed, NOON - 50 * HOUR)
    await watch(reader, finished, SECONDS, at=NOON - 30 * HOUR)
    await episode(followed, NOON + timedelta(microseconds=1))
    await episode(other, NOON - HOUR)
    off = await episode(followed, NOON - HOUR)
    await cancelled(off, BEGAN)
    found = await pages(watchlists.catch_up, lambda entry: (entry.airs_at, entry.id), reader=reader, at=NOON)
    assert found == aired
    states = [entry.state for entry in await watchlists.catch_up(reader=reader, at=NOON)]
    assert states == [State.ON_AIR] + [State.MISSED] * 4


async def test_favourites_are_found_again_the_last_first() -> None:
    reader = await doctor()
    items = [await series(f"series {number}") for number in range(4)]
    items.append(await episode(items[0], title="one of its episodes"))
    for item_id in items:
        await reactions.favourite(reader=reader, item_id=item_id, at=NOON)
        await reactions.like(reader=reader, item_id=item_id, at=NOON)
    found = await pages(watchlists.favourites, lambda entry: entry.place, reader=reader, at=NOON)
    assert found == items[::-1]
    [last] = await watchlists.favourites(reader=reader, at=NOON, most=1)
    assert (last.kind, last.title, last.duration_s, last.since) == ("episode", "one of its episodes", SECONDS, NOON)
    assert last.series is not None
    assert last.series.title == "series 0"


async def test_favourites_are_of_every_kind_and_can_be_had_of_one() -> None:
    reader = await doctor()
    kinds = ("article", "video", "brand_account", "document")
    of = {kind: await written(kind) for kind in kinds}
    for item_id in of.values():
        await reactions.favourite(reader=reader, item_id=item_id, at=NOON)
    listed = await watchlists.favourites(reader=reader, at=NOON)
    assert [(one.id, one.kind, one.series) for one in listed] == [(of[kind], kind, None) for kind in kinds[::-1]]
    [video] = await watchlists.favourites(reader=reader, at=NOON, kind="video")
    assert (video.id, video.duration_s) == (of["video"], 600)


async def test_what_is_withdrawn_vanishes_from_every_list_and_comes_back_with_it() -> None:
    reader, series_id = await doctor(), await series()
    episode_id = await episode(series_id)
    await following.follow(reader=reader, series_id=series_id, at=BEGAN)
    await reactions.favourite(reader=reader, item_id=episode_id, at=NOON)
    await watch(reader, episode_id, 60)
    lists = (watchlists.unfinished, watchlists.catch_up, watchlists.favourites, watchlists.following)
    assert [len(await listed(reader=reader, at=NOON)) for listed in lists] == [1, 1, 1, 1]
    await publishing.withdraw(item_id=series_id, reason="", staff_id=1, at=NOON)
    assert [len(await listed(reader=reader, at=NOON)) for listed in lists] == [0, 0, 0, 0]
    await publish(item_id=series_id, staff_id=1, at=NOON)
    assert [len(await listed(reader=reader, at=NOON)) for listed in lists] == [1, 1, 1, 1]


async def test_a_followed_series_says_what_comes_next_and_what_is_left() -> None:
    reader = await doctor()
    followed = [await series(f"series {number}", problem="如何保肛？") for number in range(3)]
    for series_id in followed:
        await following.follow(reader=reader, series_id=series_id, at=NOON)
    await episode(followed[0], NOON - HOUR)
    done = await episode(followed[0], NOON - 2 * HOUR)
    await watch(reader, done, SECONDS, at=NOON - HOUR)
    await episode(followed[0], NOON + 3 * HOUR)
    await episode(followed[0], NOON + 2 * HOUR)
    off = await episode(followed[0], NOON + HOUR)
    await cancelled(off, BEGAN)
    found = await pages(watchlists.following, lambda entry: entry.place, reader=reader, at=NOON)
    assert found == followed[::-1]
    *_, first = await watchlists.following(reader=reader, at=NOON)
    assert (first.problem, first.next_airs_at, first.behind) == ("如何保肛？", NOON + 2 * HOUR, 1)
