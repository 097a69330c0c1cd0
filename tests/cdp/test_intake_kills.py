"""Kills under load: of what was acknowledged nothing is lost and nothing doubled, whoever is killed and whenever."""

import asyncio
import dataclasses
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from log_samples import batch, event

from server import wiring
from server.core import clock, db
from server.core.settings import Settings
from server.core.tokens import Tokens
from server.embedded import Embedded
from server.migrate import migrate

pytestmark = pytest.mark.faults
ROUNDS = int(os.environ.get("FAULT_ROUNDS", "20"))
WORKERS, CONNECTIONS, EVENTS = 2, 8, 20


class Workers:
    """Several web workers on one socket."""

    def __init__(self, settings: Settings, sock: socket.socket) -> None:
        given = {**dataclasses.asdict(settings), "home": str(settings.home)}
        self._nursery = subprocess.Popen(
            [
                sys.executable,
                "-W",
                "ignore",
                Path(__file__).parents[1] / "nursery.py",
                str(sock.fileno()),
                json.dumps(given),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=(sock.fileno(),),
        )
        self.pids: list[int] = []

    def fill(self) -> None:
        """Start as many as are missing."""
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        while len(self.pids) < WORKERS:
            self._nursery.stdin.write("\n")
            self._nursery.stdin.flush()
            self.pids.append(int(self._nursery.stdout.readline()))

    def kill(self, count: int) -> None:
        for pid in random.sample(self.pids, count):
            os.kill(pid, signal.SIGKILL)
            self.pids.remove(pid)

    def end(self) -> None:
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.close()
        self._nursery.wait(10)
        self._nursery.stdout.close()


@contextmanager
def workers_of(settings: Settings) -> Iterator[tuple[Workers, int]]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        os.set_inheritable(sock.fileno(), True)
        workers = Workers(settings, sock)
        try:
            workers.fill()
            yield workers, sock.getsockname()[1]
        finally:
            workers.end()


def fresh() -> bytes:
    return json.dumps(batch(*[event() for _ in range(EVENTS)])).encode()


class Load:
    """Clients that hand in batch after batch, each again and again until it is acknowledged."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token
        self._stopping = False
        # Sent, and not acknowledged yet.
        self._unsure: list[bytes] = []
        self.acknowledged: list[str] = []
        self.interrupted = 0
        self.refused = 0

    async def run(self) -> None:
        await asyncio.gather(*[self._client() for _ in range(CONNECTIONS)])

    def stop(self) -> None:
        self._stopping = True

    async def _client(self) -> None:
        while not self._stopping:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError:
                self.interrupted += 1
                continue
            try:
                while not self._stopping:
                    await self._hand_in(reader, writer)
            except (OSError, asyncio.IncompleteReadError):
                self.interrupted += 1
            finally:
                writer.close()

    async def _hand_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # What was interrupted is sent again first, by whoever comes next; sometimes by two at once.
        body = random.choice(self._unsure) if len(self._unsure) >= CONNECTIONS else fresh()
        self._unsure.append(body)
        head = (
            f"POST /api/events HTTP/1.1\r\nhost: house\r\nauthorization: Bearer {self._token}\r\n"
            f"user-agent: MicroMessenger\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        status = int(answer[9:12])
        length = next(int(line[15:]) for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        told = json.loads(await reader.readexactly(length))
        if status == 503:
            self.refused += 1
            await asyncio.sleep(0.02)
            return
        assert status == 200, told
        self._unsure = [unsure for unsure in self._unsure if unsure is not body]
        assert {result["outcome"] for result in told["results"]} <= {"accepted", "duplicate"}
        self.acknowledged += [result["event_id"] for result in told["results"]]


async def token_for(url: str, settings: Settings) -> str:
    """Make somebody who has agreed to analytics, and sign them in."""
    now = clock.now()
    held = await asyncpg.connect(url)
    try:
        account = await held.fetchval(
            "INSERT INTO account (app_id, audience, openid_hash, created_at) "
            "VALUES ('wx00000000000000aa', 'doctor', '\\x00', $1) RETURNING id",
            now,
        )
        await held.execute(
            "INSERT INTO consent (account_id, purpose, version, granted, channel, at) "
            "SELECT $1, purpose, '2026-11-01', true, 'mini_program', $2 "
            "FROM unnest('{service,analytics}'::text[]) AS purpose",
            account,
            now,
        )
        await held.execute(
            "INSERT INTO account_session (id, account_id, created_at, refreshed_at, expires_at) "
            "VALUES ('session', $1, $2, $2, $3)",
            account,
            now,
            now + timedelta(days=1),
        )
    finally:
        await held.close()
    tokens = Tokens(settings.key_bytes[1], access_minutes=60)
    return tokens.make_access(account_id=account, session_id="session", at=now)


async def check(url: str, load: Load) -> None:
    """Compare what was acknowledged with what lies in the log."""
    held = await asyncpg.connect(url)
    try:
        rows = await held.fetch("SELECT event_id FROM event WHERE source = 2")
        keys = await held.fetch("SELECT id FROM event_key WHERE source = 2")
        books = await held.fetchrow(
            "SELECT sum(stored) AS stored, bool_and(received >= stored) AS plausible FROM intake_book"
        )
    finally:
        await held.close()
    stored = Counter(row["event_id"].hex() for row in rows)
    acknowledged = {event_id.replace("-", "") for event_id in load.acknowledged}
    assert len(acknowledged) > 0
    assert acknowledged - stored.keys() == set(), "acknowledged, and lost"
    assert {event_id: count for event_id, count in stored.items() if count != 1} == {}, "doubled"
    assert {row["id"].hex() for row in keys} == stored.keys()
    assert (books["stored"], books["plausible"]) == (len(rows), True)


async def under_load(url: str, settings: Settings, disturb: Callable[[Workers, int], Any], rounds: int) -> Load:
    with workers_of(settings) as (workers, port):
        load = Load(port, await token_for(url, settings))
        running = asyncio.ensure_future(load.run())
        while not load.acknowledged:
            await asyncio.sleep(0.02)
            if running.done():
                running.result()
        for turn in range(rounds):
            before = len(load.acknowledged)
            await asyncio.sleep(random.uniform(0.02, 0.2))
            await disturb(workers, turn)
            workers.fill()
            deadline = time.monotonic() + 20
            while len(load.acknowledged) == before and not running.done() and time.monotonic() < deadline:
                await asyncio.sleep(0.02)
            if running.done():
                running.result()
            assert len(load.acknowledged) > before, "nothing is taken any more"
        load.stop()
        await asyncio.wait_for(running, 30)
    return load


@pytest.mark.usefixtures("database", "redis")
async def test_killing_workers_loses_and_doubles_nothing(settings: Settings) -> None:
    async def kill(workers: Workers, turn: int) -> None:
        workers.kill(WORKERS if turn % 2 else 1)

    load = await under_load(settings.database_url, settings, kill, ROUNDS)
    assert load.interrupted > 0
    await check(settings.database_url, load)


@pytest.mark.usefixtures("redis")
async def test_killing_the_database_loses_and_doubles_nothing(settings: Settings, tmp_path: Path) -> None:
    house = Embedded(tmp_path / "house", with_redis=False, durable=True)
    with house:
        url = house.addresses.database_url
        await db.close_database()
        await db.open_database(url, wiring.MODELS)
        await migrate(url, wiring.MODELS)
        await db.close_database()
        await db.open_database(settings.database_url, wiring.MODELS)

        async def kill(workers: Workers, turn: int) -> None:
            assert house.postgres is not None
            assert house.postgres.pid is not None
            os.kill(house.postgres.pid, signal.SIGKILL)
            while house.postgres.pid is not None:
                await asyncio.sleep(0.02)
            while house.postgres.pid is None or not house.postgres.is_ready():
                house.revive()
                await asyncio.sleep(0.1)

        load = await under_load(url, dataclasses.replace(settings, database_url=url), kill, max(3, ROUNDS // 5))
        assert load.interrupted + load.refused > 0
        await check(url, load)
