"""The schedule: what is published, ends and airs on which day of a month or a week, and moving it to another."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from msgspec import Struct
from sanic import Blueprint, HTTPResponse, Request

from admin.editing import may, words
from admin.menu import PLANNERS, PUBLISHERS
from content import airings, items, schedule
from content.access import ItemMissing
from content.schedule import Entry
from server.core import clock
from server.core.clock import SHANGHAI
from server.core.errors import Refusal
from server.core.staff_sessions import StaffReader
from server.core.wire import BadField
from server.web.forms import Form, form_of
from server.web.languages import marked, told
from server.web.pages import is_part, page, redirect, refusal_of, render
from server.web.request import HouseRequest

blueprint = Blueprint("admin_calendar", url_prefix="/admin/calendar")
MOST_UNPLANNED: Final = 200
# So many fit a day of the month; the week shows the rest.
SHOWN_A_DAY: Final = 6
FIRST, LAST = date(1991, 1, 1), date(2199, 12, 1)
TIME_NEEDED = marked("请选择日期和时间。")
SORTS: Final = {"airing": marked("播出"), "begins": marked("发布"), "ends": marked("到期")}


class View(Struct, frozen=True):
    """What of the schedule is looked at: a month, in whole weeks from Monday on, or one week; perhaps one sort only."""

    first: date
    days: int
    month: date | None
    only: str

    @property
    def query(self) -> str:
        shown = f"month={self.month:%Y-%m}" if self.month else f"week={self.first}"
        return f"{shown}&only={self.only}" if self.only else shown

    @property
    def weeks(self) -> list[list[date]]:
        days = [self.first + timedelta(days=number) for number in range(self.days)]
        return [days[place : place + 7] for place in range(0, self.days, 7)]


class Said(Struct, frozen=True):
    """What became of a move, and how it is undone: the address and the fields of the form that moves it back."""

    text: str
    kind: str = "success"
    address: str = ""
    fields: dict[str, str] = {}


@blueprint.get("/")
@page()
async def calendar(request: Request, reader: StaffReader) -> HTTPResponse:
    return await _board(request, reader, _view_of(request))


@blueprint.post("/<episode_id:int>")
@page(roles=PLANNERS)
async def move_airing(request: HouseRequest, reader: StaffReader, episode_id: int) -> HTTPResponse:
    """Move an airing: to an instant (``airs_at``), or to a day (``day``) at the same time of the day."""
    form = form_of(request)
    view = _view_of(request)
    before = await airings.airing_of(episode_id=episode_id)
    airs_at = form.instant("airs_at")
    if (day := form.day("day")) is not None and before is not None:
        airs_at = _on(day, before.airs_at)
    if airs_at is None:
        return await _board(request, reader, view, said=Said(told(request, TIME_NEEDED), "danger"), status=422)
    try:
        after = await airings.schedule(
            episode_id=episode_id,
            airs_at=airs_at,
            sequence=form.whole("sequence"),
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except ItemMissing:
        raise
    except Refusal as refused:
        return await _refused(request, reader, view, refused)
    fields = {}
    if before is not None and before.cancelled_at is None:
        fields = {"airs_at": before.airs_at.isoformat(), "sequence": str(after.sequence)}
    said = told(request, "播出时间已改为 %(time)s。", time=_said_time(airs_at))
    return await _moved(
        request, reader, view, airs_at, Said(said, address=f"/admin/calendar/{episode_id}", fields=fields)
    )


@blueprint.post("/<episode_id:int>/cancel")
@page(roles=PLANNERS)
async def cancel_airing(request: HouseRequest, reader: StaffReader, episode_id: int) -> HTTPResponse:
    view = _view_of(request)
    try:
        await airings.cancel(
            episode_id=episode_id, staff_id=reader.staff_id, at=clock.now(), request_id=request.request_id
        )
    except (airings.AlreadyAired, airings.NotScheduled) as refused:
        return await _refused(request, reader, view, refused)
    return await _moved(request, reader, view, None, Said(told(request, "播出已取消。")))


@blueprint.post("/publications/<item_id:int>")
@page(roles=PUBLISHERS)
async def move_publication(request: HouseRequest, reader: StaffReader, item_id: int) -> HTTPResponse:
    """Move what waits to be published: to an instant (``starts_at``), or to a day at the same time of the day.

    ``was`` is when it was to begin as the page showed it.
    """
    form = form_of(request)
    view = _view_of(request)
    was = form.instant("was")
    starts_at = form.instant("starts_at")
    if (day := form.day("day")) is not None and was is not None:
        starts_at = _on(day, was)
    if starts_at is None or was is None:
        return await _board(request, reader, view, said=Said(told(request, TIME_NEEDED), "danger"), status=422)
    try:
        await schedule.reschedule(
            item_id=item_id,
            starts_at=starts_at,
            was=was,
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except ItemMissing:
        raise
    except Refusal as refused:
        return await _refused(request, reader, view, refused)
    said = told(request, "发布时间已改为 %(time)s。", time=_said_time(starts_at))
    back = {"starts_at": was.isoformat(), "was": starts_at.isoformat()}
    address = f"/admin/calendar/publications/{item_id}"
    return await _moved(request, reader, view, starts_at, Said(said, address=address, fields=back))


async def _moved(
    request: HouseRequest, reader: StaffReader, view: View, to: datetime | None, said: Said
) -> HTTPResponse:
    if is_part(request):
        return await _board(request, reader, view, said=said)
    # Whoever typed another month is shown where it went.
    if to is not None and not view.first <= clock.day_of(to) < view.first + timedelta(days=view.days):
        view = _month(clock.day_of(to).replace(day=1), view.only)
    return redirect(request, f"/admin/calendar?{view.query}", flash=said.text)


async def _refused(request: HouseRequest, reader: StaffReader, view: View, refused: Refusal) -> HTTPResponse:
    status, errors = refusal_of(request, refused)
    return await _board(request, reader, view, said=Said(next(iter(errors.values())), "danger"), status=status)


async def _board(
    request: Request, reader: StaffReader, view: View, *, said: Said | None = None, status: int = 200
) -> HTTPResponse:
    """Draw the schedule; for a script that has moved something, the days alone."""
    at = clock.now()
    found = await schedule.entries(
        starts_at=clock.start_of(view.first),
        ends_at=clock.start_of(view.first + timedelta(days=view.days)),
        at=at,
        sort=view.only,
        most_a_day=SHOWN_A_DAY if view.month else schedule.MOST_A_DAY,
    )
    by_day: dict[date, list[Entry]] = {}
    for entry in found:
        by_day.setdefault(entry.day, []).append(entry)
    listed = [] if is_part(request) else (await items.listing(at=at, kind="episode", size=MOST_UNPLANNED)).rows
    middle = view.first + timedelta(days=view.days // 2)
    return render(
        request,
        "admin/calendar/board.html" if is_part(request) else "admin/calendar/page.html",
        status=status,
        said=said,
        view=view,
        sorts=SORTS,
        earlier=_beside(view, -1),
        later=_beside(view, 1),
        as_week=_week(
            clock.day_of(at) if middle.replace(day=1) == clock.day_of(at).replace(day=1) else middle, view.only
        ),
        as_month=_month(middle.replace(day=1), view.only),
        by_day=by_day,
        today=clock.day_of(at),
        now=at,
        unplanned=[row for row in listed if row.airs_at is None and row.state != "withdrawn"],
        may=may(reader.roles),
        **words(),
    )


def _view_of(request: Request) -> View:
    asked = Form([(name, value) for name, values in request.args.items() for value in values])
    only = asked.text("only", most=20)
    only = only if only in SORTS else ""
    if week := asked.day("week"):
        if not FIRST <= week < LAST:
            raise BadField("日期太远。", field="week")
        return _week(week, only)
    text = asked.text("month")
    if not text:
        return _month(clock.day_of(clock.now()).replace(day=1), only)
    try:
        month = date.fromisoformat(f"{text}-01") if len(text) == 7 else None
    except ValueError:
        month = None
    if month is None or not FIRST <= month <= LAST:
        raise BadField("应为年和月，如 2026-11。", field="month")
    return _month(month, only)


def _month(month: date, only: str) -> View:
    first = month - timedelta(days=month.weekday())
    last = (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return View(first, ((last - first).days // 7 + 1) * 7, month, only)


def _week(day: date, only: str) -> View:
    return View(day - timedelta(days=day.weekday()), 7, None, only)


def _beside(view: View, by: int) -> View | None:
    """Give the month or the week before or after; None where the calendar ends."""
    if view.month is None:
        week = _week(view.first + timedelta(days=7 * by), view.only)
        return week if FIRST <= week.first < LAST else None
    month = (view.month + timedelta(days=32 if by > 0 else -1)).replace(day=1)
    return _month(month, view.only) if FIRST <= month <= LAST else None


def _on(day: date, moved: datetime) -> datetime:
    """Give the same time of the day in Shanghai on another day."""
    return datetime.combine(day, moved.astimezone(SHANGHAI).timetz()).astimezone(UTC)


def _said_time(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
