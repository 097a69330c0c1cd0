"""Publishing an item, planning it, taking it back; its versions, and the way back to one."""

from sanic import Blueprint, HTTPResponse

from admin.differences import differences
from admin.editing import edit_page, may, said, words
from admin.menu import PUBLISHERS, WITHDRAWERS, WRITERS
from content import items, publishing, versions
from content.access import ItemMissing
from content.checks import Finding
from content.publishing import ChecksFailed
from server.core import clock, staff
from server.core.errors import Refusal
from server.core.staff_sessions import StaffReader
from server.web.forms import form_of
from server.web.languages import marked, told
from server.web.pages import page, redirect, refusal_of, render
from server.web.request import HouseRequest

blueprint = Blueprint("admin_publishing", url_prefix="/admin/items")
REASON_NEEDED = marked("请写明下线的原因。")


@blueprint.post("/<item_id:int>/publish")
@page(roles=PUBLISHERS)
async def publish(request: HouseRequest, reader: StaffReader, item_id: int) -> HTTPResponse:
    form = form_of(request)
    at = clock.now()
    starts_at = form.instant("starts_at") if form.text("when") == "later" else None
    try:
        standing = await publishing.publish(
            item_id=item_id,
            revision=form.whole("revision"),
            starts_at=starts_at,
            ends_at=form.instant("ends_at"),
            staff_id=reader.staff_id,
            at=at,
            request_id=request.request_id,
        )
    except ItemMissing:
        raise
    except Refusal as refused:
        return await _refused(request, reader, item_id, refused)
    done = marked("已安排发布。") if standing.next_at else marked("已发布。")
    return redirect(request, f"/admin/items/{item_id}", flash=done)


@blueprint.post("/<item_id:int>/withdraw")
@page(roles=WITHDRAWERS)
async def withdraw(request: HouseRequest, reader: StaffReader, item_id: int) -> HTTPResponse:
    reason = form_of(request).text("reason", most=200)
    if not reason:
        return await edit_page(request, reader, item_id, status=422, refused=told(request, REASON_NEEDED))
    try:
        await publishing.withdraw(
            item_id=item_id, reason=reason, staff_id=reader.staff_id, at=clock.now(), request_id=request.request_id
        )
    except ItemMissing:
        raise
    except Refusal as refused:
        return await _refused(request, reader, item_id, refused)
    return redirect(request, f"/admin/items/{item_id}", flash="已下线，读者现在看不到了。")


@blueprint.post("/<item_id:int>/unschedule")
@page(roles=WITHDRAWERS)
async def unschedule(request: HouseRequest, reader: StaffReader, item_id: int) -> HTTPResponse:
    try:
        await publishing.unschedule(
            item_id=item_id, staff_id=reader.staff_id, at=clock.now(), request_id=request.request_id
        )
    except ItemMissing:
        raise
    except Refusal as refused:
        return await _refused(request, reader, item_id, refused)
    return redirect(request, f"/admin/items/{item_id}", flash="已取消发布安排。")


@blueprint.get("/<item_id:int>/versions")
@page()
async def history(request: HouseRequest, reader: StaffReader, item_id: int) -> HTTPResponse:
    item = await items.draft_of(item_id=item_id)
    found = await versions.versions(item_id=item_id)
    publications = await publishing.history(item_id=item_id)
    names = await staff.names([row.author_id for row in found] + [row.created_by for row in publications])
    return render(
        request,
        "admin/items/versions.html",
        item=item,
        versions=found,
        publications=publications,
        staff_names=names,
        may=may(reader.roles),
        **words(),
    )


@blueprint.get("/<item_id:int>/versions/<number:int>")
@page()
async def version(request: HouseRequest, reader: StaffReader, item_id: int, number: int) -> HTTPResponse:
    """Show how a version differs from the draft, or from another version (``with``)."""
    item = await items.draft_of(item_id=item_id)
    shape = await versions.version(item_id=item_id, number=number)
    other = request.args.get("with", "")
    against = int(other) if other.isascii() and other.isdecimal() and len(other) < 10 else 0
    newer = await versions.version(item_id=item_id, number=against) if against else item.shape
    return render(
        request,
        "admin/items/version.html",
        item=item,
        number=number,
        against=against,
        numbers=[row.number for row in await versions.versions(item_id=item_id)],
        differences=differences(shape, newer),
        may=may(reader.roles),
        **words(),
    )


@blueprint.post("/<item_id:int>/versions/<number:int>/restore")
@page(roles=WRITERS)
async def roll_back(request: HouseRequest, reader: StaffReader, item_id: int, number: int) -> HTTPResponse:
    try:
        await versions.roll_back(
            item_id=item_id,
            number=number,
            revision=form_of(request).whole("revision") or 0,
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except items.DraftStale as refused:
        return await _refused(request, reader, item_id, refused)
    return redirect(
        request, f"/admin/items/{item_id}", flash="草稿已恢复为第 %(number)s 版，发布后读者才会看到。", number=number
    )


async def _refused(request: HouseRequest, reader: StaffReader, item_id: int, refused: Refusal) -> HTTPResponse:
    status, errors = refusal_of(request, refused)
    sentence = next(iter(errors.values()))
    if isinstance(refused, ChecksFailed):
        given = refused.facts.get("findings")
        findings = [Finding(**finding) for finding in given] if isinstance(given, list) else []
        first = said(request, findings)
        where = f"{first[0]['where']}：{first[0]['sentence']}" if first else ""
        sentence = f"{told(request, refused.title)} — {where}"
    return await edit_page(request, reader, item_id, status=status, refused=sentence)
