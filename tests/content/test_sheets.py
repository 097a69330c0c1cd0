"""Sheets: read as they were written, made harmless and the same again, and refused by name where they are hostile."""

import io
import time as clocks
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from workbooks import PARTS, by_hand, sheet_part, text_cell, workbook

from content.sheets import csv_text, reading, writing
from content.sheets.grids import (
    Cell,
    SheetBroken,
    SheetEmpty,
    SheetEncodingUnknown,
    SheetHasMacros,
    SheetLocked,
    SheetTooLarge,
    SheetUnknown,
    letters,
    place_of,
)
from content.sheets.opening import opened
from content.sheets.safe_text import harmless, of_workbook, restored
from content.sheets.writing import Head
from server.core.errors import Refusal

EVENING = datetime(2026, 11, 22, 20, 30)
HEADINGS = {"标题", "正文", "title", "body", "summary"}


def known(heading: str) -> bool:
    return heading in HEADINGS


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffe\uffff"), max_size=60)
# Beginnings and middles that programs, escapes and parsers stumble over.
HARD = st.lists(
    st.sampled_from([*"=+-@\t\r\n' ＝_,&造\"", "_x", "0041", "005F", "<r>", "</r>"]),
    max_size=12,
).map("".join)  # fmt: skip


@given(place=st.integers(0, 20_000))
def test_a_column_has_one_name(place: int) -> None:
    assert place_of(letters(place)) == place


@given(text=TEXTS | HARD)
@example("=1+1")
@example("'=1+1")
@example("''=1+1")
@example("'造口")
def test_a_harmless_text_is_the_same_again(text: str) -> None:
    for written in (harmless(text), of_workbook(text)):
        assert restored(written) == text
    assert not harmless(text).lstrip(" \u3000\u00a0").startswith(tuple("=+-@\t\r\n＝＋－＠"))


@given(rows=st.lists(st.tuples(TEXTS | HARD, TEXTS | HARD), max_size=6))
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_again(rows: list[tuple[str, str]]) -> None:
    heads = [Head("标题"), Head("正文")]
    wanted = [list(row) for row in rows if any(row)]
    for data in (writing.as_workbook("文章", heads, rows), writing.as_csv(heads, rows)):
        grid = opened(data)[0] if data.startswith(b"PK") else csv_text.read(data, known=known)[0]
        read = [[restored(cell.text) for cell in row.cells] for row in grid.rows]
        assert read[0] == ["标题", "正文"]
        assert [row + [""] * (2 - len(row)) for row in read[1:]] == wanted


async def test_a_workbook_tells_what_its_cells_were_typed_as() -> None:
    data = workbook(
        ("文章", [["标题", None, "日期"], [], [12, 12.5, date(2026, 11, 22)], [True, time(12, 5), EVENING]]),
        ("空", []),
        ("藏", [["标题"], ["不读"]]),
        (writing.NOTES, [["A"]]),
        hidden="藏",
    )  # fmt: skip
    article, empty = await reading.read(data, known=known)
    assert (article.name, empty.name, empty.rows) == ("文章", "空", [])
    assert [row.number for row in article.rows] == [1, 3, 4]
    assert article.rows[1].cells == [Cell("12", "number"), Cell("12.5", "number"), Cell("2026-11-22", "day")]
    assert article.rows[2].cells == [Cell("是", "truth"), Cell("12:05:00", "time"), Cell("2026-11-22 20:30", "instant")]


def test_a_formula_is_read_as_its_value_and_said_where_it_has_none() -> None:
    cells = [
        '<c r="A1"><f>1+1</f><v>2</v></c>',
        '<c r="A2"><f>1+1</f></c>',
        '<c r="A3" t="e"><f>NA()</f><v>#N/A</v></c>',
        '<c r="A4" t="str"><f>"a"</f><v>a</v></c>',
    ]
    grid = opened(by_hand(sheet_part(*cells)))[0]
    assert [row.cells[0] for row in grid.rows] == [
        Cell("2", "number"), Cell("", "formula"), Cell("#N/A", "fault"), Cell("a"),
    ]  # fmt: skip


def test_joined_cells_are_named() -> None:
    sheet = sheet_part(text_cell("A1", "标题"), text_cell("B4", "x")).replace(
        "</sheetData>", '</sheetData><mergeCells count="1"><mergeCell ref="B2:C3"/></mergeCells>'
    )
    assert opened(by_hand(sheet))[0].merged == ["B2:C3"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("between", [",", "\t", ";"])
async def test_text_is_read_in_the_encoding_that_its_headings_show(encoding: str, between: str) -> None:
    text = f'标题{between}正文\r\n保肛{between}"第一行\n第""二""行{between}"\r\n'
    data = text.encode(encoding)
    grid = (await reading.read(data, known=known))[0]
    assert [[cell.text for cell in row.cells] for row in grid.rows] == [
        ["标题", "正文"],
        ["保肛", f'第一行\n第"二"行{between}'],
    ]


# Bytes of GB2312 that are UTF-8 as well, and the other way about.
@pytest.mark.parametrize(
    ("headings", "text", "encoding"),
    [
        ("标题", "模莽", "gb18030"),
        ("标题", "μηδέν", "utf-8"),
        ("title", "直肠癌", "utf-8"),
        ("title", "直肠癌保肛", "gb18030"),
    ],
)
def test_no_encoding_is_guessed_wrong(headings: str, text: str, encoding: str) -> None:
    assert csv_text.decode(f"{headings}\n{text}\n".encode(encoding), known=known) == f"{headings}\n{text}\n"


@pytest.mark.parametrize(
    "data",
    [
        "title\n模莽\n".encode("gb18030"),
        "title\nmenu du café\n".encode(),
        "title\nmenu du café\n".encode("latin-1"),
        "title\n醫療器械與藥品說明書\n".encode("big5"),
        "title\n手術の説明\n".encode("shift-jis"),
        b"title\n\xff\xfe\xfa\xfb\n",
    ],
    ids=["utf-8 or gb2312", "two signs or one", "latin", "big5", "shift-jis", "none"],
)
def test_what_could_be_two_encodings_is_refused(data: bytes) -> None:
    with pytest.raises(SheetEncodingUnknown):
        csv_text.decode(data, known=known)


@given(data=st.binary(max_size=400))
def test_bytes_are_read_or_refused_by_name(data: bytes) -> None:
    with suppress(SheetEncodingUnknown, SheetUnknown, SheetEmpty, SheetBroken):
        csv_text.read(data, known=known)


def far_apart() -> bytes:
    return by_hand(sheet_part(text_cell("A1", "标题"), text_cell("XFD1048576", "x")))


def wide() -> bytes:
    return by_hand(sheet_part(text_cell("A1", "标题"), text_cell("DZ1", "x")))


def shrinks() -> bytes:
    return by_hand(sheet_part(text_cell("A1", "标题")), {"xl/media/x.bin": b"\0" * 40_000_000})


def many_parts() -> bytes:
    return by_hand(sheet_part(text_cell("A1", "标题")), {f"xl/media/{number}": "x" for number in range(500)})


def huge() -> bytes:
    """Tell of much less than there is: the directory says a hundred bytes."""
    data = bytearray(by_hand(sheet_part(text_cell("A1", "标" * 3_000_000))))
    place = data.rindex(b"xl/worksheets/sheet1.xml") - 46
    data[place + 24 : place + 28] = (100).to_bytes(4, "little")
    return bytes(data)


def entities() -> bytes:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    return by_hand(sheet_part(text_cell("A1", "&b;")).replace("?>", f"?>{bomb}", 1))


def entities_in_the_book() -> bytes:
    text = PARTS["xl/workbook.xml"].replace("?>", '?><!DOCTYPE x [<!ENTITY a "文章">]>', 1)
    return by_hand(sheet_part(text_cell("A1", "标题")), {"xl/workbook.xml": text})


def elsewhere() -> bytes:
    parts = {
        "xl/_rels/workbook.xml.rels": PARTS["xl/_rels/workbook.xml.rels"].replace("worksheets/sheet1", "hidden"),
        "xl/hidden.xml": sheet_part(text_cell("A1", "标题"), text_cell("XFD1048576", "x")),
    }
    return by_hand(sheet_part(text_cell("A1", "标题")), parts)


def twice() -> bytes:
    written = io.BytesIO(by_hand(sheet_part(text_cell("A1", "标题"))))
    with zipfile.ZipFile(written, "a") as archive, pytest.warns(UserWarning):
        archive.writestr("xl/worksheets/sheet1.xml", sheet_part(text_cell("A1", "其他")))
    return written.getvalue()


def overlapping() -> bytes:
    data = bytearray(by_hand(sheet_part(text_cell("A1", "标题")), {"xl/b.xml": "b", "xl/c.xml": "c"}))
    of_b, of_c = data.rindex(b"xl/b.xml") - 46, data.rindex(b"xl/c.xml") - 46
    data[of_c + 42 : of_c + 46] = data[of_b + 42 : of_b + 46]
    return bytes(data)


def cut_off() -> bytes:
    return by_hand(sheet_part(text_cell("A1", "标题")))[:-30]


def wrong_sum() -> bytes:
    return by_hand(sheet_part(text_cell("A1", "标题")), method=zipfile.ZIP_STORED).replace(
        "标题".encode(), "标頭".encode()
    )


def unclosed() -> bytes:
    return by_hand(sheet_part(text_cell("A1", "标题")).removesuffix("</worksheet>"))


def macros() -> bytes:
    return by_hand(sheet_part(text_cell("A1", "标题")), {"xl/vbaProject.bin": b"x"})


def document() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    return written.getvalue()


@pytest.mark.parametrize(
    ("hostile", "refusal"),
    [
        (far_apart, SheetTooLarge),
        (wide, SheetTooLarge),
        (shrinks, SheetTooLarge),
        (many_parts, SheetTooLarge),
        (huge, SheetBroken),
        (entities, SheetBroken),
        (entities_in_the_book, SheetBroken),
        (elsewhere, SheetBroken),
        (twice, SheetBroken),
        (overlapping, SheetBroken),
        (cut_off, SheetBroken),
        (wrong_sum, SheetBroken),
        (unclosed, SheetBroken),
        (macros, SheetHasMacros),
        (document, SheetUnknown),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, SheetLocked),
        (b"%PDF-1.7 not a sheet", SheetUnknown),
        (b"<html><table></table></html>", SheetUnknown),
        (b"", SheetEmpty),
        (b"\xef\xbb\xbf", SheetEmpty),
        (by_hand(sheet_part()), SheetEmpty),
        (b"\0\0\0\0", SheetEmpty),
        (b"title\n\0\0", SheetUnknown),
        (b'title\n"never ends\n', SheetBroken),
        (b"title" + b"," * 90 + b"x\n", SheetTooLarge),
        (b"title\n" + b"x\n" * 10_001, SheetTooLarge),
        (b"x" * (20 * 1024 * 1024 + 1), SheetTooLarge),
    ],
    ids=lambda value: getattr(
        value, "__name__", f"{len(value)} bytes, {value[:4].hex()}" if isinstance(value, bytes) else ""
    ),
)
async def test_a_hostile_file_is_refused_by_name_and_at_once(
    hostile: bytes | Callable[[], bytes], refusal: type[Refusal]
) -> None:
    data = hostile if isinstance(hostile, bytes) else hostile()
    began = clocks.monotonic()
    with pytest.raises(refusal):
        await reading.read(data, known=known)
    assert clocks.monotonic() - began < 5


@given(place=st.integers(0, 10_000), sign=st.integers(0, 255))
@settings(max_examples=80, deadline=None)
def test_a_workbook_with_a_wrong_byte_is_read_or_refused(place: int, sign: int) -> None:
    data = bytearray(by_hand(sheet_part(text_cell("A1", "标题"), text_cell("A2", "保肛"))))
    data[place % len(data)] = sign
    with suppress(SheetBroken, SheetUnknown, SheetEmpty, SheetTooLarge, SheetHasMacros, SheetLocked):
        opened(bytes(data))


async def test_a_sheet_may_be_formatted_to_its_end() -> None:
    """Whoever colours whole columns has cells in every row, and nothing in them."""
    rows = "".join(f'<row r="{number}"><c r="A{number}" s="1"/></row>' for number in range(2, 60_000))
    sheet = sheet_part(text_cell("A1", "标题")).replace("</sheetData>", f"{rows}</sheetData>")
    assert [row.number for row in (await reading.read(by_hand(sheet), known=known))[0].rows] == [1]
