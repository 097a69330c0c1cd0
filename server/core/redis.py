"""Redis: one client a process. The database is the truth; whatever lies here can be lost.

The rule: only commands of Redis 6.2, and short timeouts, so that Redis being away never holds a request for long.
"""

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import TimeoutError as RedisSilent

from server.core.errors import Misconfigured

TIMEOUT_S = 1.0


def open_redis(url: str) -> Redis:
    """Make the client; it connects when it is first needed.

    :raises Misconfigured: if the address is not one of Redis.
    """
    try:
        return Redis.from_url(
            url,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 1),
            health_check_interval=5,
            protocol=2,
        )
    except ValueError:
        raise Misconfigured("REDIS_URL must look like redis://:password@host:6379/0.") from None


def is_away(fault: BaseException) -> bool:
    """Tell whether a failure means that Redis cannot be reached for now."""
    return isinstance(fault, RedisAway | RedisSilent)


async def is_up(redis: Redis) -> bool:
    """Ask Redis for a sign of life."""
    try:
        return bool(await redis.ping())
    except (RedisAway, RedisSilent, OSError):
        return False
