"""The written demo texts: each a file in Markdown, headed by TOML that says what it is, whose, and what belongs to it.

The rule: a text is named by its file; people stand in it by name alone (``persons.py``), pictures by what is drawn for
them (``figures.py``), days as days from the first start of the house.
"""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta, Struct

from content.activity_shapes import Form
from content.parts import Audience, Stage
from content.written import ArticleForm, ProductClass
from server.demo.drawings import Theme
from server.demo.persons import PERSONS

FOLDER: Final = Path(__file__).parent
FENCE: Final = "+++\n"


class Told(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every text says. ``published`` counts the days from today on which it came out; what is ``related`` is named
    by its kind and slug."""

    slug: str
    body: str
    title: str
    summary: str
    tags: tuple[str, ...]
    audience: Audience
    hue: int
    theme: Theme
    published: Annotated[int, Meta(le=-1)]
    related: tuple[str, ...] = ()


class Credited(Told, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text that somebody wrote and somebody else read, and what it rests on."""

    author: str
    reviewer: str
    sources: tuple[str, ...]


class Article(Credited, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An article. Of its blocks an image names the figure that is drawn and its labels, others the text they show."""

    form: ArticleForm
    blocks: tuple[dict[str, Any], ...] = ()


class SheetPart(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a sheet to fill in: lines to write on, a table with rows that are empty or begun, boxes to tick."""

    heading: str
    blank: int = 0
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    empty: int = 0
    ticks: tuple[str, ...] = ()


class Handout(Credited, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document of one page."""

    edition: str
    parts: tuple[SheetPart, ...]


class ClipChapter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A picture of a short film: all chapters take equally long."""

    title: str
    stage: Stage
    lines: tuple[str, ...]


class Clip(Credited, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A short film of its own."""

    seconds: Annotated[int, Meta(ge=12, le=120, multiple_of=12)]
    board: str = "films"
    chapters: Annotated[tuple[ClipChapter, ...], Meta(min_length=4, max_length=4)]


class Point(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A point of an agenda, so many minutes from the beginning."""

    at: int
    minutes: int
    title: str
    speakers: tuple[str, ...] = ()


class Occasion(Told, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An activity: on which day from today, at what time, and for how long; ``time`` may be "now".

    ``opens_day`` is the day from today on which registration opens, if it has not yet; ``cancelled`` says why it is.
    """

    form: Form
    organiser: str
    day: int
    time: Annotated[str, Meta(pattern="^(?:now|[0-2][0-9]:[0-5][0-9])$")]
    minutes: int
    speakers: tuple[str, ...]
    agenda: tuple[Point, ...]
    capacity: int | None = None
    place: str = ""
    address: str = ""
    stream: str = ""
    open_to_all: bool = False
    opens_day: int | None = None
    cancelled: str = ""
    replay: str = ""


class Brand(Told, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account of a brand."""

    field: str
    operator: str
    link: str = ""


class Paper(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An invented paper of an authority."""

    name: str
    number: str


class Product(Told, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An invented product; its papers end so many days from today, if they do."""

    product_class: ProductClass
    maker: str
    indications: str
    cautions: str
    generic_name: str = ""
    certificates: tuple[Paper, ...] = ()
    certificate_days: int = 0


class TextUnfit(Exception):
    """A text of the demo is not what it has to be; the message names the file."""


Some = TypeVar("Some", bound=Told)


@lru_cache(maxsize=1)
def articles() -> tuple[Article, ...]:
    """Read the articles, the newest first.

    :raises TextUnfit: if a file is not made as it has to be.
    """
    return _all("articles", Article)


@lru_cache(maxsize=1)
def handouts() -> tuple[Handout, ...]:
    """Read the documents, the newest first.

    :raises TextUnfit: if a file is not made as it has to be.
    """
    return _all("documents", Handout)


@lru_cache(maxsize=1)
def clips() -> tuple[Clip, ...]:
    """Read the short films, the newest first.

    :raises TextUnfit: if a file is not made as it has to be.
    """
    return _all("videos", Clip)


@lru_cache(maxsize=1)
def brands() -> tuple[Brand, ...]:
    """Read the accounts of brands, the newest first.

    :raises TextUnfit: if a file is not made as it has to be.
    """
    return _all("brands", Brand)


@lru_cache(maxsize=1)
def products() -> tuple[Product, ...]:
    """Read the products, the newest first.

    :raises TextUnfit: if a file is not made as it has to be.
    """
    return _all("products", Product)


@lru_cache(maxsize=1)
def occasions() -> tuple[Occasion, ...]:
    """Read the activities, the one announced last first.

    :raises TextUnfit: if a file is not made as it has to be.
    """
    return _all("activities", Occasion)


def read(path: Path, shape: type[Some]) -> Some:
    """Read a text from its file.

    :raises TextUnfit: if the file is not made as it has to be.
    """
    try:
        before, head, body = path.read_text("utf-8").split(FENCE, 2)
        told = msgspec.convert({**tomllib.loads(head), "slug": path.stem, "body": body.strip()}, shape)
    except (ValueError, msgspec.ValidationError) as fault:
        raise TextUnfit(f"{path.name}: {fault}") from None
    strangers = _people_of(told) - PERSONS.keys()
    if before or strangers:
        raise TextUnfit(f"{path.name}: {before or 'nobody knows ' + ', '.join(sorted(strangers))}")
    return told


def _people_of(told: Told) -> set[str]:
    if isinstance(told, Credited):
        return {told.author, told.reviewer}
    return set(told.speakers) if isinstance(told, Occasion) else set()


def _all(folder: str, shape: type[Some]) -> tuple[Some, ...]:
    found = [read(path, shape) for path in sorted((FOLDER / folder).glob("*.md"))]
    return tuple(sorted(found, key=lambda one: (-one.published, one.slug)))
