"""The second factor of staff: a code from an app that changes every half minute (RFC 6238).

The rule: a code is good for its own half minute and the ones beside it, and never twice; wrong codes count as failed
tries. A secret counts only once a code of it has been shown, and lies in the database sealed.
"""

from datetime import datetime, timedelta

import pyotp
from msgspec import Struct

from server.core import sign_in_tries, staff
from server.core.db import transaction
from server.core.errors import Conflict, Invalid
from server.core.keys import Sealer
from server.core.sign_in_tries import code_key
from server.core.staff_account import prove_password
from server.core.staff_sessions import SignedIn, StaffRules, hash_of, renew_session
from server.core.tables import Staff

STEP_S = 30
BESIDE = 1
ISSUER = "Xinglin"


class Begun(Struct, frozen=True):
    """A secret for the app: the address that a picture of it holds (``otpauth://…``), and itself for typing."""

    address: str
    secret: str


class CodeWrong(Invalid):
    """The code is not the one of now, or has been used."""

    code = "code_wrong"
    title = "验证码不正确或已使用"


class TotpInPlace(Conflict):
    """There is a second factor already; it has to be removed first."""

    code = "totp_in_place"
    title = "已启用两步验证"


class TotpNotBegun(Conflict):
    """No secret has been made, or there is no second factor."""

    code = "totp_not_begun"
    title = "尚未设置两步验证"


async def begin(*, staff_id: int, sealer: Sealer, at: datetime) -> Begun:
    """Make a secret for the app; it stays the same until it is confirmed.

    :raises TotpInPlace: if a second factor is set up.
    """
    async with transaction():
        row = await staff.locked(staff_id)
        if row.totp_confirmed_at is not None:
            raise TotpInPlace()
        if row.totp_secret is None:
            row.totp_secret = sealer.seal_secret(_name(staff_id), pyotp.random_base32())
            await row.save(update_fields=["totp_secret"])
            await staff.noted("begin_totp", staff_id, actor=f"staff:{staff_id}", at=at)
        secret = sealer.open_secret(_name(staff_id), row.totp_secret)
    return Begun(pyotp.TOTP(secret).provisioning_uri(name=row.email, issuer_name=ISSUER), secret)


async def confirm(
    *, staff_id: int, code: str, session: str, sealer: Sealer, at: datetime, rules: StaffRules
) -> SignedIn:
    """Set up the second factor by a first code; ends all other sessions and gives this one a new cookie.

    :raises TotpNotBegun: if there is no secret.
    :raises TotpInPlace: if it is set up already.
    :raises CodeWrong: if the code is not right.
    :raises sign_in_tries.LockedOut: after too many wrong codes.
    """
    await sign_in_tries.begin(code_key(staff_id), rules.limit, at=at)
    async with transaction():
        row = await staff.locked(staff_id)
        if row.totp_confirmed_at is not None:
            raise TotpInPlace()
        if await _use(row, code, sealer=sealer, at=at):
            row.totp_confirmed_at = at
            await row.save(update_fields=["totp_confirmed_at"])
            renewed = await renew_session(session=session, at=at, second_factor=True)
            await staff.end_sessions(staff_id=staff_id, at=at, keep=hash_of(renewed.token))
            await sign_in_tries.succeeded(code_key(staff_id))
            await staff.noted("set_up_totp", staff_id, actor=f"staff:{staff_id}", at=at)
            return renewed
    await _refuse(staff_id, at=at, rules=rules)
    raise CodeWrong(field="code")


async def give_code(
    *, staff_id: int, code: str, session: str, sealer: Sealer, at: datetime, rules: StaffRules
) -> SignedIn:
    """Finish a sign-in with a code; the session gets a new cookie.

    :raises CodeWrong: if the code is not right or was used before.
    :raises sign_in_tries.LockedOut: after too many wrong codes.
    """
    await sign_in_tries.begin(code_key(staff_id), rules.limit, at=at)
    async with transaction():
        row = await staff.locked(staff_id)
        if row.totp_confirmed_at is not None and await _use(row, code, sealer=sealer, at=at):
            renewed = await renew_session(session=session, at=at, second_factor=True)
            await sign_in_tries.succeeded(code_key(staff_id))
            await staff.noted("sign_in", staff_id, actor=f"staff:{staff_id}", at=at)
            return renewed
    await _refuse(staff_id, at=at, rules=rules)
    raise CodeWrong(field="code")


async def remove(*, staff_id: int, password: str, session: str, at: datetime, rules: StaffRules) -> None:
    """Take away one's own second factor, with one's password; ends all other sessions.

    :raises PasswordWrong: if the password is not right.
    :raises TotpNotBegun: if there is none.
    """
    row = await Staff.get_or_none(id=staff_id, disabled_at=None)
    if row is None or row.totp_confirmed_at is None:
        raise TotpNotBegun()
    await prove_password(row, password, at=at, rules=rules)
    await _take_away(staff_id, deed="remove_totp", actor=f"staff:{staff_id}", keep=session, at=at)


async def reset(*, staff_id: int, actor_id: int, at: datetime) -> None:
    """Take away the second factor of somebody who has lost it; ends their sessions.

    :raises TotpNotBegun: if there is none.
    """
    if staff_id == actor_id:
        raise staff.OwnRoles()
    await _take_away(staff_id, deed="reset_totp", actor=f"staff:{actor_id}", keep="", at=at)


async def _take_away(staff_id: int, *, deed: str, actor: str, keep: str, at: datetime) -> None:
    async with transaction():
        row = await staff.locked(staff_id)
        if row.totp_confirmed_at is None:
            raise TotpNotBegun()
        row.totp_secret = row.totp_confirmed_at = None
        await row.save(update_fields=["totp_secret", "totp_confirmed_at"])
        await staff.end_sessions(staff_id=staff_id, at=at, keep=keep)
        await staff.noted(deed, staff_id, actor=actor, at=at)


async def _use(row: Staff, code: str, *, sealer: Sealer, at: datetime) -> bool:
    """Take a code if it is good and later than the last one taken; the row must be locked."""
    if row.totp_secret is None:
        raise TotpNotBegun()
    totp = pyotp.TOTP(sealer.open_secret(_name(row.id), row.totp_secret))
    code = "".join(code.split())
    now = int(at.timestamp()) // STEP_S
    for step in range(now - BESIDE, now + BESIDE + 1):
        moment = at + timedelta(seconds=(step - now) * STEP_S)
        if step > row.totp_last_step and pyotp.utils.strings_equal(totp.at(moment), code):
            row.totp_last_step = step
            await row.save(update_fields=["totp_last_step"])
            return True
    return False


async def _refuse(staff_id: int, *, at: datetime, rules: StaffRules) -> None:
    async with transaction():
        await sign_in_tries.failed(code_key(staff_id), rules.limit, at=at)
        await staff.noted("wrong_code", staff_id, actor=f"staff:{staff_id}", at=at)


def _name(staff_id: int) -> str:
    return f"staff:{staff_id}:totp"
