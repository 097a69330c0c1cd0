"""The live desk of an activity: opening and closing its broadcast, the queue of questions, polls, and the recording.

The rule: a host decides; what viewers see changes within two seconds of it.
"""

from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from admin.activities import activity_of, words
from admin.activity_words import PHASES, QUESTION_COLOURS, QUESTION_STATES
from admin.menu import HOSTS
from content import broadcast, broadcast_questions, live_room, polls, replays
from content.access import ItemMissing
from content.broadcast_questions import State
from content.polls import MOST_OPTIONS
from server.core import clock
from server.core.errors import Missing, Refusal
from server.core.staff_sessions import StaffReader
from server.core.wire import BadField
from server.web.forms import Form, form_of
from server.web.languages import marked, told
from server.web.operation import NoSuchAddress
from server.web.pages import page, redirect, refusal_of, render
from server.web.request import HouseRequest

blueprint = Blueprint("admin_broadcasts", url_prefix="/admin/activities")
RECORDED_NEEDED = marked("请选择录制文件，并填写录制开始的时间。")


@blueprint.get("/<activity_id:int>/broadcast")
@page(roles=HOSTS)
async def desk(request: Request, reader: StaffReader, activity_id: int) -> HTTPResponse:
    return await _desk(request, activity_id)


@blueprint.get("/<activity_id:int>/broadcast/now")
@page(roles=HOSTS)
async def now(request: Request, reader: StaffReader, activity_id: int) -> HTTPResponse:
    """Give the questions and the count of viewers, which the page asks for again and again."""
    return render(request, "admin/activities/broadcast_now.html", **await _state(activity_id))


@blueprint.post("/<activity_id:int>/broadcast/<deed:str>")
@page(roles=HOSTS)
async def switch(request: HouseRequest, reader: StaffReader, activity_id: int, deed: str) -> HTTPResponse:
    act = {"open": broadcast.open_now, "close": broadcast.close_now}.get(deed)
    if act is None:
        raise NoSuchAddress(field="deed")
    try:
        await act(activity_id=activity_id, staff_id=reader.staff_id, at=clock.now(), request_id=request.request_id)
    except Refusal as refused:
        return await _refused(request, activity_id, refused)
    return redirect(request, _home(activity_id), flash="已开播。" if deed == "open" else "直播已结束。")


@blueprint.post("/<activity_id:int>/broadcast/questions/<question_id:int>")
@page(roles=HOSTS)
async def judge(request: HouseRequest, reader: StaffReader, activity_id: int, question_id: int) -> HTTPResponse:
    form = form_of(request)
    state = form.text("state", most=12)
    if state not in set(State):
        raise BadField("应为提问的一种状态。", field="state")
    try:
        await broadcast_questions.judge(
            activity_id=activity_id,
            question_id=question_id,
            state=State(state),
            answer=form.text("answer", most=2000),
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except Missing:
        raise
    except Refusal as refused:
        return await _refused(request, activity_id, refused)
    return redirect(request, f"{_home(activity_id)}#questions")


@blueprint.post("/<activity_id:int>/broadcast/polls")
@page(roles=HOSTS)
async def make_poll(request: HouseRequest, reader: StaffReader, activity_id: int) -> HTTPResponse:
    form = form_of(request)
    try:
        await polls.make(
            activity_id=activity_id,
            question=form.text("question", most=1000),
            options=form.text("options", most=4000).split("\n"),
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except Missing:
        raise
    except Refusal as refused:
        return await _refused(request, activity_id, refused, form=form)
    return redirect(request, f"{_home(activity_id)}#polls", flash="投票已建立，开始后观众可见。")


@blueprint.post("/<activity_id:int>/broadcast/polls/<poll_id:int>/<deed:str>")
@page(roles=HOSTS)
async def poll(request: HouseRequest, reader: StaffReader, activity_id: int, poll_id: int, deed: str) -> HTTPResponse:
    act: Any = {"open": polls.open_poll, "close": polls.close_poll, "remove": polls.remove}.get(deed)
    if act is None:
        raise NoSuchAddress(field="deed")
    try:
        await act(
            activity_id=activity_id,
            poll_id=poll_id,
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except Missing:
        raise
    except Refusal as refused:
        return await _refused(request, activity_id, refused)
    return redirect(request, f"{_home(activity_id)}#polls")


@blueprint.post("/<activity_id:int>/broadcast/recording")
@page(roles=HOSTS)
async def attach(request: HouseRequest, reader: StaffReader, activity_id: int) -> HTTPResponse:
    form = form_of(request)
    recording_id, recorded_from = form.whole("recording"), form.instant("recorded_from")
    if not recording_id or recorded_from is None:
        return await _desk(request, activity_id, status=422, refused=told(request, RECORDED_NEEDED), form=form)
    try:
        video = await replays.attach(
            activity_id=activity_id,
            recording_id=recording_id,
            recorded_from=recorded_from,
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except Refusal as refused:
        return await _refused(request, activity_id, refused, form=form)
    return redirect(
        request, f"/admin/items/{video.item_id}", flash="回放草稿已建立，审核发布后医生会接着上次的进度观看。"
    )


def _home(activity_id: int) -> str:
    return f"/admin/activities/{activity_id}/broadcast"


async def _refused(request: Request, activity_id: int, refused: Refusal, *, form: Form | None = None) -> HTTPResponse:
    status, errors = refusal_of(request, refused)
    return await _desk(request, activity_id, status=status, refused=next(iter(errors.values())), form=form)


async def _desk(
    request: Request, activity_id: int, *, status: int = 200, refused: str = "", form: Form | None = None
) -> HTTPResponse:
    at = clock.now()
    return render(
        request,
        "admin/activities/broadcast.html",
        status=status,
        refused=refused,
        form=form or Form([]),
        at=at,
        polls=await polls.listing(activity_id=activity_id),
        replay=await replays.attached(activity_id=activity_id),
        most_options=MOST_OPTIONS,
        **await _state(activity_id),
        **words(),
    )


async def _state(activity_id: int) -> dict[str, Any]:
    at = clock.now()
    activity = await activity_of(activity_id, at=at)
    air = await broadcast.air_of(activity_id=activity_id)
    if air is None or not air.stream:
        raise ItemMissing("This activity has no broadcast.")
    return {
        "activity": activity,
        "air": air,
        "phase": air.phase(at),
        "phases": PHASES,
        "viewers": await live_room.viewers_of(activity_id=activity_id, at=at),
        "questions": await broadcast_questions.queue(activity_id=activity_id),
        "question_counts": await broadcast_questions.counts(activity_id=activity_id),
        "question_states": QUESTION_STATES,
        "question_colours": QUESTION_COLOURS,
    }
