"""Activities on the editors' desk: the list, and one of them with its plan; the text is the item's own page.

The rule: a plan is changed by planners; what is told to those who have registered follows from the change.
"""

from datetime import datetime
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from admin.activity_words import FORMS, STATUS_COLOURS, STATUSES
from admin.menu import HOSTS
from admin.words import STATE_COLOURS, STATES
from content import activity_listing, activity_plans, broadcast, registrations
from content.access import ItemMissing
from content.activity_plans import Plan, Terms
from server.core import clock
from server.core.errors import Refusal
from server.core.staff_sessions import StaffReader
from server.core.wire import BadField
from server.web.forms import Form, form_of
from server.web.languages import marked, told
from server.web.pages import local_address, page, redirect, refusal_of, render
from server.web.request import HouseRequest

blueprint = Blueprint("admin_activities", url_prefix="/admin/activities")
SHOWN = 50
WHENS = {"coming": marked("即将举行"), "past": marked("已结束"), "unplanned": marked("未安排时间")}
TIMES_NEEDED = marked("请填写开始和结束时间。")


@blueprint.get("/")
@page()
async def listing(request: Request, reader: StaffReader) -> HTTPResponse:
    asked = Form([(name, value) for name, values in request.args.items() for value in values])
    when = asked.text("when", most=12)
    number = min(max(asked.whole("page") or 1, 1), 100_000)
    found = await activity_listing.listing(
        at=clock.now(),
        when=when if when in WHENS else "",  # type: ignore[arg-type]  # one of the words above
        text=asked.text("text"),
        page=number,
        size=SHOWN,
    )
    return render(
        request,
        "admin/activities/list.html",
        rows=found.rows,
        total=found.total,
        asked=asked,
        whens=WHENS,
        page_number=number,
        pages=-(-found.total // SHOWN),
        at=clock.now(),
        may_host=bool(reader.roles & HOSTS),
        **words(),
    )


@blueprint.get("/<activity_id:int>")
@page()
async def one(request: Request, reader: StaffReader, activity_id: int) -> HTTPResponse:
    return await _one(request, reader, activity_id)


@blueprint.get("/<activity_id:int>/plan")
@page()
async def plan_part(request: Request, reader: StaffReader, activity_id: int) -> HTTPResponse:
    """Give the form of the plan alone, for the page of the item."""
    values = await _values(reader, activity_id, None, {})
    return render(request, "admin/activities/plan.html", next=f"/admin/items/{activity_id}", **values)


@blueprint.post("/<activity_id:int>/plan")
@page(roles=HOSTS)
async def plan(request: HouseRequest, reader: StaffReader, activity_id: int) -> HTTPResponse:
    form = form_of(request)
    try:
        terms = _terms(form)
        await activity_plans.plan(
            activity_id=activity_id,
            terms=terms,
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except ItemMissing:
        raise
    except Refusal as refused:
        status, errors = refusal_of(request, refused, otherwise="starts_at")
        return await _one(request, reader, activity_id, form=form, errors=errors, status=status)
    further = local_address(form.text("next", most=300), otherwise=f"/admin/activities/{activity_id}")
    return redirect(request, further, flash="活动安排已保存。")


@blueprint.post("/<activity_id:int>/cancel")
@page(roles=HOSTS)
async def cancel(request: HouseRequest, reader: StaffReader, activity_id: int) -> HTTPResponse:
    try:
        await activity_plans.cancel(
            activity_id=activity_id,
            reason=form_of(request).text("reason", most=200),
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except ItemMissing:
        raise
    except Refusal as refused:
        status, errors = refusal_of(request, refused)
        return await _one(request, reader, activity_id, errors=errors, status=status)
    return redirect(request, f"/admin/activities/{activity_id}", flash="活动已取消，已报名的医生会收到通知。")


async def activity_of(activity_id: int, *, at: datetime) -> activity_listing.Row:
    """Give an activity for a page about it.

    :raises ItemMissing: if there is none.
    """
    row = await activity_listing.row_of(activity_id=activity_id, at=at)
    if row is None:
        raise ItemMissing()
    return row


def words() -> dict[str, Any]:
    """Give the words and small functions that the templates of activities use."""
    return {
        "state_names": STATES,
        "state_colours": STATE_COLOURS,
        "form_names": FORMS,
        "status_of": status_of,
        "status_names": STATUSES,
        "status_colours": STATUS_COLOURS,
    }


def status_of(row: activity_listing.Row, at: datetime) -> str:
    """Name where an activity stands in time."""
    if row.starts_at is None or row.ends_at is None:
        return "unplanned"
    if row.cancelled_at is not None:
        return "cancelled"
    if at < row.starts_at:
        return "upcoming"
    return "on" if at < row.ends_at else "over"


def _terms(form: Form) -> Terms:
    starts_at, ends_at = form.instant("starts_at"), form.instant("ends_at")
    if starts_at is None or ends_at is None:
        raise BadField(TIMES_NEEDED, field="starts_at" if starts_at is None else "ends_at")
    return Terms(
        starts_at=starts_at,
        ends_at=ends_at,
        capacity=form.whole("capacity"),
        registration_opens_at=form.instant("registration_opens_at"),
        registration_closes_at=form.instant("registration_closes_at"),
        cancels_until=form.instant("cancels_until"),
        place_name=form.text("place_name", most=120),
        place_address=form.text("place_address", most=200),
        stream=form.text("stream", most=500),
        open_to_all=form.is_on("open_to_all"),
    )


async def _one(
    request: Request,
    reader: StaffReader,
    activity_id: int,
    *,
    form: Form | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> HTTPResponse:
    values = await _values(reader, activity_id, form, errors or {})
    refused = next(iter((errors or {}).values()), "")
    return render(
        request, "admin/activities/one.html", status=status, refused=told(request, refused), next="", **values
    )


async def _values(reader: StaffReader, activity_id: int, form: Form | None, errors: dict[str, str]) -> dict[str, Any]:
    at = clock.now()
    activity = await activity_of(activity_id, at=at)
    planned = await activity_plans.plan_of(activity_id=activity_id)
    return {
        "activity": activity,
        "plan": planned,
        "typed": _typed(planned, form),
        "errors": errors,
        "counts": await registrations.counts(activity_id=activity_id),
        "air": await broadcast.air_of(activity_id=activity_id),
        "at": at,
        "may_host": bool(reader.roles & HOSTS),
        **words(),
    }


def _typed(planned: Plan | None, form: Form | None) -> dict[str, Any]:
    """Give what the fields of the form hold: what was typed, or else what is planned."""
    names = ("place_name", "place_address", "stream", "capacity")
    times = ("starts_at", "ends_at", "registration_opens_at", "registration_closes_at", "cancels_until")
    if form is not None:
        kept: dict[str, Any] = {name: form.text(name, most=1000) for name in (*names, *times)}
        return {**kept, "open_to_all": form.is_on("open_to_all"), "raw": True}
    found = {name: getattr(planned, name) if planned else None for name in (*names, *times)}
    return {**found, "open_to_all": bool(planned and planned.open_to_all), "raw": False}
