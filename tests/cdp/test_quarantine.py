"""The quarantine: what was unknown comes into the log once it is known, and only then, and only where it still may."""

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from log_samples import AGREED, AT, event, judged
from msgspec import structs

from cdp import books, history, metrics, metrics_folding
from cdp.batches import Judged, Sender, Unknown
from cdp.intake import Intake
from cdp.quarantine import Replayed, replay
from server.core.db import connection

pytestmark = pytest.mark.usefixtures("database")
GUEST = structs.replace(AGREED, account_id=None)


@pytest.fixture
async def intake(database: None) -> Any:
    intake = Intake()
    intake.start()
    yield intake
    await intake.stop()


def as_it_was(sent: dict[str, Any], sender: Sender = GUEST) -> Judged:
    """Judge an event as a house would have that did not know it yet."""
    known = judged(sent, sender=sender)
    event_id = bytes.fromhex(sent["event_id"].replace("-", ""))
    payload = json.dumps(sent)
    unknown = Unknown(event_id, payload.encode().ljust(32)[:32], sent["name"], sent["schema"], "unknown_event", payload)
    return Judged(known.origin, known.ids, [unknown])


async def agree(account_id: int, *purposes: str) -> None:
    await connection().execute(
        "INSERT INTO account (id, app_id, audience, openid_hash, created_at) "
        "VALUES ($1, 'wx00000000000000aa', 'doctor', '\\x00', $2)",
        account_id,
        AT,
    )
    for purpose in purposes:
        await connection().execute(
            "INSERT INTO consent (account_id, purpose, version, granted, channel, at) "
            "VALUES ($1, $2, '2026-11-01', true, 'mini_program', $3)",
            account_id,
            purpose,
            AT,
        )


async def entries() -> list[tuple[Any, ...]]:
    rows = await connection().fetch("SELECT outcome, reason, account_id, payload FROM quarantine ORDER BY id")
    return [tuple(row) for row in rows]


async def hour() -> books.Hour:
    (found,) = await books.hours(since=AT, until=AT + timedelta(hours=1))
    assert found.gap == 0
    return found


async def test_what_comes_in_behind_what_was_counted_is_counted_too(intake: Intake) -> None:
    await agree(7, "service", "analytics")
    await intake.take(as_it_was(event(), AGREED))
    at = AT + timedelta(days=9)
    await metrics_folding.count(None, at)
    assert await replay(at=at) == Replayed(stored=1)
    await metrics_folding.count(None, at)
    day = AT.date()
    assert (await metrics.of_item(item_id=7, since=day, until=day + timedelta(days=1))).opened == 1


async def test_what_is_known_by_now_comes_into_the_log_as_it_would_have_then(intake: Intake) -> None:
    sent = event()
    await intake.take(as_it_was(sent))
    assert await replay(at=AT + timedelta(days=9)) == Replayed(stored=1)
    row = await connection().row("SELECT * FROM event")
    assert row is not None
    assert (row["received_at"], row["derived_at"], row["session"]) == (AT, AT, sent["session"])
    assert await entries() == [("stored", "unknown_event", None, "")]
    assert (await hour()).stored == 1
    assert (await intake.take(judged(sent, sender=GUEST)))[0].outcome == "duplicate"


async def test_what_is_still_unknown_waits_on(intake: Intake) -> None:
    await intake.take(judged(event(name="content_zoom"), sender=GUEST))
    assert await replay(at=AT) == Replayed(waiting=1)
    assert (await hour()).quarantined == 1


async def test_what_is_known_by_now_and_does_not_fit_waits_with_the_reason(intake: Intake) -> None:
    await intake.take(as_it_was(event(body={"item_id": "seven"})))
    assert await replay(at=AT) == Replayed(waiting=1)
    assert [(outcome, reason) for outcome, reason, *_ in await entries()] == [(None, "bad_field")]


async def test_what_came_in_again_in_the_meantime_is_a_duplicate(intake: Intake) -> None:
    sent = event()
    await intake.take(as_it_was(sent))
    await intake.take(judged(sent, sender=GUEST))
    assert await replay(at=AT) == Replayed(duplicate=1)
    assert (await hour()).duplicate == 1


async def test_another_event_that_took_the_id_in_the_meantime_does_not_push_it_out(intake: Intake) -> None:
    sent = event()
    await intake.take(as_it_was(sent))
    await intake.take(judged({**sent, "sequence": 5}, sender=GUEST))
    assert await replay(at=AT) == Replayed(stored=1)
    assert [outcome for outcome, *_ in await entries()] == ["conflict"]
    assert (await hour()).stored == 2


@pytest.mark.parametrize("purposes", [("service",), ()], ids=["analytics withdrawn", "everything withdrawn"])
async def test_without_consent_by_now_it_is_given_up(intake: Intake, purposes: tuple[str, ...]) -> None:
    await agree(7, *purposes)
    await intake.take(as_it_was(event(), AGREED))
    assert await replay(at=AT) == Replayed(refused=1)
    assert await entries() == [("no_consent", "unknown_event", None, "")]
    assert (await hour()).rejected == 1


async def test_a_consent_that_stands_is_enough(intake: Intake) -> None:
    await agree(7, "service", "analytics")
    await intake.take(as_it_was(event(), AGREED))
    assert await replay(at=AT) == Replayed(stored=1)


async def test_a_replay_cannot_bring_back_who_was_erased(intake: Intake) -> None:
    await agree(7, "service", "analytics")
    await intake.take(as_it_was(event(), AGREED))
    await intake.take(judged(event()))
    erased = await history.erase(account_ids=[7], at=AT)
    assert (erased.rows, erased.kept) == (2, 1)
    assert await entries() == [("erased", "unknown_event", None, "")]
    row = await connection().row("SELECT * FROM event")
    assert row is not None
    assert (row["anonymous_id"], row["session"]) == (None, None)
    assert await replay(at=AT) == Replayed()
    assert (await hour()).rejected == 1


async def test_what_was_on_its_way_during_an_erasure_is_erased_after_it(intake: Intake) -> None:
    await agree(7, "service", "analytics")
    await history.erase(account_ids=[7], at=AT)
    await connection().execute("UPDATE account SET erased_at = $1, openid_hash = NULL", AT)
    await intake.take(judged(event(), event(name="content_zoom")))
    await history.erase_stragglers(SimpleNamespace(), AT + timedelta(minutes=10))
    row = await connection().row("SELECT anonymous_id, session FROM event")
    assert row is not None
    assert tuple(row) == (None, None)
    assert [entry[0] for entry in await entries()] == ["erased"]


async def test_more_than_fits_into_one_turn_is_replayed_too(intake: Intake) -> None:
    for _ in range(5):
        await intake.take(
            Judged(
                (first := as_it_was(event())).origin,
                [None] * 90,
                [as_it_was(event()).events[0] for _ in range(89)] + first.events,
            )
        )
    assert await replay(at=AT) == Replayed(stored=450)


async def test_a_person_reads_all_their_events_and_nobody_else_s(intake: Intake) -> None:
    other = structs.replace(AGREED, account_id=8)
    await intake.take(judged(event(name="content_zoom"), event()))
    await intake.take(judged(event(), sender=other))
    told = await history.export(account_ids=[7])
    assert [(entry["name"], entry["account_id"]) for entry in told] == [("content_open", 7), ("content_zoom", 7)]
    assert told[0]["body"] == {"item_id": 7, "kind": "episode"}
