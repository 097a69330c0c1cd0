"""Editors make one of many questions, answer it or make an episode of it; whoever asked is told once of each step."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import viewing_fixtures as studio
from messaging import NOON, Parts, parts, template
from wechat_fixtures import sandbox, wechat

from cdp import consent
from cdp.message_sending import send_due
from content import asked, inquiries, inquiry_listing, items, publishing
from content.asked import Standing
from content.inquiries import InquiriesApart, InquiryMissing, InquirySettled, WordsMissing
from content.personal_words import ContactGiven
from server.core.db import connection
from server.core.roles import Audience, Reader, Role
from server.sandbox.demo import SECOND_DOCTOR
from tests.content.studio import publish

__all__ = ["parts", "sandbox", "wechat"]

WORDS = "放化疗后完全缓解，还要手术吗？"
ALIKE = "放化疗以后完全缓解了，还需要手术吗？"
OTHER = "造口旁疝怎么预防比较好？"


class Desk:
    """Two doctors who ask, and a series that they ask about."""

    def __init__(self, parts: Parts, one: Reader, other: Reader, series: int) -> None:
        self.parts, self.one, self.other, self.series = parts, one, other, series

    async def asks(self, reader: Reader, text: str) -> int:
        made = await asked.ask(reader=reader, series_id=self.series, text=text, at=NOON)
        found: int = await connection().value("SELECT inquiry_id FROM asked_question WHERE id = $1", made.id)
        return found

    async def mine(self, reader: Reader) -> asked.Asked:
        return (await asked.asked_by(reader=reader, at=NOON))[0]


def reader_of(account_id: int) -> Reader:
    return Reader(account_id, frozenset({Role.DOCTOR}), audience=Audience.DOCTOR, consented=frozenset({"service"}))


@pytest.fixture
async def desk(parts: Parts) -> Desk:
    for key in inquiries.NOTES:
        await template(key, at=NOON)
    accounts = [await parts.account(), await parts.account(SECOND_DOCTOR)]
    for account in accounts:
        await consent.grant(account_id=account, purpose="analytics", version="2026-11-01", at=NOON)
    return Desk(parts, *map(reader_of, accounts), await studio.series("医探究竟"))


async def waiting() -> list[tuple[int, str]]:
    rows = await connection().fetch(
        "SELECT account_id, subject FROM message WHERE state = 'planned' ORDER BY account_id, subject"
    )
    return [(row["account_id"], row["subject"]) for row in rows]


async def told() -> list[tuple[int, str]]:
    return [(one["account_id"], one["body"]["by"]) for one in await studio.events("question_answered")]


async def test_the_queue_shows_what_most_ask_first_and_nobody_by_name(desk: Desk) -> None:
    rare = await desk.asks(desk.one, OTHER)
    often, same = await desk.asks(desk.one, WORDS), await desk.asks(desk.other, ALIKE)
    await inquiries.merge(into=often, inquiry_ids=[same, often], staff_id=1, at=NOON)
    found = await inquiry_listing.listing()
    assert [(row.id, row.askers, row.text) for row in found.rows] == [(often, 2, WORDS), (rare, 1, OTHER)]
    assert found.total == 2
    assert [row.id for row in (await inquiry_listing.listing(size=1, page=2)).rows] == [rare]
    assert (await inquiry_listing.listing(series_id=desk.series + 999)).rows == []
    assert (await inquiry_listing.listing(state="answered")).total == 0
    one = await inquiry_listing.inquiry_of(inquiry_id=often)
    assert [question.text for question in one.questions] == [WORDS, ALIKE]
    assert "account_id" not in repr(one)


async def test_what_may_be_the_same_is_found(desk: Desk) -> None:
    first = await desk.asks(desk.one, WORDS)
    same, _ = await desk.asks(desk.other, ALIKE), await desk.asks(desk.other, OTHER)
    found = await inquiry_listing.inquiry_of(inquiry_id=first)
    assert [(alike.inquiry.id, alike.share > 0.5) for alike in found.alike] == [(same, True)]


async def test_an_answer_is_told_once_to_all_who_asked(desk: Desk) -> None:
    into, other = await desk.asks(desk.one, WORDS), await desk.asks(desk.other, ALIKE)
    await inquiries.merge(into=into, inquiry_ids=[other], staff_id=1, at=NOON)
    for text in ("先随访。", "先随访。", "严密随访。"):
        await inquiries.answer(inquiry_id=into, text=text, staff_id=7, at=NOON)
    for reader in (desk.one, desk.other):
        mine = await desk.mine(reader)
        assert (mine.state, mine.answer, mine.answered_at) == (Standing.ANSWERED, "严密随访。", NOON)
    accounts = [desk.one.account_id, desk.other.account_id]
    assert await waiting() == [(account, f"inquiry:{into}:answered") for account in accounts]
    assert await told() == [(account, "text") for account in accounts]


async def test_the_message_says_the_series_and_not_the_question(desk: Desk) -> None:
    await desk.parts.accept(desk.one.account_id)
    into = await desk.asks(desk.one, WORDS)
    await inquiries.answer(inquiry_id=into, text="先随访。", staff_id=7, at=NOON)
    await send_due(desk.parts, NOON)
    (message,) = desk.parts.sandbox.world.messages
    assert message.values == {"thing1": "医探究竟", "time2": "2026年11月3日 12:00", "thing3": "您的问题已有答复"}
    assert message.page == "pages/questions"


async def test_a_question_becomes_an_episode_and_its_asker_hears_of_it_twice(desk: Desk) -> None:
    into = await desk.asks(desk.one, WORDS)
    first, again = [
        await inquiries.turn_into_episode(inquiry_id=into, wording=WORDS, staff_id=7, at=NOON) for _ in range(2)
    ]
    assert first == again
    draft = await items.draft_of(item_id=first)
    assert (draft.kind, draft.parent_id, draft.updated_by) == ("episode", desk.series, 7)
    assert draft.shape == {"title": WORDS, "questions": [{"text": WORDS, "chapter": ""}]}
    assert await waiting() == [(desk.one.account_id, f"inquiry:{into}:turned")]
    assert (await desk.mine(desk.one)).state is Standing.PLANNED
    text = {"title": "要不要手术", "duration_s": 600, "cover": await studio.cover()}
    for title in ("要不要手术", "要不要手术（修订）"):
        before = await items.draft_of(item_id=first)
        shape: dict[str, Any] = {**text, "title": title, "video": {"url": "https://films.example.org/film.mp4"}}
        await items.save_draft(item_id=first, shape=shape, revision=before.revision, staff_id=7, at=NOON)
        await publish(item_id=first, staff_id=7, at=NOON)
    assert await waiting() == [(desk.one.account_id, f"inquiry:{into}:shown")]
    mine = await desk.mine(desk.one)
    assert mine.episode is not None
    assert (mine.state, mine.episode.id, mine.episode.title) == (Standing.PUBLISHED, first, "要不要手术（修订）")
    assert await told() == [(desk.one.account_id, "episode_planned"), (desk.one.account_id, "episode")]
    await publishing.withdraw(item_id=first, reason="", staff_id=7, at=NOON + timedelta(hours=1))
    assert await waiting() == []


async def test_a_draft_that_is_thrown_away_leaves_the_question_open(desk: Desk) -> None:
    into = await desk.asks(desk.one, WORDS)
    made = await inquiries.turn_into_episode(inquiry_id=into, wording=WORDS, staff_id=7, at=NOON)
    await items.discard(item_id=made, staff_id=7, at=NOON)
    assert (await desk.mine(desk.one)).state is Standing.OPEN


async def test_who_joins_later_is_told_where_it_stands(desk: Desk) -> None:
    into, later = await desk.asks(desk.one, WORDS), await desk.asks(desk.other, ALIKE)
    await inquiries.answer(inquiry_id=into, text="先随访。", staff_id=7, at=NOON)
    await inquiries.turn_into_episode(inquiry_id=into, wording=WORDS, staff_id=7, at=NOON)
    await inquiries.merge(into=into, inquiry_ids=[later], staff_id=7, at=NOON)
    mine = await desk.mine(desk.other)
    assert (mine.state, mine.answer) == (Standing.PLANNED, "先随访。")
    subjects = [subject for account, subject in await waiting() if account == desk.other.account_id]
    assert subjects == [f"inquiry:{into}:answered", f"inquiry:{into}:turned"]


async def test_only_open_inquiries_to_one_series_become_one(desk: Desk) -> None:
    into, answered = await desk.asks(desk.one, WORDS), await desk.asks(desk.other, ALIKE)
    await inquiries.answer(inquiry_id=answered, text="先随访。", staff_id=7, at=NOON)
    with pytest.raises(InquirySettled):
        await inquiries.merge(into=into, inquiry_ids=[answered], staff_id=7, at=NOON)
    elsewhere = Desk(desk.parts, desk.one, desk.other, await studio.series("另一个"))
    with pytest.raises(InquiriesApart):
        await inquiries.merge(into=into, inquiry_ids=[await elsewhere.asks(desk.one, WORDS)], staff_id=7, at=NOON)
    for others in ([], [into], [424_242]):
        with pytest.raises((WordsMissing, InquiryMissing)):
            await inquiries.merge(into=into, inquiry_ids=others, staff_id=7, at=NOON)


async def test_two_editors_who_merge_crosswise_leave_one_and_lose_nothing(desk: Desk) -> None:
    one, other = await desk.asks(desk.one, WORDS), await desk.asks(desk.other, ALIKE)
    outcomes = await asyncio.gather(
        inquiries.merge(into=one, inquiry_ids=[other], staff_id=7, at=NOON),
        inquiries.merge(into=other, inquiry_ids=[one], staff_id=8, at=NOON),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["InquiryMissing", "NoneType"]
    [row] = (await inquiry_listing.listing()).rows
    assert row.askers == 2


async def test_two_editors_who_turn_at_once_make_one_draft(desk: Desk) -> None:
    into = await desk.asks(desk.one, WORDS)
    made = await asyncio.gather(
        *(inquiries.turn_into_episode(inquiry_id=into, wording=WORDS, staff_id=7, at=NOON) for _ in range(4))
    )
    assert len(set(made)) == 1
    assert await connection().value("SELECT count(*) FROM item WHERE kind = 'episode'") == 1


async def test_an_inquiry_is_set_aside_and_taken_up_again(desk: Desk) -> None:
    into = await desk.asks(desk.one, WORDS)
    await inquiries.set_aside(inquiry_id=into, staff_id=7, at=NOON)
    assert (await desk.mine(desk.one)).state is Standing.SET_ASIDE
    assert [row.id for row in (await inquiry_listing.listing(state="set_aside")).rows] == [into]
    await inquiries.set_aside(inquiry_id=into, staff_id=7, at=NOON, undo=True)
    assert (await desk.mine(desk.one)).state is Standing.OPEN
    await inquiries.set_aside(inquiry_id=into, staff_id=7, at=NOON)
    await inquiries.answer(inquiry_id=into, text="先随访。", staff_id=7, at=NOON)
    assert (await desk.mine(desk.one)).state is Standing.ANSWERED
    with pytest.raises(InquirySettled):
        await inquiries.set_aside(inquiry_id=into, staff_id=7, at=NOON)
    assert await waiting() == [(desk.one.account_id, f"inquiry:{into}:answered")]


@pytest.mark.parametrize("text", ["", "   \n ", "长" * (inquiries.LONGEST_ANSWER + 1)])
async def test_an_answer_without_words_is_none(desk: Desk, text: str) -> None:
    into = await desk.asks(desk.one, WORDS)
    with pytest.raises(WordsMissing):
        await inquiries.answer(inquiry_id=into, text=text, staff_id=7, at=NOON)
    with pytest.raises(WordsMissing):
        await inquiries.turn_into_episode(inquiry_id=into, wording=text, staff_id=7, at=NOON)
    with pytest.raises(ContactGiven):
        await inquiries.answer(inquiry_id=into, text="请电 13800138000", staff_id=7, at=NOON)


async def test_who_has_taken_the_question_back_is_not_told(desk: Desk) -> None:
    into, other = await desk.asks(desk.one, WORDS), await desk.asks(desk.other, ALIKE)
    await inquiries.merge(into=into, inquiry_ids=[other], staff_id=7, at=NOON)
    await inquiries.answer(inquiry_id=into, text="先随访。", staff_id=7, at=NOON)
    await asked.take_back(reader=desk.one, question_id=(await desk.mine(desk.one)).id, at=NOON)
    assert await waiting() == [(desk.other.account_id, f"inquiry:{into}:answered")]
    await asked.take_back(reader=desk.other, question_id=(await desk.mine(desk.other)).id, at=NOON)
    # What the house has said stays, without anybody's words.
    assert (await inquiry_listing.inquiry_of(inquiry_id=into)).questions == []


async def test_of_an_inquiry_that_is_not_there_nothing_can_be_done(desk: Desk) -> None:
    with pytest.raises(InquiryMissing):
        await inquiry_listing.inquiry_of(inquiry_id=7)
    with pytest.raises(InquiryMissing):
        await inquiries.answer(inquiry_id=7, text="先随访。", staff_id=7, at=NOON)
    with pytest.raises(InquiryMissing):
        await inquiries.turn_into_episode(inquiry_id=7, wording=WORDS, staff_id=7, at=NOON)
