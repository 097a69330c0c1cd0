"""The overview: what has happened in the last days, as a chart and as its table."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

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
LONG_S = 0.3
KEPT = timedelta(minutes=1)
MOST_KINDS = 6
OTHERS = marked("其他")


@blueprint.get("/")
@page()
async def overview(request: Request, reader: StaffReader) -> HTTPResponse:
    daily = await _daily(request.app.ctx)
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


async def _daily(ctx: Any) -> DailyEvents:
    """Count the events, or give the count of a moment ago where counting takes long."""
    if not hasattr(ctx, "daily_events"):
        ctx.daily_events, ctx.daily_events_lock = (datetime.min.replace(tzinfo=UTC), None), asyncio.Lock()
    async with ctx.daily_events_lock:
        at, started = clock.now(), time.perf_counter()
        counted_at, kept = ctx.daily_events
        if kept is not None and at - counted_at < KEPT:
            return kept  # type: ignore[no-any-return]  # set below
        daily = await figures.daily(days=DAYS, at=at)
        ctx.daily_events = (at, daily if time.perf_counter() - started > LONG_S else None)
        return daily


def _columns(daily: DailyEvents) -> list[tuple[str, list[int]]]:
    """Give the most frequent kinds a column each, and the rest one together."""
    named = [(EVENTS.get(name, name), counts) for name, counts in daily.counts.items()]
    if len(named) <= MOST_KINDS + 1:
        return named
    rest = [sum(counts[place] for _, counts in named[MOST_KINDS:]) for place in range(len(daily.days))]
    return [*named[:MOST_KINDS], (OTHERS, rest)]
