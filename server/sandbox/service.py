"""The calls of the WeChat service that the stand-in answers.

The rule: strict where the platform's pages are: the method, JSON in raw UTF-8, the parameters. What they leave open is
decided the way that finds more mistakes.
"""

import hashlib
import hmac
import json
import re
import secrets
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from server.sandbox import quotas
from server.sandbox.answers import Errcode, answer
from server.sandbox.pushes import push_in_background
from server.sandbox.tokens import LIFE_S, AccessToken
from server.sandbox.values import fault_of
from server.sandbox.world import CODE_S, Code, Message, Template, User, WeChatApp, World

blueprint = Blueprint("service")
STATES = ("formal", "trial", "developer")
ESCAPED = re.compile(r"(?<!\\)(?:\\\\)*\\u([0-9a-fA-F]{4})")
LANGUAGES = ("zh_CN", "en_US", "zh_HK", "zh_TW")


@blueprint.get("/sns/jscode2session")
async def code_to_session(request: Request) -> HTTPResponse:
    world = _world(request)
    app = _app(world, request.args.get("appid"), request.args.get("secret"))
    if request.args.get("grant_type") != "authorization_code":
        raise Errcode(40002)
    text = request.args.get("js_code")
    if not text:
        raise Errcode(41008)
    code = _valid(world, text, "login")
    if code.appid != app.appid:
        raise Errcode(40029)
    if code.used:
        raise Errcode(40163)
    world.quotas.spend("code2session", f"{app.appid}/{code.user_id}", quotas.LOGIN_OF_USER, world.now())
    if world.users[code.user_id].blocked:
        raise Errcode(40226)
    code.used = True
    session = world.begin_session(app.appid, code.user_id)
    told = {"openid": world.openid(app.appid, code.user_id), "session_key": session.session_key}
    unionid = world.unionid(app, code.user_id)
    return answer(told | ({"unionid": unionid} if unionid else {}))


@blueprint.get("/cgi-bin/token")
async def token(request: Request) -> HTTPResponse:
    world = _world(request)
    if request.args.get("grant_type") != "client_credential":
        raise Errcode(40002)
    # This call tells of a wrong secret with the number of a wrong token.
    app = _app(world, request.args.get("appid"), request.args.get("secret"), wrong_secret=40001)
    return _token_answer(world, world.tokens.fresh_old(app.appid, world.now()))


@blueprint.post("/cgi-bin/stable_token")
async def stable_token(request: Request) -> HTTPResponse:
    world = _world(request)
    body = _body(request)
    if body.get("grant_type") != "client_credential":
        raise Errcode(40002)
    app = _app(world, body.get("appid"), body.get("secret"))
    force = body.get("force_refresh", False)
    if not isinstance(force, bool):
        raise Errcode(47001)
    world.quotas.spend("stable_token", app.appid, quotas.STABLE_TOKEN, world.now())
    return _token_answer(world, world.tokens.current_stable(app.appid, world.now(), force=force))


@blueprint.post("/wxa/business/getuserphonenumber")
async def phone_number(request: Request) -> HTTPResponse:
    world = _world(request)
    app = _app_of_token(request)
    body = _body(request)
    if not isinstance(body.get("code"), str):
        raise Errcode(40029)
    code = _valid(world, body["code"], "phone")
    if code.used:
        raise Errcode(40029)
    if code.appid != app.appid:
        raise Errcode(40013)
    if body.get("openid") not in (None, "", world.openid(app.appid, code.user_id)):
        raise Errcode(40003)
    world.quotas.spend("getuserphonenumber", app.appid, quotas.Limit(), world.now())
    if app.phone_quota is not None:
        if app.phone_quota <= 0:
            raise Errcode(1400001)
        app.phone_quota -= 1
    code.used = True
    return answer({"errcode": 0, "errmsg": "ok", "phone_info": _phone_info(world, app, world.users[code.user_id])})


@blueprint.get("/wxa/checksession")
async def check_session(request: Request) -> HTTPResponse:
    _signed_user(request, _app_of_token(request))
    return answer({"errcode": 0, "errmsg": "ok"})


@blueprint.get("/wxa/resetusersessionkey")
async def reset_session(request: Request) -> HTTPResponse:
    world = _world(request)
    app = _app_of_token(request)
    user = _signed_user(request, app)
    world.quotas.spend("resetusersessionkey", app.appid, quotas.SESSION_RESET, world.now())
    expires_at = world.sessions[app.appid, user.user_id].expires_at
    session = world.begin_session(app.appid, user.user_id)
    session.expires_at = expires_at
    openid = world.openid(app.appid, user.user_id)
    return answer({"errcode": 0, "errmsg": "ok", "openid": openid, "session_key": session.session_key})


@blueprint.post("/cgi-bin/message/subscribe/send")
async def send_subscribe_message(request: Request) -> HTTPResponse:
    world = _world(request)
    app = _app_of_token(request)
    body = _body(request)
    openid = body.get("touser")
    user = world.user_of(app.appid, openid) if isinstance(openid, str) else None
    if user is None:
        raise Errcode(40003)
    template = app.templates.get(str(body.get("template_id")))
    if template is None:
        raise Errcode(40037)
    page = body.get("page", "")
    if not isinstance(page, str) or (page and app.pages and page.partition("?")[0] not in app.pages):
        raise Errcode(41030)
    state = body.get("miniprogram_state", "formal")
    if state not in STATES or body.get("lang", "zh_CN") not in LANGUAGES:
        raise Errcode(40097)
    values = _values(template, body.get("data"))
    world.quotas.spend("subscribe/send", app.appid, quotas.SUBSCRIBE_SEND, world.now())
    _take_credit(world, app, user, template)
    message = Message(
        msgid=2_000_000_000_000_000_000 + secrets.randbelow(10**17),
        appid=app.appid,
        user_id=user.user_id,
        openid=str(openid),
        template_id=template.template_id,
        page=page,
        values=values,
        state=state,
        sent_at=world.now(),
    )
    world.messages.append(message)
    sent = {
        "TemplateId": template.template_id,
        "MsgID": str(message.msgid),
        "ErrorCode": "0",
        "ErrorStatus": "success",
    }
    push_in_background(request.app, app, message.openid, "subscribe_msg_sent_event", {"List": sent})
    return answer({"errcode": 0, "errmsg": "ok", "msgid": message.msgid})


def _values(template: Template, data: Any) -> dict[str, str]:
    if not isinstance(data, dict):
        raise Errcode(47001)
    for key in (*template.keys, *data):
        value = data.get(key)
        text = value.get("value") if isinstance(value, dict) else None
        fault = "empty" if text is None else "invalid"
        if isinstance(text, str) and key in template.keys:
            fault = fault_of(key, text, enums=template.enums)
        if fault:
            raise Errcode(47003, f"argument invalid! data.{key}.value {'is empty' if fault == 'empty' else fault}")
    return {key: data[key]["value"] for key in template.keys}


def _take_credit(world: World, app: WeChatApp, user: User, template: Template) -> None:
    key = (app.appid, user.user_id, template.template_id)
    left = world.credits.get(key, 0)
    if left <= 0:
        raise Errcode(43101)
    if template.kind == "one_time":
        world.credits[key] = left - 1


def _token_answer(world: World, token: AccessToken) -> HTTPResponse:
    return answer({"access_token": token.text, "expires_in": min(LIFE_S, int(token.expires_at - world.now()))})


def _phone_info(world: World, app: WeChatApp, user: User) -> dict[str, Any]:
    home = str(user.country_code) == "86"
    return {
        "phoneNumber": user.phone if home else f"+{user.country_code}{user.phone}",
        "purePhoneNumber": user.phone,
        "countryCode": user.country_code,
        "watermark": {"timestamp": int(world.now()), "appid": app.appid},
    }


def _signed_user(request: Request, app: WeChatApp) -> User:
    """Find the user whose session key signed the call."""
    world = _world(request)
    if request.args.get("sig_method") != "hmac_sha256":
        raise Errcode(87008)
    user = world.user_of(app.appid, request.args.get("openid") or "")
    if user is None:
        raise Errcode(40003)
    session = world.sessions.get((app.appid, user.user_id))
    if session is None or session.expires_at <= world.now():
        raise Errcode(87007)
    due = hmac.new(session.session_key.encode(), b"", hashlib.sha256).hexdigest()
    if not hmac.compare_digest(due.encode(), (request.args.get("signature") or "").encode()):
        raise Errcode(87009)
    return user


def _world(request: Request) -> World:
    world: World = request.app.ctx.world
    return world


def _body(request: Request) -> dict[str, Any]:
    """Read the body, which has to be JSON in raw UTF-8; a form is refused."""
    if not request.body:
        raise Errcode(44002)
    if not (request.headers.get("content-type") or "").lower().startswith("application/json"):
        raise Errcode(47001)
    try:
        text = request.body.decode()
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise Errcode(47001) from None
    escaped = any(int(found[1], 16) >= 0x80 for found in ESCAPED.finditer(text))
    if not isinstance(body, dict) or escaped:
        raise Errcode(47001)
    return body


def _app(world: World, appid: Any, secret: Any, *, wrong_secret: int = 40125) -> WeChatApp:
    if not appid:
        raise Errcode(41002)
    if not secret:
        raise Errcode(41004)
    app = world.apps.get(appid) if isinstance(appid, str) else None
    if app is None:
        raise Errcode(40013)
    if secret != app.secret:
        raise Errcode(wrong_secret)
    return app


def _app_of_token(request: Request) -> WeChatApp:
    world = _world(request)
    return world.apps[world.tokens.app_of(request.args.get("access_token") or "", world.now())]


def _valid(world: World, text: str, kind: str) -> Code:
    code = world.codes.get(text)
    if code is None or code.kind != kind or world.now() - code.issued_at >= CODE_S:
        raise Errcode(40029)
    return code
