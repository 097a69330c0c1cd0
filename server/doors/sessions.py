"""Signing in and out, the same doors on both portals.

The rule: a portal knows only the accounts of its audience. Signing in and refreshing look at no token, so that a client
may send an old one along.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct
from sanic import Blueprint, HTTPResponse, Request

from cdp import accounts, demo, mini_programs, sessions
from cdp.demo import DemoUser, DemoUserMissing
from cdp.mini_programs import AppUnknown
from cdp.sessions import RefreshExpired, RefreshInvalid, RefreshReused, SessionEnded, TokenPair
from cdp.wechat_answers import REFUSALS as WECHAT_REFUSALS
from server.core import clock, limits
from server.core.limits import TooOften
from server.core.roles import Audience, Reader
from server.doors.portal import NO_STORE, NoDemo, people_of
from server.web.operation import operation
from server.web.replies import Done, reply

AppId = Annotated[str, Meta(min_length=1, max_length=40, examples=["wx0000000000d0c701"])]
Code = Annotated[str, Meta(min_length=1, max_length=512, description="As WeChat gave it; it works once.")]


class SignIn(Struct, frozen=True):
    """A mini-program and the code of ``wx.login``."""

    app_id: AppId
    code: Code


class Renewal(Struct, frozen=True):
    """The refresh token of the last pair."""

    refresh_token: Annotated[str, Meta(min_length=1, max_length=128)]


class DemoSignIn(Struct, frozen=True):
    """A person whom the stand-in plays."""

    user: Annotated[str, Meta(min_length=1, max_length=64, examples=["doctor-chen"])]
    app_id: Annotated[str, Meta(max_length=40, description="Empty for the first mini-program of this portal.")] = ""


class DemoUsers(Struct, frozen=True):
    """The people whom the stand-in plays."""

    users: list[DemoUser]


class Session(Struct, frozen=True):
    """What requests are signed with: ``Authorization: Bearer <access_token>``. Times are instants."""

    access_token: str
    access_expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime
    account_id: int
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 -- the name of a scheme


def add_to(doors: Blueprint, audience: Audience) -> None:
    """Add the doors to those of a portal."""

    @doors.post("/sessions")
    @operation(
        "Sign in with a code of wx.login",
        body=SignIn,
        reply=Session,
        public=True,
        refuses=(AppUnknown, *WECHAT_REFUSALS, TooOften),
        description="The first time makes an account. Safe twice at once, each time with a code of its own.",
        tags=("people",),
    )
    async def sign_in(request: Request, body: SignIn) -> HTTPResponse:
        await _count(request, "sign-in")
        return await _signed_in(request, audience, body.app_id, body.code)

    @doors.post("/sessions/refresh")
    @operation(
        "Exchange a refresh token for a new pair",
        body=Renewal,
        reply=Session,
        public=True,
        refuses=(RefreshInvalid, RefreshExpired, SessionEnded, RefreshReused, TooOften),
        description="A refresh token works once; twice within ten seconds gives the same successor, later use ends the "
        "session. On 401 sign in again.",
        tags=("people",),
    )
    async def refresh(request: Request, body: Renewal) -> HTTPResponse:
        ctx = request.app.ctx
        await _count(request, "refresh")
        pair = await sessions.refresh(
            issuer=ctx.issuer,
            changes=ctx.changes,
            refresh_token=body.refresh_token,
            audience=audience,
            at=clock.now(),
        )
        return reply(_session(pair), headers=NO_STORE)

    @doors.delete("/sessions/current")
    @operation("Sign out", reply=Done, roles=people_of(audience), tags=("people",))
    async def sign_out(request: Request, reader: Reader) -> Done:
        await sessions.end(
            changes=request.app.ctx.changes,
            account_id=reader.account_id,
            session_id=reader.session_id,
            at=clock.now(),
        )
        return Done()

    @doors.get("/sessions/demo")
    @operation(
        "List the people whom the WeChat stand-in plays; only for trying",
        reply=DemoUsers,
        public=True,
        refuses=(NoDemo,),
        tags=("demo",),
    )
    async def demo_users(request: Request) -> DemoUsers:
        return DemoUsers(await demo.users(base_url=_stand_in(request)))

    @doors.post("/sessions/demo")
    @operation(
        "Sign in as one of them; only for trying",
        body=DemoSignIn,
        reply=Session,
        public=True,
        refuses=(NoDemo, DemoUserMissing, AppUnknown, *WECHAT_REFUSALS, TooOften),
        tags=("demo",),
    )
    async def demo_sign_in(request: Request, body: DemoSignIn) -> HTTPResponse:
        base_url = _stand_in(request)
        app_id = body.app_id or await mini_programs.first(audience=audience)
        await _count(request, "sign-in")
        code = await demo.login_code(base_url=base_url, app_id=app_id, user=body.user)
        return await _signed_in(request, audience, app_id, code)


async def _count(request: Request, what: str) -> None:
    """Count a try to sign in from where the request comes from."""
    ctx = request.app.ctx
    await limits.spend(
        ctx.redis,
        name=what,
        whose=limits.place_of(request.client_ip),
        most=ctx.settings.sign_ins_a_minute,
        within_s=60,
    )


async def _signed_in(request: Request, audience: Audience, app_id: str, code: str) -> HTTPResponse:
    ctx = request.app.ctx
    pair = await accounts.sign_in(
        issuer=ctx.issuer, wechat=ctx.wechat, app_id=app_id, audience=audience, code=code, at=clock.now()
    )
    return reply(_session(pair), headers=NO_STORE)


def _stand_in(request: Request) -> str:
    settings = request.app.ctx.settings
    if not settings.demo or settings.production:
        raise NoDemo()
    return str(settings.wechat_url)


def _session(pair: TokenPair) -> Session:
    return Session(
        access_token=pair.access_token,
        access_expires_at=pair.access_expires_at,
        refresh_token=pair.refresh_token,
        refresh_expires_at=pair.refresh_expires_at,
        account_id=pair.account_id,
    )
