"""The doors of activities and registration: who may come in, what comes back, and two hundred at the same door."""

import asyncio
import base64
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import httpx
import pytest
from people_fixtures import People, Visitor, people

from content import activity_plans
from content.activity_plans import Terms
from server.core import clock
from server.core.db import connection
from tests.content import hall

__all__ = ["people"]

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
PROFILE = {"name": "周明", "hospital": "江城示范医院"}
ACTIVITY = "/api/doctor/activities/{activity}"
DOORS: list[tuple[str, str, Any]] = [
    ("GET", f"{ACTIVITY}/registration", None),
    ("POST", f"{ACTIVITY}/registration", {"profile": PROFILE}),
    ("DELETE", f"{ACTIVITY}/registration", None),
    ("GET", f"{ACTIVITY}/phone-calendar", None),
    ("GET", "/api/doctor/registrations", None),
    ("GET", "/api/doctor/profile", None),
    ("PUT", "/api/doctor/profile", PROFILE),
    ("DELETE", "/api/doctor/profile", None),
]
IDS = [f"{method} {path}" for method, path, _ in DOORS]
_keys = count(1)


async def activity(starts_at: datetime | None = None, **plan: Any) -> int:
    """Publish an activity that was planned yesterday and begins tomorrow."""
    now = clock.now()
    times = {"starts_at": starts_at or now + DAY, "ends_at": (starts_at or now + DAY) + 3 * HOUR}
    return await hall.published_activity(at=now - DAY, plan={**times, **plan})


async def ask(
    client: httpx.AsyncClient, door: tuple[str, str, Any], activity_id: int, **headers: str
) -> httpx.Response:
    method, path, body = door
    extra = {} if body is None else {"json": body}
    given = {"idempotency-key": f"key-{next(_keys):08}", **headers}
    return await client.request(method, path.format(activity=activity_id), headers=given, **extra)


async def register(
    client: httpx.AsyncClient, visitor: Visitor, activity_id: int, *, key: str = "", profile: Any = PROFILE
) -> httpx.Response:
    return await client.post(
        f"/api/doctor/activities/{activity_id}/registration",
        headers={**visitor.headers, "idempotency-key": key or f"key-{next(_keys):08}"},
        json={} if profile is None else {"profile": profile},
    )


@pytest.mark.parametrize("door", DOORS, ids=IDS)
async def test_each_door_is_for_doctors_alone(client: httpx.AsyncClient, people: People, door: Any) -> None:
    activity_id = await activity()
    assert (await ask(client, door, activity_id)).status_code == 401
    assert (await ask(client, door, activity_id, **(await people.patient()).headers)).status_code == 403
    answer = await ask(client, door, activity_id, **(await people.doctor()).headers)
    assert answer.status_code == 200, answer.text


async def test_guests_see_what_takes_place_but_not_what_is_for_doctors(
    client: httpx.AsyncClient, people: People
) -> None:
    now = clock.now()
    plan = {"starts_at": now + DAY, "ends_at": now + DAY + HOUR}
    closed = await hall.published_activity(at=now - DAY, plan=plan, audience="doctor", title="闭门会")
    listed = (await client.get("/api/doctor/activities")).json()
    assert listed["items"] == []
    assert (await client.get(f"/api/doctor/activities/{closed}")).json()["code"] == "sign_in_needed"
    doctor = await people.doctor()
    listed = (await client.get("/api/doctor/activities", headers=doctor.headers)).json()
    assert [card["title"] for card in listed["items"]] == ["闭门会"]


async def test_the_list_is_in_the_order_of_time_and_has_no_entry_twice(
    client: httpx.AsyncClient, people: People
) -> None:
    now = clock.now()
    coming = [await activity(now + number * DAY) for number in (3, 1, 2)]
    past = [await activity(now - number * DAY) for number in (3, 1, 2)]
    running = await activity(now - HOUR)
    found: list[int] = []
    cursor = ""
    while True:
        page = (await client.get("/api/doctor/activities", params={"limit": 2, "cursor": cursor})).json()
        found += [card["id"] for card in page["items"]]
        if page["next"] is None:
            break
        cursor = page["next"]
    assert found == [running, coming[1], coming[2], coming[0]]
    over = (await client.get("/api/doctor/activities", params={"when": "past"})).json()["items"]
    assert [(card["id"], card["status"]) for card in over] == [(past[1], "over"), (past[2], "over"), (past[0], "over")]
    assert (await client.get("/api/doctor/activities", params={"form": "live"})).json()["items"] == []
    assert (await client.get("/api/doctor/activities", params={"cursor": "x"})).json()["code"] == "cursor_broken"
    assert (await client.get("/api/doctor/activities", params={"when": "never"})).status_code == 422


async def test_the_page_says_when_and_where_with_the_agenda_at_its_times(
    client: httpx.AsyncClient, people: People
) -> None:
    starts_at = (clock.now() + DAY).replace(microsecond=0)
    activity_id = await activity(starts_at, place_address="江城大道 1 号")
    page = (await client.get(f"/api/doctor/activities/{activity_id}")).json()
    assert (page["place_name"], page["place_address"]) == ("示范会议中心", "江城大道 1 号")
    agenda = [(datetime.fromisoformat(point["starts_at"]) - starts_at, point["title"]) for point in page["agenda"]]
    assert agenda == [(timedelta(), "开幕"), (timedelta(minutes=30), "手术演示")]
    assert (page["status"], page["registration"], page["seats_left"]) == ("upcoming", "open", 2)
    await activity_plans.plan(
        activity_id=activity_id,
        terms=Terms(starts_at=starts_at + DAY, ends_at=starts_at + DAY + HOUR, place_name="二号厅"),
        staff_id=1,
        at=clock.now(),
    )
    app_page = await _fresh(client, activity_id)
    assert datetime.fromisoformat(app_page["moved_from"]) == starts_at
    assert datetime.fromisoformat(app_page["agenda"][0]["starts_at"]) == starts_at + DAY


async def _fresh(client: httpx.AsyncClient, activity_id: int) -> Any:
    await asyncio.sleep(1.0)
    return (await client.get(f"/api/doctor/activities/{activity_id}")).json()


async def test_one_tap_registers_who_has_a_profile_and_asks_who_has_none(
    client: httpx.AsyncClient, people: People
) -> None:
    activity_id, doctor = await activity(), await people.doctor()
    refused = await register(client, doctor, activity_id, profile=None)
    assert (refused.status_code, refused.json()["code"]) == (409, "profile_needed")
    for bad in (
        {"name": " ", "hospital": "x"},
        {"name": "周明"},
        {"name": "周" * 41, "hospital": "x"},
        {"name": "a\0", "hospital": "x"},
    ):
        answer = await register(client, doctor, activity_id, profile=bad)
        assert answer.status_code == 422, answer.text
    told = (await register(client, doctor, activity_id)).json()
    assert told["state"] == "registered"
    other_id = await activity()
    assert (await register(client, doctor, other_id, profile=None)).json()["state"] == "registered"
    mine = (await client.get("/api/doctor/registrations", headers=doctor.headers)).json()["items"]
    assert {card["id"] for card in mine} == {activity_id, other_id}
    profile = (await client.get("/api/doctor/profile", headers=doctor.headers)).json()["profile"]
    assert profile == {**PROFILE, "department": "", "title": ""}
    held = await connection().value("SELECT sealed FROM profile WHERE account_id = $1", doctor.account_id)
    assert "周明".encode() not in held
    export = (await client.get("/api/doctor/me/export", headers=doctor.headers)).json()
    assert export["accounts"][0]["profile"]["name"] == "周明"
    assert {row["activity_id"] for row in export["content"]["registrations"]} == {activity_id, other_id}


async def test_the_same_request_sent_again_is_answered_the_same(client: httpx.AsyncClient, people: People) -> None:
    activity_id, doctor = await activity(), await people.doctor()
    first = await register(client, doctor, activity_id, key="one-tap-0001")
    await client.delete(f"/api/doctor/activities/{activity_id}/registration", headers=doctor.headers)
    again = await register(client, doctor, activity_id, key="one-tap-0001")
    assert again.json() == first.json()
    mine = await client.get(f"/api/doctor/activities/{activity_id}/registration", headers=doctor.headers)
    assert mine.json()["state"] == "cancelled"
    other = await register(client, doctor, await activity(), key="one-tap-0001")
    assert other.json()["code"] == "idempotency_key_reused"
    without = await client.post(f"/api/doctor/activities/{activity_id}/registration", headers=doctor.headers, json={})
    assert without.json()["code"] == "idempotency_key_needed"


async def test_the_doors_name_what_does_not_go(client: httpx.AsyncClient, people: People) -> None:
    doctor = await people.doctor()
    cold = await people.doctor("lin", consents=())
    now = clock.now()
    later = await activity(registration_opens_at=now + HOUR)
    over = await activity(now - 5 * HOUR)
    cancelled = await activity()
    await activity_plans.cancel(activity_id=cancelled, reason="", staff_id=1, at=now)
    for activity_id, who, code in (
        (later, doctor, "registration_closed"),
        (over, doctor, "registration_closed"),
        (cancelled, doctor, "activity_cancelled"),
        (await activity(), cold, "consent_needed"),
        (10**9, doctor, "item_missing"),
    ):
        answer = await register(client, who, activity_id)
        assert answer.json()["code"] == code, answer.text
        assert 400 <= answer.status_code < 500


async def test_a_code_is_shown_as_a_picture_and_in_letters_while_the_door_is_open(
    client: httpx.AsyncClient, people: People
) -> None:
    doctor = await people.doctor()
    soon, far = await activity(clock.now() + HOUR), await activity()
    for activity_id in (soon, far):
        await register(client, doctor, activity_id)
    shown = await client.get(f"/api/doctor/activities/{soon}/code", headers=doctor.headers)
    code = shown.json()
    head, _, picture = code["picture"].partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(picture).startswith(b"\x89PNG")
    assert len(code["short"]) == 9
    assert shown.headers["cache-control"] == "no-store"
    closed = await client.get(f"/api/doctor/activities/{far}/code", headers=doctor.headers)
    assert closed.json()["code"] == "door_closed"
    stranger = await client.get(f"/api/doctor/activities/{soon}/code", headers=(await people.doctor("lin")).headers)
    assert stranger.json()["code"] == "not_seated"


async def test_an_activity_goes_into_the_calendar_of_the_phone(client: httpx.AsyncClient, people: People) -> None:
    doctor, starts_at = await people.doctor(), (clock.now() + DAY).replace(microsecond=0)
    activity_id = await activity(starts_at, place_address="江城大道 1 号")
    event = (await client.get(f"/api/doctor/activities/{activity_id}/phone-calendar", headers=doctor.headers)).json()
    assert event["startTime"] == int(starts_at.timestamp())
    assert event["endTime"] == str(int((starts_at + 3 * HOUR).timestamp()))
    assert event["location"] == "示范会议中心 江城大道 1 号"
    assert event["alarmOffset"] == 3 * 3600
    begun = await activity(clock.now() - HOUR)
    refused = await client.get(f"/api/doctor/activities/{begun}/phone-calendar", headers=doctor.headers)
    assert refused.json()["code"] == "airs_no_more"


async def test_of_two_hundred_taps_at_once_for_the_last_seat_one_gets_it(
    client: httpx.AsyncClient, people: People
) -> None:
    activity_id = await activity(capacity=1)
    doctors = [await people.doctor(f"doctor-{number}") for number in range(200)]
    limits = httpx.Limits(max_connections=50)
    async with httpx.AsyncClient(base_url=client.base_url, timeout=60, limits=limits) as crowd:
        answers = await asyncio.gather(*(register(crowd, doctor, activity_id) for doctor in doctors))
    assert {answer.status_code for answer in answers} == {200}
    told = [answer.json() for answer in answers]
    assert sum(one["state"] == "registered" for one in told) == 1
    assert sorted(one["place_in_line"] for one in told if one["state"] == "waiting") == list(range(1, 200))
    row = await connection().row("SELECT seats_left, capacity FROM activity_plan WHERE activity_id = $1", activity_id)
    assert row is not None and tuple(row) == (0, 1)
