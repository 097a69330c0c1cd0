"""Judging: of every event of a batch it is said whether it may be stored, is unknown, or is rejected and why.

The rule: one bad event never costs its neighbours anything. Who sent a batch is told by the token and not by the batch;
without consent to analytics nothing in it is taken. What is unknown here is quarantined as it came; what is known must
fit its shape. What is stored is written anew from the shape, so that nothing reaches the database that it would refuse.
"""

import re
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from cdp.batches import (
    HALF_OF_A_CHARACTER,
    MOST_EVENT_BYTES,
    Batch,
    EventOutcome,
    Judged,
    Judgement,
    Origin,
    Row,
    Sender,
    SentEvent,
    Unknown,
    is_far,
)
from cdp.catalogue import CLIENT, CLIENT_EVENTS, SERVER_NAMES
from cdp.envelope import ANALYTICS, derive, fingerprint, from_milliseconds, to_milliseconds
from server.core.errors import Invalid
from server.core.fault_paths import half_of_a_character
from server.core.wire import bad_field, encode

_NAME: Final = re.compile(r"[a-z]+(?:_[a-z]+){1,5}")
_SCHEMA: Final = re.compile(r"[1-9][0-9]{0,3}-[0-9]{1,4}-[0-9]{1,4}")
_TOO_DEEP: Final = "It is nested too deeply."
_CLIENT_NAMES: Final = frozenset(name for name, _ in CLIENT_EVENTS)


class EventRefused(Invalid):
    """An event cannot be taken; ``reason`` is the code that its sender is told."""

    code = "event_refused"
    title = "事件未被接受"

    def __init__(self, reason: str, detail: str, *, field: str = "") -> None:
        super().__init__(detail, field=field)
        self.reason = reason


class _Named(Struct):
    event_id: str


_sent_decoder: Final = msgspec.json.Decoder(SentEvent)
_named_decoder: Final = msgspec.json.Decoder(_Named)
_any_decoder: Final = msgspec.json.Decoder()


def judge(batch: Batch, sender: Sender, *, received_at: datetime) -> Judged:
    """Judge every event of a batch by itself.

    :param received_at: the house's clock when the batch had come.
    """
    origin = Origin(
        source=CLIENT,
        sender=sender,
        anonymous_id=str(batch.anonymous_id),
        received_at=from_milliseconds(to_milliseconds(received_at)),
        sent_at=from_milliseconds(to_milliseconds(batch.sent_at)),
    )
    if ANALYTICS not in sender.purposes:
        return _refused_as_a_whole(batch, origin)
    ids: list[str | None] = []
    events: list[Judgement] = []
    judging = _Judging(origin)
    for index, raw in enumerate(batch.events):
        event_id = None
        try:
            sent = open_event(raw)
            event_id = sent.event_id
            events.append(judging.event(sent, raw))
        except EventRefused as refusal:
            event_id = event_id or _id_in(raw)
            path = f"events[{index}].{refusal.field}" if refusal.field else f"events[{index}]"
            events.append(EventOutcome(event_id, "rejected", refusal.reason, path, refusal.detail))
        ids.append(event_id)
    return Judged(origin, ids, events)


def _refused_as_a_whole(batch: Batch, origin: Origin) -> Judged:
    ids = [_id_in(raw) for raw in batch.events]
    said = "There is no consent to analytics."
    return Judged(
        origin, ids, [EventOutcome(one, "rejected", "no_consent", f"events[{at}]", said) for at, one in enumerate(ids)]
    )


def judge_again(payload: str, origin: Origin) -> Row | Unknown:
    """Judge an event that was unknown when it came.

    :raises EventRefused: if it is known by now and does not fit its shape.
    """
    raw = Raw(payload.encode())
    return _Judging(origin).event(open_event(raw), raw)


def open_event(raw: Raw) -> SentEvent:
    """Open one event, but not its body.

    :raises EventRefused: if it is too large or does not fit.
    """
    if memoryview(raw).nbytes > MOST_EVENT_BYTES:
        raise EventRefused("too_large", f"An event has at most {MOST_EVENT_BYTES} bytes.")
    return _decoded(_sent_decoder, raw, "")  # type: ignore[no-any-return]  # the decoder was made for this shape


class _Judging:
    """What is the same for all events of a batch."""

    def __init__(self, origin: Origin) -> None:
        self._received_ms = to_milliseconds(origin.received_at)
        self._sent_ms = to_milliseconds(origin.sent_at) if origin.sent_at else None
        # The events of a batch mostly come from one session.
        self._sessions: set[str] = set()

    def event(self, sent: SentEvent, raw: Raw) -> Row | Unknown:
        entry = CLIENT_EVENTS.get((sent.name, sent.schema))
        created_ms = to_milliseconds(sent.created_at)
        if is_far(created_ms):
            raise EventRefused("bad_field", "A time must lie between 1990 and 2200.", field="created_at")
        if entry is None:
            return _unknown(sent, raw)
        body = encode(_decoded(entry.decoder, sent.body, "body"))
        derived_ms, flags = derive(created_ms=created_ms, sent_ms=self._sent_ms, received_ms=self._received_ms)
        if sent.session not in self._sessions:
            _bytes_of(sent.session, "session")
            self._sessions.add(sent.session)
        canonical = encode(
            (
                sent.name,
                sent.schema,
                sent.session,
                sent.sequence,
                created_ms,
                sent.channel,
                sent.page,
                sent.campaign,
                sent.share_id,
                sent.experiment,
                sent.recommendation_id,
                Raw(body),
            )
        )
        return Row(
            _bytes_of(sent.event_id, "event_id"),
            fingerprint(canonical),
            sent.name,
            sent.schema,
            sent.session,
            sent.sequence,
            created_ms,
            derived_ms,
            flags,
            sent.channel,
            sent.page,
            sent.campaign,
            sent.share_id,
            sent.experiment,
            sent.recommendation_id,
            body.decode(),
        )


def _bytes_of(text: str, field: str) -> bytes:
    """Read a UUID as it is commonly written; several times quicker than `uuid.UUID`."""
    try:
        value = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        value = b""
    if len(value) != 16 or text[8:24:5] != "----":
        raise EventRefused("bad_field", "A UUID is 32 hexadecimal digits in five groups.", field=field)
    return value


def _unknown(sent: SentEvent, raw: Raw) -> Unknown:
    if sent.name in SERVER_NAMES:
        raise EventRefused("server_event", "The server records this event itself.", field="name")
    if not _NAME.fullmatch(sent.name):
        raise EventRefused("bad_field", "A name is small letters, object_action.", field="name")
    if not _SCHEMA.fullmatch(sent.schema):
        raise EventRefused("bad_field", "A schema is a version like 1-0-0.", field="schema")
    reason = "unknown_version" if sent.name in _CLIENT_NAMES else "unknown_event"
    try:
        canonical = msgspec.json.encode(_decoded(_any_decoder, raw, ""), order="sorted")
    except RecursionError:
        raise EventRefused("malformed", _TOO_DEEP) from None
    event_id = _bytes_of(sent.event_id, "event_id")
    return Unknown(event_id, fingerprint(canonical), sent.name, sent.schema, reason, bytes(raw).decode())


def _decoded(decoder: msgspec.json.Decoder[Any], raw: Raw, path: str) -> Any:
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as fault:
        refusal = bad_field(fault, body=raw, shape=decoder.type)
        # A value that fits no shape at all is not JSON that can be read.
        code = "malformed" if decoder is _any_decoder else "bad_field"
        raise EventRefused(code, refusal.detail, field=_joined(path, refusal.field)) from None
    except UnicodeDecodeError:
        field = _joined(path, half_of_a_character(raw))
        raise EventRefused("malformed", HALF_OF_A_CHARACTER, field=field) from None
    except msgspec.DecodeError as fault:
        raise EventRefused("malformed", f"{fault}.", field=path) from None
    except RecursionError:
        raise EventRefused("malformed", _TOO_DEEP, field=path) from None


def _joined(*parts: str) -> str:
    return ".".join(part for part in parts if part)


def _id_in(raw: Raw) -> str | None:
    """Find the id of an event that could not be opened, so that its sender is told of which one it is."""
    try:
        event_id: str = _named_decoder.decode(raw).event_id
        _bytes_of(event_id, "event_id")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, EventRefused):
        return None
    return event_id
