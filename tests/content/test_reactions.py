"""Favourites, likes and ratings: there once, told once, and taken back at any time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cdp.consent import ConsentNeeded
from content import publishing, reactions
from content.access import ItemMissing, ProfessionalNeeded, Withdrawn
from server.core.db import connection
from tests.viewing_fixtures import NOON, doctor, episode, events, series, without_consent

pytestmark = pytest.mark.usefixtures("database")

Deed = Callable[..., Awaitable[Any]]
PAIRS: list[tuple[Deed, Deed, str, str, str]] = [
    (reactions.favourite, reactions.unfavourite, "favourite", "content_favorite", "content_unfavorite"),
    (reactions.like, reactions.unlike, "like", "content_like", "content_unlike"),
]


@pytest.mark.parametrize(("say", "take_back", "name", "said", "taken"), PAIRS, ids=["favourite", "like"])
async def test_saying_it_again_changes_nothing_and_tells_nobody(
    say: Deed, take_back: Deed, name: str, said: str, taken: str
) -> None:
    reader, item_id = await doctor(), await series()
    for _ in range(2):
        result = await say(reader=reader, item_id=item_id, at=NOON)
        assert getattr(result, name) is True
        assert getattr(result, f"{name}s") == 1
    assert [event["body"] for event in await events(said)] == [{"kind": "series", "item_id": item_id}]
    for _ in range(2):
        await take_back(reader=reader, item_id=item_id, at=NOON)
    assert len(await events(taken)) == 1
    assert getattr(await reactions.reactions_of(reader=reader, item_id=item_id, at=NOON), name) is False


async def test_saying_it_many_times_at_once_counts_once() -> None:
    reader, item_id = await doctor(), await series()
    await asyncio.gather(*(reactions.like(reader=reader, item_id=item_id, at=NOON) for _ in range(8)))
    assert (await reactions.reactions_of(reader=reader, item_id=item_id, at=NOON)).likes == 1
    assert len(await events("content_like")) == 1


async def test_a_rating_takes_the_place_of_the_one_before() -> None:
    one, other, item_id = await doctor(), await doctor(), await series()
    await reactions.rate(reader=other, item_id=item_id, stars=5, at=NOON)
    for stars in (1, 2, 2):
        result = await reactions.rate(reader=one, item_id=item_id, stars=stars, at=NOON)
    assert (result.stars, result.ratings, result.mean_stars) == (2, 2, 3.5)
    await reactions.unrate(reader=one, item_id=item_id, at=NOON)
    after = await reactions.reactions_of(reader=one, item_id=item_id, at=NOON)
    assert (after.stars, after.ratings, after.mean_stars) == (None, 1, 5.0)
    told = [event["body"] for event in await events("content_rate") if event["account_id"] == one.account_id]
    assert [body["stars"] for body in told] == [1, 2, None]


async def test_nobody_has_rated_is_no_figure() -> None:
    reader, item_id = await doctor(), await series()
    nothing = await reactions.reactions_of(reader=reader, item_id=item_id, at=NOON)
    assert (nothing.stars, nothing.ratings, nothing.mean_stars) == (None, 0, None)


async def test_what_others_think_is_counted_and_not_named() -> None:
    one, other, item_id = await doctor(), await doctor(), await series()
    await reactions.favourite(reader=other, item_id=item_id, at=NOON)
    seen = await reactions.reactions_of(reader=one, item_id=item_id, at=NOON)
    assert (seen.favourite, seen.favourites) == (False, 1)
    assert seen.like is False


async def test_what_cannot_be_seen_cannot_be_liked_but_can_be_let_go() -> None:
    reader, series_id = await doctor(), await series()
    hidden = await episode(series_id, audience="professional")
    with pytest.raises(ProfessionalNeeded):
        await reactions.like(reader=reader, item_id=hidden, at=NOON)
    with pytest.raises(ItemMissing):
        await reactions.rate(reader=reader, item_id=424_242, stars=1, at=NOON)
    await reactions.favourite(reader=reader, item_id=series_id, at=NOON)
    await publishing.withdraw(item_id=series_id, reason="", staff_id=1, at=NOON)
    with pytest.raises(Withdrawn):
        await reactions.favourite(reader=reader, item_id=series_id, at=NOON)
    await reactions.unfavourite(reader=reader, item_id=series_id, at=NOON)
    await reactions.unfavourite(reader=reader, item_id=424_242, at=NOON)
    assert await connection().value("SELECT count(*) FROM reaction") == 0


async def test_nothing_is_kept_before_consent() -> None:
    reader, item_id = await without_consent(), await series()
    with pytest.raises(ConsentNeeded):
        await reactions.like(reader=reader, item_id=item_id, at=NOON)
    assert (await reactions.reactions_of(reader=reader, item_id=item_id, at=NOON)).likes == 0


async def test_the_database_itself_refuses_stars_that_are_none() -> None:
    item_id = await series()
    for kind, stars in (("rating", 6), ("rating", None), ("like", 3), ("dislike", None)):
        with pytest.raises(Exception, match="check constraint"):
            await connection().execute(
                "INSERT INTO reaction (account_id, item_id, kind, stars, created_at, updated_at) "
                "VALUES (1, $1, $2, $3, now(), now())",
                item_id,
                kind,
                stars,
            )
