"""Limits: counted together, by place, and lifted while Redis is away."""

import pytest
from redis.asyncio import Redis

from server.core.limits import TooOften, place_of, spend
from server.core.redis import open_redis


async def test_one_too_many_is_refused_with_the_time_to_wait(redis: Redis) -> None:
    for _ in range(3):
        await spend(redis, name="try", whose="one", most=3, within_s=60)
    with pytest.raises(TooOften) as refused:
        await spend(redis, name="try", whose="one", most=3, within_s=60)
    assert 0 < refused.value.retry_after_s <= 60
    await spend(redis, name="try", whose="another", most=3, within_s=60)
    await spend(redis, name="other", whose="one", most=3, within_s=60)


async def test_a_count_is_forgotten_with_its_window(redis: Redis) -> None:
    await spend(redis, name="try", whose="one", most=1, within_s=60)
    assert 0 < await redis.ttl("xinglin:limit:try:one") <= 60


async def test_no_limit_counts_nothing(redis: Redis) -> None:
    await spend(redis, name="try", whose="one", most=0, within_s=60)
    assert await redis.keys("xinglin:limit:*") == []


async def test_everybody_may_while_redis_is_away() -> None:
    away = open_redis("redis://127.0.0.1:1/0")
    for _ in range(5):
        await spend(away, name="try", whose="one", most=1, within_s=60)
    await away.aclose()


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("[2001:db8:1:2::9]", "2001:db8:1:2::"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("unix:/tmp/socket", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_place_is_an_address_or_the_network_of_a_household(address: str, place: str) -> None:
    assert place_of(address) == place
