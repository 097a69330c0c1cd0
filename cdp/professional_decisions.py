"""Verified professionals, as staff decide on them: what is approved, refused and revoked.

The rule: of two who decide at once one does. Reasons in words stand with the application, where an
erasure takes them, and not in the audit.
"""

from datetime import datetime, timedelta
from typing import Final

from asyncpg import Record

from cdp import accounts, log, messages, people, professionals
from cdp.accounts import AccountGone
from cdp.entitlements import topics_of
from cdp.message_rules import Urgency
from cdp.message_values import spoken_time
from cdp.messages import Notice
from cdp.professional_events import ProfessionalApproved, ProfessionalEnded, ProfessionalRefused
from cdp.professional_sights import ELSEWHERE, entered
from cdp.professionals import ApplicationMissing, Reason
from server.core.changes import Changes
from server.core.db import connection, transaction
from server.core.errors import Conflict, Invalid
from server.core.roles import Audience

DECIDED: Final = "professional_decided"
PAGE: Final = "pages/professional"
TOLD_LATE: Final = timedelta(days=7)
LONGEST_NOTE: Final = 400
LONGEST_VALIDITY: Final = timedelta(days=5 * 366)


class ApplicationDecided(Conflict):
    """The application has been decided or taken back; the facts say by whom and when."""

    code = "professional_decided"
    title = "该申请已处理"


class DecisionInvalid(Invalid):
    """The decision is not well formed: its reason, its note or until when it holds."""

    code = "professional_decision_invalid"
    title = "审核意见有误"


class LicenceElsewhere(Conflict):
    """Another person has shown the same licence number; whoever approves has to say that this was looked into."""

    code = "professional_licence_elsewhere"
    title = "另一位用户提交过相同的执业证书编码，请核对后确认"


class NotStanding(Conflict):
    """There is no standing to revoke: it has expired, was revoked or never was."""

    code = "professional_not_standing"
    title = "该认证当前无效，无需撤销"


async def approve(
    *,
    changes: Changes,
    application_id: int,
    hospital_key: str = "",
    valid_until: datetime,
    note: str = "",
    elsewhere_checked: bool = False,
    actor: str,
    at: datetime,
    request_id: str = "",
) -> None:
    """Verify a doctor as a professional; a standing that they had is replaced, and their licence becomes a key.

    :param hospital_key: of the hospital in the dictionary; empty for one that is not in it.
    :param note: shown to the doctor.
    :raises ApplicationMissing: if there is no such application.
    :raises ApplicationDecided: if it has been decided or taken back.
    :raises LicenceElsewhere: if another person has shown the same licence, and that was not looked into.
    :raises DecisionInvalid: if the hospital is unknown, the note too long, or the time is over or too far away.
    """
    _check_note(note, needed=False)
    if not at < valid_until <= at + LONGEST_VALIDITY:
        raise DecisionInvalid("有效期须在将来，且不超过五年。", field="valid_until")
    async with transaction():
        row = await _held(application_id)
        account_id, hashed = row["account_id"], bytes(row["licence_hash"])
        if row["elsewhere"] and not elsewhere_checked:
            raise LicenceElsewhere(applications=list(row["elsewhere"]))
        if hospital_key and not await connection().value("SELECT true FROM hospital WHERE key = $1", hospital_key):
            raise DecisionInvalid("没有这家医院。", field="hospital_key")
        await professionals.end_standing(account_id=account_id, reason="replaced", actor=actor, at=at)
        await connection().execute(
            "UPDATE professional_application SET verdict = 'approved', decided_at = $2, decided_by = $3, note = $4, "
            "valid_until = $5, hospital_key = $6 WHERE id = $1",
            application_id,
            at,
            actor,
            note.strip(),
            valid_until,
            hospital_key,
        )
        await people.drop_key(account_id=account_id, kind="professional", at=at)
        await people.add_key(account_id=account_id, kind="professional", hashed=hashed, at=at)
        await people.open_reviews(account_id=account_id, kind="professional", hashed=hashed, at=at)
        await log.record(
            ProfessionalApproved(at=at, account_id=account_id, application_id=application_id, valid_until=valid_until)
        )
        await entered(
            "approve",
            application_id,
            actor,
            at,
            request_id,
            valid_until=valid_until,
            hospital_key=hospital_key,
            elsewhere=list(row["elsewhere"]),
        )
        await tell(account_id, application_id, "已通过", note, at=at)
        topics = await topics_of(account_id)
    await changes.publish(*topics)


async def refuse(
    *, application_id: int, reason: str, note: str, actor: str, at: datetime, request_id: str = ""
) -> None:
    """Refuse an application; a standing that its doctor has stays.

    :param reason: one of `Reason`; ``note`` says more, is shown to the doctor and needed for `Reason.OTHER`.
    :raises ApplicationMissing: if there is no such application.
    :raises ApplicationDecided: if it has been decided or taken back.
    :raises DecisionInvalid: if the reason is none of the list, or the note is missing or too long.
    """
    if reason not in set(Reason):
        raise DecisionInvalid("请选择理由。", field="reason")
    _check_note(note, needed=reason == Reason.OTHER)
    async with transaction():
        row = await _held(application_id)
        await connection().execute(
            "UPDATE professional_application SET verdict = 'refused', decided_at = $2, decided_by = $3, reason = $4, "
            "note = $5 WHERE id = $1",
            application_id,
            at,
            actor,
            reason,
            note.strip(),
        )
        await log.record(
            ProfessionalRefused(at=at, account_id=row["account_id"], application_id=application_id, reason=reason)
        )
        await entered("refuse", application_id, actor, at, request_id, reason=reason)
        await tell(row["account_id"], application_id, "未通过", note, at=at)


async def revoke(
    *, changes: Changes, application_id: int, note: str, actor: str, at: datetime, request_id: str = ""
) -> None:
    """Take a standing back, from now on; the licence number is the doctor's key no longer.

    :param note: why; shown to the doctor.
    :raises ApplicationMissing: if there is no such application.
    :raises NotStanding: if it carries no standing now.
    :raises DecisionInvalid: if the note is missing or too long.
    """
    _check_note(note, needed=True)
    async with transaction():
        account_id = await _account_of(application_id)
        await _hold(account_id)
        ended = await connection().execute(
            "UPDATE professional_application SET ended_at = $2, end_reason = 'revoked', ended_by = $3, end_note = $4 "
            "WHERE id = $1 AND verdict = 'approved' AND ended_at IS NULL AND valid_until > $2",
            application_id,
            at,
            actor,
            note.strip(),
        )
        if not ended:
            raise NotStanding()
        await people.drop_key(account_id=account_id, kind="professional", at=at)
        await log.record(
            ProfessionalEnded(at=at, account_id=account_id, application_id=application_id, reason="revoked")
        )
        await entered("revoke", application_id, actor, at, request_id)
        await tell(account_id, application_id, "已撤销", note, at=at)
        topics = await topics_of(account_id)
    await changes.publish(*topics)


async def tell(account_id: int, application_id: int, result: str, note: str, *, at: datetime) -> None:
    """Plan a message on what became of an application, in the transaction that is open; it names nobody."""
    notice = Notice(
        key=DECIDED,
        topic=professionals.topic(application_id),
        subject=f"{professionals.topic(application_id)}:{at.timestamp():.0f}",
        urgency=Urgency.SOON,
        due_at=at,
        not_after=at + TOLD_LATE,
        texts={
            "matter": "专业人士认证",
            "result": result,
            "decided": spoken_time(at),
            "note": " ".join(note.split()) or "点击查看详情",
        },
        page=PAGE,
        audience=Audience.DOCTOR,
    )
    await messages.plan(notices=[notice], account_ids=[account_id], at=at)


async def _account_of(application_id: int) -> int:
    found = await connection().value("SELECT account_id FROM professional_application WHERE id = $1", application_id)
    if found is None:
        raise ApplicationMissing()
    return int(found)


async def _hold(account_id: int) -> None:
    try:
        await accounts.hold(account_id)
    except AccountGone:
        raise ApplicationMissing() from None


async def _held(application_id: int) -> Record:
    """Hold an application that waits, its account and its licence number, until the transaction ends."""
    found = await connection().row(
        "SELECT account_id, licence_hash FROM professional_application WHERE id = $1", application_id
    )
    if found is None:
        raise ApplicationMissing()
    # In the order in which everybody holds: people, keys, accounts, and then what hangs on them.
    await people.hold(Audience.DOCTOR, alone=False)
    if found["licence_hash"] is not None:
        await people.hold_key(bytes(found["licence_hash"]))
    await _hold(found["account_id"])
    row = await connection().row(
        f"SELECT p.*, ARRAY({ELSEWHERE}) AS elsewhere FROM professional_application AS p WHERE p.id = $1 FOR UPDATE",  # noqa: S608  constants
        application_id,
    )
    if row is None:
        raise ApplicationMissing()
    if row["verdict"] or row["ended_at"] is not None:
        raise ApplicationDecided(
            verdict=row["verdict"] or "withdrawn",
            decided_at=row["decided_at"] or row["ended_at"],
            decided_by=row["decided_by"],
        )
    return row


def _check_note(note: str, *, needed: bool) -> None:
    if len(note.strip()) > LONGEST_NOTE or (needed and not note.strip()):
        raise DecisionInvalid("请填写说明（不超过 400 字）。", field="note")
