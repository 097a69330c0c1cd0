"""The lists of items, one a kind, filtered and paged, as all kinds show them."""

from typing import Any, Final

from sanic import Blueprint, HTTPResponse, Request

from admin.editing import may, words
from admin.kind_forms import LISTED, KindForm
from content import items, titles
from content.columns.layouts import LAYOUTS
from content.workflow import State
from server.core import clock, staff
from server.core.staff_sessions import StaffReader
from server.web.forms import Form
from server.web.pages import page, render

blueprint = Blueprint("admin_lists", url_prefix="/admin")
SHOWN: Final = 25


async def _item_list(request: Request, reader: StaffReader, form: KindForm) -> HTTPResponse:
    """Draw the list of items of a kind, or for htmx only its rows."""
    asked = Form([(name, value) for name, values in request.args.items() for value in values])
    at = clock.now()
    state = asked.text("state", most=20)
    shown = min(max(asked.whole("page") or 1, 1), 100_000)
    parent_id = asked.whole("series")
    found = await items.listing(
        at=at,
        kind=form.kind,
        state=state if state in set(State) else "",
        text=asked.text("text"),
        parent_id=parent_id,
        page=shown,
        size=SHOWN,
    )
    above = await titles.paths(row.parent_id for row in found.rows if row.parent_id)
    return render(
        request,
        "admin/items/list.html",
        form=form,
        rows=found.rows,
        total=found.total,
        page_number=shown,
        pages=-(-found.total // SHOWN),
        asked=asked,
        parents=above,
        editors=await staff.names(row.updated_by for row in found.rows),
        may=may(reader.roles),
        kind=form.kind,
        in_sheets=form.kind in LAYOUTS,
        **words(),
    )


def _listed(form: KindForm) -> Any:
    @page()
    async def listed(request: Request, reader: StaffReader) -> HTTPResponse:
        return await _item_list(request, reader, form)

    return listed


for _form in LISTED:
    blueprint.add_route(_listed(_form), f"/{_form.list_name}/", name=f"list_{_form.kind}")
