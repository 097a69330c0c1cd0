"""Exports: items of a kind as a sheet that can be edited and taken in again, and an empty one to begin with.

The rule: what an export says of an item, an import finds unchanged. It tells of drafts, as editors see them, with the
number of the item and the state that it is in.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

from msgspec import Struct

from content import items, sheet_facts
from content.columns.cells import Around
from content.columns.layouts import KEY, NUMBER, TOKEN, Layout, divided, further_name, layout_of, texts_of
from content.import_plan import Current
from content.sheets import writing
from content.sheets.grids import MOST_ROWS
from content.sheets.writing import Head, steady
from server.core.clock import day_of
from server.core.errors import Invalid

Format = Literal["xlsx", "csv"]
TYPES: Final = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
AT_ONCE: Final = 200


class TooManyToExport(Invalid):
    """More items would be written than can be taken in again at once."""

    code = "too_many_to_export"
    title = "一次最多导出 10000 项，请先筛选"


class SheetFile(Struct, frozen=True):
    """A sheet to be saved: its name, its type, and its bytes."""

    name: str
    media_type: str
    data: bytes


async def export(
    *, kind: str, format: Format, at: datetime, state: str = "", text: str = "", parent_id: int | None = None
) -> SheetFile:
    """Write the items of a kind that a list shows under the same filters.

    :raises NoSheet: if items of the kind are not written in sheets.
    :raises TooManyToExport: if there are too many.
    """
    layout = layout_of(kind)
    listed = await items.listing(at=at, kind=kind, state=state, text=text, parent_id=parent_id, size=MOST_ROWS)
    if listed.total > MOST_ROWS:
        raise TooManyToExport()
    around = await sheet_facts.around(layout=layout)
    rows: list[dict[str, str]] = []
    ids = [row.item_id for row in listed.rows]
    for place in range(0, len(ids), AT_ONCE):
        some = {
            each.item_id: each for each in await sheet_facts.as_now(kind=kind, item_ids=ids[place : place + AT_ONCE])
        }
        rows += [row_of(layout, some[item_id], around) for item_id in ids[place : place + AT_ONCE] if item_id in some]
        await asyncio.sleep(0)
    return await _written(layout, rows, format, f"{layout.name}-{day_of(at)}")


async def template(*, kind: str, format: Format) -> SheetFile:
    """Write an empty sheet with the headings of a kind.

    :raises NoSheet: if items of the kind are not written in sheets.
    """
    layout = layout_of(kind)
    return await _written(layout, [], format, f"{layout.name}-模板")


def row_of(layout: Layout, item: Current, around: Around) -> dict[str, str]:
    """Write an item as the texts of its columns, a long one going on in columns of its own."""
    row = {KEY.name: item.key or "", NUMBER.name: str(item.item_id), TOKEN.name: item.token}
    many = {column.name for column in layout.columns if column.many}
    for name, whole in texts_of(layout, item.facts, around).items():
        first, *more = divided(steady(whole)) if name in many else [steady(whole)]
        row[name] = first
        row.update({further_name(name, number): piece for number, piece in enumerate(more, 1)})
    return row


def heads_of(layout: Layout, rows: Sequence[dict[str, str]]) -> list[Head]:
    """List the columns that some rows need, in their order."""
    used = {name for row in rows for name in row}
    heads = [KEY, NUMBER, TOKEN]
    for column in layout.columns:
        heads.append(column.head)
        number = 1
        while column.many and (name := further_name(column.name, number)) in used:
            heads.append(Head(name, column.width))
            number += 1
    return heads


async def _written(layout: Layout, rows: list[dict[str, str]], format: Format, name: str) -> SheetFile:
    heads = heads_of(layout, rows)
    lines = [[row.get(head.name, "") for head in heads] for row in rows]
    if format == "csv":
        data = await asyncio.to_thread(writing.as_csv, heads, lines)
    else:
        data = await asyncio.to_thread(writing.as_workbook, layout.name, heads, lines)
    return SheetFile(f"{name}.{format}", TYPES[format], data)
