"""Writing sheets: as a workbook, or as text with columns; both are read again as they were written.

The rule: every cell of ours is text, so that a program neither computes nor changes what was written, and no length is
taken for a time of day. What a cell cannot hold is for the caller to divide (`MOST_IN_A_CELL`).
"""

import re
from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Final

import xlsxwriter
from msgspec import Struct
from xlsxwriter.worksheet import Worksheet

from content.sheets import csv_text
from content.sheets.grids import letters
from content.sheets.safe_text import begins_like_a_formula, harmless, of_workbook

# Excel takes 32,767 units of UTF-16.
MOST_IN_A_CELL: Final = 32_000
NOTES: Final = "填写说明"

_ESCAPED: Final = re.compile(r"_(?=x[0-9a-fA-F]{4}_)")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f]")


class Head(Struct, frozen=True):
    """A column: its heading, how wide it is, what may be chosen in it, and what is written about it."""

    name: str
    width: int = 16
    needed: bool = False
    choices: tuple[str, ...] = ()
    note: str = ""


class _Sheet(Worksheet):  # type: ignore[misc]  # the library has no types
    """A sheet that writes every text as it is; the library's own way errs where two escapes share a sign, and takes
    a text between ``<r>`` and ``</r>`` for markup.
    """

    @staticmethod
    def _escape_control_characters(data: str) -> str:
        data = _ESCAPED.sub("_x005F_", data)
        data = _CONTROL.sub(lambda match: f"_x{ord(match[0]):04X}_", data)
        return f"_x003C_{data[1:]}" if data.startswith("<r>") else data


def steady(text: str) -> str:
    """Give a text as it comes back from every kind of sheet: without the two signs that are no characters."""
    return text.replace("\ufffe", "").replace("\uffff", "")


def as_csv(heads: Sequence[Head], rows: Iterable[Sequence[str]]) -> bytes:
    """Write a sheet as text with columns."""
    lines = [[head.name for head in heads], *([harmless(steady(text)) for text in row] for row in rows)]
    return csv_text.write(lines)


def as_workbook(name: str, heads: Sequence[Head], rows: Iterable[Sequence[str]]) -> bytes:
    """Write a sheet as a workbook, with a second sheet that says what is to be written where.

    It takes seconds for thousands of rows: call it from a thread.
    """
    written = BytesIO()
    book = xlsxwriter.Workbook(written, {"constant_memory": True})
    head = book.add_format({"bold": True, "bg_color": "#E6F2F0", "bottom": 1, "text_wrap": True, "valign": "top"})
    needed = book.add_format({"bold": True, "bg_color": "#FDE9D9", "bottom": 1, "text_wrap": True, "valign": "top"})
    text = book.add_format({"num_format": "@", "valign": "top"})
    quoted = book.add_format({"num_format": "@", "valign": "top", "quote_prefix": True})
    sheet = book.add_worksheet(name, worksheet_class=_Sheet)
    sheet.freeze_panes(1, 0)
    for column, one in enumerate(heads):
        sheet.set_column(column, column, one.width, text)
    for column, one in enumerate(heads):
        sheet.write_string(0, column, one.name, needed if one.needed else head)
    count = 0
    for count, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            if value:
                looks = begins_like_a_formula(value)
                sheet.write_string(count, column, of_workbook(steady(value)), quoted if looks else text)
    for column, one in enumerate(heads):
        if one.choices:
            sheet.data_validation(
                1, column, count + 1000, column,
                {"validate": "list", "source": list(one.choices), "error_type": "warning"},
            )  # fmt: skip
    notes = book.add_worksheet(NOTES, worksheet_class=_Sheet)
    notes.set_column(0, 0, 6)
    notes.set_column(1, 1, 20)
    notes.set_column(2, 2, 100)
    for place, one in enumerate(heads):
        notes.write_string(place, 0, letters(place))
        notes.write_string(place, 1, one.name, needed if one.needed else head)
        notes.write_string(place, 2, one.note)
    book.close()
    return written.getvalue()
