"""Who works at an admin page: from a cookie to a `StaffReader`, and back.

The rule: the cookie is out of reach of scripts, goes to no other site, and under https carries the prefix ``__Host-``,
so that no other host can set it.
"""

from typing import Any

from sanic import HTTPResponse, Request

from server.core import clock
from server.core.roles import Role
from server.core.staff_sessions import SessionOver, SignedIn, StaffReader, StaffRules, standing
from server.web.auth import NotSignedIn, WrongRole

COOKIE = "xinglin_staff"


class SomethingFirst(NotSignedIn):
    """The person has to give a code, change the password or set up a second factor before anything else."""

    code = "something_first"
    title = "请先完成登录"


def rules_of(request: Request) -> StaffRules:
    """Give what the settings say about signing in."""
    ctx: Any = request.app.ctx
    if not hasattr(ctx, "staff_rules"):
        ctx.staff_rules = StaffRules.of(ctx.settings)
    rules: StaffRules = ctx.staff_rules
    return rules


async def staff_of(request: Request) -> StaffReader | None:
    """Tell who shows this cookie; None for nobody. It is asked once a request."""
    if not hasattr(request.ctx, "staff"):
        request.ctx.staff = None
        token = request.cookies.get(_name(request))
        if token:
            try:
                request.ctx.staff = await standing(token=token[:200], at=clock.now(), rules=rules_of(request))
            except SessionOver:
                request.ctx.session_over = True
    found: StaffReader | None = request.ctx.staff
    return found


async def admitted(request: Request, *, roles: frozenset[Role], todo: frozenset[str]) -> StaffReader:
    """Let a member of staff through a door.

    :raises NotSignedIn: if there is no session, or it has ended.
    :raises SomethingFirst: if something else has to come before this page.
    :raises WrongRole: if the page is not for any of their roles.
    """
    staff = await staff_of(request)
    if staff is None:
        raise SessionOver() if getattr(request.ctx, "session_over", False) else NotSignedIn()
    if staff.todo not in todo:
        raise SomethingFirst()
    if not staff.roles & roles:
        raise WrongRole()
    return staff


def remember(request: Request, response: HTTPResponse, signed_in: SignedIn) -> HTTPResponse:
    """Let the browser keep the cookie of a session until it is closed."""
    secure = is_secure(request)
    response.add_cookie(
        COOKIE, signed_in.token, path="/", httponly=True, samesite="Lax", secure=secure, host_prefix=secure
    )
    return response


def forget(request: Request, response: HTTPResponse) -> HTTPResponse:
    """Let the browser throw the cookie away."""
    secure = is_secure(request)
    response.add_cookie(
        COOKIE, "", path="/", httponly=True, samesite="Lax", secure=secure, host_prefix=secure, max_age=0
    )
    return response


def is_secure(request: Request) -> bool:
    """Tell whether readers reach the house under https."""
    origin: str = request.app.ctx.settings.origin
    return origin.startswith("https://")


def address_of(request: Request) -> str:
    """Give the network address that a request comes from, behind as many proxies as the server is told of."""
    return str(request.client_ip or "")[:45]


def _name(request: Request) -> str:
    return f"__Host-{COOKIE}" if is_secure(request) else COOKIE
