"""What the tests stand on: a real PostgreSQL and Redis, one database and one Redis number a worker.

The databases are copies of one migrated template, made anew only when a migration has changed; each test begins on
empty tables.
"""

import asyncio
import base64
import hashlib
import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import filelock
import httpx
import pytest
from browser_fixtures import browser  # noqa: F401 -- a fixture for all tests
from people_fixtures import people, visitors  # noqa: F401 -- fixtures for all tests
from professional_fixtures import practice  # noqa: F401 -- a fixture for all tests
from redis.asyncio import Redis
from store_fixtures import store  # noqa: F401 -- a fixture for all tests
from wechat_fixtures import sandbox, wechat  # noqa: F401 -- fixtures for all tests

from server import wiring
from server.app import create_app
from server.core import db
from server.core.redis import open_redis
from server.core.settings import Settings
from server.migrate import migrate
from server.web.request import AccessLog

ROOT = Path(__file__).parents[1]
KEY = base64.b64encode(b"t" * 32).decode()


@pytest.fixture(scope="session")
def servers(worker_id: str) -> Iterator[tuple[str, str]]:
    """Give the addresses of PostgreSQL (without a database's name) and of Redis with this worker's number."""
    number = 0 if worker_id == "master" else int(worker_id.removeprefix("gw")) + 1
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        yield os.environ["DATABASE_URL"].rsplit("/", 1)[0], f"{os.environ['REDIS_URL'].rsplit('/', 1)[0]}/{number}"
        return
    from server.embedded import throwaway

    with throwaway(ROOT / "var" / "test") as started:
        yield started.database_url.rsplit("/", 1)[0], f"{started.redis_url.rsplit('/', 1)[0]}/{number}"


def _shape() -> str:
    """Name the shape of the tables: a hash of all migrations."""
    steps = sorted((ROOT / "server" / "migrations").rglob("*.py"))
    return hashlib.sha256(b"".join(step.read_bytes() for step in steps)).hexdigest()[:12]


@pytest.fixture(scope="session")
async def database_url(servers: tuple[str, str], worker_id: str) -> AsyncIterator[str]:
    """Make this worker's database, a copy of the migrated template."""
    server, _ = servers
    template = f"xinglin_test_{_shape()}"
    own = f"{template}_{worker_id}_{os.getpid()}"
    (ROOT / "var").mkdir(exist_ok=True)
    admin = await asyncpg.connect(f"{server}/postgres")
    with filelock.FileLock(ROOT / "var" / "test-template.lock"):
        if not await admin.fetchval("SELECT true FROM pg_database WHERE datname = $1 AND datistemplate", template):
            await admin.execute(f'DROP DATABASE IF EXISTS "{template}"')
            await admin.execute(f'CREATE DATABASE "{template}"')
            await db.open_database(f"{server}/{template}", wiring.MODELS)
            await migrate(f"{server}/{template}", wiring.MODELS)
            await db.close_database()
            await admin.execute(f'ALTER DATABASE "{template}" WITH IS_TEMPLATE true')
        await admin.execute(f'CREATE DATABASE "{own}" TEMPLATE "{template}"')
    yield f"{server}/{own}"
    await admin.execute(f'DROP DATABASE "{own}" WITH (FORCE)')
    await admin.close()


@pytest.fixture(scope="session")
def settings(servers: tuple[str, str], database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        database_url=database_url,
        redis_url=servers[1],
        home=tmp_path_factory.mktemp("home"),
        master_key=KEY,
        token_key=KEY,
        demo=True,
    )


@pytest.fixture(scope="session")
async def open_tables(settings: Settings) -> AsyncIterator[None]:
    """Open the database for the whole session of this worker."""
    await db.open_database(settings.database_url, wiring.MODELS)
    yield
    await db.close_database()


@pytest.fixture
async def database(open_tables: None) -> None:
    """Begin on empty tables."""
    tables = await db.connection().fetch(
        "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public' "
        "AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'tortoise_migrations'"
    )
    names = [row["relname"] for row in tables]
    union = " UNION ALL ".join(f"SELECT '{name}' AS name WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in names)
    full = [row["name"] for row in await db.connection().fetch(union)]
    if full:
        quoted = ", ".join(f'"{name}"' for name in full)
        await db.connection().execute(f"TRUNCATE {quoted} RESTART IDENTITY CASCADE")


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    """Begin on an empty Redis."""
    client = open_redis(settings.redis_url)
    await client.flushdb()
    yield client
    await client.aclose()


@pytest.fixture(scope="session")
async def app(settings: Settings, open_tables: None) -> AsyncIterator[Any]:
    """Serve the real app on a free port, in the loop of the tests."""
    app = create_app(settings, name=f"xinglin_{os.getpid()}", access_log=AccessLog(lines=False))
    sock = socket.create_server(("127.0.0.1", 0))
    server = await app.create_server(sock=sock, return_asyncio_server=True, access_log=False)
    assert server is not None
    await server.startup()
    await server.before_start()
    await server.after_start()
    serving = asyncio.ensure_future(server.serve_forever())
    app.ctx.test_url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    yield app
    await server.before_stop()
    await server.close()
    serving.cancel()
    for connection in server.connections:
        connection.close_if_idle()
    await server.after_stop()


@pytest.fixture
async def client(app: Any, database: None, redis: Redis) -> AsyncIterator[httpx.AsyncClient]:
    """Ask the doors over the network, as a mini-program would; nothing kept from an earlier test."""
    for kept in app.ctx.changes.kept:
        kept.clear()
    async with httpx.AsyncClient(base_url=app.ctx.test_url, timeout=10) as client:
        yield client
