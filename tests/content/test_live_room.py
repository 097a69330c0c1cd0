"""Questions to the speakers, polls, the room, and the replay that goes on where one stopped watching."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from cdp.consent import ConsentNeeded
from content import (
    activities,
    broadcast,
    broadcast_questions,
    live_gate,
    live_room,
    polls,
    replays,
    time_online,
    viewing,
)
from content import items as content_items
from content.broadcast import NoBroadcast, NotOnAir, RegistrationNeeded
from content.broadcast_questions import AskedTooSoon, EnoughAsked, QuestionBad, QuestionMissing, State
from content.polls import OptionUnknown, Poll, PollBad, PollClosed, PollMissing, PollUsed
from content.ranges import Ranges
from content.replays import RecordedBad, RecordingUnfit, ReplayThere, StillOnAir
from server.core.db import connection, transaction
from server.core.roles import Reader
from tests.content import studio
from tests.content.hall import HOUR, STARTS, belongs, guest_of, published_activity, published_broadcast, registered
from tests.viewing_fixtures import without_consent

pytestmark = pytest.mark.usefixtures("database")
SECOND = timedelta(seconds=1)
OVER = STARTS + 4 * HOUR


async def a_viewer(activity_id: int | None = None) -> tuple[Reader, int]:
    reader = await guest_of()
    activity_id = activity_id or await published_broadcast()
    await registered(reader, activity_id)
    return reader, activity_id


async def asked(reader: Reader, activity_id: int, text: str = "吻合口距肛缘多少？", at: Any = STARTS) -> int:
    return (await broadcast_questions.ask(reader=reader, activity_id=activity_id, text=text, at=at)).id


async def judged(activity_id: int, question_id: int, state: State, answer: str = "") -> broadcast_questions.Question:
    return await broadcast_questions.judge(
        activity_id=activity_id, question_id=question_id, state=state, answer=answer, staff_id=5, at=STARTS
    )


class TestQuestions:
    async def test_a_question_is_seen_by_its_asker_alone_until_it_is_approved(self) -> None:
        reader, activity_id = await a_viewer()
        question_id = await asked(reader, activity_id, "  吻合口距肛缘\n多少？ ")
        assert await broadcast_questions.shown(activity_id=activity_id) == []
        [mine] = await broadcast_questions.mine(reader=reader, activity_id=activity_id)
        assert (mine.text, mine.state) == ("吻合口距肛缘 多少？", State.WAITING)
        await judged(activity_id, question_id, State.APPROVED)
        [shown] = await broadcast_questions.shown(activity_id=activity_id)
        assert shown.id == question_id
        answered = await judged(activity_id, question_id, State.ANSWERED, " 四厘米以内。 ")
        assert answered.answer == "四厘米以内。"
        await judged(activity_id, question_id, State.HIDDEN)
        assert await broadcast_questions.shown(activity_id=activity_id) == []
        assert await broadcast_questions.counts(activity_id=activity_id) == {
            State.WAITING: 0,
            State.APPROVED: 0,
            State.ANSWERED: 0,
            State.HIDDEN: 1,
        }
        deeds = await connection().fetch(
            "SELECT deed FROM audit_entry WHERE subject_kind = 'broadcast_question' ORDER BY id"
        )
        assert [row["deed"].split(".")[1] for row in deeds] == ["approved", "answered", "hidden"]

    async def test_one_asks_with_a_seat_before_and_during_and_not_after(self) -> None:
        reader, activity_id = await a_viewer()
        assert await asked(reader, activity_id, at=STARTS - 24 * HOUR)
        with pytest.raises(NotOnAir):
            await asked(reader, activity_id, at=OVER)
        with pytest.raises(RegistrationNeeded):
            await asked(await guest_of(), activity_id)
        with pytest.raises(NoBroadcast):
            await asked(reader, await published_activity())
        with pytest.raises(ConsentNeeded):
            await asked(await without_consent(), await published_broadcast(plan={"open_to_all": True}))

    @pytest.mark.parametrize("text", ["", " ", "为", "为" * 301])
    async def test_a_question_says_something_and_not_too_much(self, text: str) -> None:
        reader, activity_id = await a_viewer()
        with pytest.raises(QuestionBad):
            await asked(reader, activity_id, text)

    async def test_nobody_floods_the_moderators(self) -> None:
        reader, activity_id = await a_viewer()
        done = await asyncio.gather(*(asked(reader, activity_id) for _ in range(5)), return_exceptions=True)
        assert sum(isinstance(one, AskedTooSoon) for one in done) == 4
        for number in range(1, 20):
            await asked(reader, activity_id, at=STARTS + number * 5 * SECOND)
        with pytest.raises(EnoughAsked):
            await asked(reader, activity_id, at=STARTS + HOUR)

    async def test_a_question_of_another_activity_is_none(self) -> None:
        reader, activity_id = await a_viewer()
        question_id = await asked(reader, activity_id)
        with pytest.raises(QuestionMissing):
            await judged(await published_broadcast(), question_id, State.APPROVED)


async def a_poll(activity_id: int, *, opened: bool = True) -> Poll:
    poll = await polls.make(
        activity_id=activity_id, question="常规造口吗？", options=["是", "否", " 看情况 "], staff_id=5, at=STARTS
    )
    return await polls.open_poll(activity_id=activity_id, poll_id=poll.id, staff_id=5, at=STARTS) if opened else poll


async def voted(reader: Reader, activity_id: int, poll_id: int, option: int, at: Any = STARTS) -> None:
    await polls.vote(reader=reader, activity_id=activity_id, poll_id=poll_id, option=option, at=at)


class TestPolls:
    async def test_a_person_has_one_vote_and_may_change_it_until_the_poll_closes(self) -> None:
        reader, activity_id = await a_viewer()
        other, _ = await a_viewer(activity_id)
        twin = await guest_of()
        person_id = await connection().value(
            "SELECT person_id FROM person_map WHERE account_id = $1", reader.account_id
        )
        await belongs(twin, person_id)
        poll = await a_poll(activity_id)
        assert (poll.options, poll.counts) == (["是", "否", "看情况"], [0, 0, 0])
        await voted(reader, activity_id, poll.id, 0)
        await voted(other, activity_id, poll.id, 0)
        await voted(twin, activity_id, poll.id, 2)
        now = await polls.poll_of(activity_id=activity_id, poll_id=poll.id)
        assert (now.counts, now.votes) == ([1, 0, 1], 2)
        assert await polls.choices_of(reader=reader, activity_id=activity_id) == {poll.id: 2}
        closed = await polls.close_poll(activity_id=activity_id, poll_id=poll.id, staff_id=5, at=STARTS)
        assert closed.counts == [1, 0, 1]
        with pytest.raises(PollClosed):
            await voted(reader, activity_id, poll.id, 1)
        assert await connection().value("SELECT count(*) FROM event WHERE name = 'live_interact'") == 2

    async def test_votes_at_once_and_the_close_among_them_agree_on_the_count(self) -> None:
        activity_id = await published_broadcast()
        readers = [(await a_viewer(activity_id))[0] for _ in range(12)]
        poll = await a_poll(activity_id)

        async def close() -> None:
            await asyncio.sleep(0.05)
            await polls.close_poll(activity_id=activity_id, poll_id=poll.id, staff_id=5, at=STARTS)

        done = await asyncio.gather(
            close(),
            *(voted(reader, activity_id, poll.id, number % 3) for number, reader in enumerate(readers)),
            return_exceptions=True,
        )
        taken = sum(one is None for one in done[1:])
        assert all(one is None or isinstance(one, PollClosed) for one in done[1:])
        now = await polls.poll_of(activity_id=activity_id, poll_id=poll.id)
        assert now.votes == taken == await connection().value("SELECT count(*) FROM poll_vote")

    async def test_the_count_of_a_closed_poll_outlives_an_erasure(self) -> None:
        reader, activity_id = await a_viewer()
        poll = await a_poll(activity_id)
        await voted(reader, activity_id, poll.id, 1)
        [row] = await polls.export_of([reader.account_id])
        assert (row["question"], row["chosen"]) == ("常规造口吗？", "否")
        await polls.close_poll(activity_id=activity_id, poll_id=poll.id, staff_id=5, at=STARTS)
        assert await polls.erase([reader.account_id]) == 1
        assert (await polls.poll_of(activity_id=activity_id, poll_id=poll.id)).counts == [0, 1, 0]

    @pytest.mark.parametrize(
        ("question", "options"),
        [
            ("", ["是", "否"]),
            ("问" * 201, ["是", "否"]),
            ("问", ["是"]),
            ("问", ["是", " "]),
            ("问", ["是", "是"]),
            ("问", [str(number) for number in range(9)]),
            ("问", ["是", "否" * 81]),
        ],
    )
    async def test_a_poll_has_a_question_and_a_choice(self, question: str, options: list[str]) -> None:
        activity_id = await published_broadcast()
        with pytest.raises(PollBad):
            await polls.make(activity_id=activity_id, question=question, options=options, staff_id=5, at=STARTS)

    async def test_a_poll_is_opened_once_and_never_again(self) -> None:
        reader, activity_id = await a_viewer()
        poll = await a_poll(activity_id, opened=False)
        with pytest.raises(PollMissing):
            await voted(reader, activity_id, poll.id, 0)
        with pytest.raises(PollClosed):
            await polls.close_poll(activity_id=activity_id, poll_id=poll.id, staff_id=5, at=STARTS)
        assert await polls.listing(activity_id=activity_id, opened=True) == []
        opened = await polls.open_poll(activity_id=activity_id, poll_id=poll.id, staff_id=5, at=STARTS)
        again = await polls.open_poll(activity_id=activity_id, poll_id=poll.id, staff_id=5, at=STARTS + HOUR)
        assert opened == again
        with pytest.raises(OptionUnknown):
            await voted(reader, activity_id, poll.id, 3)
        with pytest.raises(NotOnAir):
            await voted(reader, activity_id, poll.id, 0, at=OVER)
        with pytest.raises(PollUsed):
            await polls.remove(activity_id=activity_id, poll_id=poll.id, staff_id=5, at=STARTS)
        await polls.close_poll(activity_id=activity_id, poll_id=poll.id, staff_id=5, at=STARTS)
        with pytest.raises(PollUsed):
            await polls.open_poll(activity_id=activity_id, poll_id=poll.id, staff_id=5, at=STARTS)
        other = await a_poll(activity_id, opened=False)
        await polls.remove(activity_id=activity_id, poll_id=other.id, staff_id=5, at=STARTS)
        with pytest.raises(PollMissing):
            await polls.poll_of(activity_id=activity_id, poll_id=other.id)


class TestRoom:
    async def test_everybody_sees_the_same_and_each_their_own(self) -> None:
        reader, activity_id = await a_viewer()
        other, _ = await a_viewer(activity_id)
        for one in (reader, other):
            await live_gate.join(reader=one, activity_id=activity_id, at=STARTS)
        question_id = await asked(reader, activity_id)
        await judged(activity_id, question_id, State.APPROVED)
        poll = await a_poll(activity_id)
        await voted(reader, activity_id, poll.id, 1)
        room, until = await live_room.room_of(activity_id=activity_id, reader=other, at=STARTS)
        assert (room.phase, room.viewers, until) == ("on", 2, room.closes_at)
        assert [question.id for question in room.questions] == [question_id]
        assert room.polls[0].counts == [0, 1, 0]
        theirs = await live_room.mine_of(activity_id=activity_id, reader=other, at=STARTS)
        assert (theirs.questions, theirs.choices) == ([], {})
        own = await live_room.mine_of(activity_id=activity_id, reader=reader, at=STARTS)
        assert (len(own.questions), own.choices) == (1, {poll.id: 1})
        later, _ = await live_room.room_of(activity_id=activity_id, reader=other, at=STARTS + 46 * SECOND)
        assert later.viewers == 0

    async def test_what_has_no_stream_has_no_room(self) -> None:
        with pytest.raises(NoBroadcast):
            await live_room.room_of(activity_id=await published_activity(), reader=await guest_of(), at=STARTS)


async def watched_live(activity_id: int, *pairs: tuple[float, float]) -> Reader:
    """Let somebody be there for some seconds from the beginning."""
    reader, _ = await a_viewer(activity_id)
    came = await live_gate.join(reader=reader, activity_id=activity_id, at=STARTS)
    for number, pair in enumerate(pairs):
        await time_online.report(
            reader=reader,
            activity_id=activity_id,
            sitting=came.sitting,
            sequence=number,
            there=Ranges.of_seconds([pair]),
            at=STARTS + pair[1] * SECOND,
        )
    return reader


async def attached(activity_id: int, *, seconds: float = 100.0, late_s: float = 0, **changes: Any) -> int:
    given = {
        "recording_id": await studio.a_file("video", seconds=seconds),
        "recorded_from": STARTS + late_s * SECOND,
        "at": OVER,
        **changes,
    }
    return (await replays.attach(activity_id=activity_id, staff_id=1, **given)).item_id


class TestReplay:
    async def test_what_one_saw_live_counts_in_the_replay_and_the_rest_finishes_it(self) -> None:
        activity_id = await published_broadcast()
        reader = await watched_live(activity_id, (0, 50), (60, 80))
        stranger, _ = await a_viewer(activity_id)
        replay_id = await attached(activity_id, late_s=10)
        await replays.carry(None, OVER)
        assert await connection().value("SELECT count(*) FROM viewing") == 0
        await studio.publish(item_id=replay_id, staff_id=2, at=OVER)
        for _ in range(2):
            await replays.carry(None, OVER + SECOND)
        progress = await viewing.progress_of(reader=reader, item_id=replay_id, at=OVER + SECOND)
        assert (progress.covered_s, progress.finished_at) == (60, None)
        assert (await viewing.progress_of(reader=stranger, item_id=replay_id, at=OVER)).covered_s == 0
        at = OVER + HOUR
        done = await viewing.report_progress(
            reader=reader,
            item_id=replay_id,
            session="s",
            sequence=0,
            position_s=100,
            watched=Ranges.of_seconds([(70, 100)]),
            at=at,
        )
        assert (done.covered_s, done.finished_at) == (90, at)

    async def test_the_replay_and_the_activity_know_each_other_once_both_are_shown(self) -> None:
        activity_id = await published_broadcast(tags=[await studio.a_tag()])
        reader = await guest_of()
        replay_id = await attached(activity_id)
        draft = await content_items.draft_of(item_id=replay_id)
        assert (draft.kind, draft.shape["title"], draft.shape["duration_s"]) == ("video", "保肛手术直播（回放）", 100)
        assert draft.shape["tags"] == ["rectal-cancer"]
        assert await replays.replay_of(activity_id=activity_id, reader=reader, at=OVER) is None
        await studio.publish(item_id=replay_id, staff_id=2, at=OVER)
        assert await replays.replay_of(activity_id=activity_id, reader=reader, at=OVER) == replay_id
        assert await replays.activity_of(item_id=replay_id, reader=reader, at=OVER) == activity_id
        page, _ = await activities.page_of(activity_id=activity_id, reader=reader, at=OVER)
        assert page.replay_id == replay_id

    async def test_a_recording_is_attached_once_after_the_end_and_fits(self) -> None:
        activity_id = await published_broadcast()
        with pytest.raises(StillOnAir):
            await attached(activity_id, at=STARTS)
        with pytest.raises(NoBroadcast):
            await attached(await published_activity())
        with pytest.raises(RecordingUnfit):
            await attached(activity_id, recording_id=await studio.a_file("image"))
        with pytest.raises(RecordingUnfit):
            await attached(activity_id, recording_id=10**9)
        with pytest.raises(RecordedBad):
            await attached(activity_id, recorded_from=OVER)
        with pytest.raises(RecordedBad):
            await attached(activity_id, recorded_from=STARTS - 24 * HOUR)
        replay_id = await attached(activity_id)
        with pytest.raises(ReplayThere) as refused:
            await attached(activity_id)
        assert refused.value.facts == {"replay_id": replay_id}

    async def test_a_draft_that_was_thrown_away_makes_room_for_another(self) -> None:
        activity_id = await published_broadcast()
        replay_id = await attached(activity_id)
        await content_items.discard(item_id=replay_id, staff_id=1, at=OVER)
        assert await attached(activity_id) != replay_id

    async def test_nothing_is_carried_for_who_has_taken_their_consent_back(self) -> None:
        activity_id = await published_broadcast()
        reader, other = await watched_live(activity_id, (0, 50)), await watched_live(activity_id, (0, 50))
        await connection().execute(
            "INSERT INTO consent (account_id, purpose, version, granted, channel, at) "
            "VALUES ($1, 'service', '2026-11-01', false, 'mini_program', $2)",
            reader.account_id,
            OVER,
        )
        await studio.publish(item_id=await attached(activity_id), staff_id=2, at=OVER)
        await replays.carry(None, OVER)
        rows = await connection().fetch("SELECT account_id FROM viewing")
        assert [row["account_id"] for row in rows] == [other.account_id]
        assert await connection().value("SELECT count(*) FROM attendance WHERE carried_at IS NULL") == 0

    async def test_killed_in_the_middle_nothing_is_half_carried(self) -> None:
        activity_id = await published_broadcast()
        reader = await watched_live(activity_id, (0, 50))
        await studio.publish(item_id=await attached(activity_id), staff_id=2, at=OVER)

        class Killed(Exception):
            """What ends the job between its writes and their commit."""

        with pytest.raises(Killed):
            async with transaction():
                await replays.carry(None, OVER)
                raise Killed
        assert await connection().value("SELECT count(*) FROM viewing") == 0
        await replays.carry(None, OVER)
        covered = await connection().value("SELECT covered_ms FROM viewing WHERE account_id = $1", reader.account_id)
        assert covered == 50_000


async def test_a_broadcast_that_staff_closed_takes_its_recording_at_once() -> None:
    activity_id = await published_broadcast()
    await broadcast.close_now(activity_id=activity_id, staff_id=1, at=STARTS + HOUR)
    assert await attached(activity_id, at=STARTS + HOUR)
