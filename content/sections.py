"""Sections: the one tree of boards and zones, in which items stand.

The rule: a section is a row, so a new board takes no code. It may narrow who reads what stands in it and below it; its
name, order and look are fields of operation, audited. An item stands in at most one section; what is under an item
stands where that does.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from content import live, trail
from content.access import ItemMissing
from content.kinds import kind_of
from content.parts import Audience
from content.tree import hold
from server.core.db import connection, transaction
from server.core.errors import Conflict, Invalid, Missing
from server.core.roles import Audience as Portal

SLUG: Final = re.compile(r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$(?!\n)")
DEEPEST: Final = 4
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('section'))"


class SectionMissing(Missing):
    """There is no such section."""

    code = "section_missing"
    title = "没有这个栏目"


class SectionBad(Invalid):
    """A part of the section is not what it has to be; ``field`` names it."""

    code = "section_bad"
    title = "栏目信息有误"


class SectionTaken(Conflict):
    """Another section has the slug."""

    code = "section_taken"
    title = "这个栏目标识已被使用"


class SectionInUse(Conflict):
    """Items or other sections stand in the section."""

    code = "section_in_use"
    title = "栏目中还有内容或下级栏目，不能删除"


class SectionsMoved(Conflict):
    """The sections to be ordered are not the ones that stand there."""

    code = "sections_moved"
    title = "栏目已变化，请刷新后再排序"


class NotInSections(Invalid):
    """Items of this kind stand where what is above them stands."""

    code = "not_in_sections"
    title = "这种内容不能单独放入栏目"


class Look(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a section is drawn: the layout of its list, an icon by name, and a tone of the house's palette."""

    layout: Literal["cards", "rows", "grid"] = "rows"
    icon: str = ""
    tone: Literal["", "green", "blue", "warm", "grey"] = ""


class Section(Struct, frozen=True, kw_only=True):
    """A section. ``order`` says whether its list is the newest first or as editors put it."""

    id: int
    slug: str
    portal: Portal
    parent_id: int | None
    position: int
    name_zh: str
    name_en: str
    summary: str
    audience: Audience
    order: Literal["newest", "manual"]
    look: Look
    hidden: bool


async def listing(*, portal: Portal | None = None) -> list[Section]:
    """List the sections, of one portal or of both, each after what it stands in and in the order of its siblings."""
    rows = await connection().fetch(
        'SELECT id, slug, portal, parent_id, position, name_zh, name_en, summary, audience, "order", look, hidden '
        "FROM section WHERE $1::text IS NULL OR portal = $1 ORDER BY position, id",
        portal,
    )
    below: dict[int | None, list[Section]] = {}
    for row in rows:
        section = msgspec.convert({**row, "look": msgspec.json.decode(row["look"])}, Section)
        below.setdefault(section.parent_id, []).append(section)
    found: list[Section] = []

    def add(parent_id: int | None) -> None:
        for section in below.get(parent_id, []):
            found.append(section)
            add(section.id)

    add(None)
    return found


async def section_of(*, slug: str) -> Section:
    """Give the section of a slug.

    :raises SectionMissing: if there is none.
    """
    found = next((section for section in await listing() if section.slug == slug), None)
    if found is None:
        raise SectionMissing()
    return found


async def save(
    *,
    slug: str,
    portal: Portal,
    name_zh: str,
    staff_id: int,
    at: datetime,
    section_id: int | None = None,
    parent_id: int | None = None,
    name_en: str = "",
    summary: str = "",
    audience: Audience = Audience.EVERYONE,
    order: Literal["newest", "manual"] = "newest",
    look: Mapping[str, Any] | None = None,
    hidden: bool = False,
    request_id: str = "",
) -> Section:
    """Make a section as the last under its parent, or change one.

    What stands in it is brought into line with its audience at once.

    :raises SectionMissing: if there is no such section.
    :raises SectionBad: if a part is not what it has to be.
    :raises SectionTaken: if another one has the slug.
    """
    name_zh, name_en, summary = name_zh.strip(), name_en.strip(), summary.strip()
    _check_words(slug, name_zh, name_en, summary)
    try:
        drawn = msgspec.convert(dict(look or {}), Look)
    except msgspec.ValidationError:
        raise SectionBad(field="look") from None
    topics: set[str] = set()
    async with transaction():
        await connection().value(_LOCK)
        before = {section.id: section for section in await listing()}
        if section_id is not None and section_id not in before:
            raise SectionMissing()
        if any(other.slug == slug and other.id != section_id for other in before.values()):
            raise SectionTaken(field="slug")
        _check_parent(section_id, parent_id, portal, before)
        values = (slug, portal, parent_id, name_zh, name_en, summary, audience, order, msgspec.json.encode(drawn))
        if section_id is None:
            section_id = await connection().value(
                'INSERT INTO section (slug, portal, parent_id, name_zh, name_en, summary, audience, "order", look, '
                "hidden, position, created_at, changed_at) "
                "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9::text::jsonb, $10, coalesce(max(position), 0) + 1, $11, $11 "
                "FROM section WHERE parent_id IS NOT DISTINCT FROM $3 "
                "RETURNING id",
                *values[:-1],
                values[-1].decode(),
                hidden,
                at,
            )
        else:
            await connection().execute(
                "UPDATE section SET slug = $1, portal = $2, parent_id = $3, name_zh = $4, name_en = $5, summary = $6, "
                'audience = $7, "order" = $8, look = $9::text::jsonb, hidden = $10, changed_at = $11 WHERE id = $12',
                *values[:-1],
                values[-1].decode(),
                hidden,
                at,
                section_id,
            )
            was = before[section_id]
            if (was.audience, was.parent_id) != (audience, parent_id):
                topics = await _refresh_within(section_id, staff_id=staff_id, at=at, request_id=request_id)
        after = next(section for section in await listing() if section.id == section_id)
        await trail.note(
            "save",
            "section",
            section_id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before=before.get(section_id),
            after=after,
        )
    await trail.tell(*topics, "section:*")
    return after


async def arrange(
    *, parent_id: int | None, section_ids: Sequence[int], staff_id: int, at: datetime, request_id: str = ""
) -> None:
    """Put all sections under a parent into an order.

    :raises SectionsMoved: if these are not exactly the sections that stand there.
    """
    async with transaction():
        await connection().value(_LOCK)
        before = [section.id for section in await listing() if section.parent_id == parent_id]
        if sorted(before) != sorted(section_ids):
            raise SectionsMoved()
        await connection().execute(
            "UPDATE section SET position = o.position FROM unnest($1::bigint[]) WITH ORDINALITY AS o (id, position) "
            "WHERE section.id = o.id",
            list(section_ids),
        )
        await trail.note(
            "arrange",
            "section",
            parent_id or 0,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before=before,
            after=list(section_ids),
        )
    await trail.tell("section:*")


async def remove(*, section_id: int, staff_id: int, at: datetime, request_id: str = "") -> None:
    """Remove a section in which nothing stands.

    :raises SectionMissing: if there is none.
    :raises SectionInUse: if items or other sections stand in it.
    """
    async with transaction():
        await connection().value(_LOCK)
        before = next((section for section in await listing() if section.id == section_id), None)
        if before is None:
            raise SectionMissing()
        used = await connection().value(
            "SELECT EXISTS (SELECT 1 FROM item WHERE section_id = $1) "
            "OR EXISTS (SELECT 1 FROM section WHERE parent_id = $1)",
            section_id,
        )
        if used:
            raise SectionInUse()
        await connection().execute("DELETE FROM section WHERE id = $1", section_id)
        await trail.note(
            "remove", "section", section_id, staff_id=staff_id, at=at, request_id=request_id, before=before
        )
    await trail.tell("section:*")


async def place(*, item_id: int, section_id: int | None, staff_id: int, at: datetime, request_id: str = "") -> None:
    """Put an item into a section, or into none.

    :raises ItemMissing: if there is no such item.
    :raises NotInSections: if its kind stands where what is above it stands.
    :raises SectionMissing: if there is no such section.
    """
    async with transaction():
        await connection().value("SELECT pg_advisory_xact_lock_shared(hashtext('section'))")
        await hold(item_id)
        row = await connection().row("SELECT kind, section_id FROM item WHERE id = $1", item_id)
        if row is None:
            raise ItemMissing()
        if not kind_of(row["kind"]).sectioned:
            raise NotInSections(field="section_id")
        if section_id is not None and not await connection().value(
            "SELECT true FROM section WHERE id = $1", section_id
        ):
            raise SectionMissing(field="section_id")
        if row["section_id"] == section_id:
            return
        await connection().execute("UPDATE item SET section_id = $2 WHERE id = $1", item_id, section_id)
        await trail.note(
            "place",
            "item",
            item_id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before={"section_id": row["section_id"]},
            after={"section_id": section_id},
        )
        topics = await live.refresh(item_id, at=at, why="withdrawn", staff_id=staff_id, request_id=request_id)
    await trail.tell(*topics, "section:*")


async def _refresh_within(section_id: int, *, staff_id: int, at: datetime, request_id: str) -> set[str]:
    rows = await connection().fetch(
        "WITH RECURSIVE down AS (SELECT id FROM section WHERE id = $1 UNION ALL "
        "SELECT s.id FROM section s JOIN down ON s.parent_id = down.id) "
        "SELECT i.id FROM item i JOIN down ON i.section_id = down.id ORDER BY i.id FOR NO KEY UPDATE OF i",
        section_id,
    )
    topics: set[str] = set()
    for row in rows:
        topics |= await live.refresh(row["id"], at=at, why="withdrawn", staff_id=staff_id, request_id=request_id)
    return topics


def _check_words(slug: str, name_zh: str, name_en: str, summary: str) -> None:
    if not SLUG.match(slug):
        raise SectionBad("Use up to 64 lower-case letters, digits and hyphens.", field="slug")
    for field, text, least, most in (
        ("name_zh", name_zh, 1, 40),
        ("name_en", name_en, 0, 60),
        ("summary", summary, 0, 200),
    ):
        if not least <= len(text) <= most or "\0" in text:
            raise SectionBad(field=field)


def _check_parent(
    section_id: int | None, parent_id: int | None, portal: Portal, sections: Mapping[int, Section]
) -> None:
    depth, above = 1, parent_id
    while above is not None:
        section = sections.get(above)
        depth += 1
        if section is None or section.portal != portal or above == section_id or depth > DEEPEST:
            raise SectionBad("The parent must be another section of the portal, not below this one.", field="parent_id")
        above = section.parent_id
    moved = [section for section in sections.values() if section.parent_id == section_id]
    if section_id is not None and any(section.portal != portal for section in moved):
        raise SectionBad("Sections of the other portal stand under it.", field="portal")
