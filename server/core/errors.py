"""What may go wrong by a visitor's doing, told apart from faults of the house.

The rule: a `Refusal` is an answer, with a stable code that clients may rely on; it is raised in the domain and turned
into a status in one place (``server/web/refusals.py``). Everything else that is raised is a fault.
"""

from typing import ClassVar


class Misconfigured(Exception):
    """The house cannot start with these settings; the message is one sentence for whoever starts it."""


class Unavailable(Exception):
    """A store that the house depends on is away for now; the same request may succeed later."""

    def __init__(self, detail: str = "A part of the service is away for now.", *, retry_after_s: int = 2) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Refusal(Exception):
    """A request was understood and is not granted.

    ``code`` is stable and part of the interface; ``title`` says in Chinese what a person may read; ``field`` is the
    path of the offending part of the request (``questions[2].text``) or empty.
    """

    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "请求未被接受"

    def __init__(self, detail: str = "", *, field: str = "", **facts: object) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.field = field
        self.facts = facts


class Missing(Refusal):
    """There is no such thing, or it is not this person's to see."""

    code = "missing"
    title = "没有找到"


class Gone(Missing):
    """It was there, and has been taken away."""

    code = "gone"
    title = "内容已下线"


class Conflict(Refusal):
    """The request does not fit the state that things are in now."""

    code = "conflict"
    title = "与当前状态冲突"


class Forbidden(Refusal):
    """The person is known, and may not do this."""

    code = "forbidden"
    title = "没有权限"


class Invalid(Refusal):
    """A value is not what it has to be."""

    code = "invalid"
    title = "内容有误"


class Anonymous(Refusal):
    """The person is not known, and has to be for this."""

    code = "anonymous"
    title = "请先登录"


class TooMany(Refusal):
    """Too much, too often or too large."""

    code = "too_many"
    title = "操作过于频繁"

    def __init__(self, detail: str = "", *, retry_after_s: int = 1, field: str = "", **facts: object) -> None:
        super().__init__(detail, field=field, **facts)
        self.retry_after_s = retry_after_s


class TooLarge(Refusal):
    """More bytes than are taken here."""

    code = "too_large"
    title = "内容过大"
