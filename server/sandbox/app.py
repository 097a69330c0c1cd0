"""The WeChat stand-in as a server of its own."""

import asyncio
import contextlib
import uuid
from typing import Any, cast

import msgspec
from sanic import HTTPResponse, Request, Sanic, response
from sanic.exceptions import MethodNotAllowed, NotFound
from sanic.response import BaseHTTPResponse

from server.core.errors import Refusal
from server.sandbox import control, service
from server.sandbox.answers import Errcode, error_answer
from server.sandbox.control import Unknown
from server.sandbox.demo import PUSH_AES_KEY, PUSH_TOKEN, demo_apps, demo_users
from server.sandbox.faults import struck
from server.sandbox.world import Callback, World


def create_app(world: World | None = None, *, name: str = "") -> Sanic[Any, Any]:
    """Make the stand-in, with the demo apps and people in it unless another world is given.

    :param name: of the app within this process; one of its own by itself.
    """
    app: Sanic[Any, Any] = Sanic(name or f"sandbox-{uuid.uuid4().hex}", configure_logging=False)
    # Rewriting the server's methods for speed works for one app a process; in tests there are several.
    app.config.TOUCHUP = False
    app.config.MOTD = False
    app.config.REQUEST_MAX_SIZE = 2 * 1024 * 1024
    app.ctx.world = demo_world() if world is None else world
    app.ctx.pushing = set()
    app.blueprint(service.blueprint.copy(f"service-{app.name}"))
    app.blueprint(control.blueprint.copy(f"control-{app.name}"))
    app.on_request(_strike)
    app.register_middleware(_drop_answer, "response")
    app.exception(Errcode)(_on_errcode)
    app.exception(NotFound)(_on_unknown_path)
    app.exception(MethodNotAllowed)(_on_wrong_method)
    app.exception(Unknown, msgspec.MsgspecError, UnicodeDecodeError, RecursionError, Refusal)(_on_wrong_pull)
    app.before_server_stop(_stop_pushing)
    return app


def demo_world(*, house: str = "") -> World:
    """Make a world with the demo apps and people in it, whose pushes go to a house where one is named."""
    world = World()
    apps = demo_apps()
    if house:
        for app in apps:
            url = f"{house}/wechat/{app.appid}/push"
            app.callback = Callback(url, PUSH_TOKEN, PUSH_AES_KEY, mode="secure")
    world.add(*apps, *demo_users())
    return world


async def _strike(request: Request) -> HTTPResponse | None:
    """Keep a record of a call of the platform, and let the faults that are on strike it."""
    if request.path.startswith("/sandbox/"):
        return None
    world: World = request.app.ctx.world
    found = struck(world.faults, request.path, with_token="access_token" in request.args)
    kinds = {fault.kind for fault in found}
    world.calls.append({"method": request.method, "path": request.path, "struck": sorted(kinds)})
    for fault in found:
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
    if "drop" in kinds:
        return _dropped(request)
    if "garbage" in kinds:
        return response.html("<html><body><h1>502 Bad Gateway</h1></body></html>", status=502)
    for fault in found:
        if error := fault.error():
            return error_answer(error)
    request.ctx.drop_answer = "drop_answer" in kinds
    return None


async def _drop_answer(request: Request, _: BaseHTTPResponse) -> HTTPResponse | None:
    return _dropped(request) if getattr(request.ctx, "drop_answer", False) else None


def _dropped(request: Request) -> HTTPResponse:
    if request.transport is not None:
        cast("asyncio.Transport", request.transport).abort()
    return response.empty()


async def _on_errcode(_: Request, error: Errcode) -> HTTPResponse:
    return error_answer(error)


async def _on_unknown_path(_: Request, __: Exception) -> HTTPResponse:
    return error_answer(Errcode(40066))


async def _on_wrong_method(request: Request, _: Exception) -> HTTPResponse:
    return error_answer(Errcode(43002 if request.method == "GET" else 43001))


async def _on_wrong_pull(_: Request, error: Exception) -> HTTPResponse:
    return response.json({"detail": str(error)}, status=400)


async def _stop_pushing(app: Sanic[Any, Any]) -> None:
    for task in list(app.ctx.pushing):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
