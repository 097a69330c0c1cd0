"""The demo articles: texts in Markdown, each headed by TOML that says what it is, whose, and which blocks it places.

The rule: a text is a file of its own, named by its slug; people stand in it by name alone (``persons.py``), pictures by
the figure that is drawn for them (``figures.py``).
"""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from content.parts import Audience
from content.written import ArticleForm
from server.demo.persons import PERSONS

FOLDER: Final = Path(__file__).parent / "texts" / "articles"
FENCE: Final = "+++\n"


class Article(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An article as its file tells it; ``published`` counts the days from today on which it came out."""

    slug: str
    body: str
    title: str
    summary: str
    form: ArticleForm
    tags: tuple[str, ...]
    author: str
    reviewer: str
    audience: Audience
    sources: tuple[str, ...]
    published: Annotated[int, Meta(le=-1)]
    hue: int
    theme: str
    blocks: tuple[dict[str, Any], ...] = ()


class TextUnfit(Exception):
    """A text of the demo is not what it has to be; the message names the file."""


@lru_cache(maxsize=1)
def articles() -> tuple[Article, ...]:
    """Read all of them, the newest first.

    :raises TextUnfit: if a file is not made as it has to be.
    """
    found = [read(path) for path in sorted(FOLDER.glob("*.md"))]
    return tuple(sorted(found, key=lambda one: (-one.published, one.slug)))


def read(path: Path) -> Article:
    """Read an article from its file.

    :raises TextUnfit: if the file is not made as it has to be.
    """
    try:
        before, head, body = path.read_text("utf-8").split(FENCE, 2)
        article = msgspec.convert({**tomllib.loads(head), "slug": path.stem, "body": body.strip()}, Article)
    except (ValueError, msgspec.ValidationError) as fault:
        raise TextUnfit(f"{path.name}: {fault}") from None
    strangers = {article.author, article.reviewer} - PERSONS.keys()
    if before or strangers:
        raise TextUnfit(f"{path.name}: {before or 'nobody knows ' + ', '.join(sorted(strangers))}")
    return article
