"""The frame of a request (id, figures, log) beside a bare Sanic handler that suspends once."""

import asyncio
from typing import Any

from sanic import HTTPResponse, Request, Sanic

from bench.harness import Load, Row, get, in_turns, run, server
from server.core.wire import encode
from server.web.operation import operation
from server.web.refusals import Refusals
from server.web.replies import Done
from server.web.request import House

BODY = encode({"text": "x" * 600})


def bare() -> Sanic[Any, Any]:
    """Make a server without the frame."""
    app: Sanic[Any, Any] = Sanic("bare", configure_logging=False)

    @app.get("/healthz")
    async def answer(request: Request) -> HTTPResponse:
        await asyncio.sleep(0)
        return HTTPResponse(BODY, content_type="application/json")

    return app


def framed() -> House:
    """Make a server with the frame, and the same handler in it."""
    app = House("framed", error_handler=Refusals(), configure_logging=False)

    @app.get("/healthz")
    @operation("The same bytes", reply=Done, public=True)
    async def answer(request: Request) -> HTTPResponse:
        await asyncio.sleep(0)
        return HTTPResponse(BODY, content_type="application/json")

    return app


def main() -> list[Row]:
    """Measure the frame."""
    load = Load([get("/healthz")])
    with server("bench.frame:framed") as subject, server("bench.frame:bare") as floor:
        figures, bare_figures = in_turns([lambda: run(subject, load), lambda: run(floor, load)])
    return [Row("the frame of a request", figures, bare_figures, 0.7)]
