"""Text with columns (RFC 4180), in the encodings that Chinese offices write: UTF-8, GB18030, and UTF-16 with its mark.

The rule: a wrong guess is worse than a refusal. A mark at the beginning says what the encoding is. Without one the
headings are the witness: the encoding under which they are those of the house is the right one. Where they are plain
ASCII, bytes that are UTF-8 and give Chinese signs are UTF-8, bytes that are not and give almost nothing but common
Chinese signs are GB18030, and all that could be two things is refused.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable
from typing import Final

from content.sheets.grids import (
    MOST_SIGNS_IN_ALL,
    Cell,
    Grid,
    Row,
    SheetBroken,
    SheetEmpty,
    SheetEncodingUnknown,
    SheetTooLarge,
    SheetUnknown,
    check_size,
)

MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
BETWEEN: Final = ",\t;"
# How much of what is not ASCII must be in the common set for bytes to be GB18030 where no heading says so.
COMMON: Final = 0.95

_HAN: Final = re.compile(r"[\u4e00-\u9fff]")
_BINARY: Final = re.compile(r"[\0-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd-\uffff]")

Known = Callable[[str], bool]


def read(data: bytes, *, known: Known) -> list[Grid]:
    """Read text with columns as one sheet.

    :param known: whether a heading is one of the house's.
    :raises SheetEncodingUnknown: if the encoding cannot be told.
    :raises SheetUnknown: if it is no text.
    :raises SheetBroken: if a quoted cell does not end.
    :raises SheetEmpty: if there is nothing in it; also `SheetTooLarge`.
    """
    text = decode(data, known=known)
    between = _between(text, known)
    csv.field_size_limit(MOST_SIGNS_IN_ALL)
    rows = []
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=between, strict=True)
        for number, values in enumerate(reader, 1):
            cells = [Cell(value) for value in values]
            while cells and not cells[-1].text:
                cells.pop()
            if cells:
                rows.append(Row(number, cells))
    except csv.Error as fault:
        if "limit" in str(fault):
            raise SheetTooLarge("表格里的文字太多，请分成几个文件。") from None
        raise SheetBroken() from None
    return check_size([Grid("", rows)])


def decode(data: bytes, *, known: Known) -> str:
    """Decode text whose headings are known or not.

    :raises SheetEncodingUnknown: if it could be in two encodings, or is in none of those taken here.
    :raises SheetUnknown: if it is no text.
    """
    for mark, name in MARKS:
        if data.startswith(mark):
            text = _tried(data[len(mark) :], name)
            return _unknown() if text is None else _plain(text)
    if not data.strip(b"\r\n\t ,;\0"):
        raise SheetEmpty()
    if b"\0" in data[:4096]:
        raise SheetUnknown()
    candidates = [text for name in ("utf-8", "gb18030") if (text := _tried(data, name)) is not None]
    witnessed = [text for text in candidates if _is_witnessed(text, known)]
    return _plain(witnessed[0] if len(witnessed) == 1 else _by_its_signs(data))


def _by_its_signs(data: bytes) -> str:
    """Choose where the headings do not tell: Chinese signs are written in UTF-8 only on purpose."""
    utf8 = _tried(data, "utf-8")
    gb = _tried(data, "gb18030")
    if utf8 is not None:
        doubtful = gb is not None and gb != utf8 and not _HAN.search(utf8) and _is_common(gb)
        return _unknown() if doubtful else utf8
    return gb if gb is not None and _is_common(gb) else _unknown()


def _unknown() -> str:
    raise SheetEncodingUnknown()


def _tried(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _is_common(text: str) -> bool:
    """Tell whether a text is made of the signs that Chinese is commonly written with (GB 2312)."""
    signs = [sign for sign in text if not sign.isascii()]
    common = len("".join(signs).encode("gb2312", "ignore")) / 2
    return not _BINARY.search(text) and common >= COMMON * len(signs)


def _plain(text: str) -> str:
    if "\0" in text:
        raise SheetUnknown()
    return text.removeprefix("\ufeff")


def _first_line(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip(BETWEEN + ' "')), "")[:20_000]


def _headings(text: str, between: str) -> list[str]:
    try:
        return next(csv.reader([_first_line(text)], delimiter=between), [])
    except csv.Error:
        return []


def _is_witnessed(text: str, known: Known) -> bool:
    """Tell whether a heading that is not ASCII, and so stands there in one encoding alone, is known."""
    headings = [heading for between in BETWEEN for heading in _headings(text, between)]
    return any(known(heading) for heading in headings if not heading.isascii())


def _between(text: str, known: Known) -> str:
    """Tell the sign between columns: the one under which most headings are known."""
    return max(BETWEEN, key=lambda sign: sum(map(known, _headings(text, sign))))


def write(rows: Iterable[Iterable[str]]) -> bytes:
    """Write rows so that Excel, too, reads them as they are: UTF-8 with its mark, lines that end in CRLF."""
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return codecs.BOM_UTF8 + written.getvalue().encode()
