"""The frame of a request: its id, its figures and its line in the log, at a cost that is measured in ``bench/``.

The rule: every request gets an id that the answer carries in ``X-Request-ID``, is counted by route, method and status,
and leaves one JSON line without query strings, which may hold tokens. The lines are gathered and written every
`FLUSH_S`; lines of warnings and faults go out at once by another way (`server.core.logs`).
"""

import asyncio
import itertools
import os
import re
import secrets
import sys
import time
from bisect import bisect_left
from datetime import UTC, datetime
from typing import Any

from msgspec.json import encode
from prometheus_client import Counter, Histogram
from sanic import Request, Sanic
from sanic.exceptions import MethodNotAllowed
from sanic.models.handler_types import RouteHandler
from sanic.response import BaseHTTPResponse
from sanic.router import Router
from sanic_routing import Route

FLUSH_S = 0.1
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

_seconds = Histogram("xinglin_request_seconds", "Time to answer a request.", ["route", "method"], buckets=BUCKETS)
_answers = Counter("xinglin_requests", "Requests answered.", ["route", "method", "status"])

_GIVEN_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")
_prefix = secrets.token_hex(5)
_numbers = itertools.count(1)


class HouseRequest(Request):
    """A request that knows its id and what was answered to it."""

    __slots__ = ("answered", "request_id")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        given = self.headers.get("x-request-id")
        self.request_id: str = given if given and _GIVEN_ID.match(given) else f"{_prefix}{next(_numbers):08x}"
        self.answered = 0

    async def respond(self, response: BaseHTTPResponse | None = None, **kwargs: Any) -> Any:
        """Answer, as Sanic does, with the id of the request."""
        if response is not None:
            response.headers["x-request-id"] = self.request_id
            self.answered = response.status
        sent = await super().respond(response, **kwargs)
        if response is None:
            sent.headers["x-request-id"] = self.request_id
            self.answered = sent.status
        return sent


class Figure:
    """The figures of one route, method and status, gathered and then added to Prometheus's together.

    Adding to figures that are shared between processes costs several microseconds, which every request would pay.
    """

    __slots__ = ("_answers", "_buckets", "_count", "_counts", "_seconds", "_sum", "route")

    def __init__(self, route: str, method: str, status: int) -> None:
        self.route = encode(route).decode()
        self._answers = _answers.labels(route, method, str(status))
        # The library has no public way to add many observations at once.
        histogram: Any = _seconds.labels(route, method)
        self._buckets, self._sum = histogram._buckets, histogram._sum
        self._counts = [0] * (len(BUCKETS) + 1)
        self._count = 0
        self._seconds = 0.0

    def add(self, seconds: float) -> None:
        self._counts[bisect_left(BUCKETS, seconds)] += 1
        self._count += 1
        self._seconds += seconds

    def flush(self) -> None:
        """Add what has been gathered to the figures of the house."""
        self._answers.inc(self._count)
        self._sum.inc(self._seconds)
        for bucket, count in zip(self._buckets, self._counts, strict=True):
            if count:
                bucket.inc(count)
        self._counts = [0] * (len(BUCKETS) + 1)
        self._count, self._seconds = 0, 0.0


class AccessLog:
    """The lines of the requests, gathered and written together."""

    def __init__(self, *, lines: bool = True) -> None:
        """Gather figures and, where ``lines`` are wanted, the lines."""
        self._wanted = lines
        self._lines: list[str] = []
        self._touched: dict[Figure, None] = {}
        self.figures: dict[tuple[str, str, int], Figure] = {}
        self._due: asyncio.TimerHandle | None = None

    def add(self, line: str, figure: "Figure") -> None:
        if self._wanted:
            self._lines.append(line)
        self._touched[figure] = None
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(FLUSH_S, self.flush)

    def flush(self) -> None:
        """Write what has been gathered."""
        for figure in self._touched:
            figure.flush()
        self._touched.clear()
        lines, self._lines, self._due = self._lines, [], None
        data = "".join(lines).encode()
        while data:
            data = data[os.write(sys.stdout.fileno(), data) :]


class HouseRouter(Router):
    """Sanic's router, which answers HEAD wherever there is GET (RFC 9110, section 9.1)."""

    # The library wraps its own in a cache, which stands behind this one.
    def get(  # type: ignore[override]  # a plain method in the place of a wrapped one
        self, path: str, method: str, host: str | None
    ) -> tuple[Route, RouteHandler, dict[str, Any]]:
        """Find the door of a request; of an answer to HEAD Sanic sends the headers alone."""
        try:
            return super().get(path, method, host)
        except MethodNotAllowed:
            if method != "HEAD":
                raise
            return super().get(path, "GET", host)


class House(Sanic[Any, Any]):
    """Sanic with the frame around every request."""

    def __init__(self, name: str, *, access_log: AccessLog | None = None, **kwargs: Any) -> None:
        super().__init__(name, request_class=HouseRequest, router=HouseRouter(), **kwargs)
        self.ctx.access_log = access_log or AccessLog()

    async def handle_request(self, request: Request) -> None:
        """Answer a request and account for it."""
        started = time.perf_counter()
        try:
            await super().handle_request(request)
        finally:
            self._account(request, time.perf_counter() - started)  # type: ignore[arg-type]  # the class is set above

    def _account(self, request: HouseRequest, seconds: float) -> None:
        route = request.route.path if request.route else "-"
        key = (route, request.method, request.answered)
        log: AccessLog = self.ctx.access_log
        figure = log.figures.get(key)
        if figure is None:
            figure = log.figures[key] = Figure(route, request.method if request.route else "-", request.answered)
        figure.add(seconds)
        # An address with a token in it opens something to whoever reads the line.
        path = f"/{route}" if "<token" in route else request.path[:300]
        log.add(
            f'{{"at":"{_stamp()}","level":"info","event":"request","id":"{request.request_id}",'
            f'"method":"{request.method}","path":{encode(path).decode()},"route":{figure.route},'
            f'"status":{request.answered},"ms":{seconds * 1000:.2f}}}\n',
            figure,
        )


_second = 0
_second_text = ""


def _stamp() -> str:
    """Write the time to the millisecond; the part to the second is made once a second."""
    global _second, _second_text
    now = time.time()
    second = int(now)
    if second != _second:
        _second, _second_text = second, datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{_second_text}.{int((now - second) * 1000):03d}Z"
