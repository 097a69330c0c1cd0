"""What the stand-in pushes, a server that opens it by the house's rules can read, in every mode and shape."""

import asyncio
from datetime import UTC, datetime
from itertools import pairwise

import httpx
import pytest
from sanic import Sanic, response
from wechat_fixtures import running

from server.core.errors import Refusal
from server.core.wechat_push import Channel, answer_url_check, open_push, seal_reply
from server.sandbox.demo import (
    DOCTOR,
    DOCTOR_APPID,
    DOCTOR_ORIGINAL_ID,
    PUSH_AES_KEY,
    PUSH_TOKEN,
    TEMPLATE_STARTS_SOON,
    TEMPLATE_TIME_CHANGED,
)


class Listener:
    """An app's server: opens what comes, and answers as it is told to."""

    def __init__(self) -> None:
        self.url = ""
        self.channel = Channel(appid=DOCTOR_APPID, token=PUSH_TOKEN)
        self.pushes = []
        self.refusals = []
        self.answers = []

    def app(self) -> Sanic:
        app = Sanic("listener", configure_logging=False)
        app.config.TOUCHUP = False

        @app.get("/push")
        async def check(request):
            query = {name: request.args.get(name) for name in request.args}
            try:
                return response.text(answer_url_check(query, channel=self.channel, at=datetime.now(UTC)))
            except Refusal:
                return response.text("no", status=403)

        @app.post("/push")
        async def take(request):
            query = {name: request.args.get(name) for name in request.args}
            try:
                self.pushes.append(open_push(request.body, query, channel=self.channel, at=datetime.now(UTC)))
            except Refusal as refusal:
                self.refusals.append(refusal)
                return response.text("no", status=403)
            answer = self.answers.pop(0) if self.answers else "success"
            if answer == "slow":
                await asyncio.sleep(1.5)
            if isinstance(answer, bytes):
                return response.raw(answer)
            return response.text("" if answer == "slow" else str(answer), status=500 if answer == "fault" else 200)

        return app


@pytest.fixture
async def listener():
    listener = Listener()
    async with running(listener.app()) as base_url:
        listener.url = f"{base_url}/push"
        yield listener


async def turn_on(sandbox, listener, *, form="json", mode="plain"):
    sealed = mode != "plain"
    listener.channel = Channel(appid=DOCTOR_APPID, token=PUSH_TOKEN, encoding_aes_key=PUSH_AES_KEY if sealed else "")
    sandbox.world.push_timeout_s, sandbox.world.push_pause_s = 1.0, 0.01
    return await sandbox.pull(
        "callbacks",
        method="PUT",
        appid=DOCTOR_APPID,
        url=listener.url,
        token=PUSH_TOKEN,
        encoding_aes_key=PUSH_AES_KEY if sealed else "",
        format=form,
        mode=mode,
    )


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("mode", ["plain", "compatible", "secure"])
async def test_an_accepted_prompt_and_a_cancellation_are_pushed(sandbox, listener, form, mode):
    assert (await turn_on(sandbox, listener, form=form, mode=mode))["checked"]
    prompt = {"appid": DOCTOR_APPID, "user": DOCTOR, "template_id": TEMPLATE_STARTS_SOON}

    accepted = await sandbox.pull("subscriptions", **prompt)
    await sandbox.pull("subscriptions", **prompt, status="cancel")

    assert accepted["push"]["heard"]
    popup, change = listener.pushes
    assert (popup.kind, change.kind) == ("subscribe_msg_popup_event", "subscribe_msg_change_event")
    assert popup.openid == sandbox.world.openid(DOCTOR_APPID, DOCTOR)
    assert popup.to_user == DOCTOR_ORIGINAL_ID
    assert [(item.template_id, item.status) for item in popup.subscriptions] == [(TEMPLATE_STARTS_SOON, "accept")]
    assert [(item.template_id, item.status) for item in change.subscriptions] == [(TEMPLATE_STARTS_SOON, "reject")]


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("mode", ["plain", "secure"])
async def test_any_event_can_be_pushed_whatever_its_words(sandbox, listener, form, mode):
    await turn_on(sandbox, listener, form=form, mode=mode)
    items = [
        {"TemplateId": t, "SubscribeStatusString": "accept"} for t in (TEMPLATE_STARTS_SOON, TEMPLATE_TIME_CHANGED)
    ]

    await sandbox.pull(
        "pushes", appid=DOCTOR_APPID, user=DOCTOR, event="odd_event", fields={"words": "<杏林> ]]> & co"}
    )
    await sandbox.pull(
        "pushes", appid=DOCTOR_APPID, user=DOCTOR, event="subscribe_msg_popup_event", fields={"List": items}
    )

    odd, popup = listener.pushes
    assert odd.body["words"] == "<杏林> ]]> & co"
    assert [item.template_id for item in popup.subscriptions] == [TEMPLATE_STARTS_SOON, TEMPLATE_TIME_CHANGED]


async def test_a_message_that_was_sent_is_reported(sandbox, listener, wechat):
    from wechat_fixtures import DOCTOR_APP

    await turn_on(sandbox, listener)
    prompt = {"appid": DOCTOR_APPID, "user": DOCTOR, "template_id": TEMPLATE_STARTS_SOON}
    await sandbox.pull("subscriptions", **prompt, push=False)
    msgid = await wechat.send_subscribe_message(
        DOCTOR_APP,
        openid=sandbox.world.openid(DOCTOR_APPID, DOCTOR),
        template_id=TEMPLATE_STARTS_SOON,
        values={"thing1": "医探究竟", "time2": "19:30", "thing3": "点击观看"},
    )
    async with asyncio.timeout(10):
        while not listener.pushes:
            await asyncio.sleep(0.01)

    (sent,) = listener.pushes
    assert sent.kind == "subscribe_msg_sent_event"
    assert (sent.subscriptions[0].message_id, sent.subscriptions[0].error_code) == (msgid, 0)


async def test_a_push_that_is_not_heard_is_repeated_three_times_and_is_known_to_be_the_same(sandbox, listener):
    await turn_on(sandbox, listener)
    listener.answers = ["fault", "slow", "fault", "success"]

    record = await sandbox.pull("pushes", appid=DOCTOR_APPID, user=DOCTOR, event="x")

    assert record["heard"]
    assert [attempt["heard"] for attempt in record["attempts"]] == [False, False, False, True]
    assert len({push.dedupe_key for push in listener.pushes}) == 1


async def test_a_push_that_is_never_heard_is_given_up_after_four_attempts(sandbox, listener):
    await turn_on(sandbox, listener)
    listener.answers = ["fault"] * 9

    record = await sandbox.pull("pushes", appid=DOCTOR_APPID, user=DOCTOR, event="x")

    assert not record["heard"]
    assert len(listener.pushes) == 4
    assert (await sandbox.pull("pushes", method="GET"))["pushes"] == [record]


async def test_a_server_that_is_away_is_tried_four_times(sandbox, listener):
    await turn_on(sandbox, listener)
    sandbox.world.apps[DOCTOR_APPID].callback.url = "http://127.0.0.1:9/push"

    record = await sandbox.pull("pushes", appid=DOCTOR_APPID, user=DOCTOR, event="x")

    assert [attempt["error"] for attempt in record["attempts"]] == ["ConnectError"] * 4


async def test_a_push_can_be_delivered_twice_on_purpose(sandbox, listener):
    await turn_on(sandbox, listener)

    record = await sandbox.pull("pushes", appid=DOCTOR_APPID, user=DOCTOR, event="x", deliveries=3)

    assert len(record["attempts"]) == len(listener.pushes) == 3
    assert all(a.dedupe_key == b.dedupe_key for a, b in pairwise(listener.pushes))


async def test_an_encrypted_reply_counts_as_heard(sandbox, listener):
    await turn_on(sandbox, listener, mode="secure")
    listener.answers = [seal_reply("{}", channel=listener.channel, at=datetime.now(UTC), nonce="n").as_json()]

    assert (await sandbox.pull("pushes", appid=DOCTOR_APPID, user=DOCTOR, event="x"))["heard"]


async def test_a_push_signed_with_another_token_is_refused(sandbox, listener):
    await turn_on(sandbox, listener)
    callback = {"appid": DOCTOR_APPID, "url": listener.url, "token": "guessed"}

    record = await sandbox.pull("pushes", appid=DOCTOR_APPID, user=DOCTOR, event="x", callback=callback)

    assert not record["heard"]
    assert not listener.pushes
    assert {refusal.code for refusal in listener.refusals} == {"wechat_push_forged"}


async def test_an_address_that_does_not_echo_is_not_confirmed(sandbox, listener):
    listener.channel = Channel(appid=DOCTOR_APPID, token="other")
    callback = {"appid": DOCTOR_APPID, "url": listener.url, "token": PUSH_TOKEN}

    assert not (await sandbox.pull("callbacks", method="PUT", **callback))["checked"]
    callback["url"] = "http://127.0.0.1:9/push"
    assert not (await sandbox.pull("callbacks", method="PUT", **callback))["checked"]


async def test_a_key_of_the_wrong_length_is_a_wrong_pull(sandbox, listener):
    callback = {
        "appid": DOCTOR_APPID,
        "url": listener.url,
        "token": "t",
        "encoding_aes_key": "short",
        "mode": "secure",
    }
    async with httpx.AsyncClient(base_url=sandbox.base_url) as http:
        answered = await http.post("/sandbox/pushes", json={"appid": DOCTOR_APPID, "event": "x", "callback": callback})

    assert answered.status_code == 400


async def test_the_event_bears_the_time_of_the_stand_in_and_the_push_the_real_one(sandbox, listener):
    await turn_on(sandbox, listener)
    await sandbox.pull("clock", seconds=7 * 24 * 3600)

    assert (await sandbox.pull("pushes", appid=DOCTOR_APPID, user=DOCTOR, event="x"))["heard"]

    assert (listener.pushes[0].created_at - datetime.now(UTC)).days in {6, 7}
