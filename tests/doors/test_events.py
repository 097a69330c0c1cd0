"""The door of the log: who may hand in what, what each event is told, and what becomes of bad bodies."""

import gzip
import json
from typing import Any

import httpx
import jsonschema
import pytest
from log_samples import batch, event
from people_fixtures import APPS, People

from cdp.batches import MOST_BYTES
from server.core.db import connection
from server.core.roles import Audience
from server.demo.consent_texts import VERSION
from server.doors.events import EXAMPLE

PATH = "/api/events"
GUEST = {"app": APPS[Audience.PATIENT], "consent": {"version": VERSION, "purposes": ["service", "analytics"]}}


async def hand_in(client: httpx.AsyncClient, *events: Any, headers: Any = None, **parts: Any) -> list[Any]:
    answer = await client.post(PATH, json=batch(*events, **parts), headers=headers or {})
    assert answer.status_code == 200, answer.text
    results: list[Any] = answer.json()["results"]
    return results


async def stored() -> list[Any]:
    return await connection().fetch("SELECT * FROM event WHERE source = 2 ORDER BY number")


async def test_every_event_is_told_what_became_of_it(client: httpx.AsyncClient, people: People) -> None:
    doctor = await people.sign_in("ada")
    good, unknown, bad = event(), event(name="content_zoom"), event(body={"item_id": "seven", "kind": "episode"})
    assert await hand_in(client, good, unknown, bad, good, headers=doctor.headers) == [
        {"event_id": good["event_id"], "outcome": "accepted"},
        {"event_id": unknown["event_id"], "outcome": "quarantined", "code": "unknown_event"},
        {
            "event_id": bad["event_id"],
            "outcome": "rejected",
            "code": "bad_field",
            "field": "events[2].body.item_id",
            "detail": "Expected `int`, got `str`.",
        },
        {"event_id": good["event_id"], "outcome": "duplicate"},
    ]


async def test_who_did_it_is_told_by_the_token_and_by_nothing_else(client: httpx.AsyncClient, people: People) -> None:
    doctor = await people.sign_in("ada")
    await hand_in(client, event(), headers=doctor.headers, **GUEST)
    (row,) = await stored()
    assert (row["account_id"], row["audience"], row["app"]) == (doctor.account_id, "doctor", APPS[Audience.DOCTOR])
    answer = await client.post(PATH, json=batch(event(), account_id=1), headers=doctor.headers)
    assert (answer.status_code, answer.json()["field"]) == (422, "account_id")
    (refused,) = await hand_in(client, event(account_id=1), headers=doctor.headers)
    assert (refused["outcome"], refused["field"]) == ("rejected", "events[0].account_id")


@pytest.mark.parametrize("consents", [(), ("service",), ("service", "marketing")])
async def test_who_has_not_agreed_to_analytics_is_not_written_down(
    client: httpx.AsyncClient, people: People, consents: tuple[str, ...]
) -> None:
    doctor = await people.sign_in("ada", consents=consents)
    results = await hand_in(client, event(), event(name="content_zoom"), headers=doctor.headers, **GUEST)
    assert [result["code"] for result in results] == ["no_consent"] * 2
    assert await stored() == []
    assert await connection().value("SELECT count(*) FROM quarantine") == 0


async def test_a_guest_who_agreed_on_the_device_is_written_without_an_account(
    client: httpx.AsyncClient, people: People
) -> None:
    await people.sign_in("somebody, so that there are apps and texts")
    assert (await hand_in(client, event(), **GUEST))[0]["outcome"] == "accepted"
    (row,) = await stored()
    assert (row["account_id"], row["audience"], row["app"]) == (None, "patient", APPS[Audience.PATIENT])
    assert (row["consent_version"], row["purposes"]) == (VERSION, ["analytics", "service"])


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"consent": None},
        {"consent": {"version": "1999-01-01", "purposes": ["service", "analytics"]}},
        {"consent": {"version": VERSION, "purposes": ["analytics"]}},
        {"consent": {"version": VERSION, "purposes": ["service"]}},
    ],
    ids=["no word", "null", "a text that never was", "not to the service", "not to analytics"],
)
async def test_a_guest_who_did_not_agree_is_not_written_down(
    client: httpx.AsyncClient, people: People, parts: dict[str, Any]
) -> None:
    await people.sign_in("somebody, so that there are apps and texts")
    (refused,) = await hand_in(client, event(), **parts)
    assert (refused["outcome"], refused["code"]) == ("rejected", "no_consent")
    assert await stored() == []


async def test_a_guest_of_an_unknown_app_has_no_audience(client: httpx.AsyncClient, people: People) -> None:
    await people.sign_in("somebody, so that there are apps and texts")
    await hand_in(client, event(), **{**GUEST, "app": "wx_somewhere_else"})
    (row,) = await stored()
    assert (row["audience"], row["app"]) == (None, None)


@pytest.mark.parametrize(
    ("agent", "reasons"),
    [
        ("Mozilla/5.0 (iPhone) MicroMessenger/8.0.44 MiniProgramEnv", None),
        ("Mozilla/5.0 (compatible; Baiduspider/2.0)", ["user_agent"]),
        ("curl/8.5", ["user_agent"]),
        ("", ["no_user_agent"]),
    ],
)
async def test_bots_are_flagged_and_not_dropped(
    client: httpx.AsyncClient, people: People, agent: str, reasons: list[str] | None
) -> None:
    doctor = await people.sign_in("ada")
    results = await hand_in(client, event(), headers={**doctor.headers, "user-agent": agent})
    assert results[0]["outcome"] == "accepted"
    assert (await stored())[0]["bot_reasons"] == reasons


async def test_a_token_that_is_not_good_is_refused_and_not_taken_for_a_guest(client: httpx.AsyncClient) -> None:
    answer = await client.post(PATH, json=batch(event(), **GUEST), headers={"authorization": "Bearer x"})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


async def test_a_batch_may_be_packed(client: httpx.AsyncClient, people: People) -> None:
    doctor = await people.sign_in("ada")
    body = gzip.compress(json.dumps(batch(event())).encode())
    answer = await client.post(PATH, content=body, headers={**doctor.headers, "content-encoding": "gzip"})
    assert (answer.status_code, answer.json()["results"][0]["outcome"]) == (200, "accepted")


WHOLE = json.dumps(batch(event())).encode()


@pytest.mark.parametrize(
    ("body", "encoding", "status", "code"),
    [
        (b"", "identity", 400, "malformed"),
        (b"{]", "identity", 400, "malformed"),
        (WHOLE.replace(b'{"item_id"', b"[" * 100_000 + b'{"item_id"'), "identity", 400, "malformed"),
        (WHOLE.replace(b'"episode"', b'"\xff"'), "identity", 400, "malformed"),
        (b"{}", "identity", 422, "bad_field"),
        (b" " * MOST_BYTES + b"{}", "identity", 413, "batch_too_large"),
        (json.dumps(batch(*[event()] * 501)).encode(), "identity", 413, "batch_too_large"),
        (gzip.compress(b" " * 300 * MOST_BYTES), "gzip", 413, "unpacked_too_large"),
        (gzip.compress(WHOLE)[:-9], "gzip", 400, "malformed"),
        (gzip.compress(WHOLE) + b"more", "gzip", 400, "malformed"),
        (WHOLE, "gzip", 400, "malformed"),
        (WHOLE, "br", 415, "encoding_unknown"),
    ],
    ids=[
        "nothing", "no JSON", "nested without end", "no UTF-8", "no batch", "more than 1 MB",
        "501 events", "a bomb", "gzip cut off", "gzip and more", "not packed at all", "packed in another way",
    ],
)  # fmt: skip
async def test_a_bad_body_is_refused_by_name(
    client: httpx.AsyncClient, people: People, body: bytes, encoding: str, status: int, code: str
) -> None:
    doctor = await people.sign_in("ada")
    answer = await client.post(PATH, content=body, headers={**doctor.headers, "content-encoding": encoding})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await stored() == []


async def test_the_good_ones_of_a_batch_with_half_of_a_character_are_taken(
    client: httpx.AsyncClient, people: People
) -> None:
    doctor = await people.sign_in("ada")
    bad, long = event(page="pages/\ud800"), event(name="content_zoom", body={"said": "病" * 15_000})
    number = event(name="content_zoom", body={"a": "NUMBER"})
    text = json.dumps(batch(event(), bad, number)).replace('"NUMBER"', "9" * 5000)
    text = text.replace("]", ", " + json.dumps(long, ensure_ascii=False) + "]")
    answer = await client.post(PATH, content=text.encode(), headers=doctor.headers)
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [one["outcome"] for one in results] == ["accepted", "rejected", "rejected", "quarantined"]
    assert results[1] == {
        "event_id": bad["event_id"],
        "outcome": "rejected",
        "code": "malformed",
        "field": "events[1].page",
        "detail": "A text contains half of a character (a lone surrogate).",
    }
    assert (results[2]["event_id"], results[2]["field"]) == (number["event_id"], "events[2].body.a")


async def test_the_example_of_the_interface_is_a_good_one(client: httpx.AsyncClient, people: People) -> None:
    doctor = await people.sign_in("ada")
    answer = await client.post(PATH, json=EXAMPLE, headers=doctor.headers)
    assert [result["outcome"] for result in answer.json()["results"]] == ["accepted"]


async def test_the_catalogue_is_served_with_its_tag(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{PATH}/schema")
    assert answer.headers["content-type"] == "application/schema+json"
    described = (await client.get("/openapi.json")).json()["paths"][f"{PATH}/schema"]["get"]["responses"]["200"]
    assert list(described["content"]) == ["application/schema+json"]
    jsonschema.Draft202012Validator.check_schema(answer.json())
    again = await client.get(f"{PATH}/schema", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_catalogue_tells_good_events_from_bad_ones(client: httpx.AsyncClient) -> None:
    schema = jsonschema.Draft202012Validator((await client.get(f"{PATH}/schema")).json())
    good = {**event(), "source": "client"}
    assert schema.is_valid(good)
    for bad in ({"source": "server"}, {"name": "content_zoom"}, {"body": {"item_id": 7}}, {"schema": "9-0-0"}):
        assert not schema.is_valid({**good, **bad})


async def test_the_interface_describes_what_the_door_takes(client: httpx.AsyncClient, people: People) -> None:
    document = (await client.get("/openapi.json")).json()
    door = document["paths"][PATH]["post"]
    shape = {**door["requestBody"]["content"]["application/json"]["schema"], "components": document["components"]}
    jsonschema.Draft202012Validator(shape).validate(json.loads(json.dumps(batch(event()))))
    assert {"400", "401", "413", "415", "422", "503"} <= door["responses"].keys()
    doctor = await people.sign_in("ada")
    answer = await client.post(PATH, json=batch(event(), event(sequence=-1)), headers=doctor.headers)
    reply = {**door["responses"]["200"]["content"]["application/json"]["schema"], "components": document["components"]}
    jsonschema.Draft202012Validator(reply).validate(answer.json())
