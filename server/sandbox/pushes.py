"""How the stand-in tells an app's server of events: in plain or encrypted, as JSON or XML, again if it is not heard.

The rule: an answer with status 200 within five seconds is an end of it; otherwise the same push goes out again, three
times at the most. Its outer time is the real one, for the other side compares it with its own clock; the time of the
event is the stand-in's.
"""

import asyncio
import json
import secrets
import time
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

import httpx
from sanic import Sanic

from server.core import wechat_push
from server.sandbox.world import Callback, WeChatApp, World

RETRIES = 3
CONTAINERS = {
    "subscribe_msg_popup_event": "SubscribeMsgPopupEvent",
    "subscribe_msg_change_event": "SubscribeMsgChangeEvent",
    "subscribe_msg_sent_event": "SubscribeMsgSentEvent",
}


class Outgoing:
    """One push, ready to be sent: its address with the query, its body and its headers."""

    def __init__(self, app: WeChatApp, callback: Callback, told: dict[str, Any]) -> None:
        self.content_type = "application/json" if callback.format == "json" else "text/xml"
        nonce, stamp = str(secrets.randbelow(10**10)), str(int(time.time()))
        self.query = {
            "signature": wechat_push.sign(callback.token, stamp, nonce),
            "timestamp": stamp,
            "nonce": nonce,
        }
        plain = written(told, callback.format)
        if callback.mode == "plain":
            self.body = plain
            return
        key = wechat_push.key_of(callback.encoding_aes_key)
        encrypted = wechat_push.encrypt(plain, key=key, appid=app.appid)
        self.query |= {
            "openid": str(told.get("FromUserName", "")),
            "encrypt_type": "aes",
            "msg_signature": wechat_push.sign(callback.token, stamp, nonce, encrypted),
        }
        around = told if callback.mode == "compatible" else {"ToUserName": app.original_id}
        self.body = written(around | {"Encrypt": encrypted}, callback.format)


def event(world: World, app: WeChatApp, openid: str, name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Write an event down the way the platform does."""
    return {
        "ToUserName": app.original_id,
        "FromUserName": openid,
        "CreateTime": int(world.now()),
        "MsgType": "event",
        "Event": name,
        **fields,
    }


async def push(
    world: World, app: WeChatApp, callback: Callback, told: dict[str, Any], *, deliveries: int = 1
) -> dict[str, Any]:
    """Deliver an event, again while it is not heard, and keep a record of it.

    :param deliveries: how often it is delivered though it was heard, to try what the other side does with a repeat.
    """
    told = dict(told)
    name = str(told.get("Event", ""))
    if callback.format == "xml" and name in CONTAINERS and "List" in told:
        told[CONTAINERS[name]] = {"List": told.pop("List")}
    attempts: list[dict[str, Any]] = []
    heard = 0
    async with httpx.AsyncClient(timeout=world.push_timeout_s, trust_env=False) as http:
        while heard < deliveries and len(attempts) - heard <= RETRIES:
            if attempts:
                await asyncio.sleep(0 if attempts[-1]["heard"] else world.push_pause_s)
            attempts.append(await _attempt(http, app, callback, told))
            heard += attempts[-1]["heard"]
    record = {"appid": app.appid, "url": callback.url, "event": told, "attempts": attempts, "heard": heard > 0}
    world.pushes.append(record)
    return record


async def check_address(world: World, callback: Callback) -> bool:
    """Ask an address for the echo of a random text, as the platform does before it takes an address."""
    nonce, stamp, echo = str(secrets.randbelow(10**10)), str(int(time.time())), str(secrets.randbelow(10**19))
    signature = wechat_push.sign(callback.token, stamp, nonce)
    query = {"signature": signature, "timestamp": stamp, "nonce": nonce, "echostr": echo}
    async with httpx.AsyncClient(timeout=world.push_timeout_s, trust_env=False) as http:
        try:
            response = await http.get(callback.url, params=query)
        except httpx.HTTPError:
            return False
    return response.status_code == httpx.codes.OK and response.text == echo


def push_in_background(sanic: Sanic[Any, Any], app: WeChatApp, openid: str, name: str, fields: dict[str, Any]) -> None:
    """Deliver an event after the answer has gone out, if the app has an address for it."""
    if app.callback is None:
        return
    world: World = sanic.ctx.world
    task = asyncio.get_running_loop().create_task(
        push(world, app, app.callback, event(world, app, openid, name, fields))
    )
    sanic.ctx.pushing.add(task)
    task.add_done_callback(sanic.ctx.pushing.discard)


def written(told: dict[str, Any], form: str) -> bytes:
    """Write fields as JSON in raw UTF-8, or as XML."""
    if form == "json":
        return json.dumps(told, ensure_ascii=False).encode()
    return f"<xml>{_elements(told)}</xml>".encode()


async def _attempt(http: httpx.AsyncClient, app: WeChatApp, callback: Callback, told: dict[str, Any]) -> dict[str, Any]:
    outgoing = Outgoing(app, callback, told)
    record: dict[str, Any] = {"at": datetime.now(UTC).isoformat(), "heard": False}
    try:
        response = await http.post(
            callback.url,
            params=outgoing.query,
            content=outgoing.body,
            headers={"content-type": outgoing.content_type},
        )
    except httpx.HTTPError as error:
        return record | {"error": type(error).__name__}
    heard = response.status_code == httpx.codes.OK
    return record | {"status": response.status_code, "answer": response.text[:1000], "heard": heard}


def _elements(fields: dict[str, Any]) -> str:
    written_out = []
    for name, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                inner = _elements(one)
            elif isinstance(one, str):
                inner = f"<![CDATA[{one.replace(']]>', ']]]]><![CDATA[>')}]]>"
            else:
                inner = escape(str(one))
            written_out.append(f"<{name}>{inner}</{name}>")
    return "".join(written_out)
