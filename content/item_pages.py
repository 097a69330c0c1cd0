"""Items of any kind on their own pages: the text in parts, whose it is and what it rests on, and what belongs to it.

The rule: a page is the same for all readers of one circle, and what differs from one to the next has calls of its own.
The card of a product within a text is shown only to who may read the product; others are told that something is there
for professionals, and not what.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from content import access
from content.access import Access, audience_values, refuse_absent
from content.item_cards import BESIDE, CARD, ItemCard, prescriptions_in, until_of
from content.parts import Person, Source
from content.pictures import Cover
from content.series_shapes import DocumentView, TagName
from server.core.db import connection
from server.core.roles import Reader

MOST_RELATED: Final = 6
# Among so many of the newest with a tag in common those with the most in common are looked for.
COMPARED: Final = 200


class SectionName(Struct, frozen=True):
    """A section by its name."""

    slug: str
    name: str


class ProductPart(Struct, frozen=True, kw_only=True):
    """The card of a product within a text, or what keeps this reader from it."""

    card: ItemCard | None = None
    gate: Literal["", "sign_in", "professional"] = ""


class Part(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a text: safe HTML, a block by its type, or the card of a product."""

    html: str = ""
    block: dict[str, Any] | None = None
    product: ProductPart | None = None


class ItemPage(Struct, frozen=True, kw_only=True):
    """An item on its own page. ``more`` holds what its kind has besides, such as the papers of a product.

    ``valid_from`` and ``valid_until`` are the days for which the text was approved, ``approval_number`` is an
    authority's and ``material_number`` the house's own. ``sections`` lead from the board down to the item.
    """

    id: int
    kind: str
    slug: str
    title: str
    summary: str
    cover: Cover | None
    tags: list[TagName]
    author: Person | None
    reviewer: Person | None
    sources: list[Source]
    approval_number: str
    material_number: str
    valid_from: date | None
    valid_until: date | None
    sections: list[SectionName]
    parts: list[Part]
    reading_s: int | None
    documents: list[DocumentView]
    related: list[ItemCard]
    more: dict[str, Any]
    published_at: datetime
    changed_at: datetime


async def item_page(*, item_id: int, reader: Reader, at: datetime) -> tuple[ItemPage, datetime | None]:
    """Give an item with what belongs to it, and until when this holds.

    :raises ItemMissing: if there is no such item for this reader; also `Withdrawn`, `Expired`, `SignInNeeded`,
        `ProfessionalNeeded`, `EntitlementNeeded`.
    """
    row = await connection().row(_PAGE, item_id)
    if row is None:
        await refuse_absent(item_id)
    access.check(access.access_of(item_id, row), reader, at=at)
    prepared = msgspec.json.decode(row["prepared"])
    own = {name: value for name, value in prepared.items() if name not in _COMMON}
    related, until = await _related(item_id, prepared, reader, at)
    parts, others_until = await _parts(prepared.get("parts", []), reader, at)
    page = {
        **{name: prepared[name] for name in _PLAIN if name in prepared},
        **{name: row[name] for name in ("id", "kind", "slug", "published_at", "changed_at")},
        "material_number": row["material_number"] or "",
        "tags": msgspec.json.decode(row["named"]),
        "sections": msgspec.json.decode(row["sections"]),
        "documents": documents_of(prepared),
        "reading_s": prepared.get("reading_s"),
        "related": related,
        "parts": parts,
        "more": own | ({"product_class": row["product_class"]} if row["product_class"] else {}),
    }
    return msgspec.convert(page, ItemPage, from_attributes=True), _sooner(row["live_until"], until, others_until)


def documents_of(prepared: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Number the documents of a text, as their addresses are asked for."""
    return [
        {**{name: document[name] for name in ("title", "media_type", "bytes")}, "number": number}
        for number, document in enumerate(prepared.get("documents", []), start=1)
    ]


def shown_parts(parts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give the parts of a text without the numbers of its files, which no reader needs."""
    return [{**part, "block": _bare(part["block"])} if part.get("block") else dict(part) for part in parts]


def prescriptions_on(page: ItemPage) -> dict[str, tuple[int, ...]]:
    """Name the prescription medicines that a page shows, by the surface of their display (`content.displays`)."""
    itself = (page.id,) if page.more.get("product_class") == access.FOR_PROFESSIONALS else ()
    cards = [part.product.card for part in page.parts if part.product is not None and part.product.card is not None]
    shown = {"page": itself, "body": prescriptions_in(cards), "related": prescriptions_in(page.related)}
    return {surface: item_ids for surface, item_ids in shown.items() if item_ids}


async def _parts(
    parts: Iterable[Mapping[str, Any]], reader: Reader, at: datetime
) -> tuple[list[dict[str, Any]], datetime | None]:
    """Put in the place of every product of a text its card or its gate; one that nobody may see leaves nothing."""
    shown = shown_parts(parts)
    wanted = {part["block"]["product"] for part in shown if (part.get("block") or {}).get("type") == "product"}
    if not wanted:
        return shown, None
    cards, until = await _cards(sorted(wanted), reader, at)
    by_id = {card.id: card for card in cards}
    rows = await connection().fetch(
        f"SELECT l.item_id, {access.ACCESS_COLUMNS} FROM live l WHERE l.item_id = ANY($1::bigint[])",  # noqa: S608
        sorted(wanted - by_id.keys()),
    )
    gates = {row["item_id"]: _gate(access.access_of(row["item_id"], row), reader, at) for row in rows}
    found: list[dict[str, Any]] = []
    for part in shown:
        block = part.get("block") or {}
        if block.get("type") != "product":
            found.append(part)
        elif block["product"] in by_id:
            found.append({"product": {"card": by_id[block["product"]]}})
        elif gates.get(block["product"]):
            found.append({"product": {"gate": gates[block["product"]]}})
    return found, until


def _gate(item: Access, reader: Reader, at: datetime) -> str:
    try:
        access.check(item, reader, at=at)
    except access.SignInNeeded:
        return "sign_in"
    except access.ProfessionalNeeded:
        return "professional"
    except (access.ItemMissing, access.Expired, access.EntitlementNeeded):
        return ""
    return ""


async def _cards(item_ids: list[int], reader: Reader, at: datetime) -> tuple[list[ItemCard], datetime | None]:
    rows = await connection().fetch(_CARDS, audience_values(reader), at, item_ids)
    return [msgspec.json.decode(row["card"], type=ItemCard) for row in rows], until_of(rows)


async def _related(
    item_id: int, prepared: Mapping[str, Any], reader: Reader, at: datetime
) -> tuple[list[ItemCard], datetime | None]:
    """Give what editors chose, then what has the most tags in common, the newest first."""
    rows = await connection().fetch(
        _RELATED,
        audience_values(reader),
        at,
        item_id,
        list(prepared.get("related", [])),
        list(prepared.get("tags", [])),
        MOST_RELATED,
        COMPARED,
    )
    return [msgspec.json.decode(row["card"], type=ItemCard) for row in rows], until_of(rows)


def _bare(block: Any) -> Any:
    if isinstance(block, dict):
        return {name: _bare(inner) for name, inner in block.items() if name != "asset"}
    return [_bare(inner) for inner in block] if isinstance(block, list) else block


def _sooner(*times: datetime | None) -> datetime | None:
    return min((time for time in times if time is not None), default=None)


_PLAIN: Final = (
    "title",
    "summary",
    "cover",
    "author",
    "reviewer",
    "sources",
    "approval_number",
    "valid_from",
    "valid_until",
)
_COMMON: Final = frozenset({*_PLAIN, "tags", "parts", "reading_s", "documents", "related"})
_PAGE: Final = f"""
SELECT l.item_id AS id, l.kind, l.slug, l.prepared, l.published_at, l.changed_at, {access.ACCESS_COLUMNS},
    l.valid_until AS live_until,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('slug', t.slug, 'name', t.name_zh) ORDER BY o.place), '[]')
        FROM unnest(l.tags) WITH ORDINALITY AS o (slug, place) JOIN tag t ON t.slug = o.slug) AS named,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('slug', s.slug, 'name', s.name_zh) ORDER BY o.place DESC), '[]')
        FROM unnest(l.section_ids) WITH ORDINALITY AS o (id, place) JOIN section s ON s.id = o.id) AS sections,
    (SELECT m.number FROM material m JOIN version v ON v.id = l.version_id AND v.content_hash = m.content_hash
        WHERE m.item_id = l.item_id ORDER BY m.id DESC LIMIT 1) AS material_number
FROM live l WHERE l.item_id = $1
"""  # noqa: S608  the parts are constants
_SHOWN: Final = f"""{CARD.format(pinned="false")}::text AS card, l.valid_until, e.next_airs_at,
    e.ends_at AS episodes_end_at"""
_READABLE: Final = access.condition(row="l", audiences="$1", at="$2")
_CARDS: Final = f"""
SELECT {_SHOWN} FROM live l {BESIDE} WHERE l.item_id = ANY($3::bigint[]) AND {_READABLE}
ORDER BY array_position($3::bigint[], l.item_id)
"""  # noqa: S608  the parts are constants
_RELATED: Final = f"""
WITH near AS (
    (SELECT l.item_id FROM live l WHERE l.item_id = ANY($4::bigint[]) AND {_READABLE})
    UNION
    (SELECT l.item_id FROM live l WHERE l.tags && $5::text[] AND l.item_id = l.root_id AND {_READABLE}
        ORDER BY l.published_at DESC, l.item_id DESC LIMIT $7)
)
SELECT {_SHOWN} FROM (
    SELECT l.* FROM near JOIN live l ON l.item_id = near.item_id WHERE l.item_id <> $3 AND l.root_id <> $3
    ORDER BY array_position($4::bigint[], l.item_id) NULLS LAST,
        cardinality(ARRAY(SELECT unnest(l.tags) INTERSECT SELECT unnest($5::text[]))) DESC, l.published_at DESC,
        l.item_id DESC LIMIT $6
) l {BESIDE}
ORDER BY array_position($4::bigint[], l.item_id) NULLS LAST,
    cardinality(ARRAY(SELECT unnest(l.tags) INTERSECT SELECT unnest($5::text[]))) DESC, l.published_at DESC,
    l.item_id DESC
"""  # noqa: S608  the parts are constants
