"""Demo sign-ins: the WeChat that a visitor without one would hold in the hand.

The rule: it speaks to the stand-in only, over the network, as a phone speaks to WeChat; the code that it brings is
then exchanged as any other. In production mode there is no stand-in and nothing here is asked.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import httpx
import msgspec
from msgspec import Struct

from server.core.errors import Missing, Unavailable

TIMEOUT_S = 4.0
T = TypeVar("T")


class DemoUserMissing(Missing):
    """The stand-in knows no such person."""

    code = "demo_user_missing"
    title = "没有该演示用户"


class DemoUser(Struct, frozen=True):
    """A person whom the stand-in plays; ``user`` names them there."""

    user: str
    name: str


class _Users(Struct):
    users: list[DemoUser]


class _Acquaintance(Struct):
    user: str
    openids: dict[str, str]


class _Acquaintances(Struct):
    users: list[_Acquaintance]


class _Code(Struct):
    code: str


async def users(*, base_url: str) -> list[DemoUser]:
    """List the people whom the stand-in plays.

    :raises Unavailable: if there is no stand-in at the address.
    """
    answer = await _ask(base_url, "GET", "/sandbox/users")
    return _read(answer, _Users).users


async def login_code(*, base_url: str, app_id: str, user: str) -> str:
    """Let a person of the stand-in open a mini-program, and give the code that ``wx.login`` would give.

    :raises DemoUserMissing: if there is no such person or mini-program there.
    :raises Unavailable: if there is no stand-in at the address.
    """
    answer = await _ask(base_url, "POST", "/sandbox/login-codes", {"appid": app_id, "user": user})
    if answer.status_code == httpx.codes.BAD_REQUEST:
        raise DemoUserMissing(field="user")
    return _read(answer, _Code).code


async def person(*, base_url: str, app_id: str, openid: str) -> str:
    """Name the person of the stand-in who has an openid in a mini-program.

    :raises DemoUserMissing: if nobody has.
    :raises Unavailable: if there is no stand-in at the address.
    """
    known = _read(await _ask(base_url, "GET", "/sandbox/users"), _Acquaintances).users
    for one in known:
        if one.openids.get(app_id) == openid:
            return one.user
    raise DemoUserMissing()


async def answer_prompt(*, base_url: str, app_id: str, user: str, results: Mapping[str, str]) -> None:
    """Let a person of the stand-in answer a prompt for subscriptions, template by template.

    :raises DemoUserMissing: if there is no such person, mini-program or template there.
    :raises Unavailable: if there is no stand-in at the address.
    """
    for template_id in sorted(results):
        status = "accept" if results[template_id].startswith("accept") else "reject"
        told = {"appid": app_id, "user": user, "template_id": template_id, "status": status}
        answer = await _ask(base_url, "POST", "/sandbox/subscriptions", told)
        if answer.status_code == httpx.codes.BAD_REQUEST:
            raise DemoUserMissing(field=f"results.{template_id}")


async def phone_code(*, base_url: str, app_id: str, user: str) -> str:
    """Let a person of the stand-in press the phone-number button, and give the code that it gives.

    :raises DemoUserMissing: if there is no such person or mini-program there.
    :raises Unavailable: if there is no stand-in at the address.
    """
    answer = await _ask(base_url, "POST", "/sandbox/phone-codes", {"appid": app_id, "user": user})
    if answer.status_code == httpx.codes.BAD_REQUEST:
        raise DemoUserMissing()
    return _read(answer, _Code).code


async def _ask(base_url: str, method: str, path: str, body: Any = None) -> httpx.Response:
    try:
        async with httpx.AsyncClient(base_url=base_url, timeout=TIMEOUT_S, trust_env=False) as http:
            return await http.request(method, path, json=body)
    except httpx.RequestError as fault:
        raise Unavailable("The stand-in is away.") from fault


def _read(answer: httpx.Response, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.content, type=shape)
    except msgspec.MsgspecError as fault:
        raise Unavailable("What is at the address of the stand-in is none.") from fault
