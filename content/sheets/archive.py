"""The file of a workbook (ECMA-376) looked at before anything opens it: what it holds, and how much that becomes.

The rule: the directory of the archive is judged first, and every part is then unpacked once, counted and checked, so
that a bomb is known before a library meets it. A reader of sheets makes room for the whole rectangle that the cells
span; so a sheet whose two cells lie a million rows apart is a bomb too, and is known by the places of its cells.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Final
from xml.etree import ElementTree as Plain
from xml.parsers import expat

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from msgspec import Struct

from content.sheets.grids import (
    MEBIBYTE,
    MOST_COLUMNS,
    MOST_ROWS,
    MOST_SHEETS,
    CellKind,
    SheetBroken,
    SheetHasMacros,
    SheetLocked,
    SheetTooLarge,
    SheetUnknown,
    place_of,
)

MOST_PARTS: Final = 400
MOST_UNPACKED: Final = 150 * MEBIBYTE
MOST_RATIO: Final = 200
# A small part may well shrink to nothing: a column of the same word does.
RATIO_FROM: Final = MEBIBYTE
PIECE: Final = 256 * 1024
OLD: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BOMB: Final = "文件解压后异常巨大。"

_SHEET: Final = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_CELL: Final = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_STORED: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


class Doubtful(Struct, frozen=True, array_like=True):
    """A cell whose value cannot be had: of an error (``fault``), or of a formula without its result (``formula``)."""

    column: int
    row: int
    kind: CellKind
    text: str


def look_through(data: bytes) -> dict[str, list[Doubtful]]:
    """Look through a workbook, and list for each sheet by its name the cells whose values cannot be had.

    :raises SheetUnknown: if it is no workbook.
    :raises SheetLocked: if it is an old one, or encrypted.
    :raises SheetHasMacros: if it carries macros.
    :raises SheetTooLarge: if it unpacks to too much, or its cells span too much.
    :raises SheetBroken: if it cannot be read, or in two ways.
    """
    if data.startswith(OLD):
        raise SheetLocked()
    if not data.startswith(b"PK\x03\x04"):
        raise SheetUnknown()
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            _judge(archive.infolist(), len(data))
            found = {part.filename.lower(): _unpack(archive, part) for part in archive.infolist()}
            # A sheet that lies where none is looked for would be read without having been looked through.
            return {name: found[part] or [] for name, part in _sheets(archive).items()}
    except (
        zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError, OSError, RuntimeError, KeyError,
        Plain.ParseError, DefusedXmlException,
    ):  # fmt: skip
        raise SheetBroken() from None


def _judge(parts: list[zipfile.ZipInfo], size: int) -> None:
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise SheetTooLarge(BOMB)
    if any(part.flag_bits & 1 for part in parts):
        raise SheetLocked()
    names = [part.filename.lower() for part in parts]
    if any(name.endswith("vbaproject.bin") for name in names):
        raise SheetHasMacros()
    if "xl/workbook.xml" not in names or "[content_types].xml" not in names:
        raise SheetUnknown()
    if len(set(names)) < len(names):
        raise SheetBroken()
    if sum(1 for name in names if _SHEET.fullmatch(name)) > MOST_SHEETS:
        raise SheetTooLarge("一个文件最多 20 个工作表。")
    end = 0
    for part in sorted(parts, key=lambda part: part.header_offset):
        if part.compress_type not in _STORED or part.header_offset < end:
            raise SheetBroken()
        end = part.header_offset + part.compress_size
        if part.file_size > RATIO_FROM and part.file_size > MOST_RATIO * max(part.compress_size, 1):
            raise SheetTooLarge(BOMB)
    if end > size:
        raise SheetBroken()


def _sheets(archive: zipfile.ZipFile) -> dict[str, str]:
    """Tell for each sheet by its name which part it is."""
    targets = {
        each.get("Id", ""): each.get("Target", "")
        for each in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        if each.get("Type", "").endswith("/worksheet")
    }
    found = {}
    for sheet in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter():
        if sheet.tag.rpartition("}")[2] == "sheet":
            ids = [value for name, value in sheet.attrib.items() if name.rpartition("}")[2] == "id"]
            if ids and ids[0] in targets:
                part = targets[ids[0]]
                part = part[1:] if part.startswith("/") else f"xl/{part}"
                if not _SHEET.fullmatch(part):
                    raise SheetBroken()
                found[sheet.get("name", "")] = part.lower()
    return found


def _unpack(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> list[Doubtful] | None:
    """Unpack a part once, which proves its length and its checksum; of a sheet say which cells are in doubt."""
    pieces = _pieces(archive, part)
    if not _SHEET.fullmatch(part.filename):
        for piece in pieces:
            if b"macroEnabled" in piece and part.filename.lower() == "[content_types].xml":
                raise SheetHasMacros()
        return None
    cells = _Cells()
    try:
        for piece in pieces:
            cells.feed(piece)
        cells.close()
    except expat.ExpatError:
        raise SheetBroken() from None
    return cells.doubtful


def _pieces(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(part) as opened:
        while piece := opened.read(PIECE):
            yield piece


class _Cells:
    """Walks over the cells of a sheet without keeping them."""

    def __init__(self) -> None:
        self.doubtful: list[Doubtful] = []
        self._row = self._column = 0
        self._first: tuple[int, int] | None = None
        self._last = (0, 0)
        self._kind = ""
        self._formula = self._value = False
        self._text = ""
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._open
        self._parser.EndElementHandler = self._shut
        self._parser.CharacterDataHandler = self._say
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.buffer_text = True

    def feed(self, piece: bytes) -> None:
        self._parser.Parse(piece, False)

    def close(self) -> None:
        self._parser.Parse(b"", True)

    def _refuse(self, *_: object) -> None:
        raise SheetBroken()

    def _open(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "row":
            self._row = _whole(attributes.get("r"), self._row + 1)
            self._column = 0
        elif name == "c":
            match = _CELL.fullmatch(attributes.get("r", ""))
            self._column, self._row = (
                (place_of(match[1]) + 1, int(match[2])) if match else (self._column + 1, self._row)
            )
            self._kind, self._formula, self._value, self._text = attributes.get("t", ""), False, False, ""
        elif name == "f":
            self._formula = True
        elif name in {"v", "is"}:
            self._value = True

    def _say(self, text: str) -> None:
        if self._kind == "e" and self._value and len(self._text) < 20:
            self._text += text

    def _shut(self, name: str) -> None:
        if name.rpartition(":")[2] != "c":
            return
        if self._value or self._formula:
            self._stretch()
        if self._kind == "e":
            self.doubtful.append(Doubtful(self._column - 1, self._row, "fault", self._text.strip()))
        elif self._formula and not self._value:
            self.doubtful.append(Doubtful(self._column - 1, self._row, "formula", ""))
        self._kind = ""

    def _stretch(self) -> None:
        """Note the place of a cell that holds something, and refuse a sheet that spans too much."""
        first = self._first or (self._row, self._column)
        self._first = (min(first[0], self._row), min(first[1], self._column))
        self._last = (max(self._last[0], self._row), max(self._last[1], self._column))
        if self._last[0] - self._first[0] > MOST_ROWS:
            raise SheetTooLarge("一次最多导入 10000 行，请分成几个文件。")
        if self._last[1] - self._first[1] >= MOST_COLUMNS:
            raise SheetTooLarge("一个工作表最多 80 列。")


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 8 else otherwise
