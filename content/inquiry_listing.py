"""The editors' queue of doctors' questions: what is asked, by how many, and what may be the same.

The rule: it says what was asked and never who asked it. Those that most doctors ask come first.
"""

from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from content.asked import Standing
from content.live import grams
from server.core.db import connection
from server.core.errors import Missing

ALIKE: Final = 0.3
MOST_ALIKE: Final = 8
MOST_COMPARED: Final = 500


class InquiryMissing(Missing):
    """There is no such inquiry, or it has become part of another."""

    code = "inquiry_missing"
    title = "没有找到这个问题，可能已被合并"


class Question(Struct, frozen=True):
    """What one doctor asked, without who it was."""

    id: int
    text: str
    created_at: datetime


class InquiryRow(Struct, frozen=True, kw_only=True):
    """An inquiry in the editors' queue: in the words of who asked first, and how many doctors ask it."""

    id: int
    series_id: int
    series: str
    text: str
    askers: int
    state: Standing
    asked_at: datetime
    episode_id: int | None


class Alike(Struct, frozen=True):
    """Another inquiry to the same series, and how like it is: the share of pairs of characters that both have."""

    inquiry: InquiryRow
    share: float


class Inquiry(Struct, frozen=True, kw_only=True):
    """An inquiry with everything that was asked and said, and those that may be the same."""

    row: InquiryRow
    questions: list[Question]
    answer: str
    answered_at: datetime | None
    answered_by: int | None
    turned_at: datetime | None
    turned_by: int | None
    set_aside_at: datetime | None
    set_aside_by: int | None
    alike: list[Alike]


class Listing(Struct, frozen=True):
    """One page of the queue and how many there are in all."""

    rows: list[InquiryRow]
    total: int


async def listing(*, series_id: int | None = None, state: str = "", page: int = 1, size: int = 50) -> Listing:
    """List inquiries: those that most doctors ask first, then the newest.

    :param page: from 1.
    """
    where = f"({_ROWS}) rows WHERE ($1::bigint IS NULL OR series_id = $1) AND $2 IN ('', state)"
    rows = await connection().fetch(
        f"SELECT * FROM {where} ORDER BY askers DESC, id DESC LIMIT $3 OFFSET $4",  # noqa: S608  constants
        series_id,
        state,
        size,
        (max(page, 1) - 1) * size,
    )
    total = await connection().value(f"SELECT count(*) FROM {where}", series_id, state)  # noqa: S608  constants
    return Listing([msgspec.convert(dict(row), InquiryRow) for row in rows], total)


async def series_asked() -> list[tuple[int, str]]:
    """List the series that anything was asked for, by their titles."""
    rows = await connection().fetch(
        "SELECT DISTINCT i.series_id, coalesce(d.shape ->> 'title', '') AS title FROM inquiry i "
        "JOIN draft d ON d.item_id = i.series_id ORDER BY title, i.series_id"
    )
    return [(row["series_id"], row["title"]) for row in rows]


async def inquiry_of(*, inquiry_id: int) -> Inquiry:
    """Give an inquiry, with others that may be the same.

    :raises InquiryMissing: if there is none.
    """
    row = await connection().row(f"SELECT * FROM ({_ROWS}) rows WHERE id = $1", inquiry_id)  # noqa: S608  constants
    kept = await connection().row("SELECT * FROM inquiry WHERE id = $1", inquiry_id)
    if row is None or kept is None:
        raise InquiryMissing()
    questions = await connection().fetch(
        "SELECT id, text, created_at FROM asked_question WHERE inquiry_id = $1 ORDER BY id", inquiry_id
    )
    shown = msgspec.convert(dict(row), InquiryRow)
    return msgspec.convert(
        {
            **{name: kept[name] for name in Inquiry.__struct_fields__ if name in kept.keys()},  # noqa: SIM118  a record
            "row": shown,
            "questions": [dict(question) for question in questions],
            "alike": await _alike(shown),
        },
        Inquiry,
    )


async def _alike(shown: InquiryRow) -> list[Alike]:
    """Find inquiries to the same series that share many pairs of characters with this one, the likest first."""
    own = set(grams(shown.text))
    rows = await connection().fetch(
        f"SELECT * FROM ({_ROWS}) rows WHERE series_id = $1 AND id <> $2 ORDER BY id DESC LIMIT {MOST_COMPARED}",  # noqa: S608
        shown.series_id,
        shown.id,
    )
    found = []
    for row in rows:
        others = set(grams(row["text"]))
        share = len(own & others) / max(1, min(len(own), len(others)))
        if share >= ALIKE:
            found.append(Alike(msgspec.convert(dict(row), InquiryRow), round(share, 2)))
    return sorted(found, key=lambda alike: (-alike.share, alike.inquiry.id))[:MOST_ALIKE]


_ROWS: Final = """
SELECT i.id, i.series_id, i.episode_id, coalesce(d.shape ->> 'title', '') AS series,
    coalesce(asked.text, '') AS text, asked.askers, coalesce(asked.asked_at, i.created_at) AS asked_at,
    CASE WHEN e.item_id IS NOT NULL THEN 'published' WHEN i.episode_id IS NOT NULL THEN 'planned'
        WHEN i.answered_at IS NOT NULL THEN 'answered' WHEN i.set_aside_at IS NOT NULL THEN 'set_aside'
        ELSE 'open' END AS state
FROM inquiry i LEFT JOIN draft d ON d.item_id = i.series_id LEFT JOIN live e ON e.item_id = i.episode_id
CROSS JOIN LATERAL (
    SELECT count(DISTINCT q.account_id) AS askers, min(q.created_at) AS asked_at,
        (array_agg(q.text ORDER BY q.id))[1] AS text
    FROM asked_question q WHERE q.inquiry_id = i.id
) asked
"""
