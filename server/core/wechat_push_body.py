"""What a push of the WeChat service says, in one shape whatever shape it came in.

The rule: XML and JSON, nested and flat, one item and several, numbers and their texts all become the same `Push`, so
that the same event has the same `dedupe_key` however often and however written it arrives. An event that is not known
here is kept whole in ``body``.

Sources: the platform's pages on message push, on the events of subscribe messages, on media_check_async and on the
withdrawal of a user's authorization, whose events name the user in ``OpenID``.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import msgspec
from defusedxml import ElementTree

from server.core import wire
from server.core.errors import Invalid

LARGEST_BODY = 512 * 1024
DEEPEST = 32
MOST_ITEMS = 100
LONGEST_NAME = 256

SUBSCRIBE_POPUP = "subscribe_msg_popup_event"
SUBSCRIBE_CHANGE = "subscribe_msg_change_event"
SUBSCRIBE_SENT = "subscribe_msg_sent_event"
AUTHORIZATION_REVOKED = "user_authorization_revoke"
AUTHORIZATION_CANCELLED = "user_authorization_cancellation"
USER_INFO_MODIFIED = "user_info_modified"
MEDIA_CHECKED = "wxa_media_check"
APP_PUNISHED = "wxa_punish_event"

_CONTAINERS = {
    SUBSCRIBE_POPUP: "SubscribeMsgPopupEvent",
    SUBSCRIBE_CHANGE: "SubscribeMsgChangeEvent",
    SUBSCRIBE_SENT: "SubscribeMsgSentEvent",
}
_ABOUT_A_USER = {AUTHORIZATION_REVOKED, AUTHORIZATION_CANCELLED, USER_INFO_MODIFIED}


class PushMalformed(Invalid):
    """A push cannot be read."""

    code = "wechat_push_malformed"
    title = "推送内容无法解析"


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one template: an answer to a prompt, a cancellation, or a message that was sent.

    ``status`` is ``accept`` or ``reject`` (or a newer word), empty for a message that was sent; that one has
    ``message_id`` and ``error_code`` (0 for success) with ``error_status`` in words.
    """

    template_id: str
    status: str = ""
    popup_scene: str = ""
    message_id: str = ""
    error_code: int | None = None
    error_status: str = ""


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """One push.

    ``kind`` is the name of the event, or the type of the message for what is no event; ``openid`` is whom it is
    about; ``msg_id`` is empty for events; ``trace_id`` is that of a check that was asked for; ``body`` is everything.
    """

    appid: str
    kind: str
    is_event: bool
    openid: str
    to_user: str
    created_at: datetime
    msg_id: str
    trace_id: str
    subscriptions: tuple[Subscription, ...]
    body: dict[str, Any]

    @property
    def dedupe_key(self) -> str:
        """The same for every delivery of the same push, different for another: 64 hexadecimal digits."""
        if self.msg_id:
            parts: list[object] = ["message", self.appid, self.to_user, self.msg_id]
        else:
            told = [[item.template_id, item.status, item.message_id] for item in self.subscriptions]
            moment = int(self.created_at.timestamp())
            parts = ["event", self.appid, self.to_user, self.openid, moment, self.kind, told, self.trace_id]
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def read_push(body: bytes, *, appid: str) -> Push:
    """Read a push that came in plain or has been decrypted.

    :param appid: the app it came to.
    :raises PushMalformed: if it is neither JSON nor XML of the agreed shape.
    """
    told = read_body(body)
    msg_type = _text(told.get("MsgType"), "MsgType").lower()
    is_event = msg_type == "event"
    kind = _text(told.get("Event"), "Event") if is_event else msg_type
    if not kind:
        raise PushMalformed("The push does not say what it is.", field="Event" if is_event else "MsgType")
    about = told.get("OpenID") if is_event and kind in _ABOUT_A_USER else None
    return Push(
        appid=appid,
        kind=kind,
        is_event=is_event,
        openid=_text(about, "OpenID") or _text(told.get("FromUserName"), "FromUserName"),
        to_user=_text(told.get("ToUserName"), "ToUserName"),
        created_at=_instant(told.get("CreateTime")),
        msg_id=_message_id(told.get("MsgId", told.get("MsgID"))),
        trace_id=_text(told.get("trace_id"), "trace_id"),
        subscriptions=tuple(_subscription(item) for item in _items(kind, told)) if is_event else (),
        body=told,
    )


def read_body(body: bytes) -> dict[str, Any]:
    """Read JSON or XML into one dictionary; XML gives texts, and a list where an element is repeated.

    :raises PushMalformed: if it is neither, is nested too deeply, or has a document type, entities or NUL in it.
    """
    if len(body) > LARGEST_BODY:
        raise PushMalformed("The push is too large.")
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    value = _json(body) if body.startswith(b"{") else _xml(body)
    if not isinstance(value, dict):
        raise PushMalformed("The push has no fields.")
    return value


def _json(body: bytes) -> Any:
    try:
        value = wire.decode(body, dict)
    except Invalid as error:
        raise PushMalformed(f"The push is not JSON that can be kept: {error.detail}", field=error.field) from None
    _refuse_deep(value)
    # The platform's own samples have blanks around some names.
    return {name.strip(): inner for name, inner in value.items()}


def _xml(body: bytes) -> Any:
    try:
        root = ElementTree.fromstring(body, forbid_dtd=True)
    except (ParseError, ValueError, LookupError) as error:
        # The refusals of defusedxml are ValueErrors; an unknown encoding is a LookupError.
        raise PushMalformed(f"The push is neither JSON nor plain XML ({type(error).__name__}).") from None
    return _value_of(root, 0)


def _value_of(element: Element, depth: int) -> Any:
    if depth > DEEPEST:
        raise PushMalformed("The push is nested too deeply.")
    if not len(element):
        return (element.text or "").strip()
    values: dict[str, Any] = {}
    for child in element:
        value = _value_of(child, depth + 1)
        if child.tag not in values:
            values[child.tag] = value
        elif isinstance(values[child.tag], list):
            values[child.tag].append(value)
        else:
            values[child.tag] = [values[child.tag], value]
    return values


def _refuse_deep(value: Any, depth: int = 0) -> None:
    if depth > DEEPEST:
        raise PushMalformed("The push is nested too deeply.")
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            _refuse_deep(inner, depth + 1)


def _items(kind: str, told: dict[str, Any]) -> list[dict[str, Any]]:
    """Find the templates of a subscribe event: nested or flat, one or several."""
    if kind not in _CONTAINERS:
        return []
    found: Any = told.get(_CONTAINERS[kind], told)
    if isinstance(found, dict):
        found = found.get("List", found)
    items = found if isinstance(found, list) else [found]
    # An array of containers, each with its own list, is one list as well.
    flat = [inner for item in items for inner in _unpacked(item)]
    if len(flat) > MOST_ITEMS:
        raise PushMalformed("The push tells of too many templates.", field="List")
    return flat


def _unpacked(item: Any) -> list[dict[str, Any]]:
    inner = item.get("List", item) if isinstance(item, dict) else item
    several = inner if isinstance(inner, list) else [inner]
    for one in several:
        if not isinstance(one, dict) or not one.get("TemplateId"):
            raise PushMalformed("The push does not name its template.", field="List")
    return several


def _subscription(item: dict[str, Any]) -> Subscription:
    return Subscription(
        template_id=_text(item["TemplateId"], "TemplateId"),
        status=_text(item.get("SubscribeStatusString"), "SubscribeStatusString").lower(),
        popup_scene=_text(item.get("PopupScene"), "PopupScene"),
        message_id=_text(item.get("MsgID", item.get("MsgId")), "MsgID"),
        error_code=_number(item.get("ErrorCode"), "ErrorCode"),
        error_status=_text(item.get("ErrorStatus"), "ErrorStatus"),
    )


def _text(value: Any, field: str) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise PushMalformed("A text is expected.", field=field)
    text = str(value).strip()
    if len(text) > LONGEST_NAME:
        raise PushMalformed("A text is too long.", field=field)
    return text


def _number(value: Any, field: str) -> int | None:
    text = _text(value, field)
    if not text:
        return None
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) <= 12):
        raise PushMalformed("A number is expected.", field=field)
    return int(text)


def _instant(value: Any) -> datetime:
    seconds = _number(value, "CreateTime")
    if seconds is None or not 0 < seconds < 2**32:
        raise PushMalformed("The push bears no time.", field="CreateTime")
    return datetime.fromtimestamp(seconds, UTC)


def _message_id(value: Any) -> str:
    text = _text(value, "MsgId")
    return "" if text == "0" else text
