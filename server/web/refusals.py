"""From what went wrong to the answer: the only place that knows status numbers.

The rule: every answer that is not a success is a problem document (RFC 9457) with a stable ``code``; a fault of the
house is logged with the request's id and says nothing of its inside.
"""

from asyncio import CancelledError
from typing import Any

import structlog
from msgspec import UNSET, Struct, UnsetType
from sanic import HTTPResponse, Request
from sanic.exceptions import BadURL, SanicException
from sanic.handlers import ErrorHandler

from server.core import db, redis
from server.core.errors import (
    Anonymous,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    Missing,
    Refusal,
    TooLarge,
    TooMany,
    Unavailable,
)
from server.core.wire import encode

log = structlog.get_logger()

STATUS: dict[type[Refusal], int] = {
    Invalid: 422,
    Anonymous: 401,
    Forbidden: 403,
    Gone: 410,
    Missing: 404,
    Conflict: 409,
    TooLarge: 413,
    TooMany: 429,
}
MALFORMED = 400
AWAY = 503
FAULT = 500


class Problem(Struct, omit_defaults=True):
    """A problem document (RFC 9457). ``code`` is stable; ``field`` is the path of the part that is wrong."""

    title: str
    status: int
    code: str
    detail: str = ""
    field: str | UnsetType = UNSET
    request_id: str = ""
    facts: dict[str, Any] | UnsetType = UNSET
    type: str = "about:blank"


def status_of(refusal: type[Refusal]) -> int:
    """Give the status number of a refusal; one may set its own as ``status``."""
    own = getattr(refusal, "status", None)
    if isinstance(own, int):
        return own
    if refusal.code == "malformed":
        return MALFORMED
    return next((STATUS[kind] for kind in refusal.__mro__ if kind in STATUS), 400)


def problem(request: Request, status: int, code: str, title: str, **parts: Any) -> HTTPResponse:
    """Make the answer that says what is wrong."""
    headers = parts.pop("headers", None)
    request_id = getattr(request, "request_id", "")
    document = Problem(title=title, status=status, code=code, request_id=request_id, **parts)
    return HTTPResponse(encode(document), status, headers, "application/problem+json")


def answer(request: Request, fault: BaseException) -> HTTPResponse:
    """Turn whatever was raised into an answer."""
    if isinstance(fault, Refusal):
        headers = {"retry-after": str(fault.retry_after_s)} if isinstance(fault, TooMany) else {}
        if isinstance(fault, Anonymous):
            headers["www-authenticate"] = 'Bearer realm="xinglin"'
        return problem(
            request,
            status_of(type(fault)),
            fault.code,
            fault.title,
            detail=fault.detail,
            field=fault.field or UNSET,
            facts=fault.facts or UNSET,
            headers=headers,
        )
    if isinstance(fault, Unavailable) or db.is_away(fault) or redis.is_away(fault):
        after = fault.retry_after_s if isinstance(fault, Unavailable) else 2
        log.warning("away", request_id=getattr(request, "request_id", ""), fault=type(fault).__name__)
        return problem(request, AWAY, "away", "服务暂不可用，请稍后再试", headers={"retry-after": str(after)})
    if isinstance(fault, CancelledError):
        # Whoever asked has gone, or the server stops; nobody reads this.
        return problem(request, AWAY, "away", "服务暂不可用，请稍后再试", headers={"retry-after": "2"})
    if isinstance(fault, SanicException):
        return _of_sanic(request, fault)
    log.error("fault", request_id=getattr(request, "request_id", ""), path=request.path, exc_info=fault)
    return problem(request, FAULT, "fault", "服务内部错误")


_SANIC_TITLES = {
    400: ("malformed", "请求格式有误"),
    404: ("missing", "没有找到"),
    405: ("method_not_allowed", "不支持的请求方法"),
    408: ("timeout", "请求超时"),
    413: ("too_large", "内容过大"),
    416: ("range_not_satisfiable", "请求的范围无法满足"),
    417: ("expectation_failed", "无法满足请求头 Expect"),
    503: ("away", "服务暂不可用，请稍后再试"),
}


def _of_sanic(request: Request, fault: SanicException) -> HTTPResponse:
    status = 400 if isinstance(fault, BadURL) else fault.status_code
    code, title = _SANIC_TITLES.get(status, ("malformed" if status < 500 else "fault", "请求未被接受"))
    headers = {name: str(value) for name, value in (fault.headers or {}).items()}
    if status == AWAY:
        headers.setdefault("retry-after", "2")
    if status >= 500 and status != AWAY:
        log.error("fault", request_id=getattr(request, "request_id", ""), exc_info=fault)
    return problem(request, status, code, title, headers=headers)


class Refusals(ErrorHandler):
    """Sanic's error handler, which answers everything through `answer`."""

    def response(self, request: Request, exception: Exception) -> HTTPResponse:
        plain = answer(request, exception)
        drawn = getattr(request.app.ctx, "drawn", None)
        return drawn(request, plain, exception) if drawn else plain
