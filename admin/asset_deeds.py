"""What is done to files of the library: folders, tags, focus, consents, what they were before, posters of films."""

from collections.abc import Awaitable
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from admin.assets import refused_page
from admin.menu import CONSENT_KEEPERS, PUBLISHERS, WRITERS
from content import changing, library, posters, replacing
from content.library import AssetTagBad, Folder
from server.core import clock
from server.core.errors import Invalid, Refusal
from server.core.staff_sessions import StaffReader
from server.web.forms import Form, form_of
from server.web.pages import page, redirect, refusal_of, render
from server.web.request import HouseRequest

blueprint = Blueprint("admin_asset_deeds", url_prefix="/admin/assets")


class DeedUnknown(Invalid):
    """There is no such deed for many files."""

    code = "asset_deed_unknown"
    title = "请选择一项操作"


@blueprint.post("/<asset_id:int>/place")
@page(roles=WRITERS)
async def place(request: HouseRequest, reader: StaffReader, asset_id: int) -> HTTPResponse:
    form = form_of(request)
    deed = library.place(asset_id=asset_id, folder_id=form.whole("folder"), tags=_tags(form), **_known(request, reader))
    return await _done(request, reader, asset_id, deed, "place", flash="文件夹和标签已保存。")


@blueprint.post("/<asset_id:int>/focus")
@page(roles=WRITERS)
async def focus(request: HouseRequest, reader: StaffReader, asset_id: int) -> HTTPResponse:
    form = form_of(request)
    x, y = form.whole("x"), form.whole("y")
    deed = changing.focus(
        asset_id=asset_id, x=-1 if x is None else x, y=-1 if y is None else y, **_known(request, reader)
    )
    return await _done(request, reader, asset_id, deed, "focus", flash="焦点已保存，已发布的内容随之更新。")


@blueprint.post("/<asset_id:int>/patient")
@page(roles=CONSENT_KEEPERS)
async def patient(request: HouseRequest, reader: StaffReader, asset_id: int) -> HTTPResponse:
    form = form_of(request)
    deed = changing.bind(
        asset_id=asset_id,
        shows_patient=form.is_on("shows_patient"),
        consent_id=form.whole("consent_id"),
        **_known(request, reader),
    )
    return await _done(request, reader, asset_id, deed, "patient", flash="患者知情同意已保存，已发布的内容随之更新。")


@blueprint.post("/<asset_id:int>/restore")
@page(roles=PUBLISHERS)
async def restore(request: HouseRequest, reader: StaffReader, asset_id: int) -> HTTPResponse:
    deed = replacing.restore(
        files=request.app.ctx.files,
        asset_id=asset_id,
        number=form_of(request).whole("number") or 0,
        **_known(request, reader),
    )
    return await _done(request, reader, asset_id, deed, "replace", flash="已恢复历史版本，已发布的内容随之更新。")


@blueprint.post("/<asset_id:int>/poster")
@page(roles=WRITERS)
async def poster(request: HouseRequest, reader: StaffReader, asset_id: int) -> HTTPResponse:
    """Take a picture from a film; its second is in tenths or finer."""
    given = form_of(request).text("second", most=12)
    try:
        second = float(given) if given.replace(".", "", 1).isdecimal() and given.isascii() else -1.0
        still = await posters.poster(
            files=request.app.ctx.files, asset_id=asset_id, second=second, **_known(request, reader)
        )
    except Refusal as refused:
        return await refused_page(request, reader, asset_id, refused, "poster")
    return redirect(request, f"/admin/assets/{still.id}", flash="已截取画面，可作为封面使用。")


@blueprint.post("/bulk")
@page(roles=WRITERS)
async def bulk(request: HouseRequest, reader: StaffReader) -> HTTPResponse:
    """Do one thing to many files."""
    form, known = form_of(request), _known(request, reader)
    asset_ids = [int(each) for each in form.texts("asset") if each.isascii() and each.isdecimal() and len(each) < 18]
    facts: dict[str, Any]
    match form.text("deed"):
        case "move":
            count = await library.move(asset_ids=asset_ids, folder_id=form.whole("folder"), **known)
            said, facts = "已移动 %(count)s 个文件。", {"count": count}
        case "tag":
            count = await library.tag(asset_ids=asset_ids, add=_tags(form), **known)
            said, facts = "已为 %(count)s 个文件加上标签。", {"count": count}
        case "untag":
            count = await library.tag(asset_ids=asset_ids, drop=_tags(form), **known)
            said, facts = "已去掉 %(count)s 个文件的标签。", {"count": count}
        case "remove":
            gone, stayed = await library.remove_unused(asset_ids=asset_ids, **known)
            said, facts = "已删除 %(gone)s 个文件，%(stayed)s 个正在使用，未删除。", {"gone": gone, "stayed": stayed}
        case _:
            raise DeedUnknown(field="deed")
    return redirect(request, "/admin/assets", flash=said, **facts)


@blueprint.get("/folders")
@page()
async def folders(request: Request, reader: StaffReader) -> HTTPResponse:
    return await _folders(request, reader, Form([]), {})


@blueprint.post("/folders")
@page(roles=WRITERS)
async def make_folder(request: HouseRequest, reader: StaffReader) -> HTTPResponse:
    form = form_of(request)
    try:
        made: Folder = await library.make_folder(
            name=form.text("name"), parent_id=form.whole("parent"), **_known(request, reader)
        )
    except Refusal as refused:
        status, errors = refusal_of(request, refused, otherwise="name")
        return await _folders(request, reader, form, errors, status=status)
    return redirect(request, "/admin/assets/folders", flash="已新建文件夹「%(name)s」。", name=made.name)


@blueprint.post("/folders/<folder_id:int>")
@page(roles=WRITERS)
async def change_folder(request: HouseRequest, reader: StaffReader, folder_id: int) -> HTTPResponse:
    """Rename a folder, or remove it where it is empty."""
    form, known = form_of(request), _known(request, reader)
    try:
        if form.is_on("remove"):
            await library.remove_folder(folder_id=folder_id, **known)
            return redirect(request, "/admin/assets/folders", flash="文件夹已删除。")
        await library.rename_folder(folder_id=folder_id, name=form.text("name"), **known)
    except (library.FolderFull, library.FolderTaken, library.FolderBad) as refused:
        status, errors = refusal_of(request, refused, otherwise="name")
        return await _folders(request, reader, Form([]), {f"folder-{folder_id}": errors["name"]}, status=status)
    return redirect(request, "/admin/assets/folders", flash="文件夹已改名。")


async def _done(
    request: HouseRequest, reader: StaffReader, asset_id: int, deed: Awaitable[Any], where: str, *, flash: str
) -> HTTPResponse:
    try:
        await deed
    except Refusal as refused:
        return await refused_page(request, reader, asset_id, refused, where)
    return redirect(request, f"/admin/assets/{asset_id}", flash=flash)


async def _folders(
    request: Request, reader: StaffReader, form: Form, errors: dict[str, str], *, status: int = 200
) -> HTTPResponse:
    return render(
        request,
        "admin/assets/folders.html",
        status=status,
        folders=await library.folders(),
        form=form,
        errors=errors,
        may_write=bool(reader.roles & WRITERS),
    )


def _known(request: HouseRequest, reader: StaffReader) -> Any:
    return {"staff_id": reader.staff_id, "at": clock.now(), "request_id": request.request_id}


def _tags(form: Form) -> list[str]:
    given = form.text("tags", most=1000).replace("，", ",").split(",")
    tags = [each.strip() for each in given if each.strip()]
    if len(tags) > library.MOST_TAGS:
        raise AssetTagBad(field="tags")
    return tags
