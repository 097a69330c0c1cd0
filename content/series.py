"""Series, their seasons and episodes as readers get them, and the questions by which episodes are found.

The rule: every answer is for one circle of readers (`content.access.circle_of`) and the same for all in it; what
differs from one reader to the next (progress, favourites) has calls of its own. ``until`` beside an answer is the first
instant at which it may be another one without any deed.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from content import access, tags
from content.access import audience_values, condition, refuse_absent
from content.live import fold, grams
from content.series_shapes import (
    EpisodeCard,
    EpisodePage,
    FoundQuestion,
    Named,
    SeasonCard,
    SeriesCard,
    SeriesPage,
    TagName,
)
from server.core.db import connection
from server.core.roles import Reader

LIKELY: Final = 0.4
READABLE: Final = condition(row="l", audiences="$1", at="$2")


# Beside an episode ``l``: what it stands in, and its neighbours in the order of the series.
BESIDE: Final = f"""(
    SELECT root.title AS root_title, parent.kind AS parent_kind, parent.title AS parent_title, o.*
    FROM live root, live parent, (
        SELECT e.item_id AS here, lag(e.item_id) OVER w AS previous_id, lag(e.title) OVER w AS previous_title,
            lead(e.item_id) OVER w AS next_id, lead(e.title) OVER w AS next_title,
            min(e.valid_until) OVER () AS all_until
        FROM live e LEFT JOIN live season ON season.item_id = e.parent_id AND season.kind = 'season'
        WHERE e.root_id = l.root_id AND e.kind = 'episode' AND {condition(row="e", audiences="$1", at="$2")}
        WINDOW w AS (ORDER BY season.position NULLS FIRST, season.item_id, e.position, e.item_id)
    ) o
    WHERE root.item_id = l.root_id AND parent.item_id = l.parent_id AND o.here = l.item_id
) more"""  # noqa: S608  the parts are constants

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Place(Struct, frozen=True, array_like=True):
    """A place in the list of series: behind which pin, time of publishing (microseconds since 1970) and id."""

    pin: Annotated[int, Meta(ge=0, le=2**31 - 1)]
    published_us: Annotated[int, Meta(ge=0, le=2**53)]
    id: Annotated[int, Meta(ge=0, le=2**63 - 1)]

    @property
    def values(self) -> tuple[int, datetime, int]:
        return self.pin, EPOCH + timedelta(microseconds=self.published_us), self.id


async def listing(
    *, reader: Reader, at: datetime, tag: str = "", after: Place | None = None, limit: int = 20
) -> tuple[list[SeriesCard], Place | None, datetime | None]:
    """List the series that a reader may see: those pinned first, then the newest.

    Gives the cards, the place where the next page begins, if there is one, and until when this holds.
    """
    rows = await connection().fetch(
        f"""
        SELECT l.item_id AS id, l.slug, l.card, l.published_at, p.position IS NOT NULL AS pinned, l.valid_until,
            coalesce(p.position, 2147483647) AS place, coalesce(e.episodes, 0) AS episodes, e.next_airs_at,
            e.ends_at AS episodes_end_at
        FROM live l LEFT JOIN pin p ON p.item_id = l.item_id AND p.place = 'series'
        LEFT JOIN LATERAL (
            SELECT count(*) AS episodes, min(a.airs_at) FILTER (WHERE a.airs_at > $2) AS next_airs_at,
                min(e.valid_until) AS ends_at
            FROM live e LEFT JOIN airing a ON a.episode_id = e.item_id AND a.cancelled_at IS NULL
            WHERE e.root_id = l.item_id AND e.kind = 'episode' AND {condition(row="e", audiences="$1", at="$2")}
        ) e ON true
        WHERE l.kind = 'series' AND {READABLE} AND ($3 = '' OR l.tags @> ARRAY[$3::text])
            AND ($4::int IS NULL OR coalesce(p.position, 2147483647) > $4
                OR (coalesce(p.position, 2147483647) = $4 AND (l.published_at, l.item_id) < ($5, $6)))
        ORDER BY place, l.published_at DESC, l.item_id DESC LIMIT $7
        """,  # noqa: S608  the parts are constants
        audience_values(reader),
        at,
        tag,
        *(after.values if after else (None, None, None)),
        limit + 1,
    )
    named = await tags.names()
    cards = [_series_card(dict(row), named) for row in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    times = [row[name] for row in rows for name in ("valid_until", "episodes_end_at", "next_airs_at")]
    following = (
        Place(last["place"], (last["published_at"] - EPOCH) // timedelta(microseconds=1), last["id"]) if last else None
    )
    return cards, following, _soonest(times)


async def series_page(*, series_id: int, reader: Reader, at: datetime) -> tuple[SeriesPage, datetime | None]:
    """Give a series with its seasons and episodes, and until when this holds.

    :raises ItemMissing: if there is no such series for this reader; also `Withdrawn`, `Expired`, `SignInNeeded`.
    """
    found = await _prepared(series_id, "series", reader, at)
    rows = await connection().fetch(
        f"""
        SELECT l.item_id AS id, l.kind, l.parent_id, l.card, l.valid_until, l.seconds AS duration_s, a.airs_at,
            a.cancelled_at IS NOT NULL AS cancelled
        FROM live l LEFT JOIN airing a ON a.episode_id = l.item_id
        WHERE l.root_id = $3 AND l.item_id <> $3 AND {READABLE} ORDER BY l.position, l.item_id
        """,  # noqa: S608  the parts are constants
        audience_values(reader),
        at,
        series_id,
    )
    named = await tags.names()
    cards: dict[int, list[EpisodeCard]] = {}
    for row in rows:
        if row["kind"] == "episode":
            cards.setdefault(row["parent_id"], []).append(_episode_card(dict(row), named))
    seasons = [
        SeasonCard(id=row["id"], title=card["title"], summary=card["summary"], episodes=cards.get(row["id"], []))
        for row in rows
        if row["kind"] == "season"
        for card in (msgspec.json.decode(row["card"]),)
    ]
    page = {
        **found,
        "seasons": seasons,
        "episodes": cards.get(series_id, []),
    }
    until = _soonest([found["valid_until"], *(row["valid_until"] for row in rows)])
    return msgspec.convert(page, SeriesPage), until


async def episode_page(*, episode_id: int, reader: Reader, at: datetime) -> tuple[EpisodePage, datetime | None]:
    """Give an episode with its neighbours in the series, and until when this holds.

    :raises ItemMissing: if there is no such episode for this reader; also `Withdrawn`, `Expired`, `SignInNeeded`.
    """
    found = await _prepared(episode_id, "episode", reader, at, more=BESIDE)
    page = {
        **found,
        "series": Named(found["root_id"], found["root_title"]),
        "season": Named(found["parent_id"], found["parent_title"]) if found["parent_kind"] == "season" else None,
        "chapters": _chapters(found["chapters"], found["stage"], found["duration_s"]),
        "questions": _questions(found["questions"], found["chapters"]),
        "documents": [{**document, "number": number} for number, document in enumerate(found["documents"], start=1)],
        "previous": Named(found["previous_id"], found["previous_title"]) if found["previous_id"] else None,
        "next": Named(found["next_id"], found["next_title"]) if found["next_id"] else None,
    }
    return msgspec.convert(page, EpisodePage), _soonest([found["valid_until"], found["all_until"]])


async def questions(*, text: str, reader: Reader, at: datetime, limit: int = 20) -> list[FoundQuestion]:
    """Find the questions most like a text that episodes answer, the likest first.

    Two texts are alike by the share of the first one's pairs of neighbouring characters that are in the second, which
    needs no word list; a single character is looked for as it is.
    """
    folded, pairs = fold(text), grams(text)
    if not folded:
        return []
    rows = await connection().fetch(
        f"""
        SELECT q.text, q.chapter, q.starts_at_s, l.item_id AS id, l.title, s.item_id AS series_id,
            s.title AS series_title, a.airs_at, share.share::float AS share
        FROM live_question q JOIN live l ON l.item_id = q.item_id JOIN live s ON s.item_id = l.root_id
        LEFT JOIN airing a ON a.episode_id = l.item_id AND a.cancelled_at IS NULL
        CROSS JOIN LATERAL (
            SELECT CASE WHEN strpos(q.folded, $3) > 0 THEN 1.0 ELSE
                cardinality(ARRAY(SELECT unnest(q.grams) INTERSECT SELECT unnest($4::text[])))::numeric
                / greatest(cardinality($4::text[]), 1) END AS share
        ) share
        WHERE {READABLE} AND (q.grams && $4::text[] OR (cardinality($4::text[]) = 0 AND strpos(q.folded, $3) > 0))
            AND share.share >= $5
        ORDER BY share.share DESC, l.published_at DESC, q.item_id, q.number LIMIT $6
        """,  # noqa: S608  the parts are constants
        audience_values(reader),
        at,
        folded,
        pairs,
        LIKELY,
        limit,
    )
    return [
        FoundQuestion(
            text=row["text"],
            episode=Named(row["id"], row["title"]),
            series=Named(row["series_id"], row["series_title"]),
            chapter=row["chapter"],
            starts_at_s=row["starts_at_s"],
            airs_at=row["airs_at"],
            share=round(row["share"], 3),
        )
        for row in rows
    ]


async def _prepared(
    item_id: int, kind: str, reader: Reader, at: datetime, *, more: str = "(SELECT 1 AS nothing) more"
) -> dict[str, Any]:
    """Give what is prepared of a live item, with its tags by name, in one statement; ``more`` is joined to it."""
    row = await connection().row(
        f"""
        SELECT l.item_id AS id, l.slug, l.parent_id, l.root_id, {access.ACCESS_COLUMNS},
            l.published_at, l.changed_at, l.prepared, a.airs_at, a.cancelled_at IS NOT NULL AS cancelled, more.*,
            (SELECT jsonb_object_agg(t.slug, t.name_zh) FROM tag t WHERE t.slug = ANY(l.tags)) AS named
        FROM live l LEFT JOIN airing a ON a.episode_id = l.item_id LEFT JOIN LATERAL {more} ON true
        WHERE l.item_id = $3 AND l.kind = $4 AND $1::text[] IS NOT NULL AND $2::timestamptz IS NOT NULL
        """,  # noqa: S608  the parts are constants
        audience_values(reader),
        at,
        item_id,
        kind,
    )
    if row is None:
        await refuse_absent(item_id, kind=kind)
    access.check(access.access_of(item_id, row), reader, at=at)
    prepared = msgspec.json.decode(row["prepared"])
    named = msgspec.json.decode(row["named"]) if row["named"] else {}
    return {**dict(row), **prepared, "tags": _tags(prepared["tags"], named)}


def _series_card(row: dict[str, Any], named: dict[str, str]) -> SeriesCard:
    card = msgspec.json.decode(row["card"])
    return msgspec.convert({**row, **card, "tags": _tags(card["tags"], named)}, SeriesCard)


def _episode_card(row: dict[str, Any], named: dict[str, str]) -> EpisodeCard:
    card = msgspec.json.decode(row["card"])
    return msgspec.convert({**row, **card, "tags": _tags(card["tags"], named)}, EpisodeCard)


def _tags(slugs: list[str], named: dict[str, str]) -> list[TagName]:
    return [TagName(slug, named.get(slug, slug)) for slug in slugs]


def _chapters(chapters: list[dict[str, Any]], stage: str | None, duration_s: int) -> list[dict[str, Any]]:
    ends = [chapter["starts_at_s"] for chapter in chapters[1:]] + [duration_s]
    return [
        {**chapter, "ends_at_s": end, "stage": chapter["stage"] or stage}
        for chapter, end in zip(chapters, ends, strict=True)
    ]


def _questions(questions: list[dict[str, Any]], chapters: list[dict[str, Any]]) -> list[dict[str, Any]]:
    starts = {chapter["key"]: chapter["starts_at_s"] for chapter in chapters}
    return [{**question, "starts_at_s": starts.get(question["chapter"], 0.0)} for question in questions]


def _soonest(times: list[datetime | None]) -> datetime | None:
    return min((time for time in times if time is not None), default=None)
