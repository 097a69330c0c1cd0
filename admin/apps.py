"""The mini-programs: registering one, rotating its secrets, and letting nobody sign in to it any more.

The rule: a secret goes in and is never shown; a field that is left empty keeps what is there.
"""

from sanic import Blueprint, HTTPResponse, Request

from admin.menu import ADMINISTRATORS
from admin.words import AUDIENCES
from cdp import mini_programs
from cdp.mini_programs import AppUnknown
from server.core import clock
from server.core.errors import Refusal
from server.core.roles import Audience
from server.core.staff_sessions import StaffReader
from server.core.wire import BadField
from server.web.forms import Form, form_of
from server.web.pages import page, redirect, refusal_of, render
from server.web.request import HouseRequest

blueprint = Blueprint("admin_apps", url_prefix="/admin/apps")
LIST = "/admin/apps"
LONGEST_SECRET = 400


@blueprint.get("/")
@page(roles=ADMINISTRATORS)
async def listing(request: Request, reader: StaffReader) -> HTTPResponse:
    return await _list(request, Form([]), {})


@blueprint.post("/")
@page(roles=ADMINISTRATORS)
async def register(request: HouseRequest, reader: StaffReader) -> HTTPResponse:
    form = form_of(request)
    try:
        if form.text("audience") not in set(Audience):
            raise BadField("请选择受众。", field="audience")
        secrets = {name: form.secret(name).strip() for name in ("secret", "push_token", "push_key")}
        for name, text in secrets.items():
            if len(text) > LONGEST_SECRET:
                raise BadField("内容太长。", field=name)
        program = await mini_programs.register(
            sealer=request.app.ctx.sealer,
            app_id=form.text("app_id"),
            audience=Audience(form.text("audience")),
            name=form.text("name"),
            actor=reader.actor,
            at=clock.now(),
            request_id=request.request_id,
            **secrets,
        )
    except Refusal as refused:
        status, errors = refusal_of(request, refused, otherwise="app_id")
        return await _list(request, form, errors, status=status)
    return redirect(request, LIST, flash="已保存 %(name)s。", name=program.name)


@blueprint.post("/<app_id:str>/disable")
@page(roles=ADMINISTRATORS)
async def disable(request: HouseRequest, reader: StaffReader, app_id: str) -> HTTPResponse:
    await mini_programs.disable(app_id=app_id, actor=reader.actor, at=clock.now(), request_id=request.request_id)
    return redirect(request, LIST, flash="已停用。已登录的会话到期前仍有效。")


async def _list(request: Request, form: Form, errors: dict[str, str], *, status: int = 200) -> HTTPResponse:
    chosen = request.args.get("app", "")
    programs = await mini_programs.listed()
    known = next((one for one in programs if one.app_id == chosen), None)
    if chosen and known is None:
        raise AppUnknown(field="app_id")
    return render(
        request,
        "admin/apps.html",
        status=status,
        programs=programs,
        known=known,
        form=form,
        errors=errors,
        origin=request.app.ctx.settings.origin,
        audience_names={code: AUDIENCES[code] for code in Audience},
    )
