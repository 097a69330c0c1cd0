"""Signing in, consent, one's own data: the same doors for doctors and for patients, each on their own portal.

The rule: a portal knows only the accounts of its audience. Signing in and refreshing look at no token, so that a client
may send an old one along. What names a person is answered with ``Cache-Control: no-store``.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from sanic import Blueprint, HTTPResponse, Request

from cdp import accounts, consent, demo, erasure, mini_programs, phones, sessions
from cdp.accounts import AccountGone
from cdp.consent import ConsentNeeded, Purpose, PurposeMissing, TextOutdated, Word
from cdp.demo import DemoUser, DemoUserMissing
from cdp.mini_programs import AppUnknown
from cdp.phones import PhoneInvalid
from cdp.sessions import RefreshExpired, RefreshInvalid, RefreshReused, SessionEnded, TokenPair
from cdp.wechat_answers import REFUSALS as WECHAT_REFUSALS
from cdp.wechat_answers import CodeInvalid, CodeUsed, WeChatBusy, WeChatFailed, WeChatQuota
from server.core import clock, limits
from server.core.errors import Missing
from server.core.limits import TooOften
from server.core.roles import DOCTORS, PATIENTS, Audience, Reader, Role
from server.web.operation import operation
from server.web.replies import Done, reply

PHONES_TRIED = 5
PHONES_WITHIN_S = 600
NO_STORE = {"cache-control": "no-store"}

AppId = Annotated[str, Meta(min_length=1, max_length=40, examples=["wx0000000000d0c701"])]
Code = Annotated[str, Meta(min_length=1, max_length=512, description="As WeChat gave it; it works once.")]


class NoDemo(Missing):
    """There are no demo sign-ins here."""

    code = "missing"
    title = "没有找到"


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


class PhoneCode(Struct, frozen=True):
    """The code of the phone-number button, which is not that of ``wx.login``."""

    code: Code


class ConsentWord(Struct, frozen=True):
    """A word given or taken back. The version is that of the text that was shown; to take back, none is needed."""

    purpose: Purpose
    granted: bool
    version: Annotated[str, Meta(max_length=16, examples=["2026-11-22"])] = ""


class PhoneView(Struct, frozen=True):
    """A number as it may be shown."""

    masked: Annotated[str, Meta(examples=["138****8001"])]
    bound_at: datetime


class Me(Struct, frozen=True):
    """The account that is signed in. While ``consent_needed``, nothing but the sign-in is stored of it."""

    account_id: int
    audience: Audience
    app_id: str
    created_at: datetime
    phone: PhoneView | None
    consent_needed: bool
    consent_version: str
    purposes: list[str]


class Session(Struct, frozen=True):
    """What requests are signed with: ``Authorization: Bearer <access_token>``. Times are instants."""

    access_token: str
    access_expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime
    account_id: int
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 -- the name of a scheme


class ConsentView(Struct, frozen=True):
    """A purpose, its present text, and where the account stands with it.

    ``agreed_version`` is what was agreed to, empty for nothing; ``must_ask`` is set where the text has changed so much
    since then that it has to be asked again.
    """

    purpose: Purpose
    required: bool
    title: str
    body: str
    version: str
    language: str
    published_at: datetime
    granted: bool
    agreed_version: str
    must_ask: bool
    decided_at: datetime | None


class Consents(Struct, frozen=True):
    """All purposes that there are texts for."""

    items: list[ConsentView]


class Language(Struct, frozen=True):
    """The language of the texts; where there is none in it, Chinese."""

    language: Annotated[str, Meta(min_length=2, max_length=8, examples=["zh-CN", "en"])] = consent.LANGUAGE


class ErasureReceipt(Struct, frozen=True):
    """What one part of the house erased, and what it has to keep, without a name, and why."""

    room: str
    erased: int
    kept: int
    why_kept: str


class Erased(Struct, frozen=True):
    """The proof of an erasure."""

    erasure_id: str
    accounts: int
    done_at: datetime
    receipts: list[ErasureReceipt]


def blueprint(audience: Audience) -> Blueprint:
    """Make the doors of a portal."""
    doors = Blueprint(f"people_{audience}", url_prefix=f"/api/{audience}")
    _sign_in_doors(doors, audience)
    _me_doors(doors, audience)
    _consent_doors(doors, audience)
    return doors


def _sign_in_doors(doors: Blueprint, audience: Audience) -> None:
    roles = _roles(audience)

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
    @operation("Sign out", reply=Done, roles=roles, tags=("people",))
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


def _me_doors(doors: Blueprint, audience: Audience) -> None:
    roles = _roles(audience)

    @doors.get("/me")
    @operation("My account", reply=Me, roles=roles, refuses=(AccountGone,), tags=("people",))
    async def me(request: Request, reader: Reader) -> HTTPResponse:
        account = await accounts.account(account_id=reader.account_id)
        version, purposes = await consent.purposes_of(account_id=reader.account_id)
        phone = await phones.bound(sealer=request.app.ctx.sealer, account_id=reader.account_id)
        view = Me(
            account_id=account.id,
            audience=account.audience,
            app_id=account.app_id,
            created_at=account.created_at,
            phone=PhoneView(phone.masked, phone.bound_at) if phone else None,
            consent_needed=consent.SERVICE not in purposes,
            consent_version=version,
            purposes=sorted(purposes),
        )
        return reply(view, headers=NO_STORE)

    @doors.get("/me/export")
    @operation(
        "Everything that is known of me",
        reply=dict[str, Any],
        roles=roles,
        refuses=(AccountGone,),
        description="Of all accounts of this person on this portal: what each part of the house holds, by its name.",
        tags=("people",),
    )
    async def export(request: Request, reader: Reader) -> HTTPResponse:
        told = await erasure.export(sealer=request.app.ctx.sealer, account_id=reader.account_id, at=clock.now())
        name = 'attachment; filename="xinglin-export.json"'
        return reply(told, headers={**NO_STORE, "content-disposition": name})

    @doors.delete("/me")
    @operation(
        "Erase me, for good",
        reply=Erased,
        roles=roles,
        refuses=(AccountGone,),
        description="All accounts of this person on this portal: their keys are destroyed and their sessions end. "
        "Whoever signs in again begins anew.",
        tags=("people",),
    )
    async def erase(request: Request, reader: Reader) -> HTTPResponse:
        ctx = request.app.ctx
        done = await erasure.erase(
            sealer=ctx.sealer,
            changes=ctx.changes,
            account_id=reader.account_id,
            asked_by=accounts.owner(reader.account_id),
            at=clock.now(),
        )
        receipts = [ErasureReceipt(one.room, one.erased, one.kept, one.why_kept) for one in done.receipts]
        return reply(Erased(str(done.id), len(done.account_ids), done.done_at, receipts), headers=NO_STORE)

    @doors.put("/me/phone")
    @operation(
        "Bind my phone number",
        body=PhoneCode,
        reply=PhoneView,
        roles=roles,
        refuses=(
            ConsentNeeded,
            AppUnknown,
            CodeInvalid,
            CodeUsed,
            PhoneInvalid,
            WeChatQuota,
            WeChatBusy,
            WeChatFailed,
            TooOften,
            AccountGone,
        ),
        tags=("people",),
    )
    async def bind_phone(request: Request, reader: Reader, body: PhoneCode) -> HTTPResponse:
        ctx = request.app.ctx
        # Each try costs the mini-program a part of its paid allowance.
        await limits.spend(
            ctx.redis, name="phone", whose=str(reader.account_id), most=PHONES_TRIED, within_s=PHONES_WITHIN_S
        )
        bound = await phones.bind(
            sealer=ctx.sealer, wechat=ctx.wechat, account_id=reader.account_id, code=body.code, at=clock.now()
        )
        return reply(PhoneView(bound.masked, bound.bound_at), headers=NO_STORE)

    @doors.delete("/me/phone")
    @operation("Forget my phone number", reply=Done, roles=roles, refuses=(AccountGone,), tags=("people",))
    async def unbind_phone(request: Request, reader: Reader) -> Done:
        await phones.unbind(account_id=reader.account_id, at=clock.now())
        return Done()


def _consent_doors(doors: Blueprint, audience: Audience) -> None:
    roles = _roles(audience)

    @doors.get("/consents")
    @operation(
        "What I may agree to, and where I stand",
        query=Language,
        reply=Consents,
        roles=roles | {Role.GUEST},
        description="Guests may read the texts too.",
        tags=("people",),
    )
    async def consents(request: Request, reader: Reader, query: Language) -> HTTPResponse:
        return await _consents(reader.account_id, audience, query.language)

    @doors.post("/consents")
    @operation(
        "Agree to a purpose, or take that back",
        body=ConsentWord,
        reply=Consents,
        roles=roles,
        refuses=(PurposeMissing, TextOutdated, ConsentNeeded),
        description="The purpose `service` comes first and cannot be missing; taking it back takes back all others. "
        "What is taken back has no effect any more from then on.",
        tags=("people",),
    )
    async def say(request: Request, reader: Reader, body: ConsentWord) -> HTTPResponse:
        if body.granted:
            await consent.grant(
                account_id=reader.account_id, purpose=body.purpose, version=body.version, at=clock.now()
            )
        else:
            await consent.withdraw(account_id=reader.account_id, purpose=body.purpose, at=clock.now())
        await request.app.ctx.changes.publish(f"account:{reader.account_id}")
        return await _consents(reader.account_id, audience, consent.LANGUAGE)


def _roles(audience: Audience) -> frozenset[Role]:
    return DOCTORS if audience is Audience.DOCTOR else PATIENTS


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


async def _consents(account_id: int, audience: Audience, language: str) -> HTTPResponse:
    words = await consent.words(account_id=account_id, audience=audience, language=language)
    return reply(Consents([_consent_view(word) for word in words]), headers=NO_STORE)


def _consent_view(word: Word) -> ConsentView:
    return ConsentView(
        purpose=word.text.purpose,
        required=word.text.purpose == consent.SERVICE,
        title=word.text.title,
        body=word.text.body,
        version=word.text.version,
        language=word.text.language,
        published_at=word.text.published_at,
        granted=word.granted,
        agreed_version=word.version,
        must_ask=word.outdated,
        decided_at=word.at,
    )


def _session(pair: TokenPair) -> Session:
    return Session(
        access_token=pair.access_token,
        access_expires_at=pair.access_expires_at,
        refresh_token=pair.refresh_token,
        refresh_expires_at=pair.refresh_expires_at,
        account_id=pair.account_id,
    )
