"""What those who have registered for an activity are told: it begins soon, is moved or cancelled, they have moved up.

The rule: as with episodes (`content.reminders`), what is told follows from what stands and is planned in the
transaction of the deed that changes it, in as many statements for ten thousand as for one. A notice is of one sequence:
who was told of the old time is told of the new one, and what was not yet told of an older one is not told any more.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from asyncpg import Record

from cdp import consent, messages
from cdp.activity_events import ActivityRescheduled
from cdp.events import ConsentGranted, ContentExpired, ContentPublished, ContentWithdrawn
from cdp.message_rules import Urgency
from cdp.message_values import spoken_time
from cdp.messages import Notice
from content.falling_away import GONE
from server.core.db import connection, transaction

# A broadcast is joined from wherever one is; to a hall one has to travel.
LEAD: Final = timedelta(minutes=30)
LEAD_TO_PLACE: Final = timedelta(hours=3)
AHEAD: Final = timedelta(days=2)

STARTS: Final = "activity_soon"
MOVED: Final = "activity_moved"
CANCELLED: Final = "activity_cancelled"
PROMOTED: Final = "activity_promoted"
KEYS: Final = (STARTS, MOVED, CANCELLED, PROMOTED)


async def tell_registered(activity_id: int, account_ids: Sequence[int], *, at: datetime) -> None:
    """Plan the reminder of its beginning for those who have a seat."""
    row = await _coming(activity_id, at=at)
    if row is not None:
        await messages.plan(notices=[_starts(row)], account_ids=account_ids, at=at)


async def tell_promoted(activity_id: int, account_ids: Sequence[int], *, at: datetime) -> None:
    """Tell those who have moved up from the waiting list that they are in, and plan their reminder."""
    row = await _coming(activity_id, at=at)
    if row is None:
        return
    promoted = _notice(
        row,
        key=PROMOTED,
        urgency=Urgency.SOON,
        due_at=at,
        not_after=row["ends_at"],
        note="候补成功，您已报名",
        # Who leaves and moves up again is told again.
        again=f"{at.timestamp():.0f}",
    )
    await messages.plan(notices=[promoted, _starts(row)], account_ids=account_ids, at=at)


async def forget(activity_id: int, account_ids: Sequence[int], *, at: datetime) -> None:
    """Cancel what waits about an activity for those who are not registered any more."""
    await messages.cancel(topics=[topic(activity_id)], account_ids=account_ids, reason="unregistered", at=at)


async def heed_rescheduling(event: ActivityRescheduled) -> None:
    """Tell those who have registered, or wait, of a change, and move their reminder. A reaction."""
    await messages.cancel(topics=[topic(event.item_id)], keys=_OF_TIME, reason=event.change, at=event.at)
    row = await _planned(event.item_id)
    if row is None or event.change == "set":
        return
    registered = await _accounts(event.item_id, "registered")
    told = [_cancelled(row, event) if event.change == "cancelled" else _changed(row, event)]
    await messages.plan(
        notices=told, account_ids=[*registered, *await _accounts(event.item_id, "waiting")], at=event.at
    )
    if event.change != "cancelled":
        await tell_registered(event.item_id, registered, at=event.at)


async def heed_publication(event: ContentPublished) -> None:
    """Plan the reminders of an activity that readers can see now, or bring their words up to date. A reaction."""
    if event.kind == "activity":
        await tell_registered(event.item_id, await _accounts(event.item_id, "registered"), at=event.at)


async def heed_removal(event: ContentWithdrawn | ContentExpired) -> None:
    """Cancel what waits about an activity that readers cannot see any more. A reaction.

    Word of its cancellation still goes out.
    """
    if event.kind == "activity":
        await messages.cancel(
            topics=[topic(event.item_id)], keys=[STARTS, MOVED, PROMOTED], reason="withdrawn", at=event.at
        )


async def heed_agreement(event: ConsentGranted) -> None:
    """Plan anew what was cancelled when its receiver had taken back their consent, now given again. A reaction."""
    if event.purpose == consent.SERVICE:
        rows = await connection().fetch(
            "SELECT r.activity_id FROM registration r JOIN activity_plan p ON p.activity_id = r.activity_id "
            "WHERE r.account_id = $1 AND r.state = 'registered' AND p.starts_at > $2 ORDER BY r.activity_id",
            event.account_id,
            event.at,
        )
        for row in rows:
            await tell_registered(row["activity_id"], [event.account_id], at=event.at)


async def plan_missing(parts: Any, at: datetime) -> None:
    """Plan what is missing for the activities of the next two days. A job, as `content.reminders.plan_missing`."""
    rows = await connection().fetch(
        f"{_ROW} WHERE p.starts_at < $2 AND {_IS_COMING} ORDER BY p.activity_id", at, at + AHEAD
    )
    for row in rows:
        async with transaction():
            accounts = await _accounts(row["id"], "registered")
            await messages.plan(notices=[_starts(row)], account_ids=accounts, at=at, renewing=False)


def topic(activity_id: int) -> str:
    """Name what all notices about an activity are about."""
    return f"activity:{activity_id}"


async def _accounts(activity_id: int, state: str) -> list[int]:
    rows = await connection().fetch(
        "SELECT account_id FROM registration WHERE activity_id = $1 AND state = $2 ORDER BY account_id",
        activity_id,
        state,
    )
    return [row["account_id"] for row in rows]


async def _coming(activity_id: int, *, at: datetime) -> Record | None:
    return await connection().row(f"{_ROW} WHERE p.activity_id = $2 AND {_IS_COMING}", at, activity_id)


async def _planned(activity_id: int) -> Record | None:
    row = await connection().row(f"{_ROW} WHERE p.activity_id = $1", activity_id)
    return row or await connection().row(f"{_GONE_ROW} WHERE p.activity_id = $1", activity_id)


def _starts(row: Record) -> Notice:
    lead = LEAD if row["form"] == "live" else LEAD_TO_PLACE
    return _notice(
        row,
        key=STARTS,
        urgency=Urgency.SOON,
        due_at=row["starts_at"] - lead,
        not_after=row["starts_at"],
        note="即将开始，请准时参加",
    )


def _changed(row: Record, event: ActivityRescheduled) -> Notice:
    words = {"moved": "活动时间有调整", "placed": "活动地点有调整", "restored": "活动已重新安排"}
    return _notice(
        row,
        key=MOVED,
        urgency=Urgency.CHANGED,
        due_at=event.at,
        not_after=row["starts_at"],
        note=words.get(event.change, "活动安排有调整"),
    )


def _cancelled(row: Record, event: ActivityRescheduled) -> Notice:
    return _notice(
        row,
        key=CANCELLED,
        urgency=Urgency.CANCELLED,
        due_at=event.at,
        not_after=row["ends_at"],
        note="活动取消，敬请谅解",
    )


def _notice(
    row: Record, *, key: str, urgency: Urgency, due_at: datetime, not_after: datetime, note: str, again: str = ""
) -> Notice:
    about = topic(row["id"])
    return Notice(
        key=key,
        topic=about,
        subject=f"{about}:{key.removeprefix('activity_')}:{again or row['sequence']}",
        urgency=urgency,
        due_at=due_at,
        not_after=not_after,
        texts={
            "title": row["title"],
            "series": row["title"],
            "starts": spoken_time(row["starts_at"]),
            "place": row["place_name"] or "线上",
            "note": note,
        },
        page=f"pages/activity?id={row['id']}",
        item_id=row["id"],
    )


_OF_TIME: Final = [STARTS, MOVED, CANCELLED]
_PLAN: Final = "p.activity_id AS id, p.starts_at, p.ends_at, p.place_name, p.sequence"
_ROW: Final = f"""
SELECT {_PLAN}, l.title, l.prepared ->> 'form' AS form FROM activity_plan p JOIN live l ON l.item_id = p.activity_id
"""  # noqa: S608  the parts are constants
_GONE_ROW: Final = f"""
SELECT {_PLAN}, g.title, '' AS form FROM activity_plan p JOIN {GONE} g ON g.item_id = p.activity_id
"""  # noqa: S608  the parts are constants
# What has begun can still be joined; whose moment has passed among the notices is not planned.
_IS_COMING: Final = (
    "p.ends_at > $1 AND p.cancelled_at IS NULL AND (l.valid_until IS NULL OR l.valid_until > p.starts_at)"
)
