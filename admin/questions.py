"""Doctors' questions at the editors' desk: the queue, what is the same made one, answered or turned into an episode.

The rule: nobody sees who asked. The words are shown to who answers them, and to nobody else.
"""

from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from admin.menu import QUESTION_READERS
from admin.words import QUESTION_COLOURS, QUESTION_STATES
from content import inquiries, inquiry_listing
from content.asked import Standing
from server.core import clock, staff
from server.core.errors import Refusal
from server.core.staff_sessions import StaffReader
from server.web.forms import Form, form_of
from server.web.pages import page, redirect, refusal_of, render
from server.web.request import HouseRequest

blueprint = Blueprint("admin_questions", url_prefix="/admin/questions")
SHOWN = 25


@blueprint.get("/")
@page(roles=QUESTION_READERS)
async def queue(request: Request, reader: StaffReader) -> HTTPResponse:
    return await _queue(request)


@blueprint.post("/merge")
@page(roles=QUESTION_READERS)
async def merge(request: HouseRequest, reader: StaffReader) -> HTTPResponse:
    form = form_of(request)
    chosen = sorted({int(text) for text in form.texts("inquiry") if text.isascii() and text.isdecimal()})
    # The oldest takes in the others, unless the form says which.
    into = form.whole("into") or (chosen[0] if chosen else 0)
    try:
        await inquiries.merge(
            into=into,
            inquiry_ids=chosen,
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except Refusal as refused:
        status, errors = refusal_of(request, refused, otherwise="inquiry")
        return await _queue(request, status=status, refused=next(iter(errors.values())))
    return redirect(request, f"/admin/questions/{into}", flash="已合并。")


@blueprint.get("/<inquiry_id:int>")
@page(roles=QUESTION_READERS)
async def one(request: Request, reader: StaffReader, inquiry_id: int) -> HTTPResponse:
    return await _one(request, inquiry_id, Form([]), {})


@blueprint.post("/<inquiry_id:int>/answer")
@page(roles=QUESTION_READERS)
async def answer(request: HouseRequest, reader: StaffReader, inquiry_id: int) -> HTTPResponse:
    form = form_of(request)
    try:
        await inquiries.answer(
            inquiry_id=inquiry_id,
            text=form.text("answer", most=2 * inquiries.LONGEST_ANSWER),
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except inquiry_listing.InquiryMissing:
        raise
    except Refusal as refused:
        status, errors = refusal_of(request, refused, otherwise="answer")
        return await _one(request, inquiry_id, form, errors, status=status)
    return redirect(request, f"/admin/questions/{inquiry_id}", flash="答复已保存，提问的医生会收到通知。")


@blueprint.post("/<inquiry_id:int>/episode")
@page(roles=QUESTION_READERS)
async def turn(request: HouseRequest, reader: StaffReader, inquiry_id: int) -> HTTPResponse:
    form = form_of(request)
    try:
        episode_id = await inquiries.turn_into_episode(
            inquiry_id=inquiry_id,
            wording=form.text("wording", most=1000),
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except inquiry_listing.InquiryMissing:
        raise
    except Refusal as refused:
        status, errors = refusal_of(request, refused, otherwise="wording")
        return await _one(request, inquiry_id, form, errors, status=status)
    return redirect(request, f"/admin/items/{episode_id}", flash="已建立剧集草稿，提问的医生会收到通知。")


@blueprint.post("/<inquiry_id:int>/aside")
@page(roles=QUESTION_READERS)
async def aside(request: HouseRequest, reader: StaffReader, inquiry_id: int) -> HTTPResponse:
    undo = form_of(request).is_on("undo")
    try:
        await inquiries.set_aside(
            inquiry_id=inquiry_id, staff_id=reader.staff_id, at=clock.now(), request_id=request.request_id, undo=undo
        )
    except inquiries.InquirySettled as refused:
        status, errors = refusal_of(request, refused, otherwise="aside")
        return await _one(request, inquiry_id, Form([]), errors, status=status)
    return redirect(request, f"/admin/questions/{inquiry_id}", flash="已恢复为待处理。" if undo else "已搁置。")


async def _queue(request: Request, *, status: int = 200, refused: str = "") -> HTTPResponse:
    asked = Form([(name, value) for name, values in request.args.items() for value in values])
    state = asked.text("state", most=20) or Standing.OPEN.value
    number = min(max(asked.whole("page") or 1, 1), 100_000)
    found = await inquiry_listing.listing(
        series_id=asked.whole("series"), state=state if state in set(Standing) else "", page=number, size=SHOWN
    )
    return render(
        request,
        "admin/questions/list.html",
        status=status,
        refused=refused,
        rows=found.rows,
        total=found.total,
        page_number=number,
        pages=-(-found.total // SHOWN),
        asked=asked,
        state=state,
        series=await inquiry_listing.series_asked(),
        **_words(),
    )


async def _one(
    request: Request, inquiry_id: int, form: Form, errors: dict[str, str], *, status: int = 200
) -> HTTPResponse:
    inquiry = await inquiry_listing.inquiry_of(inquiry_id=inquiry_id)
    deciders = (inquiry.answered_by, inquiry.turned_by, inquiry.set_aside_by)
    return render(
        request,
        "admin/questions/one.html",
        status=status,
        inquiry=inquiry,
        row=inquiry.row,
        form=form,
        errors=errors,
        names=await staff.names(staff_id for staff_id in deciders if staff_id),
        longest_answer=inquiries.LONGEST_ANSWER,
        longest_wording=inquiries.LONGEST_WORDING,
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {"question_states": QUESTION_STATES, "question_colours": QUESTION_COLOURS}
