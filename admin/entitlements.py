"""Entitlements of accounts: giving one for a time, taking it back, and who has which. People are numbers here."""

from datetime import timedelta

from sanic import Blueprint, HTTPResponse, Request

from admin.menu import ENTITLERS
from admin.professional_words import RIGHT_COLOURS, RIGHTS
from cdp import entitlements
from cdp.entitlements import EntitlementMissing
from server.core import clock, staff
from server.core.errors import Refusal
from server.core.staff_sessions import StaffReader
from server.core.wire import BadField
from server.web.forms import Form, form_of
from server.web.pages import page, redirect, refusal_of, render
from server.web.request import HouseRequest

blueprint = Blueprint("admin_entitlements", url_prefix="/admin/entitlements")
LIST = "/admin/entitlements"
SHOWN = 50


@blueprint.get("/")
@page(roles=ENTITLERS)
async def listing(request: Request, reader: StaffReader) -> HTTPResponse:
    return await _list(request, Form([]), {})


@blueprint.post("/")
@page(roles=ENTITLERS)
async def grant(request: HouseRequest, reader: StaffReader) -> HTTPResponse:
    form, at = form_of(request), clock.now()
    try:
        account_id = form.whole("account_id")
        if account_id is None:
            raise BadField("请填写账号。", field="account_id")
        last = form.day("last_day")
        made = await entitlements.grant(
            changes=request.app.ctx.changes,
            account_id=account_id,
            name=form.text("name"),
            starts_at=form.instant("starts_at") or at,
            # The last day counts to its end; without one it is for good.
            ends_at=clock.start_of(last + timedelta(days=1)) if last else None,
            reason=form.text("reason", most=1000),
            actor=reader.actor,
            at=at,
            request_id=request.request_id,
        )
    except Refusal as refused:
        status, errors = refusal_of(request, refused, otherwise="name")
        errors = {"last_day" if name == "ends_at" else name: sentence for name, sentence in errors.items()}
        return await _list(request, form, errors, status=status)
    return redirect(request, f"{LIST}?account={made.account_id}", flash="已授予 %(name)s。", name=made.name)


@blueprint.post("/<entitlement_id:int>/revoke")
@page(roles=ENTITLERS)
async def revoke(request: HouseRequest, reader: StaffReader, entitlement_id: int) -> HTTPResponse:
    form = form_of(request)
    try:
        ended = await entitlements.revoke(
            changes=request.app.ctx.changes,
            entitlement_id=entitlement_id,
            reason=form.text("revoke_reason", most=1000),
            actor=reader.actor,
            at=clock.now(),
            request_id=request.request_id,
        )
    except EntitlementMissing:
        raise
    except Refusal as refused:
        status, errors = refusal_of(request, refused)
        said = next(iter(errors.values()))
        return await _list(request, form, {"revoke": said, f"revoke-{entitlement_id}": said}, status=status)
    return redirect(request, f"{LIST}?account={ended.account_id}", flash="已撤销 %(name)s，立即生效。", name=ended.name)


async def _list(request: Request, form: Form, errors: dict[str, str], *, status: int = 200) -> HTTPResponse:
    asked = Form([(name, value) for name, values in request.args.items() for value in values])
    at = clock.now()
    rows = await entitlements.listing(
        at=at,
        account_id=asked.whole("account"),
        name=asked.text("name", most=40),
        after=max(asked.whole("after") or 0, 0),
        most=SHOWN + 1,
    )
    members = await staff.members()
    return render(
        request,
        "admin/entitlements/list.html",
        status=status,
        rows=rows[:SHOWN],
        following=rows[SHOWN - 1].id if len(rows) > SHOWN else None,
        names=await entitlements.names(),
        asked=asked,
        form=form,
        errors=errors,
        rights=RIGHTS,
        right_colours=RIGHT_COLOURS,
        actor_names={member.actor: member.name for member in members},
    )
