"""The doors of the calendar: the month, the personal feed, and an episode for the phone's own calendar."""

from datetime import datetime

from msgspec import Struct
from sanic import Blueprint, HTTPResponse, Request

from content import access, calendar, feed, ical, keeping, phone_calendar
from content.airings import NotScheduled
from content.calendar import Calendar, Month
from content.feed import FeedMissing
from content.phone_calendar import AirsNoMore, PhoneEvent
from server.core import clock
from server.core.roles import DOCTORS, Reader
from server.web.operation import operation
from server.web.replies import Done, etag_of, reply, tagged

blueprint = Blueprint("doctor_calendar", url_prefix="/api/doctor")
feeds = Blueprint("calendar_feeds", url_prefix="/calendar")


class MonthQuery(Struct, frozen=True):
    """Which month of Asia/Shanghai; the present one where none is named."""

    month: Month = ""


class FeedState(Struct, frozen=True, kw_only=True):
    """Whether I have a feed. Its address was shown when it was made, and cannot be shown again."""

    active: bool
    since: datetime | None


class FeedLink(Struct, frozen=True, kw_only=True):
    """The address of my feed: whoever knows it can read it. ``webcal_url`` opens a calendar app at once."""

    url: str
    webcal_url: str
    since: datetime


@blueprint.get("/calendar")
@operation(
    "A month of days with their episodes, and how I stand to each",
    reply=Calendar,
    query=MonthQuery,
    roles=DOCTORS,
    cached=True,
    tags=("calendar",),
)
async def month(request: Request, reader: Reader, query: MonthQuery) -> HTTPResponse:
    at = clock.now()
    name = query.month or f"{clock.day_of(at):%Y-%m}"
    body = await calendar.month_of(reader=reader, month=name, at=at)
    return tagged(request, body, etag_of(body), cache_control="private, no-cache")


@blueprint.get("/calendar/feed")
@operation("Whether I have a calendar feed", reply=FeedState, roles=DOCTORS, tags=("calendar",))
async def feed_state(request: Request, reader: Reader) -> FeedState:
    since = await feed.made_at(reader=reader)
    return FeedState(active=since is not None, since=since)


@blueprint.post("/calendar/feed")
@operation(
    "Make the address of my calendar feed",
    reply=FeedLink,
    roles=DOCTORS,
    refuses=keeping.REFUSALS,
    tags=("calendar",),
    description="A new address; the one before leads nowhere from then on. It is shown this once.",
)
async def make_feed(request: Request, reader: Reader) -> HTTPResponse:
    made = await feed.renew(reader=reader, at=clock.now())
    url = f"{request.app.ctx.settings.origin}/calendar/{made.token}.ics"
    link = FeedLink(url=url, webcal_url=f"webcal{url[url.index(':') :]}", since=made.created_at)
    return reply(link, headers={"cache-control": "no-store"})


@blueprint.delete("/calendar/feed")
@operation("Take the address of my calendar feed back", reply=Done, roles=DOCTORS, tags=("calendar",))
async def revoke_feed(request: Request, reader: Reader) -> Done:
    await feed.revoke(reader=reader)
    return Done()


@blueprint.get("/episodes/<episode_id:int>/phone-calendar")
@operation(
    "An episode as the argument of wx.addPhoneCalendar",
    reply=PhoneEvent,
    roles=DOCTORS,
    refuses=(*access.REFUSALS, NotScheduled, AirsNoMore),
    tags=("calendar",),
)
async def phone_event(request: Request, reader: Reader, episode_id: int) -> PhoneEvent:
    return await phone_calendar.phone_event_of(episode_id=episode_id, reader=reader, at=clock.now())


@feeds.get("/<token:ext=ics>")
@operation(
    "A calendar feed (iCalendar)",
    reply=bytes,
    public=True,
    cached=True,
    content_type=ical.CONTENT_TYPE,
    refuses=(FeedMissing,),
    tags=("calendar",),
)
async def show_feed(request: Request, token: str, ext: str) -> HTTPResponse:
    body = await feed.feed_of(token=token, at=clock.now())
    return tagged(request, body, etag_of(body), content_type=ical.CONTENT_TYPE, cache_control="private, no-cache")
