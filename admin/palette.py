"""Ctrl+K: jumping to an item, a page or a deed without a mouse.

The rule: it offers what the roles of whoever asks may open, and nothing that the doors would refuse. The deeds of the
page that is open are its own buttons, which its script adds.
"""

from msgspec import Struct
from sanic import Blueprint, HTTPResponse, Request

from admin.editing import words
from admin.kind_forms import FORMS
from admin.menu import MENU, WRITERS, Entry
from admin.words import KINDS
from content import lookup
from server.core.staff_sessions import StaffReader
from server.web.forms import Form
from server.web.languages import marked, told
from server.web.pages import page, render

blueprint = Blueprint("admin_palette", url_prefix="/admin/palette")
NEW = marked("新建%(kind)s")
ACCOUNT = Entry("/admin/account", marked("我的账号"), "user-circle")


class Line(Struct, frozen=True):
    """Something to jump to."""

    address: str
    name: str
    note: str
    icon: str


@blueprint.get("/")
@page()
async def palette(request: Request, reader: StaffReader) -> HTTPResponse:
    """List what a text may mean; without one, the pages and what one has changed last."""
    text = Form([(name, value) for name, values in request.args.items() for value in values]).text("text", most=100)
    found = await lookup.found(text=text) if text else await lookup.recent(staff_id=reader.staff_id)
    return render(
        request,
        "admin/palette.html",
        items=found,
        lines=[line for line in _lines(request, reader) if text.casefold() in f"{line.name} {line.note}".casefold()],
        text=text,
        **words(),
    )


def _lines(request: Request, reader: StaffReader) -> list[Line]:
    shown = [
        Line(entry.address, told(request, entry.name), told(request, heading) if heading else "", entry.icon)
        for heading, entries in (*MENU, ("", (ACCOUNT,)))
        for entry in entries
        if entry.roles & reader.roles
    ]
    if reader.roles & WRITERS:
        shown += [
            Line(f"/admin/items/new?kind={kind}", told(request, NEW, kind=told(request, KINDS[kind])), "", "plus")
            for kind in FORMS
        ]
    return shown
