"""Who has registered for an activity, and the door: lists, the sheet, checking in by code or name, undoing it.

The rule: only hosts see names; what a script of the page asks is answered as JSON, what a form sends as a page.
"""

from datetime import datetime
from typing import Any, cast
from urllib.parse import quote

import msgspec
from sanic import Blueprint, HTTPResponse, Request

from admin.activities import activity_of, words
from admin.activity_words import REGISTRATION_COLOURS, REGISTRATION_STATES
from admin.menu import HOSTS
from content import activity_registration, check_in, registrations
from content.access import ItemMissing
from content.check_in import Entered
from content.door_codes import DoorCodes
from content.registrations import Row
from server.core import clock
from server.core.errors import Refusal
from server.core.ids import opaque
from server.core.staff_sessions import StaffReader
from server.web.forms import Form, form_of
from server.web.languages import marked, told
from server.web.pages import page, redirect, refusal_of, render, wants_json
from server.web.replies import reply
from server.web.request import HouseRequest

blueprint = Blueprint("admin_registrations", url_prefix="/admin/activities")
SHOWN = 50
FOUND = 12
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CAMERA = "camera=(self), microphone=(), geolocation=(), payment=()"
ENTERED = {"in": marked("已签到"), "out": marked("未签到")}
WELCOME = marked("%(name)s 已签到。")


class LetIn(msgspec.Struct, frozen=True):
    """What the script at the door shows of who was let in."""

    name: str
    hospital: str
    department: str
    time: str


@blueprint.get("/<activity_id:int>/registrations")
@page(roles=HOSTS)
async def listing(request: Request, reader: StaffReader, activity_id: int) -> HTTPResponse:
    return await _listing(request, activity_id)


@blueprint.post("/<activity_id:int>/registrations/sheet")
@page(roles=HOSTS)
async def sheet(request: HouseRequest, reader: StaffReader, activity_id: int) -> HTTPResponse:
    form = form_of(request)
    at = clock.now()
    activity = await activity_of(activity_id, at=at)
    state, entered = _chosen(form)
    body = await registrations.sheet(
        sealer=request.app.ctx.sealer,
        activity_id=activity_id,
        state=state,
        entered=entered,
        staff_id=reader.staff_id,
        at=at,
        request_id=request.request_id,
    )
    name = quote(f"报名名单-{activity.title[:40]}-{clock.day_of(at)}.xlsx", safe="")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{name}", "cache-control": "no-store"}
    return HTTPResponse(body, 200, headers, SHEET)


@blueprint.post("/<activity_id:int>/registrations/<registration_id:int>/remove")
@page(roles=HOSTS)
async def remove(request: HouseRequest, reader: StaffReader, activity_id: int, registration_id: int) -> HTTPResponse:
    try:
        await activity_registration.remove(
            activity_id=activity_id,
            registration_id=registration_id,
            reason=form_of(request).text("reason", most=200),
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except activity_registration.TooLateToCancel as refused:
        status, errors = refusal_of(request, refused)
        return await _listing(request, activity_id, status=status, refused=next(iter(errors.values())))
    return redirect(request, f"/admin/activities/{activity_id}/registrations", flash="报名已取消，候补自动递补。")


@blueprint.get("/<activity_id:int>/check-in")
@page(roles=HOSTS)
async def door(request: Request, reader: StaffReader, activity_id: int) -> HTTPResponse:
    return await _door(request, activity_id)


@blueprint.get("/<activity_id:int>/check-in/now")
@page(roles=HOSTS)
async def now(request: Request, reader: StaffReader, activity_id: int) -> HTTPResponse:
    """Give how many came in and who did last, which the page of the door asks for again and again."""
    await activity_of(activity_id, at=clock.now())
    return render(request, "admin/activities/door_now.html", **await _state(request, activity_id))


@blueprint.get("/<activity_id:int>/check-in/find")
@page(roles=HOSTS)
async def find(request: Request, reader: StaffReader, activity_id: int) -> HTTPResponse:
    """Find who has registered by name or hospital, for those who come without a code."""
    activity = await activity_of(activity_id, at=clock.now())
    text = Form([("text", request.args.get("text", ""))]).text("text", most=80)
    found = await registrations.listing(
        sealer=request.app.ctx.sealer, activity_id=activity_id, state="registered", text=text, size=FOUND
    )
    return render(
        request,
        "admin/activities/door_found.html",
        activity=activity,
        text=text,
        rows=found.rows if text else [],
        total=found.total,
        attempts=[opaque(96) for _ in found.rows],
    )


@blueprint.post("/<activity_id:int>/check-in")
@page(roles=HOSTS)
async def enter(request: HouseRequest, reader: StaffReader, activity_id: int) -> HTTPResponse:
    """Let somebody in: by a ``code``, or by the number of a ``registration``."""
    form = form_of(request)
    given: dict[str, Any] = {
        "activity_id": activity_id,
        "attempt": form.text("attempt", most=64) or opaque(96),
        "staff_id": reader.staff_id,
        "at": clock.now(),
        "request_id": request.request_id,
    }
    try:
        registration_id = form.whole("registration")
        if registration_id:
            entered = await check_in.enter_by_name(registration_id=registration_id, **given)
        else:
            codes: DoorCodes = request.app.ctx.door_codes
            entered = await check_in.enter_by_code(code=form.text("code", most=300), codes=codes, **given)
    except Refusal as refused:
        if wants_json(request):
            raise
        status, errors = refusal_of(request, refused)
        return await _door(request, activity_id, status=status, refused=_told(request, refused, errors))
    return await _let_in(request, activity_id, entered)


@blueprint.post("/<activity_id:int>/check-in/<registration_id:int>/undo")
@page(roles=HOSTS)
async def undo(request: HouseRequest, reader: StaffReader, activity_id: int, registration_id: int) -> HTTPResponse:
    try:
        await check_in.undo(
            activity_id=activity_id,
            registration_id=registration_id,
            reason=form_of(request).text("reason", most=300),
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except (check_in.ReasonNeeded, check_in.NotIn) as refused:
        status, errors = refusal_of(request, refused)
        return await _door(request, activity_id, status=status, refused=next(iter(errors.values())))
    return redirect(request, f"/admin/activities/{activity_id}/check-in", flash="签到已撤销。")


async def _let_in(request: Request, activity_id: int, entered: Entered) -> HTTPResponse:
    row = await registrations.row_of(
        sealer=request.app.ctx.sealer, activity_id=activity_id, registration_id=entered.registration_id
    )
    name = row.name if row else registrations.NOBODY
    if not wants_json(request):
        return redirect(request, f"/admin/activities/{activity_id}/check-in", flash=WELCOME, name=name)
    profile = row.profile if row else None
    return reply(
        LetIn(
            name,
            profile.hospital if profile else "",
            profile.department if profile else "",
            f"{entered.at.astimezone(clock.SHANGHAI):%H:%M:%S}",
        ),
        headers={"cache-control": "no-store"},
    )


def _told(request: Request, refused: Refusal, errors: dict[str, str]) -> str:
    sentence = next(iter(errors.values()))
    first = refused.facts.get("at")
    return f"{sentence} {told(request, '首次签到时间：')}{_clock(str(first))}" if first else sentence


def _clock(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M:%S}"


def _chosen(form: Form) -> tuple[str, registrations.Entered]:
    state, entered = form.text("state", most=20), form.text("entered", most=5)
    return (
        state if state in REGISTRATION_STATES else "",
        cast("registrations.Entered", entered if entered in ENTERED else ""),
    )


async def _listing(request: Request, activity_id: int, *, status: int = 200, refused: str = "") -> HTTPResponse:
    at = clock.now()
    activity = await activity_of(activity_id, at=at)
    asked = Form([(name, value) for name, values in request.args.items() for value in values])
    state, entered = _chosen(asked)
    number = min(max(asked.whole("page") or 1, 1), 100_000)
    found = await registrations.listing(
        sealer=request.app.ctx.sealer,
        activity_id=activity_id,
        state=state,
        entered=entered,
        text=asked.text("text", most=80),
        page=number,
        size=SHOWN,
    )
    return render(
        request,
        "admin/activities/registrations.html",
        status=status,
        refused=refused,
        activity=activity,
        rows=found.rows,
        total=found.total,
        counts=await registrations.counts(activity_id=activity_id),
        asked=asked,
        state=state,
        entered=entered,
        states=REGISTRATION_STATES,
        colours=REGISTRATION_COLOURS,
        entered_names=ENTERED,
        page_number=number,
        pages=-(-found.total // SHOWN),
        at=at,
        **words(),
    )


async def _door(request: Request, activity_id: int, *, status: int = 200, refused: str = "") -> HTTPResponse:
    at = clock.now()
    activity = await activity_of(activity_id, at=at)
    if not activity.place_name:
        raise ItemMissing("This activity has no door.")
    response = render(
        request,
        "admin/activities/door.html",
        status=status,
        refused=refused,
        activity=activity,
        attempt=opaque(96),
        at=at,
        **await _state(request, activity_id),
        **words(),
    )
    # The one page that looks through the camera, for the codes that phones show.
    response.headers["permissions-policy"] = CAMERA
    return response


async def _state(request: Request, activity_id: int) -> dict[str, Any]:
    last: list[Row] = await registrations.last_entered(sealer=request.app.ctx.sealer, activity_id=activity_id)
    return {
        "counts": await registrations.counts(activity_id=activity_id),
        "last": last,
        "activity_id": activity_id,
    }
