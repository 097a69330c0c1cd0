"""Coming through the door: codes that let in once, names, undoing, and the same request sent twice."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content import activity_plans, activity_registration, check_in
from content.activity_registration import RegistrationMissing, TooLateToCancel
from content.check_in import AlreadyIn, CodeUsed, DoorClosed, NoDoor, NotIn, NotSeated, ReasonNeeded
from content.door_codes import CodeOver, CodeUnknown, DoorCodes
from server.core.db import connection
from server.core.roles import Reader
from tests.content.hall import HOUR, STARTS, guest_of, left, published_activity, published_broadcast, registered

CODES = DoorCodes(b"k" * 32)
OPEN = STARTS - HOUR
SECOND = timedelta(seconds=1)
numbers = st.integers(1, 2**62)


@given(activity_id=numbers, registration_id=numbers, others=st.lists(numbers, max_size=5), wait=st.integers(0, 59))
def test_both_forms_of_a_code_lead_to_its_registration_for_a_minute_at_least(
    activity_id: int, registration_id: int, others: list[int], wait: int
) -> None:
    code = CODES.code(activity_id=activity_id, registration_id=registration_id, at=OPEN)
    among = [*others, registration_id]
    for text in (code.long, code.short, code.short.lower().replace("-", " ")):
        found = CODES.read(text, activity_id=activity_id, registration_ids=among, at=OPEN + wait * SECOND)
        assert found[0] == registration_id


@given(activity_id=numbers, registration_id=numbers, place=st.integers(0, 8), letter=st.sampled_from("0Z7QX"))
def test_a_mistyped_code_leads_nowhere(activity_id: int, registration_id: int, place: int, letter: str) -> None:
    code = CODES.code(activity_id=activity_id, registration_id=registration_id, at=OPEN)
    mistyped = code.short[:place] + letter + code.short[place + 1 :]
    if mistyped.replace("-", "") != code.short.replace("-", ""):
        with pytest.raises(CodeUnknown):
            CODES.read(mistyped, activity_id=activity_id, registration_ids=[registration_id], at=OPEN)


def test_letters_that_look_alike_are_read_as_figures() -> None:
    for number in range(200):
        code = CODES.code(activity_id=1, registration_id=number, at=OPEN)
        typed = code.short.replace("0", "O").replace("1", "l")
        assert CODES.read(typed, activity_id=1, registration_ids=[number], at=OPEN)[0] == number


def test_the_time_of_a_code_is_over_at_the_end_of_the_next_minute() -> None:
    code = CODES.code(activity_id=1, registration_id=2, at=OPEN)
    last = code.expires_at - timedelta(milliseconds=1)
    assert SECOND * 60 < code.expires_at - OPEN <= SECOND * 120
    for text, refusal in ((code.long, CodeOver), (code.short, CodeUnknown)):
        assert CODES.read(text, activity_id=1, registration_ids=[2], at=last)[0] == 2
        with pytest.raises(refusal):
            CODES.read(text, activity_id=1, registration_ids=[2], at=code.expires_at)


def test_a_code_of_another_house_another_activity_or_another_guest_leads_nowhere() -> None:
    code = CODES.code(activity_id=1, registration_id=2, at=OPEN)
    elsewhere = DoorCodes(b"z" * 32)
    for text in (code.long, code.short):
        with pytest.raises(CodeUnknown):
            elsewhere.read(text, activity_id=1, registration_ids=[2], at=OPEN)
        with pytest.raises(CodeUnknown):
            CODES.read(text, activity_id=1, registration_ids=[3], at=OPEN)
    with pytest.raises(CodeUnknown):
        CODES.read(code.short, activity_id=9, registration_ids=[2], at=OPEN)


@pytest.mark.parametrize(
    "text", ["", "XL1.", "XL1.AAAA", "XL1." + "A" * 300, "1234", "A" * 8 + "B", "汉字汉字汉字汉字"]
)
def test_what_is_no_code_is_told_as_such(text: str) -> None:
    with pytest.raises(CodeUnknown):
        CODES.read(text, activity_id=1, registration_ids=[2], at=OPEN)


async def a_guest(**plan: Any) -> tuple[Reader, int, int]:
    """Give somebody with a seat, the activity and the registration."""
    activity_id, reader = await published_activity(plan=plan), await guest_of()
    await registered(reader, activity_id)
    registration_id = await connection().value(
        "SELECT id FROM registration WHERE account_id = $1 AND state <> 'cancelled'", reader.account_id
    )
    return reader, activity_id, registration_id


async def shown(reader: Reader, activity_id: int, at: datetime = OPEN) -> Any:
    return await check_in.code_of(reader=reader, activity_id=activity_id, codes=CODES, at=at)


async def scan(activity_id: int, code: str, attempt: str = "a", at: datetime = OPEN) -> check_in.Entered:
    return await check_in.enter_by_code(
        activity_id=activity_id, code=code, attempt=attempt, codes=CODES, staff_id=5, at=at
    )


async def by_name(activity_id: int, registration_id: int, attempt: str = "n", at: datetime = OPEN) -> check_in.Entered:
    return await check_in.enter_by_name(
        activity_id=activity_id, registration_id=registration_id, attempt=attempt, staff_id=5, at=at
    )


async def undo(activity_id: int, registration_id: int, reason: str = "扫错了") -> None:
    await check_in.undo(
        activity_id=activity_id, registration_id=registration_id, reason=reason, staff_id=6, at=OPEN + SECOND
    )


@pytest.mark.usefixtures("database")
class TestDoor:
    async def test_a_code_lets_in_once_and_says_when_to_who_comes_with_it_again(self) -> None:
        reader, activity_id, registration_id = await a_guest()
        code = await shown(reader, activity_id)
        entered = await scan(activity_id, code.long)
        assert entered == check_in.Entered(registration_id, reader.account_id, OPEN, "code")
        for text in (code.long, code.short):
            with pytest.raises(AlreadyIn) as refused:
                await scan(activity_id, text, "b", OPEN + 5 * SECOND)
            assert refused.value.facts == {"at": OPEN.isoformat()}
        with pytest.raises(AlreadyIn):
            await shown(reader, activity_id)
        mine = await activity_registration.registration_of(reader=reader, activity_id=activity_id)
        assert mine.checked_in_at == OPEN

    async def test_the_same_request_sent_again_is_answered_the_same(self) -> None:
        reader, activity_id, registration_id = await a_guest()
        code = await shown(reader, activity_id)
        first = await scan(activity_id, code.short, "once")
        assert await scan(activity_id, code.short, "once", OPEN + 10 * HOUR) == first
        assert await by_name(activity_id, registration_id, "once") == first
        assert await connection().value("SELECT count(*) FROM check_in") == 1
        assert await connection().value("SELECT count(*) FROM event WHERE name = 'activity_check_in'") == 1
        assert await connection().value("SELECT count(*) FROM audit_entry WHERE deed = 'check_in.enter'") == 1

    async def test_of_many_scans_at_once_one_lets_in(self) -> None:
        reader, activity_id, _ = await a_guest()
        code = await shown(reader, activity_id)
        done = await asyncio.gather(
            *(scan(activity_id, code.long, f"try-{number}") for number in range(12)), return_exceptions=True
        )
        assert sum(isinstance(one, check_in.Entered) for one in done) == 1
        assert sum(isinstance(one, AlreadyIn) for one in done) == 11

    async def test_of_one_request_many_times_at_once_all_are_let_in_as_one(self) -> None:
        reader, activity_id, _ = await a_guest()
        code = await shown(reader, activity_id)
        done = await asyncio.gather(*(scan(activity_id, code.long, "same") for _ in range(8)))
        assert len(set(done)) == 1

    async def test_undone_one_comes_in_again_but_not_by_the_same_code(self) -> None:
        reader, activity_id, registration_id = await a_guest()
        code = await shown(reader, activity_id)
        await scan(activity_id, code.long)
        await undo(activity_id, registration_id)
        for text in (code.long, code.short):
            with pytest.raises(CodeUsed) as refused:
                await scan(activity_id, text, "b")
            assert refused.value.facts == {"at": OPEN.isoformat()}
        later = OPEN + 61 * SECOND
        fresh = await shown(reader, activity_id, later)
        assert (await scan(activity_id, fresh.long, "c", later)).at == later
        entry = await connection().row("SELECT before::text, after::text FROM audit_entry WHERE deed = 'check_in.undo'")
        assert entry is not None and "扫错了" in entry["after"]

    async def test_undoing_needs_a_reason_and_somebody_who_is_in(self) -> None:
        _, activity_id, registration_id = await a_guest()
        with pytest.raises(NotIn):
            await undo(activity_id, registration_id)
        await by_name(activity_id, registration_id)
        for reason in ("", "  ", "因" * 201):
            with pytest.raises(ReasonNeeded):
                await undo(activity_id, registration_id, reason)
        with pytest.raises(RegistrationMissing):
            await undo(activity_id, registration_id + 1)
        with pytest.raises(RegistrationMissing):
            await undo(activity_id + 1, registration_id)
        await undo(activity_id, registration_id)
        assert (await by_name(activity_id, registration_id, "again")).way == "name"

    async def test_who_waits_or_has_left_is_not_let_in(self) -> None:
        reader, activity_id, registration_id = await a_guest(capacity=1)
        waiting = await guest_of()
        await registered(waiting, activity_id)
        with pytest.raises(NotSeated):
            await shown(waiting, activity_id)
        code = await shown(reader, activity_id)
        await left(reader, activity_id, at=OPEN)
        with pytest.raises(NotSeated):
            await scan(activity_id, code.long)
        with pytest.raises(NotSeated):
            await by_name(activity_id, registration_id)
        with pytest.raises(NotSeated):
            await shown(await guest_of(), activity_id)

    async def test_who_is_in_does_not_leave_any_more(self) -> None:
        reader, activity_id, registration_id = await a_guest(cancels_until=STARTS + HOUR)
        await by_name(activity_id, registration_id)
        with pytest.raises(TooLateToCancel):
            await left(reader, activity_id, at=OPEN)
        with pytest.raises(TooLateToCancel):
            await activity_registration.remove(
                activity_id=activity_id, registration_id=registration_id, reason="", staff_id=1, at=OPEN
            )

    @pytest.mark.parametrize(
        ("at", "open_"),
        [
            (STARTS - 3 * HOUR - SECOND, False),
            (STARTS - 3 * HOUR, True),
            (STARTS + 6 * HOUR - SECOND, True),
            (STARTS + 6 * HOUR, False),
        ],
    )
    async def test_the_door_is_open_from_three_hours_before_until_three_hours_after(
        self, at: datetime, open_: bool
    ) -> None:
        reader, activity_id, registration_id = await a_guest()
        if open_:
            assert await shown(reader, activity_id, at)
            assert (await by_name(activity_id, registration_id, at=at)).at == at
        else:
            for attempt in (shown(reader, activity_id, at), by_name(activity_id, registration_id, at=at)):
                with pytest.raises(DoorClosed):
                    await attempt

    async def test_what_is_cancelled_or_on_line_has_no_door(self) -> None:
        reader, activity_id, registration_id = await a_guest()
        await activity_plans.cancel(activity_id=activity_id, reason="", staff_id=1, at=OPEN)
        with pytest.raises(NoDoor):
            await shown(reader, activity_id)
        with pytest.raises(NoDoor):
            await by_name(activity_id, registration_id)
        broadcast_id = await published_broadcast()
        await registered(reader, broadcast_id)
        with pytest.raises(NoDoor):
            await shown(reader, broadcast_id)

    async def test_staff_end_a_registration_and_the_next_moves_up(self) -> None:
        reader, activity_id, registration_id = await a_guest(capacity=1)
        waiting = await guest_of()
        await registered(waiting, activity_id)
        await activity_registration.remove(
            activity_id=activity_id, registration_id=registration_id, reason="电话取消", staff_id=5, at=STARTS + HOUR
        )
        mine = await activity_registration.registration_of(reader=waiting, activity_id=activity_id)
        assert mine.state == "registered"
        with pytest.raises(RegistrationMissing):
            await activity_registration.remove(
                activity_id=activity_id, registration_id=registration_id, reason="", staff_id=5, at=STARTS + HOUR
            )
        assert reader.account_id
