"""The intake: every event once, whoever sends it how often, and no faults of others to pay for."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import hypothesis
import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from log_samples import AGREED, AT, event, judged

from cdp import books
from cdp.batches import EventOutcome, Judged, Row
from cdp.intake import MOST_WAITING, Intake
from server import wiring
from server.core import db
from server.core.db import connection
from server.core.errors import Unavailable
from server.core.settings import Settings

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def intake(database: None) -> Any:
    intake = Intake()
    intake.start()
    yield intake
    await intake.stop()


async def count(what: str = "event") -> int:
    number: int = await connection().value(f"SELECT count(*) FROM {what}")
    return number


async def closed() -> books.Hour:
    """Give the books of the hour in which everything came, after checking that they close."""
    (hour,) = await books.hours(since=AT, until=AT + timedelta(hours=1))
    assert hour.gap == 0
    return hour


def said(outcomes: list[EventOutcome]) -> list[str]:
    return [outcome.outcome + (f" {outcome.code}" if outcome.code else "") for outcome in outcomes]


async def test_an_event_is_stored_with_all_that_is_known_of_it(intake: Intake) -> None:
    sent = event(page="pages/series/episode", channel="scan", campaign="spring", share_id="0" * 22, sequence=9)
    assert said(await intake.take(judged(sent))) == ["accepted"]
    row = await connection().row("SELECT * FROM event")
    assert row is not None
    assert row["event_id"].hex() == sent["event_id"].replace("-", "")
    told = {name: row[name] for name in ("name", "schema", "session", "page", "channel", "campaign", "share_id")}
    assert told == {name: sent[name] for name in told}
    assert (row["source"], row["sequence"], row["flags"]) == (2, 9, 0)
    assert (row["account_id"], row["audience"], row["app"]) == (7, "doctor", AGREED.app)
    assert (row["consent_version"], row["purposes"]) == ("2026-11-01", ["analytics", "service"])
    assert row["created_at"] == row["sent_at"] == row["received_at"] == row["derived_at"] == AT
    assert json.loads(row["body"]) == sent["body"]


async def test_an_event_that_comes_again_is_a_duplicate(intake: Intake) -> None:
    sent = event()
    assert said(await intake.take(judged(sent, sent))) == ["accepted", "duplicate"]
    assert said(await intake.take(judged(sent))) == ["duplicate"]
    assert await count() == await count("event_key") == 1
    hour = await closed()
    assert (hour.received, hour.stored, hour.duplicate) == (3, 1, 2)


async def test_another_event_under_the_same_id_is_kept_once_under_an_id_of_its_own(intake: Intake) -> None:
    first = event()
    other = {**first, "sequence": 2}
    await intake.take(judged(first))
    assert said(await intake.take(judged(other))) == ["accepted id_conflict"]
    assert said(await intake.take(judged(other, first))) == ["duplicate id_conflict", "duplicate"]
    rows = await connection().fetch("SELECT event_id, given_id, flags, sequence FROM event ORDER BY number")
    assert [(row["flags"], row["sequence"]) for row in rows] == [(0, 1), (2, 2)]
    assert rows[1]["given_id"] == rows[0]["event_id"] != rows[1]["event_id"]
    assert (await closed()).stored == 2


async def test_two_events_under_one_id_in_one_batch_are_both_kept(intake: Intake) -> None:
    first = event()
    other = {**first, "sequence": 2}
    assert said(await intake.take(judged(first, other, first, other))) == [
        "accepted", "accepted id_conflict", "duplicate", "duplicate id_conflict",
    ]  # fmt: skip
    # What stands under the id by now decides, in whatever order they come.
    assert said(await intake.take(judged(other, first))) == ["duplicate id_conflict", "duplicate"]
    assert await count() == 2


@pytest.mark.parametrize("event_id", [b"\0", b"7", b"order 12345", b"\xff" * 15, b"\xff" * 16], ids=len)
async def test_an_event_is_kept_once_by_an_id_of_up_to_sixteen_bytes(intake: Intake, event_id: bytes) -> None:
    batch = judged(event(), event())
    first, other = (msgspec.structs.replace(row, event_id=event_id) for row in batch.events if isinstance(row, Row))
    other = msgspec.structs.replace(other, fingerprint=b"f" * 32)
    sent = msgspec.structs.replace(batch, events=[first, other])
    assert said(await intake.take(sent)) == ["accepted", "accepted id_conflict"]
    assert said(await intake.take(sent)) == ["duplicate", "duplicate id_conflict"]
    rows = await connection().fetch("SELECT event_id, given_id FROM event ORDER BY number")
    assert [(row["given_id"] or row["event_id"]) for row in rows] == [event_id] * 2
    assert (await closed()).stored == 2


@pytest.mark.parametrize("event_id", [b"", b"\xff" * 17], ids=len)
async def test_no_event_is_kept_under_an_empty_or_a_longer_id(intake: Intake, event_id: bytes) -> None:
    batch = judged(event(), event())
    row = batch.events[0]
    assert isinstance(row, Row)
    sent = msgspec.structs.replace(batch, events=[msgspec.structs.replace(row, event_id=event_id), batch.events[1]])
    assert said(await intake.take(sent)) == ["rejected unstorable", "accepted"]


async def test_the_same_id_from_another_source_is_another_event(intake: Intake) -> None:
    batch = judged(event())
    again = msgspec.structs.replace(batch, origin=msgspec.structs.replace(batch.origin, source=3))
    assert said(await intake.take(batch)) == said(await intake.take(again)) == ["accepted"]
    assert await count() == await count("event_key") == 2


async def test_an_unknown_event_waits_in_quarantine_once(intake: Intake) -> None:
    sent = event(name="content_zoom")
    assert said(await intake.take(judged(sent, sent, event()))) == [
        "quarantined unknown_event", "duplicate unknown_event", "accepted",
    ]  # fmt: skip
    assert said(await intake.take(judged(sent))) == ["duplicate unknown_event"]
    assert await count("quarantine") == await count() == 1
    hour = await closed()
    assert (hour.received, hour.stored, hour.duplicate, hour.quarantined) == (4, 1, 2, 1)


async def test_the_same_events_from_many_at_once_are_kept_once(intake: Intake) -> None:
    batch = judged(*[event(sequence=number) for number in range(50)])
    other = Intake()
    other.start()
    try:
        answers = await asyncio.gather(*[(intake, other)[turn % 2].take(batch) for turn in range(200)])
    finally:
        await other.stop()
    outcomes = [outcome.outcome for answer in answers for outcome in answer]
    assert (outcomes.count("accepted"), outcomes.count("duplicate")) == (50, 9950)
    assert await count() == await count("event_key") == 50
    hour = await closed()
    assert (hour.received, hour.stored, hour.duplicate) == (10_000, 50, 9950)


async def test_rejected_events_stand_in_the_books(intake: Intake) -> None:
    assert said(await intake.take(judged(event(sequence=-1)))) == ["rejected bad_field"]
    hour = await closed()
    assert (hour.received, hour.rejected) == (1, 1)


async def test_batches_of_two_hours_stand_in_two_books(intake: Intake) -> None:
    later = AT + timedelta(hours=1)
    await asyncio.gather(intake.take(judged(event())), intake.take(judged(event(), at=later)))
    hours = await books.hours(since=AT, until=AT + timedelta(hours=2))
    assert [(hour.hour, hour.stored, hour.gap) for hour in hours] == [(AT, 1, 0), (later, 1, 0)]


def spoilt(batch: Judged, place: int) -> Judged:
    """Make an event of a batch one that the database refuses, as no judged event should be."""
    row = batch.events[place]
    assert isinstance(row, Row)
    events = list(batch.events)
    events[place] = msgspec.structs.replace(row, body='{"kind":"\\u0000"}')
    return msgspec.structs.replace(batch, events=events)


async def test_an_event_that_the_database_refuses_costs_nobody_else_anything(intake: Intake) -> None:
    bad = spoilt(judged(event(), event(), event()), 1)
    good = [judged(event(), event()) for _ in range(6)]
    first, *others = await asyncio.gather(intake.take(bad), *map(intake.take, good))
    assert said(first) == ["accepted", "rejected unstorable", "accepted"]
    assert [said(other) for other in others] == [["accepted"] * 2] * 6
    hour = await closed()
    assert (hour.received, hour.stored, hour.rejected) == (15, 14, 1)


async def test_what_cannot_be_stored_now_is_refused_and_not_kept_in_memory(intake: Intake, settings: Settings) -> None:
    await db.close_database()
    await db.open_database("postgresql://nobody@127.0.0.1:1/nowhere", wiring.MODELS)
    try:
        sent = [asyncio.ensure_future(intake.take(judged(event()))) for _ in range(30)]
        refused = await asyncio.gather(*sent, return_exceptions=True)
    finally:
        await db.close_database()
        await db.open_database(settings.database_url, wiring.MODELS)
    assert {type(answer) for answer in refused} == {Unavailable}
    assert said(await intake.take(judged(event()))) == ["accepted"]
    assert await count() == 1


async def test_a_full_queue_refuses_and_forgets(intake: Intake) -> None:
    batch = judged(*[event() for _ in range(400)])
    async with connection().held() as held, held.transaction():
        await held.execute("LOCK TABLE event IN ACCESS EXCLUSIVE MODE")
        waiting = [asyncio.ensure_future(intake.take(batch)) for _ in range(MOST_WAITING // 400)]
        await asyncio.sleep(0.1)
        with pytest.raises(Unavailable):
            await intake.take(batch)
    answers = await asyncio.gather(*waiting)
    assert sum(said(answer).count("accepted") for answer in answers) == 400


async def test_stopping_writes_what_waits_and_takes_nothing_more(intake: Intake) -> None:
    waiting = [asyncio.ensure_future(intake.take(judged(event()))) for _ in range(20)]
    await asyncio.sleep(0)
    await intake.stop()
    assert [said(answer) for answer in await asyncio.gather(*waiting)] == [["accepted"]] * 20
    with pytest.raises(Unavailable):
        await intake.take(judged(event()))
    assert await count() == 20


async def test_who_does_not_wait_for_the_answer_disturbs_nobody(intake: Intake) -> None:
    impatient = asyncio.ensure_future(intake.take(judged(event())))
    await asyncio.sleep(0)
    impatient.cancel()
    assert said(await intake.take(judged(event()))) == ["accepted"]


IDS = [event()["event_id"] for _ in range(4)]
SENT = st.builds(
    lambda event_id, sequence: event(event_id=event_id, sequence=sequence), st.sampled_from(IDS), st.integers(0, 2)
)


@hypothesis.settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests=st.lists(st.lists(SENT, min_size=1, max_size=6), min_size=1, max_size=6), together=st.booleans())
async def test_whatever_comes_in_whatever_order_each_event_is_kept_exactly_once(
    intake: Intake, requests: list[list[dict[str, Any]]], together: bool
) -> None:
    await connection().execute("TRUNCATE event, event_key, intake_book")
    batches = [judged(*request) for request in requests]
    if together:
        await asyncio.gather(*map(intake.take, batches))
    else:
        for batch in batches:
            await intake.take(batch)
    different = {(sent["event_id"], sent["sequence"]) for request in requests for sent in request}
    rows = await connection().fetch("SELECT coalesce(given_id, event_id) AS id, sequence FROM event")
    assert sorted((row["id"].hex(), row["sequence"]) for row in rows) == sorted(
        (event_id.replace("-", ""), sequence) for event_id, sequence in different
    )
    assert (await closed()).stored == len(different)
