"""The plan of an activity: when and where it takes place, how many seats there are, who may still register.

The rule: the plan is a field of operation, audited and no part of the text. Every change that calendars show (time,
place, cancellation) raises the sequence (RFC 5545, section 3.8.7.4) and is told to whoever has registered. Fewer seats
than are taken cannot be planned; more seats go to the waiting list first, in the same transaction.
"""

import re
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from cdp import log
from cdp.activity_events import ActivityRescheduled
from content import activity_seats, live, trail
from content.access import ItemMissing
from content.checks import is_safe
from content.tree import hold
from server.core.db import connection, transaction
from server.core.errors import Conflict, Invalid
from server.core.wire import EARLIEST, LATEST, check_text

Change = Literal["set", "moved", "placed", "restored", "changed"]

LONGEST: Final = timedelta(days=14)
MOST_SEATS: Final = 1_000_000
STREAM_NAME: Final = re.compile(r"^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$(?!\n)")


class TimesBad(Invalid):
    """A time is too far away, or one that must come later comes first."""

    code = "activity_times_bad"
    title = "活动时间有误"


class CapacityBad(Invalid):
    """The number of seats is below one or beyond all measure."""

    code = "capacity_bad"
    title = "名额数量有误"


class CapacityTaken(Conflict):
    """More seats are taken than there would be; the facts say how many."""

    code = "capacity_taken"
    title = "名额少于已报名人数"


class StreamBad(Invalid):
    """A stream is named by small letters, digits and hyphens, or by a public https address."""

    code = "stream_bad"
    title = "直播流名称或地址有误"


class PlaceBad(Invalid):
    """The name or the address of a place is too long."""

    code = "place_bad"
    title = "地点名称或地址过长"


class NotPlanned(Conflict):
    """The activity has no time."""

    code = "activity_not_planned"
    title = "活动尚未安排时间"


class AlreadyOver(Conflict):
    """The activity is over, which cannot be cancelled any more."""

    code = "activity_over"
    title = "活动已经结束"


class Terms(Struct, frozen=True, kw_only=True):
    """What is planned of an activity. ``capacity`` is missing where there is no limit.

    ``stream`` is the name of a stream of the house's live service, or an https address; ``open_to_all`` lets whoever
    may read the activity join its broadcast without having registered.
    """

    starts_at: datetime
    ends_at: datetime
    capacity: int | None = None
    registration_opens_at: datetime | None = None
    registration_closes_at: datetime | None = None
    cancels_until: datetime | None = None
    place_name: str = ""
    place_address: str = ""
    stream: str = ""
    open_to_all: bool = False


class Plan(Terms, frozen=True, kw_only=True):
    """The plan as it stands. ``seats_left`` is missing where there is no limit; ``sequence`` counts the changes."""

    activity_id: int
    seats_left: int | None
    sequence: int
    previous_starts_at: datetime | None
    created_at: datetime
    changed_at: datetime
    cancelled_at: datetime | None
    cancel_reason: str


_TERMS: Final = tuple(field.name for field in msgspec.structs.fields(Terms))
_SHOWN: Final = ("starts_at", "ends_at", "place_name", "place_address")
COLUMNS: Final = ", ".join(field.name for field in msgspec.structs.fields(Plan))


async def plan_of(*, activity_id: int) -> Plan | None:
    """Give the plan of an activity; None where there is none."""
    row = await connection().row(f"SELECT {COLUMNS} FROM activity_plan WHERE activity_id = $1", activity_id)  # noqa: S608  constants
    return msgspec.convert(dict(row), Plan) if row else None


async def plan(*, activity_id: int, terms: Terms, staff_id: int, at: datetime, request_id: str = "") -> Plan:
    """Set or change the plan, also of an activity that was cancelled. The same again changes nothing.

    :raises ItemMissing: if there is no such activity.
    :raises TimesBad: if the times do not follow one another, or one is too far away.
    :raises CapacityBad: if the seats are no sensible number.
    :raises CapacityTaken: if more are taken.
    :raises StreamBad: if the stream is neither a name nor an address that may be handed out.
    :raises PlaceBad: if the place is too long.
    """
    _check(terms)
    async with transaction():
        path = await _hold_activity(activity_id)
        await activity_seats.hold(activity_id)
        before = await plan_of(activity_id=activity_id)
        if before is not None and before.cancelled_at is None and _terms(before) == _terms(terms):
            return before
        change = _change(before, terms)
        taken = await activity_seats.taken(activity_id)
        if terms.capacity is not None and terms.capacity < taken:
            raise CapacityTaken(field="capacity", taken=taken)
        await _write(activity_id, terms, taken=taken, change=change, at=at)
        if change in {"moved", "restored"}:
            # What was opened or closed by hand was so for the time before.
            await connection().execute(
                "UPDATE broadcast SET opened_at = NULL, closed_at = NULL WHERE activity_id = $1", activity_id
            )
        after = await _note(activity_id, change, before, staff_id=staff_id, at=at, request_id=request_id)
        await activity_seats.promote(activity_id, at=at)
        after = await plan_of(activity_id=activity_id) or after
    await trail.tell(*live.topics_of(path, ["activity"]))
    return after


async def cancel(*, activity_id: int, reason: str, staff_id: int, at: datetime, request_id: str = "") -> Plan:
    """Cancel an activity that is not over. Registrations stay, should it be planned again. Again changes nothing.

    :param reason: what those who have registered are told.
    :raises ItemMissing: if there is no such activity.
    :raises NotPlanned: if it has no time.
    :raises AlreadyOver: if it is over.
    """
    check_text(reason, "reason")
    async with transaction():
        path = await _hold_activity(activity_id)
        await activity_seats.hold(activity_id)
        before = await plan_of(activity_id=activity_id)
        if before is None:
            raise NotPlanned()
        if before.cancelled_at is not None:
            return before
        if before.ends_at <= at:
            raise AlreadyOver()
        await _cancel(activity_id, reason[:200], at=at)
        plan = await _note(activity_id, "cancelled", before, staff_id=staff_id, at=at, request_id=request_id)
    await trail.tell(*live.topics_of(path, ["activity"]))
    return plan


def _check(terms: Terms) -> None:
    times = {name: getattr(terms, name) for name in _TERMS if name.endswith(("_at", "_until"))}
    for name, time in times.items():
        if time is not None and not EARLIEST <= time <= LATEST:
            raise TimesBad("A time must lie between 1990 and 2200.", field=name)
    if not terms.starts_at < terms.ends_at <= terms.starts_at + LONGEST:
        raise TimesBad("结束时间须晚于开始时间，且活动不超过 14 天。", field="ends_at")
    opens, closes = terms.registration_opens_at, terms.registration_closes_at
    if closes is not None and closes > terms.ends_at:
        raise TimesBad("报名截止须在活动结束之前。", field="registration_closes_at")
    if opens is not None and opens >= (closes or terms.ends_at):
        raise TimesBad("报名开始须早于报名截止。", field="registration_opens_at")
    if terms.cancels_until is not None and terms.cancels_until > terms.ends_at:
        raise TimesBad("取消截止须在活动结束之前。", field="cancels_until")
    if terms.capacity is not None and not 1 <= terms.capacity <= MOST_SEATS:
        raise CapacityBad(field="capacity")
    for name, most in (("place_name", 120), ("place_address", 200)):
        check_text(getattr(terms, name), name)
        if len(getattr(terms, name)) > most:
            raise PlaceBad(field=name)
    named = not terms.stream or STREAM_NAME.match(terms.stream)
    if not named and (len(terms.stream) > 500 or not is_safe(terms.stream)):
        raise StreamBad(field="stream")


def _terms(of: Terms) -> dict[str, Any]:
    return {name: getattr(of, name) for name in _TERMS}


def _change(before: Plan | None, terms: Terms) -> Change:
    if before is None:
        return "set"
    if before.cancelled_at is not None:
        return "restored"
    if (before.starts_at, before.ends_at) != (terms.starts_at, terms.ends_at):
        return "moved"
    if (before.place_name, before.place_address) != (terms.place_name, terms.place_address):
        return "placed"
    return "changed"


async def _hold_activity(activity_id: int) -> list[int]:
    if await connection().value("SELECT kind FROM item WHERE id = $1", activity_id) != "activity":
        raise ItemMissing()
    return await hold(activity_id)


async def _write(activity_id: int, terms: Terms, *, taken: int, change: Change, at: datetime) -> None:
    values = _terms(terms) | {"seats_left": None if terms.capacity is None else terms.capacity - taken}
    columns = ", ".join(values)
    places = ", ".join(f"${number}" for number in range(5, 5 + len(values)))
    changes = ", ".join(f"{name} = excluded.{name}" for name in values)
    await connection().execute(
        f"INSERT INTO activity_plan AS p (activity_id, created_at, changed_at, {columns}) "  # noqa: S608  constants
        f"VALUES ($1, $2, $2, {places}) ON CONFLICT (activity_id) DO UPDATE SET {changes}, cancelled_at = NULL, "
        "cancel_reason = '', sequence = p.sequence + $3::int, "
        "changed_at = CASE WHEN $3::int > 0 THEN excluded.changed_at ELSE p.changed_at END, "
        "previous_starts_at = CASE WHEN $4 THEN p.starts_at ELSE p.previous_starts_at END",
        activity_id,
        at,
        0 if change == "changed" else 1,
        change in {"moved", "restored"},
        *values.values(),
    )


async def _cancel(activity_id: int, reason: str, *, at: datetime) -> None:
    await connection().execute(
        "UPDATE activity_plan SET cancelled_at = $2, changed_at = $2, cancel_reason = $3, sequence = sequence + 1 "
        "WHERE activity_id = $1",
        activity_id,
        at,
        reason,
    )


async def _note(
    activity_id: int, change: str, before: Plan | None, *, staff_id: int, at: datetime, request_id: str
) -> Plan:
    after = await plan_of(activity_id=activity_id)
    assert after is not None, "it was written just now"
    await trail.note(
        change, "activity", activity_id, staff_id=staff_id, at=at, request_id=request_id, before=before, after=after
    )
    # Who could never read it has nothing to hear of it.
    known = await connection().value(
        "SELECT EXISTS (SELECT FROM live WHERE item_id = $1) OR EXISTS (SELECT FROM tombstone WHERE item_id = $1)",
        activity_id,
    )
    if known and change != "changed":
        told = {
            "at": at,
            "item_id": activity_id,
            "change": change,
            "starts_at": after.starts_at,
            "previous_starts_at": before.starts_at if before is not None and change == "moved" else None,
            "sequence": after.sequence,
        }
        await log.record(msgspec.convert(told, ActivityRescheduled))
    return after
