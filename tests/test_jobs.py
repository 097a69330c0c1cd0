"""The worker: of several, one does the jobs, and another takes over when it is gone."""

import asyncio
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from server.core import db
from server.core.jobs import Job
from server.core.settings import Settings
from server.jobs import LOCK, run_once, take_turns


class Turns:
    """Counts who does the job, and whether two ever did it at once."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.under_way = 0
        self.together = False

    async def run(self, ctx: Any, at: datetime) -> None:
        self.under_way += 1
        self.together = self.together or self.under_way > 1
        await asyncio.sleep(0.05)
        self.done.append(ctx.name)
        self.under_way -= 1


async def until(condition: Any, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_one_of_three_workers_does_the_jobs_and_another_takes_over(database: None, settings: Settings) -> None:
    turns = Turns()
    jobs = [Job("turn", 0.1, turns.run)]
    stopping = {name: asyncio.Event() for name in "abc"}
    workers = {
        name: asyncio.create_task(take_turns(SimpleNamespace(settings=settings, name=name), jobs, stopping[name]))
        for name in "abc"
    }
    await until(lambda: len(turns.done) >= 5)
    first = turns.done[0]
    assert set(turns.done) == {first}

    stopping[first].set()
    await workers[first]
    await until(lambda: set(turns.done) != {first})
    assert not turns.together
    for event in stopping.values():
        event.set()
    await asyncio.gather(*workers.values())


async def test_a_worker_whose_lock_is_lost_stops_and_comes_back(database: None, settings: Settings) -> None:
    turns = Turns()
    stopping = asyncio.Event()
    ctx = SimpleNamespace(settings=settings, name="a")
    worker = asyncio.create_task(take_turns(ctx, [Job("turn", 0.1, turns.run)], stopping))
    await until(lambda: turns.done)
    killed = await db.connection().value(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND granted "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
        "AND (classid::bigint << 32 | objid::bigint) = $1",
        LOCK,
    )
    assert killed == 1
    done = len(turns.done)
    await until(lambda: len(turns.done) > done + 3)
    stopping.set()
    await worker


async def test_a_job_that_fails_does_not_stop_the_others(database: None, settings: Settings) -> None:
    async def fail(ctx: Any, at: datetime) -> None:
        raise ValueError("broken")

    turns = Turns()
    stopping = asyncio.Event()
    ctx = SimpleNamespace(settings=settings, name="a")
    await run_once(ctx, Job("fails", 1, fail))
    jobs = [Job("fails", 0.1, fail), Job("turn", 0.1, turns.run)]
    worker = asyncio.create_task(take_turns(ctx, jobs, stopping))
    await until(lambda: len(turns.done) >= 3)
    stopping.set()
    await worker
