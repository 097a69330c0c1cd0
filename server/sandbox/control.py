"""The strings by which the stand-in is pulled: everything under ``/sandbox``, which the real service does not have.

The rule: what a person would do in WeChat (open an app, tap a button, accept a prompt) and what may go wrong there can
be done here by a call.
"""

from typing import Any, TypeVar

import msgspec
from sanic import Blueprint, HTTPResponse, Request, response

from server.sandbox import pushes
from server.sandbox.faults import Fault
from server.sandbox.forms import Ahead, Answered, AppForm, CallbackForm, LimitForm, OfApp, PushForm, UserForm, Visit
from server.sandbox.quotas import Limit
from server.sandbox.world import Callback, User, WeChatApp, World

T = TypeVar("T")
blueprint = Blueprint("control", url_prefix="/sandbox")


class Unknown(Exception):
    """The stand-in knows no such app, user or template; the message names it."""


@blueprint.get("/health")
async def health(request: Request) -> HTTPResponse:
    return _told({"status": "ok", "now": _world(request).now()})


@blueprint.get("/apps")
async def apps(request: Request) -> HTTPResponse:
    shown = [
        {"appid": app.appid, "name": app.name, "templates": list(app.templates.values())}
        for app in _world(request).apps.values()
    ]
    return _told({"apps": shown})


@blueprint.post("/apps")
async def let_app_be_known(request: Request) -> HTTPResponse:
    form = _form(request, AppForm)
    world = _world(request)
    before = world.apps.get(form.appid)
    world.add(
        WeChatApp(
            appid=form.appid,
            secret=form.secret,
            name=form.name,
            original_id=form.original_id or f"gh_{form.appid[-12:]}",
            open_platform=form.open_platform,
            templates={template.template_id: template for template in form.templates},
            pages=tuple(form.pages),
            phone_quota=form.phone_quota,
            callback=before.callback if before else None,
        )
    )
    return _told({"appid": form.appid})


@blueprint.get("/users")
async def users(request: Request) -> HTTPResponse:
    world = _world(request)
    shown = [
        {"user": user.user_id, "name": user.name, "openids": {a: world.openid(a, user.user_id) for a in world.apps}}
        for user in world.users.values()
    ]
    return _told({"users": shown})


@blueprint.post("/users")
async def let_user_be_known(request: Request) -> HTTPResponse:
    form = _form(request, UserForm)
    user = User(form.user, form.name, phone=form.phone, country_code=form.country_code, blocked=form.blocked)
    _world(request).add(user)
    return _told({"user": form.user})


@blueprint.post("/login-codes")
async def issue_login_code(request: Request) -> HTTPResponse:
    visit = _form(request, Visit)
    app, user = _known(request, visit.appid, visit.user)
    code = _world(request).issue("login", app.appid, user.user_id)
    return _told({"code": code, "openid": _world(request).openid(app.appid, user.user_id)})


@blueprint.post("/phone-codes")
async def issue_phone_code(request: Request) -> HTTPResponse:
    visit = _form(request, Visit)
    app, user = _known(request, visit.appid, visit.user)
    return _told({"code": _world(request).issue("phone", app.appid, user.user_id)})


@blueprint.post("/subscriptions")
async def answer_prompt(request: Request) -> HTTPResponse:
    form = _form(request, Answered)
    world = _world(request)
    app, user = _known(request, form.appid, form.user)
    if form.template_id not in app.templates:
        raise Unknown(f"{form.appid} has no template {form.template_id}")
    key = (app.appid, user.user_id, form.template_id)
    if form.status == "accept":
        world.credits[key] = world.credits.get(key, 0) + form.count
    elif form.status == "cancel":
        world.credits[key] = 0
    delivered: dict[str, Any] | None = None
    if form.push and app.callback:
        told = {"TemplateId": form.template_id, "SubscribeStatusString": "accept"}
        name = "subscribe_msg_popup_event"
        if form.status == "cancel":
            name, told["SubscribeStatusString"] = "subscribe_msg_change_event", "reject"
        else:
            told |= {"SubscribeStatusString": form.status, "PopupScene": "0"}
        event = pushes.event(world, app, world.openid(app.appid, user.user_id), name, {"List": told})
        delivered = await pushes.push(world, app, app.callback, event)
    return _told({"credits": world.credits.get(key, 0), "push": delivered})


@blueprint.get("/messages")
async def messages(request: Request) -> HTTPResponse:
    return _told({"messages": _world(request).messages})


@blueprint.get("/calls")
async def calls(request: Request) -> HTTPResponse:
    return _told({"calls": list(_world(request).calls)})


@blueprint.get("/pushes")
async def delivered_pushes(request: Request) -> HTTPResponse:
    return _told({"pushes": _world(request).pushes})


@blueprint.put("/callbacks")
async def set_callback(request: Request) -> HTTPResponse:
    form = _form(request, CallbackForm)
    app = _known_app(request, form.appid)
    app.callback = _callback(form)
    return _told({"checked": await pushes.check_address(_world(request), app.callback)})


@blueprint.delete("/callbacks/<appid:str>")
async def forget_callback(request: Request, appid: str) -> HTTPResponse:
    _known_app(request, appid).callback = None
    return _told({})


@blueprint.post("/pushes")
async def push_event(request: Request) -> HTTPResponse:
    form = _form(request, PushForm)
    world = _world(request)
    app = _known_app(request, form.appid)
    callback = _callback(form.callback) if form.callback else app.callback
    if callback is None:
        raise Unknown(f"{form.appid} has no address for pushes")
    openid = world.openid(app.appid, _known(request, form.appid, form.user)[1].user_id) if form.user else ""
    event = pushes.event(world, app, openid, form.event, form.fields)
    return _told(await pushes.push(world, app, callback, event, deliveries=form.deliveries))


@blueprint.get("/faults")
async def faults(request: Request) -> HTTPResponse:
    return _told({"faults": _world(request).faults})


@blueprint.post("/faults")
async def switch_on(request: Request) -> HTTPResponse:
    _world(request).faults.append(_form(request, Fault))
    return _told({"faults": _world(request).faults})


@blueprint.delete("/faults")
async def switch_off(request: Request) -> HTTPResponse:
    _world(request).faults.clear()
    return _told({"faults": []})


@blueprint.post("/quotas")
async def set_quota(request: Request) -> HTTPResponse:
    form = _form(request, LimitForm)
    _world(request).quotas.limits[form.name] = Limit(form.a_minute, form.a_day)
    return _told({})


@blueprint.post("/tokens/expire")
async def expire_tokens(request: Request) -> HTTPResponse:
    app = _known_app(request, _form(request, OfApp).appid)
    _world(request).tokens.expire(app.appid, _world(request).now())
    return _told({})


@blueprint.post("/sessions/expire")
async def expire_session(request: Request) -> HTTPResponse:
    visit = _form(request, Visit)
    app, user = _known(request, visit.appid, visit.user)
    ended = _world(request).sessions.pop((app.appid, user.user_id), None)
    return _told({"ended": ended is not None})


@blueprint.post("/clock")
async def move_clock(request: Request) -> HTTPResponse:
    _world(request).ahead_s += _form(request, Ahead).seconds
    return _told({"now": _world(request).now()})


def _told(payload: Any) -> HTTPResponse:
    return response.raw(msgspec.json.encode(payload), content_type="application/json")


def _form(request: Request, shape: type[T]) -> T:
    return msgspec.json.decode(request.body, type=shape)


def _world(request: Request) -> World:
    world: World = request.app.ctx.world
    return world


def _known_app(request: Request, appid: str) -> WeChatApp:
    app = _world(request).apps.get(appid)
    if app is None:
        raise Unknown(f"there is no app {appid}")
    return app


def _known(request: Request, appid: str, user_id: str) -> tuple[WeChatApp, User]:
    user = _world(request).users.get(user_id)
    if user is None:
        raise Unknown(f"there is no user {user_id}")
    return _known_app(request, appid), user


def _callback(form: CallbackForm) -> Callback:
    return Callback(form.url, form.token, form.encoding_aes_key, form.format, form.mode)
