"""The audit: one entry for every write by staff, by a command or by a job, in the transaction of the write.

The rule: entries are only ever added; the database itself refuses to change or delete one.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from server.core.db import connection
from server.core.tables import AuditEntry


class Entry(Struct, frozen=True):
    """One write: who did what to which subject when, with the values before and after."""

    id: int
    at: datetime
    actor: str
    deed: str
    subject_kind: str
    subject_id: str
    before: Any
    after: Any
    request_id: str


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


async def note_all(
    *, actor: str, deed: str, subject_kind: str, at: datetime, after: Mapping[int, Any], request_id: str = ""
) -> None:
    """Enter the same deed for many subjects at once, each with its values afterwards."""
    await connection().execute(
        "INSERT INTO audit_entry (at, actor, deed, subject_kind, subject_id, after, request_id) "
        "SELECT $1, $2, $3, $4, subject.id, subject.after::jsonb, $7 "
        "FROM unnest($5::text[], $6::text[]) AS subject (id, after)",
        at,
        actor,
        deed,
        subject_kind,
        [str(subject_id) for subject_id in after],
        [msgspec.json.encode(msgspec.to_builtins(value, enc_hook=str)).decode() for value in after.values()],
        request_id,
    )


async def entries(
    *,
    actor: str = "",
    deed: str = "",
    subject_kind: str = "",
    subject_id: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> list[Entry]:
    """List entries, the newest first; what is empty does not narrow. The time is ``[since, until)``."""
    wanted: dict[str, Any] = {
        "actor": actor,
        "deed": deed,
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "at__gte": since,
        "at__lt": until,
        "id__lt": before_id,
    }
    rows = (
        await AuditEntry.filter(**{name: value for name, value in wanted.items() if value}).order_by("-id").limit(limit)
    )
    return [Entry(**{name: getattr(row, name) for name in Entry.__struct_fields__}) for row in rows]


async def words() -> tuple[list[str], list[str]]:
    """List the deeds and the kinds of subject that there are entries of, for choosing among them."""
    return await _different("deed"), await _different("subject_kind")


async def _different(column: str) -> list[str]:
    # From each value straight to the next along the index: the table is long and the values are few.
    rows = await connection().fetch(
        f"""
        WITH RECURSIVE found (value) AS (
            (SELECT {column} FROM audit_entry ORDER BY {column} LIMIT 1)
            UNION ALL
            SELECT (SELECT {column} FROM audit_entry WHERE {column} > value ORDER BY {column} LIMIT 1)
            FROM found WHERE value IS NOT NULL
        )
        SELECT value FROM found WHERE value IS NOT NULL
        """  # noqa: S608  the column is one of the two named above
    )
    return [row["value"] for row in rows]
