"""Accounts: an (app, openid), made at the first sign-in and the same for ever after, until it is erased.

The rule: the openid lies here sealed with the account's key, for writing to its owner, and as a keyed hash, for
finding it; the session key that WeChat gives is not kept at all. The network is asked before the transaction begins.
Whoever signs in after an erasure gets a new account that knows nothing of the old one.
"""

from datetime import datetime
from typing import Final

from msgspec import Struct

from cdp import log, mini_programs, people, sessions
from cdp.events import AccountCreated
from cdp.sessions import Issuer, SessionEnded, TokenPair
from cdp.wechat_answers import refusing
from server.core.db import connection, transaction
from server.core.keys import Sealer
from server.core.roles import Audience
from server.core.wechat import LoginSession, WeChat

OPENID: Final = "openid"
TRIES: Final = 5


class AccountGone(SessionEnded):
    """The account has been erased, or was never there."""


class Address(Struct, frozen=True):
    """Where an account is reached by messages."""

    app_id: str
    audience: Audience
    openid: str

    def __repr__(self) -> str:
        return f"Address(app_id={self.app_id!r})"


class Account(Struct, frozen=True):
    """What an account is, beside everything that people have done with it."""

    id: int
    app_id: str
    audience: Audience
    created_at: datetime


async def sign_in(
    *, issuer: Issuer, wechat: WeChat, app_id: str, audience: Audience, code: str, at: datetime
) -> TokenPair:
    """Exchange a code of ``wx.login`` for tokens; the first time makes the account.

    :raises AppUnknown: if there is no such mini-program for this audience.
    :raises CodeInvalid: if the code cannot be exchanged.
    :raises CodeUsed: if it was exchanged before.
    :raises LoginBlocked: if the platform bars the user.
    :raises WeChatQuota: if the allowance is used up.
    :raises WeChatBusy: if no verdict came from the platform.
    """
    app = await mini_programs.credentials(sealer=issuer.sealer, app_id=app_id, audience=audience)
    with refusing():
        shown = await wechat.code2session(app, code=code)
    return await admit(issuer=issuer, app_id=app_id, audience=audience, shown=shown, at=at)


async def admit(*, issuer: Issuer, app_id: str, audience: Audience, shown: LoginSession, at: datetime) -> TokenPair:
    """Begin a session for whom WeChat has shown; two of the same person at once get one account."""
    for _ in range(TRIES):
        async with transaction():
            account_id = await _found(issuer.sealer, app_id, audience, shown, at)
            if account_id:
                return await sessions.start(issuer=issuer, account_id=account_id, at=at)
    raise AssertionError("somebody makes and erases this account again and again")


async def find(*, sealer: Sealer, app_id: str, openid: str) -> int:
    """Find the account of an openid; 0 where there is none."""
    found = await connection().value(
        "SELECT id FROM account WHERE app_id = $1 AND openid_hash = $2", app_id, openid_hash(sealer, app_id, openid)
    )
    return int(found or 0)


async def account(*, account_id: int) -> Account:
    """Tell what an account is.

    :raises AccountGone: if there is none, or it has been erased.
    """
    row = await connection().row(
        "SELECT id, app_id, audience, created_at FROM account WHERE id = $1 AND erased_at IS NULL", account_id
    )
    if row is None:
        raise AccountGone()
    return Account(row["id"], row["app_id"], Audience(row["audience"]), row["created_at"])


async def address_of(*, sealer: Sealer, account_id: int) -> Address:
    """Tell where an account is reached.

    :raises AccountGone: if there is none, or it has been erased.
    """
    row = await connection().row(
        "SELECT app_id, audience, openid FROM account WHERE id = $1 AND erased_at IS NULL", account_id
    )
    if row is None:
        raise AccountGone()
    openid = await sealer.open(owner=owner(account_id), field=OPENID, sealed=row["openid"])
    return Address(row["app_id"], Audience(row["audience"]), openid)


async def openid_of(*, sealer: Sealer, account_id: int) -> str:
    """Give the openid of an account, for a message to its owner.

    :raises AccountGone: if there is none, or it has been erased.
    """
    return (await address_of(sealer=sealer, account_id=account_id)).openid


async def hold(account_id: int) -> None:
    """Hold an account until the transaction ends, so that it is neither erased nor changed by others meanwhile.

    :raises AccountGone: if there is none, or it has been erased.
    """
    held = await connection().value(
        "SELECT true FROM account WHERE id = $1 AND erased_at IS NULL FOR NO KEY UPDATE", account_id
    )
    if not held:
        raise AccountGone()


def owner(account_id: int) -> str:
    """Name the owner under which the personal fields of an account are sealed."""
    return f"account:{account_id}"


def openid_hash(sealer: Sealer, app_id: str, openid: str) -> bytes:
    """Hash an openid, so that it is found again within its mini-program."""
    return sealer.hash(f"openid:{app_id}", openid)


async def _found(sealer: Sealer, app_id: str, audience: Audience, shown: LoginSession, at: datetime) -> int:
    """Find or make the account; 0 where somebody else was faster and it has to be tried again."""
    hashed = openid_hash(sealer, app_id, shown.openid)
    unionid = people.key_hash(sealer, kind="unionid", audience=audience, value=shown.unionid) if shown.unionid else None
    known = await connection().row(
        "SELECT id, $3::bytea IS NULL OR EXISTS (SELECT FROM identity_key WHERE account_id = account.id "
        "AND kind = 'unionid' AND hash = $3) AS settled FROM account WHERE app_id = $1 AND openid_hash = $2",
        app_id,
        hashed,
        unionid,
    )
    if known is None:
        return await _made(sealer, app_id, audience, shown.openid, hashed, unionid, at)
    if not known["settled"]:
        await people.hold(audience)
    # Held, so that an erasure that began meanwhile is seen.
    still = await connection().value(
        "SELECT id FROM account WHERE app_id = $1 AND openid_hash = $2 FOR SHARE", app_id, hashed
    )
    if still != known["id"]:
        return 0
    if not known["settled"] and unionid is not None:
        await people.add_key(account_id=still, kind="unionid", hashed=unionid, at=at)
        await people.settle([still], audience=audience, reason="unionid", actor="sign_in", at=at)
    return int(still)


async def _made(
    sealer: Sealer,
    app_id: str,
    audience: Audience,
    openid: str,
    hashed: bytes,
    unionid: bytes | None,
    at: datetime,
) -> int:
    await people.hold(audience, alone=False)
    if unionid is not None:
        await people.hold_key(unionid)
    account_id: int | None = await connection().value(
        "INSERT INTO account (app_id, audience, openid_hash, created_at) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (app_id, openid_hash) DO NOTHING RETURNING id",
        app_id,
        audience,
        hashed,
        at,
    )
    if account_id is None:
        return 0
    sealed = await sealer.seal(owner=owner(account_id), field=OPENID, text=openid, at=at)
    await connection().execute("UPDATE account SET openid = $2 WHERE id = $1", account_id, sealed)
    await log.record(AccountCreated(at=at, account_id=account_id, app_id=app_id, audience=audience))
    if unionid is not None:
        await people.add_key(account_id=account_id, kind="unionid", hashed=unionid, at=at)
    await people.settle([account_id], audience=audience, reason="created", actor="sign_in", at=at)
    return account_id
