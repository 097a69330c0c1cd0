"""The library of files: looking through it, one file with all that is known of it, and small pictures for the pages."""

from collections.abc import AsyncIterator
from typing import Any, Final

import structlog
from sanic import Blueprint, HTTPResponse, Request

from admin.editing import may, shown, words
from admin.menu import CONSENT_KEEPERS, PUBLISHERS, WRITERS
from admin.words import FILE_KINDS, LIBRARY_ONLY
from content import assets, filming, library, media, renditions, replacing
from content.assets import AssetMissing
from content.library import Sought
from content.media import FileMissing
from content.pictures import WIDTHS, Spec
from server.core import clock, staff
from server.core.errors import Refusal
from server.core.staff_sessions import StaffReader
from server.web.forms import Form, form_of
from server.web.pages import page, redirect, refusal_of, render
from server.web.replies import matches, reply
from server.web.request import HouseRequest

blueprint = Blueprint("admin_assets", url_prefix="/admin/assets")
log = structlog.get_logger()
SHOWN = 24
PICTURE_AGE_S = 3600
# The pictures of the pages: as wide as a phone, as sharp as its screen, and cut as readers get them.
SIZES: Final = {"small": Spec(WIDTHS["small"]), "large": Spec(WIDTHS["large"])}


@blueprint.get("/")
@page()
async def listed(request: Request, reader: StaffReader) -> HTTPResponse:
    return await _list(request, reader, "admin/assets/list.html")


@blueprint.get("/picker")
@page(roles=WRITERS)
async def picker(request: Request, reader: StaffReader) -> HTTPResponse:
    """Show the library in a sheet from which a form picks a file."""
    return await _list(request, reader, "admin/assets/picker.html")


@blueprint.post("/", stream=True)
@page(roles=WRITERS)
async def take_in(request: HouseRequest, reader: StaffReader) -> HTTPResponse:
    """Take in a file in one piece, which is the body itself; its name and the kind that is wanted are in the query."""
    asked = _asked(request)
    kind = asked.text("kind", most=20)
    at = clock.now()
    asset = await assets.take_in(
        files=request.app.ctx.files,
        pieces=_pieces(request),
        name=asked.text("name", most=1000),
        at_most=request.app.ctx.settings.max_upload_bytes,
        wanted=kind if kind in FILE_KINDS else "",
        staff_id=reader.staff_id,
        at=at,
        request_id=request.request_id,
    )
    return reply(shown(request, asset, at=at))


@blueprint.get("/<asset_id:int>")
@page()
async def asset(request: Request, reader: StaffReader, asset_id: int) -> HTTPResponse:
    return await one_page(request, reader, asset_id, {})


@blueprint.get("/<asset_id:int>/shown")
@page()
async def part(request: Request, reader: StaffReader, asset_id: int) -> HTTPResponse:
    """Draw a file as the form of an item shows it."""
    file = shown(request, await assets.asset_of(asset_id=asset_id), at=clock.now())
    return render(request, "admin/assets/shown.html", file=file, **words())


@blueprint.post("/<asset_id:int>")
@page(roles=WRITERS)
async def describe(request: HouseRequest, reader: StaffReader, asset_id: int) -> HTTPResponse:
    form = form_of(request)
    try:
        await assets.describe(
            asset_id=asset_id,
            name=form.text("name", most=1000),
            alt=form.text("alt", most=1000),
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except assets.NameBad as refused:
        status, errors = refusal_of(request, refused)
        return await one_page(request, reader, asset_id, errors, status=status)
    return redirect(request, f"/admin/assets/{asset_id}", flash="文件说明已保存。")


@blueprint.post("/<asset_id:int>/remove")
@page(roles=WRITERS)
async def remove(request: HouseRequest, reader: StaffReader, asset_id: int) -> HTTPResponse:
    try:
        await assets.remove(asset_id=asset_id, staff_id=reader.staff_id, at=clock.now(), request_id=request.request_id)
    except assets.AssetInUse as refused:
        return await refused_page(request, reader, asset_id, refused, "remove")
    return redirect(request, "/admin/assets", flash="文件已删除。")


@blueprint.get("/<asset_id:int>/<size:(small|large)>")
@page()
async def picture(request: Request, reader: StaffReader, asset_id: int, size: str) -> HTTPResponse:
    """Give an image of the library in the width of a phone, or as sharp as its screen."""
    try:
        file = await media.file_of_library(asset_id=asset_id)
    except FileMissing:
        raise AssetMissing() from None
    if not file.is_cover:
        raise AssetMissing()
    etag = f'"{file.sha256[:32]}-{size}"'
    headers = {
        "etag": etag,
        # A picture of a patient is asked for anew each time: they may have withdrawn.
        "cache-control": "private, no-cache" if file.shows_patient else f"private, max-age={PICTURE_AGE_S}",
        "content-security-policy": "default-src 'none'; sandbox",
    }
    if matches(request, etag):
        return HTTPResponse(b"", 304, headers)
    files = request.app.ctx.files
    try:
        body = await renditions.rendition(files=files, sha256=file.sha256, spec=SIZES[size], suffix="webp")
    except FileNotFoundError:
        # The row is there and the bytes are not: somebody restored one without the other.
        log.warning("file_lost", asset_id=asset_id, sha256=file.sha256)
        raise AssetMissing() from None
    return HTTPResponse(body, 200, headers, renditions.FORMATS["webp"])


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    stream: Any = request.stream
    while (piece := await stream.read()) is not None:
        yield piece


async def _list(request: Request, reader: StaffReader, template: str) -> HTTPResponse:
    asked = _asked(request)
    kind, only = asked.text("kind", most=20), asked.text("only", most=20)
    sought = Sought(
        kind=kind if kind in FILE_KINDS else "",
        text=asked.text("text"),
        folder_id=asked.whole("folder"),
        tag=asked.text("tag"),
        only=only if only in LIBRARY_ONLY else "",
    )
    page_number = min(max(asked.whole("page") or 1, 1), 100_000)
    found = await library.listing(sought=sought, page=page_number, size=SHOWN)
    posters = await assets.newest_derived([row.id for row in found.rows if row.kind == "video"])
    at = clock.now()
    return render(
        request,
        template,
        files=[shown(request, row, at=at, poster=posters.get(row.id)) for row in found.rows],
        total=found.total,
        page_number=page_number,
        pages=-(-found.total // SHOWN),
        asked=asked,
        folders=await library.folders(),
        tags=await library.tags(),
        file_kinds=FILE_KINDS,
        only_names=LIBRARY_ONLY,
        may=may(reader.roles),
        **words(),
    )


async def refused_page(
    request: Request, reader: StaffReader, asset_id: int, refused: Refusal, place: str
) -> HTTPResponse:
    """Draw the page of a file again, with what was refused at its place."""
    status, errors = refusal_of(request, refused)
    return await one_page(request, reader, asset_id, {place: next(iter(errors.values()))}, status=status)


async def one_page(
    request: Request, reader: StaffReader, asset_id: int, errors: dict[str, str], *, status: int = 200
) -> HTTPResponse:
    """Draw the page of a file."""
    found = await assets.asset_of(asset_id=asset_id)
    uses = await assets.uses(asset_id=asset_id)
    formers = await replacing.history(asset_id=asset_id)
    consents = await filming.listing()
    bound = next((row for row in consents if row.id == found.consent_id), None)
    is_live = any(use.place == "live" for use in uses)
    posters = await assets.newest_derived([found.id])
    at = clock.now()
    return render(
        request,
        "admin/assets/one.html",
        status=status,
        asset=found,
        file=shown(request, found, at=at, poster=posters.get(found.id)),
        uses=uses,
        formers=formers,
        editors=await staff.names([row.replaced_by for row in formers] + [found.created_by]),
        consents=[row for row in consents if row.withdrawn_at is None or row.id == found.consent_id],
        bound=bound,
        closed=bound is not None and bound.withdrawn_at is not None,
        folders=await library.folders(),
        errors=errors,
        file_kinds=FILE_KINDS,
        may={
            **may(reader.roles),
            "keep": bool(reader.roles & CONSENT_KEEPERS),
            "replace": bool(reader.roles & (PUBLISHERS if is_live else WRITERS | PUBLISHERS)),
        },
        **words(),
    )


def _asked(request: Request) -> Form:
    return Form([(name, value) for name, values in request.args.items() for value in values])
