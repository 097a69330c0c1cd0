"""The calendar of a signed-in doctor with 60 episodes, beside the same answer from one raw asyncpg query.

The doctor follows one of two series, has finished some episodes, begun others, and is to be reminded of those to come.
The floor stands in the same frame, asks nobody who is there, and hands on what one statement of asyncpg's own pool
gives; the statement is the calendar's, so that the ratio is the cost of everything around it.
"""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
from sanic import HTTPResponse, Request

from bench.harness import ROOT, Load, Row, get, in_turns, run, server
from bench.intake import KEY, stores
from bench.shelf import publish
from content import airings, calendar, items
from content.access import audience_values
from server import wiring
from server.app import create_app
from server.core import clock, db
from server.core.roles import Audience, Reader, Role
from server.core.settings import Settings
from server.core.tokens import Tokens
from server.migrate import migrate
from server.web.operation import operation
from server.web.refusals import Refusals
from server.web.replies import Done, etag_of, tagged
from server.web.request import House

NAME: Final = "xinglin_bench_calendar"
EPISODES: Final = 60
CONNECTIONS: Final = 32
AT_LEAST: Final = 0.7
# The month of the measurement is a fixed one, and half of it lies behind.
MONTH: Final = "2026-11"
BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)
FIRST: Final = datetime(2026, 11, 1, 4, tzinfo=UTC)


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
    return create_app(settings(), name="bench_calendar")


def floor() -> House:
    """Make a server in the same frame that only asks the database."""
    app = House("bench_calendar_floor", error_handler=Refusals(), configure_logging=False)
    account_id = int(os.environ["BENCH_ACCOUNT"])
    audiences = audience_values(Reader(account_id=account_id, roles=frozenset({Role.DOCTOR})))
    starts_at, ends_at = clock.month_bounds(2026, 11)
    month = (starts_at, ends_at, MONTH, starts_at.date(), ends_at.date() - timedelta(days=1))

    @app.before_server_start
    async def open_pool(app: House) -> None:
        app.ctx.pool = await asyncpg.create_pool(os.environ["BENCH_DATABASE_URL"], min_size=2, max_size=12)

    @app.get("/healthz")
    @operation("It is there", reply=Done, public=True)
    async def is_alive(request: Request) -> Done:
        return Done()

    @app.get("/api/doctor/calendar")
    @operation("The same answer", reply=calendar.Calendar, public=True)
    async def answer(request: Request) -> HTTPResponse:
        text = await request.app.ctx.pool.fetchval(calendar.MONTH_OF, account_id, audiences, clock.now(), *month)
        body = text.encode()
        return tagged(request, body, etag_of(body), cache_control="private, no-cache")

    return app


async def prepare(url: str) -> str:
    """Make a migrated database with the doctor and the episodes; gives the doctor's token."""
    server_url, _, _ = url.rpartition("/")
    admin = await asyncpg.connect(f"{server_url}/postgres")
    await admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
    await admin.execute(f"CREATE DATABASE {NAME}")
    await admin.close()
    os.environ["BENCH_DATABASE_URL"] = f"{server_url}/{NAME}"
    await db.open_database(os.environ["BENCH_DATABASE_URL"], wiring.MODELS)
    await migrate(os.environ["BENCH_DATABASE_URL"], wiring.MODELS)
    account_id = await _doctor()
    episodes = [
        await _episode(series_id, place)
        for series_id in (await _series(), await _series())
        for place in range(EPISODES // 2)
    ]
    await _history(account_id, episodes)
    await db.connection().execute("ANALYZE")
    await db.close_database()
    os.environ["BENCH_ACCOUNT"] = str(account_id)
    tokens = Tokens(settings().key_bytes[1], access_minutes=600)
    return tokens.make_access(account_id=account_id, session_id="bench", at=clock.now())


async def _doctor() -> int:
    now = clock.now()
    account_id: int = await db.connection().value(
        "INSERT INTO account (app_id, audience, openid_hash, created_at) VALUES ('wx-bench', $2, '\\x00', $1) "
        "RETURNING id",
        now,
        Audience.DOCTOR,
    )
    await db.connection().execute(
        "INSERT INTO consent (account_id, purpose, version, granted, channel, at) "
        "VALUES ($1, 'service', '2026-11-01', true, 'app', $2)",
        account_id,
        now,
    )
    await db.connection().execute(
        "INSERT INTO account_session (id, account_id, created_at, refreshed_at, expires_at) "
        "VALUES ('bench', $1, $2, $2, $3)",
        account_id,
        now,
        now + timedelta(days=1),
    )
    return account_id


async def _series() -> int:
    made = await items.create(
        kind="series", staff_id=1, at=BEGAN, shape={"title": "医探究竟：直肠癌", "cover": await _cover()}
    )
    await publish(item_id=made.item_id, at=BEGAN)
    return made.item_id


async def _episode(series_id: int, place: int) -> int:
    shape = {
        "title": f"第 {place + 1} 集：肿瘤距肛缘四厘米，还能保肛吗？",
        "summary": "从面诊要点到术后护理团队配合，一次看完整台手术的关键决定。" * 3,
        "stage": "plan",
        "duration_s": 720,
        "cover": await _cover(),
        "video": {"url": "https://films.example.org/film.mp4"},
    }
    made = await items.create(kind="episode", staff_id=1, at=BEGAN, parent_id=series_id, shape=shape)
    airs_at = FIRST + timedelta(days=place, hours=series_id % 8)
    await airings.schedule(episode_id=made.item_id, airs_at=airs_at, staff_id=1, at=BEGAN)
    await publish(item_id=made.item_id, at=BEGAN)
    return made.item_id


async def _cover() -> dict[str, Any]:
    asset_id = await db.connection().value(
        "INSERT INTO asset (kind, name, sha256, bytes, media_type, width, height, created_at, created_by) "
        "VALUES ('image', 'cover.jpg', encode(sha256(random()::text::bytea), 'hex'), 1000, 'image/jpeg', 1200, 675, "
        "$1, 1) RETURNING id",
        BEGAN,
    )
    return {"asset": asset_id, "alt": "手术室"}


async def _history(account_id: int, episodes: list[int]) -> None:
    """Let the doctor have watched some, follow a series, and have reminders planned."""
    await db.connection().execute(
        "INSERT INTO follow (account_id, series_id, created_at) SELECT $1, min(item_id), $2 FROM live "
        "WHERE kind = 'series'",
        account_id,
        BEGAN,
    )
    await db.connection().execute(
        "INSERT INTO viewing (account_id, episode_id, ranges, covered_ms, length_ms, position_ms, budget_ms, "
        "started_at, updated_at, finished_at) SELECT $1, id, '{[0,650000)}', 650000, 720000, 650000, 0, "
        "$2, $2, CASE WHEN id % 4 = 0 THEN $2::timestamptz END FROM unnest($3::bigint[]) AS id WHERE id % 2 = 0",
        account_id,
        BEGAN,
        episodes,
    )
    await db.connection().execute(
        "INSERT INTO message (account_id, app_id, key, template_id, kind, topic, item_id, subject, urgency, due_at, "
        "not_after, ready_at, texts, planned_at) SELECT $1, 'wx-bench', 'episode_soon', 'bench', 'service', "
        "'episode:' || l.item_id, l.item_id, 'episode:' || l.item_id || ':soon:0', 20, "
        "a.airs_at - interval '30 minutes', a.airs_at, a.airs_at, '{}', $2::timestamptz "
        "FROM live l JOIN airing a ON a.episode_id = l.item_id JOIN follow f ON f.series_id = l.root_id",
        account_id,
        BEGAN,
    )


def main() -> list[Row]:
    """Measure the calendar."""
    with stores() as (database_url, redis_url):
        os.environ["BENCH_REDIS_URL"] = redis_url
        token = asyncio.run(prepare(database_url))
        request = get(f"/api/doctor/calendar?month={MONTH}", authorization=f"Bearer {token}")
        load = Load([request], connections=CONNECTIONS, seconds=3.0, warmup_s=1.0)
        with server("bench.calendar:house") as subject, server("bench.calendar:floor") as asking:
            figures, floor_figures = in_turns([lambda: run(subject, load), lambda: run(asking, load)])
    return [Row("calendar of a signed-in doctor, 60 episodes", figures, floor_figures, AT_LEAST)]
