"""The dictionary of hospitals at the desk: looking names up, mending entries, and taking bigger lists in."""

from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from admin.menu import HOSPITAL_KEEPERS
from admin.professional_words import FAULTS, FIELDS, MATCH_COLOURS, MATCHES, WHY
from cdp import hospital_lists, hospitals
from cdp.hospital_lists import TakenIn
from cdp.hospital_matching import Entry
from cdp.hospitals import HospitalMissing
from content.sheets import grids, reading
from content.sheets.grids import MOST_BYTES, SheetTooLarge
from server.core import clock
from server.core.errors import Refusal
from server.core.staff_sessions import StaffReader
from server.web.forms import Form, form_of
from server.web.pages import page, redirect, refusal_of, render
from server.web.request import HouseRequest

blueprint = Blueprint("admin_hospitals", url_prefix="/admin/hospitals")
LIST = "/admin/hospitals"
SHOWN = 50
SHOWN_FAULTS = 200


@blueprint.get("/")
@page(roles=HOSPITAL_KEEPERS)
async def listing(request: Request, reader: StaffReader) -> HTTPResponse:
    asked = _asked(request)
    text, province = asked.text("text", most=100), asked.text("province", most=20)
    page_number = min(max(asked.whole("page") or 1, 1), 100_000)
    dictionary = await request.app.ctx.hospitals.dictionary()
    found = await hospitals.listing(province=province, page=page_number, size=SHOWN)
    return render(
        request,
        "admin/hospitals/list.html",
        rows=[one.hospital for one in dictionary.suggest(text, most=30)] if text else found.rows,
        found=dictionary.match(text) if text else None,
        total=found.total,
        page_number=page_number,
        pages=1 if text else -(-found.total // SHOWN),
        provinces=await hospitals.provinces(),
        asked=asked,
        matches=MATCHES,
        match_colours=MATCH_COLOURS,
        why=WHY,
    )


@blueprint.get("/new")
@page(roles=HOSPITAL_KEEPERS)
async def new_form(request: Request, reader: StaffReader) -> HTTPResponse:
    return _edit(request, Entry("", "", "", ""), {}, new=True)


@blueprint.post("/new")
@page(roles=HOSPITAL_KEEPERS)
async def create(request: HouseRequest, reader: StaffReader) -> HTTPResponse:
    return await _save(request, reader, _entry(form_of(request), form_of(request).text("key")), new=True)


@blueprint.get("/import")
@page(roles=HOSPITAL_KEEPERS)
async def import_form(request: Request, reader: StaffReader) -> HTTPResponse:
    return render(request, "admin/hospitals/import.html")


@blueprint.post("/import", stream=True)
@page(roles=HOSPITAL_KEEPERS)
async def take_in(request: HouseRequest, reader: StaffReader) -> HTTPResponse:
    """Take a list in, which is the body itself, or try it; answers with the part of the page that tells of it."""
    dry_run = request.args.get("dry_run") != "0"
    body = bytearray()
    stream: Any = request.stream
    while (piece := await stream.read()) is not None:
        body += piece
        if len(body) > MOST_BYTES:
            raise SheetTooLarge("文件最大 20 MB。")
    rows = hospital_lists.read(lines_of(await reading.read(bytes(body), known=hospital_lists.is_heading)))
    outcome: TakenIn = await hospital_lists.take_in(
        rows=rows, dry_run=dry_run, actor=reader.actor, at=clock.now(), request_id=request.request_id
    )
    return render(
        request,
        "admin/hospitals/taken_in.html",
        outcome=outcome,
        shown_faults=outcome.faults[:SHOWN_FAULTS],
        fault_words=FAULTS,
        fields=FIELDS,
    )


@blueprint.get("/<key:str>")
@page(roles=HOSPITAL_KEEPERS)
async def one(request: Request, reader: StaffReader, key: str) -> HTTPResponse:
    return _edit(request, await hospitals.hospital(key=key), {}, new=False)


@blueprint.post("/<key:str>")
@page(roles=HOSPITAL_KEEPERS)
async def save(request: HouseRequest, reader: StaffReader, key: str) -> HTTPResponse:
    return await _save(request, reader, _entry(form_of(request), key), new=False)


@blueprint.post("/<key:str>/remove")
@page(roles=HOSPITAL_KEEPERS)
async def remove(request: HouseRequest, reader: StaffReader, key: str) -> HTTPResponse:
    try:
        await hospitals.remove(key=key, actor=reader.actor, at=clock.now(), request_id=request.request_id)
    except HospitalMissing:
        raise
    except Refusal as refused:
        status, errors = refusal_of(request, refused, otherwise="remove")
        return _edit(request, await hospitals.hospital(key=key), errors, new=False, status=status)
    return redirect(request, LIST, flash="已从词典中删除。")


def lines_of(found: list[grids.Grid]) -> list[tuple[int, list[str]]]:
    """Give the rows of the first sheet as texts with their numbers."""
    return [(row.number, [cell.text for cell in row.cells]) for row in found[0].rows] if found else []


async def _save(request: HouseRequest, reader: StaffReader, entry: Entry, *, new: bool) -> HTTPResponse:
    try:
        await hospitals.save(entry=entry, new=new, actor=reader.actor, at=clock.now(), request_id=request.request_id)
    except HospitalMissing:
        raise
    except Refusal as refused:
        status, errors = refusal_of(request, refused, otherwise="name")
        return _edit(request, entry, errors, new=new, status=status)
    return redirect(request, LIST, flash="已保存 %(name)s。", name=entry.name)


def _edit(request: Request, entry: Entry, errors: dict[str, str], *, new: bool, status: int = 200) -> HTTPResponse:
    return render(request, "admin/hospitals/edit.html", status=status, entry=entry, errors=errors, new=new)


def _entry(form: Form, key: str) -> Entry:
    fields = {name: form.text(name, most=200) for name in ("name", "province", "city", "level")}
    return hospital_lists.entry_of({**fields, "key": key, "aliases": form.text("aliases", most=4000)})


def _asked(request: Request) -> Form:
    return Form([(name, value) for name, values in request.args.items() for value in values])
