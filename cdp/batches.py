"""Batches of events as clients send them, and what an event is on its way into the log.

The rule: only what is wrong with the batch itself refuses it as a whole; its events are judged one by one
(`cdp.judging`).
"""

import re
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from cdp.envelope import to_milliseconds
from cdp.event_fields import AppId, Code, Count, Device, Instant, Page, ShareId, UuidText, UuidToCheck, Version
from server.core.errors import TooLarge
from server.core.wire import EARLIEST, LATEST, BadField, Malformed, bad_field

MOST_EVENTS: Final = 500
MOST_BYTES: Final = 1024 * 1024
MOST_EVENT_BYTES: Final = 64 * 1024
HALF_OF_A_CHARACTER: Final = "A text contains half of a character (a lone surrogate)."
# One escape at a time, so that a doubled backslash begins none; only the half of a pair that stands alone is a group.
_ESCAPE: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u([dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_EARLIEST_MS: Final = to_milliseconds(EARLIEST)
_LATEST_MS: Final = to_milliseconds(LATEST)


class BatchTooLarge(TooLarge):
    """A batch has at most 500 events and 1 MB, measured after unpacking."""

    code = "batch_too_large"
    title = "一次上报的事件过多"


class ConsentShown(Struct, frozen=True, forbid_unknown_fields=True):
    """What a guest has agreed to on this device: the version of the text that was shown, and the purposes."""

    version: Annotated[Version, Meta(min_length=1)]
    purposes: Annotated[list[Code], Meta(max_length=10)]


class Batch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The outside of a batch; the events are not looked into yet.

    ``sent_at`` is the device's clock at sending. ``app`` and ``consent`` count only for guests; for who has signed in
    the account tells both.
    """

    events: Annotated[list[Raw], Meta(min_length=1)]
    sent_at: Instant
    anonymous_id: Device
    app: AppId | None = None
    consent: ConsentShown | None = None


class SentEvent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """The outside of one event; the body is not looked into yet."""

    event_id: UuidToCheck
    name: Annotated[str, Meta(max_length=60)]
    schema: Annotated[str, Meta(max_length=20)]
    session: UuidToCheck
    sequence: Count
    created_at: Instant
    body: Raw
    channel: Code | None = None
    page: Page | None = None
    campaign: Code | None = None
    share_id: ShareId | None = None
    experiment: Code | None = None
    recommendation_id: UuidText | None = None


Fate = Literal["accepted", "duplicate", "quarantined", "rejected"]


class EventOutcome(Struct, frozen=True, omit_defaults=True, gc=False):
    """What became of one event; ``code`` says why it was not simply accepted, ``field`` where."""

    event_id: str | None
    outcome: Fate
    code: str = ""
    field: str = ""
    detail: str = ""


class Sender(Struct, frozen=True, kw_only=True):
    """Who sent a batch, as far as the house knows it itself; a guest has no account."""

    account_id: int | None = None
    audience: str | None = None
    app: str | None = None
    consent_version: str | None = None
    purposes: tuple[str, ...] = ()
    bot_reasons: tuple[str, ...] = ()


class Origin(Struct, frozen=True, kw_only=True):
    """What all events of a batch have in common."""

    source: int
    sender: Sender
    anonymous_id: str
    received_at: datetime
    sent_at: datetime | None


class Row(Struct, frozen=True, gc=False):
    """An event that may be stored, in the order of the columns that the intake writes. Times are milliseconds."""

    event_id: bytes
    fingerprint: bytes
    name: str
    schema: str
    session: str | None
    sequence: int | None
    created_ms: int
    derived_ms: int
    flags: int
    channel: str | None
    page: str | None
    campaign: str | None
    share_id: str | None
    experiment: str | None
    recommendation_id: str | None
    body: str
    given_id: bytes | None = None


class Unknown(Struct, frozen=True):
    """An event that nobody here knows yet."""

    event_id: bytes
    fingerprint: bytes
    name: str
    schema: str
    reason: str
    payload: str


Judgement = Row | Unknown | EventOutcome


class Judged(Struct, frozen=True):
    """A batch of which every event has been judged: what may be stored, what is unknown, what is rejected."""

    origin: Origin
    ids: list[str | None]
    events: list[Judgement]


_batch_decoder: Final = msgspec.json.Decoder(Batch)


def open_batch(body: bytes) -> Batch:
    """Open a batch without looking into its events.

    :raises Malformed: if it is no JSON, is not UTF-8 or is nested too deeply.
    :raises BadField: if the outside of the batch does not fit.
    :raises BatchTooLarge: if it is longer than `MOST_BYTES` or has more than `MOST_EVENTS`.
    """
    if len(body) > MOST_BYTES:
        raise BatchTooLarge(f"A batch has at most {MOST_BYTES} bytes.")
    try:
        body.decode()
        batch = _decode(body)
    except msgspec.ValidationError as fault:
        raise bad_field(fault) from None
    except ValueError as fault:
        raise Malformed(f"{fault}.") from None
    except RecursionError:
        raise Malformed("The body is nested too deeply.") from None
    if len(batch.events) > MOST_EVENTS:
        raise BatchTooLarge(f"A batch has at most {MOST_EVENTS} events.", field="events")
    if is_far(to_milliseconds(batch.sent_at)):
        raise BadField("A time must lie between 1990 and 2200.", field="sent_at")
    return batch


def _decode(body: bytes) -> Batch:
    """Decode the outside, also of a batch in which some event holds half of a character.

    The decoder stops at such an escape even where it only skips, and that would cost the other events their place. So
    the half is put there in the three bytes that it would have: no text with them is ever read, but they can be
    skipped, and the other events remain as they came, byte by byte.

    :raises ValueError: if it is no JSON.
    """
    try:
        return _batch_decoder.decode(body)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        spelt = _ESCAPE.sub(_spelt, body)
        if spelt == body:
            raise
    try:
        return _batch_decoder.decode(spelt)
    except UnicodeDecodeError:
        raise Malformed(HALF_OF_A_CHARACTER) from None


def _spelt(escape: re.Match[bytes]) -> bytes:
    half = escape[1]
    return escape[0] if half is None else chr(int(half, 16)).encode(errors="surrogatepass")


def is_far(milliseconds: int) -> bool:
    """Tell whether a time is one that no working clock shows."""
    return not _EARLIEST_MS <= milliseconds <= _LATEST_MS
