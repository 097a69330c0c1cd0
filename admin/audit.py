"""The audit: every write, by whom, when, with what changed."""

from datetime import timedelta
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from admin.menu import AUDITORS
from admin.words import DEEDS, SUBJECTS
from server.core import audit, clock, staff
from server.core.staff_sessions import StaffReader
from server.web.forms import Form
from server.web.pages import page, render

blueprint = Blueprint("admin_audit", url_prefix="/admin/audit")
SHOWN = 50


@blueprint.get("/")
@page(roles=AUDITORS)
async def entries(request: Request, reader: StaffReader) -> HTTPResponse:
    asked = Form([(name, value) for name, values in request.args.items() for value in values])
    since, until = asked.day("since"), asked.day("until")
    wanted: dict[str, Any] = {
        "actor": asked.text("actor", most=80),
        "deed": asked.text("deed", most=80),
        "subject_kind": asked.text("kind", most=40),
        "subject_id": asked.text("id", most=80),
        "since": clock.start_of(since) if since else None,
        "until": clock.start_of(until + timedelta(days=1)) if until else None,
    }
    found = await audit.entries(**wanted, before_id=asked.whole("before"), limit=SHOWN + 1)
    deeds, kinds = await audit.words()
    members = await staff.members()
    return render(
        request,
        "admin/audit.html",
        entries=found[:SHOWN],
        older=found[SHOWN - 1].id if len(found) > SHOWN else None,
        asked=asked,
        deeds=deeds,
        kinds=kinds,
        members=members,
        actor_names={member.actor: member.name for member in members},
        deed_names=DEEDS,
        subject_names=SUBJECTS,
    )
