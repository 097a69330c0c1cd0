"""The list of series."""

from sanic import Blueprint, HTTPResponse, Request

from admin.lists import item_list
from server.core.staff_sessions import StaffReader
from server.web.pages import page

blueprint = Blueprint("admin_series", url_prefix="/admin/series")


@blueprint.get("/")
@page()
async def series(request: Request, reader: StaffReader) -> HTTPResponse:
    return await item_list(request, reader, "series")
