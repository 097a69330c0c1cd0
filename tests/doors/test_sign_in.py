"""Signing in, refreshing and signing out, through the doors and the WeChat stand-in."""

import asyncio
import base64
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from people_fixtures import People, Visitors

from cdp.sessions import GRACE
from server.core import clock
from server.core.db import connection
from server.core.redis import open_redis
from server.core.roles import Audience
from server.core.tokens import Tokens
from server.sandbox.demo import DOCTOR, DOCTOR_APPID, PATIENT, PATIENT_APPID, SECOND_DOCTOR
from server.sandbox.quotas import Limit

NEVER_ISSUED = "0" * 32


async def test_a_doctor_signs_in_and_is_known(visitors: Visitors) -> None:
    answer = await visitors.try_sign_in("doctor", DOCTOR_APPID, await visitors.code(DOCTOR))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert told["token_type"] == "Bearer"
    me = await visitors.client.get(
        "/api/doctor/me", headers={"authorization": f"{told['token_type']} {told['access_token']}"}
    )
    assert me.status_code == 200
    assert me.json() == {
        "account_id": told["account_id"],
        "audience": "doctor",
        "app_id": DOCTOR_APPID,
        "created_at": me.json()["created_at"],
        "phone": None,
        "consent_needed": True,
        "consent_version": "",
        "purposes": [],
    }


async def test_the_same_person_has_one_account_an_app_however_often_they_sign_in(visitors: Visitors) -> None:
    first, again = await visitors.sign_in(DOCTOR), await visitors.sign_in(DOCTOR)
    other = await visitors.sign_in(SECOND_DOCTOR)
    assert first.account_id == again.account_id != other.account_id


async def test_silent_sign_ins_at_once_make_one_account_and_all_stand(visitors: Visitors) -> None:
    codes = [await visitors.code(DOCTOR) for _ in range(6)]
    answers = await asyncio.gather(*(visitors.try_sign_in("doctor", DOCTOR_APPID, code) for code in codes))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["account_id"] for answer in answers}) == 1
    for answer in answers:
        me = await visitors.client.get(
            "/api/doctor/me", headers={"authorization": f"Bearer {answer.json()['access_token']}"}
        )
        assert me.status_code == 200
    assert await connection().value("SELECT count(*) FROM account") == 1
    assert await connection().value("SELECT count(*) FROM event WHERE name = 'account_created'") == 1


async def test_a_code_works_once(visitors: Visitors) -> None:
    code = await visitors.code(DOCTOR)
    answers = await asyncio.gather(*(visitors.try_sign_in("doctor", DOCTOR_APPID, code) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    refused = await visitors.try_sign_in("doctor", DOCTOR_APPID, code)
    assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (409, "code_used", "code")


@pytest.mark.parametrize(
    "code", [NEVER_ISSUED, "x", "代码", "a b", "\u0001"], ids=["unknown", "x", "zh", "blank", "control"]
)
async def test_what_is_no_code_is_refused(visitors: Visitors, code: str) -> None:
    answer = await visitors.try_sign_in("doctor", DOCTOR_APPID, code)
    assert (answer.status_code, answer.json()["code"]) == (422, "code_invalid")


async def test_a_code_expires_and_belongs_to_its_app_and_its_button(visitors: Visitors) -> None:
    late = await visitors.code(DOCTOR)
    await visitors.sandbox.pull("clock", seconds=301)
    for code in (late, await visitors.code(PATIENT, PATIENT_APPID), await visitors.sandbox.phone_code(DOCTOR)):
        answer = await visitors.try_sign_in("doctor", DOCTOR_APPID, code)
        assert (answer.status_code, answer.json()["code"]) == (422, "code_invalid")


@pytest.mark.parametrize("app_id", ["wx-unknown", PATIENT_APPID, "x", "' OR 1=1"])
async def test_an_app_of_the_other_portal_or_of_none_is_unknown(visitors: Visitors, app_id: str) -> None:
    answer = await visitors.try_sign_in("doctor", app_id, NEVER_ISSUED)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (404, "app_unknown", "app_id")


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"kind": "busy"}, 503, "wechat_busy"),
        ({"kind": "drop"}, 503, "wechat_busy"),
        ({"kind": "garbage"}, 503, "wechat_busy"),
        ({"kind": "slow", "seconds": 3}, 503, "wechat_busy"),
        ({"kind": "minute_quota"}, 429, "wechat_quota"),
        ({"kind": "daily_quota"}, 429, "wechat_quota"),
        ({"kind": "error", "code": 40226}, 403, "login_blocked"),
        ({"kind": "error", "code": 40163}, 409, "code_used"),
        ({"kind": "error", "code": 40029}, 422, "code_invalid"),
        ({"kind": "error", "code": 40013}, 503, "wechat_failed"),
        ({"kind": "error", "code": 40125}, 503, "wechat_failed"),
        ({"kind": "error", "code": 99999}, 503, "wechat_failed"),
    ],
    ids=lambda value: str(value) if not isinstance(value, dict) else f"{value['kind']}{value.get('code', '')}",
)
async def test_what_wechat_answers_becomes_a_named_refusal(
    visitors: Visitors, fault: dict[str, Any], status: int, code: str
) -> None:
    login = await visitors.code(DOCTOR)
    await visitors.sandbox.pull("faults", path="/sns/jscode2session", **fault)
    answer = await visitors.try_sign_in("doctor", DOCTOR_APPID, login)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ("retry-after" in answer.headers) == (status in {429, 503})
    assert await connection().value("SELECT count(*) FROM account") == 0


async def test_a_blocked_user_is_not_let_in(visitors: Visitors) -> None:
    await visitors.sandbox.pull("users", user="risky", name="某人", blocked=True)
    answer = await visitors.try_sign_in("doctor", DOCTOR_APPID, await visitors.code("risky"))
    assert (answer.status_code, answer.json()["code"]) == (403, "login_blocked")


async def test_a_brief_busyness_of_wechat_is_not_noticed(visitors: Visitors) -> None:
    code = await visitors.code(DOCTOR)
    await visitors.sandbox.pull("faults", path="/sns/jscode2session", kind="busy", times=2)
    assert (await visitors.try_sign_in("doctor", DOCTOR_APPID, code)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"app_id": "wx", "code": 5}',
        b'{"app_id": "wx", "code": ""}',
        b'{"app_id": "wx", "code": null}',
        b'{"app_id": "wx", "code": "a\\u0000b"}',
        b'{"app_id": "wx", "code": "\\ud800"}',
        b'{"app_id": "' + b"x" * 41 + b'", "code": "c"}',
        b'{"app_id": "wx", "code": "' + b"x" * 513 + b'"}',
        b"\xff\xfe",
        b"[" * 5000,
    ],
    ids=range(13),
)
async def test_a_bad_body_gets_a_named_refusal(visitors: Visitors, body: bytes) -> None:
    for path in ("sessions", "sessions/refresh", "sessions/demo"):
        answer = await visitors.client.post(f"/api/doctor/{path}", content=body)
        assert answer.status_code in {400, 422}, (path, answer.text)
        assert answer.json()["code"] in {"malformed", "bad_field"}


async def test_an_old_token_in_the_way_does_not_keep_anybody_from_signing_in(visitors: Visitors) -> None:
    headers = {"authorization": "Bearer gone"}
    body = {"app_id": DOCTOR_APPID, "code": await visitors.code(DOCTOR)}
    told = await visitors.client.post("/api/doctor/sessions", json=body, headers=headers)
    assert told.status_code == 200
    body = {"refresh_token": told.json()["refresh_token"]}
    again = await visitors.client.post("/api/doctor/sessions/refresh", json=body, headers=headers)
    assert again.status_code == 200


async def test_a_session_is_refreshed_and_reuse_ends_it(app: Any, visitors: Visitors) -> None:
    chen = await visitors.sign_in(DOCTOR)

    async def refresh(token: str, portal: str = "doctor") -> httpx.Response:
        return await visitors.client.post(f"/api/{portal}/sessions/refresh", json={"refresh_token": token})

    assert (await refresh(chen.refresh_token, "patient")).json()["code"] == "refresh_invalid"
    both = await asyncio.gather(refresh(chen.refresh_token), refresh(chen.refresh_token))
    assert [answer.status_code for answer in both] == [200, 200]
    assert both[0].json()["refresh_token"] == both[1].json()["refresh_token"]
    await connection().execute(
        "UPDATE refresh_token SET used_at = used_at - $1::interval", GRACE + timedelta(seconds=1)
    )
    reused = await refresh(chen.refresh_token)
    assert (reused.status_code, reused.json()["code"]) == (401, "refresh_reused")
    ended = await refresh(both[0].json()["refresh_token"])
    assert (ended.status_code, ended.json()["code"]) == (401, "session_ended")
    for answer in both:
        headers = {"authorization": f"Bearer {answer.json()['access_token']}"}
        me = await visitors.client.get("/api/doctor/me", headers=headers)
        assert (me.status_code, me.json()["code"]) == (401, "session_ended")


async def test_whoever_signs_out_is_out(visitors: Visitors) -> None:
    chen = await visitors.sign_in(DOCTOR)
    assert (await visitors.client.delete("/api/doctor/sessions/current", headers=chen.headers)).status_code == 200
    for method, path in (("GET", "/api/doctor/me"), ("DELETE", "/api/doctor/sessions/current")):
        answer = await visitors.client.request(method, path, headers=chen.headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")


OWN = [
    ("GET", "me", None),
    ("GET", "me/export", None),
    ("DELETE", "me", None),
    ("PUT", "me/phone", {"code": "x"}),
    ("DELETE", "me/phone", None),
    ("POST", "consents", {"purpose": "service", "version": "2026-11-22", "granted": True}),
    ("DELETE", "sessions/current", None),
]


@pytest.mark.parametrize(("method", "path", "body"), OWN, ids=[f"{method} {path}" for method, path, _ in OWN])
async def test_a_door_of_ones_own_lets_in_only_its_portals_people(
    people: People, client: httpx.AsyncClient, method: str, path: str, body: Any
) -> None:
    for portal, other in (("doctor", "patient"), ("patient", "doctor")):
        visitors = {"doctor": await people.doctor(), "patient": await people.patient()}
        address = f"/api/{portal}/{path}"
        guest = await client.request(method, address, json=body)
        assert (guest.status_code, guest.json()["code"]) == (401, "not_signed_in")
        assert guest.headers["www-authenticate"].startswith("Bearer")
        wrong = await client.request(method, address, json=body, headers=visitors[other].headers)
        assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_role")
        right = await client.request(method, address, json=body, headers=visitors[portal].headers)
        assert right.status_code not in {401, 403, 500}, right.text


async def test_tokens_that_are_not_good(app: Any, people: People, client: httpx.AsyncClient) -> None:
    chen, lin = await people.doctor("chen"), await people.doctor("lin")
    tokens: Tokens = app.ctx.tokens
    at = clock.now()

    def made(**parts: Any) -> str:
        values = {"account_id": chen.account_id, "session_id": chen.session_id, "at": at, **parts}
        return tokens.make_access(**values)

    head, payload, signature = chen.access_token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    forged = base64.urlsafe_b64encode(json.dumps({**claims, "sub": str(lin.account_id)}).encode()).rstrip(b"=").decode()
    nobody = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    another = Tokens(b"o" * 32, access_minutes=15).make_access(
        account_id=chen.account_id, session_id=chen.session_id, at=at
    )
    for header, code in [
        (f"Bearer {made(at=at - timedelta(minutes=16))}", "token_expired"),
        (f"Bearer {made(session_id='never')}", "session_ended"),
        (f"Bearer {made(account_id=lin.account_id)}", "session_ended"),
        (f"Bearer {made(account_id=999_999)}", "session_ended"),
        (f"Bearer {head}.{forged}.{signature}", "token_invalid"),
        (f"Bearer {nobody}.{payload}.", "token_invalid"),
        (f"Bearer {another}", "token_invalid"),
        (f"Basic {chen.access_token}", "token_invalid"),
        (f"Bearer {chen.refresh_token}", "token_invalid"),
        ("Bearer", "token_invalid"),
        (chen.access_token, "token_invalid"),
    ]:
        answer = await client.get("/api/doctor/me", headers={"authorization": header})
        assert (answer.status_code, answer.json()["code"]) == (401, code), header


async def test_too_many_tries_from_one_address_are_refused(app: Any, visitors: Visitors) -> None:
    app.ctx.settings = replace(app.ctx.settings, sign_ins_a_minute=3)
    for _ in range(3):
        assert (await visitors.try_sign_in("doctor", DOCTOR_APPID, NEVER_ISSUED)).status_code == 422
    refused = await visitors.try_sign_in("doctor", DOCTOR_APPID, NEVER_ISSUED)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_often")
    assert int(refused.headers["retry-after"]) > 0
    assert visitors.sandbox.calls("/sns/jscode2session") == 3


async def test_the_users_own_quota_at_wechat_is_told(visitors: Visitors) -> None:
    visitors.sandbox.world.quotas.limits["code2session"] = Limit(a_minute=1)
    answers = [await visitors.try_sign_in("doctor", DOCTOR_APPID, await visitors.code(DOCTOR)) for _ in range(2)]
    assert answers[0].status_code == 200
    assert (answers[1].status_code, answers[1].json()["code"]) == (429, "wechat_quota")
    assert answers[1].headers["retry-after"] == "60"


async def test_demo_people_are_listed_and_sign_in(visitors: Visitors) -> None:
    listed = (await visitors.client.get("/api/patient/sessions/demo")).json()["users"]
    assert {"user": PATIENT, "name": "演示患者王"} in listed
    answer = await visitors.client.post("/api/patient/sessions/demo", json={"user": PATIENT})
    assert answer.status_code == 200
    me = await visitors.client.get(
        "/api/patient/me", headers={"authorization": f"Bearer {answer.json()['access_token']}"}
    )
    assert me.json()["audience"] == Audience.PATIENT
    assert answer.json()["account_id"] == (await visitors.sign_in(PATIENT, Audience.PATIENT)).account_id


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"user": "nobody"}, "demo_user_missing"),
        ({"user": DOCTOR, "app_id": PATIENT_APPID}, "app_unknown"),
        ({"user": DOCTOR, "app_id": "wx-none"}, "demo_user_missing"),
    ],
    ids=["nobody", "other portal", "no app"],
)
async def test_demo_sign_ins_that_cannot_be(visitors: Visitors, body: dict[str, str], code: str) -> None:
    answer = await visitors.client.post("/api/doctor/sessions/demo", json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, code)


@pytest.mark.parametrize("parts", [{"demo": False}, {"mode": "production"}], ids=["off", "production"])
async def test_there_are_no_demo_sign_ins_where_they_are_off(
    app: Any, visitors: Visitors, parts: dict[str, Any]
) -> None:
    app.ctx.settings = replace(app.ctx.settings, **parts)
    assert (await visitors.client.get("/api/doctor/sessions/demo")).status_code == 404
    answer = await visitors.client.post("/api/doctor/sessions/demo", json={"user": DOCTOR})
    assert (answer.status_code, answer.json()["code"]) == (404, "missing")


async def test_a_demo_sign_in_without_its_stand_in_says_come_back_later(app: Any, visitors: Visitors) -> None:
    app.ctx.settings = replace(app.ctx.settings, wechat_url="http://127.0.0.1:1")
    answer = await visitors.client.get("/api/doctor/sessions/demo")
    assert (answer.status_code, answer.json()["code"]) == (503, "away")
    assert "retry-after" in answer.headers


async def test_signing_in_and_out_work_while_redis_is_away(app: Any, visitors: Visitors) -> None:
    at_hand, app.ctx.redis = app.ctx.redis, open_redis("redis://127.0.0.1:1/0")
    try:
        chen = await visitors.sign_in(DOCTOR)
        await visitors.agree(chen)
        answer = await visitors.client.post("/api/doctor/sessions/refresh", json={"refresh_token": chen.refresh_token})
        assert answer.status_code == 200
        assert (await visitors.client.delete("/api/doctor/sessions/current", headers=chen.headers)).status_code == 200
        assert (await visitors.client.get("/api/doctor/me", headers=chen.headers)).status_code == 401
    finally:
        await app.ctx.redis.aclose()
        app.ctx.redis = at_hand
