"""The queue of professionals: who waits to be verified, and the page on which one is looked at and decided.

The rule: only who decides opens what a doctor handed in, and each time is entered in the audit. The queue itself names
nobody. A photo is kept by no cache and is nowhere but at its own address.
"""

from datetime import date, datetime, timedelta
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from admin.menu import CREDENTIAL_REVIEWERS
from admin.professional_words import (
    DEEDS,
    ENDINGS,
    MATCH_COLOURS,
    MATCHES,
    REASONS,
    STATE_COLOURS,
    STATES,
    TITLES,
    WHY,
)
from cdp import entitlements, hospitals, professional_decisions, professional_sights
from cdp.hospital_matching import Found
from cdp.professional_sights import Sight
from cdp.professionals import ApplicationMissing
from server.core import audit, clock, staff
from server.core.errors import Refusal
from server.core.staff_sessions import StaffReader
from server.core.wire import BadField
from server.web.forms import Form, form_of
from server.web.pages import page, redirect, refusal_of, render
from server.web.request import HouseRequest

blueprint = Blueprint("admin_professionals", url_prefix="/admin/professionals")
LIST = "/admin/professionals"
SHOWN = 50
USUAL_YEARS = 1
# Beside the policy of all pages: what is in a picture is run by nobody, whatever it is.
PICTURE = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "content-disposition": "inline",
}


@blueprint.get("/")
@page(roles=CREDENTIAL_REVIEWERS)
async def queue(request: Request, reader: StaffReader) -> HTTPResponse:
    asked = Form([(name, value) for name, values in request.args.items() for value in values])
    at = clock.now()
    state = asked.text("state", most=20) or "submitted"
    found = await professional_sights.queue(
        at=at,
        state="" if state == "all" else state if state in STATES else "submitted",
        matched=asked.text("matched", most=20) if asked.text("matched", most=20) in MATCHES else "",
        elsewhere=asked.is_on("elsewhere"),
        account_id=asked.whole("account"),
        after=max(asked.whole("after") or 0, 0),
        most=SHOWN + 1,
    )
    return render(
        request,
        "admin/professionals/list.html",
        rows=found[:SHOWN],
        following=found[SHOWN - 1].id if len(found) > SHOWN else None,
        backlog=await professional_sights.backlog(),
        asked=asked,
        state=state,
        now=at,
        **_words(),
    )


@blueprint.get("/<application_id:int>")
@page(roles=CREDENTIAL_REVIEWERS)
async def one(request: HouseRequest, reader: StaffReader, application_id: int) -> HTTPResponse:
    return await _one(request, reader, application_id, Form([]), {})


@blueprint.get("/<application_id:int>/photo")
@page(roles=CREDENTIAL_REVIEWERS)
async def photo(request: HouseRequest, reader: StaffReader, application_id: int) -> HTTPResponse:
    found = await professional_sights.look_at_photo(
        sealer=request.app.ctx.sealer,
        application_id=application_id,
        actor=reader.actor,
        at=clock.now(),
        request_id=request.request_id,
    )
    return HTTPResponse(found.data, 200, dict(PICTURE), found.media_type)


@blueprint.post("/<application_id:int>/approve")
@page(roles=CREDENTIAL_REVIEWERS)
async def approve(request: HouseRequest, reader: StaffReader, application_id: int) -> HTTPResponse:
    form = form_of(request)
    at, key = clock.now(), form.text("hospital_key", most=64)
    try:
        last = form.day("valid_until")
        if last is None:
            raise BadField("请填写有效期。", field="valid_until")
        await professional_decisions.approve(
            changes=request.app.ctx.changes,
            application_id=application_id,
            hospital_key=key,
            # The last day counts to its end.
            valid_until=clock.start_of(last + timedelta(days=1)),
            note=form.text("note", most=1000),
            elsewhere_checked=form.is_on("elsewhere_checked"),
            actor=reader.actor,
            at=at,
            request_id=request.request_id,
        )
    except ApplicationMissing:
        raise
    except Refusal as refused:
        return await _refused(request, reader, application_id, form, refused, otherwise="approve")
    if key and form.is_on("add_alias"):
        return await _alias_added(request, reader, key, form.text("alias"), at)
    return redirect(request, LIST, flash="已通过认证，医生会收到通知。")


@blueprint.post("/<application_id:int>/refuse")
@page(roles=CREDENTIAL_REVIEWERS)
async def refuse(request: HouseRequest, reader: StaffReader, application_id: int) -> HTTPResponse:
    form = form_of(request)
    try:
        await professional_decisions.refuse(
            application_id=application_id,
            reason=form.text("reason", most=24),
            note=form.text("refuse_note", most=1000),
            actor=reader.actor,
            at=clock.now(),
            request_id=request.request_id,
        )
    except ApplicationMissing:
        raise
    except Refusal as refused:
        return await _refused(request, reader, application_id, form, refused, otherwise="refuse", prefix="refuse_")
    return redirect(request, LIST, flash="已退回，医生会收到理由。")


@blueprint.post("/<application_id:int>/revoke")
@page(roles=CREDENTIAL_REVIEWERS)
async def revoke(request: HouseRequest, reader: StaffReader, application_id: int) -> HTTPResponse:
    form = form_of(request)
    try:
        await professional_decisions.revoke(
            changes=request.app.ctx.changes,
            application_id=application_id,
            note=form.text("revoke_note", most=1000),
            actor=reader.actor,
            at=clock.now(),
            request_id=request.request_id,
        )
    except ApplicationMissing:
        raise
    except Refusal as refused:
        return await _refused(request, reader, application_id, form, refused, otherwise="revoke", prefix="revoke_")
    return redirect(request, f"{LIST}/{application_id}", flash="已撤销认证，立即生效。")


@blueprint.get("/hospitals")
@page(roles=CREDENTIAL_REVIEWERS)
async def choices(request: Request, reader: StaffReader) -> HTTPResponse:
    """Offer hospitals of the dictionary to choose from, for htmx."""
    dictionary = await request.app.ctx.hospitals.dictionary()
    typed = request.args.get("hospital_search", "")[:100]
    return render(request, "admin/professionals/choices.html", candidates=dictionary.suggest(typed), typed=typed)


async def _alias_added(request: HouseRequest, reader: StaffReader, key: str, alias: str, at: datetime) -> HTTPResponse:
    try:
        await hospitals.add_alias(key=key, alias=alias, actor=reader.actor, at=at, request_id=request.request_id)
    except Refusal as refused:
        # The approval stands; only the alias is none.
        _, errors = refusal_of(request, refused)
        sentence = next(iter(errors.values()))
        return redirect(request, LIST, flash="已通过认证；别名未添加：%(why)s", kind="warning", why=sentence)
    return redirect(request, LIST, flash="已通过认证，并添加了医院别名。")


async def _refused(
    request: HouseRequest,
    reader: StaffReader,
    application_id: int,
    form: Form,
    refused: Refusal,
    *,
    otherwise: str,
    prefix: str = "",
) -> HTTPResponse:
    status, errors = refusal_of(request, refused, otherwise=otherwise)
    errors = {prefix + name if name == "note" else name: sentence for name, sentence in errors.items()}
    return await _one(request, reader, application_id, form, errors, status=status)


async def _one(
    request: HouseRequest,
    reader: StaffReader,
    application_id: int,
    form: Form,
    errors: dict[str, str],
    *,
    status: int = 200,
) -> HTTPResponse:
    ctx, at = request.app.ctx, clock.now()
    sight: Sight = await professional_sights.look(
        sealer=ctx.sealer, application_id=application_id, actor=reader.actor, at=at, request_id=request.request_id
    )
    dictionary = await ctx.hospitals.dictionary()
    found: Found = dictionary.match(sight.hospital)
    entries = await audit.entries(subject_kind="professional_application", subject_id=str(application_id), limit=20)
    others = await professional_sights.queue(at=at, state="", account_id=sight.account_id, most=20)
    members = await staff.members()
    return render(
        request,
        "admin/professionals/one.html",
        status=status,
        sight=sight,
        found=found,
        chosen=dictionary.entries.get(form.text("hospital_key", most=64) or sight.hospital_key),
        others=[row for row in others if row.id != application_id],
        rights=await entitlements.listing(at=at, account_id=sight.account_id, most=20),
        entries=entries,
        form=form,
        errors=errors,
        until=form.text("valid_until") or _in_years(clock.day_of(at), USUAL_YEARS).isoformat(),
        today=clock.day_of(at),
        now=at,
        actor_names={member.actor: member.name for member in members},
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {
        "states": STATES,
        "state_colours": STATE_COLOURS,
        "matches": MATCHES,
        "match_colours": MATCH_COLOURS,
        "titles": TITLES,
        "reasons": REASONS,
        "endings": ENDINGS,
        "why": WHY,
        "deeds": DEEDS,
    }


def _in_years(day: date, years: int) -> date:
    """Give the day so many years on; of 29 February, the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
