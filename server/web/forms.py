"""Forms: read strictly, and only from our own pages.

The rule: whatever changes something must carry the token of the session (or, before there is one, that of the browser)
and must not come from another site. Text that cannot be stored is refused here, as in JSON.
"""

import base64
import binascii
import hmac
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
from sanic import Request

from server.core.clock import SHANGHAI
from server.core.errors import Forbidden, TooLarge
from server.core.wire import EARLIEST, LATEST, BadField, Malformed, check_text

MOST_FIELDS = 3000
CSRF_FIELD = "csrf"
CSRF_HEADER = "x-csrf-token"


class ForeignRequest(Forbidden):
    """The request does not come from one of our own pages, or the page is too old."""

    code = "csrf"
    title = "页面已过期，请刷新后重试"


class Form:
    """The fields of a form that was sent, each read as what it has to be."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            check_text(name, "")
            check_text(value, name)
            # Browsers send line ends as CRLF, whatever the page held.
            self._values.setdefault(name, []).append(value.replace("\r\n", "\n"))

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, *, most: int = 200) -> str:
        """Give a text without the spaces around it; empty where there is none.

        :raises BadField: if it has more than ``most`` characters.
        """
        value = self._values.get(name, [""])[-1].strip()
        if len(value) > most:
            raise BadField("内容太长。", field=name)
        return value

    def secret(self, name: str) -> str:
        """Give a password as it was typed, of any length: spaces belong to it."""
        return self._values.get(name, [""])[-1]

    def texts(self, name: str) -> list[str]:
        """Give all texts under a name in their order, empty ones too."""
        return [value.strip() for value in self._values.get(name, [])]

    def is_on(self, name: str) -> bool:
        return self._values.get(name, [""])[-1] not in {"", "0", "off", "false"}

    def whole(self, name: str) -> int | None:
        """Give a whole number; None where the field is empty.

        :raises BadField: if it is no number or one that cannot be an id.
        """
        value = self.text(name)
        if not value:
            return None
        if not value.removeprefix("-").isdecimal() or not value.isascii() or len(value) > 18:
            raise BadField("应为整数。", field=name)
        return int(value)

    def instant(self, name: str) -> datetime | None:
        """Give an instant from an input of type datetime-local, which is in the time of Shanghai.

        :raises BadField: if it is none, or too far away.
        """
        value = self.text(name)
        if not value:
            return None
        try:
            local = datetime.fromisoformat(value)
        except ValueError:
            raise BadField("应为日期和时间。", field=name) from None
        if not EARLIEST.year < local.year < LATEST.year:
            raise BadField("日期太远。", field=name)
        at = local if local.tzinfo else local.replace(tzinfo=SHANGHAI)
        return at.astimezone(UTC)

    def day(self, name: str) -> date | None:
        """Give a day from an input of type date.

        :raises BadField: if it is none, or too far away.
        """
        value = self.text(name)
        if not value:
            return None
        try:
            day = date.fromisoformat(value)
        except ValueError:
            raise BadField("应为日期。", field=name) from None
        if not EARLIEST.year < day.year < LATEST.year:
            raise BadField("日期太远。", field=name)
        return day


def form_of(request: Request, *, most_bytes: int = 1_000_000) -> Form:
    """Read the form that a request carries, once.

    :raises TooLarge: if it is longer than ``most_bytes``.
    :raises Malformed: if it is no form.
    """
    kept: Form | None = getattr(request.ctx, "form", None)
    if kept is not None:
        return kept
    if len(request.body) > most_bytes:
        raise TooLarge()
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.body and given != "application/x-www-form-urlencoded":
        raise Malformed("Send the form as application/x-www-form-urlencoded.")
    try:
        pairs = parse_qsl(
            request.body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except (UnicodeDecodeError, ValueError):
        raise Malformed("The form cannot be read.") from None
    request.ctx.form = Form(pairs)
    return request.ctx.form  # type: ignore[no-any-return]  # set the line before


def check_origin(request: Request) -> None:
    """Refuse what a page of another site makes a browser send.

    :raises ForeignRequest: if the browser says that it comes from elsewhere.
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    own = {request.host, urlsplit(request.app.ctx.settings.origin).netloc}
    try:
        foreign = origin is not None and urlsplit(origin).netloc not in own
    except ValueError:
        # What cannot be read as an address is not ours.
        foreign = True
    if foreign or site not in {"same-origin", "none"}:
        raise ForeignRequest()


def check_csrf(request: Request, expected: str) -> None:
    """Ask for the token that only our own pages know.

    :raises ForeignRequest: if it is not there or not the one expected.
    """
    given = request.headers.get(CSRF_HEADER)
    if given is None:
        given = form_of(request).secret(CSRF_FIELD)
    if not expected or not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        raise ForeignRequest()


def stamp(request: Request, purpose: str, text: str) -> str:
    """Sign a text for a purpose with the key of the house; 128 bits."""
    key: bytes = request.app.ctx.settings.key_bytes[1]
    return hmac.digest(key, f"{purpose}\0{text}".encode(), "sha256").hex()[:32]


def packed(request: Request, purpose: str, value: Any) -> str:
    """Write a small value so that a browser can keep it and not change it."""
    text = base64.urlsafe_b64encode(msgspec.json.encode(value)).decode()
    return f"{text}.{stamp(request, purpose, text)}"


def unpacked(request: Request, purpose: str, kept: str | None) -> Any:
    """Read what `packed` wrote; None where it is not ours."""
    text, _, mark = (kept or "").partition(".")
    if not text or not hmac.compare_digest(mark.encode(), stamp(request, purpose, text).encode()):
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text))
    except (binascii.Error, msgspec.DecodeError):
        return None
