"""Events of activities and live broadcasts, which the server knows of its own; the rules are those of `cdp.events`."""

from typing import ClassVar, Literal

from cdp.event_fields import Count, Id, Instant, Seconds
from cdp.events import Event


class ActivityRescheduled(Event, frozen=True, kw_only=True):
    """An activity that readers know was given a time, moved, given another place, cancelled, or planned again.

    ``sequence`` counts what calendars show (RFC 5545).
    """

    name: ClassVar[str] = "activity_reschedule"
    necessary: ClassVar[bool] = True

    item_id: Id
    change: Literal["set", "moved", "placed", "cancelled", "restored"]
    starts_at: Instant
    previous_starts_at: Instant | None
    sequence: Count


class ActivityRegistered(Event, frozen=True, kw_only=True):
    """A reader registered for a meeting or an official event; ``waiting`` tells whether for the waiting list."""

    name: ClassVar[str] = "activity_register"

    item_id: Id
    waiting: bool


class LiveRegistered(Event, frozen=True, kw_only=True):
    """A reader registered for a live broadcast; ``waiting`` tells whether for the waiting list."""

    name: ClassVar[str] = "live_register"

    item_id: Id
    waiting: bool


class RegistrationPromoted(Event, frozen=True, kw_only=True):
    """A reader moved up from the waiting list of an activity."""

    name: ClassVar[str] = "activity_promote"

    item_id: Id


class RegistrationCancelled(Event, frozen=True, kw_only=True):
    """A registration ended: by the reader, by staff, because two people became one, or because of an erasure."""

    name: ClassVar[str] = "activity_cancel"

    item_id: Id
    by: Literal["reader", "staff", "merge"]


class ActivityAttended(Event, frozen=True, kw_only=True):
    """A reader was checked in at the door of an activity; ``way`` is by the code or by name."""

    name: ClassVar[str] = "activity_check_in"

    item_id: Id
    way: Literal["code", "name"]


class AttendanceUndone(Event, frozen=True, kw_only=True):
    """A check-in at the door was undone."""

    name: ClassVar[str] = "activity_check_in_undo"

    item_id: Id


class LiveJoined(Event, frozen=True, kw_only=True):
    """A reader came through the gate of a live broadcast; ``first`` tells whether for the first time."""

    name: ClassVar[str] = "live_join"

    item_id: Id
    first: bool


class LiveLeft(Event, frozen=True, kw_only=True):
    """A reader left a live broadcast, or was not heard of any more; ``online_s`` is how long this sitting was."""

    name: ClassVar[str] = "live_leave"

    item_id: Id
    online_s: Seconds


class LiveInteracted(Event, frozen=True, kw_only=True):
    """A reader took part in a live broadcast: asked the speakers, or voted in a poll."""

    name: ClassVar[str] = "live_interact"

    item_id: Id
    way: Literal["question", "vote"]
