"""Questions to the speakers of a broadcast: asked by who is let in, moderated by staff, answered for all.

The rule: nobody but the asker and the moderators sees a question before it was approved, and nobody ever sees who
asked. One asks from the moment that one has a seat until the broadcast is over, twenty times at the most and not twice
within five seconds.
"""

import enum
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct

from cdp import log
from cdp.activity_events import LiveInteracted
from content import keeping, trail
from content.broadcast import NotOnAir, admitted
from server.core.db import connection, transaction
from server.core.errors import Conflict, Invalid, Missing, TooMany
from server.core.roles import Reader
from server.core.wire import check_text

MOST: Final = 20
APART: Final = timedelta(seconds=5)
LONGEST: Final = 300
LONGEST_ANSWER: Final = 1000


class QuestionBad(Invalid):
    """A question has 2 to 300 characters that are more than spaces."""

    code = "question_bad"
    title = "问题须为 2–300 字"


class AnswerBad(Invalid):
    """An answer has at most 1000 characters."""

    code = "answer_bad"
    title = "回答最多 1000 字"


class QuestionMissing(Missing):
    """There is no such question at this activity."""

    code = "question_missing"
    title = "没有这个问题"


class EnoughAsked(Conflict):
    """Nobody asks more than twenty questions at one broadcast."""

    code = "enough_asked"
    title = "提问数量已达上限"


class AskedTooSoon(TooMany):
    """The question before was asked just now."""

    code = "asked_too_soon"
    title = "提问太频繁，请稍候"


class State(enum.StrEnum):
    """What has become of a question."""

    WAITING = "waiting"
    APPROVED = "approved"
    ANSWERED = "answered"
    HIDDEN = "hidden"


class Question(Struct, frozen=True, kw_only=True):
    """A question, without whose it is."""

    id: int
    text: str
    state: State
    answer: str
    asked_at: datetime


async def ask(*, reader: Reader, activity_id: int, text: str, at: datetime) -> Question:
    """Ask the speakers.

    :raises QuestionBad: if it is too short or too long.
    :raises EnoughAsked: if one has asked too many.
    :raises AskedTooSoon: if the one before was just now.
    :raises NotOnAir: if the broadcast is over; also the other refusals of `content.broadcast`.
    :raises ConsentNeeded: if the reader has not agreed to anything being kept.
    """
    check_text(text, "text")
    words = " ".join(text.split())
    if not 2 <= len(words) <= LONGEST:
        raise QuestionBad(field="text")
    async with transaction():
        await keeping.check(reader)
        air = await admitted(reader=reader, activity_id=activity_id, at=at, on_air=False)
        if at >= air.closes_at:
            raise NotOnAir()
        row: Any = await connection().row(
            "SELECT count(*) AS count, max(asked_at) AS last_at FROM broadcast_question "
            "WHERE account_id = $1 AND activity_id = $2",
            reader.account_id,
            activity_id,
        )
        if row["count"] >= MOST:
            raise EnoughAsked()
        if row["last_at"] is not None and at - row["last_at"] < APART:
            raise AskedTooSoon(retry_after_s=int(APART.total_seconds()))
        asked: Any = await connection().row(
            "INSERT INTO broadcast_question (activity_id, account_id, text, asked_at) VALUES ($1, $2, $3, $4) "  # noqa: S608
            f"RETURNING {_COLUMNS}",
            activity_id,
            reader.account_id,
            words,
            at,
        )
        await log.record(LiveInteracted(at=at, account_id=reader.account_id, item_id=activity_id, way="question"))
        return msgspec.convert(dict(asked), Question)


async def mine(*, reader: Reader, activity_id: int) -> list[Question]:
    """List what a reader has asked, the last first."""
    return await _list("account_id = $2 ORDER BY id DESC", activity_id, reader.account_id)


async def shown(*, activity_id: int, most: int = 50) -> list[Question]:
    """List what everybody may see: those approved or answered, the last judged first."""
    return await _list("state IN ('approved', 'answered') ORDER BY judged_at DESC, id DESC LIMIT $2", activity_id, most)


async def queue(*, activity_id: int, state: State | None = None, most: int = 200) -> list[Question]:
    """List the questions for moderators, those in one state or all, the first asked first."""
    return await _list(
        "$3 IN ('', state) ORDER BY state <> 'waiting', id LIMIT $2", activity_id, most, state.value if state else ""
    )


async def counts(*, activity_id: int) -> dict[State, int]:
    """Count the questions in each state."""
    rows = await connection().fetch(
        "SELECT state, count(*) AS count FROM broadcast_question WHERE activity_id = $1 GROUP BY state", activity_id
    )
    found = {row["state"]: row["count"] for row in rows}
    return {state: found.get(state.value, 0) for state in State}


async def judge(
    *,
    activity_id: int,
    question_id: int,
    state: State,
    staff_id: int,
    at: datetime,
    answer: str = "",
    request_id: str = "",
) -> Question:
    """Approve a question, mark it answered, perhaps in writing, or hide it; each can be changed again.

    :raises QuestionMissing: if there is none at this activity.
    :raises AnswerBad: if the answer is too long.
    """
    check_text(answer, "answer")
    if len(answer.strip()) > LONGEST_ANSWER:
        raise AnswerBad(field="answer")
    async with transaction():
        before = await connection().row(
            f"SELECT {_COLUMNS} FROM broadcast_question WHERE id = $1 AND activity_id = $2 FOR UPDATE",  # noqa: S608
            question_id,
            activity_id,
        )
        if before is None:
            raise QuestionMissing()
        after: Any = await connection().row(
            "UPDATE broadcast_question SET state = $2, answer = $3, judged_at = $4, judged_by = $5 WHERE id = $1 "  # noqa: S608
            f"RETURNING {_COLUMNS}",
            question_id,
            state,
            answer.strip() if state is State.ANSWERED else before["answer"],
            at,
            staff_id,
        )
        await trail.note(
            state.value,
            "broadcast_question",
            question_id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before={"activity_id": activity_id, "state": before["state"], "answer": before["answer"]},
            after={"state": after["state"], "answer": after["answer"]},
        )
    await trail.tell(f"room:{activity_id}")
    return msgspec.convert(dict(after), Question)


async def export_of(account_ids: Sequence[int]) -> list[dict[str, Any]]:
    """List what accounts have asked, for their owner."""
    rows = await connection().fetch(
        "SELECT account_id, activity_id, text, state, answer, asked_at FROM broadcast_question "
        "WHERE account_id = ANY($1) ORDER BY id",
        list(account_ids),
    )
    return [dict(row) for row in rows]


async def erase(account_ids: Sequence[int]) -> int:
    """Forget what accounts have asked, and count it."""
    return await connection().execute("DELETE FROM broadcast_question WHERE account_id = ANY($1)", list(account_ids))


async def _list(which: str, *values: Any) -> list[Question]:
    rows = await connection().fetch(
        f"SELECT {_COLUMNS} FROM broadcast_question WHERE activity_id = $1 AND {which}",  # noqa: S608  constants
        *values,
    )
    return [msgspec.convert(dict(row), Question) for row in rows]


_COLUMNS: Final = "id, text, state, answer, asked_at"
