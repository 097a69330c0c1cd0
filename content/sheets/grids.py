"""A sheet as it was read: rows of cells with their places, and why a file is not taken for one.

The rule: a cell is text, with what it was typed as where that matters (a number, a date, a time of day), so that nobody
has to guess later. Where something stands is said as the person who wrote it sees it: sheet, row from 1, column letter.
"""

from typing import Final, Literal

from msgspec import Struct

from server.core.errors import Invalid, TooLarge

MEBIBYTE: Final = 1024 * 1024
MOST_BYTES: Final = 20 * MEBIBYTE
MOST_ROWS: Final = 10_000
MOST_COLUMNS: Final = 80
MOST_SIGNS: Final = 64_000
MOST_SIGNS_IN_ALL: Final = 25_000_000
MOST_SHEETS: Final = 20

CellKind = Literal["", "number", "truth", "day", "instant", "time", "fault", "formula"]


class SheetUnknown(Invalid):
    """The file is neither a workbook of Excel (.xlsx) nor a text with columns (.csv)."""

    code = "sheet_unknown"
    title = "这不是 XLSX 或 CSV 表格"


class SheetLocked(Invalid):
    """The file is a workbook of the old kind (.xls), or is protected by a password."""

    code = "sheet_locked"
    title = "这是旧版（.xls）或加密的表格，请在 Excel 中另存为不加密的 .xlsx"


class SheetHasMacros(Invalid):
    """The workbook carries macros."""

    code = "sheet_macros"
    title = "表格带有宏，请另存为不带宏的 .xlsx"


class SheetBroken(Invalid):
    """The file cannot be read to its end, or is made to be read in two ways."""

    code = "sheet_broken"
    title = "表格已损坏，无法读取"


class SheetEncodingUnknown(Invalid):
    """The text is in no encoding that can be told for certain."""

    code = "sheet_encoding"
    title = "无法确定文件的编码，请存为 UTF-8（带 BOM）或 .xlsx"


class SheetEmpty(Invalid):
    """There is nothing in the file."""

    code = "sheet_empty"
    title = "表格里没有数据"


class SheetTooLarge(TooLarge):
    """The file, or what it unpacks to, is larger than is taken in at once; the detail says what of it."""

    code = "sheet_too_large"
    title = "表格过大"


class Cell(Struct, frozen=True, array_like=True):
    """What a cell says.

    ``kind`` tells what the program that wrote it took it for: nothing for text, ``fault`` for an error like #N/A,
    ``formula`` for one whose result was not saved.
    """

    text: str
    kind: CellKind = ""


class Row(Struct, frozen=True, array_like=True):
    """A row with its number from 1, as the program shows it."""

    number: int
    cells: list[Cell]


class Grid(Struct, frozen=True, array_like=True):
    """One sheet: its rows that are not empty. ``merged`` lists the ranges that were joined (``A2:A5``)."""

    name: str
    rows: list[Row]
    merged: list[str] = []


def letters(place: int) -> str:
    """Name a column by its place from 0, as A, Z, AA."""
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(65 + rest) + name
    return name


def place_of(name: str) -> int:
    """Give the place of a column by its letters, the first being 0."""
    place = 0
    for letter in name:
        place = place * 26 + ord(letter) - 64
    return place - 1


def check_size(grids: list[Grid]) -> list[Grid]:
    """Give grids back if they may be taken in.

    :raises SheetEmpty: if there is nothing in them.
    :raises SheetTooLarge: if they have too many rows, columns or signs.
    """
    if not any(grid.rows for grid in grids):
        raise SheetEmpty()
    if sum(len(grid.rows) for grid in grids) > MOST_ROWS + len(grids):
        raise SheetTooLarge("一次最多导入 10000 行，请分成几个文件。")
    signs = 0
    for grid in grids:
        for row in grid.rows:
            if len(row.cells) > MOST_COLUMNS:
                raise SheetTooLarge("一个工作表最多 80 列。")
            signs += sum(len(cell.text) for cell in row.cells)
    if signs > MOST_SIGNS_IN_ALL:
        raise SheetTooLarge("表格里的文字太多，请分成几个文件。")
    return grids
