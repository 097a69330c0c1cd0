"""Limits on how often something may be asked, counted in Redis for all processes together.

The rule: a count belongs to a window that begins with its first call. Redis being away lifts the limit: a limit
protects the house from the hasty, and must not keep out everybody.
"""

import ipaddress

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.core.errors import TooMany

log = structlog.get_logger()

_COUNT = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return {n, redis.call('TTL', KEYS[1])}
"""


class TooOften(TooMany):
    """The same was asked too often from the same place."""

    code = "too_often"
    title = "操作过于频繁，请稍后再试"


async def spend(redis: Redis, *, name: str, whose: str, most: int, within_s: int) -> None:
    """Count a call.

    :param whose: from whom it comes: an address, an account.
    :param most: how many are taken in ``within_s`` seconds; 0 for no limit.
    :raises TooOften: if it is one too many.
    """
    if not most:
        return
    try:
        count, left_s = await redis.eval(_COUNT, 1, f"xinglin:limit:{name}:{whose}", within_s)
    except (RedisError, OSError) as fault:
        log.warning("limit_not_counted", name=name, fault=type(fault).__name__)
        return
    if count > most:
        raise TooOften(retry_after_s=max(1, left_s))


def place_of(address: str) -> str:
    """Name the place that a call comes from: an IPv4 address, or the network of 64 bits that a household has."""
    try:
        ip = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False).network_address)
    return str(ip)
