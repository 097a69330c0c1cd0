"""Finding items for their editors by title, slug or id, drafts too: quick, for jumping to one or picking one.

The rule: this is no search for readers; it shows what any member of staff may open and says nothing of who reads it.
"""

from collections.abc import Collection

import msgspec
from msgspec import Struct

from server.core.db import connection

MOST = 50


class Found(Struct, frozen=True):
    """An item that was found; ``above`` is the title of what it stands under."""

    item_id: int
    kind: str
    slug: str
    title: str
    above: str


async def found(*, text: str, kinds: Collection[str] = (), most: int = 12) -> list[Found]:
    """List items whose title holds a text, or whose slug or id it is: those first, then by when they were changed."""
    text = text.strip()[:100]
    if not text:
        return []
    return await _listed(
        "WHERE (d.title ILIKE '%' || $2 || '%' OR i.slug = lower($3) OR i.id::text = $3) "
        "AND ($4::text[] = '{}' OR i.kind = ANY($4)) "
        "ORDER BY i.id::text = $3 DESC, i.slug = lower($3) DESC, d.title ILIKE $2 || '%' DESC, d.updated_at DESC",
        most,
        escaped(text),
        text.removeprefix("#"),
        sorted(kinds),
    )


async def recent(*, staff_id: int, most: int = 8) -> list[Found]:
    """List the items that somebody has changed last."""
    return await _listed("WHERE d.updated_by = $2 ORDER BY d.updated_at DESC, d.item_id DESC", most, staff_id)


async def latest(*, kinds: Collection[str] = (), most: int = 12) -> list[Found]:
    """List the items, perhaps of some kinds, that were changed last."""
    return await _listed(
        "WHERE ($2::text[] = '{}' OR i.kind = ANY($2)) ORDER BY d.updated_at DESC, d.item_id DESC", most, sorted(kinds)
    )


async def named(*, item_ids: Collection[int]) -> dict[int, Found]:
    """Give items by their ids; those that there are not are left out."""
    rows = await _listed("WHERE i.id = ANY($2::bigint[])", len(item_ids), list(item_ids))
    return {row.item_id: row for row in rows}


def escaped(text: str) -> str:
    """Write a text so that it stands for itself in LIKE."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def _listed(rest: str, most: int, *values: object) -> list[Found]:
    rows = await connection().fetch(
        "SELECT i.id AS item_id, i.kind, i.slug, d.title, coalesce(above.title, '') AS above FROM item i "  # noqa: S608  constants
        f"JOIN draft d ON d.item_id = i.id LEFT JOIN draft above ON above.item_id = i.parent_id {rest} LIMIT $1",
        most,
        *values,
    )
    return [msgspec.convert(dict(row), Found) for row in rows]
