"""Faults strike where and as often as they say, and never the strings by which they are pulled."""

import time

import httpx
import pytest

from server.sandbox.demo import DOCTOR, DOCTOR_APPID, DOCTOR_SECRET

TOKEN = {"appid": DOCTOR_APPID, "secret": DOCTOR_SECRET, "grant_type": "client_credential"}


async def old_token(sandbox) -> dict:
    return (await sandbox.http.get("/cgi-bin/token", params=TOKEN)).json()


@pytest.mark.parametrize(
    ("kind", "errcode"), [("busy", -1), ("daily_quota", 45009), ("minute_quota", 45011), ("error", 50004)]
)
async def test_a_fault_with_a_number_strikes_as_often_as_it_says(sandbox, kind, errcode):
    await sandbox.pull("faults", kind=kind, times=2, code=50004)

    told = [await old_token(sandbox) for _ in range(3)]

    assert [answer.get("errcode", 0) for answer in told] == [errcode, errcode, 0]
    assert (await sandbox.pull("faults", method="GET"))["faults"] == []


async def test_a_fault_strikes_its_own_path_only(sandbox):
    await sandbox.pull("faults", kind="busy", path="/sns/")

    assert "access_token" in await old_token(sandbox)


async def test_an_expired_token_strikes_calls_with_a_token_only(sandbox):
    await sandbox.pull("faults", kind="expired_token")
    token = (await old_token(sandbox))["access_token"]

    answered = await sandbox.http.get("/wxa/checksession", params={"access_token": token})

    assert answered.json()["errcode"] == 42001


async def test_slowness_waits_and_then_answers(sandbox):
    await sandbox.pull("faults", kind="slow", seconds=0.3, times=1)
    began = time.monotonic()

    assert "access_token" in await old_token(sandbox)

    assert time.monotonic() - began >= 0.3


async def test_a_dropped_call_is_not_done_and_a_dropped_answer_is(sandbox):
    query = {"appid": DOCTOR_APPID, "secret": DOCTOR_SECRET, "grant_type": "authorization_code"}
    for kind, used in [("drop", False), ("drop_answer", True)]:
        code = await sandbox.login_code(DOCTOR)
        await sandbox.pull("faults", kind=kind, times=1)
        with pytest.raises(httpx.RemoteProtocolError):
            await sandbox.http.get("/sns/jscode2session", params={**query, "js_code": code})

        assert sandbox.world.codes[code].used is used


async def test_a_gateway_in_trouble_answers_with_a_page(sandbox):
    await sandbox.pull("faults", kind="garbage", times=1)

    answered = await sandbox.http.get("/cgi-bin/token", params=TOKEN)

    assert answered.status_code == 502
    assert answered.text.startswith("<html>")


async def test_faults_can_be_switched_off(sandbox):
    await sandbox.pull("faults", kind="busy")
    assert (await old_token(sandbox))["errcode"] == -1
    await sandbox.pull("faults", method="DELETE")

    assert "access_token" in await old_token(sandbox)


async def test_expired_tokens_are_refused_and_the_next_one_is_new(sandbox):
    first = (await old_token(sandbox))["access_token"]
    await sandbox.pull("tokens/expire", appid=DOCTOR_APPID)

    answered = await sandbox.http.get("/wxa/checksession", params={"access_token": first})

    assert answered.json()["errcode"] == 42001
    assert (await old_token(sandbox))["access_token"] != first


async def test_calls_are_counted_with_what_struck_them(sandbox):
    await sandbox.pull("faults", kind="busy", times=1)
    await old_token(sandbox)
    await old_token(sandbox)

    told = (await sandbox.pull("calls", method="GET"))["calls"]

    assert told == [
        {"method": "GET", "path": "/cgi-bin/token", "struck": ["busy"]},
        {"method": "GET", "path": "/cgi-bin/token", "struck": []},
    ]
