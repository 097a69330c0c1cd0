"""How one call of the WeChat service goes out and comes back.

The rule: a caller gets what was asked for, or one typed error, whatever the wire does. A call is made again only where
nothing can have been done: the service said that it was busy, or no connection came about. No secret, token, code or
session key reaches a log or an error's text.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, TypeVar

import httpx
import msgspec

from server.core.wechat_codes import error_of
from server.core.wechat_errors import Broken, Busy, FormatInvalid, TimedOut, Unreachable, Unreadable

T = TypeVar("T")
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Call(NamedTuple):
    """One call of the interface: its method and its path."""

    method: Literal["GET", "POST"]
    path: str


class Answer(NamedTuple):
    """What came back without an error in it."""

    content: bytes
    content_type: str


class _Envelope(msgspec.Struct):
    errcode: int | str | None = 0
    errmsg: str | None = ""


class _WithoutQuery(logging.Filter):
    """Cuts the query from the addresses that httpx logs, for secrets, codes and tokens travel in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                value.copy_with(query=None) if isinstance(value, httpx.URL) else value for value in record.args
            )
        return True


_without_query = _WithoutQuery()
_jitter = random.SystemRandom()


class Transport:
    """The wire to one base URL.

    :param timeout_s: how long one attempt may take, from the first byte to the last.
    :param tries: how often a call may go out while nothing can have been done.
    :param backoff_s: the longest pause before the second try; it doubles with each further one.
    """

    def __init__(
        self,
        base_url: str,
        *,
        http: httpx.AsyncClient | None = None,
        timeout_s: float = 4.0,
        tries: int = 3,
        backoff_s: float = 0.4,
    ) -> None:
        self._base_url = httpx.URL(base_url.rstrip("/"))
        # A proxy of the environment is for the world outside, never for a stand-in on this machine.
        self._http = http or httpx.AsyncClient(trust_env=self._base_url.host not in LOOPBACK)
        self._owned = http is None
        self._timeout_s = timeout_s
        self._tries = tries
        self._backoff_s = backoff_s
        logging.getLogger("httpx").addFilter(_without_query)

    @property
    def longest_s(self) -> float:
        """The longest that a call can take with all its tries, in seconds."""
        return self._tries * self._timeout_s + self._backoff_s * float(2**self._tries)

    async def aclose(self) -> None:
        """Close the connections that were opened here."""
        if self._owned:
            await self._http.aclose()

    async def ask(self, call: Call, *, query: Mapping[str, str], read: Callable[[Answer], T], body: object = None) -> T:
        """Make a call, again after a pause while the service is busy or out of reach, and read its answer.

        :param query: what goes into the address, the access token too.
        :param body: what goes out as JSON, in raw UTF-8; None for a call without a body.
        :param read: turns an answer without an error into a value; see `as_json`.
        :raises WeChatError: of the class that the number stands for, or `Unanswered` where none came.
        """
        for attempt in range(1, self._tries + 1):
            try:
                answer = await self._once(call, query, body)
            except (Busy, Unreachable):
                if attempt == self._tries:
                    raise
                await asyncio.sleep(self._backoff_s * 2 ** (attempt - 1) * _jitter.uniform(0.5, 1.0))
            else:
                return _read(call, answer, read)
        raise AssertionError("at least one try is made")

    async def _once(self, call: Call, query: Mapping[str, str], body: object) -> Answer:
        try:
            request = self._http.build_request(
                call.method,
                self._base_url.copy_with(path=self._base_url.path.rstrip("/") + call.path),
                params=dict(query),
                content=None if body is None else msgspec.json.encode(body),
                headers={} if body is None else {"content-type": "application/json"},
                # Making the connection gets less than the whole, so that the two can be told apart.
                timeout=httpx.Timeout(self._timeout_s, connect=0.8 * self._timeout_s, pool=0.8 * self._timeout_s),
            )
        except UnicodeEncodeError:
            raise FormatInvalid(47001, "half of a surrogate pair cannot be sent", call=call.path) from None
        # The errors of httpx carry the request, secrets and all, so that none of them is handed on as a cause.
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._http.send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unreachable(0, f"no connection ({type(error).__name__})", call=call.path) from None
        except (TimeoutError, httpx.TimeoutException):
            raise TimedOut(0, f"no answer within {self._timeout_s:g} s", call=call.path) from None
        except httpx.RequestError as error:
            raise Broken(0, f"the connection was lost ({type(error).__name__})", call=call.path) from None
        return _verdict(call, response)


def as_json(kind: type[T]) -> Callable[[Answer], T]:
    """Make a reader of JSON answers of one shape; the content type is not looked at, for it is often text/plain."""
    decoder = msgspec.json.Decoder(kind)
    return lambda answer: decoder.decode(answer.content)


def _verdict(call: Call, response: httpx.Response) -> Answer:
    """Raise the error that an answer holds.

    Business errors come with status 200; calls that give an image answer with JSON only when they fail, so that the
    first byte tells the two apart.
    """
    answer = Answer(response.content, response.headers.get("content-type", ""))
    if answer.content.lstrip()[:1] == b"{":
        envelope = _read(call, answer, as_json(_Envelope))
        try:
            code = int(envelope.errcode or 0)
        except ValueError:
            raise Unreadable(0, "the error code is not a number", call=call.path) from None
        if code:
            raise error_of(code, envelope.errmsg or "", call=call.path)
    if response.status_code != httpx.codes.OK:
        raise Unreadable(0, f"status {response.status_code}", call=call.path)
    return answer


def _read(call: Call, answer: Answer, read: Callable[[Answer], T]) -> T:
    try:
        return read(answer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        # What was sent is left out: it may hold a session key or a token.
        raise Unreadable(0, f"not of the agreed shape ({type(error).__name__})", call=call.path) from None
