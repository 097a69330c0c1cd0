"""The list of items of a kind, filtered and paged, as all kinds show it."""

from sanic import HTTPResponse, Request

from admin.editing import may, words
from content import items, titles
from content.columns.layouts import LAYOUTS
from content.workflow import State
from server.core import clock, staff
from server.core.staff_sessions import StaffReader
from server.web.forms import Form
from server.web.pages import render

SHOWN = 25


async def item_list(request: Request, reader: StaffReader, kind: str) -> HTTPResponse:
    """Draw the list of items of a kind, or for htmx only its rows."""
    asked = Form([(name, value) for name, values in request.args.items() for value in values])
    at = clock.now()
    state = asked.text("state", most=20)
    page = min(max(asked.whole("page") or 1, 1), 100_000)
    parent_id = asked.whole("series")
    found = await items.listing(
        at=at,
        kind=kind,
        state=state if state in set(State) else "",
        text=asked.text("text"),
        parent_id=parent_id,
        page=page,
        size=SHOWN,
    )
    above = await titles.paths(row.parent_id for row in found.rows if row.parent_id)
    return render(
        request,
        "admin/items/list.html",
        kind=kind,
        rows=found.rows,
        total=found.total,
        page_number=page,
        pages=-(-found.total // SHOWN),
        asked=asked,
        parents=above,
        editors=await staff.names(row.updated_by for row in found.rows),
        may=may(reader.roles),
        in_sheets=kind in LAYOUTS,
        **words(),
    )
