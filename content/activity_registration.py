"""Registering for an activity: in one tap, once a person, never more than there are seats.

The rule: whoever may read the activity, has agreed to something being kept and has a profile registers; who has no
profile hands it in with the same tap. All accounts of a person (OneID) have one registration between them. Where no
seat is left one waits, and moves up by oneself when one is given back or more are planned (`content.activity_seats`).
"""

import enum
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from cdp import log, people, profiles
from cdp.activity_events import ActivityRegistered, LiveRegistered, RegistrationCancelled
from cdp.events import IdentityMerged, IdentityUnmerged
from cdp.profiles import Profile, ProfileNeeded
from content import access, activity_notices, activity_seats, keeping, trail
from content.activity_seats import Held
from server.core.db import connection, transaction
from server.core.errors import Conflict, Missing
from server.core.keys import Sealer
from server.core.roles import Reader
from server.core.wire import check_text


class RegistrationClosed(Conflict):
    """Registration has not opened yet, or is over; the facts say when it was to open and close."""

    code = "registration_closed"
    title = "现在不能报名"


class ActivityCancelled(Conflict):
    """The activity was cancelled."""

    code = "activity_cancelled"
    title = "活动已取消"


class TooLateToCancel(Conflict):
    """The time for cancelling a registration is over, or one was checked in."""

    code = "too_late_to_cancel"
    title = "已过取消报名的时间"


class RegistrationMissing(Missing):
    """There is no such registration for this activity, or it has ended."""

    code = "registration_missing"
    title = "没有这个报名"


class State(enum.StrEnum):
    """What has become of a registration."""

    REGISTERED = "registered"
    WAITING = "waiting"
    CANCELLED = "cancelled"


class Mine(Struct, frozen=True, kw_only=True):
    """How a reader stands to an activity; ``state`` is missing where they never registered.

    ``place_in_line`` is where one stands on the waiting list, from 1. ``cancels_until`` is until when one may leave.
    """

    activity_id: int
    state: State | None = None
    asked_at: datetime | None = None
    place_in_line: int | None = None
    cancels_until: datetime | None = None
    checked_in_at: datetime | None = None


# What a door may answer instead of a registration.
REFUSALS: Final = (*access.REFUSALS, *keeping.REFUSALS, RegistrationClosed, ActivityCancelled, ProfileNeeded)


async def register(
    *, reader: Reader, activity_id: int, sealer: Sealer, at: datetime, profile: Profile | None = None
) -> Mine:
    """Register a reader, or put them on the waiting list where no seat is left. Again changes nothing.

    :param profile: from who has none yet.
    :raises ItemMissing: if there is no such activity for this reader; also `Withdrawn`, `Expired`, `SignInNeeded`.
    :raises ActivityCancelled: if it was cancelled.
    :raises RegistrationClosed: if it is not the time for it, or the activity has no time yet.
    :raises ProfileNeeded: if the reader has no profile and gives none.
    :raises ConsentNeeded: if the reader has not agreed to anything being kept.
    """
    async with transaction():
        await keeping.check(reader)
        form = await form_of(activity_id=activity_id, reader=reader, at=at)
        person_id = await person_of(reader.account_id)
        held = await activity_seats.hold(activity_id)
        if await _standing(activity_id, person_id) is None:
            _check_window(held, form, at=at)
            await profiles.require(sealer=sealer, account_id=reader.account_id, given=profile, at=at)
            await _enter(reader.account_id, person_id, activity_id, form, at=at)
        return await _mine(activity_id, person_id)


async def cancel(*, reader: Reader, activity_id: int, at: datetime) -> Mine:
    """Leave an activity, or its waiting list; whoever waits longest gets the seat. Again changes nothing.

    It needs no consent, and no right to read the activity any more.

    :raises TooLateToCancel: if the time for it is over, or one was checked in.
    """
    async with transaction():
        person_id = await person_of(reader.account_id)
        held = await activity_seats.hold(activity_id)
        row = await _standing(activity_id, person_id)
        if row is not None and held is not None:
            if row["state"] == State.REGISTERED and (leaves_until(held) <= at or row["checked_in_at"] is not None):
                raise TooLateToCancel()
            await end(row, by="reader", at=at)
        return await _mine(activity_id, person_id)


async def remove(
    *, activity_id: int, registration_id: int, reason: str, staff_id: int, at: datetime, request_id: str = ""
) -> None:
    """End somebody's registration for them, also after the deadline; whoever waits longest gets the seat.

    :raises RegistrationMissing: if there is none that stands for this activity.
    :raises TooLateToCancel: if they were checked in.
    """
    check_text(reason, "reason")
    async with transaction():
        await activity_seats.hold(activity_id)
        row = await connection().row(
            f"{_STANDING} WHERE r.activity_id = $1 AND r.id = $2", activity_id, registration_id
        )
        if row is None or row["state"] == State.CANCELLED:
            raise RegistrationMissing()
        if row["checked_in_at"] is not None:
            raise TooLateToCancel()
        await end(row, by="staff", at=at)
        await trail.note(
            "remove",
            "registration",
            registration_id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before={"activity_id": activity_id, "state": row["state"]},
            after={"reason": reason[:200]},
        )


async def registration_of(*, reader: Reader, activity_id: int) -> Mine:
    """Tell how a reader stands to an activity."""
    return await _mine(activity_id, await person_of(reader.account_id))


async def person_of(account_id: int) -> int:
    """Tell whose an account is; one that is nobody's stands for itself."""
    return await people.person_of(account_id=account_id) or -account_id


def closes_at(held: Held, form: str) -> datetime:
    """Give when registration closes: when planned, or else with the beginning, for a broadcast with the end."""
    return held.registration_closes_at or (held.ends_at if form == "live" else held.starts_at)


def leaves_until(held: Held) -> datetime:
    """Give until when one may leave: as planned, or else until the beginning."""
    return held.cancels_until or held.starts_at


async def form_of(*, activity_id: int, reader: Reader, at: datetime) -> str:
    """Give the form of an activity that this reader may read.

    :raises ItemMissing: if there is no such activity for this reader; also `Withdrawn`, `Expired`, `SignInNeeded`.
    """
    await access.readable(item_id=activity_id, reader=reader, at=at)
    form = await connection().value(
        "SELECT prepared ->> 'form' FROM live WHERE item_id = $1 AND kind = 'activity'", activity_id
    )
    if form is None:
        raise access.ItemMissing("Only for an activity can one register.")
    return str(form)


async def end(row: Any, *, by: str, at: datetime) -> None:
    """End a registration whose activity's seats are held, and give its seat back."""
    await connection().execute(
        "UPDATE registration SET state = 'cancelled', cancelled_at = $2, cancelled_by = $3, changed_at = $2 "
        "WHERE id = $1",
        row["id"],
        at,
        by,
    )
    told = {"at": at, "account_id": row["account_id"], "item_id": row["activity_id"], "by": by}
    await log.record(msgspec.convert(told, RegistrationCancelled))
    await activity_notices.forget(row["activity_id"], [row["account_id"]], at=at)
    if row["state"] == State.REGISTERED:
        await activity_seats.give_back(row["activity_id"], at=at)


async def heed_merge(event: IdentityMerged | IdentityUnmerged) -> None:
    """Let registrations follow their people; of two that become one person's the better one stays. A reaction."""
    rows = await connection().fetch(
        "SELECT id, activity_id, account_id, state FROM registration WHERE account_id = $1 AND state <> 'cancelled' "
        "ORDER BY activity_id",
        event.account_id,
    )
    for row in rows:
        await activity_seats.hold(row["activity_id"])
        other = await _standing(row["activity_id"], event.person_id)
        if other is not None and other["account_id"] != event.account_id:
            mine_is_better = row["state"] == State.REGISTERED and other["state"] == State.WAITING
            await end(other if mine_is_better else row, by="merge", at=event.at)
    await connection().execute(
        "UPDATE registration SET person_id = $2 WHERE account_id = $1", event.account_id, event.person_id
    )


async def export_of(account_ids: Sequence[int]) -> list[dict[str, Any]]:
    """List the registrations of accounts, for their owner."""
    rows = await connection().fetch(
        "SELECT account_id, activity_id, state, asked_at, promoted_at, cancelled_at FROM registration "
        "WHERE account_id = ANY($1) ORDER BY id",
        list(account_ids),
    )
    return [dict(row) for row in rows]


async def erase(account_ids: Sequence[int], *, at: datetime) -> int:
    """Forget the registrations of accounts, give their seats back, and count them."""
    rows = await connection().fetch(
        "SELECT DISTINCT activity_id FROM registration WHERE account_id = ANY($1) ORDER BY activity_id",
        list(account_ids),
    )
    count = 0
    for row in rows:
        await activity_seats.hold(row["activity_id"])
        gone = await connection().fetch(
            "DELETE FROM registration WHERE account_id = ANY($1) AND activity_id = $2 RETURNING state",
            list(account_ids),
            row["activity_id"],
        )
        count += len(gone)
        for one in gone:
            if one["state"] == State.REGISTERED:
                await activity_seats.give_back(row["activity_id"], at=at)
    return count


def _check_window(held: Held | None, form: str, *, at: datetime) -> None:
    if held is None:
        raise RegistrationClosed("活动时间尚未公布。")
    if held.cancelled_at is not None:
        raise ActivityCancelled()
    opens_at = held.registration_opens_at
    if (opens_at is not None and at < opens_at) or at >= closes_at(held, form):
        raise RegistrationClosed(opens_at=opens_at, closes_at=closes_at(held, form))


async def _enter(account_id: int, person_id: int, activity_id: int, form: str, *, at: datetime) -> None:
    seated = await activity_seats.take(activity_id)
    await connection().execute(
        "INSERT INTO registration (activity_id, account_id, person_id, state, asked_at, changed_at) "
        "VALUES ($1, $2, $3, $4, $5, $5)",
        activity_id,
        account_id,
        person_id,
        State.REGISTERED if seated else State.WAITING,
        at,
    )
    event = LiveRegistered if form == "live" else ActivityRegistered
    await log.record(event(at=at, account_id=account_id, item_id=activity_id, waiting=not seated))
    if seated:
        await activity_notices.tell_registered(activity_id, [account_id], at=at)


async def _standing(activity_id: int, person_id: int) -> Any:
    return await connection().row(
        f"{_STANDING} WHERE r.activity_id = $1 AND r.person_id = $2 AND r.state <> 'cancelled'", activity_id, person_id
    )


async def _mine(activity_id: int, person_id: int) -> Mine:
    row = await connection().row(
        """
        SELECT r.state, r.asked_at, coalesce(p.cancels_until, p.starts_at) AS cancels_until, c.at AS checked_in_at,
            CASE WHEN r.state = 'waiting' THEN (SELECT count(*) FROM registration o WHERE o.activity_id = r.activity_id
                AND o.state = 'waiting' AND o.id <= r.id) END AS place_in_line
        FROM registration r JOIN activity_plan p ON p.activity_id = r.activity_id
        LEFT JOIN check_in c ON c.registration_id = r.id AND c.undone_at IS NULL
        WHERE r.activity_id = $1 AND r.person_id = $2 ORDER BY r.state = 'cancelled', r.id DESC LIMIT 1
        """,
        activity_id,
        person_id,
    )
    return msgspec.convert({**(row or {}), "activity_id": activity_id}, Mine)


_STANDING: Final = (
    "SELECT r.id, r.activity_id, r.account_id, r.state, c.at AS checked_in_at FROM registration r "
    "LEFT JOIN check_in c ON c.registration_id = r.id AND c.undone_at IS NULL"
)
