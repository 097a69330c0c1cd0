"""The overview: what has happened in the last days, as a chart and as its table."""

from sanic import Blueprint, HTTPResponse, Request

from admin.words import EVENTS
from cdp import figures
from cdp.figures import DailyEvents
from server.core import clock
from server.core.staff_sessions import StaffReader
from server.web.languages import marked, told
from server.web.pages import page, render

blueprint = Blueprint("admin_overview", url_prefix="/admin")
DAYS = 14
MOST_KINDS = 6
OTHERS = marked("其他")


@blueprint.get("/")
@page()
async def overview(request: Request, reader: StaffReader) -> HTTPResponse:
    daily = await figures.daily(days=DAYS, at=clock.now())
    return render(
        request,
        "admin/overview.html",
        daily=daily,
        columns=[(told(request, name), counts) for name, counts in _columns(daily)],
        event_names=EVENTS,
        today=sum(counts[-1] for counts in daily.counts.values()),
        yesterday=sum(counts[-2] for counts in daily.counts.values()),
        total=sum(daily.totals),
    )


def _columns(daily: DailyEvents) -> list[tuple[str, list[int]]]:
    """Give the most frequent kinds a column each, and the rest one together."""
    named = [(EVENTS.get(name, name), counts) for name, counts in daily.counts.items()]
    if len(named) <= MOST_KINDS + 1:
        return named
    rest = [sum(counts[place] for _, counts in named[MOST_KINDS:]) for place in range(len(daily.days))]
    return [*named[:MOST_KINDS], (OTHERS, rest)]
