"""Review of content: what waits for whom, the page on which a text is read and judged, and who must approve what.

The rule: a verdict names the text that was read by its hash; what has been edited since cannot be judged by it.
"""

from typing import Any, Final

from markupsafe import Markup
from sanic import Blueprint, HTTPResponse, Request

from admin.differences import differences, lines
from admin.editing import anchor, said, words
from admin.fields import Loose
from admin.kind_forms import presentable
from admin.menu import ADMINISTRATORS, WRITERS
from admin.words import BLOCKS
from content import items, markup, publishing, review, review_notes, review_queue, review_rules, versions, workflow
from content.access import ItemMissing
from content.items import DraftState
from content.review_rules import REVIEWERS
from server.core import clock, staff
from server.core.errors import Refusal
from server.core.roles import STAFF, Role
from server.core.staff_sessions import StaffReader
from server.core.wire import BadField
from server.web.forms import form_of
from server.web.pages import page, redirect, refusal_of, render
from server.web.request import HouseRequest

blueprint = Blueprint("admin_reviewing", url_prefix="/admin/reviewing")
ANNOTATORS: Final = REVIEWERS | WRITERS


@blueprint.get("/")
@page()
async def queue(request: Request, reader: StaffReader) -> HTTPResponse:
    asked = request.args.get("role", "")
    role = Role(asked) if asked in {one.value for one in REVIEWERS} else None
    at = clock.now()
    rows = await review_queue.waiting(at=at, role=role)
    counts = {one: len(await review_queue.waiting(at=at, role=one)) for one in sorted(REVIEWERS)}
    return render(
        request,
        "admin/reviewing/queue.html",
        rows=rows,
        role=role,
        counts=counts,
        mine=reader.roles & REVIEWERS,
        now=at,
        names=await staff.names([row.author_id for row in rows]),
        **words(),
    )


@blueprint.get("/<item_id:int>")
@page()
async def read(request: Request, reader: StaffReader, item_id: int) -> HTTPResponse:
    return await _page(request, reader, item_id)


@blueprint.post("/<item_id:int>/submit")
@page(roles=WRITERS)
async def submit(request: HouseRequest, reader: StaffReader, item_id: int) -> HTTPResponse:
    """Hand the draft in, as the form of the item's page showed it."""
    try:
        await review.submit(
            item_id=item_id,
            revision=form_of(request).whole("revision") or 0,
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except ItemMissing:
        raise
    except Refusal as refused:
        return await _refused(request, reader, item_id, refused)
    return redirect(request, f"/admin/reviewing/{item_id}", flash="已提交审核。")


@blueprint.post("/<item_id:int>/verdict")
@page(roles=REVIEWERS)
async def judge(request: HouseRequest, reader: StaffReader, item_id: int) -> HTTPResponse:
    form = form_of(request)
    role, verdict = form.text("role"), form.text("verdict")
    if role not in {one.value for one in reader.roles & REVIEWERS}:
        raise review.NotAReviewer()
    if verdict not in {"approved", "refused"}:
        raise BadField("不是可选的值。", field="verdict")
    try:
        standing = await review.judge(
            item_id=item_id,
            content_hash=form.text("content_hash"),
            role=Role(role),
            approved=verdict == "approved",
            note=form.text("note", most=2000),
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except ItemMissing:
        raise
    except Refusal as refused:
        return await _refused(request, reader, item_id, refused)
    passed = standing.state == workflow.State.APPROVED
    done = "审核全部通过，可以发布。" if passed else "已记录您的审核意见。"
    return redirect(request, f"/admin/reviewing/{item_id}", flash=done)


@blueprint.post("/<item_id:int>/notes")
@page(roles=ANNOTATORS)
async def annotate(request: HouseRequest, reader: StaffReader, item_id: int) -> HTTPResponse:
    form = form_of(request)
    try:
        await review_notes.add(
            item_id=item_id,
            field=form.text("field", most=80),
            text=form.text("text", most=3000),
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except ItemMissing:
        raise
    except Refusal as refused:
        return await _refused(request, reader, item_id, refused)
    return redirect(request, f"/admin/reviewing/{item_id}#notes")


@blueprint.post("/<item_id:int>/notes/<note_id:int>/settle")
@page(roles=ANNOTATORS)
async def settle(request: HouseRequest, reader: StaffReader, item_id: int, note_id: int) -> HTTPResponse:
    try:
        await review_notes.settle(
            item_id=item_id, note_id=note_id, staff_id=reader.staff_id, at=clock.now(), request_id=request.request_id
        )
    except review_notes.NoteSettled as refused:
        return await _refused(request, reader, item_id, refused)
    return redirect(request, f"/admin/reviewing/{item_id}#notes")


@blueprint.get("/rules")
@page(roles=ADMINISTRATORS)
async def rules(request: Request, reader: StaffReader) -> HTTPResponse:
    return render(
        request,
        "admin/reviewing/rules.html",
        rules=await review_rules.listing(),
        reviewers=sorted(REVIEWERS),
        **words(),
    )


@blueprint.post("/rules/<kind:str>")
@page(roles=ADMINISTRATORS)
async def change_rule(request: HouseRequest, reader: StaffReader, kind: str) -> HTTPResponse:
    given = form_of(request).texts("roles")
    if not set(given) <= {one.value for one in STAFF}:
        raise BadField("不是可选的值。", field="roles")
    await review_rules.change(
        kind=kind,
        roles=[Role(one) for one in given],
        staff_id=reader.staff_id,
        at=clock.now(),
        request_id=request.request_id,
    )
    return redirect(request, "/admin/reviewing/rules", flash="审核要求已更新。")


async def _page(
    request: Request, reader: StaffReader, item_id: int, *, status: int = 200, refused: str = ""
) -> HTTPResponse:
    at = clock.now()
    item = await items.draft_of(item_id=item_id)
    standing = await workflow.standing(item_id=item_id, at=at)
    said_of_it = await review_queue.verdicts(item_id=item_id)
    notes = await review_notes.listing(item_id=item_id)
    handed_in = await versions.versions(item_id=item_id)
    before = await review_queue.shown_before(item_id=item_id)
    authors = {row.author_id for row in handed_in if row.content_hash == item.content_hash}
    return render(
        request,
        "admin/reviewing/read.html",
        status=status,
        refused=refused,
        item=item,
        shape=presentable(item.kind, item.shape),
        standing=standing,
        parts=_parts(item),
        lines=[line for line in lines(item.shape) if line.path.split(".")[0] not in {"body", "title", "summary"}],
        differences=differences(await versions.version(item_id=item_id, number=before), item.shape) if before else [],
        before=before,
        verdicts=said_of_it,
        notes=notes,
        fields=_fields(item),
        material=await review.material_of(item_id=item_id, content_hash=item.content_hash),
        findings=said(request, await publishing.checks(item_id=item_id, at=at)),
        mine=sorted(reader.roles & REVIEWERS & {Role(role) for role in standing.required}),
        own=reader.staff_id in authors,
        may_annotate=bool(reader.roles & ANNOTATORS),
        handed_in=bool(handed_in) and handed_in[0].content_hash == item.content_hash,
        names=await staff.names(
            [row.reviewer_id for row in said_of_it] + [note.author_id for note in notes] + [item.updated_by]
        ),
        block_names=BLOCKS,
        **words(),
    )


def _parts(item: DraftState) -> list[dict[str, Any]]:
    """Render the body as readers will see it; what a draft holds of another sort is left out."""
    body, blocks = item.shape.get("body"), item.shape.get("blocks")
    given = [block for block in blocks if isinstance(block, dict)] if isinstance(blocks, list) else []
    drawn = markup.parts(body if isinstance(body, str) else "", given)
    # What the renderer gives has been cleaned by `markup`.
    return [{"html": Markup(part.html), "block": _loose(part.block)} for part in drawn]  # noqa: S704


def _loose(value: Any) -> Any:
    """Let every field of a block be missing; what is no text, number or part of one is left out."""
    if isinstance(value, dict):
        return Loose({name: _loose(inner) for name, inner in value.items()})
    return [_loose(inner) for inner in value] if isinstance(value, list) else value


def _fields(item: DraftState) -> list[tuple[str, tuple[str | int, ...]]]:
    """List the fields at which something can be said, each with its name in words."""
    found: dict[str, tuple[str | int, ...]] = {}
    for line in lines(item.shape):
        found.setdefault(anchor(line.path).removeprefix("field-"), line.words)
    return list(found.items())[:200]


async def _refused(request: HouseRequest, reader: StaffReader, item_id: int, refused: Refusal) -> HTTPResponse:
    status, errors = refusal_of(request, refused)
    return await _page(request, reader, item_id, status=status, refused=next(iter(errors.values())))
