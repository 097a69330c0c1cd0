"""Finding items by what stands in them: over everything that the reader may see, and over nothing else.

The rule: `content.access.condition` decides who sees what, in what is found, counted and suggested alike. An item
stands where the best step that it meets puts it (`content.query`), the newest first within a step. Steps that rest on
slips and on some of the terms are asked only where text finds little, and never come before it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct

from content import lexicon
from content.hits import Hit, hits_of
from content.lexicon import Lexicon
from content.matching import ANY, EPOCH, MOST_COUNTED, Asked, Filters, Place, Values, asked_of, meets, newest
from content.query import Query, Step, partly, slips, steps, understood
from server.core.db import connection, transaction
from server.core.roles import Reader

# Where text finds fewer than these, slips are looked for as well, and then parts.
FEW: Final = 5
MOST_TAGS: Final = 12


class KindCount(Struct, frozen=True):
    """How many items of a kind were found, whatever kinds were asked for."""

    kind: str
    count: int


class TagCount(Struct, frozen=True):
    """How many of the items that were found have a tag."""

    slug: str
    name: str
    count: int


class Counts(Struct, frozen=True):
    """How many items were found; ``at_least`` tells that these are lower bounds."""

    total: int
    at_least: bool
    kinds: list[KindCount]
    tags: list[TagCount]


class Found(Struct, frozen=True):
    """A page of what was found. ``counts`` come with the first page; ``meant`` is what was looked for as well."""

    text: str
    hits: list[Hit]
    following: Place | None = None
    counts: Counts | None = None
    meant: str | None = None


NOTHING: Final = Counts(0, False, [], [])


async def search(
    *,
    text: str,
    reader: Reader,
    at: datetime,
    filters: Filters = ANY,
    after: Place | None = None,
    limit: int = 20,
) -> Found:
    """Find items by a text, the best first."""
    words = await lexicon.current()
    query = understood(text, words)
    if not query.terms:
        return Found("", [], counts=None if after else NOTHING)
    asked = asked_of(reader, at, filters, words)
    async with transaction():
        # A table that is read from its beginning has every row's words looked up one by one.
        await connection().execute("SET LOCAL enable_seqscan = off")
        width, counts = (after.width, None) if after else await _width(query, asked, words)
        # Where all has been counted, looking ends with the last.
        total = counts.total if counts and not counts.at_least else None
        rows, following = await _page(_steps(query, width), asked, after, width, limit, total)
        hits = await hits_of({row.item_id: row.step for row in rows}, query=query, reader=reader, at=at, words=words)
    meant = query.meant.text if query.meant and any(hit.by == "meant" for hit in hits) else None
    return Found(query.text, hits, following, counts, meant)


async def count(*, text: str, reader: Reader, at: datetime) -> int:
    """Count the items that text alone finds, up to `MOST_COUNTED`."""
    words = await lexicon.current()
    query = understood(text, words)
    if not query.terms:
        return 0
    async with transaction():
        await connection().execute("SET LOCAL enable_seqscan = off")
        return (await _counts(_steps(query, 0), asked_of(reader, at, ANY, words), words)).total


def _steps(query: Query, width: int) -> list[Step]:
    found = [*steps(query), *(slips(query) if width else ()), *(partly(query) if width > 1 else ())]
    return list(dict.fromkeys(found))


async def _width(query: Query, asked: Asked, words: Lexicon) -> tuple[int, Counts]:
    """Say how wide has to be looked, and how much there is."""
    counts = await _counts(_steps(query, 0), asked, words)
    width = 0
    for wider in (1, 2):
        # One of two terms alone is worth showing only where there is nothing else.
        enough = 1 if wider > 1 and len(query.terms) == 2 else FEW
        if counts.total >= enough:
            break
        if len(_steps(query, wider)) > len(_steps(query, width)):
            counts = await _counts(_steps(query, wider), asked, words)
        width = wider
    return width, counts


async def _counts(found: Sequence[Step], asked: Asked, words: Lexicon) -> Counts:
    values = Values(asked.values)
    plain = Step("all", " | ".join(step.asked for step in found if not step.like))
    met = [f"({meets(step, values)})" for step in (plain, *(step for step in found if step.like))]
    row = await connection().row(
        f"""
        WITH hit AS MATERIALIZED (
            SELECT w.kind, w.tags, {asked.of_kinds} AS wanted FROM live_words w
            WHERE ({" OR ".join(met)}) AND {asked.where} LIMIT {MOST_COUNTED + 1}
        )
        SELECT (SELECT count(*) FROM hit WHERE wanted) AS total, (SELECT count(*) FROM hit) AS seen,
            (SELECT json_agg(k) FROM (
                SELECT kind, count(*) AS count FROM hit GROUP BY 1 ORDER BY 2 DESC, 1
            ) k) AS kinds,
            (SELECT json_agg(t) FROM (
                SELECT tag AS slug, count(*) AS count FROM hit, unnest(tags) AS tag WHERE wanted
                GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_TAGS}
            ) t) AS tags
        """,  # noqa: S608  the parts are constants and names of values
        *values.all,
    )
    assert row is not None
    tags = msgspec.json.decode(row["tags"] or "[]")
    return Counts(
        min(row["total"], MOST_COUNTED),
        row["seen"] > MOST_COUNTED,
        msgspec.json.decode(row["kinds"] or "[]", type=list[KindCount]),
        [TagCount(tag["slug"], words.tag_names.get(tag["slug"], tag["slug"]), tag["count"]) for tag in tags],
    )


class _Row(Struct, frozen=True):
    """An item that was found, and by which step."""

    item_id: int
    published_at: datetime
    place: int
    step: Step


async def _page(
    found: Sequence[Step], asked: Asked, after: Place | None, width: int, limit: int, total: int | None
) -> tuple[list[_Row], Place | None]:
    """Give the rows of a page, and where the next begins, if there is one."""
    rows: list[_Row] = []
    for place, step in enumerate(found):
        if after is not None and place < after.step:
            continue
        if len(rows) > limit or (total is not None and len(rows) == total):
            break
        behind = after if after is not None and place == after.step else None
        given = await newest(step, found[:place], asked, behind, limit + 1 - len(rows))
        rows += [_Row(item_id, published_at, place, step) for item_id, published_at in given]
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], Place(
        width, last.place, (last.published_at - EPOCH) // timedelta(microseconds=1), last.item_id
    )
