"""The address that the platform pushes to: proof of who speaks, and what follows from what is said."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from messaging import AIRING, ANOTHER, MINUTE, Parts, books, claimed, granted, notice, parts, planned, states
from wechat_fixtures import RunningSandbox, sandbox, wechat

from cdp import accounts, mini_programs, pushes
from cdp.message_sending import LEASE, release_stale, send_due
from server.core import clock
from server.core.db import connection
from server.core.keys import Sealer
from server.core.roles import Audience
from server.core.wechat_push import encrypt, key_of, sign
from server.sandbox.demo import DOCTOR, DOCTOR_APPID, DOCTOR_ORIGINAL_ID, PUSH_AES_KEY, PUSH_TOKEN

__all__ = ["parts", "sandbox", "wechat"]

PATH = f"/wechat/{DOCTOR_APPID}/push"


@pytest.fixture
async def house(app: Any, client: httpx.AsyncClient, parts: Parts) -> AsyncIterator[httpx.AsyncClient]:
    """The real app, whose doctor app takes plain pushes and speaks to the stand-in."""
    before = app.ctx.wechat
    app.ctx.wechat = parts.wechat
    yield client
    app.ctx.wechat = before


async def turn_on(
    house: httpx.AsyncClient, sandbox: RunningSandbox, *, form: str = "json", mode: str = "plain"
) -> dict[str, Any]:
    """Let the stand-in push to the house."""
    if mode != "plain":
        await secure()
    sandbox.world.push_pause_s = 0.01
    return await sandbox.pull(
        "callbacks",
        method="PUT",
        appid=DOCTOR_APPID,
        url=f"{house.base_url}{PATH}",
        token=PUSH_TOKEN,
        encoding_aes_key=PUSH_AES_KEY if mode != "plain" else "",
        format=form,
        mode=mode,
    )


async def secure() -> None:
    """Agree upon a key with the platform."""
    await mini_programs.register(
        sealer=Sealer(b"t" * 32),
        app_id=DOCTOR_APPID,
        audience=Audience.DOCTOR,
        name="杏林医生",
        push_key=PUSH_AES_KEY,
        actor="command",
        at=clock.now(),
    )


def signed(body: bytes = b"", *, token: str = PUSH_TOKEN, at: float | None = None, **more: str) -> dict[str, str]:
    stamp, nonce = str(int(at or time.time())), "nonce-1"
    return {"signature": sign(token, stamp, nonce), "timestamp": stamp, "nonce": nonce, **more}


def told(event: str, openid: str = "o-somebody", **fields: Any) -> bytes:
    head = {
        "ToUserName": DOCTOR_ORIGINAL_ID,
        "FromUserName": openid,
        "CreateTime": int(time.time()),
        "MsgType": "event",
        "Event": event,
    }
    return json.dumps(head | fields, ensure_ascii=False).encode()


async def kept() -> list[tuple[str, bool, bool]]:
    """What is kept of pushes: the kind, whether it was followed, whether its content is still there."""
    rows = await connection().fetch("SELECT kind, followed_at, content FROM wechat_push ORDER BY received_at")
    return [(row["kind"], row["followed_at"] is not None, row["content"] is not None) for row in rows]


async def test_the_platform_s_check_is_echoed_as_plain_text(house: httpx.AsyncClient) -> None:
    answer = await house.get(PATH, params=signed(echostr="1234567890 <b>杏林</b>"))
    assert (answer.status_code, answer.text) == (200, "1234567890 <b>杏林</b>")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "query",
    [
        {},
        signed(token="guessed", echostr="1"),
        signed(at=time.time() - 3600, echostr="1"),
        signed(at=time.time() + 3600, echostr="1"),
        {**signed(echostr="1"), "timestamp": "now"},
        {**signed(echostr="1"), "signature": "杏林"},
        {"signature": sign(PUSH_TOKEN, "", ""), "echostr": "1"},
    ],
    ids=["nothing", "another token", "an hour ago", "in an hour", "no time", "no hash", "signed without a time"],
)
async def test_a_check_that_proves_nothing_is_refused(house: httpx.AsyncClient, query: dict[str, str]) -> None:
    for answer in (await house.get(PATH, params=query), await house.post(PATH, params=query, content=told("x"))):
        assert (answer.status_code, answer.json()["code"]) == (403, "wechat_push_forged")
    assert await kept() == []


async def test_an_app_that_nobody_knows_has_no_address(house: httpx.AsyncClient) -> None:
    answer = await house.post("/wechat/wx0000000000000000/push", params=signed(), content=told("x"))
    assert (answer.status_code, answer.json()["code"]) == (404, "app_unknown")


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("mode", ["plain", "compatible", "secure"])
async def test_an_accepted_prompt_grants_and_a_cancellation_clears(
    house: httpx.AsyncClient, parts: Parts, form: str, mode: str
) -> None:
    account = await parts.account()
    assert (await turn_on(house, parts.sandbox, form=form, mode=mode))["checked"]
    prompt = {"appid": DOCTOR_APPID, "user": DOCTOR, "template_id": AIRING}
    record = await parts.sandbox.pull("subscriptions", **prompt)
    assert [(one["status"], one["answer"]) for one in record["push"]["attempts"]] == [(200, "success")]
    assert await books(account) == (1, 0, 0, 1)
    parts.sandbox.world.ahead_s += 2
    await parts.sandbox.pull("subscriptions", **prompt, status="cancel")
    assert await books(account) == (1, 0, 1, 0)
    assert await kept() == [("subscribe_msg_popup_event", True, False), ("subscribe_msg_change_event", True, False)]


async def test_what_the_client_has_told_already_is_not_granted_again(house: httpx.AsyncClient, parts: Parts) -> None:
    account = await parts.account(at=clock.now())
    await turn_on(house, parts.sandbox)
    await granted(account, at=clock.now())
    await parts.sandbox.pull("subscriptions", appid=DOCTOR_APPID, user=DOCTOR, template_id=AIRING)
    assert await books(account) == (1, 0, 0, 1)


async def test_a_push_of_several_templates_grants_each_that_was_accepted(
    house: httpx.AsyncClient, parts: Parts
) -> None:
    account = await parts.account()
    openid = await accounts.openid_of(sealer=parts.sealer, account_id=account)
    items = [
        {"TemplateId": ANOTHER, "SubscribeStatusString": "accept", "PopupScene": "1"},
        {"TemplateId": AIRING, "SubscribeStatusString": "accept", "PopupScene": "1"},
        {"TemplateId": "third", "SubscribeStatusString": "reject", "PopupScene": "1"},
        {"TemplateId": "of-nobody-" + "x" * 200, "SubscribeStatusString": "accept", "PopupScene": "1"},
    ]
    body = told("subscribe_msg_popup_event", openid, List=items)
    for answer in await asyncio.gather(*(house.post(PATH, params=signed(), content=body) for _ in range(5))):
        assert (answer.status_code, answer.text) == (200, "success")
    assert await books(account) == (1, 0, 0, 1)
    assert await books(account, template_id=ANOTHER) == (1, 0, 0, 1)
    assert await connection().value("SELECT count(*) FROM message_credit") == 2
    assert len(await kept()) == 1


async def test_a_push_about_nobody_that_is_known_here_is_taken_and_nothing_follows(house: httpx.AsyncClient) -> None:
    body = told("subscribe_msg_popup_event", List={"TemplateId": AIRING, "SubscribeStatusString": "accept"})
    assert (await house.post(PATH, params=signed(), content=body)).text == "success"
    assert await connection().value("SELECT count(*) FROM message_credit") == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"MsgType": "event"}',
        b'{"MsgType": ["event"], "Event": "x", "CreateTime": 1}',
        told("x", "\u0000"),
        b"\xff\xfe",
        b"<xml><MsgType>event</MsgType>",
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><xml><MsgType>&b;</MsgType></xml>',
        b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><xml><MsgType>&f;</MsgType></xml>',
        b"<xml>" + b"<a>" * 2000 + b"</a>" * 2000 + b"</xml>",
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        told("subscribe_msg_popup_event", List=[{"TemplateId": f"t{n}"} for n in range(200)]),
        told("subscribe_msg_popup_event", List=["x", None]),
        told("x", CreateTime=10**30),
        told("x", n=1e308).replace(b"1e+308", b"1e999"),
    ],
    ids=lambda body: repr(body[:24]),
)
async def test_a_push_that_cannot_be_read_is_refused_and_not_kept(house: httpx.AsyncClient, body: bytes) -> None:
    answer = await house.post(PATH, params=signed(), content=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "wechat_push_malformed")
    assert await kept() == []


async def test_a_push_that_is_too_large_is_refused(house: httpx.AsyncClient) -> None:
    answer = await house.post(PATH, params=signed(), content=told("x", padding="a" * 600_000))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_a_plain_push_is_refused_where_encrypted_ones_were_agreed_upon(house: httpx.AsyncClient) -> None:
    await secure()
    answer = await house.post(PATH, params=signed(), content=told("x"))
    assert (answer.status_code, answer.json()["code"]) == (403, "wechat_push_forged")


@pytest.mark.parametrize("appid", ["wx1111111111111111", DOCTOR_APPID[:-1]])
async def test_an_encrypted_push_for_another_app_is_refused(house: httpx.AsyncClient, appid: str) -> None:
    await secure()
    encrypted = encrypt(told("x"), key=key_of(PUSH_AES_KEY), appid=appid)
    query = signed()
    query["msg_signature"] = sign(PUSH_TOKEN, query["timestamp"], query["nonce"], encrypted)
    answer = await house.post(PATH, params=query, json={"ToUserName": DOCTOR_ORIGINAL_ID, "Encrypt": encrypted})
    assert (answer.status_code, answer.json()["code"]) == (403, "wechat_push_forged")


async def test_a_message_of_a_user_and_an_unknown_event_are_taken_and_left(house: httpx.AsyncClient) -> None:
    text = json.dumps({**json.loads(told("x")), "MsgType": "text", "Content": "你好", "MsgId": 123}).encode()
    for body in (told("something_new", detail={"a": [1, 2]}), text):
        assert (await house.post(PATH, params=signed(), content=body)).text == "success"
    assert sorted(await kept()) == [("something_new", True, False), ("text", True, False)]


async def test_a_message_that_arrived_is_noted_once(house: httpx.AsyncClient, parts: Parts) -> None:
    now = clock.now()
    account = await parts.account(consents=("service", "analytics"))
    await turn_on(house, parts.sandbox)
    await parts.accept(account, at=now)
    await planned(account, notice(due_at=now), at=now)
    await send_due(parts, now)
    for _ in range(2):
        await followed_up(parts)
    assert await connection().value("SELECT delivered_at IS NOT NULL FROM message")
    assert await connection().value("SELECT count(*) FROM event WHERE name = 'message_delivered'") == 1
    assert await states() == {"episode:17:soon:0": "sent"}


async def test_a_message_that_did_not_arrive_is_noted_as_failed(house: httpx.AsyncClient, parts: Parts) -> None:
    now = clock.now()
    account = await parts.account(consents=("service", "analytics"))
    await parts.accept(account, at=now)
    await planned(account, notice(due_at=now), at=now)
    await send_due(parts, now)
    openid = await accounts.openid_of(sealer=parts.sealer, account_id=account)
    failed = {
        "TemplateId": AIRING,
        "MsgID": str(parts.sandbox.world.messages[0].msgid),
        "ErrorCode": "1",
        "ErrorStatus": "failed",
    }
    for _ in range(2):
        await house.post(PATH, params=signed(), content=told("subscribe_msg_sent_event", openid, List=failed))
    assert await states() == {"episode:17:soon:0": "failed"}
    assert await connection().value("SELECT count(*) FROM event WHERE name = 'message_failed'") == 1


async def test_a_receipt_tells_that_a_message_of_which_nobody_knew_was_taken(
    house: httpx.AsyncClient, parts: Parts
) -> None:
    now = clock.now()
    account = await parts.account()
    await turn_on(house, parts.sandbox)
    await parts.accept(account, at=now)
    await planned(account, notice(due_at=now), at=now)
    await parts.sandbox.pull("faults", kind="drop_answer", path="/cgi-bin/message", times=1)
    await send_due(parts, now)
    await followed_up(parts)
    assert await states() == {"episode:17:soon:0": "sent"}
    assert await connection().value("SELECT wechat_msg_id FROM message") == str(parts.sandbox.world.messages[0].msgid)


async def test_a_receipt_that_comes_before_its_message_is_written_down_waits_for_it(
    house: httpx.AsyncClient, parts: Parts
) -> None:
    now = clock.now()
    account = await parts.account()
    await parts.accept(account, at=now)
    await planned(account, notice(due_at=now), at=now)
    assert len(await claimed(now)) == 1
    openid = await accounts.openid_of(sealer=parts.sealer, account_id=account)
    receipt = {"TemplateId": AIRING, "MsgID": "77", "ErrorCode": "0", "ErrorStatus": "success"}
    answer = await house.post(PATH, params=signed(), content=told("subscribe_msg_sent_event", openid, List=receipt))
    assert answer.text == "success"
    assert await kept() == [("subscribe_msg_sent_event", False, True)]
    await release_stale(parts, now + LEASE + MINUTE)
    await pushes.follow_up(parts, now + MINUTE)
    assert await states() == {"episode:17:soon:0": "sent"}
    assert await kept() == [("subscribe_msg_sent_event", True, False)]


async def test_a_push_that_cannot_be_followed_is_kept_and_followed_later(
    house: httpx.AsyncClient, parts: Parts
) -> None:
    account = await parts.account()
    openid = await accounts.openid_of(sealer=parts.sealer, account_id=account)
    body = told("subscribe_msg_popup_event", openid, List={"TemplateId": AIRING, "SubscribeStatusString": "accept"})
    # The books cannot be written for now.
    await connection().execute("ALTER TABLE message_credit RENAME TO message_credit_away")
    try:
        answer = await house.post(PATH, params=signed(), content=body)
        assert answer.status_code == 500
        with pytest.raises(Exception, match="message_credit"):
            await pushes.follow_up(parts, clock.now() + MINUTE)
    finally:
        await connection().execute("ALTER TABLE message_credit_away RENAME TO message_credit")
    assert await kept() == [("subscribe_msg_popup_event", False, True)]
    await pushes.follow_up(parts, clock.now() + 10 * MINUTE)
    assert await books(account) == (1, 0, 0, 1)
    assert await kept() == [("subscribe_msg_popup_event", True, False)]


async def test_a_push_that_cannot_be_followed_holds_up_none_of_the_others(
    house: httpx.AsyncClient, parts: Parts
) -> None:
    account = await parts.account()
    openid = await accounts.openid_of(sealer=parts.sealer, account_id=account)
    body = told("subscribe_msg_popup_event", openid, List={"TemplateId": AIRING, "SubscribeStatusString": "accept"})
    await connection().execute("ALTER TABLE message_credit RENAME TO message_credit_away")
    try:
        await house.post(PATH, params=signed(), content=body)
    finally:
        await connection().execute("ALTER TABLE message_credit_away RENAME TO message_credit")
    await connection().execute(
        "INSERT INTO wechat_push (dedupe_key, app_id, kind, content, received_at, next_try_at) "
        "SELECT 'broken', app_id, kind, repeat('x', 60)::bytea, received_at - interval '1 second', "
        "next_try_at - interval '1 second' "
        "FROM wechat_push"
    )
    with pytest.raises(ValueError, match="sealed"):
        await pushes.follow_up(parts, clock.now() + MINUTE)
    await pushes.follow_up(parts, clock.now() + MINUTE)
    assert await books(account) == (1, 0, 0, 1)


async def test_what_a_user_takes_back_is_forgotten(house: httpx.AsyncClient, parts: Parts) -> None:
    account = await parts.account(consents=("service", "marketing"))
    openid = await accounts.openid_of(sealer=parts.sealer, account_id=account)
    body = told("user_authorization_revoke", "o-platform", OpenID=openid, RevokeInfo="301")
    assert (await house.post(PATH, params=signed(), content=body)).text == "success"
    granted = await connection().value(
        "SELECT granted FROM consent WHERE account_id = $1 AND purpose = 'marketing' ORDER BY id DESC LIMIT 1", account
    )
    assert granted is False


async def test_a_user_who_closes_the_account_is_erased(house: httpx.AsyncClient, parts: Parts) -> None:
    account = await parts.account()
    await planned(account, notice(due_at=clock.now() + timedelta(hours=1)), at=clock.now())
    openid = await accounts.openid_of(sealer=parts.sealer, account_id=account)
    body = told("user_authorization_cancellation", "o-platform", OpenID=openid)
    for _ in range(2):
        assert (await house.post(PATH, params=signed(), content=body)).text == "success"
    assert await connection().value("SELECT erased_at IS NOT NULL FROM account WHERE id = $1", account)
    assert await states() == {"episode:17:soon:0": "cancelled"}
    assert openid.encode() not in b"".join(
        bytes(row["content"] or b"") for row in await connection().fetch("SELECT content FROM wechat_push")
    )


async def test_old_pushes_are_forgotten_once_they_were_followed(house: httpx.AsyncClient, parts: Parts) -> None:
    await house.post(PATH, params=signed(), content=told("x"))
    await pushes.purge(parts, clock.now() + pushes.KEPT - MINUTE)
    assert len(await kept()) == 1
    await pushes.purge(parts, clock.now() + pushes.KEPT + MINUTE)
    assert await kept() == []


async def followed_up(parts: Parts) -> None:
    """Wait for the push that the stand-in delivers after its answer, and follow what had to wait."""
    for _ in range(200):
        if await connection().value("SELECT count(*) FROM wechat_push"):
            break
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    await pushes.follow_up(parts, clock.now() + MINUTE)
