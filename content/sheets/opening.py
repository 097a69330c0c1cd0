"""Opening a workbook: read from the standard input in a process of its own, and written out as JSON.

The rule: the process has little memory and time, opens no file and runs nothing of what it reads; formulas are read as
the values that were saved with them. Whatever way of ending other than 0 means that the workbook is broken. What is
refused is said by its code and its sentence. Usage: ``python -m content.sheets.opening < workbook.xlsx``.
"""

import resource
import sys
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any, Final

import msgspec

from content.sheets.archive import Doubtful, look_through
from content.sheets.grids import Cell, Grid, Row, SheetBroken, check_size, letters
from server.core.errors import Refusal

MEMORY: Final = 1536 * 1024**2
SECONDS: Final = 50
EMPTY: Final = Cell("")


class Opened(msgspec.Struct):
    """What was read, or by which code and sentence it was refused."""

    grids: list[Grid] = []
    refused: str = ""
    detail: str = ""


def opened(data: bytes) -> list[Grid]:
    """Read all sheets that can be seen.

    :raises Refusal: those of `look_through` and `check_size`.
    """
    doubtful = look_through(data)
    import python_calamine  # noqa: PLC0415  only after the limits are set

    try:
        book = python_calamine.CalamineWorkbook.from_filelike(BytesIO(data))
        shown = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
            and sheet.visible == python_calamine.SheetVisibleEnum.Visible
        ]
        grids = [_grid(name, book.get_sheet_by_name(name), doubtful[name]) for name in shown]
    except (python_calamine.CalamineError, OSError, ValueError, KeyError, OverflowError):
        raise SheetBroken() from None
    return check_size(grids)


def _grid(name: str, sheet: Any, doubtful: list[Doubtful]) -> Grid:
    if sheet.start is None:
        return Grid(name, [])
    top, left = sheet.start
    in_doubt = {(one.row, one.column): Cell(one.text, one.kind) for one in doubtful}
    rows = []
    for place, values in enumerate(sheet.iter_rows(), top + 1):
        cells = [EMPTY] * left + [_cell(value) for value in values]
        if in_doubt:
            cells = [in_doubt.get((place, column), cell) for column, cell in enumerate(cells)]
        while cells and not cells[-1].text and not cells[-1].kind:
            cells.pop()
        if cells:
            rows.append(Row(place, cells))
    return Grid(name, rows, [_range(joined) for joined in sheet.merged_cell_ranges or []])


def _range(joined: tuple[tuple[int, int], tuple[int, int]]) -> str:
    (top, left), (bottom, right) = joined
    return f"{letters(left)}{top + 1}:{letters(right)}{bottom + 1}"


def _cell(value: Any) -> Cell:
    if isinstance(value, str):
        return Cell(value) if value else EMPTY
    if isinstance(value, bool):
        return Cell("是" if value else "否", "truth")
    if isinstance(value, int | float):
        whole = isinstance(value, int) or (value.is_integer() and abs(value) < 1e15)
        return Cell(str(int(value)) if whole else repr(value), "number")
    if isinstance(value, datetime):
        return Cell(f"{value:%Y-%m-%d %H:%M:%S}".removesuffix(":00"), "instant")
    if isinstance(value, date):
        return Cell(value.isoformat(), "day")
    if isinstance(value, time):
        return Cell(f"{value:%H:%M:%S}", "time")
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        return Cell(f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}", "time")
    return EMPTY


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        said = Opened(opened(sys.stdin.buffer.read()))
    except Refusal as refusal:
        said = Opened(refused=refusal.code, detail=refusal.detail)
    sys.stdout.buffer.write(msgspec.json.encode(said))


if __name__ == "__main__":
    main()
