"""The demo activities: past and coming, one broadcast that is on when the house first stands, one that was cancelled.

The rule: as in ``shelves.py``; when and where they are is planned before they are handed in, and an activity is
cancelled only after it was announced.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from content import activity_plans
from content.activity_plans import Terms
from content.activity_shapes import FORM_NAMES
from server.core.clock import day_of, start_of
from server.core.roles import Role
from server.demo import texts
from server.demo.desk import WRITTEN
from server.demo.persons import PERSONS
from server.demo.shelves import Shelves

# How long the broadcast that is on has been going.
GOING_FOR: Final = timedelta(minutes=25)


def starts_at(occasion: texts.Occasion, *, at: datetime) -> datetime:
    """Say when an activity begins if the house is first started at a time."""
    if occasion.time == "now":
        began = at - GOING_FOR
        return began.replace(minute=began.minute // 5 * 5, second=0, microsecond=0)
    hours, minutes = map(int, occasion.time.split(":"))
    return start_of(day_of(at) + timedelta(days=occasion.day)) + timedelta(hours=hours, minutes=minutes)


def terms_of(occasion: texts.Occasion, *, at: datetime) -> Terms:
    """Plan an activity as its text has it."""
    begins = starts_at(occasion, at=at)
    opens = start_of(day_of(at) + timedelta(days=occasion.opens_day)) if occasion.opens_day is not None else None
    return Terms(
        starts_at=begins,
        ends_at=begins + timedelta(minutes=occasion.minutes),
        capacity=occasion.capacity,
        registration_opens_at=opens,
        registration_closes_at=None if occasion.stream else begins - timedelta(hours=1),
        cancels_until=None if occasion.stream else begins - timedelta(days=1),
        place_name=occasion.place,
        place_address=occasion.address,
        stream=occasion.stream,
        open_to_all=occasion.open_to_all,
    )


async def seed(shelves: Shelves) -> None:
    """Make the activities that are missing."""
    desk = shelves.desk
    for occasion in reversed(texts.occasions()):
        since = shelves.since(occasion)
        shape = partial(_shape, shelves, occasion)
        item_id = await desk.written("activity", occasion.slug, shape, since=since - WRITTEN, board="activities")
        staff_id = desk.staff[Role.EDITOR]
        plan = await activity_plans.plan_of(activity_id=item_id)
        if plan is None:
            terms = terms_of(occasion, at=desk.at)
            plan = await activity_plans.plan(activity_id=item_id, terms=terms, staff_id=staff_id, at=since - WRITTEN)
        await desk.published(item_id, since=since)
        if occasion.cancelled and plan.cancelled_at is None:
            await activity_plans.cancel(
                activity_id=item_id, reason=occasion.cancelled, staff_id=staff_id, at=desk.at - timedelta(hours=5)
            )


async def _shape(shelves: Shelves, occasion: texts.Occasion) -> dict[str, Any]:
    people = [PERSONS[name] for name in occasion.speakers]
    return {
        **await shelves.told(occasion, label=FORM_NAMES[occasion.form]),
        "form": occasion.form,
        "organiser": occasion.organiser,
        "speakers": [{"name": one.name, "title": one.title, "hospital": one.hospital} for one in people],
        "agenda": [
            {
                "starts_min": point.at,
                "minutes": point.minutes,
                "title": point.title,
                "speakers": list(point.speakers),
            }
            for point in occasion.agenda
        ],
    }
