"""A published episode read by guests, beside a handler of the same app that returns the same bytes.

The floor stands in the same frame, at an address of the same form, and looks at nothing: no reader, no id, no age of
the answer. It sends the same headers.
"""

import asyncio
import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx
from sanic import HTTPResponse, Request

from bench.harness import ROOT, Load, Row, get, in_turns, run, server
from bench.intake import KEY, stores
from bench.shelf import publish
from content import items
from server import wiring
from server.app import create_app
from server.core import db
from server.core.settings import Settings
from server.migrate import migrate
from server.web.request import House

NAME: Final = "xinglin_bench_episode"
CONNECTIONS: Final = 32
AT_LEAST: Final = 0.9
BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)
HEADERS: Final = ("etag", "cache-control", "vary")


def settings() -> Settings:
    """Give the settings of the server that is measured."""
    return Settings(
        database_url=os.environ["BENCH_DATABASE_URL"],
        redis_url=os.environ["BENCH_REDIS_URL"],
        home=ROOT / "var" / "bench",
        master_key=KEY,
        token_key=KEY,
    )


def house() -> House:
    """Make the server as it is, with the floor as one more door."""
    app = create_app(settings(), name="bench_episode")
    answer: dict[str, Any] = {}

    @app.get("/api/floor/episodes/<episode_id:int>")
    async def floor(request: Request, episode_id: int) -> HTTPResponse:
        if not answer:
            answer.update(json.loads(Path(os.environ["BENCH_ANSWER"]).read_text()))
            answer["body"] = answer["body"].encode()
        return HTTPResponse(answer["body"], 200, answer["headers"], "application/json")

    return app


async def prepare(url: str) -> int:
    """Make a migrated database with an episode as they are; gives its id."""
    server_url, _, _ = url.rpartition("/")
    admin = await asyncpg.connect(f"{server_url}/postgres")
    await admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
    await admin.execute(f"CREATE DATABASE {NAME}")
    await admin.close()
    os.environ["BENCH_DATABASE_URL"] = f"{server_url}/{NAME}"
    await db.open_database(os.environ["BENCH_DATABASE_URL"], wiring.MODELS)
    await migrate(os.environ["BENCH_DATABASE_URL"], wiring.MODELS)
    cover = {"asset": await _picture(), "alt": "手术室里的主刀医生和助手"}
    series_id = await _published("series", None, {"title": "医探究竟：直肠癌", "cover": cover})
    stages = ("consultation", "plan", "difficulty", "nursing")
    episode = {
        "title": "第一集：肿瘤距肛缘四厘米，还能保肛吗？",
        "summary": "从面诊要点到术后护理团队配合，一次看完整台手术的关键决定。" * 3,
        "duration_s": 720,
        "cover": cover,
        "video": {"url": "https://films.example.org/film.mp4"},
        "chapters": [
            {"key": stage, "title": f"章节 {place}", "starts_at_s": place * 180, "stage": stage}
            for place, stage in enumerate(stages)
        ],
        "questions": [{"text": f"这一步怎么做才安全（{stage}）？", "chapter": stage} for stage in stages],
        "team": [
            {"name": f"医生{place}", "title": "主任医师", "hospital": "江城示范医院", "role": "主讲"}
            for place in range(4)
        ],
    }
    made = [await _published("episode", series_id, episode) for _ in range(3)]
    await db.close_database()
    return made[1]


async def _picture() -> int:
    made: int = await db.connection().value(
        "INSERT INTO asset (kind, name, sha256, bytes, media_type, width, height, created_at, created_by) "
        "VALUES ('image', 'cover', repeat('a', 64), 1, 'image/jpeg', 1600, 900, $1, 1) RETURNING id",
        BEGAN,
    )
    return made


async def _published(kind: str, parent_id: int | None, shape: dict[str, Any]) -> int:
    made = await items.create(kind=kind, parent_id=parent_id, shape=shape, staff_id=1, at=BEGAN)
    await publish(item_id=made.item_id, at=BEGAN)
    return made.item_id


def main() -> list[Row]:
    """Measure the reading of an episode."""
    with stores() as (database_url, redis_url), tempfile.TemporaryDirectory() as folder:
        os.environ["BENCH_REDIS_URL"] = redis_url
        os.environ["BENCH_ANSWER"] = f"{folder}/answer.json"
        episode_id = asyncio.run(prepare(database_url))
        path, floor_path = (f"/api/{door}/episodes/{episode_id}" for door in ("doctor", "floor"))
        with server("bench.episode:house") as port:
            given = httpx.get(f"http://127.0.0.1:{port}{path}").raise_for_status()
            headers = {name: given.headers[name] for name in HEADERS}
            Path(os.environ["BENCH_ANSWER"]).write_text(json.dumps({"body": given.text, "headers": headers}))
            same = httpx.get(f"http://127.0.0.1:{port}{floor_path}")
            if same.content != given.content or any(same.headers[name] != headers[name] for name in HEADERS):
                raise RuntimeError("the floor does not give the same answer")
            subject = Load([get(path)], connections=CONNECTIONS)
            floor = Load([get(floor_path)], connections=CONNECTIONS)
            figures, floor_figures = in_turns([lambda: run(port, subject), lambda: run(port, floor)])
    return [
        Row(
            "published episode, read by guests", figures, floor_figures, AT_LEAST, notes=f"{len(given.content):,} bytes"
        )
    ]
