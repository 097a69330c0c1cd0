"""Checking in at the door of an activity: by a code that the doctor's phone shows, or by name.

The rule: a registration is checked in once, and a code lets in once: who comes with it again is told when it was used
first, also where that was undone. The same request sent again is answered the same. Every check-in and every undoing is
audited. It is the time for it from three hours before the beginning until three hours after the end.
"""

from datetime import datetime, timedelta
from typing import Any, Final, Literal

from msgspec import Struct

from cdp import log
from cdp.activity_events import ActivityAttended, AttendanceUndone
from content import trail
from content.activity_registration import RegistrationMissing, person_of
from content.door_codes import Code, DoorCodes
from server.core.db import connection, transaction
from server.core.errors import Conflict, Invalid
from server.core.roles import Reader
from server.core.wire import check_text

AROUND: Final = timedelta(hours=3)


class DoorClosed(Conflict):
    """It is not the time to check in; the facts say when it is."""

    code = "door_closed"
    title = "现在不是签到时间"


class NoDoor(Conflict):
    """The activity takes place on line, or was cancelled: there is no door to come through."""

    code = "no_door"
    title = "这个活动没有现场签到"


class NotSeated(Conflict):
    """Whoever it is has no seat: they wait, have left, or never registered."""

    code = "not_seated"
    title = "没有有效的报名"


class AlreadyIn(Conflict):
    """They are checked in already; the facts say since when."""

    code = "already_checked_in"
    title = "已经签到过了"


class CodeUsed(Conflict):
    """The code has let somebody in before; the facts say when."""

    code = "door_code_used"
    title = "签到码已被使用"


class NotIn(Conflict):
    """They are not checked in."""

    code = "not_checked_in"
    title = "没有签到记录"


class ReasonNeeded(Invalid):
    """Undoing a check-in needs a reason of up to 200 characters."""

    code = "undo_reason_needed"
    title = "请写明撤销签到的原因"


class Entered(Struct, frozen=True):
    """Somebody who was let in, and when."""

    registration_id: int
    account_id: int
    at: datetime
    way: Literal["code", "name"]


async def code_of(*, reader: Reader, activity_id: int, codes: DoorCodes, at: datetime) -> Code:
    """Make the code of this minute for a reader who has a seat.

    :raises NotSeated: if the reader has none.
    :raises AlreadyIn: if they are checked in.
    :raises NoDoor: if the activity has no door.
    :raises DoorClosed: if it is not the time for it.
    """
    row: Any = await connection().row(
        f"{_REGISTRATION} WHERE r.activity_id = $1 AND r.person_id = $2 AND r.state <> 'cancelled'",
        activity_id,
        await person_of(reader.account_id),
    )
    _check_seat(row)
    _check_door(row, at=at)
    if row["entered_at"] is not None:
        raise AlreadyIn(at=row["entered_at"].isoformat())
    return codes.code(activity_id=activity_id, registration_id=row["id"], at=at)


async def enter_by_code(
    *, activity_id: int, code: str, attempt: str, codes: DoorCodes, staff_id: int, at: datetime, request_id: str = ""
) -> Entered:
    """Let in whose code this is, scanned or typed.

    :param attempt: names the request; sent again, it is answered the same.
    :raises CodeUnknown: if it is nobody's who has registered.
    :raises CodeOver: if its time is over.
    :raises CodeUsed: if it has let somebody in before.
    :raises NotSeated: if whose it is has left meanwhile.
    :raises AlreadyIn: if they are in.
    :raises NoDoor: if the activity has no door.
    :raises DoorClosed: if it is not the time for it.
    """
    check_text(code, "code")
    rows = await connection().fetch("SELECT id FROM registration WHERE activity_id = $1 ORDER BY id", activity_id)
    again = await _same(activity_id, attempt)
    if again is not None:
        return again
    registration_id, window = codes.read(
        code.strip(), activity_id=activity_id, registration_ids=[row["id"] for row in rows], at=at
    )
    return await _enter(
        activity_id, registration_id, "code", window, attempt, staff_id=staff_id, at=at, request_id=request_id
    )


async def enter_by_name(
    *, activity_id: int, registration_id: int, attempt: str, staff_id: int, at: datetime, request_id: str = ""
) -> Entered:
    """Let in whose registration this is, because staff know who they are.

    :param attempt: names the request; sent again, it is answered the same.
    :raises RegistrationMissing: if there is none for this activity.
    :raises NotSeated: if they have no seat.
    :raises AlreadyIn: if they are in.
    :raises NoDoor: if the activity has no door.
    :raises DoorClosed: if it is not the time for it.
    """
    again = await _same(activity_id, attempt)
    if again is not None:
        return again
    return await _enter(
        activity_id, registration_id, "name", None, attempt, staff_id=staff_id, at=at, request_id=request_id
    )


async def undo(
    *, activity_id: int, registration_id: int, reason: str, staff_id: int, at: datetime, request_id: str = ""
) -> None:
    """Undo a check-in; the code that it was made with stays used.

    :raises ReasonNeeded: if no reason is given, or too long a one.
    :raises RegistrationMissing: if there is none for this activity.
    :raises NotIn: if they are not checked in.
    """
    check_text(reason, "reason")
    if not 0 < len(reason.strip()) <= 200:
        raise ReasonNeeded(field="reason")
    async with transaction():
        row = await _locked(activity_id, registration_id)
        undone = await connection().execute(
            "UPDATE check_in SET undone_at = $2, undone_by = $3, undo_reason = $4 "
            "WHERE registration_id = $1 AND undone_at IS NULL",
            registration_id,
            at,
            staff_id,
            reason.strip(),
        )
        if not undone:
            raise NotIn()
        await trail.note(
            "undo",
            "check_in",
            registration_id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before={"activity_id": activity_id, "at": row["entered_at"]},
            after={"reason": reason.strip()},
        )
        await log.record(AttendanceUndone(at=at, account_id=row["account_id"], item_id=activity_id))


async def _enter(
    activity_id: int,
    registration_id: int,
    way: Literal["code", "name"],
    window: int | None,
    attempt: str,
    *,
    staff_id: int,
    at: datetime,
    request_id: str,
) -> Entered:
    async with transaction():
        row = await _locked(activity_id, registration_id)
        again = await _same(activity_id, attempt)
        if again is not None:
            return again
        _check_seat(row)
        _check_door(row, at=at)
        if row["entered_at"] is not None:
            raise AlreadyIn(at=row["entered_at"].isoformat())
        used_at = await connection().value(
            'SELECT at FROM check_in WHERE registration_id = $1 AND "window" = $2', registration_id, window
        )
        if used_at is not None:
            raise CodeUsed(at=used_at.isoformat())
        await connection().execute(
            'INSERT INTO check_in (registration_id, way, "window", attempt, at, staff_id) '
            "VALUES ($1, $2, $3, $4, $5, $6)",
            registration_id,
            way,
            window,
            attempt,
            at,
            staff_id,
        )
        await trail.note(
            "enter",
            "check_in",
            registration_id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            after={"activity_id": activity_id, "way": way},
        )
        await log.record(ActivityAttended(at=at, account_id=row["account_id"], item_id=activity_id, way=way))
        return Entered(registration_id, row["account_id"], at, way)


async def _same(activity_id: int, attempt: str) -> Entered | None:
    """Give what the same request was answered with, as long as that stands."""
    row = await connection().row(
        "SELECT r.id AS registration_id, r.account_id, c.at, c.way FROM check_in c "
        "JOIN registration r ON r.id = c.registration_id "
        "WHERE r.activity_id = $1 AND c.attempt = $2 AND c.undone_at IS NULL",
        activity_id,
        attempt,
    )
    return Entered(**row) if row else None


async def _locked(activity_id: int, registration_id: int) -> Any:
    held = await connection().value(
        "SELECT true FROM registration WHERE id = $1 AND activity_id = $2 FOR NO KEY UPDATE",
        registration_id,
        activity_id,
    )
    if not held:
        raise RegistrationMissing()
    return await connection().row(f"{_REGISTRATION} WHERE r.id = $1", registration_id)


def _check_seat(row: Any) -> None:
    if row is None or row["state"] != "registered":
        raise NotSeated()


def _check_door(row: Any, *, at: datetime) -> None:
    if row["cancelled_at"] is not None or not row["place_name"]:
        raise NoDoor()
    opens_at, closes_at = row["starts_at"] - AROUND, row["ends_at"] + AROUND
    if not opens_at <= at < closes_at:
        raise DoorClosed(opens_at=opens_at.isoformat(), closes_at=closes_at.isoformat())


_REGISTRATION: Final = (
    "SELECT r.id, r.account_id, r.state, p.starts_at, p.ends_at, p.place_name, p.cancelled_at, c.at AS entered_at "
    "FROM registration r JOIN activity_plan p ON p.activity_id = r.activity_id "
    "LEFT JOIN check_in c ON c.registration_id = r.id AND c.undone_at IS NULL"
)
