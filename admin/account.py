"""One's own account: password, second factor, where one is signed in."""

import io

import segno
from sanic import Blueprint, HTTPResponse, Request

from admin.words import ROLES
from server.core import clock, staff_account, staff_sessions, staff_totp
from server.core.errors import Refusal
from server.core.staff_sessions import StaffReader
from server.web.forms import form_of
from server.web.pages import page, redirect, refusal_of, render
from server.web.staff import remember, rules_of

blueprint = Blueprint("admin_account", url_prefix="/admin/account")
# These pages are also for who has to change the password or set up the second factor before anything else.
BEFORE = frozenset({"", "password", "totp"})


@blueprint.get("/")
@page()
async def account(request: Request, reader: StaffReader) -> HTTPResponse:
    sessions = await staff_sessions.open_sessions(
        staff_id=reader.staff_id, session=reader.session, at=clock.now(), rules=rules_of(request)
    )
    return render(request, "admin/account/account.html", sessions=sessions, device_of=device_of, role_names=ROLES)


@blueprint.post("/sessions/end")
@page()
async def sign_out_others(request: Request, reader: StaffReader) -> HTTPResponse:
    await staff_sessions.sign_out_others(staff_id=reader.staff_id, session=reader.session, at=clock.now())
    return redirect(request, "/admin/account", flash="其他设备已全部退出。")


@blueprint.get("/password")
@page(todo=frozenset({"", "password"}))
async def password_form(request: Request, reader: StaffReader) -> HTTPResponse:
    return render(request, "admin/account/password.html", errors={})


@blueprint.post("/password")
@page(todo=frozenset({"", "password"}))
async def change_password(request: Request, reader: StaffReader) -> HTTPResponse:
    form = form_of(request)
    if form.secret("password") != form.secret("again"):
        return render(request, "admin/account/password.html", status=422, errors={"again": "两次输入的密码不一致。"})
    try:
        renewed = await staff_account.change_password(
            staff_id=reader.staff_id,
            current=form.secret("current"),
            password=form.secret("password"),
            session=reader.session,
            at=clock.now(),
            rules=rules_of(request),
        )
    except Refusal as refused:
        status, errors = refusal_of(request, refused, otherwise="current")
        return render(request, "admin/account/password.html", status=status, errors=errors)
    return remember(request, redirect(request, "/admin/account", flash="密码已修改，其他设备已退出。"), renewed)


@blueprint.get("/totp")
@page(todo=BEFORE)
async def totp_form(request: Request, reader: StaffReader) -> HTTPResponse:
    return render(request, "admin/account/totp.html", secret="", errors={})


@blueprint.post("/totp/begin")
@page(todo=BEFORE)
async def begin_totp(request: Request, reader: StaffReader) -> HTTPResponse:
    return render(request, "admin/account/totp.html", secret=await _secret(request, reader), errors={})


@blueprint.get("/totp.svg")
@page(todo=BEFORE)
async def totp_picture(request: Request, reader: StaffReader) -> HTTPResponse:
    begun = await staff_totp.begin(staff_id=reader.staff_id, sealer=request.app.ctx.sealer, at=clock.now())
    drawn = io.BytesIO()
    segno.make(begun.address, error="m").save(drawn, kind="svg", scale=5, border=3, dark="#12312f", light="#ffffff")
    return HTTPResponse(drawn.getvalue(), content_type="image/svg+xml")


@blueprint.post("/totp")
@page(todo=BEFORE)
async def confirm_totp(request: Request, reader: StaffReader) -> HTTPResponse:
    try:
        renewed = await staff_totp.confirm(
            staff_id=reader.staff_id,
            code=form_of(request).text("code"),
            session=reader.session,
            sealer=request.app.ctx.sealer,
            at=clock.now(),
            rules=rules_of(request),
        )
    except staff_totp.CodeWrong as refused:
        status, errors = refusal_of(request, refused)
        secret = await _secret(request, reader)
        return render(request, "admin/account/totp.html", status=status, secret=secret, errors=errors)
    return remember(request, redirect(request, "/admin/account", flash="两步验证已启用。"), renewed)


@blueprint.post("/totp/remove")
@page()
async def remove_totp(request: Request, reader: StaffReader) -> HTTPResponse:
    try:
        await staff_totp.remove(
            staff_id=reader.staff_id,
            password=form_of(request).secret("current"),
            session=reader.session,
            at=clock.now(),
            rules=rules_of(request),
        )
    except Refusal as refused:
        status, errors = refusal_of(request, refused, otherwise="current")
        return render(request, "admin/account/totp.html", status=status, secret="", errors=errors)
    return redirect(request, "/admin/account", flash="两步验证已关闭。")


async def _secret(request: Request, reader: StaffReader) -> str:
    """Give the secret to type where no picture can be read, in groups of four."""
    begun = await staff_totp.begin(staff_id=reader.staff_id, sealer=request.app.ctx.sealer, at=clock.now())
    return " ".join(begun.secret[place : place + 4] for place in range(0, len(begun.secret), 4))


_BROWSERS = (
    ("MicroMessenger", "WeChat"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("Android", "Android"),
    ("Linux", "Linux"),
)


def device_of(agent: str) -> str:
    """Name a browser and its system as people do, or as it names itself where it is none that is known."""
    named = [next((name for sign, name in known if sign in agent), "") for known in (_BROWSERS, _SYSTEMS)]
    return " · ".join(filter(None, named)) or agent[:60]
