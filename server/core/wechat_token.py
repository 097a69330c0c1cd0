"""The access token of an app, one for all workers, kept in Redis.

The rule: a token is fetched once, by whoever holds the lock, and thrown away only while it is still the one that was
refused. Each fetch gives its token a mark, because the service may give out the same text again: the mark tells a
fresh one from a refused one. Without Redis there is no token.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field

import msgspec
import redis.exceptions
from redis.asyncio import Redis
from redis.asyncio.lock import Lock

from server.core.errors import Unavailable
from server.core.wechat_errors import Unreachable

RENEWED_EARLY_S = 300
"""The service gives out a new token in the last five minutes of the old one, when both work."""

_FORGET_IF_SAME = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


@dataclass(frozen=True, slots=True)
class App:
    """A mini-program and what proves that we speak for it."""

    appid: str
    secret: str = field(repr=False)


class Granted(msgspec.Struct, frozen=True):
    """The service's answer to the question for a token; ``expires_in`` is in seconds."""

    access_token: str
    expires_in: int

    def __post_init__(self) -> None:
        if not self.access_token or self.expires_in <= 0:
            raise ValueError("a token that cannot be used")

    def __repr__(self) -> str:
        return f"Granted(expires_in={self.expires_in})"


class Token(msgspec.Struct, frozen=True):
    """A token and the mark of the fetch that brought it."""

    value: str
    mark: str

    def __repr__(self) -> str:
        return f"Token(mark={self.mark!r})"


class Tokens:
    """The tokens of all apps.

    :param fetch: asks the service for a token.
    :param longest_fetch_s: how long a fetch may take; the lock lasts a little longer.
    """

    def __init__(self, redis: Redis, *, fetch: Callable[[App], Awaitable[Granted]], longest_fetch_s: float) -> None:
        self._redis = redis
        self._fetch = fetch
        self._lock_s = longest_fetch_s + 1
        self._running: dict[tuple[App, str], asyncio.Task[Token]] = {}

    async def current(self, app: App) -> Token:
        """Give the token that is kept, or fetch one.

        :raises Unavailable: if Redis is away.
        :raises WeChatError: if there is none and none can be had.
        """
        with _redis_at_hand():
            held = await self._held(app)
        return held or await self._renewed_once(app, refused="")

    async def replacement(self, app: App, *, refused: Token) -> Token:
        """Give a token in place of one that the service refused: a newer one that is kept, or else a fresh one.

        :raises Unavailable: if Redis is away.
        :raises WeChatError: if none can be had.
        """
        return await self._renewed_once(app, refused=refused.mark)

    async def aclose(self) -> None:
        """Give up the fetches that nobody waits for any more."""
        for task in list(self._running.values()):
            task.cancel()

    async def _renewed_once(self, app: App, *, refused: str) -> Token:
        """Let all who wait for the same token in this process wait for one fetch, and share its failure too."""
        key = (app, refused)
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.create_task(self._renewed(app, refused))
            task.add_done_callback(lambda done: self._ended(key, done))
        # One caller's cancellation must not take the token from the others.
        return await asyncio.shield(task)

    def _ended(self, key: tuple[App, str], task: "asyncio.Task[Token]") -> None:
        del self._running[key]
        if not task.cancelled():
            task.exception()  # Looked at, so that a failure which nobody waited for is not reported as lost.

    async def _renewed(self, app: App, refused: str) -> Token:
        with _redis_at_hand():
            async with self._alone(app):
                held = await self._held(app)
                if held and held.mark != refused:
                    return held
                if held:
                    await self._redis.eval(_FORGET_IF_SAME, 1, _key(app), msgspec.json.encode(held))
                granted = await self._fetch(app)
                token = Token(granted.access_token, uuid.uuid4().hex)
                kept_s = max(granted.expires_in - RENEWED_EARLY_S, granted.expires_in / 2)
                await self._redis.set(_key(app), msgspec.json.encode(token), px=max(1, int(kept_s * 1000)))
                return token

    async def _held(self, app: App) -> Token | None:
        kept = await self._redis.get(_key(app))
        if kept is None:
            return None
        try:
            return msgspec.json.decode(kept, type=Token)
        except msgspec.MsgspecError:
            return None  # Something else wrote there; the next fetch writes over it.

    @asynccontextmanager
    async def _alone(self, app: App) -> AsyncIterator[None]:
        lock: Lock = self._redis.lock(f"{_key(app)}:lock", timeout=self._lock_s, sleep=0.02)
        if not await lock.acquire(blocking_timeout=2 * self._lock_s):
            raise Unreachable(0, "another worker has been fetching the token for too long")
        try:
            yield
        finally:
            # Where the fetch outlived the lock, whoever came after it got a token that works as well.
            with suppress(redis.exceptions.LockError):
                await lock.release()


def _key(app: App) -> str:
    return f"wechat:token:{app.appid}"


@contextmanager
def _redis_at_hand() -> Iterator[None]:
    try:
        yield
    except (
        redis.exceptions.ConnectionError,
        redis.exceptions.TimeoutError,
        redis.exceptions.ReadOnlyError,
        redis.exceptions.OutOfMemoryError,
    ) as error:
        raise Unavailable("The store of access tokens is away for now.") from error
