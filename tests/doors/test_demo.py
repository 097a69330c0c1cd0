"""The doors that press the stand-in's buttons: for trying only, and only for oneself."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from people_fixtures import People, Visitors

from server.core import clock
from server.demo import notices
from server.sandbox.demo import DOCTOR_APPID, TEMPLATE_STARTS_SOON

PROMPT = {"results": {TEMPLATE_STARTS_SOON: "accept"}}


async def test_an_answered_prompt_reaches_the_stand_in(visitors: Visitors, client: httpx.AsyncClient) -> None:
    await notices.seed(at=clock.now())
    doctor = await visitors.sign_in("doctor-chen")
    await visitors.agree(doctor)
    answer = await client.post("/api/doctor/demo/prompts", json=PROMPT, headers=doctor.headers)
    assert answer.status_code == 200, answer.text
    assert visitors.sandbox.world.credits[DOCTOR_APPID, "doctor-chen", TEMPLATE_STARTS_SOON] == 1
    # The house hears of it from the client, as from a real phone.
    credits = (await client.get("/api/doctor/messages/credits", headers=doctor.headers)).json()["items"]
    assert {one["left"] for one in credits} == {0}


async def test_a_declined_prompt_grants_nothing_there(visitors: Visitors, client: httpx.AsyncClient) -> None:
    doctor = await visitors.sign_in("doctor-chen")
    declined = {"results": {TEMPLATE_STARTS_SOON: "reject"}}
    answer = await client.post("/api/doctor/demo/prompts", json=declined, headers=doctor.headers)
    assert answer.status_code == 200
    assert not visitors.sandbox.world.credits.get((DOCTOR_APPID, "doctor-chen", TEMPLATE_STARTS_SOON))


async def test_the_phone_button_gives_a_code_that_binds(visitors: Visitors, client: httpx.AsyncClient) -> None:
    doctor = await visitors.sign_in("doctor-chen")
    await visitors.agree(doctor)
    pressed = await client.post("/api/doctor/demo/phone-code", headers=doctor.headers)
    assert pressed.status_code == 200, pressed.text
    bound = await client.put("/api/doctor/me/phone", json=pressed.json(), headers=doctor.headers)
    assert (bound.status_code, bound.json()["masked"]) == (200, "138****8001")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"results": {}}, "bad_field"),
        ({"results": {TEMPLATE_STARTS_SOON: "perhaps"}}, "bad_field"),
        ({"results": {"no-such-template": "accept"}}, "demo_user_missing"),
        ({}, "bad_field"),
    ],
    ids=["nothing", "another answer", "a strange template", "no results"],
)
async def test_a_bad_prompt_is_refused_by_name(
    visitors: Visitors, client: httpx.AsyncClient, body: dict[str, Any], code: str
) -> None:
    doctor = await visitors.sign_in("doctor-chen")
    answer = await client.post("/api/doctor/demo/prompts", json=body, headers=doctor.headers)
    assert 400 <= answer.status_code < 500
    assert answer.json()["code"] == code


async def test_guests_have_no_buttons(client: httpx.AsyncClient, people: People) -> None:
    assert (await client.post("/api/doctor/demo/prompts", json=PROMPT)).status_code == 401
    assert (await client.post("/api/doctor/demo/phone-code")).status_code == 401
    patient = await people.patient()
    assert (await client.post("/api/doctor/demo/phone-code", headers=patient.headers)).status_code == 403


@pytest.mark.parametrize("change", [{"demo": False}, {"mode": "production"}], ids=["not for trying", "production"])
async def test_without_demo_sign_ins_the_doors_are_not_there(
    visitors: Visitors, app: Any, client: httpx.AsyncClient, change: dict[str, Any]
) -> None:
    doctor = await visitors.sign_in("doctor-chen")
    settings = app.ctx.settings
    app.ctx.settings = replace(settings, **change)
    try:
        prompts = await client.post("/api/doctor/demo/prompts", json=PROMPT, headers=doctor.headers)
        phone = await client.post("/api/doctor/demo/phone-code", headers=doctor.headers)
    finally:
        app.ctx.settings = settings
    assert (prompts.status_code, phone.status_code) == (404, 404)
