"""Signing in and out, and the language: the pages that are there before anybody is known."""

from sanic import Blueprint, HTTPResponse, Request

from server.core import clock, staff_account, staff_sessions, staff_totp
from server.core.errors import Refusal, TooMany
from server.core.staff_sessions import StaffReader
from server.web.forms import form_of
from server.web.languages import COOKIE, LANGUAGES
from server.web.pages import SIGN_IN, local_address, open_page, page, redirect, refusal_of, render
from server.web.staff import address_of, forget, is_secure, remember, rules_of

blueprint = Blueprint("admin_sign_in", url_prefix="/admin")
EVERY_STATE = frozenset({"", "code", "password", "totp"})


@blueprint.get("/sign-in")
@open_page
async def sign_in_form(request: Request) -> HTTPResponse:
    staff: StaffReader | None = request.ctx.staff
    further = local_address(request.args.get("next"))
    if staff is not None:
        return redirect(request, further)
    return render(request, "admin/sign_in.html", email="", further=further, refused="")


@blueprint.post("/sign-in")
@open_page
async def sign_in(request: Request) -> HTTPResponse:
    form = form_of(request, most_bytes=16_384)
    further = local_address(form.secret("next"))
    try:
        signed_in = await staff_sessions.sign_in(
            email=form.secret("email"),
            password=form.secret("password"),
            address=address_of(request),
            agent=request.headers.get("user-agent", ""),
            at=clock.now(),
            rules=rules_of(request),
        )
    except Refusal as refused:
        status, sentences = refusal_of(request, refused)
        response = render(
            request,
            "admin/sign_in.html",
            status=status,
            email=form.secret("email")[:200],
            further=further,
            refused=next(iter(sentences.values())),
        )
        if isinstance(refused, TooMany):
            response.headers["retry-after"] = str(refused.retry_after_s)
        return response
    return remember(request, redirect(request, further), signed_in)


@blueprint.get("/sign-in/code")
@page(todo=frozenset({"code"}), framed=True)
async def code_form(request: Request, reader: StaffReader) -> HTTPResponse:
    return render(request, "admin/code.html", further=local_address(request.args.get("next")), errors={})


@blueprint.post("/sign-in/code")
@page(todo=frozenset({"code"}), framed=True)
async def give_code(request: Request, reader: StaffReader) -> HTTPResponse:
    form = form_of(request)
    further = local_address(form.secret("next"))
    try:
        signed_in = await staff_totp.give_code(
            staff_id=reader.staff_id,
            code=form.text("code"),
            session=reader.session,
            sealer=request.app.ctx.sealer,
            at=clock.now(),
            rules=rules_of(request),
        )
    except Refusal as refused:
        status, errors = refusal_of(request, refused, otherwise="code")
        return render(request, "admin/code.html", status=status, further=further, errors=errors)
    return remember(request, redirect(request, further), signed_in)


@blueprint.get("/signed-in")
@page(framed=True)
async def signed_in(request: Request, reader: StaffReader) -> HTTPResponse:
    """Tell the page that shows this one in a frame that it may go on, and with which token."""
    return render(request, "admin/signed_in.html")


@blueprint.post("/sign-out")
@page(todo=EVERY_STATE)
async def sign_out(request: Request, reader: StaffReader) -> HTTPResponse:
    await staff_sessions.sign_out(session=reader.session, at=clock.now())
    return forget(request, redirect(request, SIGN_IN, flash="您已退出登录。"))


@blueprint.post("/language")
@open_page
async def choose_language(request: Request) -> HTTPResponse:
    form = form_of(request)
    language, further = form.text("language"), local_address(form.secret("next"))
    staff: StaffReader | None = request.ctx.staff
    if language not in LANGUAGES:
        return redirect(request, further)
    if staff is not None:
        await staff_account.choose_language(staff_id=staff.staff_id, language=language, at=clock.now())
    response = redirect(request, further)
    response.add_cookie(
        COOKIE, language, path="/", samesite="Lax", secure=is_secure(request), httponly=True, max_age=365 * 86_400
    )
    return response
