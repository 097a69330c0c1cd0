"""The columns that sheets of all kinds have: what a text is called, who stands behind it, who may read it and when."""

from typing import Any, Final

from content.columns.cells import (
    Around,
    CellBad,
    Column,
    Facts,
    Shown,
    Taken,
    at_most,
    choice,
    days,
    joined,
    line,
    lines,
    paragraphs,
    put,
    rows_of,
    said,
    text,
    whole,
    words,
)
from content.parts import Audience
from content.sheets.grids import Cell

AUDIENCE_NAMES: Final = {
    Audience.EVERYONE: "所有人",
    Audience.DOCTOR: "医生",
    Audience.PROFESSIONAL: "已认证的专业人士",
    Audience.PATIENT: "患者",
}
FILE_WORDS: Final = {"image": "图片", "video": "视频", "document": "文档", "audio": "音频"}


def column(ways: tuple[Shown, Taken], name: str, *aliases: str, field: str, **more: Any) -> Column:
    """Put a column together of the two ways of its field."""
    return Column(name=name, aliases=aliases, field=field, shown=ways[0], taken=ways[1], **more)


def part(name: str, inner: str) -> tuple[Shown, Taken]:
    """Make the ways of a field within a field, as the hospital of an author."""

    def shown(item: Facts, around: Around) -> str:
        outer = item.shape.get(name)
        return said(outer.get(inner)) if isinstance(outer, dict) else ""

    def taken(cell: Cell, item: Facts, around: Around) -> None:
        outer = item.shape.get(name)
        within = dict(outer) if isinstance(outer, dict) else {}
        put(within, inner, line(cell))
        put(item.shape, name, within)

    return shown, taken


def file_of(cell: Cell, kind: str, around: Around) -> int | None:
    """Find a file of the library by its id, or by its name where only one has it.

    :raises CellBad: if there is none of this kind, or several.
    """
    word = line(cell)
    if not word:
        return None
    if word.isascii() and word.isdecimal() and len(word) < 19:
        file = around.files.get(int(word))
    else:
        named = [file for file in around.files.values() if file.name == word and file.kind == kind]
        if len(named) > 1:
            raise CellBad("有多个文件叫「%(value)s」，请填写文件编号。", reason="asset_doubtful", value=word)
        file = named[0] if named else None
    if file is None:
        raise CellBad("素材库中没有「%(value)s」。", reason="asset_unknown", value=word)
    if file.kind != kind:
        raise CellBad("这个文件不是%(kind)s。", reason="asset_wrong_kind", kind=FILE_WORDS.get(kind, kind))
    return file.id


def file_ways(name: str, kind: str) -> tuple[Shown, Taken]:
    """Make the ways of a field that holds a file of the library."""

    def shown(item: Facts, around: Around) -> str:
        held = item.shape.get(name)
        return said(held.get("asset")) if isinstance(held, dict) else ""

    def taken(cell: Cell, item: Facts, around: Around) -> None:
        asset = file_of(cell, kind, around)
        held = item.shape.get(name)
        if asset is None:
            # What describes a file goes with it.
            item.shape.pop(name, None)
        else:
            item.shape[name] = {**(held if isinstance(held, dict) else {}), "asset": asset}

    return shown, taken


def _shown_tags(item: Facts, around: Around) -> str:
    given = item.shape.get("tags")
    names = list(around.tags.values())
    slugs = [slug for slug in given if isinstance(slug, str)] if isinstance(given, list | tuple) else []
    return "、".join(_tag_word(slug, around, names) for slug in slugs)


def _tag_word(slug: str, around: Around, names: list[str]) -> str:
    """Call a tag by its name where that leads back to it."""
    name = around.tags.get(slug, slug)
    plain = words(Cell(name)) == [name] and name not in around.tags
    return name if plain and names.count(name) == 1 else slug


def _taken_tags(cell: Cell, item: Facts, around: Around) -> None:
    slugs = []
    for word in words(cell):
        slug = word if word in around.tags else None
        if slug is None:
            named = [slug for slug, name in around.tags.items() if name == word]
            if len(named) > 1:
                raise CellBad("有多个标签叫「%(value)s」，请填写标签标识。", reason="tag_doubtful", value=word)
            slug = named[0] if named else None
        if slug is None:
            raise CellBad("没有「%(value)s」这个标签。", reason="tag_unknown", value=word)
        slugs.append(slug)
    put(item.shape, "tags", list(dict.fromkeys(slugs)))


def _shown_sources(item: Facts, around: Around) -> str:
    return "\n".join(joined([row.get("title"), row.get("url")]) for row in rows_of(item.shape.get("sources")))


def _taken_sources(cell: Cell, item: Facts, around: Around) -> None:
    rows = [at_most(row, 2) for row in lines(cell)]
    put(item.shape, "sources", [_kept({"title": title, "url": url}) for title, url in rows])


def _kept(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in ("", None)}


def rows_way(name: str, fields: tuple[str, ...]) -> tuple[Shown, Taken]:
    """Make the ways of a list whose rows are lines of texts."""

    def shown(item: Facts, around: Around) -> str:
        return "\n".join(joined([row.get(one) for one in fields]) for row in rows_of(item.shape.get(name)))

    def taken(cell: Cell, item: Facts, around: Around) -> None:
        rows = [at_most(row, len(fields)) for row in lines(cell)]
        put(item.shape, name, [_kept(dict(zip(fields, row, strict=True))) for row in rows])

    return shown, taken


def _shown_related(item: Facts, around: Around) -> str:
    given = item.shape.get("related")
    return "、".join(said(one) for one in given) if isinstance(given, list | tuple) else ""


def _taken_related(cell: Cell, item: Facts, around: Around) -> None:
    found = []
    for word in words(cell):
        item_id = whole(Cell(word))
        if item_id not in around.items:
            raise CellBad("没有编号为 %(value)s 的内容。", reason="item_unknown", value=word)
        found.append(item_id)
    put(item.shape, "related", found)


TITLE: Final = column(text("title"), "标题", "title", field="title", width=36, needed=True, note="必填，最多 80 个字。")
SUMMARY: Final = column(
    paragraphs("summary"), "简介", "summary", field="summary", width=48, note="在列表里显示，最多 2000 个字。"
)
TAGS: Final = column(
    (_shown_tags, _taken_tags), "标签", "tags", field="tags", width=24, note="标签的名称或标识，用顿号分隔。"
)
AUDIENCE: Final = column(
    choice("audience", AUDIENCE_NAMES),
    "可见范围",
    "audience",
    field="audience",
    choices=tuple(AUDIENCE_NAMES.values()),
    note="不填为所有人。",
)
COVER: Final = (
    column(
        file_ways("cover", "image"), "封面", "cover", "cover_asset", field="cover", note="素材库中图片的编号或文件名。"
    ),
    column(part("cover", "alt"), "封面说明", "cover_alt", "alt", field="cover", width=24, note="给看不到图片的读者。"),
)
CREDITS: Final = (
    column(part("author", "name"), "作者", "author", "author_name", field="author"),
    column(part("author", "title"), "作者职称", "author_title", field="author"),
    column(part("author", "hospital"), "作者单位", "作者医院", "author_hospital", "hospital", field="author", width=24),
    column(part("reviewer", "name"), "审稿人", "reviewer", "reviewer_name", field="reviewer"),
    column(part("reviewer", "title"), "审稿人职称", "reviewer_title", field="reviewer"),
    column(part("reviewer", "hospital"), "审稿人单位", "reviewer_hospital", field="reviewer", width=24),
    column(
        (_shown_sources, _taken_sources),
        "参考来源",
        "sources",
        field="sources",
        width=36,
        note="一行一条：标题 | 网址。网址可以不写。",
    ),
)
VALIDITY: Final = (
    column(
        days("valid_from"), "有效期起", "valid_from", field="valid_from", note="可以展示的第一天，例如 2026-11-22。"
    ),
    column(days("valid_until"), "有效期止", "valid_until", field="valid_until", note="可以展示的最后一天。"),
    column(text("approval_number"), "批准文号", "approval_number", field="approval_number"),
    column(text("entitlement"), "所需权益", "entitlement", field="entitlement", note="例如 membership；不填则不需要。"),
)
RELATED: Final = column(
    (_shown_related, _taken_related), "相关内容", "related", field="related", note="内容编号，用顿号分隔，最多 12 个。"
)


def _section_word(section_id: int | None, around: Around) -> str:
    """Call a section by its name where that leads back to it, else by its slug."""
    section = around.sections.get(section_id or 0)
    if section is None:
        return ""
    alike = [one for one in around.sections.values() if section.name in {one.name, one.slug}]
    return section.name if len(alike) == 1 and line(Cell(section.name)) == section.name else section.slug


def _shown_section(item: Facts, around: Around) -> str:
    return _section_word(item.section_id, around)


def _taken_section(cell: Cell, item: Facts, around: Around) -> None:
    word = line(cell)
    found = [one for one in around.sections.values() if one.slug == word]
    found = found or [one for one in around.sections.values() if one.name == word]
    if word and len(found) > 1:
        raise CellBad("有多个栏目叫「%(value)s」，请填写栏目标识。", reason="section_doubtful", value=word)
    if word and not found:
        raise CellBad("没有「%(value)s」这个栏目。", reason="section_unknown", value=word)
    item.section_id = found[0].id if word else None


SECTION: Final = column(
    (_shown_section, _taken_section), "栏目", "section", field="section_id", note="栏目的名称或标识。"
)
