"""Answers kept in a worker's memory, and the word that they have changed.

The rule: nothing kept is ever older than `MAX_AGE_S`, whatever happens to the word of a change; the word, sent through
Redis, only makes it younger. While Redis is away nothing is kept at all.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

MAX_AGE_S = 0.9
CHANNEL = "xinglin:changes"
PING_S = 0.3
SILENCE_S = 0.9
CAPACITY = 4096

log = structlog.get_logger()

V = TypeVar("V")


class Kept(Generic[V]):
    """Up to `CAPACITY` answers by key, none older than `MAX_AGE_S`; each is loaded once however many ask."""

    def __init__(self, changes: "Changes") -> None:
        self._changes = changes
        self._entries: OrderedDict[Hashable, tuple[float, V]] = OrderedDict()
        self._loading: dict[Hashable, asyncio.Future[V]] = {}
        changes.kept.append(self)

    def peek(self, key: Hashable) -> V | None:
        """Give the answer that is kept, if there is one that may still be given."""
        entry = self._entries.get(key)
        now = time.monotonic()
        if entry is None or now - entry[0] >= MAX_AGE_S or now - self._changes.heard_at >= SILENCE_S:
            return None
        return entry[1]

    async def of(self, key: Hashable, load: Callable[[], Awaitable[V]]) -> V:
        """Give the answer kept, or load it; one load serves all who ask meanwhile."""
        kept = self.peek(key)
        if kept is not None:
            return kept
        if not self._changes.heard:
            return await load()
        under_way = self._loading.get(key)
        if under_way is not None:
            return await asyncio.shield(under_way)
        return await self._load(key, load)

    async def _load(self, key: Hashable, load: Callable[[], Awaitable[V]]) -> V:
        loading: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        self._loading[key] = loading
        # The age counts from before the load, so that what was read is never older than it claims to be.
        started = time.monotonic()
        try:
            value = await load()
        except BaseException as fault:
            # Those who waited get the same failure; a load that was cancelled is theirs to repeat.
            if isinstance(fault, asyncio.CancelledError):
                loading.cancel()
            else:
                loading.set_exception(fault)
                loading.exception()
            raise
        else:
            loading.set_result(value)
            # A word of change that came during the load has removed it from here, and the value is not kept.
            if self._loading.get(key) is loading:
                self._entries[key] = (started, value)
                self._entries.move_to_end(key)
                if len(self._entries) > CAPACITY:
                    self._entries.popitem(last=False)
            return value
        finally:
            if self._loading.get(key) is loading:
                del self._loading[key]

    def drop(self, key: Hashable) -> None:
        """Forget an answer, also one that is being loaded."""
        self._entries.pop(key, None)
        self._loading.pop(key, None)

    def clear(self) -> None:
        self._entries.clear()
        self._loading.clear()


class Changes:
    """The word of changes between the processes of the house; a topic is ``kind:key``, e.g. ``item:17``."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._task: asyncio.Task[None] | None = None
        self._answers: dict[str, list[tuple[Kept[Any], Callable[[str], Hashable]]]] = {}
        self.kept: list[Kept[Any]] = []
        self.heard_at = float("-inf")

    @property
    def heard(self) -> bool:
        """Whether words of change would reach this process now."""
        return time.monotonic() - self.heard_at < SILENCE_S

    def tell(self, kind: str, kept: Kept[Any], key: Callable[[str], Hashable] = str) -> None:
        """Let words about a kind of thing drop the answers kept under its key."""
        self._answers.setdefault(kind, []).append((kept, key))

    async def publish(self, *topics: str) -> None:
        """Send the word that things have changed, after the change is committed; at once for this process.

        A word that cannot be sent is not a failure: what other processes keep is short-lived.
        """
        for topic in topics:
            self._drop(topic)
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for topic in topics:
                    pipe.publish(CHANNEL, topic)
                await pipe.execute()
        except (RedisError, OSError) as fault:
            log.warning("changes_not_sent", topics=topics, fault=type(fault).__name__)

    def start(self) -> None:
        """Listen until `stop`."""
        self._task = asyncio.get_running_loop().create_task(self._listen())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def _drop(self, topic: str) -> None:
        kind, _, key = topic.partition(":")
        for kept, read in self._answers.get(kind, ()):
            if key == "*":
                kept.clear()
            else:
                kept.drop(read(key))

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(CHANNEL)
                    await self._hear(pubsub)
            except (RedisError, OSError) as fault:
                log.warning("changes_not_heard", fault=type(fault).__name__)
            # Words may have been missed.
            self.heard_at = float("-inf")
            for kept in self.kept:
                kept.clear()
            await asyncio.sleep(PING_S)

    async def _hear(self, pubsub: Any) -> None:
        pinged = asked = 0.0
        while True:
            now = time.monotonic()
            if now - pinged >= PING_S:
                if asked and now - asked > SILENCE_S:
                    raise ConnectionError("no answer to the ping")
                await pubsub.ping()
                pinged = now
                asked = asked or now
            message = await pubsub.get_message(timeout=PING_S)
            if message is None:
                continue
            if message["type"] == "message":
                self._drop(message["data"].decode())
            elif message["type"] in {"pong", "subscribe"}:
                # The answer to a ping proves that all words sent before it have been heard.
                self.heard_at = time.monotonic()
                asked = 0.0
