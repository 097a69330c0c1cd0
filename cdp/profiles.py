"""Profiles: the name, hospital and department that a doctor has told once, so that nothing asks for them again.

The rule: whoever was verified as a professional has a profile by that; others tell it. It lies sealed with the key of
its account, is asked for only where it is needed (a seat at an activity), and is told to staff only there. All accounts
of a person have the profile of any of them, their own before another's.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from cdp import accounts, consent
from cdp.professional_particulars import TITLES, Title
from cdp.professionals import field
from server.core.db import connection, transaction
from server.core.errors import Conflict
from server.core.keys import Sealer
from server.core.wire import check_text

FIELD: Final = "profile"

# More than spaces, without control characters.
_TOLD: Final = r"^(?=.*\S)[^\x00-\x1f\x7f]+$(?!\n)"


class ProfileNeeded(Conflict):
    """Whoever does this has to tell their name and hospital once; hand them in with the request."""

    code = "profile_needed"
    title = "请填写姓名和医院"


class Profile(Struct, frozen=True, kw_only=True):
    """Who a doctor is."""

    name: Annotated[str, Meta(min_length=1, max_length=40, pattern=_TOLD, examples=["陈一川"])]
    hospital: Annotated[str, Meta(min_length=1, max_length=80, pattern=_TOLD, examples=["江城示范医院"])]
    department: Annotated[str, Meta(max_length=40)] = ""
    title: Annotated[str, Meta(max_length=40)] = ""


async def keep(*, sealer: Sealer, account_id: int, profile: Profile, at: datetime) -> None:
    """Keep the profile of an account in the place of the one before.

    :raises ConsentNeeded: if its owner has not agreed to anything being kept.
    :raises AccountGone: if the account is gone.
    """
    for name in ("name", "hospital", "department", "title"):
        check_text(getattr(profile, name), f"profile.{name}")
    async with transaction():
        await accounts.hold(account_id)
        await consent.require(account_id=account_id)
        sealed = await sealer.seal(
            owner=accounts.owner(account_id), field=FIELD, text=msgspec.json.encode(profile).decode(), at=at
        )
        await connection().execute(
            "INSERT INTO profile (account_id, sealed, changed_at) VALUES ($1, $2, $3) ON CONFLICT (account_id) "
            "DO UPDATE SET sealed = excluded.sealed, changed_at = excluded.changed_at",
            account_id,
            sealed,
            at,
        )


async def require(*, sealer: Sealer, account_id: int, given: Profile | None, at: datetime) -> None:
    """Let nobody pass without a profile; one that is given is kept where there is none yet.

    :raises ProfileNeeded: if there is none and none is given.
    :raises ConsentNeeded: if its owner has not agreed to anything being kept.
    """
    if await is_there(account_id=account_id):
        return
    if given is None:
        raise ProfileNeeded(field="profile")
    await keep(sealer=sealer, account_id=account_id, profile=given, at=at)


async def is_there(*, account_id: int) -> bool:
    """Tell whether the person whose account this is has a profile, told or verified."""
    return bool(await connection().value(f"SELECT EXISTS ({_OF_PEOPLE}) OR EXISTS ({_OF_PROFESSIONALS})", [account_id]))


async def profile_of(*, sealer: Sealer, account_id: int) -> Profile | None:
    """Give the profile of the person whose account this is; None where there is none."""
    return (await profiles_of(sealer=sealer, account_ids=[account_id])).get(account_id)


async def profiles_of(*, sealer: Sealer, account_ids: Sequence[int]) -> dict[int, Profile]:
    """Give the profiles of the people whose accounts these are, by account; who has none is left out."""
    told = await connection().fetch(_OF_PEOPLE, list(account_ids))
    found = {row["account_id"] for row in told}
    verified = await connection().fetch(_OF_PROFESSIONALS, [one for one in account_ids if one not in found])
    opened = await sealer.open_all(
        [
            *((accounts.owner(row["kept_by"]), FIELD, row["sealed"]) for row in told),
            *((accounts.owner(row["kept_by"]), field(row["id"], "name"), row["sealed"]) for row in verified),
        ]
    )
    profiles = {
        row["account_id"]: msgspec.json.decode(text, type=Profile)
        for row, text in zip(told, opened[: len(told)], strict=True)
        if text is not None
    }
    return profiles | {
        row["account_id"]: Profile(
            name=text,
            hospital=row["hospital"],
            department=row["department"],
            title=TITLES.get(Title(row["title"]), "") if row["title"] in set(Title) else "",
        )
        for row, text in zip(verified, opened[len(told) :], strict=True)
        if text is not None
    }


async def forget(*, account_id: int) -> None:
    """Forget the profile of an account; it needs no consent."""
    await connection().execute("DELETE FROM profile WHERE account_id = $1", account_id)


async def kept_by(*, sealer: Sealer, account_id: int) -> Profile | None:
    """Give the profile that lies at this very account, for the export to its owner; None where there is none."""
    sealed = await connection().value("SELECT sealed FROM profile WHERE account_id = $1", account_id)
    if sealed is None:
        return None
    text = await sealer.open(owner=accounts.owner(account_id), field=FIELD, sealed=sealed)
    return msgspec.json.decode(text, type=Profile)


async def erase(account_ids: Sequence[int]) -> int:
    """Forget the profiles of accounts and count them, in the transaction that is open."""
    return await connection().execute("DELETE FROM profile WHERE account_id = ANY($1)", list(account_ids))


# An account's own profile before that of another account of the same person, there the one that was changed last.
_OF_PEOPLE: Final = """
SELECT DISTINCT ON (asked.id) asked.id AS account_id, p.account_id AS kept_by, p.sealed
FROM unnest($1::bigint[]) AS asked (id)
LEFT JOIN person_map AS mine ON mine.account_id = asked.id AND mine.until_at IS NULL
LEFT JOIN person_map AS other ON other.person_id = mine.person_id AND other.until_at IS NULL
JOIN profile AS p ON p.account_id IN (asked.id, other.account_id)
ORDER BY asked.id, p.account_id <> asked.id, p.changed_at DESC
"""
# The same of whoever is verified: the newest standing whose name is still known.
_OF_PROFESSIONALS: Final = """
SELECT DISTINCT ON (asked.id) asked.id AS account_id, p.account_id AS kept_by, p.id, p.name AS sealed, p.hospital,
    p.department, p.title
FROM unnest($1::bigint[]) AS asked (id)
LEFT JOIN person_map AS mine ON mine.account_id = asked.id AND mine.until_at IS NULL
LEFT JOIN person_map AS other ON other.person_id = mine.person_id AND other.until_at IS NULL
JOIN professional_application AS p ON p.account_id IN (asked.id, other.account_id)
WHERE p.verdict = 'approved' AND p.ended_at IS NULL AND p.name IS NOT NULL
ORDER BY asked.id, p.decided_at DESC, p.id DESC
"""
