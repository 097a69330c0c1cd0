"""The client and the stand-in, which it reaches by the address alone."""

import asyncio
import logging
import socket
import time
from contextlib import suppress

import httpx
import msgspec
import pytest
from redis.asyncio import Redis
from sanic import Sanic, response
from wechat_fixtures import DOCTOR_APP, PATIENT_APP, running

from server.core import wechat_errors as errors
from server.core.errors import Unavailable
from server.core.redis import open_redis
from server.core.wechat import WeChat
from server.core.wechat_token import App, Token
from server.sandbox.demo import (
    DOCTOR,
    DOCTOR_APPID,
    PATIENT,
    PATIENT_APPID,
    SECOND_PATIENT,
    TEMPLATE_STARTS_SOON,
)

VALUES = {"thing1": "医探究竟 第一集", "time2": "2026年11月1日 19:30", "thing3": "点击观看"}
STABLE_TOKEN = "/cgi-bin/stable_token"
SEND = "/cgi-bin/message/subscribe/send"
LOGIN = "/sns/jscode2session"
PHONE = "/wxa/business/getuserphonenumber"
TOKEN_KEY = f"wechat:token:{DOCTOR_APPID}"


async def accept(sandbox, count=1):
    await sandbox.pull("subscriptions", appid=DOCTOR_APPID, user=DOCTOR, template_id=TEMPLATE_STARTS_SOON, count=count)


async def send(wechat, sandbox, **other):
    return await wechat.send_subscribe_message(
        DOCTOR_APP,
        openid=sandbox.world.openid(DOCTOR_APPID, DOCTOR),
        template_id=TEMPLATE_STARTS_SOON,
        **{"values": VALUES, "page": "pages/episode?id=1", **other},
    )


# What the calls do.


async def test_a_login_code_is_exchanged_for_who_signed_in(wechat, sandbox):
    session = await wechat.code2session(DOCTOR_APP, code=await sandbox.login_code(DOCTOR))

    assert session.openid == sandbox.world.openid(DOCTOR_APPID, DOCTOR)
    assert session.unionid == sandbox.world.unionid(sandbox.world.apps[DOCTOR_APPID], DOCTOR)
    assert session.session_key == sandbox.world.sessions[DOCTOR_APPID, DOCTOR].session_key


async def test_an_app_without_an_open_platform_account_has_no_unionid(wechat, sandbox):
    await sandbox.pull("apps", appid="wxalone", secret="s")

    session = await wechat.code2session(App("wxalone", "s"), code=await sandbox.login_code(DOCTOR, "wxalone"))

    assert session.unionid is None


async def test_a_used_an_expired_and_a_foreign_code_are_told_apart_from_a_block(wechat, sandbox):
    used, late = await sandbox.login_code(DOCTOR), await sandbox.login_code(DOCTOR)
    await wechat.code2session(DOCTOR_APP, code=used)
    with pytest.raises(errors.CodeUsed) as refused:
        await wechat.code2session(DOCTOR_APP, code=used)
    assert refused.value.rid
    assert refused.value.call == LOGIN
    with pytest.raises(errors.CodeInvalid):
        await wechat.code2session(PATIENT_APP, code=await sandbox.login_code(DOCTOR))
    await sandbox.pull("users", user="risky", blocked=True)
    with pytest.raises(errors.LoginBlocked):
        await wechat.code2session(DOCTOR_APP, code=await sandbox.login_code("risky"))
    await sandbox.pull("clock", seconds=301)
    with pytest.raises(errors.CodeInvalid):
        await wechat.code2session(DOCTOR_APP, code=late)


@pytest.mark.parametrize("code", ["", "x" * 513, "杏", "a\x00b", "a\nb", "\ud800"], ids=ascii)
async def test_what_cannot_be_a_code_is_refused_without_a_call(wechat, sandbox, code):
    with pytest.raises(errors.CodeInvalid):
        await wechat.code2session(DOCTOR_APP, code=code)
    with pytest.raises(errors.CodeInvalid):
        await wechat.phone_number(DOCTOR_APP, code=code)

    assert not sandbox.world.calls


async def test_a_wrong_secret_is_told_apart_from_a_wrong_app(wechat, sandbox):
    code = await sandbox.login_code(DOCTOR)
    with pytest.raises(errors.SecretInvalid):
        await wechat.code2session(App(DOCTOR_APPID, "wrong"), code=code)
    with pytest.raises(errors.AppidInvalid):
        await wechat.code2session(App("wxnobody", "wrong"), code=code)
    with pytest.raises(errors.SecretInvalid):
        await wechat.phone_number(App(DOCTOR_APPID, "wrong"), code=await sandbox.phone_code(DOCTOR))


async def test_a_phone_code_is_exchanged_for_the_number_however_its_country_is_written(wechat, sandbox):
    home = await wechat.phone_number(DOCTOR_APP, code=await sandbox.phone_code(DOCTOR))
    abroad = await wechat.phone_number(PATIENT_APP, code=await sandbox.phone_code(SECOND_PATIENT, PATIENT_APPID))

    assert (home.number, home.local_number, home.country_code) == ("13800138001", "13800138001", "86")
    assert (abroad.number, abroad.local_number, abroad.country_code) == ("+85260000001", "60000001", "852")


async def test_a_phone_code_may_be_tied_to_its_openid(wechat, sandbox):
    own = sandbox.world.openid(DOCTOR_APPID, DOCTOR)
    code = await sandbox.phone_code(DOCTOR)
    with pytest.raises(errors.OpenidInvalid):
        await wechat.phone_number(DOCTOR_APP, code=code, openid="another")

    assert (await wechat.phone_number(DOCTOR_APP, code=code, openid=own)).number == "13800138001"


async def test_a_used_up_allowance_of_phone_numbers_is_a_quota(wechat, sandbox):
    sandbox.world.apps[DOCTOR_APPID].phone_quota = 0

    with pytest.raises(errors.PhoneQuota):
        await wechat.phone_number(DOCTOR_APP, code=await sandbox.phone_code(DOCTOR))


async def test_a_session_key_is_known_to_be_alive_superseded_or_gone(wechat, sandbox):
    first = await wechat.code2session(DOCTOR_APP, code=await sandbox.login_code(DOCTOR))
    mine = {"openid": first.openid, "session_key": first.session_key}
    assert await wechat.check_session(DOCTOR_APP, **mine) is True
    await wechat.code2session(DOCTOR_APP, code=await sandbox.login_code(DOCTOR))
    assert await wechat.check_session(DOCTOR_APP, **mine) is False
    await sandbox.pull("sessions/expire", appid=DOCTOR_APPID, user=DOCTOR)
    assert await wechat.check_session(DOCTOR_APP, **mine) is False
    with pytest.raises(errors.OpenidInvalid):
        await wechat.check_session(DOCTOR_APP, openid="nobody", session_key=first.session_key)


async def test_a_message_arrives_with_its_words_as_they_were(wechat, sandbox):
    await accept(sandbox)

    msgid = await send(wechat, sandbox)

    (message,) = sandbox.world.messages
    assert message.values == VALUES
    assert message.page == "pages/episode?id=1"
    assert msgid == str(message.msgid)


async def test_a_message_that_was_not_granted_is_refused(wechat, sandbox):
    await accept(sandbox)
    await send(wechat, sandbox)

    with pytest.raises(errors.Refused):
        await send(wechat, sandbox)


async def test_a_wrong_value_is_named(wechat, sandbox):
    with pytest.raises(errors.ArgumentInvalid) as refused:
        await send(wechat, sandbox, values={**VALUES, "thing3": "长" * 21})

    assert refused.value.field == "thing3"


async def test_half_of_a_character_is_refused_before_it_goes_out(wechat, sandbox):
    with pytest.raises(errors.FormatInvalid):
        await send(wechat, sandbox, values={**VALUES, "thing3": "\ud800"})
    with pytest.raises(errors.FormatInvalid):
        await wechat.check_session(DOCTOR_APP, openid="\ud800", session_key="x")

    assert sandbox.calls(SEND) == 0


# The access token.


async def test_the_token_is_fetched_once_for_many_calls_and_expires_before_the_platform_ends_it(wechat, sandbox, redis):
    await accept(sandbox, 3)
    for _ in range(3):
        await send(wechat, sandbox)

    assert sandbox.calls(STABLE_TOKEN) == 1
    assert 6800 < await redis.ttl(TOKEN_KEY) <= 6900


async def test_two_workers_with_many_callers_share_one_fetch(sandbox, redis, settings):
    await sandbox.pull("faults", kind="slow", path=STABLE_TOKEN, seconds=0.3)
    await accept(sandbox, 20)
    other_redis = open_redis(settings.redis_url)
    workers = [WeChat(sandbox.base_url, redis, timeout_s=2), WeChat(sandbox.base_url, other_redis, timeout_s=2)]

    await asyncio.gather(*(send(workers[n % 2], sandbox) for n in range(20)))

    assert sandbox.calls(STABLE_TOKEN) == 1
    assert len(sandbox.world.messages) == 20
    for worker in workers:
        await worker.aclose()
    await other_redis.aclose()


async def test_apps_have_tokens_of_their_own(wechat, sandbox):
    await wechat.phone_number(DOCTOR_APP, code=await sandbox.phone_code(PATIENT))
    await wechat.phone_number(PATIENT_APP, code=await sandbox.phone_code(PATIENT, PATIENT_APPID))

    assert sandbox.calls(STABLE_TOKEN) == 2


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_a_token_that_is_refused_for_ever_leads_to_exactly_two_calls(wechat, sandbox, code):
    await sandbox.pull("faults", kind="error", code=code, path=SEND)

    with pytest.raises(errors.TokenRefused) as refused:
        await send(wechat, sandbox)

    assert refused.value.code == code
    assert sandbox.calls(SEND) == 2
    assert sandbox.calls(STABLE_TOKEN) == 2


async def test_an_expired_token_is_replaced_unnoticed(wechat, sandbox):
    await accept(sandbox, 2)
    await send(wechat, sandbox)
    await sandbox.pull("tokens/expire", appid=DOCTOR_APPID)

    await send(wechat, sandbox)

    assert len(sandbox.world.messages) == 2
    assert sandbox.calls(STABLE_TOKEN) == 2


async def test_a_token_that_another_program_renewed_by_force_is_replaced(wechat, sandbox):
    await accept(sandbox, 2)
    await send(wechat, sandbox)
    body = {"grant_type": "client_credential", "appid": DOCTOR_APPID, "secret": DOCTOR_APP.secret}
    await sandbox.http.post(STABLE_TOKEN, json={**body, "force_refresh": True})

    await send(wechat, sandbox)

    assert len(sandbox.world.messages) == 2


async def test_a_token_that_another_worker_has_renewed_is_not_thrown_away(sandbox, redis, settings):
    await accept(sandbox, 3)
    late, early = (WeChat(sandbox.base_url, redis, timeout_s=2) for _ in range(2))
    await send(late, sandbox)
    # The late worker's call is under way with the old token while the early one replaces it.
    await sandbox.pull("faults", kind="slow", path=SEND, seconds=0.5, times=1)
    under_way = asyncio.ensure_future(send(late, sandbox))
    await asyncio.sleep(0.2)
    await sandbox.pull("tokens/expire", appid=DOCTOR_APPID)
    await send(early, sandbox)
    renewed = await redis.get(TOKEN_KEY)

    await under_way

    assert await redis.get(TOKEN_KEY) == renewed
    assert sandbox.calls(STABLE_TOKEN) == 2
    for worker in (late, early):
        await worker.aclose()


async def test_many_calls_with_one_refused_token_replace_it_once(wechat, sandbox):
    await accept(sandbox, 21)
    await send(wechat, sandbox)
    await sandbox.pull("tokens/expire", appid=DOCTOR_APPID)

    await asyncio.gather(*(send(wechat, sandbox) for _ in range(20)))

    assert sandbox.calls(STABLE_TOKEN) == 2


async def test_the_same_text_given_out_again_counts_as_a_fresh_token(wechat, sandbox, redis):
    await accept(sandbox, 10)
    await send(wechat, sandbox)
    kept = msgspec.json.decode(await redis.get(TOKEN_KEY), type=Token)
    await sandbox.pull("faults", kind="expired_token", path=SEND, times=5)

    await asyncio.gather(*(send(wechat, sandbox) for _ in range(5)))

    fresh = msgspec.json.decode(await redis.get(TOKEN_KEY), type=Token)
    assert fresh.value == kept.value
    assert fresh.mark != kept.mark
    assert sandbox.calls(STABLE_TOKEN) == 2


async def test_a_wrong_secret_that_is_told_of_as_a_wrong_token_is_still_the_secret(wechat, sandbox):
    await sandbox.pull("faults", kind="error", code=40001, path=STABLE_TOKEN)

    with pytest.raises(errors.SecretInvalid):
        await send(wechat, sandbox)

    assert (sandbox.calls(STABLE_TOKEN), sandbox.calls(SEND)) == (1, 0)


async def test_a_refused_token_is_gone_even_if_no_other_can_be_had(wechat, sandbox, redis):
    await accept(sandbox)
    await send(wechat, sandbox)
    await sandbox.pull("tokens/expire", appid=DOCTOR_APPID)
    await sandbox.pull("faults", kind="busy", path=STABLE_TOKEN)

    with pytest.raises(errors.Busy):
        await send(wechat, sandbox)

    assert await redis.get(TOKEN_KEY) is None


async def test_a_caller_who_gives_up_leaves_the_fetch_to_the_others(wechat, sandbox):
    await accept(sandbox)
    await sandbox.pull("faults", kind="slow", path=STABLE_TOKEN, seconds=0.3)
    impatient, patient = (asyncio.ensure_future(send(wechat, sandbox)) for _ in range(2))
    await asyncio.sleep(0.1)
    impatient.cancel()

    await patient

    assert impatient.cancelled()
    assert sandbox.calls(STABLE_TOKEN) == 1


async def test_a_worker_that_died_with_the_lock_holds_the_others_for_a_while_only(sandbox, redis):
    await accept(sandbox)
    wechat = WeChat(sandbox.base_url, redis, timeout_s=1, backoff_s=0.02)
    await redis.set(f"{TOKEN_KEY}:lock", "of a worker that died", px=600)
    began = time.monotonic()

    await send(wechat, sandbox)

    assert 0.5 < time.monotonic() - began < 4
    await wechat.aclose()


async def test_rubbish_in_place_of_the_token_is_written_over(wechat, sandbox, redis):
    await accept(sandbox)
    await redis.set(TOKEN_KEY, b"\xff rubbish")

    assert await send(wechat, sandbox)


async def test_without_redis_a_call_with_a_token_is_unavailable_but_a_sign_in_works(sandbox):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    wechat = WeChat(sandbox.base_url, open_redis(f"redis://127.0.0.1:{port}/0"))
    with pytest.raises(Unavailable):
        await send(wechat, sandbox)

    session = await wechat.code2session(DOCTOR_APP, code=await sandbox.login_code(DOCTOR))

    assert session.openid
    assert sandbox.calls(SEND) == sandbox.calls(STABLE_TOKEN) == 0
    await wechat.aclose()


async def test_a_redis_client_that_decodes_is_served_too(sandbox, redis, settings):
    await accept(sandbox, 2)
    decoding = Redis.from_url(settings.redis_url, decode_responses=True)
    wechat = WeChat(sandbox.base_url, decoding)
    await send(wechat, sandbox)
    await send(wechat, sandbox)

    assert sandbox.calls(STABLE_TOKEN) == 1
    await wechat.aclose()
    await decoding.aclose()


# Faults.


async def test_a_busy_service_is_asked_again_and_gives_in(wechat, sandbox):
    await sandbox.pull("faults", kind="busy", times=2)

    assert await wechat.code2session(DOCTOR_APP, code=await sandbox.login_code(DOCTOR))


async def test_a_service_that_stays_busy_is_asked_three_times_in_all(wechat, sandbox):
    await sandbox.pull("faults", kind="busy")

    with pytest.raises(errors.Busy) as refused:
        await wechat.code2session(DOCTOR_APP, code=await sandbox.login_code(DOCTOR))

    assert refused.value.rid
    assert sandbox.calls(LOGIN) == 3


async def test_a_slow_answer_is_given_up_in_time_and_not_asked_for_again(sandbox, redis):
    wechat = WeChat(sandbox.base_url, redis, timeout_s=0.3)
    await sandbox.pull("faults", kind="slow", seconds=5)
    began = time.monotonic()

    with pytest.raises(errors.TimedOut) as refused:
        await wechat.code2session(DOCTOR_APP, code=await sandbox.login_code(DOCTOR))

    assert time.monotonic() - began < 3
    assert refused.value.maybe_done
    assert sandbox.calls(LOGIN) == 1
    await wechat.aclose()


@pytest.mark.parametrize("kind", ["drop", "drop_answer"])
async def test_a_lost_connection_leaves_open_whether_the_message_went_out_and_it_is_not_sent_twice(
    wechat, sandbox, kind
):
    await accept(sandbox, 2)
    await sandbox.pull("faults", kind=kind, path=SEND, times=1)

    with pytest.raises(errors.Broken) as refused:
        await send(wechat, sandbox)

    assert refused.value.maybe_done
    assert sandbox.calls(SEND) == 1
    assert len(sandbox.world.messages) == (1 if kind == "drop_answer" else 0)


async def test_a_service_that_is_away_is_unreachable_and_nothing_was_done(redis):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    wechat = WeChat(f"http://127.0.0.1:{port}", redis, backoff_s=0.01)

    with pytest.raises(errors.Unreachable) as refused:
        await wechat.code2session(DOCTOR_APP, code="x")

    assert not refused.value.maybe_done
    await wechat.aclose()


async def test_a_gateway_in_trouble_is_unreadable(wechat, sandbox):
    await sandbox.pull("faults", kind="garbage")

    with pytest.raises(errors.Unreadable, match="502"):
        await wechat.code2session(DOCTOR_APP, code=await sandbox.login_code(DOCTOR))


@pytest.mark.parametrize(("kind", "error"), [("minute_quota", errors.MinuteQuota), ("daily_quota", errors.DailyQuota)])
async def test_an_empty_quota_is_told_at_once(wechat, sandbox, kind, error):
    await sandbox.pull("faults", kind=kind, path=SEND)

    with pytest.raises(error) as refused:
        await send(wechat, sandbox)

    assert refused.value.retry_after_s >= 60
    assert sandbox.calls(SEND) == 1


# Answers that no page describes.


ODD = {
    "nothing": b"",
    "no object": b"[1]",
    "half": b'{"openid": "o',
    "no openid": b'{"session_key": "k"}',
    "empty openid": b'{"openid": "", "session_key": "k"}',
    "openid is a number": b'{"openid": 1, "session_key": "k"}',
    "not UTF-8": b'{"openid": "\xff"}',
    "half a character": b'{"openid": "\\ud800", "session_key": "k"}',
    "deep": b'{"a":' * 100_000,
    "code is a word": b'{"errcode": "many"}',
    "code is a list": b'{"errcode": []}',
}


def odd_service(body: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> Sanic:
    app = Sanic(f"odd-{time.monotonic_ns()}", configure_logging=False)
    app.config.TOUCHUP = False
    told = response.raw(body, status=status, headers=headers, content_type="text/plain")

    @app.route("/<path:path>", methods=["GET", "POST"])
    async def answer(_request, path):
        return told

    return app


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
async def test_an_answer_of_another_shape_is_unreadable_and_its_words_are_not_repeated(redis, body):
    async with running(odd_service(body)) as base_url:
        wechat = WeChat(base_url, redis)
        with pytest.raises(errors.Unreadable) as refused:
            await wechat.code2session(DOCTOR_APP, code="x")
        with pytest.raises(errors.Unreadable):
            await wechat.phone_number(DOCTOR_APP, code="x")
        await wechat.aclose()

    assert "session_key" not in str(refused.value)


@pytest.mark.parametrize(
    "headers", [{"content-encoding": "gzip"}, {"location": "https://elsewhere.example/"}], ids=["gzip", "redirect"]
)
async def test_an_answer_that_cannot_be_unpacked_or_leads_elsewhere_is_no_answer(redis, headers):
    status = 302 if "location" in headers else 200
    async with running(odd_service(b"{}", status=status, headers=headers)) as base_url:
        wechat = WeChat(base_url, redis)
        with pytest.raises(errors.Unanswered):
            await wechat.code2session(DOCTOR_APP, code="x")
        await wechat.aclose()


async def test_an_error_number_may_be_a_text_and_may_come_with_another_status(redis):
    async with running(odd_service(b'{"errcode": "40029", "errmsg": null}', status=412)) as base_url:
        wechat = WeChat(base_url, redis)
        with pytest.raises(errors.CodeInvalid):
            await wechat.code2session(DOCTOR_APP, code="x")
        await wechat.aclose()


@pytest.mark.parametrize(
    "granted", [{"access_token": "", "expires_in": 7200}, {"access_token": "t", "expires_in": 0}], ids=str
)
async def test_a_token_that_cannot_be_used_is_not_kept(redis, granted):
    async with running(odd_service(msgspec.json.encode(granted))) as base_url:
        wechat = WeChat(base_url, redis)
        with pytest.raises(errors.Unreadable):
            await wechat.phone_number(DOCTOR_APP, code="x")
        await wechat.aclose()

    assert not await redis.exists(TOKEN_KEY)


async def test_a_short_lived_token_is_kept_for_half_its_life(redis):
    body = {"access_token": "t" * 600, "expires_in": 200}
    async with running(odd_service(msgspec.json.encode(body))) as base_url:
        wechat = WeChat(base_url, redis)
        with suppress(errors.Unreadable):
            await wechat.phone_number(DOCTOR_APP, code="x")
        await wechat.aclose()

    assert 90 < await redis.ttl(TOKEN_KEY) <= 100


async def test_a_number_with_the_watermark_of_another_app_is_refused(redis):
    info = {
        "phoneNumber": "13800138001",
        "purePhoneNumber": "13800138001",
        "countryCode": 86,
        "watermark": {"timestamp": 1, "appid": PATIENT_APPID},
    }
    body = {"errcode": 0, "access_token": "t", "expires_in": 7200, "phone_info": info}
    async with running(odd_service(msgspec.json.encode(body))) as base_url:
        wechat = WeChat(base_url, redis)
        with pytest.raises(errors.WatermarkWrong):
            await wechat.phone_number(DOCTOR_APP, code="x")
        await wechat.aclose()


async def test_an_answer_that_trickles_in_is_given_up_in_time(redis):
    app = Sanic(f"slow-{time.monotonic_ns()}", configure_logging=False)
    app.config.TOUCHUP = False

    @app.get("/sns/jscode2session")
    async def trickle(request):
        streamed = await request.respond(content_type="text/plain")
        for _ in range(100):
            await streamed.send(b" ")
            await asyncio.sleep(0.05)

    async with running(app) as base_url:
        wechat = WeChat(base_url, redis, timeout_s=0.4)
        began = time.monotonic()
        with pytest.raises(errors.TimedOut):
            await wechat.code2session(DOCTOR_APP, code="x")
        assert time.monotonic() - began < 3
        await wechat.aclose()


# What must not be told.


async def test_no_secret_token_code_or_session_key_reaches_the_logs(wechat, sandbox, caplog):
    caplog.set_level(logging.DEBUG)
    await accept(sandbox)
    code, phone_code = await sandbox.login_code(DOCTOR), await sandbox.phone_code(DOCTOR)
    sandbox.world.calls.clear()
    caplog.clear()

    session = await wechat.code2session(DOCTOR_APP, code=code)
    await wechat.check_session(DOCTOR_APP, openid=session.openid, session_key=session.session_key)
    phone = await wechat.phone_number(DOCTOR_APP, code=phone_code)
    await send(wechat, sandbox)
    await sandbox.pull("faults", kind="drop")
    with pytest.raises(errors.Broken):
        await wechat.code2session(DOCTOR_APP, code=code)

    token = sandbox.world.tokens.stable[DOCTOR_APPID].text
    told = "\n".join(f"{record.getMessage()} {record.args} {record.exc_text}" for record in caplog.records)
    assert LOGIN in told, "the calls themselves are logged by their paths"
    for hidden in (DOCTOR_APP.secret, code, phone_code, session.session_key, token, phone.number):
        assert hidden not in told


async def test_secrets_do_not_show_in_what_is_printed(wechat, sandbox):
    session = await wechat.code2session(DOCTOR_APP, code=await sandbox.login_code(DOCTOR))
    phone = await wechat.phone_number(DOCTOR_APP, code=await sandbox.phone_code(DOCTOR))

    assert session.session_key not in f"{session!r} {session}"
    assert phone.number not in f"{phone!r} {phone}"
    assert DOCTOR_APP.secret not in repr(DOCTOR_APP)
    assert "abc" not in repr(Token("abc", "1"))


async def test_a_client_that_was_handed_in_is_used_and_stays_open(sandbox, redis):
    async with httpx.AsyncClient() as http:
        wechat = WeChat(sandbox.base_url + "/", redis, http=http)
        await wechat.code2session(DOCTOR_APP, code=await sandbox.login_code(DOCTOR))
        await wechat.aclose()

        assert not http.is_closed
