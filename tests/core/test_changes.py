"""Answers kept in a worker: young, dropped by word, and not kept while Redis is away."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from server.core.changes import MAX_AGE_S, Changes, Kept
from server.core.redis import open_redis
from server.core.settings import Settings


@asynccontextmanager
async def listening(redis: Redis) -> AsyncIterator[tuple[Changes, Kept[int]]]:
    changes = Changes(redis)
    kept: Kept[int] = Kept(changes)
    changes.tell("item", kept, int)
    changes.start()
    for _ in range(100):
        if changes.heard:
            break
        await asyncio.sleep(0.02)
    assert changes.heard
    yield changes, kept
    await changes.stop()


class Source:
    def __init__(self) -> None:
        self.value = 1
        self.loads = 0

    async def load(self) -> int:
        self.loads += 1
        value = self.value
        await asyncio.sleep(0.01)
        return value


async def test_one_load_serves_all_who_ask(redis: Redis) -> None:
    source = Source()
    async with listening(redis) as (_, kept):
        assert await asyncio.gather(*(kept.of(7, source.load) for _ in range(20))) == [1] * 20
        assert source.loads == 1


async def test_the_word_of_a_change_reaches_another_process(redis: Redis, settings: Settings) -> None:
    source, other = Source(), open_redis(settings.redis_url)
    async with listening(redis) as (_, kept), listening(other) as (elsewhere, _):
        await kept.of(7, source.load)
        source.value = 2
        await elsewhere.publish("item:7")
        await asyncio.sleep(0.1)
        assert kept.peek(7) is None
        assert await kept.of(7, source.load) == 2
    await other.aclose()


async def test_a_lost_word_leaves_nothing_older_than_its_age(redis: Redis) -> None:
    source = Source()
    async with listening(redis) as (_, kept):
        await kept.of(7, source.load)
        source.value = 2
        await asyncio.sleep(MAX_AGE_S)
        assert await kept.of(7, source.load) == 2


async def test_what_changed_during_its_load_is_not_kept(redis: Redis) -> None:
    source = Source()
    async with listening(redis) as (changes, kept):
        loading = asyncio.create_task(kept.of(7, source.load))
        await asyncio.sleep(0)
        await changes.publish("item:7")
        await loading
        assert kept.peek(7) is None


async def test_nothing_is_kept_while_redis_is_away(unused_tcp_port: int) -> None:
    source = Source()
    changes = Changes(open_redis(f"redis://127.0.0.1:{unused_tcp_port}/0"))
    kept: Kept[int] = Kept(changes)
    changes.start()
    for expected in (1, 2):
        source.value = expected
        assert await kept.of(7, source.load) == expected
    await changes.publish("item:7")
    await changes.stop()


async def test_a_failed_load_fails_for_all_and_is_tried_again(redis: Redis) -> None:
    async def fail() -> int:
        await asyncio.sleep(0.01)
        raise ValueError("no")

    async with listening(redis) as (_, kept):
        results = await asyncio.gather(*(kept.of(7, fail) for _ in range(3)), return_exceptions=True)
        assert all(isinstance(result, ValueError) for result in results)
        assert await kept.of(7, Source().load) == 1


async def test_the_listener_hears_again_after_redis_was_away(redis: Redis) -> None:
    async with listening(redis) as (changes, _):
        await redis.client_kill_filter(_type="pubsub", skipme=True)
        before = time.monotonic()
        for _ in range(150):
            if changes.heard_at > before:
                break
            await asyncio.sleep(0.02)
        assert changes.heard_at > before


@pytest.fixture
def unused_tcp_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
