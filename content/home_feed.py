"""The home feed of a reader: what is held at the top, what was begun, what is new of what one follows, then all else.

The rule: everything comes once. The first page decides what stands at the head (held, begun, followed) and the cursor
carries it along; below it comes what was published before the feed was begun, the newest first, without the head. What
appears meanwhile is seen when the feed is begun anew. Whether something may be read is asked on every page, so that
what is withdrawn is left out and nothing takes its place twice.
"""

import enum
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from content import access, pins, watchlists
from content.boards import EPOCH, MICROSECOND, Id, Number
from content.item_cards import BESIDE, CARD, ItemCard
from content.series_shapes import Named
from server.core.db import connection
from server.core.roles import Reader

PLACE: Final = "home"
MOST_BEGUN: Final = 3
MOST_FOLLOWED: Final = 6
FRESH: Final = timedelta(days=14)


class Reason(enum.StrEnum):
    """Why something is in the feed."""

    PINNED = "pinned"
    UNFINISHED = "unfinished"
    FOLLOWED = "followed"
    NEW = "new"


class FeedEntry(Struct, frozen=True, kw_only=True):
    """An item in the feed, and why it is there.

    ``series`` is that of an episode, ``airs_at`` when it aired or will; ``share`` is how much of it was watched or
    read, ``resume_s`` where a film is gone on with.
    """

    reason: Reason
    item: ItemCard
    series: Named | None = None
    airs_at: datetime | None = None
    share: float = 0.0
    resume_s: float = 0.0


Ids = Annotated[tuple[Id, ...], Meta(max_length=pins.MOST)]


class Place(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A place in a feed: when it was begun, its head, how much of that was given, and behind which item to go on.

    Times are microseconds since 1970.
    """

    begun_us: Number
    pinned: Ids
    unfinished: Ids
    followed: Ids
    given: Annotated[int, Meta(ge=0, le=3 * pins.MOST)]
    published_us: Number
    id: Annotated[int, Meta(ge=0, le=2**63 - 1)]

    @property
    def head(self) -> list[tuple[Reason, int]]:
        """The head in its order, each item once."""
        named = (
            (Reason.PINNED, self.pinned),
            (Reason.UNFINISHED, self.unfinished),
            (Reason.FOLLOWED, self.followed),
        )
        found: dict[int, Reason] = {}
        for reason, ids in named:
            for item_id in ids:
                found.setdefault(item_id, reason)
        return [(reason, item_id) for item_id, reason in found.items()]


async def feed_of(
    *, reader: Reader, at: datetime, after: Place | None = None, limit: int = 20
) -> tuple[list[FeedEntry], Place | None]:
    """Give a page of a reader's feed, and the place where the next one begins, if there is one."""
    place = after or await _begin(reader, at)
    waiting = place.head[place.given : place.given + limit]
    entries = await _of(waiting, reader, at)
    place = msgspec.structs.replace(place, given=place.given + len(waiting))
    if place.given < len(place.head):
        return entries, place
    # One more than is shown says whether there is another page.
    wanted = limit - len(entries)
    rows = await connection().fetch(
        _NEW,
        access.audience_values(reader),
        at,
        EPOCH + place.published_us * MICROSECOND,
        place.id,
        [item_id for _, item_id in place.head],
        wanted + 1,
    )
    shown = rows[:wanted]
    entries += [_entry(Reason.NEW, row) for row in shown]
    if len(rows) <= wanted:
        return entries, None
    if shown:
        published_us = (shown[-1]["published_at"] - EPOCH) // MICROSECOND
        place = msgspec.structs.replace(place, published_us=published_us, id=shown[-1]["item_id"])
    return entries, place


async def _begin(reader: Reader, at: datetime) -> Place:
    """Decide what stands at the head of a feed that is begun now."""
    begun_us = (at - EPOCH) // MICROSECOND
    held = tuple(row.item_id for row in await pins.listing(place=PLACE))
    unfinished: tuple[int, ...] = ()
    followed: tuple[int, ...] = ()
    if reader.known:
        begun = await watchlists.unfinished(reader=reader, at=at, most=MOST_BEGUN)
        unfinished = tuple(entry.id for entry in begun)
        rows = await connection().fetch(
            _FOLLOWED, access.audience_values(reader), at, reader.account_id, at - FRESH, MOST_FOLLOWED
        )
        followed = tuple(row["item_id"] for row in rows)
    # What is published at this very instant belongs to the feed, and no id is as high.
    return Place(begun_us, held, unfinished, followed, 0, begun_us, 2**63 - 1)


async def _of(head: list[tuple[Reason, int]], reader: Reader, at: datetime) -> list[FeedEntry]:
    """Give those of the head that the reader may read now, in its order."""
    if not head:
        return []
    rows = await connection().fetch(
        _HEAD, access.audience_values(reader), at, [item_id for _, item_id in head], reader.account_id
    )
    by_id = {row["item_id"]: row for row in rows}
    return [_entry(reason, by_id[item_id]) for reason, item_id in head if item_id in by_id]


def _entry(reason: Reason, row: Any) -> FeedEntry:
    return FeedEntry(
        reason=reason,
        item=msgspec.json.decode(row["card"], type=ItemCard),
        series=Named(row["root_id"], row["series"]) if row["root_id"] != row["item_id"] else None,
        airs_at=row["airs_at"],
        share=row["share"],
        resume_s=row["resume_s"],
    )


_READABLE: Final = access.condition(row="l", audiences="$1", at="$2")
_NEW: Final = f"""
SELECT {CARD.format(pinned="false")}::text AS card, l.item_id, l.root_id, l.title AS series, l.published_at,
    NULL::timestamptz AS airs_at, 0::float AS share, 0::float AS resume_s
FROM (
    SELECT l.* FROM live l WHERE l.item_id = l.root_id AND {_READABLE}
        AND (l.published_at, l.item_id) < ($3::timestamptz, $4::bigint) AND l.item_id <> ALL($5::bigint[])
    ORDER BY l.published_at DESC, l.item_id DESC LIMIT $6
) l {BESIDE}
ORDER BY l.published_at DESC, l.item_id DESC
"""  # noqa: S608  the parts are constants
_HEAD: Final = f"""
SELECT {CARD.format(pinned="false")}::text AS card, l.item_id, l.root_id, s.title AS series, l.published_at,
    air.airs_at, least(1, coalesce(v.covered_ms / (l.seconds * 1000.0), r.max_percent / 100.0, 0))::float AS share,
    CASE WHEN v.position_ms >= 10000 AND v.position_ms <= l.seconds * 950 THEN (v.position_ms - 3000) / 1000.0
        ELSE 0 END::float AS resume_s
FROM live l JOIN live s ON s.item_id = l.root_id {BESIDE}
LEFT JOIN airing air ON air.episode_id = l.item_id AND air.cancelled_at IS NULL
LEFT JOIN viewing v ON v.account_id = $4 AND v.episode_id = l.item_id
LEFT JOIN reading r ON r.account_id = $4 AND r.item_id = l.item_id
WHERE l.item_id = ANY($3::bigint[]) AND {_READABLE}
"""  # noqa: S608  the parts are constants
# Episodes of followed series that aired lately and were not begun, the last first.
_FOLLOWED: Final = f"""
SELECT l.item_id FROM follow f JOIN live l ON l.root_id = f.series_id AND l.kind = 'episode'
JOIN airing a ON a.episode_id = l.item_id AND a.cancelled_at IS NULL AND a.airs_at <= $2 AND a.airs_at > $4
LEFT JOIN viewing v ON v.account_id = f.account_id AND v.episode_id = l.item_id
WHERE f.account_id = $3 AND v.finished_at IS NULL AND coalesce(v.covered_ms, 0) = 0 AND {_READABLE}
ORDER BY a.airs_at DESC, l.item_id DESC LIMIT $5
"""  # noqa: S608  the parts are constants
