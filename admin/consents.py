"""The texts of consent: what was published, how many have agreed to it, and publishing the next one, for good."""

from typing import Final

from sanic import Blueprint, HTTPResponse, Request

from admin.menu import CONSENT_PUBLISHERS, CONSENT_READERS
from admin.words import AUDIENCES
from cdp import consent
from cdp.consent import PURPOSES as KNOWN
from server.core import clock
from server.core.errors import Refusal
from server.core.roles import Audience
from server.core.staff_sessions import StaffReader
from server.core.wire import BadField
from server.web.forms import Form, form_of
from server.web.languages import marked
from server.web.pages import page, redirect, refusal_of, render
from server.web.request import HouseRequest

blueprint = Blueprint("admin_consents", url_prefix="/admin/consents")
LIST = "/admin/consents"
# The languages that a text may be in; Chinese is what others fall back to.
TEXT_LANGUAGES: Final = {"zh-CN": "简体中文", "en": "English"}
PURPOSES: Final = {
    "service": marked("服务"),
    "analytics": marked("使用情况分析"),
    "marketing": marked("内容与活动推荐"),
    "health": marked("健康信息"),
    "verification": marked("专业人士认证"),
}


@blueprint.get("/")
@page(roles=CONSENT_READERS)
async def listing(request: Request, reader: StaffReader) -> HTTPResponse:
    return await _list(request, reader, Form([]), {})


@blueprint.post("/")
@page(roles=CONSENT_PUBLISHERS)
async def publish(request: HouseRequest, reader: StaffReader) -> HTTPResponse:
    form = form_of(request)
    try:
        purpose = next((one for one in KNOWN if one == form.text("purpose")), None)
        if form.text("audience") not in set(Audience):
            raise BadField("请选择受众。", field="audience")
        if purpose is None:
            raise BadField("请选择用途。", field="purpose")
        if form.text("language") not in TEXT_LANGUAGES:
            raise BadField("请选择语言。", field="language")
        await consent.publish_text(
            audience=Audience(form.text("audience")),
            purpose=purpose,
            version=form.text("version", most=16),
            language=form.text("language"),
            title=form.text("title", most=1000),
            body=form.text("body", most=2 * consent.LONGEST_BODY),
            material=form.is_on("material"),
            actor=reader.actor,
            at=clock.now(),
            request_id=request.request_id,
        )
    except Refusal as refused:
        status, errors = refusal_of(request, refused, otherwise="version")
        return await _list(request, reader, form, errors, status=status)
    # A material text ends what was agreed to before it; nobody's word is to be kept any longer.
    await request.app.ctx.changes.publish("account:*")
    return redirect(request, LIST, flash="已发布。内容不能再修改。")


async def _list(
    request: Request, reader: StaffReader, form: Form, errors: dict[str, str], *, status: int = 200
) -> HTTPResponse:
    return render(
        request,
        "admin/consents.html",
        status=status,
        rows=await consent.published(),
        form=form,
        errors=errors,
        may_publish=bool(reader.roles & CONSENT_PUBLISHERS),
        today=clock.day_of(clock.now()),
        text_languages=TEXT_LANGUAGES,
        purposes=PURPOSES,
        audience_names={code: AUDIENCES[code] for code in Audience},
        longest=consent.LONGEST_BODY,
    )
