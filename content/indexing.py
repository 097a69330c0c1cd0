"""What live items are found by: every text that readers see of an item, as lexemes of one tsvector.

The rule: a lexeme has a letter in front that says what it is. Words stand thrice, by where they are: ``t`` in the
title, ``h`` in what leads into the text (title, summary, questions, people) or comes again and again, ``w`` anywhere.
``b`` are pairs of neighbouring units and ``c`` single units anywhere, by which text is found however it was cut; ``x``
are the units of the title, ``q`` the pairs of its questions, ``p`` the syllables of title and questions, alone and in
pairs, ``#`` tags and ``:`` the kind. So PostgreSQL answers every search from the index alone; phrases and weights of
its own it would look up row by row.
"""

import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, product
from typing import Any, Final

import msgspec
from msgspec import Struct

from content.lexicon import Lexicon, held
from server.core import pinyin
from server.core.db import connection
from server.core.words import fold, pairs, units

# The form of the rows; whoever changes what is written raises it, and the job writes all rows anew.
FORM: Final = 1
LONGEST_BODY: Final = 20_000
# A word is what a text is about if it comes so often.
OFTEN: Final = 3

# Fields that are keys, codes or addresses, and no text.
_NO_TEXT: Final = frozenset(
    {"slug", "key", "chapter", "stage", "form", "product_class", "type", "url", "link", "media_type", "alt", "tags"}
    | {"small", "medium", "large", "valid_from", "valid_until", "id", "asset"}
)
_LEADING: Final = frozenset(
    {"summary", "problem", "questions", "team", "author", "reviewer", "generic_name", "maker", "field", "operator"}
    | {"speakers", "chapters"}
)
_BREAK: Final = re.compile(r"</?(?:p|h\d|li|ul|ol|tr|td|th|table|blockquote|pre|hr|br)\b[^>]*>")
_MARK: Final = re.compile(r"<[^>]*>")

_TEXTS: Final = """
    SELECT l.item_id, l.kind, l.tags, l.title, l.prepared,
        ARRAY(SELECT a.title FROM live a WHERE a.item_id IN (l.parent_id, l.root_id) AND a.item_id <> l.item_id)
        AS above
    FROM live l WHERE l.item_id = ANY($1::bigint[]) ORDER BY l.item_id
"""
# What of a live row is copied, so that a search need not look at it.
COPIED: Final = (
    *("kind", "audience", "valid_from", "valid_until", "product_class", "entitlement"),
    *("section_ids", "tags", "published_at"),
)
_WRITE: Final = f"""
    INSERT INTO live_words (item_id, {", ".join(COPIED)}, title, edition, form, body, found)
    SELECT l.item_id, {", ".join(f"l.{name}" for name in COPIED)}, $2, $3, $4, $5, $6::text::tsvector
    FROM live l WHERE l.item_id = $1
    ON CONFLICT (item_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in COPIED)},
        title = excluded.title, edition = excluded.edition, form = excluded.form, body = excluded.body,
        found = excluded.found
"""  # noqa: S608  the parts are constants
_ALIGN: Final = f"""
    UPDATE live_words w SET {", ".join(f"{name} = l.{name}" for name in COPIED)}
    FROM live l WHERE l.item_id = w.item_id AND w.item_id = ANY($1::bigint[])
"""  # noqa: S608  the parts are constants


class Text(Struct, frozen=True):
    """The texts of an item: title and questions, what leads into it, and everything else, a line a paragraph."""

    title: str
    questions: tuple[str, ...] = ()
    leading: tuple[str, ...] = ()
    body: str = ""


async def write(item_ids: Iterable[int], *, told: Iterable[int] = ()) -> None:
    """Bring the rows of live items up to date, in the transaction that changes them.

    :param told: those of the items whose text has changed; what stands below them is found by their titles too.
    """
    changed, told = list(item_ids), list(told)
    if not changed:
        return
    await connection().execute(_ALIGN, changed)
    if told:
        rows = await connection().fetch(
            "SELECT item_id FROM live WHERE item_id = ANY($1::bigint[]) OR parent_id = ANY($1::bigint[]) "
            "OR root_id = ANY($1::bigint[])",
            told,
        )
        await write_words([row["item_id"] for row in rows], await held())


async def write_words(item_ids: Sequence[int], lexicon: Lexicon) -> None:
    """Write what live items are found by, by an edition of the dictionary that is held."""
    for row in await connection().fetch(_TEXTS, item_ids):
        text = text_of(row["title"], msgspec.json.decode(row["prepared"]))
        await connection().execute(
            _WRITE,
            row["item_id"],
            "".join(unit.text for unit in units(fold(text.title).text)),
            lexicon.edition,
            FORM,
            text.body,
            lexemes(text, kind=row["kind"], tags=row["tags"], above=row["above"], lexicon=lexicon),
        )


def text_of(title: str, prepared: Mapping[str, Any]) -> Text:
    """Sort what readers get of an item into its texts; whatever kind it is, all that can be read is there."""
    questions = tuple(question["text"] for question in prepared.get("questions") or ())
    leading: list[str] = []
    others: list[str] = []
    for name, value in prepared.items():
        if name not in {"title", "questions"} and name not in _NO_TEXT:
            (leading if name in _LEADING else others).extend(_strings(value))
    body = "\n".join(line.strip() for text in others for line in text.splitlines() if line.strip())
    return Text(title, questions, tuple(leading), body.replace("\0", "")[:LONGEST_BODY])


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if value and not value.startswith(("/", "https://", "http://")):
            yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name == "html":
                yield plain(inner)
            elif name not in _NO_TEXT:
                yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)


def plain(marked: str) -> str:
    """Give the text of our own HTML, a line a paragraph."""
    return html.unescape(_MARK.sub("", _BREAK.sub("\n", marked)))


def lexemes(text: Text, *, kind: str, tags: Iterable[str], above: Iterable[str] = (), lexicon: Lexicon) -> str:
    """Write the tsvector of an item.

    :param above: the titles of what it stands in.
    """
    found: set[str] = {f":{kind}", *(f"#{slug}" for slug in tags)}
    counted: Counter[str] = Counter()
    for place, part in _parts(text, above):
        folded = fold(part).text
        here = units(folded)
        words = [word.text for word in lexicon.cutter.words(folded, here)]
        counted.update(words)
        found.update("b" + one + other for one, other in pairs(here))
        found.update("c" + unit.text for unit in here)
        if place == "title":
            found.update("t" + word for word in words)
            found.update("x" + unit.text for unit in here)
        if place == "question":
            found.update("q" + one + other for one, other in pairs(here))
        if place in {"title", "question"}:
            found.update(sounds([unit.text for unit in here]))
        if place != "body":
            found.update("h" + word for word in words)
    found.update("w" + word for word in counted)
    found.update("h" + word for word, times in counted.items() if times >= OFTEN)
    return " ".join(map(quoted, sorted(found)))


def _parts(text: Text, above: Iterable[str]) -> Iterator[tuple[str, str]]:
    yield "title", text.title
    for question in text.questions:
        yield "question", question
    for part in text.leading:
        yield "leading", part
    for title in above:
        yield "body", title
    yield "body", text.body


def sounds(texts: Sequence[str]) -> set[str]:
    """List the pairs of neighbouring syllables of Chinese characters, and each syllable alone."""
    heard = [pinyin.readings(text) if len(text) == 1 else () for text in texts]
    alone = {f"p{syllable}" for given in heard for syllable in given}
    return alone | {f"p{one}.{other}" for pair in pairwise(heard) for one, other in product(*pair)}


def quoted(lexeme: str) -> str:
    """Write a lexeme so that PostgreSQL reads it as one, in a tsvector or in a tsquery."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
