"""Phone numbers: bound by a code of their own, sealed with the account's key, found again by a keyed hash.

The rule: a number is stored only with consent, leaves the house only masked (or whole to its owner, in the export), and
joins nobody to anybody: where another person shows the same one, a steward is asked, and neither of the two is told.
"""

from datetime import datetime

from msgspec import Struct

from cdp import accounts, consent, mini_programs, people
from cdp.wechat_answers import refusing
from server.core.db import connection, transaction
from server.core.errors import Invalid
from server.core.keys import Sealer
from server.core.roles import Audience
from server.core.wechat import PhoneNumber, WeChat

FIELD = "phone"


class PhoneInvalid(Invalid):
    """The platform gave a number that is none."""

    code = "phone_invalid"
    title = "手机号无效"


class BoundPhone(Struct, frozen=True):
    """A number as it may be shown: 138****1234."""

    masked: str
    bound_at: datetime


async def bind(*, sealer: Sealer, wechat: WeChat, account_id: int, code: str, at: datetime) -> BoundPhone:
    """Bind the number that the phone-number button gave a code for, in place of one bound before.

    :raises ConsentNeeded: if the account has not agreed to the privacy text.
    :raises CodeInvalid: if the code cannot be exchanged for a number of this account.
    :raises CodeUsed: if it was exchanged before.
    :raises WeChatQuota: if the mini-program's paid allowance is used up.
    :raises PhoneInvalid: if what comes back is no number.
    """
    # Asked before the number is fetched, so that without consent it does not even reach the house.
    await consent.require(account_id=account_id)
    address = await accounts.address_of(sealer=sealer, account_id=account_id)
    app = await mini_programs.credentials(sealer=sealer, app_id=address.app_id)
    with refusing():
        found = await wechat.phone_number(app, code=code, openid=address.openid)
    number = canonical(found)
    hashed = people.key_hash(sealer, kind="phone", audience=address.audience, value=number)
    async with transaction():
        await people.hold(address.audience, alone=False)
        await people.hold_key(hashed)
        await accounts.hold(account_id)
        # The word may have been taken back while the platform was asked.
        await consent.require(account_id=account_id)
        await people.drop_phone(account_id=account_id, at=at)
        sealed = await sealer.seal(owner=accounts.owner(account_id), field=FIELD, text=number, at=at)
        await connection().execute(
            "UPDATE account SET phone = $2, phone_bound_at = $3 WHERE id = $1", account_id, sealed, at
        )
        await people.add_key(account_id=account_id, kind="phone", hashed=hashed, at=at)
        await people.open_reviews(account_id=account_id, kind="phone", hashed=hashed, at=at)
    return BoundPhone(masked(number), at)


async def unbind(*, account_id: int, at: datetime) -> None:
    """Forget the number of an account; where none is bound, nothing changes."""
    async with transaction():
        await accounts.hold(account_id)
        await people.drop_phone(account_id=account_id, at=at)


async def bound(*, sealer: Sealer, account_id: int) -> BoundPhone | None:
    """Give the number of an account as it may be shown, or None where none is bound."""
    row = await connection().row(
        "SELECT phone, phone_bound_at FROM account WHERE id = $1 AND phone IS NOT NULL", account_id
    )
    if row is None:
        return None
    number = await sealer.open(owner=accounts.owner(account_id), field=FIELD, sealed=row["phone"])
    return BoundPhone(masked(number), row["phone_bound_at"])


async def accounts_with(*, sealer: Sealer, audience: Audience, number: str) -> list[int]:
    """List the accounts of an audience that have bound a number, given as +8613800138000 or 13800138000."""
    value = number if number.startswith("+") else f"+86{number}"
    rows = await connection().fetch(
        "SELECT account_id FROM identity_key WHERE kind = 'phone' AND hash = $1 ORDER BY account_id",
        people.key_hash(sealer, kind="phone", audience=audience, value=value),
    )
    return [row["account_id"] for row in rows]


def canonical(found: PhoneNumber) -> str:
    """Write a number in the one way in which it is stored and compared: +8613800138000 (E.164).

    :raises PhoneInvalid: if it has not 5 to 15 digits with its country's code.
    """
    digits = found.country_code + "".join(filter(str.isdigit, found.local_number))
    if not (digits.isascii() and digits.isdigit() and 5 <= len(digits) <= 15):
        raise PhoneInvalid(field="code")
    return f"+{digits}"


def masked(number: str) -> str:
    """Hide the middle of a number; of a Chinese mobile number remain the first three and the last four digits."""
    local = number.removeprefix("+86").removeprefix("+")
    shown = (3, 4) if len(local) >= 11 else (2, 2)
    return f"{local[: shown[0]]}****{local[-shown[1] :]}"
