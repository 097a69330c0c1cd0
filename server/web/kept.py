"""Answers that are the same for many readers, kept as bytes in the worker.

The rule: an answer is kept for one circle of readers, for less than a second (`server.core.changes`), and never past
the instant until which it holds; whoever asks for it within that time gets the very same bytes.
"""

import math
import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sanic import HTTPResponse, Request

from server.core.changes import Changes, Kept
from server.core.roles import Reader
from server.core.wire import encode
from server.web.replies import JSON, etag_of, matches

Load = Callable[[], Awaitable[tuple[Any, datetime | None]]]
Shown = Callable[[Any], Any]
Note = Callable[[Any], Awaitable[None]]


class Answer(Struct, frozen=True):
    """The bytes of an answer, with the headers that go with them, and until when (seconds since 1970) they hold.

    ``shown`` is what has to be noted each time when it is given, if there is such a thing.
    """

    body: bytes
    headers: dict[str, str]
    until: float
    shown: Any = None


class Answers:
    """The kept answers of one door, by circle of readers and key.

    :param kind: the kind of the topics that tell of changes, or several; ``kind:*`` drops all.
    :param circle: names those who get the same answer as a reader.
    :param key: reads the key of an answer out of a topic.
    :param shown: reads out of an answer what has to be noted each time when it is given; nothing where that is empty.
    """

    def __init__(
        self,
        changes: Changes,
        kind: str | Sequence[str],
        *,
        circle: Callable[[Reader], Hashable],
        key: Callable[[str], Hashable] = str,
        shown: Shown | None = None,
    ) -> None:
        self._changes = changes
        self._kinds = (kind,) if isinstance(kind, str) else tuple(kind)
        self._shown = shown
        self._circle = circle
        self._key = key
        self._kept: dict[Hashable, Kept[Answer]] = {}
        self._by_roles: dict[frozenset[Any], Kept[Answer]] = {}

    async def give(
        self, request: Request, reader: Reader, key: Hashable, load: Load, *, note: Note | None = None
    ) -> HTTPResponse:
        """Answer from what is kept, or with what is loaded: a shape, and until when it holds (None: for ever).

        :param note: is told before every answer what it shows, also where the client has it already.
        """
        kept = (None if reader.entitlements else self._by_roles.get(reader.roles)) or self._of(reader)
        answer = kept.peek(key)
        if answer is None or answer.until <= time.time():
            answer = await self._fresh(kept, key, load)
        if answer.shown and note is not None:
            await note(answer.shown)
        if "if-none-match" in request.headers and matches(request, answer.headers["etag"]):
            return HTTPResponse(b"", 304, answer.headers)
        return HTTPResponse(answer.body, 200, answer.headers, JSON)

    async def _fresh(self, kept: Kept[Answer], key: Hashable, load: Load) -> Answer:
        answer = kept.peek(key)
        if answer is not None:
            # Its time is over although its age would do.
            kept.drop(key)
        return await kept.of(key, lambda: _answer(load, self._shown))

    def _of(self, reader: Reader) -> Kept[Answer]:
        circle = self._circle(reader)
        kept = self._kept.get(circle)
        if kept is None:
            kept = self._kept[circle] = Kept(self._changes)
            for kind in self._kinds:
                self._changes.tell(kind, kept, self._key)
        if not reader.entitlements:
            # For most the roles alone tell the circle, and asking by them is quicker.
            self._by_roles[reader.roles] = kept
        return kept


async def _answer(load: Load, shown: Shown | None) -> Answer:
    shape, until = await load()
    body = encode(shape)
    # Whoever keeps it must ask each time whether it still is so; the tag makes that cheap.
    headers = {"etag": etag_of(body), "cache-control": "no-cache", "vary": "authorization"}
    return Answer(body, headers, until.timestamp() if until else math.inf, shown(shape) if shown else None)
