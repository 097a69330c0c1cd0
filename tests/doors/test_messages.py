"""The doors to one's own messages: credits told and seen, and what will be sent."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from messaging import AIRING, ANOTHER, notice, planned
from people_fixtures import People, Visitor, people

from cdp.message_templates import configure
from server.core import clock
from server.core.db import connection

__all__ = ["people"]

KEY = {"idempotency-key": "prompt-0001"}


@pytest.fixture
async def doctor(people: People) -> Visitor:
    for key in ("episode_soon", "episode_moved", "episode_cancelled"):
        await told_by(key, AIRING)
    await told_by("invitation", ANOTHER)
    return await people.doctor()


async def told_by(key: str, template_id: str) -> None:
    await configure(
        app_id="wx0000000000d0c701",
        key=key,
        template_id=template_id,
        title="节目提醒" if template_id == AIRING else "活动邀请",
        places={"thing1": "title"},
        actor="command",
        at=clock.now(),
    )


async def report(client: httpx.AsyncClient, visitor: Visitor, results: Any, **headers: str) -> httpx.Response:
    return await client.post(
        "/api/doctor/messages/credits", json={"results": results}, headers={**visitor.headers, **KEY, **headers}
    )


async def test_an_accepted_prompt_is_seen_as_a_credit(client: httpx.AsyncClient, doctor: Visitor) -> None:
    answer = await report(client, doctor, {AIRING: "accept", ANOTHER: "reject"})
    assert answer.status_code == 200
    seen = (await client.get("/api/doctor/messages/credits", headers=doctor.headers)).json()
    assert seen == answer.json()
    assert {one["template_id"]: one["left"] for one in seen["items"]} == {AIRING: 1, ANOTHER: 0}
    (airing,) = [one for one in seen["items"] if one["template_id"] == AIRING]
    assert airing["notices"] == ["episode_cancelled", "episode_moved", "episode_soon"]
    assert (airing["title"], airing["waiting"]) == ("节目提醒", 0)


async def test_the_same_report_again_changes_nothing(client: httpx.AsyncClient, doctor: Visitor) -> None:
    answers = await asyncio.gather(*(report(client, doctor, {AIRING: "accept"}) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert await connection().value("SELECT granted FROM message_credit") == 1


async def test_another_report_under_the_same_key_is_refused(client: httpx.AsyncClient, doctor: Visitor) -> None:
    await report(client, doctor, {AIRING: "accept"})
    answer = await report(client, doctor, {ANOTHER: "accept"})
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ({}, "bad_field"),
        ({f"template-{n}": "accept" for n in range(6)}, "bad_field"),
        ({AIRING: "perhaps"}, "bad_field"),
        ({AIRING: 1}, "bad_field"),
        ({"": "accept"}, "bad_field"),
        ({"x" * 65: "accept"}, "bad_field"),
        ([AIRING], "bad_field"),
        (None, "bad_field"),
        ({"no-such-template": "accept"}, "message_template_unknown"),
        ({"\0": "accept"}, "bad_field"),
    ],
)
async def test_a_bad_report_is_refused_by_name(
    client: httpx.AsyncClient, doctor: Visitor, results: Any, code: str
) -> None:
    answer = await report(client, doctor, results)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await connection().value("SELECT count(*) FROM message_credit") == 0


async def test_a_report_without_a_key_is_refused(client: httpx.AsyncClient, doctor: Visitor) -> None:
    answer = await client.post(
        "/api/doctor/messages/credits", json={"results": {AIRING: "accept"}}, headers=doctor.headers
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_needed")


@pytest.mark.parametrize("prompted_at", ["2026-11-03T12:00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "now"])
async def test_a_time_that_cannot_be_is_refused(client: httpx.AsyncClient, doctor: Visitor, prompted_at: str) -> None:
    body = {"results": {AIRING: "accept"}, "prompted_at": prompted_at}
    answer = await client.post("/api/doctor/messages/credits", json=body, headers={**doctor.headers, **KEY})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_field")


async def test_without_consent_nothing_is_kept(client: httpx.AsyncClient, people: People, doctor: Visitor) -> None:
    other = await people.doctor("lin", consents=())
    answer = await report(client, other, {AIRING: "accept"})
    assert (answer.status_code, answer.json()["code"]) == (403, "consent_needed")


@pytest.mark.parametrize("path", ["messages", "messages/credits"])
async def test_the_doors_are_for_those_who_have_signed_in_on_their_own_portal(
    client: httpx.AsyncClient, people: People, doctor: Visitor, path: str
) -> None:
    patient = await people.patient()
    assert (await client.get(f"/api/doctor/{path}")).status_code == 401
    assert (await client.get(f"/api/doctor/{path}", headers=patient.headers)).status_code == 403
    assert (await client.get(f"/api/patient/{path}", headers=doctor.headers)).status_code == 403
    assert (await client.get(f"/api/doctor/{path}", headers=doctor.headers)).status_code == 200
    assert (await client.get(f"/api/patient/{path}", headers=patient.headers)).status_code == 200


async def test_a_guest_and_a_patient_cannot_report_as_a_doctor(
    client: httpx.AsyncClient, people: People, doctor: Visitor
) -> None:
    patient = await people.patient()
    body = {"results": {AIRING: "accept"}}
    assert (await client.post("/api/doctor/messages/credits", json=body, headers=KEY)).status_code == 401
    assert (await report(client, patient, {AIRING: "accept"})).status_code == 403


async def test_what_will_be_sent_is_listed_by_pages_with_what_has_a_credit(
    client: httpx.AsyncClient, doctor: Visitor
) -> None:
    await report(client, doctor, {AIRING: "accept"})
    at = clock.now()
    told = [
        notice(f"episode:{number}:soon:0", due_at=at + timedelta(hours=1, seconds=number // 2)) for number in range(7)
    ]
    await planned(doctor.account_id, *told, at=at)
    seen: list[dict[str, Any]] = []
    query = "?limit=3"
    while query:
        page = (await client.get(f"/api/doctor/messages{query}", headers=doctor.headers)).json()
        seen += page["items"]
        query = f"?limit=3&cursor={page['next']}" if page["next"] else ""
    assert [one["texts"]["note"] for one in seen] == [one.subject for one in told]
    assert [one["will_be_sent"] for one in seen] == [True] + [False] * 6
    assert (seen[0]["notice"], seen[0]["kind"], seen[0]["item_id"]) == ("episode_soon", "service", 17)


async def test_nobody_sees_the_messages_of_others(client: httpx.AsyncClient, people: People, doctor: Visitor) -> None:
    at = clock.now()
    await planned(doctor.account_id, notice(due_at=at), at=at)
    other = await people.doctor("lin")
    assert (await client.get("/api/doctor/messages", headers=other.headers)).json() == {"items": [], "next": None}


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", f"cursor={'x' * 201}"])
async def test_a_bad_page_is_refused_by_name(client: httpx.AsyncClient, doctor: Visitor, query: str) -> None:
    answer = await client.get(f"/api/doctor/messages?{query}", headers=doctor.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_field")


@pytest.mark.parametrize(
    "cursor", ["x", "WyIyMDI2Il0", "Wy0xLDFd", "WzEsMF0", "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5LDFd", "%00"]
)
async def test_a_cursor_of_ones_own_making_is_refused(client: httpx.AsyncClient, doctor: Visitor, cursor: str) -> None:
    answer = await client.get(f"/api/doctor/messages?cursor={cursor}", headers=doctor.headers)
    assert answer.status_code == 422


async def test_an_export_tells_of_messages_and_credits_and_an_erasure_empties_them(
    client: httpx.AsyncClient, doctor: Visitor
) -> None:
    await report(client, doctor, {AIRING: "accept"})
    at = clock.now()
    await planned(doctor.account_id, notice(due_at=at + timedelta(hours=1)), at=at)
    told = (await client.get("/api/doctor/me/export", headers=doctor.headers)).json()["messages"]
    assert [one["subject"] for one in told["messages"]] == ["episode:17:soon:0"]
    assert [one["remaining"] for one in told["credits"]] == [1]
    erased = (await client.delete("/api/doctor/me", headers=doctor.headers)).json()
    assert {one["room"]: one["erased"] for one in erased["receipts"]}["messages"] == 2
    row = await connection().row("SELECT state, texts::text AS texts FROM message")
    assert row is not None
    assert (row["state"], row["texts"]) == ("cancelled", "{}")
