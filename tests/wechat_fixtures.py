"""The WeChat stand-in in the loop of the tests, and a client that speaks to it.

Use by import: ``from wechat_fixtures import sandbox, wechat``.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from sanic import Sanic

from server.core.wechat import WeChat
from server.core.wechat_token import App
from server.sandbox.app import create_app, demo_world
from server.sandbox.demo import DOCTOR_APPID, DOCTOR_SECRET, PATIENT_APPID, PATIENT_SECRET
from server.sandbox.world import World

DOCTOR_APP = App(DOCTOR_APPID, DOCTOR_SECRET)
PATIENT_APP = App(PATIENT_APPID, PATIENT_SECRET)


class RunningSandbox:
    """A stand-in that listens: its address, what it knows, and the strings to pull."""

    def __init__(self, base_url: str, world: World, http: httpx.AsyncClient) -> None:
        self.base_url = base_url
        self.world = world
        self.http = http

    async def pull(self, string: str, /, *, method: str = "POST", **body: Any) -> dict[str, Any]:
        """Call something under /sandbox, which has to succeed."""
        answered = await self.http.request(method, f"/sandbox/{string}", json=body or None)
        assert answered.status_code == 200, answered.text
        return dict(answered.json())

    async def login_code(self, user: str, appid: str = DOCTOR_APPID) -> str:
        return str((await self.pull("login-codes", appid=appid, user=user))["code"])

    async def phone_code(self, user: str, appid: str = DOCTOR_APPID) -> str:
        return str((await self.pull("phone-codes", appid=appid, user=user))["code"])

    def calls(self, path: str) -> int:
        """How often a path was called."""
        return sum(call["path"] == path for call in self.world.calls)


@asynccontextmanager
async def running(app: Sanic[Any, Any]) -> AsyncIterator[str]:
    """Serve a Sanic app on a free port in this loop, and give its address."""
    sock = socket.create_server(("127.0.0.1", 0))
    server = await app.create_server(sock=sock, return_asyncio_server=True, access_log=False)
    assert server is not None
    await server.startup()
    await server.before_start()
    serving = asyncio.ensure_future(server.serve_forever())
    await server.after_start()
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        await server.before_stop()
        serving.cancel()
        await server.close()
        for connection in list(server.connections):
            connection.close()
        await server.after_stop()
        Sanic.unregister_app(app)


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    """A stand-in with the demo apps and people in it, new for each test."""
    world = demo_world()
    async with running(create_app(world)) as base_url, httpx.AsyncClient(base_url=base_url) as http:
        yield RunningSandbox(base_url, world, http)


@pytest.fixture
async def wechat(sandbox: RunningSandbox, redis: Redis) -> AsyncIterator[WeChat]:
    """The house's own client, turned to the stand-in by the address alone."""
    client = WeChat(sandbox.base_url, redis, timeout_s=5.0, backoff_s=0.02)
    yield client
    await client.aclose()
