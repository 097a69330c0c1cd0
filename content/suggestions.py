"""What may be meant while somebody is still typing: tags, what many look for, questions, titles.

The rule: nothing is suggested that the reader may not read or that finds nothing for them, and nothing that only a few
others looked for (`content.searched`).
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final, Literal

from msgspec import Struct

from content import lexicon, searched
from content.indexing import quoted
from content.lexicon import Lexicon
from content.marking import Needles, Part, marked
from content.matching import ANY, Asked, Values, asked_of
from content.query import steps, understood
from server.core import pinyin
from server.core.db import connection, transaction
from server.core.roles import Audience, Reader
from server.core.words import fold, is_han, pairs, units

MOST_NAMES: Final = 2
MOST_SEARCHES: Final = 3
MOST_LOOKED_AT: Final = 2000
LONGEST: Final = 30


class Suggestion(Struct, frozen=True, kw_only=True):
    """Something that may be meant: text to look for (of a tag, or what many look for), or an item to go to.

    ``item_id`` and ``kind`` are those of the item; ``starts_at_s`` is where its film answers a question.
    """

    of: Literal["tag", "search", "question", "title"]
    text: str
    parts: list[Part]
    item_id: int | None = None
    kind: str | None = None
    starts_at_s: float | None = None


async def suggestions(*, text: str, reader: Reader, portal: Audience, at: datetime, limit: int = 8) -> list[Suggestion]:
    """Suggest what may be meant by what has been typed so far; without any text, what many look for."""
    words = await lexicon.current()
    typed = [unit.text for unit in units(fold(text).text)][:LONGEST]
    asked = asked_of(reader, at, ANY, words)
    async with transaction():
        await connection().execute("SET LOCAL enable_seqscan = off")
        found = await _names(typed, asked, words) if typed else []
        found += await _searches(typed, portal, asked, words)
        if typed:
            found += await _questions(typed, asked)
            found += await _titles(typed, asked)
    unlike: dict[str, Suggestion] = {}
    for one in found:
        unlike.setdefault(lexicon.key_of(one.text), one)
    return list(unlike.values())[:limit]


async def _names(typed: Sequence[str], asked: Asked, words: Lexicon) -> list[Suggestion]:
    key = "".join(typed)
    likely = [
        (not name.startswith(key), len(name), name, slug)
        for slug, shown in words.tag_names.items()
        for name in (lexicon.key_of(shown),)
        if key in name
    ]
    found: list[Suggestion] = []
    for _, _, _, slug in sorted(likely)[: MOST_NAMES * 3]:
        marks = " | ".join(quoted(f"#{below}") for below in words.below[slug])
        if len(found) < MOST_NAMES and await _is_met(marks, asked):
            found.append(_suggestion("tag", words.tag_names[slug], typed))
    return found


async def _searches(typed: Sequence[str], portal: Audience, asked: Asked, words: Lexicon) -> list[Suggestion]:
    most = MOST_SEARCHES if typed else MOST_SEARCHES * 2
    found: list[Suggestion] = []
    for text in await searched.popular(portal=portal, containing="".join(typed), limit=most * 2):
        query = understood(text, words)
        if len(found) < most and query.terms and await _is_met(list(steps(query))[-1].asked, asked):
            found.append(_suggestion("search", text, typed))
    return found


async def _is_met(query: str, asked: Asked) -> bool:
    values = Values(asked.values)
    met: bool = await connection().value(
        f"SELECT EXISTS (SELECT 1 FROM live_words w WHERE w.found @@ {values.name(query, 'tsquery')} "  # noqa: S608  names of values
        f"AND {asked.where} AND {asked.of_kinds})",
        *values.all,
    )
    return met


async def _questions(typed: Sequence[str], asked: Asked) -> list[Suggestion]:
    both = list(pairs(units("".join(typed))))
    if not both:
        return []
    values = Values(asked.values)
    query = values.name(" & ".join(quoted("q" + one + other) for one, other in both), "tsquery")
    key = values.name("".join(typed), "text")
    rows = await connection().fetch(
        f"""
        SELECT q.text, q.starts_at_s, w.item_id, w.kind FROM live_words w JOIN live_question q USING (item_id)
        WHERE w.found @@ {query} AND {asked.where} AND {asked.of_kinds} AND strpos(q.folded, {key}) > 0
        ORDER BY strpos(q.folded, {key}), w.published_at DESC, w.item_id DESC, q.number LIMIT 3
        """,  # noqa: S608  the parts are constants and names of values
        *values.all,
    )
    return [
        _suggestion(
            "question", row["text"], typed, item_id=row["item_id"], kind=row["kind"], starts_at_s=row["starts_at_s"]
        )
        for row in rows
    ]


async def _titles(typed: Sequence[str], asked: Asked) -> list[Suggestion]:
    found = await _titles_with(" & ".join(quoted("x" + unit) for unit in dict.fromkeys(typed)), "".join(typed), asked)
    heard = "" if found else _heard(typed)
    if heard:
        found = await _titles_with(heard, "", asked)
    return [_suggestion("title", title, typed, item_id=item_id, kind=kind) for title, item_id, kind in found]


async def _titles_with(query: str, key: str, asked: Asked) -> list[tuple[str, int, str]]:
    values = Values(asked.values)
    met, text = values.name(query, "tsquery"), values.name(key, "text")
    rows = await connection().fetch(
        f"""
        WITH hit AS MATERIALIZED (
            SELECT w.item_id, w.kind, strpos(w.title, {text}) AS at, w.published_at FROM live_words w
            WHERE w.found @@ {met} AND strpos(w.title, {text}) > 0 AND {asked.where} AND {asked.of_kinds}
            LIMIT {MOST_LOOKED_AT}
        )
        SELECT l.title, CASE l.kind WHEN 'season' THEN l.root_id ELSE l.item_id END AS item_id,
            CASE l.kind WHEN 'season' THEN 'series' ELSE l.kind END AS kind
        FROM hit JOIN live l USING (item_id)
        ORDER BY hit.at = 1 DESC, hit.published_at DESC, hit.item_id DESC LIMIT 5
        """,  # noqa: S608  the parts are constants and names of values
        *values.all,
    )
    return [(row["title"], row["item_id"], row["kind"]) for row in rows]


def _heard(typed: Sequence[str]) -> str:
    """Ask for titles that sound like what was typed; of letters the last syllable may not be complete."""
    if all(map(is_han, typed)):
        heard = [pinyin.readings(unit)[:1] for unit in typed]
        row, rest = [given[0] for given in heard if given], ""
    else:
        letters = "".join(typed)
        ends = [(pinyin.spelt(letters[:end]), letters[end:]) for end in range(len(letters), 0, -1)]
        row, rest = next(((row, rest) for row, rest in ends if row), ([], ""))
    asked = [quoted(f"p{one}.{other}") for one, other in pairwise(row)]
    if rest and row:
        asked.append(quoted(f"p{row[-1]}.{pinyin.alike(rest)}") + ":*")
    if not asked and row and not is_han(typed[0]):
        asked.append(quoted(f"p{row[0]}"))
    return " & ".join(asked)


def _suggestion(
    of: Literal["tag", "search", "question", "title"],
    text: str,
    typed: Sequence[str],
    *,
    item_id: int | None = None,
    kind: str | None = None,
    starts_at_s: float | None = None,
) -> Suggestion:
    parts = marked(text, Needles((tuple(typed),) if typed else ()))
    return Suggestion(of=of, text=text, parts=parts, item_id=item_id, kind=kind, starts_at_s=starts_at_s)
