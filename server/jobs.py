"""The worker of the house: it does the jobs, and only one worker does at any time.

The rule: whoever holds the lock in the database is the scheduler; the others wait for it. The lock belongs to a
connection, so it falls free the moment its holder dies, and a holder that loses the connection stops its jobs first.
"""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import asyncpg
import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger
from prometheus_client import Counter

from server import wiring
from server.app import close_stores, open_stores
from server.core import clock, db, redis
from server.core.errors import Unavailable
from server.core.jobs import Job
from server.core.settings import Settings

LOCK = 7_310_472_206
WAIT_S = 1.0
WATCH_S = 1.0

log = structlog.get_logger()
_done = Counter("xinglin_jobs", "Jobs done, by outcome.", ["job", "outcome"])


async def work(settings: Settings) -> None:
    """Do the jobs of the house until told to stop."""
    stopping = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    ctx = SimpleNamespace()
    await open_stores(ctx, settings)
    try:
        await take_turns(ctx, wiring.JOBS, stopping)
    finally:
        await close_stores(ctx)


async def take_turns(ctx: Any, jobs: Sequence[Job], stopping: asyncio.Event) -> None:
    """Wait for the lock and do the jobs while it is held, again and again until told to stop."""
    while not stopping.is_set():
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            connection = await asyncpg.connect(
                ctx.settings.database_url, timeout=db.CONNECT_TIMEOUT_S, command_timeout=db.CONNECT_TIMEOUT_S
            )
            try:
                if await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
                    await _schedule(ctx, jobs, connection, stopping)
            finally:
                await connection.close(timeout=db.CONNECT_TIMEOUT_S)
        await _pause(stopping, WAIT_S)


async def _schedule(ctx: Any, jobs: Sequence[Job], lock: asyncpg.Connection, stopping: asyncio.Event) -> None:
    log.info("scheduler_started", jobs=[job.name for job in jobs])
    scheduler = AsyncIOScheduler(timezone=clock.SHANGHAI)
    running: set[asyncio.Task[None]] = set()
    for job in jobs:
        scheduler.add_job(
            _start,
            IntervalTrigger(seconds=job.every_s),
            args=(ctx, job, running),
            id=job.name,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
            next_run_time=clock.now(),
        )
    scheduler.start()
    try:
        while not stopping.is_set():
            await lock.fetchval("SELECT 1")
            await _pause(stopping, WATCH_S)
    finally:
        # The jobs end first: the scheduler would report each one that it has to cancel as a failure.
        scheduler.pause()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await asyncio.sleep(0)
        scheduler.shutdown(wait=False)
        log.info("scheduler_stopped")


async def _start(ctx: Any, job: Job, running: set[asyncio.Task[None]]) -> None:
    task = asyncio.get_running_loop().create_task(run_once(ctx, job))
    running.add(task)
    await asyncio.wait({task})
    running.discard(task)


async def run_once(ctx: Any, job: Job) -> None:
    """Do a job once; a failure is logged and counted, and the next turn tries again."""
    try:
        await job.run(ctx, clock.now())
    except asyncio.CancelledError:
        raise
    except Exception as fault:  # a job that fails must not stop the others
        away = isinstance(fault, Unavailable) or db.is_away(fault) or redis.is_away(fault)
        _done.labels(job.name, "away" if away else "failed").inc()
        if away:
            log.warning("job_away", job=job.name, fault=type(fault).__name__)
        else:
            log.exception("job_failed", job=job.name)
    else:
        _done.labels(job.name, "done").inc()


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
