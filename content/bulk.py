"""Many items at once: made by a few statements instead of a few each.

The rule: what comes of it is what `items.create` would have made one by one, the audit included; a test holds the two
against each other.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from content import trail
from content.items import ParentUnfit
from content.kinds import content_hash, kind_of
from content.parts import files_in
from content.storable import as_storable
from server.core import audit, ids
from server.core.db import connection, transaction


class NewItem(Struct, frozen=True):
    """An item that is to be made: its text, and where it stands."""

    shape: dict[str, Any]
    parent_id: int | None = None


_MAKE = """
    WITH given AS (
        SELECT * FROM unnest($4::text[], $5::bigint[], $6::text[], $7::text[]) WITH ORDINALITY
            AS given (slug, parent_id, shape, content_hash, number)
    ), last AS (
        SELECT parent.id AS parent_id, coalesce(max(item.position), 0) AS position
        FROM (SELECT DISTINCT parent_id AS id FROM given) AS parent
        LEFT JOIN item ON item.kind = $1 AND item.parent_id IS NOT DISTINCT FROM parent.id GROUP BY parent.id
    ), made AS (
        INSERT INTO item (kind, slug, parent_id, position, created_at, created_by)
        SELECT $1, given.slug, given.parent_id,
            last.position + row_number() OVER (PARTITION BY given.parent_id ORDER BY given.number), $2, $3
        FROM given JOIN last ON last.parent_id IS NOT DISTINCT FROM given.parent_id ORDER BY given.number
        RETURNING id, slug
    ), drafted AS (
        INSERT INTO draft (item_id, shape, content_hash, revision, updated_at, updated_by)
        SELECT made.id, given.shape::jsonb, given.content_hash, 1, $2, $3 FROM made JOIN given USING (slug)
    )
    SELECT made.id FROM made JOIN given USING (slug) ORDER BY given.number
"""


async def create_all(
    *, kind: str, new: Sequence[NewItem], staff_id: int, at: datetime, request_id: str = ""
) -> list[int]:
    """Make items of a kind with their drafts, each as the last under its parent, and give their ids in the same order.

    :raises KindUnknown: if there is no such kind.
    :raises ParentUnfit: if the kind does not stand under one of the parents.
    :raises DraftUnfit: if a shape is not made of the kind's fields.
    :raises DraftTooLarge: if one is too large.
    """
    known = kind_of(kind)
    shapes = [as_storable(kind, one.shape) for one in new]
    slugs = [f"{kind.replace('_', '-')}-{ids.opaque(48).lower()}" for _ in new]
    parents = {one.parent_id for one in new} - {None}
    async with transaction():
        fit = await connection().fetch(
            "SELECT id FROM item WHERE id = ANY($1::bigint[]) AND kind = ANY($2::text[]) ORDER BY id FOR SHARE",
            list(parents),
            list(known.parents),
        )
        if len(fit) < len(parents):
            raise ParentUnfit(field="parent_id")
        rows = await connection().fetch(
            _MAKE,
            kind,
            at,
            staff_id,
            slugs,
            [one.parent_id for one in new],
            [msgspec.json.encode(shape).decode() for shape in shapes],
            [content_hash(kind, shape) for shape in shapes],
        )
        made = [row["id"] for row in rows]
        await _note_files(made, shapes)
        await audit.note_all(
            actor=trail.actor_of(staff_id),
            deed="item.create",
            subject_kind="item",
            at=at,
            after={
                item_id: {"kind": kind, "slug": slug, "parent_id": one.parent_id, "shape": shape}
                for item_id, slug, one, shape in zip(made, slugs, new, shapes, strict=True)
            },
            request_id=request_id,
        )
    return made


async def _note_files(made: Sequence[int], shapes: Sequence[dict[str, Any]]) -> None:
    used = [
        (asset_id, item_id, field[:80])
        for item_id, shape in zip(made, shapes, strict=True)
        for asset_id, field in files_in(shape)
    ]
    await connection().execute(
        "INSERT INTO asset_use (asset_id, item_id, place, field) SELECT u.asset_id, u.item_id, 'draft', u.field "
        "FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS u (asset_id, item_id, field) "
        "JOIN asset a ON a.id = u.asset_id ON CONFLICT DO NOTHING",
        [asset_id for asset_id, _, _ in used],
        [item_id for _, item_id, _ in used],
        [field for _, _, field in used],
    )
