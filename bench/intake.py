"""Event intake, acknowledged after commit, beside a bare COPY of the same rows through the same handler.

Batches of 50 events of about 350 bytes with fresh ids, from signed-in doctors, over 32 connections; server on one core,
client and database on the other. The floor differs from the subject in the storing alone: it copies the group's rows
into the log, with no key, no book and no look at what is known already.
"""

import asyncio
import io
import itertools
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import asyncpg

from bench.harness import CLIENT_CORE, ROOT, Load, Row, in_turns, pin, post, run, server
from cdp.batches import EventOutcome, Judged
from cdp.envelope import from_milliseconds
from cdp.intake import Intake, Waiting
from server import wiring
from server.app import create_app
from server.core import db
from server.core.ids import uuid7
from server.core.settings import Settings
from server.core.tokens import Tokens
from server.embedded import throwaway
from server.migrate import migrate
from server.web.request import House

EVENTS, CONNECTIONS = 50, 32
AT_LEAST = 0.5
KEY = "YmVuY2hiZW5jaGJlbmNoYmVuY2hiZW5jaGJlbmNoYmU="
NAME = "xinglin_bench_intake"

COLUMNS = (
    "received_at", "sent_at", "source", "audience", "account_id", "anonymous_id", "app", "consent_version", "purposes",
    "event_id", "name", "schema", "session", "sequence", "created_at", "derived_at", "flags", "page", "body",
)  # fmt: skip

BODIES = (
    ("content_impression", b'{"item_id":%d,"kind":"episode","list":"calendar","position":3}'),
    ("content_open", b'{"item_id":%d,"kind":"episode","list":"home"}'),
    (
        "content_read_progress",
        b'{"item_id":%d,"kind":"article","max_percent":55,"active_ms":81234,"expected_ms":90000}',
    ),
    ("video_pause", b'{"item_id":%d,"position_s":312.5}'),
    ("video_seek", b'{"item_id":%d,"from_s":312.5,"to_s":401.25,"by":"chapter"}'),
)


def settings() -> Settings:
    """Give the settings of the servers that are measured."""
    return Settings(
        database_url=os.environ["BENCH_DATABASE_URL"],
        redis_url=os.environ["BENCH_REDIS_URL"],
        home=ROOT / "var" / "bench",
        master_key=KEY,
        token_key=KEY,
    )


def house() -> House:
    """Make the server as it is."""
    return create_app(settings(), name="bench_intake")


class CopyIntake(Intake):
    """The same queue and the same writers, but the rows are only copied."""

    async def _store(self, held: asyncpg.Connection, group: list[Waiting]) -> None:
        rows = "".join([line for batch, _ in group for line in _lines(batch)]).encode()
        await held.copy_to_table("event", source=io.BytesIO(rows), columns=COLUMNS)
        for batch, answer in group:
            answer.set_result([EventOutcome(event_id, "accepted") for event_id in batch.ids])


@lru_cache(maxsize=100_000)
def _time(milliseconds: int) -> str:
    return from_milliseconds(milliseconds).isoformat()


def _lines(batch: Judged) -> Iterator[str]:
    """Write rows in the text format of COPY, which costs the server less than the binary one."""
    origin, sender = batch.origin, batch.origin.sender
    same = (
        f"{origin.received_at.isoformat()}\t{origin.sent_at.isoformat()}\t{origin.source}\t{sender.audience}\t"
        f"{sender.account_id}\t{origin.anonymous_id}\t{sender.app}\t{sender.consent_version}\t"
        f"{{{','.join(sender.purposes)}}}"
    )
    for row in batch.events:
        body = row.body.replace("\\", "\\\\")
        yield (
            f"{same}\t\\\\x{row.event_id.hex()}\t{row.name}\t{row.schema}\t{row.session}\t{row.sequence}\t"
            f"{_time(row.created_ms)}\t{_time(row.derived_ms)}\t{row.flags}\t{row.page}\t{body}\n"
        )


def floor() -> House:
    """Make the server whose intake only copies."""
    app = create_app(settings(), name="bench_floor")

    @app.before_server_start
    async def replace_intake(app: House) -> None:
        ctx: Any = app.ctx
        await ctx.intake.stop()
        ctx.intake = CopyIntake()
        ctx.intake.start()

    return app


async def prepare(url: str) -> list[str]:
    """Make an empty, migrated database with as many signed-in doctors as there are connections; gives their tokens."""
    server_url, _, _ = url.rpartition("/")
    admin = await asyncpg.connect(f"{server_url}/postgres")
    await admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
    await admin.execute(f"CREATE DATABASE {NAME}")
    await admin.close()
    os.environ["BENCH_DATABASE_URL"] = f"{server_url}/{NAME}"
    await db.open_database(os.environ["BENCH_DATABASE_URL"], wiring.MODELS)
    await migrate(os.environ["BENCH_DATABASE_URL"], wiring.MODELS)
    now = datetime.now(UTC)
    tokens = Tokens(settings().key_bytes[1], access_minutes=600)
    made = []
    for number in range(CONNECTIONS):
        account: int = await db.connection().value(
            "INSERT INTO account (app_id, audience, openid_hash, created_at) "
            "VALUES ('wx00000000000bec00', 'doctor', $1, $2) RETURNING id",
            number.to_bytes(32, "big"),
            now,
        )
        await db.connection().execute(
            "INSERT INTO consent (account_id, purpose, version, granted, channel, at) "
            "SELECT $1, purpose, '2026-11-01', true, 'app', $2 FROM unnest('{service,analytics}'::text[]) AS purpose",
            account,
            now,
        )
        await db.connection().execute(
            "INSERT INTO account_session (id, account_id, created_at, refreshed_at, expires_at) "
            "VALUES ($1, $2, $3, $3, $4)",
            f"bench{number}",
            account,
            now,
            now + timedelta(days=1),
        )
        made.append(tokens.make_access(account_id=account, session_id=f"bench{number}", at=now))
    await db.close_database()
    return made


def batches(tokens: list[str]) -> Callable[[], bytes]:
    """Give a function that writes the next request; everything but the ids is written beforehand."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z").encode()
    templates = []
    for number, token in enumerate(tokens):
        session = str(uuid7()).encode()
        parts = []
        for place, (name, body) in enumerate(itertools.islice(itertools.cycle(BODIES), EVENTS)):
            values = (name.encode(), session, place, stamp, body % (1 + number + place))
            parts.append(
                b'","name":"%s","schema":"1-0-0","session":"%s","sequence":%d,"created_at":"%s",'
                b'"page":"pages/series/episode","body":%s}' % values
            )
        glue = [part + b',{"event_id":"' for part in parts[:-1]] + [parts[-1]]
        head = b'{"sent_at":"%s","anonymous_id":"%s","events":[{"event_id":"' % (stamp, session)
        length = len(head) + sum(map(len, glue)) + 36 * EVENTS + 2
        request = post("/api/events", b"", authorization=f"Bearer {token}", user_agent="MicroMessenger/8.0")
        request = request.replace(b"content-length: 0", b"content-length: %d" % length)
        templates.append((request + head, glue))
    turns = itertools.cycle(templates)

    def following() -> bytes:
        head, glue = next(turns)
        now = int(time.time() * 1000)
        start = b"%08x-%04x-7" % (now >> 16, now & 0xFFFF)
        rest = b"-%04x-%012x" % (0x8000 | random.getrandbits(14), random.getrandbits(48))
        pieces = [head]
        for place, part in enumerate(glue):
            pieces += (start, b"%03x" % place, rest, part)
        pieces.append(b"]}")
        return b"".join(pieces)

    return following


@contextmanager
def stores() -> Iterator[tuple[str, str]]:
    """Give PostgreSQL and Redis: those of the environment, or durable ones of our own on the client's core."""
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        yield os.environ["DATABASE_URL"], os.environ["REDIS_URL"]
        return
    pin(CLIENT_CORE)
    with throwaway(ROOT / "var" / "bench", durable=True) as started:
        yield started.database_url, started.redis_url


def main() -> list[Row]:
    """Measure the intake."""
    with stores() as (database_url, redis_url):
        os.environ["BENCH_REDIS_URL"] = redis_url
        tokens = asyncio.run(prepare(database_url))
        load = Load(batches(tokens), connections=CONNECTIONS, seconds=3.0, warmup_s=1.0)
        with server("bench.intake:house") as subject, server("bench.intake:floor") as copying:
            figures, floor_figures = in_turns([lambda: run(subject, load), lambda: run(copying, load)])
    return [
        Row(
            "event intake, batches of 50, acknowledged after commit", figures, floor_figures, AT_LEAST,
            unit="events/s", per_answer=EVENTS,
        )
    ]  # fmt: skip
