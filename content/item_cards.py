"""Items of any kind as lists show them: one shape for boards, the home feed, favourites and what is related.

The rule: what all kinds have stands in fields of its own, what one kind has besides in ``more``, as the registry says
(`content.kinds.Kind.card`), so that a new kind is listed without a word of code here. The cards of a list are made by
PostgreSQL in one statement.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from content import access
from content.pictures import Cover
from content.series_shapes import TagName

COMMON: Final = ("title", "summary", "cover", "tags")


class Happens(Struct, frozen=True, kw_only=True):
    """When and where an activity takes place."""

    starts_at: datetime
    ends_at: datetime
    place: str
    cancelled: bool


class ItemCard(Struct, frozen=True, kw_only=True):
    """An item in a list. ``more`` holds what its kind shows besides, such as the form of an article.

    ``episodes`` and ``next_airs_at`` are there for series alone, ``happens`` for activities whose time is known.
    """

    id: int
    kind: str
    title: str
    summary: str
    cover: Cover | None
    tags: list[TagName]
    published_at: datetime
    pinned: bool = False
    episodes: int | None = None
    next_airs_at: datetime | None = None
    happens: Happens | None = None
    more: dict[str, Any] = {}


# Of a live row ``l``, for the circle ``$1`` at the time ``$2``; ``pinned`` stands in for whether it is held at the top.
CARD: Final = """json_build_object('id', l.item_id, 'kind', l.kind, 'title', l.title,
    'summary', coalesce(l.card ->> 'summary', ''), 'cover', l.card -> 'cover',
    'tags', (SELECT coalesce(json_agg(json_build_object('slug', t.slug, 'name', t.name_zh) ORDER BY o.place), '[]')
        FROM unnest(l.tags) WITH ORDINALITY AS o (slug, place) JOIN tag t ON t.slug = o.slug),
    'published_at', l.published_at, 'pinned', {pinned}, 'more', l.card - ARRAY['title', 'summary', 'cover', 'tags'],
    'episodes', e.episodes, 'next_airs_at', e.next_airs_at,
    'happens', CASE WHEN plan.activity_id IS NOT NULL THEN json_build_object('starts_at', plan.starts_at,
        'ends_at', plan.ends_at, 'place', plan.place_name, 'cancelled', plan.cancelled_at IS NOT NULL) END)"""
# Beside ``l``: of a series the episodes that the circle may see, of an activity its plan.
BESIDE: Final = f"""LEFT JOIN LATERAL (
    SELECT count(*) AS episodes, min(a.airs_at) FILTER (WHERE a.airs_at > $2) AS next_airs_at,
        min(e.valid_until) AS ends_at
    FROM live e LEFT JOIN airing a ON a.episode_id = e.item_id AND a.cancelled_at IS NULL
    WHERE e.root_id = l.item_id AND e.kind = 'episode' AND {access.condition(row="e", audiences="$1", at="$2")}
) e ON l.kind = 'series' LEFT JOIN activity_plan plan ON plan.activity_id = l.item_id"""  # noqa: S608  the parts are constants


def until_of(rows: Sequence[Mapping[str, Any]]) -> datetime | None:
    """Give the first instant at which a list of these rows may be another one without any deed."""
    names = ("valid_until", "next_airs_at", "episodes_end_at")
    return min((row[name] for row in rows for name in names if row[name] is not None), default=None)


def prescriptions_in(cards: Iterable[ItemCard]) -> tuple[int, ...]:
    """Name the prescription medicines among the cards of a list, whose display is logged (`content.displays`)."""
    return tuple(card.id for card in cards if card.more.get("product_class") == access.FOR_PROFESSIONALS)
