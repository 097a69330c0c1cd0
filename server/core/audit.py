"""The audit: one entry for every write by staff, by a command or by a job, in the transaction of the write.

The rule: entries are only ever added; the database itself refuses to change or delete one.
"""

from datetime import datetime
from typing import Any

import msgspec

from server.core.tables import AuditEntry


async def note(
    *,
    actor: str,
    deed: str,
    subject_kind: str,
    subject_id: object,
    at: datetime,
    before: Any = None,
    after: Any = None,
    request_id: str = "",
) -> None:
    """Enter who (``staff:3``, ``command``, ``job``) did what to which subject, with the values before and after."""
    await AuditEntry.create(
        at=at,
        actor=actor,
        deed=deed,
        subject_kind=subject_kind,
        subject_id=str(subject_id),
        before=msgspec.to_builtins(before, enc_hook=str),
        after=msgspec.to_builtins(after, enc_hook=str),
        request_id=request_id,
    )
