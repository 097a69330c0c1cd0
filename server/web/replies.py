"""Replies: JSON of a shape, with ETag and 304, pages by cursor."""

import base64
import hashlib
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct
from sanic import HTTPResponse, Request

from server.core.errors import Invalid
from server.core.wire import encode

T = TypeVar("T")
JSON = "application/json"


class Page(Struct, Generic[T], frozen=True):
    """Some of a list. ``next`` goes into ``cursor`` of the following request; it is null at the end."""

    items: list[T]
    next: str | None = None


class Done(Struct, frozen=True):
    """The deed is done and there is nothing more to say."""

    ok: bool = True


class CursorBroken(Invalid):
    """The cursor was not given out by this list."""

    code = "cursor_broken"
    title = "翻页标记无效"


def reply(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> HTTPResponse:
    """Answer with a shape as JSON."""
    return HTTPResponse(encode(value), status, headers, JSON)


def etag_of(body: bytes) -> str:
    """Name the exact bytes of an answer."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def matches(request: Request, etag: str) -> bool:
    """Tell whether the client has these bytes already (RFC 9110, section 13.1.2)."""
    given = request.headers.get("if-none-match")
    if not given:
        return False
    if given == etag:
        return True
    return given.strip() == "*" or etag in {part.strip().removeprefix("W/") for part in given.split(",")}


def tagged(request: Request, body: bytes, etag: str, *, content_type: str = JSON, **headers: str) -> HTTPResponse:
    """Answer with bytes under their ETag, or with 304 where the client has them."""
    named = {"etag": etag, **{name.replace("_", "-"): value for name, value in headers.items()}}
    if matches(request, etag):
        return HTTPResponse(b"", 304, named)
    return HTTPResponse(body, 200, named, content_type)


def cursor(*parts: Any) -> str:
    """Write the place in a list where the next page begins."""
    return base64.urlsafe_b64encode(msgspec.json.encode(parts)).rstrip(b"=").decode()


def place(text: str | None, shape: type[T]) -> T | None:
    """Read a cursor back into the tuple it was made from.

    :raises CursorBroken: if it is not one of this list's.
    """
    if not text:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=shape)
    except (ValueError, msgspec.DecodeError):
        raise CursorBroken("Begin again without a cursor.", field="cursor") from None
