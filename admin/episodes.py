"""The time at which an episode is first shown."""

from sanic import Blueprint, HTTPResponse

from admin.editing import edit_page
from admin.menu import PLANNERS
from content import airings
from content.access import ItemMissing
from server.core import clock
from server.core.errors import Refusal
from server.core.staff_sessions import StaffReader
from server.web.forms import form_of
from server.web.languages import marked, told
from server.web.pages import page, redirect, refusal_of
from server.web.request import HouseRequest

blueprint = Blueprint("admin_episodes", url_prefix="/admin/episodes")
TIME_NEEDED = marked("请选择播出的日期和时间。")


@blueprint.post("/<episode_id:int>/airing")
@page(roles=PLANNERS)
async def schedule(request: HouseRequest, reader: StaffReader, episode_id: int) -> HTTPResponse:
    airs_at = form_of(request).instant("airs_at")
    if airs_at is None:
        return await edit_page(request, reader, episode_id, status=422, refused=told(request, TIME_NEEDED))
    await airings.schedule(
        episode_id=episode_id,
        airs_at=airs_at,
        staff_id=reader.staff_id,
        at=clock.now(),
        request_id=request.request_id,
    )
    return redirect(request, f"/admin/items/{episode_id}", flash="播出时间已更新。")


@blueprint.post("/<episode_id:int>/airing/cancel")
@page(roles=PLANNERS)
async def cancel(request: HouseRequest, reader: StaffReader, episode_id: int) -> HTTPResponse:
    try:
        await airings.cancel(
            episode_id=episode_id, staff_id=reader.staff_id, at=clock.now(), request_id=request.request_id
        )
    except ItemMissing:
        raise
    except Refusal as refused:
        status, errors = refusal_of(request, refused)
        return await edit_page(request, reader, episode_id, status=status, refused=next(iter(errors.values())))
    return redirect(request, f"/admin/items/{episode_id}", flash="播出已取消。")
