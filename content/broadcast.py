"""The broadcast of an activity: whether it is on, and opening and closing it by hand.

The rule: a broadcast is on from a quarter of an hour before the beginning until half an hour after the end, unless
staff open it sooner or close it. What is cancelled or has no stream has none. Whoever may read the activity and has a
seat is let in, and everybody else who may read it where the plan says so.
"""

from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from content import access, keeping, live, trail
from content.activity_registration import ActivityCancelled, person_of
from content.tree import path_of
from server.core.db import connection, transaction
from server.core.errors import Conflict, Forbidden
from server.core.roles import Reader

EARLY: Final = timedelta(minutes=15)
OVERRUN: Final = timedelta(minutes=30)


class NoBroadcast(Conflict):
    """The activity has no stream."""

    code = "no_broadcast"
    title = "这个活动没有直播"


class NotOnAir(Conflict):
    """The broadcast has not begun, or is over; the facts say when it opens."""

    code = "not_on_air"
    title = "直播尚未开始或已经结束"


class RegistrationNeeded(Forbidden):
    """Only those who have registered are let in."""

    code = "registration_needed"
    title = "报名后可进入直播间"


class NotBroadcast(Conflict):
    """It cannot be opened or closed now: it has no stream, is cancelled, or that is how it is."""

    code = "broadcast_unfit"
    title = "直播状态已变化，请刷新"


class Air(Struct, frozen=True, kw_only=True):
    """When a broadcast is on: ``[opens_at, closes_at)``, and whether staff said so."""

    activity_id: int
    stream: str
    open_to_all: bool
    opens_at: datetime
    closes_at: datetime
    opened_by_hand: bool
    closed_by_hand: bool
    cancelled: bool

    def is_on(self, at: datetime) -> bool:
        return bool(self.stream) and not self.cancelled and self.opens_at <= at < self.closes_at

    def phase(self, at: datetime) -> Literal["none", "before", "on", "over"]:
        """Name where the broadcast stands at a time."""
        if not self.stream or self.cancelled:
            return "none"
        if at < self.opens_at:
            return "before"
        return "on" if at < self.closes_at else "over"


# What a door of the live room may answer instead.
REFUSALS: Final = (
    *access.REFUSALS,
    *keeping.REFUSALS,
    NoBroadcast,
    NotOnAir,
    RegistrationNeeded,
    ActivityCancelled,
)


async def air_of(*, activity_id: int) -> Air | None:
    """Tell when the broadcast of an activity is on; None where the activity has no plan."""
    row = await connection().row(f"{AIR} WHERE p.activity_id = $1", activity_id)
    return msgspec.convert(dict(row), Air) if row else None


async def admitted(*, reader: Reader, activity_id: int, at: datetime, on_air: bool = True) -> Air:
    """Let a reader into the live room of an activity, or say why not.

    :param on_air: whether it has to be on.
    :raises ItemMissing: if there is no such activity for this reader; also the other refusals of `content.access`.
    :raises NoBroadcast: if it has no stream.
    :raises ActivityCancelled: if it was cancelled.
    :raises NotOnAir: if it is not on.
    :raises RegistrationNeeded: if the reader has no seat and needs one.
    """
    await access.readable(item_id=activity_id, reader=reader, at=at)
    air = await air_of(activity_id=activity_id)
    if air is None or not air.stream:
        raise NoBroadcast()
    if air.cancelled:
        raise ActivityCancelled()
    if on_air and not air.is_on(at):
        raise NotOnAir(opens_at=air.opens_at.isoformat(), closes_at=air.closes_at.isoformat())
    if not air.open_to_all and not await has_seat(account_id=reader.account_id, activity_id=activity_id):
        raise RegistrationNeeded()
    return air


async def has_seat(*, account_id: int, activity_id: int) -> bool:
    """Tell whether the person whose account this is has a seat."""
    return bool(
        await connection().value(
            "SELECT true FROM registration WHERE activity_id = $1 AND person_id = $2 AND state = 'registered'",
            activity_id,
            await person_of(account_id),
        )
    )


async def open_now(*, activity_id: int, staff_id: int, at: datetime, request_id: str = "") -> Air:
    """Open a broadcast before its time, or again after it was closed.

    :raises NotBroadcast: if it has no stream or is cancelled.
    """
    return await _set(
        activity_id,
        "open",
        "opened_at = CASE WHEN b.opened_at IS NULL OR b.closed_at IS NOT NULL THEN $2 ELSE b.opened_at END, "
        "closed_at = NULL",
        opened_at=at,
        closed_at=None,
        staff_id=staff_id,
        at=at,
        request_id=request_id,
    )


async def close_now(*, activity_id: int, staff_id: int, at: datetime, request_id: str = "") -> Air:
    """Close a broadcast that is on; nobody is let in any more, and nobody's time goes on.

    :raises NotBroadcast: if it is not on.
    """
    air = await air_of(activity_id=activity_id)
    if air is None or not air.is_on(at):
        raise NotBroadcast()
    return await _set(
        activity_id,
        "close",
        "closed_at = $2",
        opened_at=None,
        closed_at=at,
        staff_id=staff_id,
        at=at,
        request_id=request_id,
    )


async def _set(
    activity_id: int,
    deed: str,
    changes: str,
    *,
    opened_at: datetime | None,
    closed_at: datetime | None,
    staff_id: int,
    at: datetime,
    request_id: str,
) -> Air:
    async with transaction():
        before = await air_of(activity_id=activity_id)
        if before is None or not before.stream or before.cancelled:
            raise NotBroadcast()
        await connection().execute(
            "INSERT INTO broadcast AS b (activity_id, opened_at, closed_at) VALUES ($1, $3, $4) "  # noqa: S608  constants
            f"ON CONFLICT (activity_id) DO UPDATE SET {changes} WHERE $2::timestamptz IS NOT NULL",
            activity_id,
            at,
            opened_at,
            closed_at,
        )
        after: Any = await air_of(activity_id=activity_id)
        await trail.note(
            deed,
            "broadcast",
            activity_id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before={"opens_at": before.opens_at, "closes_at": before.closes_at},
            after={"opens_at": after.opens_at, "closes_at": after.closes_at},
        )
        path = await path_of(activity_id)
    await trail.tell(*live.topics_of(path, ["activity"]))
    return msgspec.convert(after, Air, from_attributes=True)


# Of a plan ``p`` and what staff have done with its broadcast ``b``. One that was opened by hand again stays on for as
# long after that as the plan gives it after its end, at the least.
AIR: Final = f"""
SELECT p.activity_id, p.stream, p.open_to_all,
    least(coalesce(b.opened_at, 'infinity'), p.starts_at - interval '{EARLY.seconds} seconds') AS opens_at,
    coalesce(b.closed_at, greatest(p.ends_at, coalesce(b.opened_at, '-infinity'))
        + interval '{OVERRUN.seconds} seconds') AS closes_at,
    b.opened_at IS NOT NULL AS opened_by_hand, b.closed_at IS NOT NULL AS closed_by_hand,
    p.cancelled_at IS NOT NULL AS cancelled
FROM activity_plan p LEFT JOIN broadcast b ON b.activity_id = p.activity_id
"""  # noqa: S608  the parts are constants
