"""An item on the editors' desk: making it, writing it, throwing an unused one away."""

from typing import Final

import msgspec
from sanic import Blueprint, HTTPResponse

from admin.differences import differences
from admin.editing import edit_page, parents, said, words
from admin.kind_forms import FORMS, shape_of
from admin.menu import WRITERS
from content import items, lookup, publishing, tree
from content.access import ItemMissing
from content.items import DraftStale
from content.kinds import kind_of
from server.core import clock, staff
from server.core.errors import Refusal
from server.core.staff_sessions import StaffReader
from server.web.forms import Form, form_of
from server.web.pages import page, redirect, refusal_of, render
from server.web.replies import reply
from server.web.request import HouseRequest

blueprint = Blueprint("admin_items", url_prefix="/admin/items")
# A long Chinese text takes nine bytes a character in a form.
MOST_BYTES: Final = 3_500_000


class Saved(msgspec.Struct, frozen=True):
    """What the script of the page needs to know of a save."""

    revision: int
    saved_at: str


@blueprint.get("/new")
@page(roles=WRITERS)
async def new_form(request: HouseRequest, reader: StaffReader) -> HTTPResponse:
    asked = Form([(name, value) for name, values in request.args.items() for value in values])
    return await _new(request, asked, {})


@blueprint.post("/new")
@page(roles=WRITERS)
async def create(request: HouseRequest, reader: StaffReader) -> HTTPResponse:
    form = form_of(request)
    title = " ".join(form.text("title", most=200).split())
    if not title:
        return await _new(request, form, {"title": "请先写一个标题，之后可以修改。"}, status=422)
    try:
        made = await items.create(
            kind=form.text("kind"),
            parent_id=form.whole("parent_id"),
            shape={"title": title},
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except Refusal as refused:
        status, errors = refusal_of(request, refused, otherwise="title")
        return await _new(request, form, errors, status=status)
    return redirect(request, f"/admin/items/{made.item_id}")


@blueprint.get("/picker")
@page(roles=WRITERS)
async def picker(request: HouseRequest, reader: StaffReader) -> HTTPResponse:
    """List items for a field that names another one."""
    asked = Form([(name, value) for name, values in request.args.items() for value in values])
    text, kind = asked.text("text"), asked.text("kind", most=40)
    kinds = [kind] if kind in FORMS else []
    found = await lookup.found(text=text, kinds=kinds) if text else await lookup.latest(kinds=kinds)
    return render(request, "admin/items/picker.html", items=found, **words())


@blueprint.get("/<item_id:int>/named")
@page()
async def named(request: HouseRequest, reader: StaffReader, item_id: int) -> HTTPResponse:
    """Name an item, as a field that names it shows it."""
    found = await lookup.named(item_ids=[item_id])
    if item_id not in found:
        raise ItemMissing()
    return render(request, "admin/items/named.html", item=found[item_id], **words())


@blueprint.get("/<item_id:int>")
@page()
async def edit(request: HouseRequest, reader: StaffReader, item_id: int) -> HTTPResponse:
    return await edit_page(request, reader, item_id)


@blueprint.post("/<item_id:int>/draft")
@page(roles=WRITERS)
async def save(request: HouseRequest, reader: StaffReader, item_id: int) -> HTTPResponse:
    """Save the draft for the script of the page, which sends the whole form and the revision it is based on."""
    form = form_of(request, most_bytes=MOST_BYTES)
    kind = (await items.draft_of(item_id=item_id)).kind
    draft = await items.save_draft(
        item_id=item_id,
        shape=shape_of(kind, form),
        revision=form.whole("revision") or 0,
        staff_id=reader.staff_id,
        at=clock.now(),
        request_id=request.request_id,
    )
    return reply(Saved(draft.revision, draft.updated_at.isoformat()))


@blueprint.post("/<item_id:int>")
@page(roles=WRITERS)
async def save_and_stay(request: HouseRequest, reader: StaffReader, item_id: int) -> HTTPResponse:
    """Save the draft where no script does it."""
    form = form_of(request)
    kind = (await items.draft_of(item_id=item_id)).kind
    try:
        await items.save_draft(
            item_id=item_id,
            shape=shape_of(kind, form),
            revision=form.whole("revision") or 0,
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except DraftStale as refused:
        status, errors = refusal_of(request, refused)
        return await edit_page(request, reader, item_id, status=status, refused=next(iter(errors.values())))
    return redirect(request, f"/admin/items/{item_id}", flash="草稿已保存。")


@blueprint.post("/<item_id:int>/conflict")
@page(roles=WRITERS)
async def conflict(request: HouseRequest, reader: StaffReader, item_id: int) -> HTTPResponse:
    """Show how what was typed here differs from what somebody else has saved."""
    theirs = await items.draft_of(item_id=item_id)
    mine = shape_of(theirs.kind, form_of(request, most_bytes=MOST_BYTES))
    names = await staff.names([theirs.updated_by])
    return render(
        request,
        "admin/items/conflict.html",
        theirs=theirs,
        name=names.get(theirs.updated_by, ""),
        differences=differences(theirs.shape, mine),
    )


@blueprint.get("/<item_id:int>/checks")
@page()
async def checks(request: HouseRequest, reader: StaffReader, item_id: int) -> HTTPResponse:
    findings = await publishing.checks(item_id=item_id, at=clock.now())
    return render(request, "admin/items/checks.html", findings=said(request, findings))


@blueprint.post("/<item_id:int>/move")
@page(roles=WRITERS)
async def move(request: HouseRequest, reader: StaffReader, item_id: int) -> HTTPResponse:
    try:
        await tree.move(
            item_id=item_id,
            parent_id=form_of(request).whole("parent_id"),
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except ItemMissing:
        raise
    except Refusal as refused:
        status, errors = refusal_of(request, refused)
        return await edit_page(request, reader, item_id, status=status, refused=next(iter(errors.values())))
    return redirect(request, f"/admin/items/{item_id}", flash="位置已更新。")


@blueprint.post("/<item_id:int>/order")
@page(roles=WRITERS)
async def order(request: HouseRequest, reader: StaffReader, item_id: int) -> HTTPResponse:
    """Move one of those that stand under an item a place up or down; the form brings them as the page showed them."""
    form = form_of(request)
    ids = [int(text) for text in form.texts("ids") if text.isascii() and text.isdecimal() and len(text) < 19]
    moved, by = form.whole("moved"), form.whole("by")
    if moved in ids and by in {-1, 1}:
        place = ids.index(moved)
        ids.insert(max(0, place + by), ids.pop(place))
        await tree.order(
            parent_id=item_id,
            kind=form.text("kind"),
            item_ids=ids,
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    return redirect(request, f"/admin/items/{item_id}#structure")


@blueprint.post("/<item_id:int>/discard")
@page(roles=WRITERS)
async def discard(request: HouseRequest, reader: StaffReader, item_id: int) -> HTTPResponse:
    item = await items.draft_of(item_id=item_id)
    try:
        await items.discard(item_id=item_id, staff_id=reader.staff_id, at=clock.now(), request_id=request.request_id)
    except items.ItemInUse as refused:
        status, errors = refusal_of(request, refused)
        return await edit_page(request, reader, item_id, status=status, refused=next(iter(errors.values())))
    further = f"/admin/items/{item.parent_id}" if item.parent_id else f"/admin/{FORMS[item.kind].list_name}"
    return redirect(request, further, flash="草稿已删除。")


async def _new(request: HouseRequest, form: Form, errors: dict[str, str], *, status: int = 200) -> HTTPResponse:
    kind = form.text("kind")
    if kind not in FORMS:
        raise ItemMissing()
    return render(
        request,
        "admin/items/new.html",
        status=status,
        kind=FORMS[kind],
        form=form,
        errors=errors,
        stands_under=bool(kind_of(kind).parents),
        parents=await parents(kind, at=clock.now()),
        parent_id=form.whole("parent_id"),
        **words(),
    )
