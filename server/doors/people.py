"""One's own data, the same doors on both portals: the account, the phone number, the export and the erasure.

The rule: a portal knows only the accounts of its audience. What names a person is answered with ``Cache-Control:
no-store``.
"""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct
from sanic import Blueprint, HTTPResponse, Request

from cdp import accounts, consent, erasure, phones
from cdp.accounts import AccountGone
from cdp.consent import ConsentNeeded
from cdp.mini_programs import AppUnknown
from cdp.phones import PhoneInvalid
from cdp.wechat_answers import CodeInvalid, CodeUsed, WeChatBusy, WeChatFailed, WeChatQuota
from server.core import clock, limits
from server.core.limits import TooOften
from server.core.roles import Audience, Reader
from server.doors import consents, sessions
from server.doors.portal import NO_STORE, people_of
from server.doors.sessions import Code
from server.web.operation import operation
from server.web.replies import Done, reply

PHONES_TRIED = 5
PHONES_WITHIN_S = 600


class PhoneCode(Struct, frozen=True):
    """The code of the phone-number button, which is not that of ``wx.login``."""

    code: Code


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
    """Make the doors of a portal: signing in, consent and one's own data."""
    doors = Blueprint(f"people_{audience}", url_prefix=f"/api/{audience}")
    sessions.add_to(doors, audience)
    consents.add_to(doors, audience)
    _add_own(doors, audience)
    return doors


def _add_own(doors: Blueprint, audience: Audience) -> None:
    roles = people_of(audience)

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
