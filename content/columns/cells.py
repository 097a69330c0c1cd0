"""What a column of a sheet is: how a field is written into its cell, and how a cell is read back into the field.

The rule: a cell that says what the field says now leaves it alone, whatever the field holds; so only what somebody
changed is read, and what a column cannot show is not lost by passing through a sheet. A cell that is empty empties its
field. What cannot be read is refused by a code and a sentence.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from msgspec import Struct, field

from content.sheets.grids import Cell
from content.sheets.writing import Head
from server.core.clock import SHANGHAI
from server.core.errors import Invalid
from server.core.wire import EARLIEST, LATEST

_SPLIT: Final = re.compile(r"[、，,;；\n]")
_PARTS: Final = re.compile(r"(?<!\\)((?:\\\\)*)[|｜]")
_DAY: Final = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?", re.ASCII)
_INSTANT: Final = re.compile(
    _DAY.pattern + r"[T\s]*(\d{1,2})\s*[:：时]\s*(\d{1,2})(?:\s*[:：分]\s*(\d{1,2}))?\s*[分秒]?", re.ASCII
)
_SIGNS: Final = re.compile(r"[\s_*＊（）()]+")


class CellBad(Invalid):
    """A cell cannot be read as what its column holds; ``reason`` is the code that the report names."""

    code = "cell_bad"
    title = "单元格内容有误"

    def __init__(self, sentence: str, *, reason: str, **facts: object) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.facts = facts


class FileName(Struct, frozen=True):
    """A file of the library by what a sheet may call it."""

    id: int
    kind: str
    name: str


class Place(Struct, frozen=True):
    """A series or a season that episodes can stand in."""

    id: int
    kind: str
    slug: str
    title: str
    parent_id: int | None


class SectionName(Struct, frozen=True):
    """A section by what a sheet may call it."""

    id: int
    slug: str
    name: str


class Around(Struct, frozen=True, kw_only=True):
    """What the columns may know beside a row: tags by slug, places, sections, files, consents by code.

    ``may_plan`` is whether whoever imports may set times of airing.
    """

    tags: Mapping[str, str] = {}
    places: Mapping[int, Place] = {}
    sections: Mapping[int, SectionName] = {}
    files: Mapping[int, FileName] = {}
    consents: Mapping[str, int] = {}
    items: frozenset[int] = frozenset()
    may_plan: bool = True

    @property
    def consent_codes(self) -> dict[int, str]:
        return {consent_id: code for code, consent_id in self.consents.items()}


class Facts(Struct, kw_only=True):
    """An item as far as a sheet tells of it: its text, and its fields of operation."""

    shape: dict[str, Any] = field(default_factory=dict)
    parent_id: int | None = None
    section_id: int | None = None
    airs_at: datetime | None = None

    @property
    def operation(self) -> tuple[int | None, int | None, datetime | None]:
        return self.parent_id, self.section_id, self.airs_at


Shown = Callable[[Facts, Around], str]
Taken = Callable[[Cell, Facts, Around], None]


class Column(Struct, frozen=True, kw_only=True):
    """A column: its headings, the field of the text that it is about, and the two ways between them."""

    name: str
    aliases: tuple[str, ...]
    field: str
    shown: Shown
    taken: Taken
    width: int = 16
    needed: bool = False
    choices: tuple[str, ...] = ()
    note: str = ""
    many: bool = False
    """Whether the text may be longer than a cell, and goes on in columns of its own."""

    @property
    def head(self) -> Head:
        return Head(self.name, self.width, self.needed, self.choices, self.note)


def folded(heading: str) -> str:
    """Give a heading as it is compared: without spaces, brackets and marks, in small letters."""
    return _SIGNS.sub("", heading).lower()


# Texts.


def line(cell: Cell) -> str:
    """Read a text of one line."""
    return " ".join(cell.text.split())


def text(name: str) -> tuple[Shown, Taken]:
    """Make the ways of a field of one line."""
    return _texts(name, line)


def paragraphs(name: str) -> tuple[Shown, Taken]:
    """Make the ways of a field of several lines; spaces before the first word may mean something in it."""
    return _texts(name, lambda cell: cell.text.replace("\r\n", "\n").replace("\r", "\n").rstrip())


def _texts(name: str, read: Callable[[Cell], str]) -> tuple[Shown, Taken]:
    def shown(item: Facts, around: Around) -> str:
        return said(item.shape.get(name))

    def taken(cell: Cell, item: Facts, around: Around) -> None:
        put(item.shape, name, read(cell))

    return shown, taken


def said(value: Any) -> str:
    """Write a value of a draft, which may hold anything; what is no single value is not shown."""
    if isinstance(value, bool):
        return yes(value)
    return str(value) if isinstance(value, str | int | float) else ""


def put(values: dict[str, Any], name: str, value: Any) -> None:
    """Set a field, or leave it out where nothing is said."""
    if value in ("", None, [], {}, False):
        values.pop(name, None)
    else:
        values[name] = value


# Choices, numbers, days.


def choice(name: str, names: Mapping[Any, str]) -> tuple[Shown, Taken]:
    """Make the ways of a field that is one of a few codes, each with its Chinese name."""
    by_word = {word: str(code) for code, word in names.items()} | {str(code): str(code) for code in names}

    def shown(item: Facts, around: Around) -> str:
        value = item.shape.get(name)
        return names.get(value, value) if isinstance(value, str) else ""

    def taken(cell: Cell, item: Facts, around: Around) -> None:
        word = line(cell)
        if word and word not in by_word:
            raise CellBad("只能填写：%(choices)s。", reason="not_a_choice", choices="、".join(names.values()))
        put(item.shape, name, by_word.get(word, ""))

    return shown, taken


def whole(cell: Cell) -> int | None:
    """Read a whole number that can be an id; none where the cell is empty.

    :raises CellBad: if it is none.
    """
    digits = line(cell)
    if not digits:
        return None
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 19) or int(digits) == 0:
        raise CellBad("应为编号（正整数）。", reason="not_a_number")
    return int(digits)


def yes(value: Any) -> str:
    return "是" if value is True else ""


def is_yes(cell: Cell) -> bool:
    """Read a yes or a no; an empty cell is a no.

    :raises CellBad: if it is neither.
    """
    word = line(cell).lower()
    if word in {"是", "yes", "y", "true", "1", "√"}:
        return True
    if word in {"", "否", "no", "n", "false", "0"}:
        return False
    raise CellBad("只能填写：%(choices)s。", reason="not_a_choice", choices="是、否")


def day(cell: Cell) -> str:
    """Read a day, as 2026-11-22, 2026/11/22 or 2026年11月22日, into ISO 8601; nothing where the cell is empty.

    :raises CellBad: if it is none.
    """
    word = line(cell)
    if not word:
        return ""
    match = _DAY.fullmatch(word.removesuffix(" 00:00"))
    try:
        found = date(*map(int, match.groups())) if match else None
    except ValueError:
        found = None
    if found is None or not EARLIEST.year <= found.year < LATEST.year:
        raise CellBad("应为日期，例如 2026-11-22。", reason="not_a_day")
    return found.isoformat()


def days(name: str) -> tuple[Shown, Taken]:
    """Make the ways of a field that is a day."""

    def shown(item: Facts, around: Around) -> str:
        return said(item.shape.get(name))

    def taken(cell: Cell, item: Facts, around: Around) -> None:
        put(item.shape, name, day(cell))

    return shown, taken


def instant(cell: Cell) -> datetime | None:
    """Read an instant in Shanghai, as 2026-11-22 20:00; none where the cell is empty.

    :raises CellBad: if it is none.
    """
    word = line(cell)
    if not word:
        return None
    match = _INSTANT.fullmatch(word)
    try:
        year, month, day_of_month, hour, minute, second = map(int, match.groups("0")) if match else (0,) * 6
        found = datetime(year, month, day_of_month, hour, minute, second, tzinfo=SHANGHAI)
    except ValueError:
        found = None
    if found is None or not EARLIEST.year < found.year < LATEST.year:
        raise CellBad("应为日期和时间，例如 2026-11-22 20:00。", reason="not_an_instant")
    return found.astimezone(UTC)


def instant_text(at: datetime | None) -> str:
    """Write an instant as it is in Shanghai, to the second where there is one."""
    if at is None:
        return ""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}".removesuffix(":00")


# Lists.


def words(cell: Cell) -> list[str]:
    """Read words with commas or line ends between them, each once."""
    return list(dict.fromkeys(word for part in _SPLIT.split(cell.text) if (word := " ".join(part.split()))))


def lines(cell: Cell) -> list[list[str]]:
    """Read lines of parts with ``|`` between them; ``\\|`` is such a sign within a part."""
    return [parts(row) for row in re.split(r"[\r\n]+", cell.text) if row.strip()]


def parts(row: str) -> list[str]:
    """Divide a line into its parts."""
    found, rest = [], _PARTS.sub(lambda match: f"{match[1]}\n", row)
    for part in rest.split("\n"):
        found.append(" ".join(re.sub(r"\\([\\|｜])", r"\1", part).split()))
    return found


def joined(row: Sequence[Any]) -> str:
    """Write the parts of a line, without those that are empty at its end."""
    texts = [re.sub(r"([\\|｜])", r"\\\1", " ".join(said(part).split())) for part in row]
    while texts and not texts[-1]:
        texts.pop()
    return " | ".join(texts)


def rows_of(value: Any) -> list[Mapping[str, Any]]:
    """Give the rows of a list in a draft, whatever it holds."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list | tuple) else []


def at_most(found: list[str], most: int) -> list[str]:
    """Fill up the parts of a line that may be left out.

    :raises CellBad: if there are too many.
    """
    if len(found) > most:
        raise CellBad("一行最多 %(most)s 段，用 | 分隔。", reason="too_many_parts", most=most)
    return [*found, *[""] * (most - len(found))]
