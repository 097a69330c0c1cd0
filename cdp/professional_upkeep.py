"""What befalls applications by themselves: time passes, consent is taken back, what is not needed is forgotten.

The rule: a standing ends at its very instant (`cdp.standings`) and waits for no job; the job only notes it. Each step
is one transaction, so that a job killed anywhere leaves nothing half done and the next turn goes on.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from cdp import consent, log, people, professionals
from cdp.events import ConsentWithdrawn
from cdp.professional_decisions import tell
from cdp.professional_events import ProfessionalExpired
from server.core import audit
from server.core.db import connection, transaction

MOST_AT_ONCE: Final = 200


async def heed_withdrawal(event: ConsentWithdrawn) -> None:
    """End what rests on the consent to verification, now that it has been taken back, and forget it. A reaction."""
    if event.purpose != consent.VERIFICATION:
        return
    await professionals.close_open(account_id=event.account_id, reason="consent_withdrawn", at=event.at)
    await professionals.end_standing(account_id=event.account_id, reason="consent_withdrawn", actor="self", at=event.at)
    await people.drop_key(account_id=event.account_id, kind="professional", at=event.at)
    rows = await connection().fetch(
        "SELECT id FROM professional_application WHERE account_id = $1 AND cleared_at IS NULL ORDER BY id FOR UPDATE",
        event.account_id,
    )
    await _forget([row["id"] for row in rows], at=event.at)


async def expire(parts: Any, at: datetime) -> None:
    """Note the standings whose time is over, and tell their doctors. A job."""
    rows = await connection().fetch(
        "SELECT id FROM professional_application WHERE verdict = 'approved' AND ended_at IS NULL AND valid_until <= $1 "
        "ORDER BY valid_until LIMIT $2",
        at,
        MOST_AT_ONCE,
    )
    for row in rows:
        async with transaction():
            ended = await connection().row(
                "UPDATE professional_application SET ended_at = valid_until, end_reason = 'expired', ended_by = 'job' "
                "WHERE id = $1 AND verdict = 'approved' AND ended_at IS NULL AND valid_until <= $2 "
                "RETURNING account_id, valid_until",
                row["id"],
                at,
            )
            if ended is None:
                continue
            await log.record(
                ProfessionalExpired(
                    at=at, account_id=ended["account_id"], application_id=row["id"], valid_until=ended["valid_until"]
                )
            )
            await tell(ended["account_id"], row["id"], "已到期", "请重新提交认证", at=at)


async def forget(parts: Any, at: datetime) -> None:
    """Delete the photos of what was decided long enough ago, and with them whatever carries no standing. A job."""
    before = at - timedelta(days=parts.settings.licence_photo_days)
    while True:
        async with transaction():
            rows = await connection().fetch(
                "SELECT id FROM professional_application WHERE cleared_at IS NULL "
                "AND (verdict = 'refused' AND decided_at <= $1 OR ended_at <= $1) "
                "ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED",
                before,
                MOST_AT_ONCE,
            )
            await _forget([row["id"] for row in rows], at=at)
            photos = await connection().fetch(
                "DELETE FROM professional_photo WHERE application_id IN ("
                "SELECT f.application_id FROM professional_photo AS f "
                "JOIN professional_application AS p ON p.id = f.application_id WHERE p.decided_at <= $1 "
                "AND p.verdict = 'approved' AND (p.ended_at IS NULL OR p.ended_at > $1) "
                "ORDER BY p.id LIMIT $2 FOR UPDATE OF f SKIP LOCKED) RETURNING application_id",
                before,
                MOST_AT_ONCE,
            )
            gone = sorted({row["id"] for row in rows} | {row["application_id"] for row in photos})
            for application_id in gone:
                await audit.note(
                    actor="job",
                    deed="professional.forget",
                    subject_kind="professional_application",
                    subject_id=application_id,
                    at=at,
                )
        if len(rows) < MOST_AT_ONCE and len(photos) < MOST_AT_ONCE:
            break


async def _forget(application_ids: list[int], *, at: datetime) -> None:
    """Forget what is sealed in applications, in the transaction that is open; what was decided stays."""
    await connection().execute(
        "DELETE FROM professional_photo WHERE application_id = ANY($1::bigint[])", application_ids
    )
    await connection().execute(
        "UPDATE professional_application SET name = NULL, licence = NULL, licence_hash = NULL, cleared_at = $2 "
        "WHERE id = ANY($1::bigint[])",
        application_ids,
        at,
    )
