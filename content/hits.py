"""Items as a search shows them: with what was looked for marked in their title and in a passage of their text."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from content.access import audience_values, condition
from content.lexicon import Lexicon
from content.marking import EXCERPT, Needles, Part, excerpt, marked, needles_of
from content.pictures import Cover
from content.query import Query, Step
from content.series_shapes import Named, TagName
from server.core.db import connection
from server.core.roles import Reader

By = Literal["text", "meant", "sound", "slip", "part"]
_BY: Final[Mapping[str, By]] = {"meant": "meant", "sound": "sound", "slip": "slip", "part": "part"}

_ITEMS: Final = f"""
    SELECT l.item_id, l.kind, l.slug, l.card, l.tags, l.seconds, l.product_class, l.published_at, w.body, a.airs_at,
        root.item_id AS root_id, root.title AS root_title,
        (SELECT json_agg(json_build_array(q.text, q.starts_at_s) ORDER BY q.number) FROM live_question q
         WHERE q.item_id = l.item_id) AS questions
    FROM unnest($3::bigint[]) WITH ORDINALITY AS asked (item_id, place)
    JOIN live l ON l.item_id = asked.item_id JOIN live_words w ON w.item_id = asked.item_id
    LEFT JOIN live root ON root.item_id = l.root_id AND l.root_id <> l.item_id
    LEFT JOIN airing a ON a.episode_id = l.item_id AND a.cancelled_at IS NULL
    WHERE {condition(row="l", audiences="$1", at="$2")} ORDER BY asked.place
"""  # noqa: S608  the parts are constants


class Hit(Struct, frozen=True, kw_only=True):
    """An item that was found. ``excerpt`` is a passage of its text, ``question`` the one that it answers.

    ``starts_at_s`` is where in the film the question is answered, ``series`` what an episode belongs to; ``by`` tells
    whether all was found as it was typed (text), a word of ours was meant, it sounds alike, one character differs
    (slip), or only some of the words are there (part).
    """

    id: int
    kind: str
    slug: str
    title: list[Part]
    excerpt: list[Part]
    question: list[Part]
    starts_at_s: float | None
    series: Named | None
    cover: Cover | None
    tags: list[TagName]
    seconds: int | None
    airs_at: datetime | None
    published_at: datetime
    product_class: str
    by: By


async def hits_of(met: Mapping[int, Step], *, query: Query, reader: Reader, at: datetime, words: Lexicon) -> list[Hit]:
    """Give items as they are shown, in their order; ``met`` says by which step each was found."""
    if not met:
        return []
    rows = await connection().fetch(_ITEMS, audience_values(reader), at, list(met))
    needles: dict[bool, Needles] = {}
    hits = []
    for row in rows:
        by = _BY.get(met[row["item_id"]].name, "text")
        loose = by in {"meant", "sound", "slip"}
        if loose not in needles:
            needles[loose] = needles_of(query, by_sound=loose)
        hits.append(_hit(dict(row), by, needles[loose], words))
    return hits


def _hit(row: Mapping[str, Any], by: By, needles: Needles, words: Lexicon) -> Hit:
    card = msgspec.json.decode(row["card"])
    question, starts_at_s = _question(msgspec.json.decode(row["questions"] or "[]"), needles)
    summary = card.get("summary") or ""
    passage = excerpt(summary, needles) or excerpt(row["body"], needles)
    if not passage and summary:
        passage = [Part(summary[:EXCERPT] + ("…" if len(summary) > EXCERPT else ""))]
    return Hit(
        id=row["item_id"],
        kind=row["kind"],
        slug=row["slug"],
        title=marked(card["title"], needles),
        excerpt=passage,
        question=question,
        starts_at_s=starts_at_s,
        series=Named(row["root_id"], row["root_title"]) if row["root_id"] else None,
        cover=msgspec.convert(card.get("cover"), Cover | None),
        tags=[TagName(slug, words.tag_names.get(slug, slug)) for slug in row["tags"]],
        seconds=row["seconds"],
        airs_at=row["airs_at"],
        published_at=row["published_at"],
        product_class=row["product_class"],
        by=by,
    )


def _question(questions: list[tuple[str, float]], needles: Needles) -> tuple[list[Part], float | None]:
    """Choose the question with most of what was looked for in it."""
    best: tuple[int, list[Part], float | None] = (0, [], None)
    for text, starts_at_s in questions:
        parts = marked(text, needles)
        score = sum(len(part.text) for part in parts if part.hit)
        if score > best[0]:
            best = (score, parts, starts_at_s)
    return best[1], best[2]
