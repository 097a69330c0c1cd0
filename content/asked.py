"""Questions from doctors: a doctor hands one in for a series, sees what becomes of it, and may take it back.

The rule: the words are the doctor's own and personal: they are in no event, message or audit, and go with the account.
The same words for the same series are one question however often they come. What is shown of an answer is only what the
doctor may read now: an episode that is gone is not named.
"""

import enum
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from cdp import log, messages
from cdp.reading_events import QuestionAsked
from content import access, following, keeping, personal_words
from content.live import fold
from content.series_shapes import Named
from server.core.db import connection, transaction
from server.core.errors import Conflict, Invalid, Missing
from server.core.roles import Reader

LEAST: Final = 5
LONGEST: Final = 500
MOST_OPEN: Final = 30


class QuestionMissing(Missing):
    """There is no such question, or it is somebody else's."""

    code = "question_missing"
    title = "没有找到这个问题"


class QuestionTooShort(Invalid):
    """A question has at least five characters that say something."""

    code = "question_too_short"
    title = "请把问题写得更具体一些"


class QuestionsWaiting(Conflict):
    """So many questions of this doctor wait that the editors could not answer more."""

    code = "questions_waiting"
    title = "您有许多问题等待整理，请稍后再提"


class Standing(enum.StrEnum):
    """What has become of a question."""

    OPEN = "open"
    ANSWERED = "answered"
    PLANNED = "planned"
    PUBLISHED = "published"
    SET_ASIDE = "set_aside"


class AnsweringEpisode(Struct, frozen=True):
    """The episode that answers a question."""

    id: int
    title: str
    airs_at: datetime | None


class Asked(Struct, frozen=True, kw_only=True):
    """A question of the reader and what has become of it.

    ``series`` and ``episode`` are there only while the reader may read them.
    """

    id: int
    series: Named | None
    text: str
    created_at: datetime
    state: Standing
    answer: str
    answered_at: datetime | None
    episode: AnsweringEpisode | None


async def ask(*, reader: Reader, series_id: int, text: str, at: datetime) -> Asked:
    """Hand in a question for a series.

    :raises QuestionTooShort: if it says too little.
    :raises ContactGiven: if it holds a number or an address of somebody.
    :raises ItemMissing: if there is no such series for this reader; also `Withdrawn`, `Expired`.
    :raises ConsentNeeded: if the reader has not agreed to anything being kept.
    :raises QuestionsWaiting: if `MOST_OPEN` questions of the reader wait already.
    """
    words = personal_words.tidy(text)
    if len(fold(words)) < LEAST:
        raise QuestionTooShort(field="text")
    personal_words.refuse_contacts(words)
    async with transaction():
        await keeping.check(reader)
        await following.check_series(reader=reader, series_id=series_id, at=at)
        known = await _known(reader.account_id, series_id, words)
        if known is None:
            await _refuse_many(reader.account_id)
            known = await _keep(reader.account_id, series_id, words, at)
        return await _one(reader, known, at)


async def asked_by(*, reader: Reader, at: datetime, after: int | None = None, most: int = 20) -> list[Asked]:
    """List the questions of a reader, the newest first.

    :param after: the id of the last one of the page before.
    """
    written = await connection().value(
        _LISTED, reader.account_id, access.audience_values(reader), at, after, most, None
    )
    return msgspec.json.decode(written, type=list[Asked])


async def take_back(*, reader: Reader, question_id: int, at: datetime) -> None:
    """Forget a question of the reader, and what waits to be told about it.

    :raises QuestionMissing: if the reader has asked no such question.
    """
    async with transaction():
        inquiry_id = await connection().value(
            "DELETE FROM asked_question WHERE id = $1 AND account_id = $2 RETURNING inquiry_id",
            question_id,
            reader.account_id,
        )
        if inquiry_id is None:
            raise QuestionMissing()
        if not await connection().value(
            "SELECT EXISTS (SELECT FROM asked_question WHERE inquiry_id = $1 AND account_id = $2)",
            inquiry_id,
            reader.account_id,
        ):
            await messages.cancel(
                topics=[topic(inquiry_id)], account_ids=[reader.account_id], reason="taken_back", at=at
            )
        await _forget_empty([inquiry_id])


async def export_of(account_ids: Sequence[int]) -> list[dict[str, Any]]:
    """List what accounts have asked and what was answered, for their owner."""
    rows = await connection().fetch(
        "SELECT q.account_id, q.series_id, q.text, q.created_at, i.answer, i.answered_at, i.episode_id "
        "FROM asked_question q JOIN inquiry i ON i.id = q.inquiry_id WHERE q.account_id = ANY($1) ORDER BY q.id",
        list(account_ids),
    )
    return [dict(row) for row in rows]


async def erase(account_ids: Sequence[int]) -> int:
    """Forget what accounts have asked, and count it; what the house has answered stays where others asked it too."""
    rows = await connection().fetch(
        "DELETE FROM asked_question WHERE account_id = ANY($1) RETURNING inquiry_id", list(account_ids)
    )
    await _forget_empty([row["inquiry_id"] for row in rows])
    return len(rows)


def topic(inquiry_id: int) -> str:
    """Name what all notices about an inquiry are about."""
    return f"inquiry:{inquiry_id}"


async def _known(account_id: int, series_id: int, words: str) -> int | None:
    found: int | None = await connection().value(
        "SELECT id FROM asked_question WHERE account_id = $1 AND series_id = $2 AND text_hash = $3",
        account_id,
        series_id,
        _hash(words),
    )
    return found


async def _keep(account_id: int, series_id: int, words: str, at: datetime) -> int:
    inquiry_id = await connection().value(
        "INSERT INTO inquiry (series_id, created_at) VALUES ($1, $2) RETURNING id", series_id, at
    )
    question_id: int | None = await connection().value(
        "INSERT INTO asked_question (account_id, inquiry_id, series_id, text, text_hash, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account_id, series_id, text_hash) DO NOTHING RETURNING id",
        account_id,
        inquiry_id,
        series_id,
        words,
        _hash(words),
        at,
    )
    if question_id is None:
        # The same came twice at once, and the other one was first.
        await connection().execute("DELETE FROM inquiry WHERE id = $1", inquiry_id)
        question_id = await _known(account_id, series_id, words)
        assert question_id is not None, "what conflicted is there"
        return question_id
    await log.record(QuestionAsked(at=at, account_id=account_id, item_id=series_id, question_id=question_id))
    return question_id


async def _refuse_many(account_id: int) -> None:
    waiting = await connection().value(
        "SELECT count(*) FROM asked_question q JOIN inquiry i ON i.id = q.inquiry_id WHERE q.account_id = $1 "
        "AND i.answered_at IS NULL AND i.episode_id IS NULL AND i.set_aside_at IS NULL",
        account_id,
    )
    if waiting >= MOST_OPEN:
        raise QuestionsWaiting()


async def _one(reader: Reader, question_id: int, at: datetime) -> Asked:
    written = await connection().value(
        _LISTED, reader.account_id, access.audience_values(reader), at, None, 1, question_id
    )
    return msgspec.json.decode(written, type=list[Asked])[0]


async def _forget_empty(inquiry_ids: Sequence[int]) -> None:
    """Forget inquiries that nobody asks any more and that nothing was said to."""
    await connection().execute(
        "DELETE FROM inquiry i WHERE i.id = ANY($1::bigint[]) AND i.answered_at IS NULL AND i.episode_id IS NULL "
        "AND NOT EXISTS (SELECT FROM asked_question q WHERE q.inquiry_id = i.id)",
        list(inquiry_ids),
    )


def _hash(words: str) -> str:
    return hashlib.sha256(fold(words).encode()).hexdigest()[:32]


STATE: Final = """CASE WHEN e.item_id IS NOT NULL THEN 'published' WHEN i.episode_id IS NOT NULL THEN 'planned'
    WHEN i.answered_at IS NOT NULL THEN 'answered' WHEN i.set_aside_at IS NOT NULL THEN 'set_aside' ELSE 'open' END"""
_LISTED: Final = f"""
SELECT coalesce(json_agg(entry), '[]')::text FROM (
    SELECT json_build_object('id', q.id, 'text', q.text, 'created_at', q.created_at, 'state', {STATE},
        'series', CASE WHEN l.item_id IS NOT NULL THEN json_build_object('id', l.item_id, 'title', l.title) END,
        'answer', i.answer, 'answered_at', i.answered_at,
        'episode', CASE WHEN e.item_id IS NOT NULL THEN json_build_object('id', e.item_id, 'title', e.title,
            'airs_at', a.airs_at) END) AS entry
    FROM asked_question q JOIN inquiry i ON i.id = q.inquiry_id
    LEFT JOIN live l ON l.item_id = q.series_id AND {access.condition(row="l", audiences="$2", at="$3")}
    LEFT JOIN live e ON e.item_id = i.episode_id AND {access.condition(row="e", audiences="$2", at="$3")}
    LEFT JOIN airing a ON a.episode_id = e.item_id AND a.cancelled_at IS NULL
    WHERE q.account_id = $1 AND ($4::bigint IS NULL OR q.id < $4) AND ($6::bigint IS NULL OR q.id = $6)
    ORDER BY q.id DESC LIMIT $5
) AS entries
"""  # noqa: S608  the parts are constants
