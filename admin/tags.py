"""The taxonomy: the tags of each facet, made and changed by editors."""

from sanic import Blueprint, HTTPResponse, Request

from admin.editing import tag_groups, words
from admin.menu import TAGGERS
from content import tags
from server.core import clock
from server.core.errors import Refusal
from server.core.staff_sessions import StaffReader
from server.web.forms import Form, form_of
from server.web.languages import told
from server.web.pages import page, redirect, refusal_of, render
from server.web.request import HouseRequest

blueprint = Blueprint("admin_tags", url_prefix="/admin/tags")


@blueprint.get("/")
@page()
async def taxonomy(request: Request, reader: StaffReader) -> HTTPResponse:
    return await _list(request, reader, Form([]), {})


@blueprint.post("/")
@page(roles=TAGGERS)
async def save(request: HouseRequest, reader: StaffReader) -> HTTPResponse:
    form = form_of(request)
    try:
        tag = await tags.save(
            slug=form.text("slug").lower(),
            facet=form.text("facet"),
            name_zh=form.text("name_zh"),
            name_en=form.text("name_en"),
            parent_slug=form.text("parent_slug") or None,
            position=form.whole("position") or 0,
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except Refusal as refused:
        status, errors = refusal_of(request, refused, otherwise="slug")
        if refused.field == "slug":
            errors["slug"] = told(request, "标识用小写字母、数字和连字符，如 rectal-cancer；数字不超过六位相连。")
        return await _list(request, reader, form, errors, status=status)
    return redirect(request, "/admin/tags", flash="标签“%(name)s”已保存。", name=tag.name_zh)


@blueprint.post("/<slug:str>/remove")
@page(roles=TAGGERS)
async def remove(request: HouseRequest, reader: StaffReader, slug: str) -> HTTPResponse:
    try:
        await tags.remove(slug=slug, staff_id=reader.staff_id, at=clock.now(), request_id=request.request_id)
    except tags.TagInUse as refused:
        status, errors = refusal_of(request, refused, otherwise="remove")
        return await _list(request, reader, Form([]), errors, status=status)
    return redirect(request, "/admin/tags", flash="标签已删除。")


async def _list(
    request: Request, reader: StaffReader, form: Form, errors: dict[str, str], *, status: int = 200
) -> HTTPResponse:
    asked = request.args.get("edit", "")
    groups = await tag_groups()
    edited = next((tag for group in groups.values() for tag in group if tag.slug == asked), None)
    return render(
        request,
        "admin/tags.html",
        status=status,
        groups=groups,
        form=form,
        edited=edited,
        errors=errors,
        may_tag=bool(reader.roles & TAGGERS),
        **words(),
    )
