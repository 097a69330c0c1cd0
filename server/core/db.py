"""PostgreSQL: one pool a process, transactions, and the question whether a failure means that the database is away.

The rule: a deed is one transaction, opened by the domain function that does it (`transaction`). Rooms write SQL of
their own only through `connection`, which inside a transaction is that transaction's connection.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

import asyncpg
from tortoise import Tortoise
from tortoise.backends.base.client import BaseDBAsyncClient, TransactionalDBClient
from tortoise.connection import get_connection
from tortoise.exceptions import DBConnectionError
from tortoise.transactions import in_transaction

from server.core.errors import Misconfigured

CONNECT_TIMEOUT_S = 3.0
COMMAND_TIMEOUT_S = 20.0


def config(url: str, models: Mapping[str, Sequence[str]], *, pool: tuple[int, int] = (2, 10)) -> dict[str, Any]:
    """Describe the database to Tortoise.

    :param models: for each room the names of the modules that hold its tables.
    :raises Misconfigured: if the address is not one of PostgreSQL.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise Misconfigured("DATABASE_URL must look like postgresql://user:password@host:5432/name.")
    credentials = {
        "host": parts.hostname or "127.0.0.1",
        "port": parts.port or 5432,
        "user": unquote(parts.username or "postgres"),
        "password": unquote(parts.password or ""),
        "database": unquote(parts.path.lstrip("/")),
        "minsize": pool[0],
        "maxsize": pool[1],
        "timeout": CONNECT_TIMEOUT_S,
        "command_timeout": COMMAND_TIMEOUT_S,
        "server_settings": {"application_name": "xinglin", "timezone": "UTC", "jit": "off"},
        **dict(parse_qsl(parts.query)),
    }
    return {
        "connections": {"default": {"engine": "tortoise.backends.asyncpg", "credentials": credentials}},
        "apps": {
            room: {
                "models": list(modules),
                "default_connection": "default",
                "migrations": f"server.migrations.{room}",
            }
            for room, modules in models.items()
        },
        "use_tz": True,
        "timezone": "UTC",
    }


async def open_database(url: str, models: Mapping[str, Sequence[str]], *, pool: tuple[int, int] = (2, 10)) -> None:
    """Bind the tables to the database; the connections themselves are made when they are first needed."""
    await Tortoise.init(config=config(url, models, pool=pool), _enable_global_fallback=True)


async def close_database() -> None:
    """Give back all connections."""
    await Tortoise.close_connections()


@asynccontextmanager
async def transaction() -> AsyncIterator[None]:
    """Run what is inside as one transaction, or as a savepoint of the one that is open already."""
    async with in_transaction("default"):
        yield


def within_transaction() -> bool:
    """Tell whether a transaction is open here."""
    return isinstance(get_connection("default"), TransactionalDBClient)


class Connection:
    """Statements written by hand; inside a transaction they belong to it."""

    def __init__(self, client: BaseDBAsyncClient) -> None:
        self._client = client

    async def fetch(self, statement: str, *values: object) -> list[asyncpg.Record]:
        async with self._client.acquire_connection() as held:
            return cast("list[asyncpg.Record]", await held.fetch(statement, *values))

    async def row(self, statement: str, *values: object) -> asyncpg.Record | None:
        async with self._client.acquire_connection() as held:
            return cast("asyncpg.Record | None", await held.fetchrow(statement, *values))

    async def value(self, statement: str, *values: object) -> Any:
        async with self._client.acquire_connection() as held:
            return await held.fetchval(statement, *values)

    async def execute(self, statement: str, *values: object) -> int:
        """Run a statement and count the rows it touched."""
        async with self._client.acquire_connection() as held:
            done = (await held.execute(statement, *values)).rsplit(" ", 1)[-1]
        return int(done) if done.isdigit() else 0

    @asynccontextmanager
    async def held(self) -> AsyncIterator[asyncpg.Connection]:
        """Hold one connection of asyncpg itself, for COPY, cursors and session locks."""
        async with self._client.acquire_connection() as held:
            yield held


def connection() -> Connection:
    """Give the connection of the transaction that is open, or the pool where none is."""
    return Connection(get_connection("default"))


# What asyncpg, its pool and the network raise when the server is away, starting or stopping. A timeout of a statement
# counts too: whoever asked must come back later.
_AWAY: tuple[type[BaseException], ...] = (
    DBConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ConnectionDoesNotExistError,
    ConnectionError,
    TimeoutError,
    asyncio.TimeoutError,
)


def is_away(fault: BaseException) -> bool:
    """Tell whether a failure means that the database cannot be reached for now."""
    seen: BaseException | None = fault
    while seen is not None:
        if isinstance(seen, _AWAY) or (isinstance(seen, asyncpg.InterfaceError) and "clos" in str(seen)):
            return True
        # A connection whose server died while it was idle fails like this until the library has noticed.
        if isinstance(seen, asyncpg.InternalClientError) and "cannot switch to state" in str(seen):
            return True
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return False


async def is_up() -> bool:
    """Ask the database for a sign of life."""
    try:
        return bool(await asyncio.wait_for(connection().value("SELECT true"), CONNECT_TIMEOUT_S))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, DBConnectionError):
        return False
