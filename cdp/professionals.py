"""Verified professionals, as their doctors see them: handing in what is needed, taking it back, and where one stands.

The rule: name, licence number and photo are stored only with the separate consent to `consent.VERIFICATION`, sealed
with the account's key, and no longer than a decision or a standing needs them. A person has one application open at a
time. The licence number is found again by a keyed hash, so that staff see that somebody else has shown it; nothing
follows from that by itself, and neither of the two is told.
"""

import enum
from datetime import datetime
from typing import Final

from asyncpg import Record

from cdp import accounts, consent, log, people
from cdp.accounts import AccountGone
from cdp.consent import ConsentNeeded
from cdp.professional_events import (
    Ending,
    Match,
    ProfessionalEnded,
    ProfessionalExpired,
    ProfessionalSubmitted,
    ProfessionalWithdrawn,
)
from cdp.professional_particulars import Particulars, ParticularsInvalid, checked
from server.core.db import connection, transaction
from server.core.errors import Conflict, Missing
from server.core.images import Clean
from server.core.keys import Sealer
from server.core.roles import Audience

_PERSON_LOCK: Final = 7_313


class Reason(enum.StrEnum):
    """Why staff refuse."""

    PHOTO_UNCLEAR = "photo_unclear"
    MISMATCH = "mismatch"
    LICENCE_UNKNOWN = "licence_unknown"
    NOT_A_PHYSICIAN = "not_a_physician"
    HOSPITAL_UNCLEAR = "hospital_unclear"
    OTHER = "other"


REASONS: Final = {
    Reason.PHOTO_UNCLEAR: "照片不清晰或不完整",
    Reason.MISMATCH: "填写的信息与证件不一致",
    Reason.LICENCE_UNKNOWN: "查询不到该执业证书",
    Reason.NOT_A_PHYSICIAN: "不是医师执业证书",
    Reason.HOSPITAL_UNCLEAR: "无法确认执业机构",
    Reason.OTHER: "其他原因",
}


class State(enum.StrEnum):
    """What an application is at a time."""

    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"
    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"
    REVOKED = "revoked"
    REPLACED = "replaced"


class ApplicationOpen(Conflict):
    """An application of this person waits for its decision already."""

    code = "professional_open"
    title = "您已提交认证，正在审核"


class ApplicationMissing(Missing):
    """There is no such application, or its person has been erased."""

    code = "professional_missing"
    title = "没有该认证申请"


SUBMIT_REFUSALS: Final = (ParticularsInvalid, ApplicationOpen, ConsentNeeded, AccountGone)


# What an application is, in one place for all who ask; the time stands at this place of the statement.
STATE: Final = """CASE
    WHEN p.verdict = '' AND p.ended_at IS NULL THEN 'submitted' WHEN p.verdict = '' THEN 'withdrawn'
    WHEN p.verdict = 'refused' THEN 'refused'
    WHEN p.end_reason = 'replaced' THEN 'replaced' WHEN p.end_reason IN ('revoked', 'consent_withdrawn') THEN 'revoked'
    WHEN p.ended_at IS NOT NULL OR p.valid_until <= {at}::timestamptz THEN 'expired' ELSE 'approved' END"""


async def submit(
    *, sealer: Sealer, account_id: int, particulars: Particulars, photo: Clean, matched: Match, at: datetime
) -> int:
    """Hand in an application, and give its id; who is verified already may do so again, for what has changed.

    :param photo: of the licence, drawn anew (`server.core.images.clean`).
    :param matched: how the hospital was found in the dictionary.
    :raises ParticularsInvalid: if a field is none.
    :raises ApplicationOpen: if the person has one that waits.
    :raises ConsentNeeded: if the account has not agreed to the text of verification.
    :raises AccountGone: if the account is gone.
    """
    given = checked(particulars)
    # Asked first, so that without consent nothing waits for anybody.
    await consent.require(account_id=account_id, purpose=consent.VERIFICATION)
    async with transaction():
        await _hold_person(account_id)
        mine = await people.accounts_of(account_id=account_id)
        if await connection().value(
            "SELECT true FROM professional_application "
            "WHERE account_id = ANY($1::bigint[]) AND verdict = '' AND ended_at IS NULL LIMIT 1",
            mine,
        ):
            raise ApplicationOpen()
        again = await connection().value(
            "SELECT count(*) FROM professional_application WHERE account_id = ANY($1::bigint[])", mine
        )
        application_id: int = await connection().value(
            "SELECT nextval(pg_get_serial_sequence('professional_application', 'id'))"
        )
        owner = accounts.owner(account_id)
        await connection().execute(
            "INSERT INTO professional_application (id, account_id, submitted_at, name, licence, licence_hash, "
            "hospital, hospital_key, matched, department, title) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            application_id,
            account_id,
            at,
            await sealer.seal(owner=owner, field=field(application_id, "name"), text=given.name, at=at),
            await sealer.seal(owner=owner, field=field(application_id, "licence"), text=given.licence, at=at),
            licence_hash(sealer, given.licence),
            given.hospital,
            given.hospital_key,
            matched,
            given.department,
            given.title,
        )
        await connection().execute(
            "INSERT INTO professional_photo (application_id, sealed, media_type, kept_at) VALUES ($1, $2, $3, $4)",
            application_id,
            await sealer.seal_bytes(owner=owner, field=field(application_id, "photo"), data=photo.data, at=at),
            photo.media_type,
            at,
        )
        await log.record(
            ProfessionalSubmitted(
                at=at, account_id=account_id, application_id=application_id, hospital=matched, again=bool(again)
            )
        )
    return application_id


async def withdraw(*, account_id: int, at: datetime) -> None:
    """Take back the application that waits; what it held is forgotten at once. Where none waits, nothing changes.

    :raises AccountGone: if the account is gone.
    """
    async with transaction():
        await accounts.hold(account_id)
        for mine in await people.accounts_of(account_id=account_id):
            await close_open(account_id=mine, reason="withdrawn", at=at)


async def close_open(*, account_id: int, reason: str, at: datetime) -> None:
    """End the application of an account that waits, and forget what it held, in the transaction that is open."""
    application_id = await connection().value(
        "UPDATE professional_application SET ended_at = $2, end_reason = $3, ended_by = 'self', "
        "name = NULL, licence = NULL, licence_hash = NULL, cleared_at = $2 "
        "WHERE account_id = $1 AND verdict = '' AND ended_at IS NULL RETURNING id",
        account_id,
        at,
        reason,
    )
    if application_id is not None:
        await connection().execute("DELETE FROM professional_photo WHERE application_id = $1", application_id)
        await log.record(ProfessionalWithdrawn(at=at, account_id=account_id, application_id=application_id))


async def end_standing(*, account_id: int, reason: Ending, actor: str, at: datetime) -> None:
    """End the standing that an account carries, if it does, in the transaction that is open.

    One whose time was over before, and which nobody has noted yet, has expired and ended for no other reason.
    """
    ended = await connection().row(
        "UPDATE professional_application SET ended_at = least($2, valid_until), ended_by = $3, "
        "end_reason = CASE WHEN valid_until <= $2 THEN 'expired' ELSE $4 END "
        "WHERE account_id = $1 AND verdict = 'approved' AND ended_at IS NULL RETURNING id, valid_until, end_reason",
        account_id,
        at,
        actor,
        reason,
    )
    if ended is None:
        return
    application_id: int = ended["id"]
    if ended["end_reason"] == "expired":
        until: datetime = ended["valid_until"]
        await log.record(
            ProfessionalExpired(at=at, account_id=account_id, application_id=application_id, valid_until=until)
        )
    else:
        await log.record(ProfessionalEnded(at=at, account_id=account_id, application_id=application_id, reason=reason))


def field(application_id: int, name: str) -> str:
    """Name the field under which something of an application is sealed."""
    return f"professional:{application_id}:{name}"


def licence_hash(sealer: Sealer, licence: str) -> bytes:
    """Hash a licence number, so that it is found again among doctors."""
    return people.key_hash(sealer, kind="professional", audience=Audience.DOCTOR, value=licence)


async def _hold_person(account_id: int) -> None:
    """Hold the person whose an account is, so that two applications at once see each other on whichever accounts."""
    await people.hold(Audience.DOCTOR, alone=False)
    person_id = await people.person_of(account_id=account_id)
    await connection().value(
        "SELECT pg_advisory_xact_lock($1, ($2::bigint % 2147483647)::int)", _PERSON_LOCK, person_id
    )
    await accounts.hold(account_id)
    # The word may have been taken back while this waited.
    await consent.require(account_id=account_id, purpose=consent.VERIFICATION)


async def opened(sealer: Sealer, row: Record, name: str) -> str:
    """Open what is sealed in an application under a name; empty where it has been forgotten."""
    if row[name] is None:
        return ""
    return await sealer.open(owner=accounts.owner(row["account_id"]), field=field(row["id"], name), sealed=row[name])


def topic(application_id: int) -> str:
    """Name what all notices about an application are about."""
    return f"professional:{application_id}"
