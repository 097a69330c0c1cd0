"""What every measurement stands on: a server process on one core, a cheap client on the other, and the ratio.

The rule: subject and floor take turns in the same run, several times each, and their medians are compared, so that a
noisy machine disturbs both alike. Only a ratio can fail.
"""

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvloop

ROOT = Path(__file__).parents[1]
SERVER_CORE, CLIENT_CORE = 0, 1


@dataclass(slots=True)
class Load:
    """What to send: requests as bytes, taken in turn, over so many connections for so long."""

    requests: Sequence[bytes] | Callable[[], bytes]
    connections: int = 32
    seconds: float = 2.0
    warmup_s: float = 0.5


@dataclass(slots=True)
class Figures:
    """What came of it: answers per second and latencies in milliseconds."""

    rate: float
    p50: float
    p99: float
    errors: int = 0


@dataclass(slots=True)
class Row:
    """One line of the table."""

    name: str
    figures: Figures
    floor: Figures
    at_least: float
    unit: str = "requests/s"
    notes: str = ""
    per_answer: int = 1
    limits: list[str] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return self.figures.rate / self.floor.rate

    @property
    def met(self) -> bool:
        return self.ratio >= self.at_least and not self.figures.errors


class Client(asyncio.Protocol):
    """One connection that sends a request as soon as the last one is answered."""

    def __init__(self, load: Load, latencies: list[float], errors: list[int]) -> None:
        self._next = load.requests if callable(load.requests) else _taking_turns(load.requests)
        self._latencies, self._errors = latencies, errors
        self._buffer = b""
        self._missing = -1
        self._sent = 0.0
        self.stopped = False

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._send()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._next())

    def data_received(self, data: bytes) -> None:
        if self._missing < 0:
            self._buffer += data
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._buffer[:end].lower()
            at = head.find(b"content-length:")
            length = (
                int(head[at + 15 : head.find(b"\r\n", at) if head.find(b"\r\n", at) > 0 else None]) if at > 0 else 0
            )
            if not head.startswith((b"http/1.1 200", b"http/1.1 206", b"http/1.1 304")):
                self._errors.append(int(head[9:12]))
            self._missing = length - (len(self._buffer) - end - 4)
            self._buffer = b""
        else:
            self._missing -= len(data)
        if self._missing <= 0:
            self._missing = -1
            self._latencies.append(time.perf_counter() - self._sent)
            if self.stopped:
                self._transport.close()
            else:
                self._send()


def _taking_turns(requests: Sequence[bytes]) -> Callable[[], bytes]:
    state = {"at": 0}

    def following() -> bytes:
        state["at"] = (state["at"] + 1) % len(requests)
        return requests[state["at"]]

    return following


async def _run(port: int, load: Load) -> Figures:
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    errors: list[int] = []
    clients = [
        (await loop.create_connection(lambda: Client(load, latencies, errors), "127.0.0.1", port))[1]
        for _ in range(load.connections)
    ]
    await asyncio.sleep(load.warmup_s)
    latencies.clear()
    started = time.perf_counter()
    await asyncio.sleep(load.seconds)
    seconds = time.perf_counter() - started
    measured = sorted(latencies)
    for client in clients:
        client.stopped = True
    await asyncio.sleep(0.1)
    if not measured:
        return Figures(0, 0, 0, len(errors) or 1)
    return Figures(
        rate=len(measured) / seconds,
        p50=measured[len(measured) // 2] * 1000,
        p99=measured[int(len(measured) * 0.99)] * 1000,
        errors=len(errors),
    )


def run(port: int, load: Load) -> Figures:
    """Send a load and measure it, on the client's core."""
    pin(CLIENT_CORE)
    return uvloop.run(_run(port, load))


def in_turns(measure: Sequence[Callable[[], Figures]], rounds: int = 5) -> list[Figures]:
    """Measure several things in turns and give the median round of each."""
    measured: list[list[Figures]] = [[] for _ in measure]
    for _ in range(rounds):
        for results, one in zip(measured, measure, strict=True):
            results.append(one())
    return [
        Figures(
            rate=statistics.median(figures.rate for figures in results),
            p50=statistics.median(figures.p50 for figures in results),
            p99=statistics.median(figures.p99 for figures in results),
            errors=sum(figures.errors for figures in results),
        )
        for results in measured
    ]


def pin(core: int) -> None:
    """Keep this process on one core, where the machine has more than one."""
    if (os.cpu_count() or 1) > 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def unpin() -> None:
    """Let this process use all cores again, as the measurements before it may have kept it on one."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))


def get(path: str, **headers: str) -> bytes:
    """Write a GET request."""
    lines = [f"GET {path} HTTP/1.1", "host: bench", *(f"{name.replace('_', '-')}: {v}" for name, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def post(path: str, body: bytes, **headers: str) -> bytes:
    """Write a POST request with a body of JSON."""
    lines = [f"POST {path} HTTP/1.1", "host: bench", "content-type: application/json", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@contextmanager
def server(factory: str, environment: dict[str, str] | None = None) -> Iterator[int]:
    """Serve the app that ``module:function`` makes, in a process of its own on the server's core; gives its port."""
    # Figures shared between workers cost more than those of one process, so they are measured as they are served.
    with socket.create_server(("127.0.0.1", 0)) as sock, tempfile.TemporaryDirectory() as figures:
        port = sock.getsockname()[1]
        os.set_inheritable(sock.fileno(), True)
        child = subprocess.Popen(
            [sys.executable, "-m", "bench.serve", factory, str(sock.fileno())],
            cwd=ROOT,
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": figures, **(environment or {})},
            stdout=subprocess.DEVNULL,
            pass_fds=(sock.fileno(),),
        )
        try:
            _wait(port, child)
            yield port
        finally:
            child.terminate()
            child.wait(20)


def _wait(port: int, child: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if child.poll() is not None:
            raise RuntimeError(f"the server ended with {child.returncode} before it was ready")
        try:
            httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=1)
            return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise RuntimeError("the server did not become ready")
