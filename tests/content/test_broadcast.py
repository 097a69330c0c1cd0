"""The gate of a broadcast, being there, and the short-lived way to its stream."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp.consent import ConsentNeeded
from content import activity_plans, broadcast, live_gate, time_online
from content.access import ItemMissing, ProfessionalNeeded
from content.activity_registration import ActivityCancelled
from content.broadcast import NoBroadcast, NotBroadcast, NotOnAir, RegistrationNeeded
from content.live_gate import Joined
from content.ranges import Ranges
from content.streams import Streams
from content.time_online import Online, SittingMissing, SittingOver
from server.core.db import connection
from server.core.errors import Unavailable
from server.core.roles import Reader
from server.core.signing import AddressBroken, AddressExpired, Signer
from tests.content.hall import (
    HOUR,
    STARTS,
    guest_of,
    left,
    planned,
    published_activity,
    published_broadcast,
    registered,
)
from tests.content.studio import NOON, published_series
from tests.viewing_fixtures import without_consent

SIGNER = Signer(b"k" * 32, live_gate.PURPOSE)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


async def a_viewer(**plan: Any) -> tuple[Reader, int]:
    activity_id, reader = await published_broadcast(plan=plan), await guest_of()
    await registered(reader, activity_id)
    return reader, activity_id


async def joined(reader: Reader, activity_id: int, at: datetime = STARTS) -> Joined:
    return await live_gate.join(reader=reader, activity_id=activity_id, at=at)


async def there(
    reader: Reader,
    came: Joined,
    *pairs: tuple[float, float],
    sequence: int = 0,
    at: datetime,
    leaving: bool = False,
) -> Online:
    return await time_online.report(
        reader=reader,
        activity_id=came.activity_id,
        sitting=came.sitting,
        sequence=sequence,
        there=Ranges.of_seconds(pairs),
        at=at,
        leaving=leaving,
    )


async def told(name: str) -> list[dict[str, Any]]:
    rows = await connection().fetch("SELECT body::text AS body FROM event WHERE name = $1 ORDER BY number", name)
    return [msgspec.json.decode(row["body"]) for row in rows]


@pytest.mark.usefixtures("database")
class TestAir:
    @pytest.mark.parametrize(
        ("at", "phase"),
        [
            (STARTS - 15 * MINUTE - SECOND, "before"),
            (STARTS - 15 * MINUTE, "on"),
            (STARTS + 3 * HOUR + 30 * MINUTE - SECOND, "on"),
            (STARTS + 3 * HOUR + 30 * MINUTE, "over"),
        ],
    )
    async def test_it_opens_and_closes_by_the_plan(self, at: datetime, phase: str) -> None:
        air = await broadcast.air_of(activity_id=await published_broadcast())
        assert air is not None and (air.phase(at), air.is_on(at)) == (phase, phase == "on")

    async def test_staff_open_it_sooner_close_it_and_open_it_again(self) -> None:
        activity_id = await published_broadcast()
        early = STARTS - HOUR
        air = await broadcast.open_now(activity_id=activity_id, staff_id=1, at=early)
        assert (air.is_on(early), air.is_on(early - SECOND), air.opened_by_hand) == (True, False, True)
        air = await broadcast.close_now(activity_id=activity_id, staff_id=1, at=STARTS)
        assert (air.is_on(STARTS - SECOND), air.is_on(STARTS), air.closed_by_hand) == (True, False, True)
        with pytest.raises(NotBroadcast):
            await broadcast.close_now(activity_id=activity_id, staff_id=1, at=STARTS)
        late = STARTS + 10 * HOUR
        air = await broadcast.open_now(activity_id=activity_id, staff_id=1, at=late)
        assert (air.is_on(late), air.is_on(late + 29 * MINUTE), air.is_on(late + 30 * MINUTE)) == (True, True, False)
        deeds = await connection().fetch("SELECT deed FROM audit_entry WHERE subject_kind = 'broadcast' ORDER BY id")
        assert [row["deed"] for row in deeds] == ["broadcast.open", "broadcast.close", "broadcast.open"]

    async def test_a_move_forgets_what_was_opened_or_closed_by_hand(self) -> None:
        activity_id = await published_broadcast()
        await broadcast.open_now(activity_id=activity_id, staff_id=1, at=NOON)
        live = {"capacity": None, "place_name": "", "stream": "hall-one"}
        await planned(activity_id, **live, starts_at=STARTS + 24 * HOUR)
        air = await broadcast.air_of(activity_id=activity_id)
        assert air is not None and (air.opened_by_hand, air.phase(STARTS)) == (False, "before")

    async def test_what_has_no_stream_or_is_cancelled_is_not_opened(self) -> None:
        meeting_id, activity_id = await published_activity(), await published_broadcast()
        await activity_plans.cancel(activity_id=activity_id, reason="", staff_id=1, at=NOON)
        for each in (meeting_id, activity_id, 999_999):
            with pytest.raises(NotBroadcast):
                await broadcast.open_now(activity_id=each, staff_id=1, at=STARTS)


@pytest.mark.usefixtures("database")
class TestGate:
    async def test_who_has_a_seat_comes_in_and_that_is_told_each_time(self) -> None:
        reader, activity_id = await a_viewer()
        first, again = await joined(reader, activity_id), await joined(reader, activity_id, STARTS + SECOND)
        assert (first.first, again.first) == (True, False)
        assert first.sitting != again.sitting
        assert [event["first"] for event in await told("live_join")] == [True, False]

    async def test_who_has_none_is_told_to_register_unless_it_is_open_to_all(self) -> None:
        activity_id, stranger = await published_broadcast(plan={"capacity": 1}), await guest_of()
        await registered(await guest_of(), activity_id)
        with pytest.raises(RegistrationNeeded):
            await joined(stranger, activity_id)
        await registered(stranger, activity_id)
        with pytest.raises(RegistrationNeeded):
            await joined(stranger, activity_id)
        open_id = await published_broadcast(plan={"open_to_all": True})
        assert (await joined(await guest_of(), open_id)).first

    async def test_any_account_of_the_person_comes_in(self) -> None:
        from tests.content.hall import belongs

        reader, activity_id = await a_viewer()
        other = await guest_of()
        person_id = await connection().value(
            "SELECT person_id FROM registration WHERE account_id = $1", reader.account_id
        )
        await belongs(other, person_id)
        assert (await joined(other, activity_id)).first

    async def test_the_gate_names_what_keeps_one_out(self) -> None:
        reader, activity_id = await a_viewer()
        with pytest.raises(NotOnAir):
            await joined(reader, activity_id, STARTS - HOUR)
        with pytest.raises(NotOnAir):
            await joined(reader, activity_id, STARTS + 4 * HOUR)
        with pytest.raises(NoBroadcast):
            await joined(reader, await published_activity())
        with pytest.raises(NoBroadcast):
            await joined(reader, await published_series())
        with pytest.raises(ItemMissing):
            await joined(reader, 999_999)
        with pytest.raises(ProfessionalNeeded):
            await joined(reader, await published_broadcast(audience="professional", plan={"open_to_all": True}))
        with pytest.raises(ConsentNeeded):
            await joined(await without_consent(), await published_broadcast(plan={"open_to_all": True}))
        await activity_plans.cancel(activity_id=activity_id, reason="", staff_id=1, at=NOON)
        with pytest.raises(ActivityCancelled):
            await joined(reader, activity_id)

    async def test_a_third_place_ends_the_oldest(self) -> None:
        reader, activity_id = await a_viewer()
        came = [await joined(reader, activity_id, STARTS + number * SECOND) for number in range(3)]
        at = STARTS + MINUTE
        with pytest.raises(SittingOver):
            await there(reader, came[0], (0, 10), at=at)
        for one in came[1:]:
            assert (await there(reader, one, (0, 10), at=at)).on
        with pytest.raises(AddressBroken):
            await live_gate.stream_of(SIGNER, _token(came[0], at), at=at)

    async def test_an_address_leads_on_for_two_minutes_while_everything_stands(self) -> None:
        reader, activity_id = await a_viewer()
        came = await joined(reader, activity_id)
        token = _token(came, STARTS)
        assert await live_gate.stream_of(SIGNER, token, at=STARTS + 119 * SECOND) == "hall-one"
        with pytest.raises(AddressExpired):
            await live_gate.stream_of(SIGNER, token, at=STARTS + 120 * SECOND)
        with pytest.raises(AddressBroken):
            await live_gate.stream_of(Signer(b"z" * 32, live_gate.PURPOSE), token, at=STARTS)
        with pytest.raises(AddressBroken):
            await live_gate.stream_of(SIGNER, SIGNER.sign(b"x", expires_at=STARTS + HOUR), at=STARTS)
        await broadcast.close_now(activity_id=activity_id, staff_id=1, at=STARTS + SECOND)
        with pytest.raises(NotOnAir):
            await live_gate.stream_of(SIGNER, token, at=STARTS + SECOND)

    async def test_an_address_ends_with_the_seat_and_with_the_sitting(self) -> None:
        reader, activity_id = await a_viewer(cancels_until=STARTS + HOUR)
        came = await joined(reader, activity_id)
        await left(reader, activity_id, at=STARTS)
        with pytest.raises(RegistrationNeeded):
            await live_gate.stream_of(SIGNER, _token(came, STARTS), at=STARTS)
        await registered(reader, activity_id, at=STARTS)
        await there(reader, came, at=STARTS + SECOND, leaving=True)
        with pytest.raises(AddressBroken):
            await live_gate.stream_of(SIGNER, _token(came, STARTS), at=STARTS + SECOND)


def _token(came: Joined, at: datetime) -> str:
    return live_gate.address_of(SIGNER, sitting=came.sitting, at=at).url.removeprefix("/live/")


@pytest.mark.usefixtures("database")
class TestTimeOnLine:
    async def test_time_is_the_union_over_reports_and_devices(self) -> None:
        reader, activity_id = await a_viewer()
        phone, desk = await joined(reader, activity_id), await joined(reader, activity_id, STARTS + 10 * SECOND)
        await there(reader, phone, (0, 15), at=STARTS + 15 * SECOND)
        await there(reader, desk, (0, 10), at=STARTS + 20 * SECOND)
        now = await there(reader, phone, (14, 30), sequence=1, at=STARTS + 30 * SECOND)
        assert (now.online_s, now.on) == (30, True)

    async def test_a_report_counts_once_and_in_any_order(self) -> None:
        reader, activity_id = await a_viewer()
        came = await joined(reader, activity_id)
        at = STARTS + MINUTE
        await there(reader, came, (30, 40), sequence=2, at=at)
        await there(reader, came, (0, 10), sequence=0, at=at)
        again = await there(reader, came, (0, 59), sequence=2, at=at)
        assert again.online_s == 20

    async def test_no_more_is_believed_than_the_clock_has_moved_and_of_the_last_two_minutes(self) -> None:
        reader, activity_id = await a_viewer()
        came = await joined(reader, activity_id)
        assert (await there(reader, came, (0, 86_400), at=STARTS + 5 * SECOND)).online_s == 5
        assert (await there(reader, came, (0, 3_600), sequence=1, at=STARTS + HOUR)).online_s == 125

    async def test_no_time_goes_on_before_it_opens_or_after_it_closed(self) -> None:
        reader, activity_id = await a_viewer()
        came = await joined(reader, activity_id)
        await broadcast.close_now(activity_id=activity_id, staff_id=1, at=STARTS + 20 * SECOND)
        now = await there(reader, came, (0, 60), at=STARTS + MINUTE)
        assert (now.online_s, now.on) == (20, False)

    async def test_leaving_is_told_once_with_how_long_it_was(self) -> None:
        reader, activity_id = await a_viewer()
        came = await joined(reader, activity_id)
        await there(reader, came, (0, 15), at=STARTS + 15 * SECOND)
        for _ in range(2):
            await there(reader, came, (15, 22.5), sequence=1, at=STARTS + 23 * SECOND, leaving=True)
        assert [event["online_s"] for event in await told("live_leave")] == [22.5]
        # A report that was held up still counts, and does not begin the sitting again.
        assert (await there(reader, came, (22.5, 23), sequence=2, at=STARTS + 24 * SECOND)).online_s == 23
        await time_online.sweep(None, STARTS + HOUR)
        assert len(await told("live_leave")) == 1

    async def test_who_falls_silent_has_left_when_they_were_heard_of_last(self) -> None:
        reader, activity_id = await a_viewer()
        came = await joined(reader, activity_id)
        await there(reader, came, (0, 15), at=STARTS + 15 * SECOND)
        await time_online.sweep(None, STARTS + 104 * SECOND)
        assert await told("live_leave") == []
        await time_online.sweep(None, STARTS + 106 * SECOND)
        await time_online.sweep(None, STARTS + 107 * SECOND)
        assert [event["online_s"] for event in await told("live_leave")] == [15]
        created = await connection().value("SELECT created_at FROM event WHERE name = 'live_leave'")
        assert created == STARTS + 15 * SECOND
        # They come back, and only what was not told yet is told.
        await there(reader, came, (110, 120), sequence=1, at=STARTS + 120 * SECOND)
        await there(reader, came, (120, 130), sequence=2, at=STARTS + 130 * SECOND, leaving=True)
        assert [event["online_s"] for event in await told("live_leave")] == [15, 20]

    async def test_a_sitting_of_somebody_else_is_none(self) -> None:
        reader, activity_id = await a_viewer()
        came = await joined(reader, activity_id)
        with pytest.raises(SittingMissing):
            await there(await guest_of(), came, (0, 1), at=STARTS + SECOND)

    async def test_the_same_reports_at_once_make_the_same_time(self) -> None:
        reader, activity_id = await a_viewer()
        came = await joined(reader, activity_id)
        at = STARTS + 100 * SECOND
        await asyncio.gather(
            *(
                there(reader, came, (number * 10, number * 10 + 10), sequence=number, at=at)
                for number in range(10)
                for _ in range(3)
            )
        )
        assert (await time_online.online_of(reader=reader, activity_id=activity_id, at=at)).online_s == 100

    async def test_of_an_erased_person_no_presence_stays(self) -> None:
        reader, activity_id = await a_viewer()
        came = await joined(reader, activity_id)
        await there(reader, came, (0, 5), at=STARTS + 5 * SECOND)
        [row] = await time_online.export_of([reader.account_id])
        assert (row["activity_id"], row["online_s"]) == (activity_id, 5)
        assert await time_online.erase([reader.account_id]) == 1
        assert await connection().value("SELECT count(*) FROM live_sitting") == 0


STREAM = "https://live.example.com/xinglin/{name}.m3u8"


def test_the_live_service_signs_as_its_documents_have_it() -> None:
    # Its own example: key, stream and time give f85a2ab3…; the time is 21:38:17 on 7 December 2018 in UTC.
    import hashlib

    expected = "f85a2ab363fe4deaffef9754d79da6fe"
    assert hashlib.md5(b"e12c46f2612d5106e2034781ab261ca3test5C271099").hexdigest() == expected
    at = datetime.fromtimestamp(0x5C271099, NOON.tzinfo) - timedelta(minutes=10)
    address = Streams(STREAM, "e12c46f2612d5106e2034781ab261ca3").address_of("test", at=at)
    secret = hashlib.md5(b"e12c46f2612d5106e2034781ab261ca3test5c271099").hexdigest()
    assert address == f"https://live.example.com/xinglin/test.m3u8?txSecret={secret}&txTime=5c271099"


def test_an_address_elsewhere_is_given_as_it_is_and_a_name_needs_a_service() -> None:
    assert Streams().address_of("https://a.example.org/b.m3u8", at=NOON) == "https://a.example.org/b.m3u8"
    assert Streams(STREAM).address_of("hall", at=NOON) == "https://live.example.com/xinglin/hall.m3u8"
    with pytest.raises(Unavailable):
        Streams().address_of("hall", at=NOON)
    assert Streams(STREAM, "", ("b.example.org",)).origins == ("https://live.example.com", "https://b.example.org")


@given(st.lists(st.tuples(st.integers(0, 50_000), st.integers(0, 50_000)), max_size=8), st.integers(0, 60_000))
def test_a_film_shows_what_was_seen_live_from_where_it_begins(pairs: list[tuple[int, int]], late_ms: int) -> None:
    from content.replays import shifted

    zero = round(STARTS.timestamp() * 1000)
    instants = Ranges.of((zero + min(pair), zero + max(pair)) for pair in pairs)
    film = shifted(instants, STARTS + timedelta(milliseconds=late_ms))
    for start, end in film:
        moved = Ranges.of([(start + zero + late_ms, end + zero + late_ms)])
        assert not moved - instants
    lost = instants & Ranges.of([(zero, zero + late_ms)])
    assert film.covered == instants.covered - lost.covered
