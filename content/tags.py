"""The taxonomy: tags in facets, each perhaps under another of its facet."""

import re
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from content import lexicon, trail
from content.tables.items import Tag as TagTable
from server.core.db import connection, transaction
from server.core.errors import Conflict, Invalid, Missing

# What a tag may look like in the engagement log as well: nothing in which a phone number would fit.
SLUG = re.compile(r"^(?!.*[0-9]{7})[a-z0-9][a-z0-9-]{0,62}$(?!\n)")

FACETS: Final = {
    "disease": "疾病",
    "specialty": "专科",
    "operation": "术式",
    "topic": "主题",
    "stage": "诊疗阶段",
    "literacy": "阅读难度",
    "health-day": "健康日",
}


class TagBad(Invalid):
    """The slug, a name, the facet or the parent is not what it has to be."""

    code = "tag_bad"
    title = "标签有误"


class TagMissing(Missing):
    """There is no such tag."""

    code = "tag_missing"
    title = "没有这个标签"


class TagInUse(Conflict):
    """Items carry the tag, or others stand under it."""

    code = "tag_in_use"
    title = "标签正在使用，不能删除"


class Tag(Struct, frozen=True):
    """A tag with its names."""

    slug: str
    facet: str
    parent_slug: str | None
    name_zh: str
    name_en: str
    position: int


async def listing(*, facet: str = "") -> list[Tag]:
    """List the tags of a facet, or all, in the order of the tree's rows."""
    rows = await connection().fetch(
        "SELECT slug, facet, parent_slug, name_zh, name_en, position FROM tag WHERE $1 IN ('', facet) "
        "ORDER BY facet, position, slug",
        facet,
    )
    return [msgspec.convert(dict(row), Tag) for row in rows]


async def names() -> dict[str, str]:
    """Give the Chinese name of every tag by its slug."""
    return {row["slug"]: row["name_zh"] for row in await connection().fetch("SELECT slug, name_zh FROM tag")}


async def save(
    *,
    slug: str,
    facet: str,
    name_zh: str,
    staff_id: int,
    at: datetime,
    name_en: str = "",
    parent_slug: str | None = None,
    position: int = 0,
    request_id: str = "",
) -> Tag:
    """Make a tag, or change the one of this slug.

    :raises TagBad: if a part is not what it has to be; ``field`` names it.
    """
    if not SLUG.match(slug):
        raise TagBad("Use up to 63 lower-case letters, digits and hyphens.", field="slug")
    if facet not in FACETS:
        raise TagBad(field="facet")
    if not 1 <= len(name_zh.strip()) <= 60 or "\0" in name_zh:
        raise TagBad(field="name_zh")
    if len(name_en) > 80 or "\0" in name_en:
        raise TagBad(field="name_en")
    if not 0 <= position < 2**31:
        raise TagBad(field="position")
    async with transaction():
        await connection().value("SELECT pg_advisory_xact_lock(hashtext('tag'))")
        await _check_parent(slug, facet, parent_slug)
        before = await TagTable.get_or_none(slug=slug)
        if before is not None and before.facet != facet and await TagTable.exists(parent_slug=slug):
            raise TagBad("Tags stand under it in its facet.", field="facet")
        after = Tag(slug, facet, parent_slug, name_zh.strip(), name_en.strip(), position)
        await connection().execute(
            "INSERT INTO tag (slug, facet, parent_slug, name_zh, name_en, position) VALUES ($1, $2, $3, $4, $5, $6) "
            "ON CONFLICT (slug) DO UPDATE SET facet = $2, parent_slug = $3, name_zh = $4, name_en = $5, position = $6",
            *msgspec.structs.astuple(after),
        )
        await trail.note(
            "save",
            "tag",
            slug,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before=_told(before) if before else None,
            after=after,
        )
        # Items are found by the names of their tags.
        await lexicon.advance()
    lexicon.forget()
    await trail.tell("item:*", "series_list:*")
    return after


async def remove(*, slug: str, staff_id: int, at: datetime, request_id: str = "") -> None:
    """Remove a tag that nothing carries.

    :raises TagMissing: if there is none.
    :raises TagInUse: if an item carries it, or another tag stands under it.
    """
    async with transaction():
        await connection().value("SELECT pg_advisory_xact_lock(hashtext('tag'))")
        before = await TagTable.get_or_none(slug=slug)
        if before is None:
            raise TagMissing()
        used = await connection().value(
            "SELECT EXISTS (SELECT 1 FROM live WHERE tags @> ARRAY[$1::text]) "
            "OR EXISTS (SELECT 1 FROM draft WHERE shape -> 'tags' @> to_jsonb($1::text)) "
            "OR EXISTS (SELECT 1 FROM tag WHERE parent_slug = $1)",
            slug,
        )
        if used:
            raise TagInUse()
        await before.delete()
        await trail.note("remove", "tag", slug, staff_id=staff_id, at=at, request_id=request_id, before=_told(before))
        await lexicon.advance()
    lexicon.forget()


async def _check_parent(slug: str, facet: str, parent_slug: str | None) -> None:
    above, seen = parent_slug, {slug}
    while above is not None:
        row = await TagTable.get_or_none(slug=above)
        if row is None or row.facet != facet or above in seen:
            raise TagBad("The parent must be another tag of the facet, not below this one.", field="parent_slug")
        seen.add(above)
        above = row.parent_slug


def _told(row: TagTable) -> Tag:
    return Tag(row.slug, row.facet, row.parent_slug, row.name_zh, row.name_en, row.position)
