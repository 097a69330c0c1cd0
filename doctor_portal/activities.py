"""The doors of activities: what takes place, what is over, one with its agenda, one in the phone's calendar."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from sanic import Blueprint, HTTPResponse, Request

from content import access, activities, phone_calendar
from content.activities import ActivityCard, ActivityPage
from content.airings import NotScheduled
from content.phone_calendar import AirsNoMore, PlacedEvent
from doctor_portal.paging import Id, Microseconds, instant, microseconds, page_of
from server.core import clock
from server.core.changes import Changes
from server.core.roles import DOCTORS, Reader
from server.web.kept import Answers
from server.web.operation import operation
from server.web.replies import CursorBroken, Page, place

blueprint = Blueprint("doctor_activities", url_prefix="/api/doctor")

TAGS = ("activities",)
When = Annotated[Literal["upcoming", "past"], Meta(description="Those that are not over, or those that are.")]


class Place(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where the next page begins: after the activity that begins at this time and has this id."""

    since: Microseconds
    id: Id


class ActivityQuery(Struct, frozen=True):
    """Which activities, and which page of them."""

    when: When = "upcoming"
    form: Literal["", "meeting", "official", "live"] = ""
    cursor: Annotated[str, Meta(max_length=300)] = ""
    limit: Annotated[int, Meta(ge=1, le=50)] = 20


class ActivityAnswers:
    """What the doors of activities keep in a worker."""

    def __init__(self, changes: Changes) -> None:
        self.listing = Answers(changes, "activity_list", circle=access.circle_of)
        self.pages = Answers(changes, "item", circle=access.circle_of, key=int)


@blueprint.get("/activities")
@operation(
    "Activities: the next first, or those that are over, the last first",
    reply=Page[ActivityCard],
    query=ActivityQuery,
    refuses=(CursorBroken,),
    cached=True,
    tags=TAGS,
)
async def listing(request: Request, reader: Reader, query: ActivityQuery) -> HTTPResponse:
    async def load() -> tuple[Page[ActivityCard], Any]:
        cards, until = await activities.listing(
            reader=reader,
            at=clock.now(),
            when=query.when,
            form=query.form,
            after=after(query.cursor),
            limit=query.limit,
        )
        return page_of(cards, query.limit, place_of), until

    answers: ActivityAnswers = request.app.ctx.activity_answers
    return await answers.listing.give(request, reader, (query.when, query.form, query.cursor, query.limit), load)


@blueprint.get("/activities/<activity_id:int>")
@operation(
    "When and where an activity takes place, and whether one may still register",
    reply=ActivityPage,
    refuses=access.REFUSALS,
    cached=True,
    tags=TAGS,
    description="Its text is that of the item. How I stand to it comes from `/registration`.",
)
async def page(request: Request, reader: Reader, activity_id: int) -> HTTPResponse:
    async def load() -> tuple[ActivityPage, Any]:
        return await activities.page_of(activity_id=activity_id, reader=reader, at=clock.now())

    answers: ActivityAnswers = request.app.ctx.activity_answers
    return await answers.pages.give(request, reader, activity_id, load)


@blueprint.get("/activities/<activity_id:int>/phone-calendar")
@operation(
    "An activity as the argument of wx.addPhoneCalendar",
    reply=PlacedEvent,
    roles=DOCTORS,
    refuses=(*access.REFUSALS, NotScheduled, AirsNoMore),
    tags=TAGS,
)
async def phone_event(request: Request, reader: Reader, activity_id: int) -> PlacedEvent:
    return await phone_calendar.activity_event_of(activity_id=activity_id, reader=reader, at=clock.now())


def place_of(card: ActivityCard) -> tuple[int, int]:
    """Write the place of an activity in a list that is ordered by the beginning."""
    return microseconds(card.starts_at), card.id


def after(written: str) -> activities.Place | None:
    """Read such a place.

    :raises CursorBroken: if it is none.
    """
    read = place(written, Place)
    return (instant(read.since), read.id) if read else None
