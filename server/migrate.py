"""Bring the database to the shape that the code expects.

The rule: all steps that are missing are one transaction together with the record of them, behind a lock: two who
migrate at once, or one who is killed, leave either the old shape or the new one.
"""

from collections.abc import Mapping, Sequence

from tortoise.connection import get_connection
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

from server.core import db

LOCK = 7_310_472_205


def _executor(url: str, models: Mapping[str, Sequence[str]]) -> MigrationExecutor:
    return MigrationExecutor(get_connection("default"), db.config(url, models)["apps"])


async def migrate(url: str, models: Mapping[str, Sequence[str]]) -> list[str]:
    """Apply the steps that are missing and name them (``room.step``).

    The database must be open (`server.core.db.open_database`).
    """
    applied: list[str] = []

    def note(event: str, room: str, step: str) -> None:
        if event == "apply_start":
            applied.append(f"{room}.{step}")

    async with db.transaction():
        await db.connection().execute("SET LOCAL lock_timeout = 0")
        await db.connection().value("SELECT pg_advisory_xact_lock($1)", LOCK)
        executor = _executor(url, models)
        # Asking for what is applied before its table exists would fail, and a failure ends the transaction.
        await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))
        await executor.migrate([MigrationTarget(room, "__latest__") for room in models], progress=note)
    return applied


async def missing_steps(url: str, models: Mapping[str, Sequence[str]]) -> list[str]:
    """Name the steps that the database has not got yet."""
    known = await db.connection().value("SELECT to_regclass('tortoise_migrations') IS NOT NULL")
    executor = _executor(url, models)
    await executor.loader.build_graph()
    done = set()
    if known:
        rows = await db.connection().fetch("SELECT app, name FROM tortoise_migrations")
        done = {(row["app"], row["name"]) for row in rows}
    wanted = {(key.app_label, key.name) for key in executor.loader.graph.nodes}
    return sorted(f"{room}.{step}" for room, step in wanted - done)
