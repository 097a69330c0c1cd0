"""Two accounts that show the same key: a steward decides whether they are one person's."""

from sanic import Blueprint, HTTPResponse, Request

from admin.menu import IDENTITY_REVIEWERS
from admin.words import AUDIENCES, KEYS
from cdp import stewards
from server.core import clock
from server.core.errors import Refusal
from server.core.staff_sessions import StaffReader
from server.core.wire import BadField
from server.web.forms import form_of
from server.web.pages import page, redirect, refusal_of, render
from server.web.request import HouseRequest

blueprint = Blueprint("admin_reviews", url_prefix="/admin/reviews")
SHOWN = 50


@blueprint.get("/")
@page(roles=IDENTITY_REVIEWERS)
async def reviews(request: Request, reader: StaffReader) -> HTTPResponse:
    return await _list(request, {})


@blueprint.post("/<review_id:int>")
@page(roles=IDENTITY_REVIEWERS)
async def decide(request: HouseRequest, reader: StaffReader, review_id: int) -> HTTPResponse:
    form = form_of(request)
    given = form.text("verdict")
    if given not in {"merged", "apart"}:
        raise BadField("不是可选的值。", field="verdict")
    verdict: stewards.Verdict = "merged" if given == "merged" else "apart"
    try:
        await stewards.decide(
            review_id=review_id,
            verdict=verdict,
            note=form.text("note", most=1000),
            actor=reader.actor,
            at=clock.now(),
            request_id=request.request_id,
        )
    except stewards.ReviewMissing:
        raise
    except Refusal as refused:
        status, errors = refusal_of(request, refused)
        return await _list(request, {review_id: next(iter(errors.values()))}, status=status)
    return redirect(request, "/admin/reviews", flash="已记录您的决定。")


async def _list(request: Request, errors: dict[int, str], *, status: int = 200) -> HTTPResponse:
    decided = request.args.get("decided") == "1"
    after = request.args.get("after", "")
    rows = await stewards.reviews(
        undecided=not decided,
        after=int(after) if after.isascii() and after.isdecimal() and len(after) < 19 else 0,
        limit=SHOWN + 1,
    )
    return render(
        request,
        "admin/reviews.html",
        status=status,
        rows=rows[:SHOWN],
        following=rows[SHOWN - 1].id if len(rows) > SHOWN else None,
        decided=decided,
        errors=errors,
        audience_names=AUDIENCES,
        key_kinds=KEYS,
    )
