"""Pages: doors that answer with HTML, for staff and for whoever comes to sign in.

The rule: a page names the roles that it is for; it carries a strict content security policy (no script or style but our
own files), is kept by no cache, and changes nothing without the token of the session. What is refused is drawn as a
page too, as a fragment for htmx, or stays a problem document for our own scripts.
"""

import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import quote

import msgspec
from sanic import HTTPResponse, Request

from server.core.errors import Anonymous, Refusal, TooMany
from server.core.roles import STAFF, Role
from server.web import forms
from server.web.languages import language_of, told
from server.web.operation import check_path
from server.web.refusals import Problem, status_of
from server.web.staff import SomethingFirst, admitted, is_secure, staff_of
from server.web.templates import Templates

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; media-src 'self' blob: https:; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "manifest-src 'self'; frame-ancestors {ancestors}"
)
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FLASH = "xinglin_flash"
BROWSER = "xinglin_browser"
SIGN_IN = "/admin/sign-in"
FIRST = {"code": "/admin/sign-in/code", "password": "/admin/account/password", "totp": "/admin/account/totp"}
_LOCAL = re.compile(r"/(?:admin|h5)(?:/[A-Za-z0-9._~-]+)*/?(?:\?[A-Za-z0-9._~&=%+:-]*)?")

Door = Callable[..., Awaitable[HTTPResponse]]


@dataclass(frozen=True, slots=True)
class Page:
    """What a page declares about itself; ``roles`` are empty where everybody may come."""

    roles: frozenset[Role]


def page(
    *, roles: frozenset[Role] = STAFF, todo: frozenset[str] = frozenset({""}), framed: bool = False
) -> Callable[[Door], Door]:
    """Declare a page for staff; the handler gets the request, the ``reader`` and the path's values.

    :param roles: any of these may come in.
    :param todo: with which things left to do first (`StaffReader.todo`) one may come in.
    :param framed: whether other pages of ours may show it in a frame.
    """

    def declare(door: Door) -> Door:
        @wraps(door)
        async def answer(request: Request, **path: Any) -> HTTPResponse:
            check_path(path)
            staff = await admitted(request, roles=roles, todo=todo)
            if request.method not in SAFE:
                forms.check_origin(request)
                forms.check_csrf(request, staff.csrf)
            return guarded(request, await door(request, reader=staff, **path), framed=framed)

        answer.page = Page(roles)  # type: ignore[attr-defined]  # read by the tests of roles
        return answer

    return declare


def open_page(door: Door) -> Door:
    """Declare a page for everybody, as the one for signing in; our own pages may show it in a frame."""

    @wraps(door)
    async def answer(request: Request, **path: Any) -> HTTPResponse:
        check_path(path)
        await staff_of(request)
        if request.method not in SAFE:
            forms.check_origin(request)
            forms.check_csrf(request, csrf_of(request))
        response = guarded(request, await door(request, **path), framed=True)
        if getattr(request.ctx, "browser_is_new", False):
            secure = is_secure(request)
            response.add_cookie(
                BROWSER, request.ctx.browser, path="/", httponly=True, samesite="Lax", secure=secure, host_prefix=secure
            )
        return response

    answer.page = Page(frozenset())  # type: ignore[attr-defined]  # read by the tests of roles
    return answer


def guarded(request: Request, response: HTTPResponse, *, framed: bool = False) -> HTTPResponse:
    """Add the headers that keep a page to itself; ``framed`` lets our own pages show it in a frame."""
    headers = response.headers
    headers.setdefault("content-security-policy", POLICY.format(ancestors="'self'" if framed else "'none'"))
    headers.setdefault("x-content-type-options", "nosniff")
    headers.setdefault("x-frame-options", "SAMEORIGIN" if framed else "DENY")
    headers.setdefault("referrer-policy", "same-origin")
    headers.setdefault("cross-origin-opener-policy", "same-origin")
    headers.setdefault("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=()")
    headers.setdefault("cache-control", "no-store")
    if is_secure(request):
        headers.setdefault("strict-transport-security", "max-age=31536000; includeSubDomains")
    return response


def render(request: Request, template: str, /, *, status: int = 200, **values: Any) -> HTTPResponse:
    """Draw a template: a whole page, or a part of one for htmx. A whole page shows what was flashed before."""
    templates: Templates = request.app.ctx.templates
    staff = getattr(request.ctx, "staff", None)
    whole = not is_part(request)
    said = forms.unpacked(request, FLASH, request.cookies.get(FLASH)) if whole else None
    html = templates.render(
        template,
        language=language_of(request),
        request=request,
        staff=staff,
        csrf=csrf_of(request),
        flashed=[(kind, text) for kind, text in said] if isinstance(said, list) else [],
        part=not whole,
        **values,
    )
    response = HTTPResponse(html, status, content_type="text/html; charset=utf-8")
    if said is not None:
        response.add_cookie(FLASH, "", path="/", httponly=True, secure=is_secure(request), max_age=0)
    return response


def redirect(
    request: Request, address: str, *, flash: str = "", kind: str = "success", **facts: object
) -> HTTPResponse:
    """Send a browser on to a page of ours, with a sentence that this page will show."""
    if is_part(request):
        response = HTTPResponse(b"", 200, {"hx-redirect": address}, "text/html; charset=utf-8")
    else:
        response = HTTPResponse(b"", 303, {"location": address}, "text/html; charset=utf-8")
    if flash:
        text = forms.packed(request, FLASH, [[kind, told(request, flash, **facts)]])
        response.add_cookie(FLASH, text, path="/", httponly=True, samesite="Lax", secure=is_secure(request), max_age=60)
    return response


def refusal_of(request: Request, refused: Refusal, *, otherwise: str = "") -> tuple[int, dict[str, str]]:
    """Give the status of a refusal and its sentence by field, for the form to be shown again.

    :param otherwise: the field to put it at where the refusal names none.
    """
    if isinstance(refused, TooMany):
        minutes = -(-refused.retry_after_s // 60)
        sentence = told(request, "尝试次数过多，请在 %(minutes)s 分钟后再试。", minutes=minutes)
    else:
        sentence = told(request, refused.detail or refused.title)
    return status_of(type(refused)), {refused.field or otherwise: sentence}


def is_part(request: Request) -> bool:
    """Tell whether htmx asks for a part of a page."""
    return request.headers.get("hx-request") == "true" and request.headers.get("hx-request-type") != "full"


def wants_json(request: Request) -> bool:
    """Tell whether a script of ours asks, which reads problem documents."""
    accepted = request.headers.get("accept", "")
    return "application/json" in accepted and "text/html" not in accepted


def csrf_of(request: Request) -> str:
    """Give the token that a form on this page must carry: the session's, or one bound to the browser before it."""
    staff = getattr(request.ctx, "staff", None)
    if staff is not None:
        return str(staff.csrf)
    if not hasattr(request.ctx, "browser"):
        name = f"__Host-{BROWSER}" if is_secure(request) else BROWSER
        kept = request.cookies.get(name)
        request.ctx.browser_is_new = not kept
        request.ctx.browser = kept or secrets.token_urlsafe(24)
    return forms.stamp(request, "csrf", request.ctx.browser)


def local_address(text: str | None, *, otherwise: str = "/admin/") -> str:
    """Give an address to go on to if it is one of our pages, else another; nobody is sent elsewhere."""
    if text and len(text) <= 500 and _LOCAL.fullmatch(text) and "/." not in text:
        return text
    return otherwise


def drawn(request: Request, plain: HTTPResponse, fault: BaseException) -> HTTPResponse:
    """Draw a refusal as a page where a page was asked for; everything else stays the problem document it is."""
    area = request.path.split("/")[1] if request.path.count("/") else ""
    templates: Templates | None = getattr(request.app.ctx, "templates", None)
    if templates is None or area not in templates.areas:
        return plain
    plain.headers.pop("www-authenticate", None)
    if wants_json(request):
        return guarded(request, plain)
    if isinstance(fault, Anonymous) and area == "admin":
        return guarded(request, _sent_to_sign_in(request, fault))
    problem = msgspec.json.decode(plain.body or b"", type=Problem)
    name = f"{area}/refusal_part.html" if is_part(request) else f"{area}/refusal.html"
    response = render(request, name, status=plain.status, problem=problem)
    for header in ("retry-after", "allow"):
        if header in plain.headers:
            response.headers[header] = plain.headers[header]
    return guarded(request, response)


def _sent_to_sign_in(request: Request, fault: Anonymous) -> HTTPResponse:
    staff = getattr(request.ctx, "staff", None)
    further = local_address(_here(request), otherwise="")
    onward = f"?next={quote(further, safe='')}" if further not in {"", "/admin/", "/admin"} else ""
    if isinstance(fault, SomethingFirst) and staff is not None:
        # Whoever has nothing left to do, and stands at a page for those who have, goes to the start.
        return redirect(request, FIRST[staff.todo] + onward if staff.todo else "/admin/")
    response = redirect(
        request, SIGN_IN + onward, flash=fault.title if fault.code == "session_over" else "", kind="warning"
    )
    if is_part(request):
        response.status = 401
    return response


def _here(request: Request) -> str:
    """Name the page that the browser shows: the one asked for, or the one that the form or the part is of."""
    if request.method in SAFE and not is_part(request):
        return request.path + (f"?{request.query_string}" if request.query_string else "")
    shown = request.headers.get("hx-current-url") or request.headers.get("referer") or ""
    return "/" + shown.split("/", 3)[3] if shown.count("/") >= 3 else ""
