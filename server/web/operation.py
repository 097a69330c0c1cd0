"""The declaration of a door: who may come in, what they bring, what they get, and what may be refused.

The rule: the one declaration is both enforced at the request and written into the OpenAPI document, so that neither can
say what the other does not.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

from sanic import HTTPResponse, Request

from server.core.errors import Invalid, Missing, Refusal, TooLarge
from server.core.roles import EVERYONE, GUEST, Reader, Role
from server.core.wire import LARGEST_ID, BadField, Malformed, check_text, convert, decode
from server.web.auth import admit, reader_of
from server.web.replies import reply

Door = Callable[..., Awaitable[Any]]
D = TypeVar("D", bound=Door)


class NoSuchAddress(Missing):
    """There is nothing at this address."""

    code = "missing"
    title = "没有找到"


class KeyNeeded(Invalid):
    """A deed that grants or spends wants an Idempotency-Key."""

    code = "idempotency_key_needed"
    title = "缺少 Idempotency-Key 请求头"


class BodyUnexpected(Invalid):
    """The request carries a body and the door takes none."""

    code = "body_unexpected"
    title = "此接口不接受请求体"


@dataclass(frozen=True, slots=True)
class Operation:
    """What a door declares about itself."""

    summary: str
    reply: Any
    body: Any = None
    reads_body: bool = False
    query: Any = None
    roles: frozenset[Role] = EVERYONE
    refuses: tuple[type[Refusal], ...] = ()
    status: int = 200
    content_type: str = "application/json"
    idempotent: bool = False
    cached: bool = False
    public: bool = False
    raw_body: str = ""
    form: Any = None
    description: str = ""
    tags: tuple[str, ...] = ()
    example: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    also: dict[int, str] = field(default_factory=dict)


def operation(
    summary: str,
    *,
    reply: Any,
    **parts: Any,
) -> Callable[[D], D]:
    """Declare a door; see `Operation` for the parts.

    With ``reads_body`` the handler decodes the body itself and ``body`` only describes it. ``form`` describes the
    fields that are sent beside one file (`server.web.sent_file`), which the handler reads.

    The handler gets the request, the `Reader`, the path's values and, where declared, ``body`` and ``query``. It
    returns a shape, or a finished response where it needs headers of its own. ``public`` doors do not look at a
    token.
    """
    declared = Operation(summary=summary, reply=reply, **parts)

    def declare(door: D) -> D:
        # Every request passes here, so what can be known beforehand is.
        declared_query, roles, public, idempotent = declared.query, declared.roles, declared.public, declared.idempotent
        declared_body = None if declared.reads_body else declared.body
        for_guests = Role.GUEST in roles

        @wraps(door)
        async def answer(request: Request, **path: Any) -> HTTPResponse:
            if path:
                check_path(path)
            if not public:
                if for_guests and "authorization" not in request.headers:
                    path["reader"] = GUEST
                else:
                    reader: Reader = await reader_of(request)
                    admit(reader, roles)
                    path["reader"] = reader
            if idempotent:
                path["idempotency_key"] = _key_of(request)
            if declared_query is not None:
                path["query"] = query_of(request, declared_query)
            if declared_body is not None:
                path["body"] = decode(request.body, declared_body)
            result = await door(request, **path)
            # A door that streams has answered already and gives nothing.
            done = isinstance(result, HTTPResponse) or request.responded
            return result if done else reply_of(result, declared.status)

        answer.operation = declared  # type: ignore[attr-defined]  # read by the OpenAPI generator
        return answer  # type: ignore[return-value]  # the wrapper stands for the door

    return declare


def reply_of(result: Any, status: int) -> HTTPResponse:
    return reply(result, status=status)


def query_of(request: Request, shape: type[Any]) -> Any:
    """Read the query string into a shape; of a name given twice the last counts, unknown names are ignored.

    :raises BadField: if a value does not fit.
    """
    values = {name: given[-1] for name, given in request.args.items()}
    return convert(values, shape)


def _key_of(request: Request) -> str:
    key = request.headers.get("idempotency-key", "")
    if not 8 <= len(key) <= 64 or not key.isascii() or not key.isprintable():
        raise KeyNeeded("Send 8 to 64 printable characters, new for every deed.", field="Idempotency-Key")
    return str(key)


def check_path(path: dict[str, Any]) -> None:
    """Refuse an address with a part that can be the name of nothing here.

    :raises NoSuchAddress: if an id is out of bounds or a text cannot be stored.
    """
    for name, value in path.items():
        if isinstance(value, int):
            if not 0 < value <= LARGEST_ID:
                raise NoSuchAddress(field=name)
        elif isinstance(value, str):
            try:
                check_text(value, name)
            except BadField:
                raise NoSuchAddress(field=name) from None


# What every door may answer beside what it declares.
BODY_REFUSALS: tuple[type[Refusal], ...] = (Malformed, BadField, TooLarge)
