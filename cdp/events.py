"""The catalogue of events: what can be in the engagement log, each name from exactly one source.

The rule: no phone number, openid, name or free text of a person in an event. In code an event is a class in the past
tense, on the wire ``object_action``; its fields beside ``at`` and ``account_id`` are its body. Schemas are versioned
(SchemaVer, MODEL-REVISION-ADDITION); a change that readers of old events would stumble over raises the first number.

These are the events that the server knows of its own; `cdp.client_events` holds those that only a client can see.
"""

from datetime import datetime
from typing import Any, ClassVar, Literal

from msgspec import Struct

from cdp.event_fields import (
    AppId,
    Code,
    Count,
    ErrorNumber,
    Id,
    Instant,
    Kind,
    Ranges,
    Seconds,
    ShareId,
    Stars,
    Tags,
    UuidText,
    Version,
)


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


# Accounts, consent, people


class AccountCreated(Event, frozen=True, kw_only=True):
    """Somebody signed in to a mini-program for the first time, or for the first time after an erasure."""

    name: ClassVar[str] = "account_created"
    necessary: ClassVar[bool] = True

    app_id: AppId
    audience: Code


class IdentityBound(Event, frozen=True, kw_only=True):
    """An account has shown a key of its identity; ``kind`` is unionid, phone, device or professional."""

    name: ClassVar[str] = "identity_bound"

    kind: Code


class IdentityMerged(Event, frozen=True, kw_only=True):
    """An account came to another person; ``reason`` is unionid or merge."""

    name: ClassVar[str] = "identity_merged"

    person_id: Id
    previous_person_id: Id
    reason: Code


class IdentityUnmerged(Event, frozen=True, kw_only=True):
    """An account left a person, because a merge was undone."""

    name: ClassVar[str] = "identity_unmerged"

    person_id: Id
    previous_person_id: Id


class ConsentGranted(Event, frozen=True, kw_only=True):
    """An account agreed to a version of the text of a purpose."""

    name: ClassVar[str] = "consent_granted"
    necessary: ClassVar[bool] = True

    purpose: Code
    version: Version
    channel: Code


class ConsentWithdrawn(Event, frozen=True, kw_only=True):
    """An account took back its consent to a purpose."""

    name: ClassVar[str] = "consent_withdrawn"
    necessary: ClassVar[bool] = True

    purpose: Code
    version: Version
    channel: Code


class ErasureRequested(Event, frozen=True, kw_only=True):
    """A person asked for the erasure of everything that leads to them."""

    name: ClassVar[str] = "erasure_requested"
    necessary: ClassVar[bool] = True

    erasure_id: UuidText


class ErasureDone(Event, frozen=True, kw_only=True):
    """An erasure is done: every room has given its receipt."""

    name: ClassVar[str] = "erasure_done"
    necessary: ClassVar[bool] = True

    erasure_id: UuidText
    accounts: Count


# Content


class ContentPublished(Event, frozen=True, kw_only=True):
    """Readers can see an item, or see it in another version, for another audience or for another time than before."""

    name: ClassVar[str] = "content_published"
    necessary: ClassVar[bool] = True

    item_id: Id
    root_id: Id
    kind: Kind
    version: Count
    tags: Tags
    audience: Code
    valid_from: Instant
    valid_until: Instant | None


class ContentRetagged(Event, frozen=True, kw_only=True):
    """An item that readers can see carries other tags than before."""

    name: ClassVar[str] = "content_retagged"
    necessary: ClassVar[bool] = True

    item_id: Id
    root_id: Id
    kind: Kind
    tags: Tags
    previous_tags: Tags


class ContentWithdrawn(Event, frozen=True, kw_only=True):
    """Readers cannot see an item any more, because it or something above it was taken back."""

    name: ClassVar[str] = "content_withdrawn"
    necessary: ClassVar[bool] = True

    item_id: Id
    root_id: Id
    kind: Kind
    tags: Tags


class ContentExpired(Event, frozen=True, kw_only=True):
    """Readers cannot see an item any more, because its time or that of something above it is over."""

    name: ClassVar[str] = "content_expired"
    necessary: ClassVar[bool] = True

    item_id: Id
    root_id: Id
    kind: Kind
    tags: Tags


class ContentRescheduled(Event, frozen=True, kw_only=True):
    """An episode was given a time of airing, was moved to another one, or its airing was cancelled.

    ``change`` is set, moved or cancelled; ``sequence`` counts the changes (RFC 5545).
    """

    name: ClassVar[str] = "content_rescheduled"
    necessary: ClassVar[bool] = True

    episode_id: Id
    root_id: Id
    change: Literal["set", "moved", "cancelled"]
    airs_at: Instant
    previous_airs_at: Instant | None
    sequence: Count


class ContentFavorited(Event, frozen=True, kw_only=True):
    """A reader put an item among the favourites."""

    name: ClassVar[str] = "content_favorite"

    item_id: Id
    kind: Kind


class ContentUnfavorited(Event, frozen=True, kw_only=True):
    """A reader took an item out of the favourites."""

    name: ClassVar[str] = "content_unfavorite"

    item_id: Id
    kind: Kind


class ContentLiked(Event, frozen=True, kw_only=True):
    """A reader liked an item."""

    name: ClassVar[str] = "content_like"

    item_id: Id
    kind: Kind


class ContentUnliked(Event, frozen=True, kw_only=True):
    """A reader took a like back."""

    name: ClassVar[str] = "content_unlike"

    item_id: Id
    kind: Kind


class ContentRated(Event, frozen=True, kw_only=True):
    """A reader gave an item stars, or took them back (no stars)."""

    name: ClassVar[str] = "content_rate"

    item_id: Id
    kind: Kind
    stars: Stars | None


class ContentShared(Event, frozen=True, kw_only=True):
    """A reader made a share of an item."""

    name: ClassVar[str] = "content_share"

    item_id: Id
    kind: Kind
    share_id: ShareId
    channel: Code


class ShareOpened(Event, frozen=True, kw_only=True):
    """Somebody opened what had been shared with them; ``first`` tells whether this visitor had not that day."""

    name: ClassVar[str] = "share_opened"

    item_id: Id
    kind: Kind
    share_id: ShareId
    first: bool


# Viewing


class EpisodeStarted(Event, frozen=True, kw_only=True):
    """A reader began to watch an episode."""

    name: ClassVar[str] = "video_start"

    item_id: Id
    series_id: Id | None = None
    duration_s: Seconds


class EpisodeWatched(Event, frozen=True, kw_only=True):
    """A reader watched parts of an episode: the half-open ranges of one report, in seconds from the start."""

    name: ClassVar[str] = "video_heartbeat"

    item_id: Id
    series_id: Id | None = None
    ranges: Ranges


class EpisodeFinished(Event, frozen=True, kw_only=True):
    """A reader had watched nine tenths of an episode, once and for all."""

    name: ClassVar[str] = "video_finish"

    item_id: Id
    series_id: Id | None = None
    covered_s: Seconds
    duration_s: Seconds


class SeriesFollowed(Event, frozen=True, kw_only=True):
    """A reader followed a series."""

    name: ClassVar[str] = "series_follow"

    item_id: Id


class SeriesUnfollowed(Event, frozen=True, kw_only=True):
    """A reader follows a series no longer."""

    name: ClassVar[str] = "series_unfollow"

    item_id: Id


# Messages to people


class MessageSent(Event, frozen=True, kw_only=True):
    """A message went out and was taken by the platform."""

    name: ClassVar[str] = "message_sent"

    message_id: Id
    kind: Literal["service", "marketing"]
    template: Code
    item_id: Id | None = None


class MessageFailed(Event, frozen=True, kw_only=True):
    """A message was refused for good; ``error`` is the platform's number, 0 where it said none."""

    name: ClassVar[str] = "message_failed"

    message_id: Id
    kind: Literal["service", "marketing"]
    template: Code
    item_id: Id | None = None
    error: ErrorNumber


class MessageDelivered(Event, frozen=True, kw_only=True):
    """The platform told that a message had reached the person."""

    name: ClassVar[str] = "message_delivered"

    message_id: Id
    kind: Literal["service", "marketing"]
    template: Code
    item_id: Id | None = None


class MessageOpened(Event, frozen=True, kw_only=True):
    """A person came by a message."""

    name: ClassVar[str] = "message_opened"

    message_id: Id
    kind: Literal["service", "marketing"]
    template: Code
    item_id: Id | None = None
