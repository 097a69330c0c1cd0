"""Favourites, likes and ratings: what a reader thinks of an item.

The rule: each is there once a reader and item, and doing it again changes nothing and tells nobody. What one has said
can be taken back at any time, also of an item that is not to be read any more.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from cdp import log
from cdp.events import ContentFavorited, ContentLiked, ContentRated, ContentUnfavorited, ContentUnliked, Event
from content import access, keeping
from server.core.db import connection, transaction
from server.core.roles import Reader

FAVOURITE: Final = "favourite"
LIKE: Final = "like"
RATING: Final = "rating"


class Reactions(Struct, frozen=True, kw_only=True):
    """What this reader and all readers think of an item; ``mean_stars`` is missing where nobody has rated it."""

    item_id: int
    favourite: bool
    like: bool
    stars: int | None
    favourites: int
    likes: int
    ratings: int
    mean_stars: float | None


async def favourite(*, reader: Reader, item_id: int, at: datetime) -> Reactions:
    """Put an item among the reader's favourites.

    :raises ItemMissing: if there is no such item for this reader; also `Withdrawn`, `Expired`.
    :raises ConsentNeeded: if the reader has not agreed to anything being kept.
    """
    return await _say(FAVOURITE, None, ContentFavorited, reader=reader, item_id=item_id, at=at)


async def unfavourite(*, reader: Reader, item_id: int, at: datetime) -> None:
    """Take an item out of the reader's favourites."""
    await _take_back(FAVOURITE, ContentUnfavorited, reader=reader, item_id=item_id, at=at)


async def like(*, reader: Reader, item_id: int, at: datetime) -> Reactions:
    """Like an item.

    :raises ItemMissing: if there is no such item for this reader; also `Withdrawn`, `Expired`.
    :raises ConsentNeeded: if the reader has not agreed to anything being kept.
    """
    return await _say(LIKE, None, ContentLiked, reader=reader, item_id=item_id, at=at)


async def unlike(*, reader: Reader, item_id: int, at: datetime) -> None:
    """Take a like back."""
    await _take_back(LIKE, ContentUnliked, reader=reader, item_id=item_id, at=at)


async def rate(*, reader: Reader, item_id: int, stars: int, at: datetime) -> Reactions:
    """Give an item stars, from 1 to 5, in the place of those given before.

    :raises ItemMissing: if there is no such item for this reader; also `Withdrawn`, `Expired`.
    :raises ConsentNeeded: if the reader has not agreed to anything being kept.
    """

    def rated(**parts: Any) -> Event:
        return ContentRated(**parts, stars=stars)

    return await _say(RATING, stars, rated, reader=reader, item_id=item_id, at=at)


async def unrate(*, reader: Reader, item_id: int, at: datetime) -> None:
    """Take the stars back."""

    def unrated(**parts: Any) -> Event:
        return ContentRated(**parts, stars=None)

    await _take_back(RATING, unrated, reader=reader, item_id=item_id, at=at)


async def reactions_of(*, reader: Reader, item_id: int, at: datetime) -> Reactions:
    """Tell what this reader and all readers think of an item.

    :raises ItemMissing: if there is no such item for this reader; also `Withdrawn`, `Expired`.
    """
    await access.readable(item_id=item_id, reader=reader, at=at)
    return await _reactions(reader.account_id, item_id)


async def export_of(account_ids: Sequence[int]) -> list[dict[str, Any]]:
    """List what accounts have said of items, for their owner."""
    rows = await connection().fetch(
        "SELECT account_id, kind AS reaction, item_id, stars, created_at, updated_at FROM reaction "
        "WHERE account_id = ANY($1) ORDER BY id",
        list(account_ids),
    )
    return [dict(row) for row in rows]


async def erase(account_ids: Sequence[int]) -> int:
    """Forget what accounts have said of items, and count it."""
    return await connection().execute("DELETE FROM reaction WHERE account_id = ANY($1)", list(account_ids))


async def _say(
    kind: str, stars: int | None, told: Callable[..., Event], *, reader: Reader, item_id: int, at: datetime
) -> Reactions:
    async with transaction():
        await keeping.check(reader)
        await access.readable(item_id=item_id, reader=reader, at=at)
        changed = await connection().value(
            "INSERT INTO reaction AS r (account_id, item_id, kind, stars, created_at, updated_at) "
            "VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (account_id, kind, item_id) DO UPDATE "
            "SET stars = excluded.stars, updated_at = excluded.updated_at "
            "WHERE r.stars IS DISTINCT FROM excluded.stars RETURNING id",
            reader.account_id,
            item_id,
            kind,
            stars,
            at,
        )
        if changed is not None:
            await _tell(told, reader, item_id, at)
        return await _reactions(reader.account_id, item_id)


async def _take_back(kind: str, told: Callable[..., Event], *, reader: Reader, item_id: int, at: datetime) -> None:
    async with transaction():
        gone = await connection().execute(
            "DELETE FROM reaction WHERE account_id = $1 AND kind = $2 AND item_id = $3",
            reader.account_id,
            kind,
            item_id,
        )
        if gone:
            await _tell(told, reader, item_id, at)


async def _tell(told: Callable[..., Event], reader: Reader, item_id: int, at: datetime) -> None:
    kind = await connection().value("SELECT kind FROM item WHERE id = $1", item_id)
    await log.record(told(at=at, account_id=reader.account_id, item_id=item_id, kind=kind))


async def _reactions(account_id: int, item_id: int) -> Reactions:
    row = await connection().row(
        "SELECT count(*) FILTER (WHERE kind = 'favourite') AS favourites, "
        "count(*) FILTER (WHERE kind = 'like') AS likes, count(stars) AS ratings, "
        "round(avg(stars), 2)::float8 AS mean_stars, "
        "coalesce(bool_or(kind = 'favourite' AND account_id = $1), false) AS favourite, "
        "coalesce(bool_or(kind = 'like' AND account_id = $1), false) AS \"like\", "
        "max(stars) FILTER (WHERE account_id = $1) AS stars FROM reaction WHERE item_id = $2",
        account_id,
        item_id,
    )
    assert row is not None, "an aggregate always has a row"
    return Reactions(item_id=item_id, **dict(row))
