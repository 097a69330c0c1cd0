"""The month of airings: what is shown when, and moving it to another day."""

from datetime import UTC, date, datetime, timedelta

from sanic import Blueprint, HTTPResponse, Request

from admin.editing import may, words
from admin.menu import PLANNERS
from content import airings, items
from content.airings import AiringRow
from server.core import clock
from server.core.clock import SHANGHAI
from server.core.staff_sessions import StaffReader
from server.core.wire import BadField
from server.web.forms import form_of
from server.web.languages import marked, told
from server.web.pages import page, redirect, refusal_of, render
from server.web.request import HouseRequest

blueprint = Blueprint("admin_calendar", url_prefix="/admin/calendar")
MOST_UNPLANNED = 200
TIME_NEEDED = marked("请选择播出的日期和时间。")
FIRST, LAST = date(1991, 1, 1), date(2199, 12, 1)


@blueprint.get("/")
@page()
async def month(request: Request, reader: StaffReader) -> HTTPResponse:
    return await _month(request, reader, _month_of(request))


@blueprint.post("/<episode_id:int>")
@page(roles=PLANNERS)
async def move(request: HouseRequest, reader: StaffReader, episode_id: int) -> HTTPResponse:
    """Move an airing: to an instant (``airs_at``), or to a day (``day``) at the same time of the day."""
    form = form_of(request)
    at = clock.now()
    shown = _month_of(request)
    airs_at, day = form.instant("airs_at"), form.day("day")
    if day is not None:
        before = await airings.airing_of(episode_id=episode_id)
        if before is not None:
            time_of_day = before.airs_at.astimezone(SHANGHAI).timetz()
            airs_at = datetime.combine(day, time_of_day).astimezone(UTC)
    if airs_at is None:
        return await _month(request, reader, shown, status=422, refused=told(request, TIME_NEEDED))
    await airings.schedule(
        episode_id=episode_id, airs_at=airs_at, staff_id=reader.staff_id, at=at, request_id=request.request_id
    )
    # Whoever planned it by hand is shown where it went.
    target = shown if day is not None else clock.day_of(airs_at).replace(day=1)
    return redirect(request, f"/admin/calendar?month={target:%Y-%m}", flash="播出时间已更新。")


@blueprint.post("/<episode_id:int>/cancel")
@page(roles=PLANNERS)
async def cancel(request: HouseRequest, reader: StaffReader, episode_id: int) -> HTTPResponse:
    shown = _month_of(request)
    try:
        await airings.cancel(
            episode_id=episode_id, staff_id=reader.staff_id, at=clock.now(), request_id=request.request_id
        )
    except (airings.AlreadyAired, airings.NotScheduled) as refused:
        status, errors = refusal_of(request, refused)
        return await _month(request, reader, shown, status=status, refused=next(iter(errors.values())))
    return redirect(request, f"/admin/calendar?month={shown:%Y-%m}", flash="播出已取消。")


async def _month(
    request: Request, reader: StaffReader, first: date, *, status: int = 200, refused: str = ""
) -> HTTPResponse:
    at = clock.now()
    rows = await airings.month(year=first.year, month=first.month, at=at)
    by_day: dict[date, list[AiringRow]] = {}
    for row in rows:
        by_day.setdefault(row.day, []).append(row)
    listed = (await items.listing(at=at, kind="episode", size=MOST_UNPLANNED)).rows
    return render(
        request,
        "admin/calendar/month.html",
        status=status,
        refused=refused,
        first=first,
        before=(first - timedelta(days=1)).replace(day=1),
        following=(first + timedelta(days=32)).replace(day=1),
        weeks=_weeks(first),
        by_day=by_day,
        today=clock.day_of(at),
        now=at,
        unplanned=[row for row in listed if row.airs_at is None and row.state != "withdrawn"],
        may=may(reader.roles),
        **words(),
    )


def _weeks(first: date) -> list[list[date]]:
    """Give the weeks of a month from Monday to Sunday, with the days of its neighbours that fill them."""
    start = first - timedelta(days=first.weekday())
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    count = ((last - start).days // 7 + 1) * 7
    days = [start + timedelta(days=number) for number in range(count)]
    return [days[place : place + 7] for place in range(0, count, 7)]


def _month_of(request: Request) -> date:
    text = request.args.get("month", "")
    if not text:
        return clock.day_of(clock.now()).replace(day=1)
    try:
        month = date.fromisoformat(f"{text}-01") if len(text) == 7 else None
    except ValueError:
        month = None
    if month is None or not FIRST <= month <= LAST:
        raise BadField("应为年和月，如 2026-11。", field="month")
    return month
