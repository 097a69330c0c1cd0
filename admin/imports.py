"""Sheets at the editors' desk: taking one in, seeing what it would do, choosing; exports and templates."""

from typing import Any, Final, get_args

import msgspec
from sanic import Blueprint, HTTPResponse, Request

from admin.import_words import (
    IMPORT_COLOURS,
    IMPORT_STATES,
    OUTCOME_COLOURS,
    OUTCOMES,
    SHEETS,
    fields,
    said,
)
from admin.menu import PLANNERS, WRITERS
from content import exports, imports
from content.exports import SheetFile
from content.imports import ImportFaulty, ImportSettled
from content.sheets import writing
from content.sheets.grids import MOST_BYTES, SheetTooLarge
from content.sheets.writing import Head
from content.workflow import State
from server.core import clock, staff
from server.core.staff_sessions import StaffReader
from server.web.forms import Form, form_of
from server.web.languages import marked, told
from server.web.pages import page, redirect, refusal_of, render
from server.web.replies import reply
from server.web.request import HouseRequest
from server.web.saved_file import saved

blueprint = Blueprint("admin_imports", url_prefix="/admin/imports")
sheets = Blueprint("admin_sheets", url_prefix="/admin/sheets")
SHOWN_PROBLEMS: Final = 200
HEARD_OUT: Final = 4 * MOST_BYTES
SHOWN_LINES: Final = 200
PROBLEM_HEADS: Final = (
    marked("工作表"),
    marked("行"),
    marked("列"),
    marked("内容"),
    marked("代码"),
    marked("说明"),
)


class TakenIn(msgspec.Struct, frozen=True):
    """Where the report of a sheet that was taken in is."""

    address: str


@blueprint.get("/")
@page(roles=WRITERS)
async def listing(request: Request, reader: StaffReader) -> HTTPResponse:
    rows = await imports.listing()
    return render(
        request,
        "admin/imports/list.html",
        rows=rows,
        people=await staff.names(row.created_by for row in rows),
        kind=_asked(request).text("kind", most=40),
        **_words(),
    )


@blueprint.post("/", stream=True)
@page(roles=WRITERS)
async def take_in(request: HouseRequest, reader: StaffReader) -> HTTPResponse:
    """Take in a sheet, which is the body itself; its name and the kind are in the query."""
    asked = _asked(request)
    data = await _body(request)
    taken = await imports.take_in(
        kind=asked.text("kind", most=40),
        name=asked.text("name", most=1000),
        data=data,
        may_plan=bool(reader.roles & PLANNERS),
        staff_id=reader.staff_id,
        at=clock.now(),
        request_id=request.request_id,
    )
    return reply(TakenIn(f"/admin/imports/{taken.id}"))


@blueprint.get("/<import_id:int>")
@page(roles=WRITERS)
async def one(request: Request, reader: StaffReader, import_id: int) -> HTTPResponse:
    return await _one(request, import_id)


@blueprint.post("/<import_id:int>/start")
@page(roles=WRITERS)
async def start(request: HouseRequest, reader: StaffReader, import_id: int) -> HTTPResponse:
    choice = form_of(request).text("choice", most=10)
    try:
        await imports.start(
            import_id=import_id,
            choice="valid" if choice == "valid" else "all",
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except (ImportFaulty, ImportSettled) as refused:
        status, errors = refusal_of(request, refused)
        return await _one(request, import_id, status=status, refused=next(iter(errors.values())))
    return redirect(request, f"/admin/imports/{import_id}")


@blueprint.get("/<import_id:int>/problems.csv")
@page(roles=WRITERS)
async def problems(request: Request, reader: StaffReader, import_id: int) -> HTTPResponse:
    """Give all that is wrong as a sheet, for whoever mends it at the source."""
    found = await imports.import_of(import_id=import_id)
    heads = [Head(told(request, head)) for head in PROBLEM_HEADS]
    rows = [
        [one.sheet, str(one.row), one.column, one.value, one.code, said(request, one)] for one in found.report.problems
    ]
    return _file(SheetFile(f"{found.name}-问题.csv", exports.TYPES["csv"], writing.as_csv(heads, rows)))


@sheets.get("/<kind:str>/<form:(xlsx|csv)>")
@page()
async def export(request: Request, reader: StaffReader, kind: str, form: str) -> HTTPResponse:
    """Give what the list of a kind shows under the same filters as a sheet."""
    asked = _asked(request)
    state = asked.text("state", most=20)
    return _file(
        await exports.export(
            kind=kind,
            format="csv" if form == "csv" else "xlsx",
            at=clock.now(),
            state=state if state in set(State) else "",
            text=asked.text("text"),
            parent_id=asked.whole("series"),
        )
    )


@sheets.get("/<kind:str>/<form:(xlsx|csv)>/template")
@page(roles=WRITERS)
async def template(request: Request, reader: StaffReader, kind: str, form: str) -> HTTPResponse:
    return _file(await exports.template(kind=kind, format="csv" if form == "csv" else "xlsx"))


async def _body(request: Request) -> bytes:
    """Read what is sent. Of what is too long the rest is heard out, so that the browser gets to hear the answer."""
    data, heard = bytearray(), 0
    stream: Any = request.stream
    while (piece := await stream.read()) is not None and heard <= HEARD_OUT:
        heard += len(piece)
        if heard <= MOST_BYTES:
            data += piece
    if heard > MOST_BYTES:
        raise SheetTooLarge("文件最大 20 MB。")
    return bytes(data)


async def _one(request: Request, import_id: int, *, status: int = 200, refused: str = "") -> HTTPResponse:
    found = await imports.import_of(import_id=import_id)
    report = found.report
    shown = [line for line in report.lines if line.outcome in {"new", "changed"}]
    people = await staff.names([found.created_by, *([found.chosen_by] if found.chosen_by else [])])
    return render(
        request,
        "admin/imports/one.html",
        status=status,
        refused=refused,
        found=found,
        counts=report.counts,
        problems=[(one, said(request, one)) for one in report.problems[:SHOWN_PROBLEMS]],
        lines=[(line, fields(line.fields)) for line in shown[:SHOWN_LINES]],
        more_lines=max(0, len(shown) - SHOWN_LINES),
        people=people,
        several=len({line.sheet for line in report.lines} | {one.sheet for one in report.problems}) > 1,
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {
        "sheet_names": SHEETS,
        "import_states": IMPORT_STATES,
        "import_colours": IMPORT_COLOURS,
        "outcomes": OUTCOMES,
        "outcome_colours": OUTCOME_COLOURS,
        "formats": get_args(exports.Format),
    }


def _asked(request: Request) -> Form:
    return Form([(name, value) for name, values in request.args.items() for value in values])


def _file(sheet: SheetFile) -> HTTPResponse:
    return saved(sheet.data, name=sheet.name, media_type=sheet.media_type)
