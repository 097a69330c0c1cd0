"""The line that a request leaves in the log."""

import asyncio
import json
import socket

import httpx
import pytest
from sanic import HTTPResponse, Request

from server.web.request import AccessLog, House


async def test_a_token_in_an_address_is_not_logged(capfd: pytest.CaptureFixture[str]) -> None:
    app = House("logged", access_log=AccessLog(), configure_logging=False)

    @app.get("/media/<token:str>")
    async def media(request: Request, token: str) -> HTTPResponse:
        return HTTPResponse(b"", 200)

    @app.get("/episodes/<episode_id:int>")
    async def episode(request: Request, episode_id: int) -> HTTPResponse:
        return HTTPResponse(b"", 200)

    sock = socket.create_server(("127.0.0.1", 0))
    server = await app.create_server(sock=sock, return_asyncio_server=True, access_log=False)
    assert server is not None
    await server.startup()
    serving = asyncio.ensure_future(server.serve_forever())
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{sock.getsockname()[1]}") as client:
        await client.get("/media/opens-the-film")
        await client.get("/episodes/17", params={"secret": "also-not"})
    app.ctx.access_log.flush()
    await server.close()
    serving.cancel()
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines() if '"event":"request"' in line]
    assert [(line["path"], line["status"]) for line in lines] == [("/media/<token:str>", 200), ("/episodes/17", 200)]
