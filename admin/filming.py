"""The consents of filmed patients: putting one on file, and taking everything away when one is withdrawn."""

from sanic import Blueprint, HTTPResponse, Request

from admin.editing import words
from admin.menu import CONSENT_KEEPERS
from content import filming
from content.parts import Audience
from server.core import clock
from server.core.errors import Invalid, Refusal
from server.core.staff_sessions import StaffReader
from server.web.forms import Form, form_of
from server.web.languages import told
from server.web.pages import page, redirect, refusal_of, render
from server.web.request import HouseRequest

blueprint = Blueprint("admin_filming", url_prefix="/admin/filming")


@blueprint.get("/")
@page()
async def consents(request: Request, reader: StaffReader) -> HTTPResponse:
    return await _list(request, reader, Form([]), {})


@blueprint.post("/")
@page(roles=CONSENT_KEEPERS)
async def register(request: HouseRequest, reader: StaffReader) -> HTTPResponse:
    form = form_of(request)
    at = clock.now()
    try:
        signed_on = form.day("signed_on")
        if signed_on is None:
            raise filming.ConsentBad("请填写签署日期。", field="signed_on")
        if form.text("scope") not in set(Audience):
            raise filming.ConsentBad("请选择同意的范围。", field="scope")
        row = await filming.register(
            code=form.text("code").upper(),
            scope=Audience(form.text("scope")),
            de_identified=form.is_on("de_identified"),
            signed_on=signed_on,
            staff_id=reader.staff_id,
            at=at,
            request_id=request.request_id,
        )
    except Refusal as refused:
        status, errors = refusal_of(request, refused, otherwise="code")
        if isinstance(refused, Invalid) and refused.field == "code":
            errors["code"] = told(request, "编号为 3 到 40 个大写字母、数字或连字符，不含姓名。")
        elif isinstance(refused, filming.ConsentBad) and not refused.detail:
            errors["signed_on"] = told(request, "签署日期不能在将来，也不能在三十年前。")
        return await _list(request, reader, form, errors, status=status)
    return redirect(request, "/admin/filming", flash="已登记 %(code)s。", code=row.code)


@blueprint.post("/<consent_id:int>/withdraw")
@page(roles=CONSENT_KEEPERS)
async def withdraw(request: HouseRequest, reader: StaffReader, consent_id: int) -> HTTPResponse:
    row = await filming.withdraw(
        consent_id=consent_id, staff_id=reader.staff_id, at=clock.now(), request_id=request.request_id
    )
    return redirect(request, "/admin/filming", flash="%(code)s 已撤回，相关视频已下线。", code=row.code)


async def _list(
    request: Request, reader: StaffReader, form: Form, errors: dict[str, str], *, status: int = 200
) -> HTTPResponse:
    return render(
        request,
        "admin/filming/list.html",
        status=status,
        rows=await filming.listing(),
        form=form,
        errors=errors,
        may_keep=bool(reader.roles & CONSENT_KEEPERS),
        today=clock.day_of(clock.now()),
        **words(),
    )
