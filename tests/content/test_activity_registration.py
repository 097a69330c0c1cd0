"""Registering for an activity: one tap, one a person, no seat twice, and a waiting list that moves by itself."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp import erasure, log, profiles
from cdp.consent import ConsentNeeded
from cdp.events import IdentityMerged, IdentityUnmerged
from cdp.profiles import Profile, ProfileNeeded
from content import activity_plans, activity_registration, publishing
from content.access import ItemMissing, ProfessionalNeeded, Withdrawn
from content.activity_registration import ActivityCancelled, Mine, RegistrationClosed, State, TooLateToCancel
from server import wiring
from server.core.db import connection, transaction
from server.core.roles import Reader, Role
from tests.content.hall import (
    HOUR,
    SEALER,
    STARTS,
    belongs,
    guest_of,
    left,
    planned,
    published_activity,
    published_broadcast,
    registered,
    states,
)
from tests.content.studio import NOON, after, published_series
from tests.viewing_fixtures import without_consent

pytestmark = pytest.mark.usefixtures("database")
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def reactions() -> None:
    log.react(wiring.REACTIONS)


async def seats(activity_id: int) -> tuple[int | None, int, int]:
    """Give the seats left, those taken and those who wait."""
    row = await connection().row(
        "SELECT p.seats_left, count(*) FILTER (WHERE r.state = 'registered') AS taken, "
        "count(*) FILTER (WHERE r.state = 'waiting') AS waiting FROM activity_plan p "
        "LEFT JOIN registration r USING (activity_id) WHERE p.activity_id = $1 GROUP BY p.activity_id",
        activity_id,
    )
    assert row is not None
    return row["seats_left"], row["taken"], row["waiting"]


async def told(name: str) -> list[tuple[int, dict[str, Any]]]:
    rows = await connection().fetch(
        "SELECT account_id, body::text AS body FROM event WHERE name = $1 ORDER BY number", name
    )
    return [(row["account_id"], msgspec.json.decode(row["body"])) for row in rows]


async def test_registering_takes_a_seat_once_however_often_one_taps() -> None:
    activity_id, doctor = await published_activity(), await guest_of()
    first = await registered(doctor, activity_id)
    again = await registered(doctor, activity_id, at=after(hours=1))
    assert first == again == Mine(activity_id=activity_id, state=State.REGISTERED, asked_at=NOON, cancels_until=STARTS)
    assert await seats(activity_id) == (1, 1, 0)
    assert await told("activity_register") == [(doctor.account_id, {"item_id": activity_id, "waiting": False})]


async def test_who_finds_no_seat_waits_and_the_longest_waiting_moves_up() -> None:
    activity_id = await published_activity(plan={"capacity": 1})
    one, two, three = [await guest_of() for _ in range(3)]
    await registered(one, activity_id)
    assert (await registered(two, activity_id, at=NOON + MINUTE)).place_in_line == 1
    assert (await registered(three, activity_id, at=NOON + 2 * MINUTE)).place_in_line == 2
    assert await seats(activity_id) == (0, 1, 2)
    assert (await left(one, activity_id, at=NOON + 3 * MINUTE)).state == State.CANCELLED
    assert await states(activity_id) == {
        one.account_id: "cancelled",
        two.account_id: "registered",
        three.account_id: "waiting",
    }
    assert await seats(activity_id) == (0, 1, 1)
    assert (await activity_registration.registration_of(reader=three, activity_id=activity_id)).place_in_line == 1
    assert [account for account, _ in await told("activity_promote")] == [two.account_id]


async def test_who_left_may_come_back_behind_those_who_wait() -> None:
    activity_id = await published_activity(plan={"capacity": 1})
    one, two = await guest_of(), await guest_of()
    await registered(one, activity_id)
    await registered(two, activity_id)
    await left(one, activity_id, at=NOON + MINUTE)
    back = await registered(one, activity_id, at=NOON + 2 * MINUTE)
    assert (back.state, back.place_in_line) == (State.WAITING, 1)
    await left(one, activity_id, at=NOON + 3 * MINUTE)
    await left(one, activity_id, at=NOON + 3 * MINUTE)
    assert await seats(activity_id) == (0, 1, 0)


async def test_more_seats_go_to_those_who_wait_in_their_order() -> None:
    activity_id = await published_activity(plan={"capacity": 1})
    readers = [await guest_of() for _ in range(4)]
    for number, reader in enumerate(readers):
        await registered(reader, activity_id, at=NOON + number * MINUTE)
    plan = await planned(activity_id, capacity=3)
    assert plan.seats_left == 0
    assert list((await states(activity_id)).values()) == ["registered", "registered", "registered", "waiting"]
    assert (await planned(activity_id, capacity=None)).seats_left is None
    assert set((await states(activity_id)).values()) == {"registered"}


async def test_there_is_no_limit_where_none_is_planned() -> None:
    activity_id = await published_broadcast()
    for _ in range(3):
        assert (await registered(await guest_of(), activity_id)).state == State.REGISTERED
    assert await seats(activity_id) == (None, 3, 0)
    assert len(await told("live_register")) == 3


async def test_all_accounts_of_a_person_register_once() -> None:
    activity_id = await published_activity()
    one, other = await guest_of(), await guest_of()
    person_id = await connection().value("SELECT person_id FROM person_map WHERE account_id = $1", one.account_id)
    await belongs(other, person_id)
    await registered(one, activity_id)
    assert (await registered(other, activity_id, at=NOON + MINUTE)).asked_at == NOON
    assert await seats(activity_id) == (1, 1, 0)
    assert (await left(other, activity_id, at=NOON + MINUTE)).state == State.CANCELLED
    assert await seats(activity_id) == (2, 0, 0)


@pytest.mark.parametrize("the_first_has_the_seat", [True, False])
async def test_of_two_who_become_one_person_the_better_registration_stays(the_first_has_the_seat: bool) -> None:
    activity_id = await published_activity(plan={"capacity": 1})
    seated, waiting, third = [await guest_of() for _ in range(3)]
    for number, reader in enumerate((seated, waiting, third)):
        await registered(reader, activity_id, at=NOON + number * MINUTE)
    stays, moves = (seated, waiting) if the_first_has_the_seat else (waiting, seated)
    await merged(moves, into=stays)
    found = await states(activity_id)
    assert (found[seated.account_id], found[waiting.account_id]) == ("registered", "cancelled")
    assert found[third.account_id] == "waiting"
    assert await seats(activity_id) == (0, 1, 1)
    await parted(moves)
    assert await seats(activity_id) == (0, 1, 1)


async def merged(reader: Reader, *, into: Reader) -> None:
    numbers = [
        await connection().value(
            "SELECT person_id FROM person_map WHERE account_id = $1 AND until_at IS NULL", one.account_id
        )
        for one in (reader, into)
    ]
    async with transaction():
        await belongs(reader, numbers[1])
        await log.record(
            IdentityMerged(
                at=NOON,
                account_id=reader.account_id,
                person_id=numbers[1],
                previous_person_id=numbers[0],
                reason="merge",
            )
        )


async def parted(reader: Reader) -> None:
    before = await connection().value(
        "SELECT person_id FROM person_map WHERE account_id = $1 AND until_at IS NULL", reader.account_id
    )
    async with transaction():
        own = await connection().value(
            "INSERT INTO person (audience, created_at) VALUES ('doctor', $1) RETURNING id", NOON
        )
        await belongs(reader, own)
        await log.record(
            IdentityUnmerged(at=NOON, account_id=reader.account_id, person_id=own, previous_person_id=before)
        )


async def test_who_has_no_profile_is_asked_once_for_the_least() -> None:
    activity_id, doctor = await published_activity(), await guest_of(profile=False)
    with pytest.raises(ProfileNeeded):
        await registered(doctor, activity_id)
    assert await seats(activity_id) == (2, 0, 0)
    profile = Profile(name="周明", hospital="江城示范医院")
    mine = await activity_registration.register(
        reader=doctor, activity_id=activity_id, sealer=SEALER, at=NOON, profile=profile
    )
    assert mine.state == State.REGISTERED
    assert await profiles.profile_of(sealer=SEALER, account_id=doctor.account_id) == profile
    other_id = await published_activity(title="另一场")
    assert (await registered(doctor, other_id)).state == State.REGISTERED


async def test_the_profile_of_another_account_of_the_person_counts() -> None:
    activity_id = await published_activity()
    one, other = await guest_of(name="周明"), await guest_of(profile=False)
    person_id = await connection().value("SELECT person_id FROM person_map WHERE account_id = $1", one.account_id)
    await belongs(other, person_id)
    assert (await registered(other, activity_id)).state == State.REGISTERED
    found = await profiles.profiles_of(sealer=SEALER, account_ids=[one.account_id, other.account_id])
    assert [profile.name for profile in found.values()] == ["周明", "周明"]


@pytest.mark.parametrize(
    ("plan", "at", "refusal"),
    [
        ({"registration_opens_at": NOON + HOUR}, NOON + HOUR - timedelta(microseconds=1), RegistrationClosed),
        ({"registration_opens_at": NOON + HOUR}, NOON + HOUR, None),
        ({"registration_closes_at": NOON + HOUR}, NOON + HOUR - timedelta(microseconds=1), None),
        ({"registration_closes_at": NOON + HOUR}, NOON + HOUR, RegistrationClosed),
        ({}, STARTS - timedelta(microseconds=1), None),
        ({}, STARTS, RegistrationClosed),
    ],
    ids=["too early", "just open", "just before the close", "just closed", "just before it begins", "begun"],
)
async def test_the_window_of_registration_is_half_open(
    plan: dict[str, Any], at: datetime, refusal: type[Exception] | None
) -> None:
    activity_id, doctor = await published_activity(plan=plan), await guest_of()
    if refusal is None:
        assert (await registered(doctor, activity_id, at=at)).state == State.REGISTERED
    else:
        with pytest.raises(refusal):
            await registered(doctor, activity_id, at=at)


async def test_for_a_broadcast_one_registers_until_its_end() -> None:
    activity_id, doctor = await published_broadcast(), await guest_of()
    with pytest.raises(RegistrationClosed):
        await registered(doctor, activity_id, at=STARTS + 3 * HOUR)
    assert (await registered(doctor, activity_id, at=STARTS + HOUR)).state == State.REGISTERED


async def test_for_what_is_cancelled_or_not_to_be_read_nobody_registers() -> None:
    activity_id, doctor = await published_activity(), await guest_of()
    await activity_plans.cancel(activity_id=activity_id, reason="", staff_id=1, at=NOON)
    with pytest.raises(ActivityCancelled):
        await registered(doctor, activity_id)
    await publishing.withdraw(item_id=activity_id, reason="", staff_id=1, at=NOON)
    with pytest.raises(Withdrawn):
        await registered(doctor, activity_id)
    with pytest.raises(ItemMissing):
        await registered(doctor, await published_series())
    closed = await published_activity(audience="professional")
    with pytest.raises(ProfessionalNeeded):
        await registered(doctor, closed)
    both = frozenset({Role.DOCTOR, Role.PROFESSIONAL})
    assert (await registered(await guest_of(roles=both), closed)).state == State.REGISTERED


async def test_without_consent_nobody_registers_and_everybody_leaves() -> None:
    activity_id, doctor = await published_activity(), await guest_of()
    with pytest.raises(ConsentNeeded):
        await registered(await without_consent(), activity_id)
    await registered(doctor, activity_id)
    await connection().execute(
        "INSERT INTO consent (account_id, purpose, version, granted, channel, at) "
        "VALUES ($1, 'service', '2026-11-01', false, 'mini_program', $2)",
        doctor.account_id,
        NOON,
    )
    assert (await left(doctor, activity_id)).state == State.CANCELLED


@pytest.mark.parametrize("until", [None, NOON + HOUR], ids=["the beginning", "as planned"])
async def test_one_leaves_until_the_deadline_and_a_waiting_list_at_any_time(until: datetime | None) -> None:
    activity_id = await published_activity(plan={"capacity": 1, "cancels_until": until})
    one, two = await guest_of(), await guest_of()
    await registered(one, activity_id)
    await registered(two, activity_id)
    deadline = until or STARTS
    with pytest.raises(TooLateToCancel):
        await left(one, activity_id, at=deadline)
    assert (await left(two, activity_id, at=deadline)).state == State.CANCELLED
    assert (await left(one, activity_id, at=deadline - timedelta(microseconds=1))).state == State.CANCELLED


async def test_nobody_moves_up_to_what_is_over() -> None:
    activity_id = await published_activity(plan={"capacity": 1, "cancels_until": STARTS + 3 * HOUR})
    one, two = await guest_of(), await guest_of()
    await registered(one, activity_id)
    await registered(two, activity_id)
    async with transaction():
        await activity_registration.erase([one.account_id], at=STARTS + 3 * HOUR)
    assert (await states(activity_id)) == {two.account_id: "waiting"}


async def test_of_an_erased_person_nothing_stays_and_their_seat_goes_on() -> None:
    activity_id = await published_activity(plan={"capacity": 1})
    one, two = await guest_of(), await guest_of()
    await registered(one, activity_id)
    await registered(two, activity_id)
    exported = await activity_registration.export_of([one.account_id])
    assert [(row["activity_id"], row["state"]) for row in exported] == [(activity_id, "registered")]
    erasure.contribute(exports=wiring.EXPORTS, erasers=wiring.ERASERS)

    class Quiet:
        async def publish(self, *topics: str) -> None:
            """Nobody listens here."""

    await erasure.erase(
        sealer=SEALER,
        changes=Quiet(),  # type: ignore[arg-type]  # all that is asked of it
        account_id=one.account_id,
        asked_by="staff:1",
        at=NOON,
    )
    assert await states(activity_id) == {two.account_id: "registered"}
    assert await connection().value("SELECT count(*) FROM profile WHERE account_id = $1", one.account_id) == 0
    assert await seats(activity_id) == (0, 1, 0)


async def test_of_two_hundred_at_once_for_the_last_seat_one_wins() -> None:
    activity_id = await published_activity(plan={"capacity": 1})
    readers = [await guest_of() for _ in range(200)]
    found = await asyncio.gather(*(registered(reader, activity_id) for reader in readers))
    won = [mine for mine in found if mine.state == State.REGISTERED]
    assert len(won) == 1
    assert await seats(activity_id) == (0, 1, 199)


async def test_a_person_who_taps_on_two_phones_at_once_has_one_seat() -> None:
    activity_id = await published_activity()
    one, other = await guest_of(), await guest_of()
    person_id = await connection().value("SELECT person_id FROM person_map WHERE account_id = $1", one.account_id)
    await belongs(other, person_id)
    await asyncio.gather(*(registered(reader, activity_id) for reader in (one, other) for _ in range(5)))
    assert await seats(activity_id) == (1, 1, 0)


async def test_seats_hold_while_people_come_leave_and_the_hall_changes_all_at_once() -> None:
    activity_id = await published_activity(plan={"capacity": 3})
    readers = [await guest_of() for _ in range(12)]

    async def restless(reader: Reader, number: int) -> None:
        for step in range(4):
            await registered(reader, activity_id, at=NOON + (step * 12 + number) * MINUTE)
            if (step + number) % 3:
                await left(reader, activity_id, at=NOON + (step * 12 + number) * MINUTE)

    async def builder() -> None:
        for capacity in (4, 9, 5, 8, 6):
            try:
                await planned(activity_id, capacity=capacity)
            except activity_plans.CapacityTaken:
                continue

    await asyncio.gather(builder(), *(restless(reader, number) for number, reader in enumerate(readers)))
    left_over, taken, waiting = await seats(activity_id)
    plan = await activity_plans.plan_of(activity_id=activity_id)
    assert plan is not None and plan.capacity is not None and left_over is not None
    assert taken + left_over == plan.capacity
    assert left_over == 0 or waiting == 0


steps = st.lists(
    st.one_of(
        st.tuples(st.just("come"), st.integers(0, 4)),
        st.tuples(st.just("go"), st.integers(0, 4)),
        st.tuples(st.just("plan"), st.integers(1, 5)),
        st.tuples(st.just("merge"), st.integers(0, 4)),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
async def test_whatever_happens_no_seat_is_given_twice_and_none_stays_empty_while_somebody_waits(
    steps: list[tuple[str, int]],
) -> None:
    activity_id = await published_activity(plan={"capacity": 2})
    readers = [await guest_of() for _ in range(5)]
    for number, (what, which) in enumerate(steps):
        at = NOON + number * MINUTE
        if what == "come":
            await registered(readers[which], activity_id, at=at)
        elif what == "go":
            await left(readers[which], activity_id, at=at)
        elif what == "merge":
            await merged(readers[which], into=readers[0])
        else:
            try:
                await planned(activity_id, capacity=which, at=at)
            except activity_plans.CapacityTaken as refused:
                assert refused.facts["taken"] > which  # type: ignore[operator]  # a number
        left_over, taken, waiting = await seats(activity_id)
        plan = await activity_plans.plan_of(activity_id=activity_id)
        assert plan is not None and plan.capacity is not None and left_over is not None
        assert taken + left_over == plan.capacity
        assert left_over == 0 or waiting == 0
        people = await connection().fetch(
            "SELECT r.person_id, m.person_id AS now FROM registration r "
            "JOIN person_map m ON m.account_id = r.account_id AND m.until_at IS NULL "
            "WHERE r.activity_id = $1 AND r.state <> 'cancelled'",
            activity_id,
        )
        assert all(row["person_id"] == row["now"] for row in people)
        assert len({row["person_id"] for row in people}) == len(people)
