"""The tree of sections: boards and zones, made, ordered and described by editors, and what is held at their tops."""

from typing import Any, Final

from sanic import Blueprint, HTTPResponse, Request

from admin.editing import words
from admin.menu import TAGGERS
from content import items, pins, sections
from content.parts import Audience
from content.sections import Section, SectionMissing
from server.core import clock
from server.core.errors import Refusal
from server.core.roles import Audience as Portal
from server.core.staff_sessions import StaffReader
from server.web.forms import Form, form_of
from server.web.languages import marked
from server.web.pages import page, redirect, refusal_of, render
from server.web.request import HouseRequest

blueprint = Blueprint("admin_sections", url_prefix="/admin/sections")
PORTALS: Final = {Portal.DOCTOR: marked("医生端"), Portal.PATIENT: marked("患者端")}
ORDERS: Final = {"newest": marked("最新在前"), "manual": marked("按编辑的顺序")}
LAYOUTS: Final = {"rows": marked("列表"), "cards": marked("卡片"), "grid": marked("网格")}
TONES: Final = {
    "": marked("默认"),
    "green": marked("绿色"),
    "blue": marked("蓝色"),
    "warm": marked("暖色"),
    "grey": marked("灰色"),
}


@blueprint.get("/")
@page()
async def tree(request: Request, reader: StaffReader) -> HTTPResponse:
    return await _tree(request, reader, Form([]), {})


@blueprint.post("/")
@page(roles=TAGGERS)
async def save(request: HouseRequest, reader: StaffReader) -> HTTPResponse:
    form = form_of(request)
    order, portal, audience = form.text("order"), form.text("portal"), form.text("audience")
    try:
        section = await sections.save(
            section_id=form.whole("section_id"),
            slug=form.text("slug", most=100).lower(),
            portal=Portal(portal) if portal in PORTALS else Portal.DOCTOR,
            parent_id=form.whole("parent_id"),
            name_zh=form.text("name_zh", most=100),
            name_en=form.text("name_en", most=100),
            summary=form.text("summary", most=400),
            audience=Audience(audience) if audience in set(Audience) else Audience.EVERYONE,
            order="manual" if order == "manual" else "newest",
            look={name: form.text(name, most=40) for name in ("layout", "icon", "tone")},
            hidden=form.is_on("hidden"),
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except Refusal as refused:
        status, errors = refusal_of(request, refused, otherwise="slug")
        return await _tree(request, reader, form, errors, status=status)
    return redirect(request, "/admin/sections", flash="栏目“%(name)s”已保存。", name=section.name_zh)


@blueprint.post("/order")
@page(roles=TAGGERS)
async def order(request: HouseRequest, reader: StaffReader) -> HTTPResponse:
    """Move a section a place up or down among its siblings; the form brings them as the page showed them."""
    form = form_of(request)
    try:
        await sections.arrange(
            parent_id=form.whole("parent_id"),
            section_ids=moved(form),
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except Refusal as refused:
        status, errors = refusal_of(request, refused, otherwise="order")
        return await _tree(request, reader, form, errors, status=status)
    return redirect(request, "/admin/sections", flash="顺序已更新。")


@blueprint.post("/<section_id:int>/remove")
@page(roles=TAGGERS)
async def remove(request: HouseRequest, reader: StaffReader, section_id: int) -> HTTPResponse:
    try:
        await sections.remove(
            section_id=section_id, staff_id=reader.staff_id, at=clock.now(), request_id=request.request_id
        )
    except sections.SectionInUse as refused:
        status, errors = refusal_of(request, refused, otherwise="remove")
        return await _tree(request, reader, Form([]), errors, status=status)
    return redirect(request, "/admin/sections", flash="栏目已删除。")


@blueprint.get("/<section_id:int>/pins")
@page()
async def held(request: Request, reader: StaffReader, section_id: int) -> HTTPResponse:
    return await _held(request, reader, section_id)


@blueprint.post("/<section_id:int>/pins")
@page(roles=TAGGERS)
async def hold(request: HouseRequest, reader: StaffReader, section_id: int) -> HTTPResponse:
    """Hold just these items at the top of the list: one more, one fewer, or one a place up or down."""
    form = form_of(request)
    ids, added, dropped = moved(form), form.whole("added"), form.whole("dropped")
    ids = [one for one in ids if one != dropped] + ([added] if added and added not in ids else [])
    try:
        await pins.arrange(
            place=f"section:{section_id}",
            item_ids=ids,
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except Refusal as refused:
        status, errors = refusal_of(request, refused, otherwise="added")
        return await _held(request, reader, section_id, status=status, errors=errors)
    return redirect(request, f"/admin/sections/{section_id}/pins", flash="置顶已更新。")


def moved(form: Form) -> list[int]:
    """Read the ids that a page showed, with the one that was moved a place up or down."""
    ids = [int(text) for text in form.texts("ids") if text.isascii() and text.isdecimal() and len(text) < 19]
    one, by = form.whole("moved"), form.whole("by")
    if one in ids and by in {-1, 1}:
        place = ids.index(one)
        ids.insert(max(0, place + by), ids.pop(place))
    return ids


async def _tree(
    request: Request, reader: StaffReader, form: Form, errors: dict[str, str], *, status: int = 200
) -> HTTPResponse:
    found = await sections.listing()
    asked = request.args.get("edit", "")
    below: dict[int | None, list[Section]] = {}
    for section in found:
        below.setdefault(section.parent_id, []).append(section)
    return render(
        request,
        "admin/sections/tree.html",
        status=status,
        sections=found,
        below=below,
        edited=next((section for section in found if str(section.id) == asked), None),
        form=form,
        errors=errors,
        may_edit=bool(reader.roles & TAGGERS),
        **_choices(),
    )


async def _held(
    request: Request, reader: StaffReader, section_id: int, *, status: int = 200, errors: dict[str, str] | None = None
) -> HTTPResponse:
    section = next((one for one in await sections.listing() if one.id == section_id), None)
    if section is None:
        raise SectionMissing()
    text = request.args.get("text", "").strip()[:100]
    rows = await pins.listing(place=f"section:{section_id}")
    known = {row.item_id for row in rows}
    candidates = (await items.listing(at=clock.now(), text=text, size=20)).rows if text else []
    return render(
        request,
        "admin/sections/pins.html",
        status=status,
        section=section,
        rows=rows,
        text=text,
        found=[row for row in candidates if row.kind in pins.SECTIONED and row.item_id not in known],
        errors=errors or {},
        may_edit=bool(reader.roles & TAGGERS),
        **_choices(),
    )


def _choices() -> dict[str, Any]:
    return {"portals": PORTALS, "orders": ORDERS, "layouts": LAYOUTS, "tones": TONES, **words()}
