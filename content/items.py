"""Items and their drafts: making them, saving them without treading on each other, and going back.

The rule: saving never validates beyond a JSON object of the kind's fields; publishing does. Every save carries the
revision that it was based on, and a stale one changes nothing.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from content import trail
from content.access import ItemMissing
from content.kinds import content_hash, differences, kind_of
from content.parts import files_in
from content.review_rules import required_roles
from content.storable import as_storable
from content.tables.items import Draft, Item
from content.workflow import STANDING, STANDING_COLUMNS, STANDING_OF_ALL, State
from server.core import ids
from server.core.db import connection, transaction
from server.core.errors import Conflict, Invalid

SLUG = re.compile(r"^[a-z0-9](?:[a-z0-9-]{0,94}[a-z0-9])?$(?!\n)")


class SlugBad(Invalid):
    """A slug is 1 to 96 lower-case letters, digits and hyphens."""

    code = "slug_bad"
    title = "网址标识只能用小写字母、数字和连字符"


class SlugTaken(Conflict):
    """Another item of this kind has the slug."""

    code = "slug_taken"
    title = "这个网址标识已被使用"


class ParentUnfit(Invalid):
    """An item of this kind cannot stand there."""

    code = "parent_unfit"
    title = "不能放在这个位置"


class DraftStale(Conflict):
    """Somebody has saved the draft since; the facts say which revision it is now and where the two differ."""

    code = "draft_stale"
    title = "草稿已被其他人修改"


class ItemInUse(Conflict):
    """The item was handed in or published, or others stand under it; it can be withdrawn but not discarded."""

    code = "item_in_use"
    title = "内容已提交或有下级内容，不能删除"


class DraftState(Struct, frozen=True):
    """An item and its draft as an editor sees them."""

    item_id: int
    kind: str
    slug: str
    parent_id: int | None
    position: int
    shape: dict[str, Any]
    content_hash: str
    revision: int
    updated_at: datetime
    updated_by: int


async def create(
    *,
    kind: str,
    staff_id: int,
    at: datetime,
    slug: str = "",
    parent_id: int | None = None,
    shape: Mapping[str, Any] | None = None,
    request_id: str = "",
) -> DraftState:
    """Make an item with its draft, as the last under its parent.

    :raises KindUnknown: if there is no such kind.
    :raises ParentUnfit: if the kind does not stand under the parent.
    :raises SlugBad: if the slug is none.
    :raises SlugTaken: if another item of the kind has it.
    :raises DraftUnfit: if the shape is not made of the kind's fields.
    :raises DraftTooLarge: if it is too large.
    """
    kind_of(kind)
    slug = slug or f"{kind.replace('_', '-')}-{ids.opaque(48).lower()}"
    check_slug(slug)
    storable = as_storable(kind, shape or {})
    async with transaction():
        await check_parent(kind, parent_id)
        position = await connection().value(
            "SELECT coalesce(max(position), 0) + 1 FROM item WHERE parent_id IS NOT DISTINCT FROM $1 AND kind = $2",
            parent_id,
            kind,
        )
        item_id = await connection().value(
            "INSERT INTO item (kind, slug, parent_id, position, created_at, created_by) "
            "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (kind, slug) DO NOTHING RETURNING id",
            kind,
            slug,
            parent_id,
            position,
            at,
            staff_id,
        )
        if item_id is None:
            raise SlugTaken(field="slug")
        await Draft.create(
            item_id=item_id,
            shape=storable,
            content_hash=content_hash(kind, storable),
            revision=1,
            updated_at=at,
            updated_by=staff_id,
        )
        await _note_files(item_id, storable)
        after = {"kind": kind, "slug": slug, "parent_id": parent_id, "shape": storable}
        await trail.note("create", "item", item_id, staff_id=staff_id, at=at, request_id=request_id, after=after)
        return await draft_of(item_id=item_id)


async def draft_of(*, item_id: int) -> DraftState:
    """Give an item and its draft.

    :raises ItemMissing: if there is none.
    """
    row = await connection().row(
        "SELECT i.id AS item_id, i.kind, i.slug, i.parent_id, i.position, d.shape, d.content_hash, d.revision, "
        "d.updated_at, d.updated_by FROM item i JOIN draft d ON d.item_id = i.id WHERE i.id = $1",
        item_id,
    )
    if row is None:
        raise ItemMissing()
    return msgspec.convert({**row, "shape": msgspec.json.decode(row["shape"])}, DraftState)


class Row(Struct, frozen=True):
    """An item in the editors' list."""

    item_id: int
    kind: str
    slug: str
    parent_id: int | None
    position: int
    title: str
    state: State
    changed: bool
    visible: bool
    since: datetime | None
    next_at: datetime | None
    airs_at: datetime | None
    updated_at: datetime
    updated_by: int


class Listing(Struct, frozen=True):
    """One page of the editors' list and how many there are in all."""

    rows: list[Row]
    total: int


async def listing(
    *,
    at: datetime,
    kind: str = "",
    state: str = "",
    text: str = "",
    parent_id: int | None = None,
    page: int = 1,
    size: int = 50,
) -> Listing:
    """List items, those changed last first; under a parent in their order.

    :param text: part of the title of the draft, or the slug or id.
    :param page: from 1.
    """
    # Which items they are is asked first, of all; how they stand, of those of the page alone.
    # The states are worked out before one is chosen: how many have it is more than the planner can guess.
    stood = f"WITH stood AS MATERIALIZED (SELECT i.id, standing.state FROM {STANDING_OF_ALL})" if state else ""  # noqa: S608  constants
    which = f"""
        FROM item i JOIN draft d ON d.item_id = i.id {"JOIN stood ON stood.id = i.id" if state else ""}
        WHERE $3 IN ('', i.kind) AND $4 IN ('', {"stood.state" if state else "$4"})
            AND ($6::bigint IS NULL OR i.parent_id = $6)
            AND ($5 = '' OR d.title ILIKE '%' || $5 || '%' OR i.slug = $5 OR i.id::text = $5)
            AND $1::timestamptz IS NOT NULL AND $2::text IS NOT NULL
    """
    like = text.strip()[:200].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    roles = await required_roles()
    values = (at, roles, kind, state, like, parent_id)
    found = await connection().fetch(
        f"{stood} SELECT i.id, count(*) OVER () AS total {which} "
        "ORDER BY CASE WHEN $6::bigint IS NULL THEN 0 ELSE i.position END, d.updated_at DESC, i.id DESC "
        "LIMIT $7 OFFSET $8",
        *values,
        size,
        (max(page, 1) - 1) * size,
    )
    rows = await connection().fetch(
        f"""
        SELECT i.id AS item_id, i.kind, i.slug, i.parent_id, i.position, d.updated_at, d.updated_by, a.airs_at,
            d.title, {STANDING_COLUMNS}
        FROM {STANDING} LEFT JOIN airing a ON a.episode_id = i.id AND a.cancelled_at IS NULL
        WHERE i.id = ANY($3::bigint[]) ORDER BY array_position($3::bigint[], i.id)
        """,  # noqa: S608  constants
        at,
        roles,
        [row["id"] for row in found],
    )
    if found:
        total: int = found[0]["total"]
    else:
        # A page past the last one is empty, and still says how many there are.
        total = await connection().value(f"{stood} SELECT count(*) {which}", *values) if page > 1 else 0
    return Listing([msgspec.convert(dict(row), Row) for row in rows], total)


async def save_draft(
    *, item_id: int, shape: Mapping[str, Any], revision: int, staff_id: int, at: datetime, request_id: str = ""
) -> DraftState:
    """Save a draft that was based on a revision. The same text again changes nothing and is never stale.

    :raises ItemMissing: if there is no such item.
    :raises DraftStale: if the draft has another revision by now.
    :raises DraftUnfit: if the shape is not made of the kind's fields.
    :raises DraftTooLarge: if it is too large.
    """
    async with transaction():
        before = await locked(item_id)
        storable = as_storable(before.kind, shape)
        if storable == before.shape:
            return before
        if before.revision != revision:
            raise stale(before, storable)
        await write(before, storable, staff_id=staff_id, at=at)
        fields = differences(before.shape, storable)
        await trail.note(
            "save",
            "item",
            item_id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before={name: before.shape.get(name) for name in fields},
            after={name: storable.get(name) for name in fields},
        )
        return await draft_of(item_id=item_id)


async def discard(*, item_id: int, staff_id: int, at: datetime, request_id: str = "") -> None:
    """Remove an item that never left its draft.

    :raises ItemMissing: if there is none.
    :raises ItemInUse: if it has a version, or others stand under it.
    """
    async with transaction():
        draft = await locked(item_id)
        used = await connection().value(
            "SELECT EXISTS (SELECT 1 FROM version WHERE item_id = $1) "
            "OR EXISTS (SELECT 1 FROM item WHERE parent_id = $1)",
            item_id,
        )
        if used:
            raise ItemInUse()
        await Item.filter(id=item_id).delete()
        await trail.note("discard", "item", item_id, staff_id=staff_id, at=at, request_id=request_id, before=draft)


def check_slug(slug: str) -> None:
    """Refuse a slug that is none.

    :raises SlugBad: if it has other characters than those of an address, or too many.
    """
    if not SLUG.match(slug):
        raise SlugBad(field="slug")


async def check_parent(kind: str, parent_id: int | None) -> None:
    """Refuse a place where the kind does not stand; an item without a parent yet is only kept from publishing.

    :raises ParentUnfit: if the parent is missing or of a kind that this one does not stand under.
    """
    if parent_id is None:
        return
    above = await connection().value("SELECT kind FROM item WHERE id = $1 FOR SHARE", parent_id)
    if above is None or above not in kind_of(kind).parents:
        raise ParentUnfit(field="parent_id")


async def locked(item_id: int) -> DraftState:
    """Give a draft and keep others from it until the transaction ends.

    :raises ItemMissing: if there is no such item.
    """
    if await connection().value("SELECT revision FROM draft WHERE item_id = $1 FOR UPDATE", item_id) is None:
        raise ItemMissing()
    return await draft_of(item_id=item_id)


async def write(before: DraftState, shape: dict[str, Any], *, staff_id: int, at: datetime) -> None:
    """Put a text into a locked draft."""
    await Draft.filter(item_id=before.item_id).update(
        shape=shape,
        content_hash=content_hash(before.kind, shape),
        revision=before.revision + 1,
        updated_at=at,
        updated_by=staff_id,
    )
    await _note_files(before.item_id, shape)


async def _note_files(item_id: int, shape: Mapping[str, Any]) -> None:
    used = list(files_in(shape))
    await connection().execute("DELETE FROM asset_use WHERE item_id = $1 AND place = 'draft'", item_id)
    await connection().execute(
        "INSERT INTO asset_use (asset_id, item_id, place, field) SELECT u.asset_id, $1, 'draft', left(u.field, 80) "
        "FROM unnest($2::bigint[], $3::text[]) AS u (asset_id, field) JOIN asset a ON a.id = u.asset_id "
        "ON CONFLICT DO NOTHING",
        item_id,
        [asset_id for asset_id, _ in used],
        [field for _, field in used],
    )


def stale(current: DraftState, shape: Mapping[str, Any]) -> DraftStale:
    """Say what a writer needs to know whose draft is behind."""
    return DraftStale(
        revision=current.revision,
        updated_at=current.updated_at.isoformat(),
        updated_by=current.updated_by,
        fields=differences(current.shape, shape),
    )
