"""A doctor's question is kept once, is the doctor's own, and goes when the doctor wants it to."""

import asyncio
from datetime import timedelta

import pytest

from cdp import log
from cdp.consent import ConsentNeeded
from content import asked, inquiries, publishing
from content.access import ItemMissing, Withdrawn
from content.asked import QuestionMissing, QuestionsWaiting, QuestionTooShort, Standing
from content.personal_words import ContactGiven
from server import wiring
from server.core.db import connection, transaction
from server.core.roles import Reader, Role
from tests.viewing_fixtures import NOON, doctor, episode, events, series, without_consent

pytestmark = pytest.mark.usefixtures("database")
WORDS = "放化疗后完全缓解，还要手术吗？"


@pytest.fixture(autouse=True)
def _react() -> None:
    log.react(wiring.REACTIONS)


async def hand_in(reader: Reader, series_id: int, text: str = WORDS) -> int:
    return (await asked.ask(reader=reader, series_id=series_id, text=text, at=NOON)).id


async def inquiry_behind(question_id: int) -> int:
    found: int = await connection().value("SELECT inquiry_id FROM asked_question WHERE id = $1", question_id)
    return found


async def test_a_question_is_kept_with_where_it_stands() -> None:
    reader, series_id = await doctor(), await series("医探究竟")
    made = await asked.ask(reader=reader, series_id=series_id, text=f"  {WORDS} ", at=NOON)
    assert (made.text, made.state, made.answer, made.episode) == (WORDS, Standing.OPEN, "", None)
    assert made.series is not None
    assert (made.series.id, made.series.title) == (series_id, "医探究竟")
    [event] = await events("question_asked")
    assert event["body"] == {"item_id": series_id, "question_id": made.id}


async def test_the_same_words_are_one_question_also_many_times_at_once() -> None:
    reader, series_id = await doctor(), await series()
    ids = await asyncio.gather(*(hand_in(reader, series_id) for _ in range(8)))
    ids.append(await hand_in(reader, series_id, f"「{WORDS}」"))
    assert len(set(ids)) == 1
    assert len(await events("question_asked")) == 1
    assert await connection().value("SELECT count(*) FROM inquiry") == 1
    other = await doctor()
    assert await hand_in(other, series_id) != ids[0]
    assert await hand_in(reader, await series("另一个")) != ids[0]


@pytest.mark.parametrize("text", ["？？？？？？？", "怎么办", "    ", "a\n\n\n\nb"])
async def test_too_little_is_refused(text: str) -> None:
    reader, series_id = await doctor(), await series()
    with pytest.raises(QuestionTooShort):
        await hand_in(reader, series_id, text)


async def test_numbers_of_people_are_not_kept() -> None:
    reader, series_id = await doctor(), await series()
    with pytest.raises(ContactGiven):
        await hand_in(reader, series_id, "患者电话 13800138000，该怎么处理？")
    assert await connection().value("SELECT count(*) FROM inquiry") == 0


async def test_only_what_can_be_read_can_be_asked_about() -> None:
    reader, series_id = await doctor(), await series()
    hidden = await series("专业", audience="patient")
    for item_id in (hidden, await episode(series_id), 424_242):
        with pytest.raises(ItemMissing):
            await hand_in(reader, item_id)
    await publishing.withdraw(item_id=series_id, reason="", staff_id=1, at=NOON)
    with pytest.raises(Withdrawn):
        await hand_in(reader, series_id)


async def test_nothing_is_kept_before_consent() -> None:
    reader, series_id = await without_consent(), await series()
    with pytest.raises(ConsentNeeded):
        await hand_in(reader, series_id)
    assert await connection().value("SELECT count(*) FROM asked_question") == 0


async def test_so_many_wait_and_no_more() -> None:
    reader, series_id = await doctor(), await series()
    for number in range(asked.MOST_OPEN):
        await hand_in(reader, series_id, f"{WORDS} {number}")
    with pytest.raises(QuestionsWaiting):
        await hand_in(reader, series_id, "还有一个新的问题")
    # What was asked before is answered as it is.
    await hand_in(reader, series_id, f"{WORDS} 3")
    await inquiries.set_aside(inquiry_id=1, staff_id=1, at=NOON)
    await hand_in(reader, series_id, "还有一个新的问题")


async def test_ones_own_are_listed_from_the_newest_page_by_page() -> None:
    reader, other, series_id = await doctor(), await doctor(), await series()
    mine = [await hand_in(reader, series_id, f"{WORDS} {number}") for number in range(5)]
    await hand_in(other, series_id)
    first = await asked.asked_by(reader=reader, at=NOON, most=3)
    rest = await asked.asked_by(reader=reader, at=NOON, after=first[-1].id)
    assert [one.id for one in (*first, *rest)] == mine[::-1]


async def test_an_answer_names_an_episode_only_while_it_may_be_read() -> None:
    reader, series_id = await doctor(), await series()
    question_id = await hand_in(reader, series_id)
    for audience, state in (("doctor", Standing.PUBLISHED), ("professional", Standing.PLANNED)):
        made = await episode(series_id, NOON + timedelta(days=1), title="答案", audience=audience)
        await connection().execute("UPDATE inquiry SET episode_id = $1", made)
        [one] = await asked.asked_by(reader=reader, at=NOON)
        assert (one.state, one.episode is not None) == (state, state is Standing.PUBLISHED)
    professional = Reader(reader.account_id, frozenset({Role.DOCTOR, Role.PROFESSIONAL}))
    [one] = await asked.asked_by(reader=professional, at=NOON)
    assert (one.id, one.state) == (question_id, Standing.PUBLISHED)
    await publishing.withdraw(item_id=series_id, reason="", staff_id=1, at=NOON)
    [one] = await asked.asked_by(reader=professional, at=NOON)
    assert (one.state, one.episode, one.series) == (Standing.PLANNED, None, None)


async def test_a_question_can_be_taken_back_by_who_asked_alone() -> None:
    reader, other, series_id = await doctor(), await doctor(), await series()
    question_id = await hand_in(reader, series_id)
    with pytest.raises(QuestionMissing):
        await asked.take_back(reader=other, question_id=question_id, at=NOON)
    await asked.take_back(reader=reader, question_id=question_id, at=NOON)
    with pytest.raises(QuestionMissing):
        await asked.take_back(reader=reader, question_id=question_id, at=NOON)
    assert await connection().value("SELECT count(*) FROM inquiry") == 0


async def test_an_erased_doctor_leaves_what_the_house_has_said_and_no_words() -> None:
    one, other, series_id = await doctor(), await doctor(), await series()
    first, second = await hand_in(one, series_id), await hand_in(other, series_id, f"{WORDS}二")
    kept = await inquiry_behind(first)
    await inquiries.merge(into=kept, inquiry_ids=[await inquiry_behind(second)], staff_id=1, at=NOON)
    await inquiries.answer(inquiry_id=kept, text="一般建议随访，见下一集。", staff_id=1, at=NOON)
    async with transaction():
        assert await asked.erase([one.account_id]) == 1
    [left] = await asked.asked_by(reader=other, at=NOON)
    assert left.answer == "一般建议随访，见下一集。"
    everything = await connection().value("SELECT string_agg(text, '') FROM asked_question")
    assert everything == f"{WORDS}二"
    told = await connection().value("SELECT string_agg(body::text, '') FROM event")
    assert WORDS not in told
    noted = await connection().value("SELECT string_agg(coalesce(after::text, ''), '') FROM audit_entry")
    assert WORDS not in noted
