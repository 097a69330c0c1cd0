"""What sheets are written from and held against: items as they are now, and the tags, places and files they name."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from content.columns.cells import Around, Facts, FileName, Place, SectionName, lines, words
from content.columns.layouts import Layout
from content.import_plan import Current
from content.sheets.grids import Cell
from server.core.db import connection

# The fields whose cells name files of the library.
FILES: Final = frozenset({"cover", "video", "documents"})
AS_NOW: Final = """
    SELECT i.id AS item_id, i.parent_id, i.section_id, d.shape, d.revision, r.key,
        coalesce(r.token_before, '') AS token_before, coalesce(r.token_after, '') AS token_after,
        coalesce(a.sequence, 0) AS sequence,
        CASE WHEN a.cancelled_at IS NULL THEN a.airs_at END AS airs_at
    FROM item i JOIN draft d ON d.item_id = i.id
    LEFT JOIN airing a ON a.episode_id = i.id LEFT JOIN sheet_row r ON r.item_id = i.id
"""


async def as_now(*, kind: str, item_ids: Sequence[int] = (), keys: Sequence[str] = ()) -> list[Current]:
    """Give items of a kind as they are now, by their ids and by the keys of the rows that they came from."""
    rows = await connection().fetch(
        f"{AS_NOW} WHERE i.kind = $1 AND (i.id = ANY($2::bigint[]) OR r.key = ANY($3::text[]))",
        kind,
        list(item_ids),
        list(keys),
    )
    return [_current(row) for row in rows]


def _current(row: Mapping[str, Any]) -> Current:
    return Current(
        item_id=row["item_id"],
        revision=row["revision"],
        facts=Facts(
            shape=msgspec.json.decode(row["shape"]),
            parent_id=row["parent_id"],
            section_id=row["section_id"],
            airs_at=row["airs_at"],
        ),
        sequence=row["sequence"],
        key=row["key"],
        token_before=row["token_before"],
        token_after=row["token_after"],
    )


async def around(*, layout: Layout, cells: Iterable[Mapping[str, Cell]] = (), may_plan: bool = True) -> Around:
    """Look up what the columns want to know, for what some cells name."""
    fields = {column.field for column in layout.columns}
    rows = list(cells)
    return Around(
        tags={row["slug"]: row["name_zh"] for row in await connection().fetch("SELECT slug, name_zh FROM tag")},
        places=await _places() if "parent_id" in fields else {},
        sections=await _sections() if "section_id" in fields else {},
        files=await _files(layout, rows),
        consents=await _consents() if "consent_id" in fields else {},
        items=await _items(layout, rows),
        may_plan=may_plan,
    )


async def _places() -> dict[int, Place]:
    rows = await connection().fetch(
        "SELECT i.id, i.kind, i.slug, coalesce(d.shape ->> 'title', '') AS title, i.parent_id "
        "FROM item i JOIN draft d ON d.item_id = i.id WHERE i.kind IN ('series', 'season') ORDER BY i.id"
    )
    return {row["id"]: msgspec.convert(dict(row), Place) for row in rows}


async def _sections() -> dict[int, SectionName]:
    rows = await connection().fetch("SELECT id, slug, name_zh AS name FROM section ORDER BY id")
    return {row["id"]: msgspec.convert(dict(row), SectionName) for row in rows}


async def _consents() -> dict[str, int]:
    return {row["code"]: row["id"] for row in await connection().fetch("SELECT id, code FROM filmed_consent")}


async def _files(layout: Layout, rows: list[Mapping[str, Cell]]) -> dict[int, FileName]:
    names = [column.name for column in layout.columns if column.field in FILES]
    named = {parts[0] for row in rows for name in names if name in row for parts in lines(row[name])}
    found = await connection().fetch(
        "SELECT id, kind, name FROM asset WHERE id = ANY($1::bigint[]) OR name = ANY($2::text[])",
        _numbers(named),
        sorted(named),
    )
    return {row["id"]: msgspec.convert(dict(row), FileName) for row in found}


async def _items(layout: Layout, rows: list[Mapping[str, Cell]]) -> frozenset[int]:
    names = [column.name for column in layout.columns if column.field == "related"]
    named = {word for row in rows for name in names if name in row for word in words(row[name])}
    found = await connection().fetch("SELECT id FROM item WHERE id = ANY($1::bigint[])", _numbers(named))
    return frozenset(row["id"] for row in found)


def _numbers(named: Iterable[str]) -> list[int]:
    return sorted({int(word) for word in named if word.isascii() and word.isdecimal() and len(word) < 19})
