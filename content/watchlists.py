"""Lists of a reader's own: what to go on with, what to catch up on, favourites and followed series.

The rule: a list holds only what the reader may still read; what is withdrawn or expired vanishes from it and comes back
with it. Lists are read from the newest; the place of the last entry leads to the next ones, and no entry comes twice.
"""

from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from content import access
from content.calendar import JOINED, LISTED, READABLE, RESUME, SHARE, ListedEpisode
from content.pictures import Cover
from content.series_shapes import Named
from server.core.db import connection
from server.core.roles import Reader

T = TypeVar("T", bound=Struct)
Place = tuple[datetime, int]


class Unfinished(Struct, frozen=True, kw_only=True):
    """An episode, a video or a text that was begun, and when one was last at it.

    ``share`` is that of its distinct seconds watched, or how far down it was read; ``resume_s`` is where a film is gone
    on with.
    """

    id: int
    kind: str
    series: Named | None
    title: str
    cover: Cover | None
    duration_s: int | None
    share: float
    resume_s: float
    product_class: str
    last_at: datetime


class Favourite(Struct, frozen=True, kw_only=True):
    """An item that the reader wants to find again. ``place`` is where it stands in the list."""

    place: int
    id: int
    kind: str
    series: Named | None
    title: str
    summary: str
    cover: Cover | None
    duration_s: int | None
    product_class: str
    since: datetime


class FollowedSeries(Struct, frozen=True, kw_only=True):
    """A series that the reader follows: when its next episode airs, and how many of those aired are not finished."""

    place: int
    id: int
    title: str
    problem: str
    cover: Cover | None
    since: datetime
    next_airs_at: datetime | None
    behind: int


async def unfinished(*, reader: Reader, at: datetime, after: Place | None = None, most: int = 20) -> list[Unfinished]:
    """List the episodes, videos and texts that the reader has begun and not finished, the last first.

    :param after: when one was last at the last one of the page before, and its id.
    """
    return await _list(_UNFINISHED, Unfinished, reader, at, *(after or (None, None)), most)


async def catch_up(*, reader: Reader, at: datetime, after: Place | None = None, most: int = 20) -> list[ListedEpisode]:
    """List the aired episodes of followed series that the reader has not finished, the last aired first.

    :param after: when the last one of the page before aired, and its id.
    """
    return await _list(_CATCH_UP, ListedEpisode, reader, at, *(after or (None, None)), most)


async def favourites(
    *, reader: Reader, at: datetime, kind: str = "", after: int | None = None, most: int = 20
) -> list[Favourite]:
    """List the reader's favourites, of one kind or of all, the last added first.

    :param after: the place of the last one of the page before.
    """
    return await _list(_FAVOURITES, Favourite, reader, at, after, most, kind)


async def following(*, reader: Reader, at: datetime, after: int | None = None, most: int = 20) -> list[FollowedSeries]:
    """List the series that the reader follows, the last followed first.

    :param after: the place of the last one of the page before.
    """
    return await _list(_FOLLOWING, FollowedSeries, reader, at, after, most)


async def _list(statement: str, shape: type[T], reader: Reader, at: datetime, *values: Any) -> list[T]:
    written = await connection().value(statement, reader.account_id, access.audience_values(reader), at, *values)
    return msgspec.json.decode(written, type=list[shape])  # type: ignore[valid-type]  # the shape is a value here


_AIRED: Final = "(a.airs_at IS NULL OR (a.airs_at <= $3 AND a.cancelled_at IS NULL))"
# The series that an item stands in; only what has parents stands in one.
_SERIES: Final = """CASE WHEN l.root_id <> l.item_id THEN json_build_object('id', l.root_id, 'title', s.title) END"""
_BEGUN: Final = """'id', l.item_id, 'kind', l.kind, 'title', l.title, 'cover', l.card -> 'cover',
    'duration_s', l.seconds, 'product_class', l.product_class"""
# What was opened and left at once was not begun: a text is, after five seconds.
_UNFINISHED: Final = f"""
SELECT coalesce(json_agg(entry), '[]')::text FROM (
    SELECT entry FROM (
        SELECT v.updated_at AS last_at, l.item_id, json_build_object({_BEGUN}, 'series', {_SERIES},
            'share', {SHARE}, 'resume_s', {RESUME}, 'last_at', v.updated_at) AS entry FROM {JOINED}
        WHERE v.account_id IS NOT NULL AND v.covered_ms > 0 AND v.finished_at IS NULL AND {_AIRED} AND {READABLE}
        UNION ALL
        SELECT r.updated_at, l.item_id, json_build_object({_BEGUN}, 'series', NULL,
            'share', round(r.max_percent / 100.0, 2), 'resume_s', 0, 'last_at', r.updated_at)
        FROM reading r JOIN live l ON l.item_id = r.item_id
        WHERE r.account_id = $1 AND r.active_ms >= 5000 AND r.finished_at IS NULL AND {READABLE}
    ) begun
    WHERE $4::timestamptz IS NULL OR (last_at, item_id) < ($4, $5::bigint)
    ORDER BY last_at DESC, item_id DESC LIMIT $6
) AS entries
"""  # noqa: S608  the parts are constants
_CATCH_UP: Final = f"""
SELECT coalesce(json_agg(entry), '[]')::text FROM (
    SELECT json_build_object({LISTED}) AS entry FROM {JOINED}
    WHERE f.account_id IS NOT NULL AND v.finished_at IS NULL AND a.airs_at <= $3 AND a.cancelled_at IS NULL
        AND {READABLE} AND ($4::timestamptz IS NULL OR (a.airs_at, l.item_id) < ($4, $5::bigint))
    ORDER BY a.airs_at DESC, l.item_id DESC LIMIT $6
) AS entries
"""  # noqa: S608  the parts are constants
_FAVOURITES: Final = f"""
SELECT coalesce(json_agg(entry), '[]')::text FROM (
    SELECT json_build_object('place', r.id, 'id', l.item_id, 'kind', l.kind, 'title', l.title, 'series', {_SERIES},
        'summary', coalesce(l.card ->> 'summary', ''), 'cover', l.card -> 'cover',
        'duration_s', l.seconds, 'product_class', l.product_class, 'since', r.created_at) AS entry
    FROM reaction r JOIN live l ON l.item_id = r.item_id JOIN live s ON s.item_id = l.root_id
    WHERE r.account_id = $1 AND r.kind = 'favourite' AND {READABLE} AND ($4::bigint IS NULL OR r.id < $4)
        AND $6 IN ('', l.kind)
    ORDER BY r.id DESC LIMIT $5
) AS entries
"""  # noqa: S608  the parts are constants
_FOLLOWING: Final = f"""
SELECT coalesce(json_agg(entry), '[]')::text FROM (
    SELECT json_build_object('place', f.id, 'id', l.item_id, 'title', l.title,
        'problem', coalesce(l.card ->> 'problem', ''), 'cover', l.card -> 'cover',
        'since', f.created_at, 'next_airs_at', episodes.next_airs_at, 'behind', episodes.behind) AS entry
    FROM follow f JOIN live l ON l.item_id = f.series_id CROSS JOIN LATERAL (
        SELECT min(a.airs_at) FILTER (WHERE a.airs_at > $3) AS next_airs_at,
            count(*) FILTER (WHERE a.airs_at <= $3 AND v.finished_at IS NULL) AS behind
        FROM live e JOIN airing a ON a.episode_id = e.item_id AND a.cancelled_at IS NULL
        LEFT JOIN viewing v ON v.account_id = $1 AND v.episode_id = e.item_id
        WHERE e.root_id = f.series_id AND {access.condition(row="e", audiences="$2", at="$3")}
    ) AS episodes
    WHERE f.account_id = $1 AND {READABLE} AND ($4::bigint IS NULL OR f.id < $4)
    ORDER BY f.id DESC LIMIT $5
) AS entries
"""  # noqa: S608  the parts are constants
