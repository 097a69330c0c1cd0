"""The fields that the forms of items are made of: how each is read from a form, and what of a draft it shows.

The rule: a draft may be unfinished and wrong. Whatever was typed is kept, and whatever a draft holds can be shown; what
is wrong is said by the publish checks. Empty fields and empty rows are left out, so that the same form gives the same
draft. A field draws itself by the macro of its ``sort`` in ``items/fields.html``.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

import msgspec
from msgspec import Struct

from admin import typed
from content import film_times
from server.web.forms import Form
from server.web.languages import marked

MOST_ROWS: Final = 100
MOST_JSON: Final = 500_000


class Loose(dict[str, Any]):
    """A part of a draft, whose fields may all be missing."""

    def __missing__(self, name: str) -> None:
        return None


class Field(Struct, frozen=True, kw_only=True):
    """A field of a form. ``name`` is that of the text's shape, ``label`` and ``hint`` are sentences."""

    sort: ClassVar[str] = ""
    name: str
    label: str
    hint: str = ""
    required: bool = False
    wide: bool = True

    def read(self, form: Form) -> dict[str, Any]:
        """Give what the form says, by the names of the shape."""
        raise NotImplementedError

    def show(self, shape: Mapping[str, Any]) -> dict[str, Any]:
        """Give what a page can show of a draft, whatever it holds."""
        value = shape.get(self.name)
        return {self.name: None if isinstance(value, Mapping | list) else value}

    @property
    def words(self) -> dict[str, str]:
        """Name the parts of this field for differences."""
        return {self.name: self.label}


class Line(Field, frozen=True, kw_only=True):
    """A text of one line. ``typed`` is the type of its input, ``leads`` whether it is the title of the page."""

    sort: ClassVar[str] = "line"
    most: int = 200
    typed: str = "text"
    leads: bool = False

    def read(self, form: Form) -> dict[str, Any]:
        return {self.name: typed.line(form.text(self.name, most=5 * self.most))}


class Text(Field, frozen=True, kw_only=True):
    """A text of several lines."""

    sort: ClassVar[str] = "text"
    most: int = 2000
    rows: int = 4

    def read(self, form: Form) -> dict[str, Any]:
        return {self.name: form.text(self.name, most=5 * self.most)}


class Choice(Field, frozen=True, kw_only=True):
    """One of several values; ``empty`` names the choice of none, ``chosen`` is what stands where nothing was said."""

    sort: ClassVar[str] = "choice"
    options: Mapping[str, str]
    empty: str = ""
    chosen: str = ""

    def read(self, form: Form) -> dict[str, Any]:
        return {self.name: form.text(self.name)}


class Length(Field, frozen=True, kw_only=True):
    """How long a film is, typed as 12:30."""

    sort: ClassVar[str] = "length"

    def read(self, form: Form) -> dict[str, Any]:
        return {self.name: film_times.duration(form.text(self.name))}


class Day(Field, frozen=True, kw_only=True):
    """A day of the calendar."""

    sort: ClassVar[str] = "day"

    def read(self, form: Form) -> dict[str, Any]:
        return {self.name: form.text(self.name)}


class Tags(Field, frozen=True, kw_only=True):
    """Words of the taxonomy."""

    sort: ClassVar[str] = "tags"

    def read(self, form: Form) -> dict[str, Any]:
        return {self.name: [slug for slug in dict.fromkeys(form.texts(self.name)) if slug][:MOST_ROWS]}

    def show(self, shape: Mapping[str, Any]) -> dict[str, Any]:
        value = shape.get(self.name)
        return {self.name: [slug for slug in value if isinstance(slug, str)] if isinstance(value, list) else []}


class Part(Field, frozen=True, kw_only=True):
    """A field with parts of its own: ``parts`` are its inner names and how each is read."""

    parts: ClassVar[dict[str, Callable[[str], Any]]] = {}
    needed: ClassVar[str] = ""

    def read(self, form: Form) -> dict[str, Any]:
        given = {name: read(form.text(f"{self.name}.{name}", most=2000)) for name, read in self.parts.items()}
        if self.needed and given[self.needed] is None:
            return {}
        return {self.name: kept(given)}

    def show(self, shape: Mapping[str, Any]) -> dict[str, Any]:
        return {self.name: plain(shape.get(self.name))}


class Picture(Part, frozen=True, kw_only=True):
    """An image of the library, and what it shows."""

    sort: ClassVar[str] = "picture"
    parts: ClassVar[dict[str, Callable[[str], Any]]] = {"asset": typed.whole, "alt": typed.line}
    needed: ClassVar[str] = "asset"


class Film(Part, frozen=True, kw_only=True):
    """A film of the library, or an address elsewhere."""

    sort: ClassVar[str] = "film"
    parts: ClassVar[dict[str, Callable[[str], Any]]] = {"asset": typed.whole, "url": str}


class Person(Part, frozen=True, kw_only=True):
    """Somebody with title and hospital."""

    sort: ClassVar[str] = "person"
    parts: ClassVar[dict[str, Callable[[str], Any]]] = {"name": typed.line, "title": typed.line, "hospital": typed.line}

    def read(self, form: Form) -> dict[str, Any]:
        found = super().read(form).get(self.name) or {}
        return {self.name: {"name": "", **found} if found else {}}


class Column(Struct, frozen=True, kw_only=True):
    """A field of a row. One that the page fills in itself (``filled``) makes no row."""

    name: str
    label: str
    sort: str = "line"
    most: int = 120
    width: str = "w-grow"
    filled: bool = False


_COLUMNS: Final[dict[str, Callable[[str], Any]]] = {
    "line": str,
    "address": str,
    "key": str,
    "stage": str,
    "chapter": str,
    "day": str,
    "clock": film_times.seconds,
    "file": typed.whole,
    "offset": typed.minutes,
    "minutes": typed.whole,
    "names": typed.names,
}


class Rows(Field, frozen=True, kw_only=True):
    """A list of rows, each of the same columns; ``one`` names one of them, ``needed`` the column that makes a row."""

    sort: ClassVar[str] = "rows"
    columns: tuple[Column, ...]
    needed: str
    one: str
    add: str

    def read(self, form: Form) -> dict[str, Any]:
        """Read the rows, whose fields come as so many texts under the same names, one of each a row."""
        columns: dict[str, Sequence[str]] = {
            column.name: form.texts(f"{self.name}.{column.name}")[:MOST_ROWS] for column in self.columns
        }
        rows = []
        for place in range(max(map(len, columns.values()))):
            texts = {name: given[place] if place < len(given) else "" for name, given in columns.items()}
            if any(texts[column.name] for column in self.columns if not column.filled):
                row = kept({column.name: _COLUMNS[column.sort](texts[column.name]) for column in self.columns})
                rows.append(row if self.needed in row else {self.needed: "", **row})
        return {self.name: rows}

    def show(self, shape: Mapping[str, Any]) -> dict[str, Any]:
        value = shape.get(self.name)
        rows = [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []
        return {self.name: [self._shown(row) for row in rows]}

    def _shown(self, row: Mapping[str, Any]) -> Loose:
        lists = {column.name for column in self.columns if column.sort == "names"}
        return Loose({**plain(row), **{name: typed.joined(row.get(name)) for name in lists}})

    @property
    def words(self) -> dict[str, str]:
        return {self.name: self.label, **{column.name: column.label for column in self.columns if column.label}}


class Items(Field, frozen=True, kw_only=True):
    """Other items, picked one by one."""

    sort: ClassVar[str] = "items"
    one: str
    add: str

    def read(self, form: Form) -> dict[str, Any]:
        return {self.name: [typed.whole(text) for text in form.texts(self.name)[:MOST_ROWS] if text]}

    def show(self, shape: Mapping[str, Any]) -> dict[str, Any]:
        value = shape.get(self.name)
        return {
            self.name: [one for one in value if not isinstance(one, Mapping | list)] if isinstance(value, list) else []
        }


class Body(Field, frozen=True, kw_only=True):
    """A body in Markdown with the blocks that it places; the blocks come as JSON from the script of the page."""

    sort: ClassVar[str] = "body"
    most: int = 60_000

    def read(self, form: Form) -> dict[str, Any]:
        # The spaces at the ends of a text are its own; one of nothing else is none.
        text = form.secret(self.name) if form.text(self.name, most=5 * self.most) else ""
        return {
            self.name: text,
            "blocks": typed.listed(form.text("blocks", most=MOST_JSON)),
        }

    def show(self, shape: Mapping[str, Any]) -> dict[str, Any]:
        blocks = shape.get("blocks")
        return {
            **super().show(shape),
            "blocks": [block for block in blocks if isinstance(block, Mapping)] if isinstance(blocks, list) else [],
        }

    @property
    def words(self) -> dict[str, str]:
        return {self.name: self.label, "blocks": marked("内容块")}


class Filmed(Field, frozen=True, kw_only=True):
    """Whether a patient was filmed, and by which consent."""

    sort: ClassVar[str] = "filmed"

    def read(self, form: Form) -> dict[str, Any]:
        return {"filmed_patient": form.is_on("filmed_patient"), "consent_id": typed.whole(form.text("consent_id"))}

    def show(self, shape: Mapping[str, Any]) -> dict[str, Any]:
        return {name: plain(shape)[name] for name in ("filmed_patient", "consent_id")}

    @property
    def words(self) -> dict[str, str]:
        return {"filmed_patient": self.label, "consent_id": marked("知情同意")}


def kept(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is empty; a nought is not."""
    empty: tuple[Any, ...] = ("", [], {})
    return {name: value for name, value in values.items() if not (value is None or value is False or value in empty)}


def plain(value: Any) -> Loose:
    """Give what a part of a draft holds besides lists and parts of its own."""
    if not isinstance(value, Mapping):
        return Loose()
    return Loose({name: inner for name, inner in value.items() if not isinstance(inner, Mapping | list)})


def json_of(value: Any) -> str:
    """Write a value as JSON for a script."""
    return msgspec.json.encode(value).decode()
