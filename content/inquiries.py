"""What editors make of doctors' questions: those that are alike become one, which is answered or becomes an episode.

The rule: whoever asked is told of each step once: that there is an answer, that an episode is being made, that it can
be seen. A step is taken with the inquiry held, so that two editors never take two. The words of doctors are shown to
who answers them and go nowhere else; what an episode's draft begins with is the editor's wording.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from asyncpg import Record

from cdp import log, messages
from cdp.events import ContentExpired, ContentPublished, ContentWithdrawn
from cdp.message_rules import Urgency
from cdp.message_values import spoken_time
from cdp.messages import Notice
from cdp.reading_events import QuestionAnswered
from content import items, personal_words, trail
from content.asked import topic
from content.inquiry_listing import InquiryMissing
from content.parts import Audience
from server.core.db import connection, transaction
from server.core.errors import Conflict, Invalid

ANSWERED: Final = "question_answered"
TURNED: Final = "question_turned"
SHOWN: Final = "question_shown"
NOTES: Final = {ANSWERED: "您的问题已有答复", TURNED: "您的问题将制成节目", SHOWN: "回答您问题的节目已上线"}
TOLD_FOR: Final = timedelta(days=7)
LONGEST_ANSWER: Final = 2000
LONGEST_WORDING: Final = 120
LONGEST_TITLE: Final = 80
MOST_MERGED: Final = 50

By = Literal["text", "episode_planned", "episode"]


class InquirySettled(Conflict):
    """An inquiry with an answer or an episode of its own cannot become part of another, or be set aside."""

    code = "inquiry_settled"
    title = "这个问题已有答复或节目，不能这样处理"


class InquiriesApart(Conflict):
    """Only inquiries to one series can become one."""

    code = "inquiries_apart"
    title = "只能合并同一系列的问题"


class WordsMissing(Invalid):
    """An answer or a wording was empty or too long."""

    code = "words_missing"
    title = "请填写内容，且不要超出字数"


async def merge(*, into: int, inquiry_ids: Sequence[int], staff_id: int, at: datetime, request_id: str = "") -> None:
    """Let inquiries become part of another one; whoever asked them is told what that one has come to.

    :raises InquiryMissing: if one is not there (any more).
    :raises InquiriesApart: if they are not all to one series.
    :raises InquirySettled: if one of them has an answer or an episode of its own.
    """
    others = sorted({inquiry_id for inquiry_id in inquiry_ids if inquiry_id != into})
    if not others or len(others) > MOST_MERGED:
        raise WordsMissing("Choose the inquiries that are the same.", field="inquiry_ids")
    async with transaction():
        held = {row["id"]: row for row in await _hold([into, *others])}
        if len(held) != len(others) + 1:
            raise InquiryMissing()
        target = held[into]
        if any(held[other]["series_id"] != target["series_id"] for other in others):
            raise InquiriesApart()
        if any(_settled(held[other]) for other in others):
            raise InquirySettled()
        moved = await connection().fetch(
            "UPDATE asked_question SET inquiry_id = $1 WHERE inquiry_id = ANY($2::bigint[]) RETURNING id, account_id",
            into,
            others,
        )
        await connection().execute("DELETE FROM inquiry WHERE id = ANY($1::bigint[])", others)
        await trail.note(
            "merge", "inquiry", into, staff_id=staff_id, at=at, request_id=request_id, after={"merged": others}
        )
        for key, by, so in (
            (ANSWERED, "text", target["answered_at"]),
            (TURNED, "episode_planned", target["episode_id"] and not target["shown_at"]),
            (SHOWN, "episode", target["shown_at"]),
        ):
            if so:
                await _tell(target, key, by, moved, at=at)  # type: ignore[arg-type]  # the words are of the type


async def answer(*, inquiry_id: int, text: str, staff_id: int, at: datetime, request_id: str = "") -> None:
    """Answer an inquiry in words, or correct the answer that it has; whoever asked is told the first time.

    :raises InquiryMissing: if there is none (any more).
    :raises WordsMissing: if the answer is empty or too long.
    :raises ContactGiven: if it holds a number or an address of somebody.
    """
    words = _checked(text, LONGEST_ANSWER, "answer")
    async with transaction():
        row = await _held(inquiry_id)
        if row["answer"] == words:
            return
        await connection().execute(
            "UPDATE inquiry SET answer = $2, answered_at = $3, answered_by = $4, set_aside_at = NULL, "
            "set_aside_by = NULL WHERE id = $1",
            inquiry_id,
            words,
            at,
            staff_id,
        )
        await trail.note(
            "answer",
            "inquiry",
            inquiry_id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before={"answer": row["answer"]},
            after={"answer": words},
        )
        if row["answered_at"] is None:
            await _tell(row, ANSWERED, "text", await _askers(inquiry_id), at=at)


async def turn_into_episode(*, inquiry_id: int, wording: str, staff_id: int, at: datetime, request_id: str = "") -> int:
    """Make the draft of an episode that answers an inquiry, and give its id; again, it is the same one.

    :param wording: the question as the editor puts it, which the episode's title and its first question begin with.
    :raises InquiryMissing: if there is none (any more).
    :raises WordsMissing: if the wording is empty or too long.
    :raises ContactGiven: if it holds a number or an address of somebody.
    """
    words = _checked(wording, LONGEST_WORDING, "wording").replace("\n", " ")
    async with transaction():
        row = await _held(inquiry_id)
        if row["episode_id"] is not None:
            return int(row["episode_id"])
        made = await items.create(
            kind="episode",
            parent_id=row["series_id"],
            shape={"title": words[:LONGEST_TITLE], "questions": [{"text": words, "chapter": ""}]},
            staff_id=staff_id,
            at=at,
            request_id=request_id,
        )
        await connection().execute(
            "UPDATE inquiry SET episode_id = $2, turned_at = $3, turned_by = $4, set_aside_at = NULL, "
            "set_aside_by = NULL WHERE id = $1",
            inquiry_id,
            made.item_id,
            at,
            staff_id,
        )
        await trail.note(
            "turn",
            "inquiry",
            inquiry_id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            after={"episode_id": made.item_id},
        )
        await _tell({**row, "episode_id": made.item_id}, TURNED, "episode_planned", await _askers(inquiry_id), at=at)
        return made.item_id


async def set_aside(*, inquiry_id: int, staff_id: int, at: datetime, request_id: str = "", undo: bool = False) -> None:
    """Leave an inquiry without an answer, or take that back.

    :raises InquiryMissing: if there is none (any more).
    :raises InquirySettled: if it has an answer or an episode.
    """
    async with transaction():
        row = await _held(inquiry_id)
        if _settled(row):
            raise InquirySettled()
        if (row["set_aside_at"] is None) is undo:
            return
        await connection().execute(
            "UPDATE inquiry SET set_aside_at = $2, set_aside_by = $3 WHERE id = $1",
            inquiry_id,
            None if undo else at,
            None if undo else staff_id,
        )
        await trail.note(
            "reopen" if undo else "set_aside",
            "inquiry",
            inquiry_id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
        )


async def heed_publication(event: ContentPublished) -> None:
    """Tell whoever asked that the episode that answers them can be seen. A reaction."""
    if event.kind != "episode":
        return
    rows = await connection().fetch(
        "UPDATE inquiry SET shown_at = $2 WHERE episode_id = $1 AND shown_at IS NULL RETURNING *",
        event.item_id,
        event.at,
    )
    for row in rows:
        await messages.cancel(topics=[topic(row["id"])], keys=[TURNED], reason="shown", at=event.at)
        await _tell(row, SHOWN, "episode", await _askers(row["id"]), at=event.at)


async def heed_removal(event: ContentWithdrawn | ContentExpired) -> None:
    """Tell nobody any more of an episode that is gone. A reaction."""
    if event.kind == "episode":
        rows = await connection().fetch("SELECT id FROM inquiry WHERE episode_id = $1", event.item_id)
        await messages.cancel(topics=[topic(row["id"]) for row in rows], keys=[SHOWN], reason="withdrawn", at=event.at)


def _checked(text: str, longest: int, field: str) -> str:
    words = personal_words.tidy(text)
    if not words or len(words) > longest:
        raise WordsMissing(field=field)
    personal_words.refuse_contacts(words, field=field)
    return words


def _settled(row: Record) -> bool:
    return row["answered_at"] is not None or row["episode_id"] is not None


async def _held(inquiry_id: int) -> Record:
    rows = await _hold([inquiry_id])
    if not rows:
        raise InquiryMissing()
    return rows[0]


async def _hold(inquiry_ids: Sequence[int]) -> list[Record]:
    return await connection().fetch(
        "SELECT * FROM inquiry WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE", list(inquiry_ids)
    )


async def _askers(inquiry_id: int) -> list[Record]:
    return await connection().fetch(
        "SELECT id, account_id FROM asked_question WHERE inquiry_id = $1 ORDER BY id", inquiry_id
    )


async def _tell(inquiry: Any, key: str, by: By, asked: Sequence[Record], *, at: datetime) -> None:
    """Tell those who asked of a step, in the log and by a message; the title of the series stands in it, no more."""
    for question in asked:
        await log.record(
            QuestionAnswered(
                at=at,
                account_id=question["account_id"],
                item_id=inquiry["series_id"],
                question_id=question["id"],
                by=by,
                episode_id=None if by == "text" else inquiry["episode_id"],
            )
        )
    row = await connection().row("SELECT title, audience FROM live WHERE item_id = $1", inquiry["series_id"])
    is_open = row is not None and row["audience"] in {Audience.EVERYONE, Audience.DOCTOR}
    title = row["title"] if row is not None and is_open else "您提出的问题"
    notice = Notice(
        key=key,
        topic=topic(inquiry["id"]),
        subject=f"{topic(inquiry['id'])}:{key.removeprefix('question_')}",
        urgency=Urgency.CHANGED,
        due_at=at,
        not_after=at + TOLD_FOR,
        texts={"title": title, "series": title, "starts": spoken_time(at), "note": NOTES[key]},
        page="pages/questions",
        item_id=inquiry["series_id"],
        audience=Audience.DOCTOR.value,
    )
    await messages.plan(notices=[notice], account_ids=[question["account_id"] for question in asked], at=at)
