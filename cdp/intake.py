"""The intake: events of clients on their way into the log, many requests a transaction.

The rule: nothing is acknowledged before it is committed, and nothing is kept back in memory: while the store is away a
request is refused, and its client sends it again. A request pays for its own faults only: a group that the database
refuses is tried again request by request, and a request event by event.
"""

import asyncio
from datetime import datetime
from itertools import groupby
from typing import Final

import asyncpg
import structlog
from prometheus_client import Counter, Histogram

from cdp.batches import EventOutcome, Judged
from cdp.storing import Group
from server.core import db
from server.core.errors import Unavailable

# Two writers keep the database busy while the next group gathers; larger groups only made the waits longer.
WRITERS: Final = 2
MOST_ROWS: Final = 400
MOST_WAITING: Final = 20_000
ANSWER_S: Final = 10.0

log = structlog.get_logger()

_events = Counter("xinglin_events", "Events that clients sent, by what became of them.", ["outcome"])
_groups = Histogram(
    "xinglin_event_group_rows", "Events stored in one transaction.", buckets=(1, 10, 50, 100, 200, 400, 1000)
)

# What the database says of a value, and not of itself: the events of others need not suffer for it.
_OF_THE_VALUES = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    asyncpg.TransactionRollbackError,
)

Waiting = tuple[Judged, "asyncio.Future[list[EventOutcome]]"]


class Intake:
    """The queue of one process and its writers."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Waiting] = asyncio.Queue()
        self._rows = 0
        self._writers: list[asyncio.Task[None]] = []
        self._open = False

    def start(self) -> None:
        """Begin to write, in the loop that is running."""
        self._open = True
        self._writers = [asyncio.get_running_loop().create_task(self._write()) for _ in range(WRITERS)]

    async def stop(self) -> None:
        """Write what is waiting, and take nothing more."""
        self._open = False
        try:
            await asyncio.wait_for(self._queue.join(), ANSWER_S)
        except TimeoutError:
            log.warning("intake_cut_short", waiting=self._queue.qsize())
        for writer in self._writers:
            writer.cancel()
        await asyncio.gather(*self._writers, return_exceptions=True)
        self._writers = []
        self._refuse_waiting()

    async def take(self, batch: Judged) -> list[EventOutcome]:
        """Store a batch and say of every event what became of it, once that is committed.

        :raises Unavailable: if the store is away, too slow or too far behind; the batch may be sent again.
        """
        if not self._open or self._rows >= MOST_WAITING:
            raise Unavailable("The log takes no events just now.", retry_after_s=1)
        answer: asyncio.Future[list[EventOutcome]] = asyncio.get_running_loop().create_future()
        self._rows += len(batch.events)
        self._queue.put_nowait((batch, answer))
        try:
            async with asyncio.timeout(ANSWER_S):
                return await answer
        except TimeoutError:
            raise Unavailable("The log is too slow just now.") from None

    async def _write(self) -> None:
        while True:
            group = self._gathered(await self._queue.get())
            try:
                async with db.connection().held() as held:
                    # The connection is kept for as long as there is work: to give it back costs a round trip.
                    while group:
                        await self._store(held, group)
                        self._done(group)
                        group = [] if self._queue.empty() else self._gathered(self._queue.get_nowait())
            except Exception as fault:
                # Not swallowed: whoever waits for an answer gets the failure instead.
                log.warning("event_group_failed", batches=len(group), fault=type(fault).__name__)
                self._fail(group, fault)
                if db.is_away(fault):
                    self._refuse_waiting()

    def _gathered(self, first: Waiting) -> list[Waiting]:
        group, rows = [first], len(first[0].events)
        while rows < MOST_ROWS and not self._queue.empty():
            group.append(self._queue.get_nowait())
            rows += len(group[-1][0].events)
        return group

    async def _store(self, held: asyncpg.Connection, group: list[Waiting]) -> None:
        for _, part in groupby(group, key=lambda waiting: _hour(waiting[0].origin.received_at)):
            together = list(part)
            try:
                answers = await _stored(held, [batch for batch, _ in together])
            except _OF_THE_VALUES as fault:
                log.warning("event_group_refused", batches=len(together), fault=type(fault).__name__)
                answers = [await _stored_alone(held, batch) for batch, _ in together]
            for (_, answer), outcomes in zip(together, answers, strict=True):
                if not answer.done():
                    answer.set_result(outcomes)

    def _done(self, group: list[Waiting]) -> None:
        for batch, _ in group:
            self._rows -= len(batch.events)
            self._queue.task_done()

    def _fail(self, group: list[Waiting], fault: Exception) -> None:
        for _, answer in group:
            if not answer.done():
                answer.set_exception(Unavailable() if db.is_away(fault) else fault)
        self._done(group)

    def _refuse_waiting(self) -> None:
        while not self._queue.empty():
            self._fail([self._queue.get_nowait()], Unavailable())


async def _stored(held: asyncpg.Connection, batches: list[Judged]) -> list[list[EventOutcome]]:
    group = Group(batches)
    await group.store(held)
    counts: dict[str, int] = {}
    for outcomes in group.outcomes:
        for outcome in outcomes:
            counts[outcome.outcome] = counts.get(outcome.outcome, 0) + 1
    for name, count in counts.items():
        _events.labels(name).inc(count)
    _groups.observe(sum(counts.values()))
    return group.outcomes


async def _stored_alone(held: asyncpg.Connection, batch: Judged) -> list[EventOutcome]:
    try:
        return (await _stored(held, [batch]))[0]
    except _OF_THE_VALUES:
        return [await _stored_event(held, batch, place) for place in range(len(batch.events))]


async def _stored_event(held: asyncpg.Connection, batch: Judged, place: int) -> EventOutcome:
    event_id = batch.ids[place]
    try:
        alone = await _stored(held, [Judged(batch.origin, [event_id], [batch.events[place]])])
    except _OF_THE_VALUES as fault:
        log.exception("event_unstorable", event_id=event_id, sqlstate=fault.sqlstate)
        refused = EventOutcome(
            event_id, "rejected", "unstorable", f"events[{place}]", "The store cannot hold this event."
        )
        alone = await _stored(held, [Judged(batch.origin, [event_id], [refused])])
    return alone[0][0]


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
