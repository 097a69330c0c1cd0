"""The events that only a client can see: what was on the screen, for how long, and where it was paused.

The rule: what the server knows of its own is never taken from a client, so no name stands both here and in
`cdp.events`. Every field is bounded and an unknown one is refused. A new version of a shape is a further class with the
same name; the old one stays for as long as clients send it.
"""

from typing import ClassVar, Literal

from msgspec import Struct

from cdp.event_fields import Code, Count, Id, Kind, Milliseconds, Page, Percent, Seconds


class ClientEvent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The body of an event that a client sends."""

    name: ClassVar[str] = ""
    schema: ClassVar[str] = "1-0-0"


class PageViewed(ClientEvent, frozen=True, kw_only=True):
    """A page of the app came on the screen; ``from_page`` is the one before it."""

    name: ClassVar[str] = "page_view"

    page: Page
    from_page: Page | None = None


class PageLeft(ClientEvent, frozen=True, kw_only=True):
    """A page of the app left the screen; ``active_ms`` counts only while the app was in front."""

    name: ClassVar[str] = "page_leave"

    page: Page
    active_ms: Milliseconds


class AppOpened(ClientEvent, frozen=True, kw_only=True):
    """The app came to the front; ``scene`` is the platform's number for the way in."""

    name: ClassVar[str] = "app_open"

    scene: Count | None = None
    cold: bool = False


class AppLeft(ClientEvent, frozen=True, kw_only=True):
    """The app went to the back."""

    name: ClassVar[str] = "app_leave"

    active_ms: Milliseconds


class ContentSeen(ClientEvent, frozen=True, kw_only=True):
    """At least half of an item's card was on the screen for a second, at ``position`` (from 1) of a list."""

    name: ClassVar[str] = "content_impression"

    item_id: Id
    kind: Kind
    list: Code | None = None
    position: Count | None = None


class ContentOpened(ClientEvent, frozen=True, kw_only=True):
    """An item's own page was opened; ``list`` and ``position`` tell which card was tapped, if one was."""

    name: ClassVar[str] = "content_open"

    item_id: Id
    kind: Kind
    list: Code | None = None
    position: Count | None = None


class ContentRead(ClientEvent, frozen=True, kw_only=True):
    """How far the text of an item was scrolled and for how long it was read since its page was opened.

    Both only grow, and the event is sent again as they do. It counts as read with ``max_percent`` of 90 and an
    ``active_ms`` of 30 % of ``expected_ms``, which is the time that the client expects the text to take.
    """

    name: ClassVar[str] = "content_read_progress"

    item_id: Id
    kind: Kind
    max_percent: Percent
    active_ms: Milliseconds
    expected_ms: Milliseconds


class VideoPaused(ClientEvent, frozen=True, kw_only=True):
    """A video was paused at a second from its start."""

    name: ClassVar[str] = "video_pause"

    item_id: Id
    position_s: Seconds


class VideoSought(ClientEvent, frozen=True, kw_only=True):
    """A viewer jumped within a video; ``by`` tells how."""

    name: ClassVar[str] = "video_seek"

    item_id: Id
    from_s: Seconds
    to_s: Seconds
    by: Literal["bar", "chapter", "question", "resume"]


class VideoStalled(ClientEvent, frozen=True, kw_only=True):
    """A video stood still because its data did not come."""

    name: ClassVar[str] = "video_stall"

    item_id: Id
    position_s: Seconds
    waited_ms: Milliseconds
