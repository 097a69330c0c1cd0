"""The catalogue of events: what can be in the engagement log, each name from exactly one source.

The rule: no phone number, openid, name or free text of a person in an event. In code an event is a class in the past
tense, on the wire ``object_action``; its fields beside ``at`` and ``account_id`` are its body. Schemas are versioned
(SchemaVer, MODEL-REVISION-ADDITION); a change that readers of old events would stumble over raises the first number.
"""

from datetime import datetime
from typing import Any, ClassVar

from msgspec import Struct


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened and that the server knows of its own.

    ``account_id`` is 0 where nobody in particular did it. ``necessary`` events are written, without the person, also
    where there is no consent.
    """

    name: ClassVar[str] = ""
    schema: ClassVar[str] = "1-0-0"
    necessary: ClassVar[bool] = False

    at: datetime
    account_id: int = 0

    def body(self) -> dict[str, Any]:
        """Give what the event says beside when and who."""
        return {name: getattr(self, name) for name in self.__struct_fields__ if name not in {"at", "account_id"}}


class ContentPublished(Event, frozen=True, kw_only=True):
    """Readers can see an item, or see it in another version, for another audience or for another time than before."""

    name: ClassVar[str] = "content_publish"
    necessary: ClassVar[bool] = True

    item_id: int
    root_id: int
    kind: str
    version: int
    tags: tuple[str, ...]
    audience: str
    valid_from: datetime
    valid_until: datetime | None


class ContentRetagged(Event, frozen=True, kw_only=True):
    """An item that readers can see carries other tags than before."""

    name: ClassVar[str] = "content_retag"
    necessary: ClassVar[bool] = True

    item_id: int
    root_id: int
    kind: str
    tags: tuple[str, ...]
    previous_tags: tuple[str, ...]


class ContentWithdrawn(Event, frozen=True, kw_only=True):
    """Readers cannot see an item any more, because it or something above it was taken back."""

    name: ClassVar[str] = "content_withdraw"
    necessary: ClassVar[bool] = True

    item_id: int
    root_id: int
    kind: str
    tags: tuple[str, ...]


class ContentExpired(Event, frozen=True, kw_only=True):
    """Readers cannot see an item any more, because its time or that of something above it is over."""

    name: ClassVar[str] = "content_expire"
    necessary: ClassVar[bool] = True

    item_id: int
    root_id: int
    kind: str
    tags: tuple[str, ...]


class ContentRescheduled(Event, frozen=True, kw_only=True):
    """An episode was given a time of airing, was moved to another one, or its airing was cancelled.

    ``change`` is set, moved or cancelled; ``sequence`` counts the changes (RFC 5545).
    """

    name: ClassVar[str] = "content_reschedule"
    necessary: ClassVar[bool] = True

    episode_id: int
    root_id: int
    change: str
    airs_at: datetime
    previous_airs_at: datetime | None
    sequence: int


class AccountCreated(Event, frozen=True, kw_only=True):
    """Somebody signed in to a mini-program for the first time, or for the first time after an erasure."""

    name: ClassVar[str] = "account_created"
    necessary: ClassVar[bool] = True

    app_id: str
    audience: str


class IdentityBound(Event, frozen=True, kw_only=True):
    """An account has shown a key of its identity; ``kind`` is unionid, phone or device."""

    name: ClassVar[str] = "identity_bound"

    kind: str


class IdentityMerged(Event, frozen=True, kw_only=True):
    """An account came to another person; ``reason`` is unionid or merge."""

    name: ClassVar[str] = "identity_merged"

    person_id: int
    previous_person_id: int
    reason: str


class IdentityUnmerged(Event, frozen=True, kw_only=True):
    """An account left a person, because a merge was undone."""

    name: ClassVar[str] = "identity_unmerged"

    person_id: int
    previous_person_id: int


class ConsentGranted(Event, frozen=True, kw_only=True):
    """An account agreed to a version of the text of a purpose."""

    name: ClassVar[str] = "consent_granted"
    necessary: ClassVar[bool] = True

    purpose: str
    version: str
    channel: str


class ConsentWithdrawn(Event, frozen=True, kw_only=True):
    """An account took back its consent to a purpose."""

    name: ClassVar[str] = "consent_withdrawn"
    necessary: ClassVar[bool] = True

    purpose: str
    version: str
    channel: str


class ErasureRequested(Event, frozen=True, kw_only=True):
    """A person asked for the erasure of everything that leads to them."""

    name: ClassVar[str] = "erasure_requested"
    necessary: ClassVar[bool] = True

    erasure_id: str


class ErasureDone(Event, frozen=True, kw_only=True):
    """An erasure is done: every room has given its receipt."""

    name: ClassVar[str] = "erasure_done"
    necessary: ClassVar[bool] = True

    erasure_id: str
    accounts: int
