"""The stand-in holds to the platform's pages, spoken to by bare HTTP."""

import hashlib
import hmac
import json
import re

import pytest
from wechat_fixtures import RunningSandbox

from server.sandbox.demo import (
    DOCTOR,
    DOCTOR_APPID,
    DOCTOR_SECRET,
    PATIENT,
    PATIENT_APPID,
    PATIENT_SECRET,
    SECOND_PATIENT,
    TEMPLATE_STARTS_SOON,
)

LOGIN = {"appid": DOCTOR_APPID, "secret": DOCTOR_SECRET, "grant_type": "authorization_code"}
TOKEN = {"appid": DOCTOR_APPID, "secret": DOCTOR_SECRET, "grant_type": "client_credential"}
VALUES = {
    "thing1": {"value": "医探究竟 第一集"},
    "time2": {"value": "2026年11月1日 19:30"},
    "thing3": {"value": "点击观看"},
}


async def stable(sandbox: RunningSandbox, *, appid: str = DOCTOR_APPID, force: bool = False) -> dict:
    secret = DOCTOR_SECRET if appid == DOCTOR_APPID else PATIENT_SECRET
    body = {**TOKEN, "appid": appid, "secret": secret, "force_refresh": force}
    return (await sandbox.http.post("/cgi-bin/stable_token", json=body)).json()


async def login(sandbox: RunningSandbox, code: str, **other: str) -> dict:
    return (await sandbox.http.get("/sns/jscode2session", params={**LOGIN, "js_code": code, **other})).json()


async def send(sandbox: RunningSandbox, token: str, **other: object) -> dict:
    body = {
        "touser": sandbox.world.openid(DOCTOR_APPID, DOCTOR),
        "template_id": TEMPLATE_STARTS_SOON,
        "data": VALUES,
        **other,
    }
    path = "/cgi-bin/message/subscribe/send"
    content = json.dumps(body, ensure_ascii=False).encode()
    headers = {"content-type": "application/json"}
    return (await sandbox.http.post(path, params={"access_token": token}, content=content, headers=headers)).json()


# Signing in.


async def test_a_login_code_gives_openid_session_key_and_unionid_without_an_errcode(sandbox):
    told = await login(sandbox, await sandbox.login_code(DOCTOR))

    assert set(told) == {"openid", "session_key", "unionid"}


async def test_the_same_person_has_another_openid_in_the_other_app_and_the_same_unionid(sandbox):
    doctor_app = await login(sandbox, await sandbox.login_code(DOCTOR))
    patient_app = await login(
        sandbox, await sandbox.login_code(DOCTOR, PATIENT_APPID), appid=PATIENT_APPID, secret=PATIENT_SECRET
    )

    assert doctor_app["openid"] != patient_app["openid"]
    assert doctor_app["unionid"] == patient_app["unionid"]


async def test_an_app_without_an_open_platform_account_gives_no_unionid(sandbox):
    await sandbox.pull("apps", appid="wxalone", secret="s")
    told = await login(sandbox, await sandbox.login_code(DOCTOR, "wxalone"), appid="wxalone", secret="s")

    assert set(told) == {"openid", "session_key"}


async def test_a_login_code_works_once(sandbox):
    code = await sandbox.login_code(DOCTOR)
    await login(sandbox, code)

    assert (await login(sandbox, code))["errcode"] == 40163


async def test_a_login_code_lives_five_minutes(sandbox):
    early, late = await sandbox.login_code(DOCTOR), await sandbox.login_code(DOCTOR)
    await sandbox.pull("clock", seconds=299)
    assert "openid" in await login(sandbox, early)
    await sandbox.pull("clock", seconds=1)

    assert (await login(sandbox, late))["errcode"] == 40029


async def test_a_login_code_of_another_app_or_of_the_phone_button_is_invalid(sandbox):
    assert (await login(sandbox, await sandbox.login_code(DOCTOR, PATIENT_APPID)))["errcode"] == 40029
    assert (await login(sandbox, await sandbox.phone_code(DOCTOR)))["errcode"] == 40029


async def test_a_blocked_user_is_not_let_in(sandbox):
    await sandbox.pull("users", user="risky", blocked=True)

    assert (await login(sandbox, await sandbox.login_code("risky")))["errcode"] == 40226


async def test_a_user_signs_in_a_hundred_times_a_minute_and_no_more(sandbox):
    await sandbox.pull("quotas", name="code2session", a_minute=2)
    for _ in range(2):
        assert "openid" in await login(sandbox, await sandbox.login_code(DOCTOR))
    code = await sandbox.login_code(DOCTOR)
    assert (await login(sandbox, code))["errcode"] == 45011
    await sandbox.pull("clock", seconds=60)

    assert "openid" in await login(sandbox, code)


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"js_code": ""}, 41008),
        ({"appid": "wxnobody"}, 40013),
        ({"secret": "wrong"}, 40125),
        ({"grant_type": "client_credential"}, 40002),
        ({"js_code": "never-issued"}, 40029),
    ],
    ids=str,
)
async def test_a_sign_in_with_a_wrong_parameter_gets_its_number(sandbox, change, errcode):
    query = {**LOGIN, "js_code": "anything", **change}

    answered = await sandbox.http.get("/sns/jscode2session", params=query)

    assert answered.status_code == 200
    assert answered.json()["errcode"] == errcode


async def test_errors_come_as_text_with_status_200_and_a_trace_that_changes(sandbox):
    first = await sandbox.http.get("/sns/jscode2session", params={**LOGIN, "js_code": "x"})
    second = await sandbox.http.get("/sns/jscode2session", params={**LOGIN, "js_code": "x"})

    assert first.headers["content-type"].startswith("text/plain")
    assert re.search(r" rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$", first.json()["errmsg"])
    assert first.json()["errmsg"] != second.json()["errmsg"]


# Tokens.


async def test_the_old_token_ends_with_the_next_call_for_one(sandbox):
    first = (await sandbox.http.get("/cgi-bin/token", params=TOKEN)).json()["access_token"]
    second = (await sandbox.http.get("/cgi-bin/token", params=TOKEN)).json()["access_token"]

    assert (await send(sandbox, first))["errcode"] == 40001
    assert (await send(sandbox, second))["errcode"] == 43101


async def test_the_stable_token_stays_the_same_and_is_not_touched_by_the_old_one(sandbox):
    first = await stable(sandbox)
    await sandbox.http.get("/cgi-bin/token", params=TOKEN)
    await sandbox.pull("clock", seconds=100)
    again = await stable(sandbox)

    assert again["access_token"] == first["access_token"]
    assert 7000 < again["expires_in"] <= 7100
    assert (await send(sandbox, first["access_token"]))["errcode"] == 43101


async def test_the_stable_token_is_renewed_in_its_last_five_minutes_while_the_old_one_works_on(sandbox):
    first = (await stable(sandbox))["access_token"]
    await sandbox.pull("clock", seconds=6900)
    second = (await stable(sandbox))["access_token"]
    assert second != first
    assert (await send(sandbox, first))["errcode"] == 43101
    assert (await send(sandbox, second))["errcode"] == 43101
    await sandbox.pull("clock", seconds=300)

    assert (await send(sandbox, first))["errcode"] == 42001
    assert (await send(sandbox, second))["errcode"] == 43101


async def test_a_forced_renewal_ends_the_old_token_at_once_but_not_twice_in_thirty_seconds(sandbox):
    first = (await stable(sandbox))["access_token"]
    second = (await stable(sandbox, force=True))["access_token"]
    third = (await stable(sandbox, force=True))["access_token"]
    assert second != first
    assert third == second
    assert (await send(sandbox, first))["errcode"] == 40001
    await sandbox.pull("clock", seconds=30)

    assert (await stable(sandbox, force=True))["access_token"] != second


async def test_a_token_is_renewed_by_force_twenty_times_a_day_at_most(sandbox):
    seen = set()
    for _ in range(25):
        seen.add((await stable(sandbox, force=True))["access_token"])
        await sandbox.pull("clock", seconds=31)

    assert len(seen) == 20


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"secret": "wrong"}, 40125),
        ({"appid": "x"}, 40013),
        ({"grant_type": "x"}, 40002),
        ({"force_refresh": 1}, 47001),
    ],
    ids=str,
)
async def test_a_wrong_question_for_a_stable_token_gets_its_number(sandbox, change, errcode):
    answered = await sandbox.http.post("/cgi-bin/stable_token", json={**TOKEN, **change})

    assert answered.json()["errcode"] == errcode


async def test_the_old_token_call_tells_of_a_wrong_secret_as_of_a_wrong_token(sandbox):
    answered = await sandbox.http.get("/cgi-bin/token", params={**TOKEN, "secret": "wrong"})

    assert answered.json()["errcode"] == 40001


@pytest.mark.parametrize(
    ("token", "errcode"), [("", 41001), ("not a token!", 40014), ("80_" + "a" * 100, 40001)], ids=str
)
async def test_a_wrong_token_gets_its_number(sandbox, token, errcode):
    assert (await send(sandbox, token))["errcode"] == errcode


# The form of a request.


@pytest.mark.parametrize(
    ("content", "content_type", "errcode"),
    [
        (b"", "application/json", 44002),
        (b"grant_type=client_credential", "application/x-www-form-urlencoded", 47001),
        (b"{", "application/json", 47001),
        (b"[]", "application/json", 47001),
        (b'{"a": "\xff"}', "application/json", 47001),
        (b'{"a": "\\u674f"}', "application/json", 47001),
        (b"[" * 100_000, "application/json", 47001),
    ],
    ids=["empty", "form", "broken", "array", "not UTF-8", "escaped", "deep"],
)
async def test_a_body_that_is_not_raw_json_gets_its_number(sandbox, content, content_type, errcode):
    answered = await sandbox.http.post("/cgi-bin/stable_token", content=content, headers={"content-type": content_type})

    assert answered.json()["errcode"] == errcode


async def test_an_escaped_backslash_before_a_u_is_no_escape(sandbox):
    body = b'{"grant_type": "\\\\u674f"}'

    answered = await sandbox.http.post(
        "/cgi-bin/stable_token", content=body, headers={"content-type": "application/json"}
    )

    assert answered.json()["errcode"] == 40002


async def test_the_wrong_method_and_an_unknown_path_get_their_numbers_with_status_200(sandbox):
    answered = [
        await sandbox.http.get("/cgi-bin/stable_token"),
        await sandbox.http.post("/sns/jscode2session", json={}),
        await sandbox.http.get("/cgi-bin/nothing"),
    ]

    assert [a.status_code for a in answered] == [200, 200, 200]
    assert [a.json()["errcode"] for a in answered] == [43002, 43001, 40066]


# Phone numbers and sessions.


async def phone(sandbox: RunningSandbox, code: object, *, appid: str = DOCTOR_APPID, **other: object) -> dict:
    token = (await stable(sandbox, appid=appid))["access_token"]
    path = "/wxa/business/getuserphonenumber"
    return (await sandbox.http.post(path, params={"access_token": token}, json={"code": code, **other})).json()


async def test_a_phone_code_gives_the_number_with_the_watermark_of_the_app(sandbox):
    info = (await phone(sandbox, await sandbox.phone_code(DOCTOR)))["phone_info"]

    assert info["phoneNumber"] == info["purePhoneNumber"] == "13800138001"
    assert info["countryCode"] == 86
    assert info["watermark"]["appid"] == DOCTOR_APPID


async def test_a_number_from_abroad_bears_its_country(sandbox):
    info = (await phone(sandbox, await sandbox.phone_code(SECOND_PATIENT, PATIENT_APPID), appid=PATIENT_APPID))[
        "phone_info"
    ]

    assert (info["phoneNumber"], info["purePhoneNumber"], info["countryCode"]) == ("+85260000001", "60000001", "852")


async def test_a_phone_code_works_once_within_five_minutes_in_its_own_app(sandbox):
    used, late, foreign = [await sandbox.phone_code(DOCTOR) for _ in range(3)]
    await phone(sandbox, used)
    assert (await phone(sandbox, used))["errcode"] == 40029
    assert (await phone(sandbox, foreign, appid=PATIENT_APPID))["errcode"] == 40013
    assert (await phone(sandbox, await sandbox.login_code(DOCTOR)))["errcode"] == 40029
    assert (await phone(sandbox, 7))["errcode"] == 40029
    assert (await phone(sandbox, await sandbox.phone_code(DOCTOR), openid="another"))["errcode"] == 40003
    assert (await phone(sandbox, await sandbox.phone_code(DOCTOR), openid={}))["errcode"] == 40003
    await sandbox.pull("clock", seconds=300)

    assert (await phone(sandbox, late))["errcode"] == 40029


async def test_a_used_up_allowance_gives_no_number_and_leaves_the_code_alone(sandbox):
    sandbox.world.apps[DOCTOR_APPID].phone_quota = 0
    code = await sandbox.phone_code(DOCTOR)
    assert (await phone(sandbox, code))["errcode"] == 1400001
    sandbox.world.apps[DOCTOR_APPID].phone_quota = 1

    assert (await phone(sandbox, code))["errcode"] == 0


async def session_call(sandbox: RunningSandbox, path: str, session_key: str, **other: str) -> dict:
    query = {
        "access_token": (await stable(sandbox))["access_token"],
        "openid": sandbox.world.openid(DOCTOR_APPID, DOCTOR),
        "signature": hmac.new(session_key.encode(), b"", hashlib.sha256).hexdigest(),
        "sig_method": "hmac_sha256",
        **other,
    }
    return (await sandbox.http.get(path, params=query)).json()


async def test_a_session_is_alive_until_the_next_sign_in(sandbox):
    key = (await login(sandbox, await sandbox.login_code(DOCTOR)))["session_key"]
    assert (await session_call(sandbox, "/wxa/checksession", key))["errcode"] == 0
    await login(sandbox, await sandbox.login_code(DOCTOR))

    assert (await session_call(sandbox, "/wxa/checksession", key))["errcode"] == 87009


async def test_a_session_that_cannot_be_checked_gets_its_number(sandbox):
    key = (await login(sandbox, await sandbox.login_code(DOCTOR)))["session_key"]
    assert (await session_call(sandbox, "/wxa/checksession", key, sig_method="sha1"))["errcode"] == 87008
    assert (await session_call(sandbox, "/wxa/checksession", key, openid="nobody"))["errcode"] == 40003
    assert (await session_call(sandbox, "/wxa/checksession", key, signature="é"))["errcode"] == 87009
    await sandbox.pull("sessions/expire", appid=DOCTOR_APPID, user=DOCTOR)

    assert (await session_call(sandbox, "/wxa/checksession", key))["errcode"] == 87007


async def test_a_reset_gives_a_new_session_key_that_ends_when_the_old_one_would_have(sandbox):
    key = (await login(sandbox, await sandbox.login_code(DOCTOR)))["session_key"]
    await sandbox.pull("clock", seconds=2 * 24 * 3600)
    told = await session_call(sandbox, "/wxa/resetusersessionkey", key)
    assert told["session_key"] != key
    assert (await session_call(sandbox, "/wxa/checksession", told["session_key"]))["errcode"] == 0
    await sandbox.pull("clock", seconds=24 * 3600)

    assert (await session_call(sandbox, "/wxa/checksession", told["session_key"]))["errcode"] == 87007


# Subscribe messages.


async def test_each_accepted_prompt_gives_one_message(sandbox):
    token = (await stable(sandbox))["access_token"]
    accepted = {"appid": DOCTOR_APPID, "user": DOCTOR, "template_id": TEMPLATE_STARTS_SOON}
    assert (await sandbox.pull("subscriptions", **accepted))["credits"] == 1

    first, second = await send(sandbox, token, page="pages/episode?id=1"), await send(sandbox, token)

    assert first["errcode"] == 0
    assert isinstance(first["msgid"], int)
    assert second["errcode"] == 43101
    (kept,) = (await sandbox.pull("messages", method="GET"))["messages"]
    assert kept["values"]["thing1"] == "医探究竟 第一集"
    assert kept["page"] == "pages/episode?id=1"


async def test_a_cancellation_takes_what_was_granted(sandbox):
    accepted = {"appid": DOCTOR_APPID, "user": DOCTOR, "template_id": TEMPLATE_STARTS_SOON}
    await sandbox.pull("subscriptions", **accepted, count=3)
    await sandbox.pull("subscriptions", **accepted, status="cancel")

    assert (await send(sandbox, (await stable(sandbox))["access_token"]))["errcode"] == 43101


async def test_a_long_term_subscription_is_not_used_up(sandbox):
    template = {"template_id": "t" * 43, "title": "随访", "keys": ["thing1"], "kind": "long_term"}
    await sandbox.pull("apps", appid=DOCTOR_APPID, secret=DOCTOR_SECRET, templates=[template])
    await sandbox.pull("subscriptions", appid=DOCTOR_APPID, user=DOCTOR, template_id="t" * 43)
    token = (await stable(sandbox))["access_token"]

    told = [await send(sandbox, token, template_id="t" * 43, data={"thing1": {"value": "复查"}}) for _ in range(3)]

    assert [answer["errcode"] for answer in told] == [0, 0, 0]


@pytest.mark.parametrize(
    ("change", "errcode", "words"),
    [
        ({"touser": "nobody"}, 40003, "openid"),
        ({"touser": 7}, 40003, "openid"),
        ({"template_id": "unknown"}, 40037, "template_id"),
        ({"miniprogram_state": "release"}, 40097, "args"),
        ({"lang": "fr"}, 40097, "args"),
        ({"lang": [], "miniprogram_state": {}}, 40097, "args"),
        ({"page": 7}, 41030, "page"),
        ({"data": "x"}, 47001, "format"),
        ({"data": {**VALUES, "thing1": {"value": "长" * 21}}}, 47003, "data.thing1.value invalid"),
        ({"data": {**VALUES, "thing1": {"value": ""}}}, 47003, "data.thing1.value is empty"),
        ({"data": {**VALUES, "thing1": {"value": 7}}}, 47003, "data.thing1.value"),
        ({"data": {**VALUES, "thing1": "x"}}, 47003, "data.thing1.value"),
        ({"data": {**VALUES, "time2": {"value": "明天"}}}, 47003, "data.time2.value invalid"),
        ({"data": {**VALUES, "extra9": {"value": "x"}}}, 47003, "data.extra9.value invalid"),
        ({"data": {"thing1": {"value": "x"}}}, 47003, "data.time2.value is empty"),
    ],
    ids=str,
)
async def test_a_wrong_message_gets_its_number_and_costs_no_credit(sandbox, change, errcode, words):
    await sandbox.pull("subscriptions", appid=DOCTOR_APPID, user=DOCTOR, template_id=TEMPLATE_STARTS_SOON)
    token = (await stable(sandbox))["access_token"]

    told = await send(sandbox, token, **change)

    assert told["errcode"] == errcode
    assert words in told["errmsg"]
    assert (await send(sandbox, token))["errcode"] == 0


async def test_a_page_that_the_app_does_not_have_is_refused_with_or_without_a_query(sandbox):
    sandbox.world.apps[DOCTOR_APPID].pages = ("pages/home",)
    token = (await stable(sandbox))["access_token"]

    assert (await send(sandbox, token, page="pages/gone?a=1"))["errcode"] == 41030
    assert (await send(sandbox, token, page="pages/home?a=1"))["errcode"] == 43101


# People and pulls.


async def test_the_demo_people_have_the_same_openids_in_every_stand_in(sandbox):
    told = (await sandbox.pull("users", method="GET"))["users"]

    openids = {user["user"]: user["openids"][DOCTOR_APPID] for user in told}
    assert openids[DOCTOR] == "oQ3oxvASuwzkL_Bno_vvY4WdVkwP"
    assert len(set(openids.values())) == len(openids)
    assert all(len(openid) == 28 for openid in openids.values())


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("login-codes", {"appid": DOCTOR_APPID, "user": "nobody"}),
        ("login-codes", {"appid": "wxnobody", "user": PATIENT}),
        ("login-codes", {"appid": DOCTOR_APPID}),
        ("login-codes", {"appid": DOCTOR_APPID, "user": PATIENT, "extra": 1}),
        ("subscriptions", {"appid": DOCTOR_APPID, "user": PATIENT, "template_id": "unknown"}),
        ("faults", {"kind": "unheard of"}),
        ("clock", {"seconds": -1}),
        ("pushes", {"appid": DOCTOR_APPID, "event": "x"}),
    ],
)
async def test_a_wrong_pull_is_answered_with_status_400_and_a_reason(sandbox, path, body):
    answered = await sandbox.http.post(f"/sandbox/{path}", json=body)

    assert answered.status_code == 400
    assert answered.json()["detail"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[" * 100_000, b'{"appid": "\xff"}'], ids=["empty", "half", "deep", "odd"]
)
async def test_a_pull_that_is_no_json_is_answered_with_status_400(sandbox, content):
    answered = await sandbox.http.post("/sandbox/login-codes", content=content)

    assert answered.status_code == 400
