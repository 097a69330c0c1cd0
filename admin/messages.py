"""Messages to people: what will be sent, what was, and what became of it. People are numbers here."""

from datetime import datetime, timedelta

from sanic import Blueprint, HTTPResponse, Request

from admin.menu import MESSAGE_READERS
from admin.words import MESSAGE_COLOURS, MESSAGE_KEYS, MESSAGE_STATES
from cdp import message_listing
from cdp.messages import State
from content import titles
from server.core import clock
from server.core.staff_sessions import StaffReader
from server.web.forms import Form
from server.web.pages import page, render
from server.web.replies import cursor, place

blueprint = Blueprint("admin_messages", url_prefix="/admin/messages")
SHOWN = 50


@blueprint.get("/")
@page(roles=MESSAGE_READERS)
async def messages(request: Request, reader: StaffReader) -> HTTPResponse:
    asked = Form([(name, value) for name, values in request.args.items() for value in values])
    at = clock.now()
    since, until, state = asked.day("since"), asked.day("until"), asked.text("state", most=20)
    today = clock.day_of(at)
    found = await message_listing.listing(
        at=at,
        starts_at=clock.start_of(since or today),
        ends_at=clock.start_of((until or (since or today) + timedelta(days=30)) + timedelta(days=1)),
        states=[State(state)] if state in set(State) else [],
        account_id=asked.whole("account"),
        item_id=asked.whole("item"),
        most=SHOWN + 1,
        after=place(asked.text("after", most=300), tuple[datetime, int]),
    )
    shown = found[:SHOWN]
    return render(
        request,
        "admin/messages.html",
        rows=shown,
        following=cursor(shown[-1].due_at, shown[-1].id) if len(found) > SHOWN else None,
        titles=await titles.paths(row.item_id for row in shown if row.item_id),
        asked=asked,
        since=since or today,
        now=at,
        state_names=MESSAGE_STATES,
        state_colours=MESSAGE_COLOURS,
        key_names=MESSAGE_KEYS,
    )
