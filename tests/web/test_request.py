"""The line that a request leaves in the log."""

import json
from typing import Any

import httpx
import pytest

from server.web.request import AccessLog


async def test_a_token_in_an_address_is_not_logged(
    app: Any, client: httpx.AsyncClient, capfd: pytest.CaptureFixture[str]
) -> None:
    quiet, app.ctx.access_log = app.ctx.access_log, AccessLog()
    try:
        await client.get("/media/opens-the-film")
        await client.get("/api/doctor/episodes/17", params={"secret": "also-not"})
        app.ctx.access_log.flush()
    finally:
        app.ctx.access_log = quiet
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines() if '"event":"request"' in line]
    assert [(line["path"], line["status"]) for line in lines] == [
        ("/media/<token:str>", 404),
        ("/api/doctor/episodes/17", 404),
    ]
