"""From the sheets of a file to rows of named cells, and what is wrong with their headings.

The rule: a sheet whose headings are wrong is not read at all, because a column that is not known is data that would be
lost in silence. Everything that is wrong says where it stands.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct, field

from content.columns.cells import CellBad, whole
from content.columns.layouts import KEY, NUMBER, TOKEN, Layout, further_name
from content.sheets.grids import MOST_SIGNS, Cell, Grid, Row, letters
from content.sheets.safe_text import restored

LONGEST_KEY: Final = 120
LONGEST_TOKEN: Final = 40
SHOWN: Final = 120


class Problem(Struct, frozen=True):
    """What is wrong with a cell: where it stands, what it says, and why that cannot be.

    ``sentence`` is Chinese, with ``%(name)s`` for the facts; ``said`` has them filled in.
    """

    sheet: str
    row: int
    column: str
    value: str
    code: str
    sentence: str
    facts: dict[str, Any] = {}

    @property
    def said(self) -> str:
        return self.sentence % self.facts if self.facts else self.sentence


class SheetRow(Struct):
    """A row that is to become an item, or to change one."""

    sheet: str
    number: int
    key: str
    item_id: int | None
    token: str
    cells: dict[str, Cell]
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, column: str, fault: CellBad, value: str = "") -> None:
        """Note what is wrong with a cell of this row."""
        self.problems.append(problem(self.sheet, self.number, column, value, fault))


class Rows(Struct):
    """All rows of a file. ``problems`` are those of headings; rows of sheets that have such are not among the rows."""

    rows: list[SheetRow]
    problems: list[Problem]
    left_out: int = 0


def problem(sheet: str, row: int, column: str, value: str, fault: CellBad) -> Problem:
    """Say of a cell what is wrong with it."""
    shown = value if len(value) <= SHOWN else f"{value[:SHOWN]}…"
    return Problem(sheet, row, column, shown, fault.reason, fault.detail, dict(fault.facts))


def rows_of(grids: list[Grid], layout: Layout) -> Rows:
    """Read the rows of all sheets."""
    found = Rows([], [])
    for grid in grids:
        if not grid.rows:
            continue
        heading, *rows = grid.rows
        names, problems = _headings(grid, heading, rows, layout)
        if problems:
            found.problems += problems
            found.left_out += len(rows)
        else:
            joined = dict(_joined(grid, heading.number))
            found.rows += [read for row in rows if (read := _row(grid, row, names, layout, joined)) is not None]
    return found


def _headings(grid: Grid, heading: Row, rows: list[Row], layout: Layout) -> tuple[dict[int, str], list[Problem]]:
    """Give the names of the columns by their places, and what is wrong with them."""
    names: dict[int, str] = {}
    problems: list[Problem] = []

    def wrong(place: int, text: str, fault: CellBad) -> None:
        problems.append(problem(grid.name, heading.number, letters(place), text, fault))

    for place in range(max(len(row.cells) for row in (heading, *rows))):
        text = restored(heading.cells[place].text) if place < len(heading.cells) else ""
        name = layout.name_of(text)
        if not text.strip():
            if any(place < len(row.cells) and row.cells[place].text.strip() for row in rows):
                wrong(place, "", CellBad("这一列有内容，但没有标题。", reason="column_unnamed"))
        elif name is None:
            wrong(place, text, CellBad("没有「%(value)s」这一列。", reason="column_unknown", value=text[:SHOWN]))
        elif name in names.values():
            wrong(place, text, CellBad("「%(value)s」这一列出现了两次。", reason="column_twice", value=name))
        else:
            names[place] = name
    if not problems:
        for missing in _missing(set(names.values()), layout):
            wrong(0, "", CellBad("缺少「%(value)s」这一列。", reason="column_missing", value=missing))
    return names, problems


def _missing(names: set[str], layout: Layout) -> Iterator[str]:
    """List the columns without which the others cannot be read."""
    if not {KEY.name, NUMBER.name} & names:
        yield KEY.name
    for column in layout.columns:
        pieces = [column.name, *(further_name(column.name, number) for number in range(1, 100))] if column.many else []
        last = max((place for place, name in enumerate(pieces) if name in names), default=-1)
        yield from (name for name in pieces[: last + 1] if name not in names)


def _joined(grid: Grid, heading: int) -> Iterator[tuple[int, str]]:
    """List the rows that a joined range covers, each with the range."""
    for joined in grid.merged:
        top, bottom = (int(digits) for digits in re.findall(r"[0-9]+", joined))
        for number in range(max(top, heading + 1), min(bottom, top + 20_000) + 1):
            yield number, joined


def _row(grid: Grid, row: Row, names: Mapping[int, str], layout: Layout, joined: Mapping[int, str]) -> SheetRow | None:
    cells = {
        name: Cell(restored(cell.text), cell.kind)
        for place, name in names.items()
        if (cell := row.cells[place] if place < len(row.cells) else Cell(""))
    }
    if not any(cell.text.strip() or cell.kind for cell in cells.values()):
        return None
    read = SheetRow(grid.name, row.number, "", None, "", {})
    if row.number in joined:
        at = joined[row.number]
        read.wrong(at, CellBad("有合并的单元格（%(value)s），请先取消合并。", reason="cells_joined", value=at))
    for name, cell in cells.items():
        if fault := _unreadable(cell):
            read.wrong(name, fault, cell.text)
    _name_row(read, cells)
    read.cells = {
        column.name: _whole_text(cells, column.name) if column.many else cells[column.name]
        for column in layout.columns
        if column.name in cells
    }
    return read


def _unreadable(cell: Cell) -> CellBad | None:
    if cell.kind == "fault":
        return CellBad("公式出错，没有结果。", reason="cell_fault")
    if cell.kind == "formula":
        return CellBad("公式没有保存结果，请用表格软件打开并保存一次。", reason="formula_unread")
    if len(cell.text) > MOST_SIGNS:
        return CellBad("内容太长。", reason="too_long")
    if "\0" in cell.text:
        return CellBad("有无法保存的字符。", reason="bad_text")
    return None


def _name_row(read: SheetRow, cells: Mapping[str, Cell]) -> None:
    """Read which item a row is about."""
    read.key = " ".join(cells.get(KEY.name, Cell("")).text.split())
    if len(read.key) > LONGEST_KEY:
        read.wrong(KEY.name, CellBad("外部编号最多 120 个字。", reason="too_long"), read.key)
    read.token = cells.get(TOKEN.name, Cell("")).text.strip()[:LONGEST_TOKEN]
    number = cells.get(NUMBER.name, Cell(""))
    try:
        read.item_id = whole(number)
    except CellBad as fault:
        read.wrong(NUMBER.name, fault, number.text)
    else:
        if not read.key and read.item_id is None:
            read.wrong(KEY.name, CellBad("请填写外部编号。", reason="key_missing"))


def _whole_text(cells: Mapping[str, Cell], name: str) -> Cell:
    """Join a long text with what goes on in columns of its own."""
    pieces = [cells[name].text]
    number = 1
    while (further := cells.get(further_name(name, number))) is not None:
        pieces.append(further.text)
        number += 1
    return Cell("".join(pieces), cells[name].kind)
