"""The boards of a portal: the tree of sections as a reader may walk it, and the list of a section.

The rule: a list holds what stands in the section and in those below it, each item once: first what editors hold at its
top, then in their order or the newest first, as the section says. It is the same for all readers of one circle. The
cursor remembers what was held at the top when the list was begun, so that nothing comes twice while editors pin and
items appear; what may not be read any more is asked anew on every page.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from content import access, pins, sections
from content.access import Access
from content.item_cards import BESIDE, CARD, ItemCard, until_of
from content.sections import Look, Section, SectionMissing
from server.core.db import connection
from server.core.roles import Audience as Portal
from server.core.roles import Reader

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MOST_TAGS: Final = 16
MICROSECOND: Final = timedelta(microseconds=1)
Id = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Number = Annotated[int, Meta(ge=-(2**53), le=2**53)]


class Board(Struct, frozen=True, kw_only=True):
    """A section as a reader sees it, with those below it in their order."""

    slug: str
    name: str
    name_en: str
    summary: str
    order: Literal["newest", "manual"]
    look: Look
    sections: list["Board"] = []


class CountedTag(Struct, frozen=True):
    """A tag, and how many of the items of a section carry it."""

    slug: str
    name: str
    facet: str
    items: int


class Place(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A place in a list: behind the pin with this number, or behind the item with this key and id.

    ``pins`` are those held at the top when the list was begun; ``key`` is the time of publishing (microseconds since
    1970) or the position, as ``order`` says.
    """

    order: Literal["newest", "manual"]
    pins: Annotated[tuple[Id, ...], Meta(max_length=pins.MOST)]
    pin: Annotated[int, Meta(ge=1, le=pins.MOST)] | None
    key: Number
    id: Id


async def tree(*, reader: Reader, portal: Portal = Portal.DOCTOR) -> list[Board]:
    """Give the sections that a reader may enter, each with those below it."""
    audiences = access.audiences_of(reader)
    below: dict[int | None, list[Section]] = {}
    for section in await sections.listing(portal=portal):
        if not section.hidden and section.audience in audiences:
            below.setdefault(section.parent_id, []).append(section)

    def boards(parent_id: int | None) -> list[Board]:
        return [
            Board(
                slug=section.slug,
                name=section.name_zh,
                name_en=section.name_en,
                summary=section.summary,
                order=section.order,
                look=section.look,
                sections=boards(section.id),
            )
            for section in below.get(parent_id, [])
        ]

    return boards(None)


async def entered(*, slug: str, reader: Reader, at: datetime, portal: Portal = Portal.DOCTOR) -> Section:
    """Give a section that a reader may enter.

    :raises SectionMissing: if there is none, or it is hidden or for others.
    :raises SignInNeeded: if it may be for this reader once they have signed in; also `ProfessionalNeeded`.
    """
    known = {section.id: section for section in await sections.listing(portal=portal)}
    found = next((section for section in known.values() if section.slug == slug), None)
    above: Section | None = found
    while above is not None:
        if above.hidden:
            raise SectionMissing()
        try:
            access.check(Access(above.id, above.audience, EPOCH), reader, at=at)
        except access.ItemMissing:
            raise SectionMissing() from None
        above = known.get(above.parent_id) if above.parent_id else None
    if found is None:
        raise SectionMissing()
    return found


async def listing(
    *,
    slug: str,
    reader: Reader,
    at: datetime,
    portal: Portal = Portal.DOCTOR,
    tag: str = "",
    kind: str = "",
    after: Place | None = None,
    limit: int = 20,
) -> tuple[list[ItemCard], Place | None, datetime | None]:
    """List what stands in a section, with a tag or one below it and of a kind where these are named.

    Gives the cards, the place where the next page begins, if there is one, and until when this holds.

    :raises SectionMissing: if there is no such section for this reader; also `SignInNeeded`, `ProfessionalNeeded`.
    """
    section = await entered(slug=slug, reader=reader, at=at, portal=portal)
    order = after.order if after else section.order
    held = after.pins if after else tuple(row.item_id for row in await pins.listing(place=f"section:{section.id}"))
    rows = await connection().fetch(
        _LISTED[order],
        access.audience_values(reader),
        at,
        section.id,
        tag,
        kind,
        list(held),
        after.pin if after else None,
        _key(after) if after else None,
        after.id if after else None,
        limit + 1,
    )
    cards = [msgspec.json.decode(row["card"], type=ItemCard) for row in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    return cards, _place(order, held, last), until_of(rows)


async def tags_of(*, slug: str, reader: Reader, at: datetime, portal: Portal = Portal.DOCTOR) -> list[CountedTag]:
    """List the tags that most of what a reader may read in a section carries.

    :raises SectionMissing: if there is no such section for this reader; also `SignInNeeded`, `ProfessionalNeeded`.
    """
    section = await entered(slug=slug, reader=reader, at=at, portal=portal)
    rows = await connection().fetch(_TAGS, access.audience_values(reader), at, section.id, MOST_TAGS)
    return [CountedTag(*row.values()) for row in rows]


def _key(after: Place) -> Any:
    return after.key if after.order == "manual" else EPOCH + after.key * MICROSECOND


def _place(order: Literal["newest", "manual"], held: tuple[int, ...], last: Any) -> Place | None:
    if last is None:
        return None
    key = last["position"] if order == "manual" else (last["published_at"] - EPOCH) // MICROSECOND
    return Place(order, held, last["pin"], key, last["item_id"])


def _listed(*, key: str, after: str, order: str) -> str:
    """Write the statement of a list: of which column the key is, how the next page begins, and in which order."""
    return f"""
    SELECT {CARD.format(pinned="l.pin IS NOT NULL")}::text AS card, l.item_id, l.pin, l.position, l.published_at,
        l.valid_until, e.next_airs_at, e.ends_at AS episodes_end_at
    FROM (
        SELECT l.*, array_position($6::bigint[], l.item_id) AS pin FROM live l
        WHERE l.section_ids @> ARRAY[$3::bigint] AND l.item_id = l.root_id
            AND {access.condition(row="l", audiences="$1", at="$2")}
            AND ($4 = '' OR l.tags && ({TAGS_BELOW.format(tag="$4")})) AND $5 IN ('', l.kind)
            AND ($9::bigint IS NULL OR CASE WHEN $7::int IS NOT NULL
                THEN coalesce(array_position($6::bigint[], l.item_id) > $7, true)
                ELSE array_position($6::bigint[], l.item_id) IS NULL AND {after.format(key=key)} END)
        ORDER BY pin NULLS LAST, {order} LIMIT $10
    ) l {BESIDE}
    ORDER BY l.pin NULLS LAST, {order}
    """  # noqa: S608  the parts are constants


_TAGS: Final = f"""
SELECT t.slug, t.name_zh, t.facet, counted.items FROM (
    SELECT one.slug, count(*) AS items FROM live l CROSS JOIN unnest(l.tags) AS one (slug)
    WHERE l.section_ids @> ARRAY[$3::bigint] AND l.item_id = l.root_id
        AND {access.condition(row="l", audiences="$1", at="$2")} GROUP BY one.slug
) counted JOIN tag t ON t.slug = counted.slug ORDER BY counted.items DESC, t.facet, t.position, t.slug LIMIT $4
"""  # noqa: S608  the parts are constants
# A tag and all below it.
TAGS_BELOW: Final = """WITH RECURSIVE down AS (
    SELECT slug FROM tag WHERE slug = {tag} UNION SELECT t.slug FROM tag t JOIN down ON t.parent_slug = down.slug
) SELECT array_agg(slug::text) FROM down"""
_LISTED: Final = {
    "newest": _listed(
        key="l.published_at",
        after="({key}, l.item_id) < ($8::timestamptz, $9)",
        order="l.published_at DESC, l.item_id DESC",
    ),
    "manual": _listed(key="l.position", after="({key}, l.item_id) > ($8::bigint, $9)", order="l.position, l.item_id"),
}
