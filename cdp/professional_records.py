"""What is told to doctors of their own applications: where they stand, and everything, in their export; and erasure.

The rule: a record is told to the person whose it is, on all their accounts, and to nobody else.
"""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from asyncpg import Record
from msgspec import Struct

from cdp import accounts, people
from cdp.erasure import Erased
from cdp.professionals import STATE, State, field, opened
from server.core.db import connection
from server.core.keys import Sealer


class Application(Struct, frozen=True):
    """An application as its doctor may see it; ``licence`` shows its last four digits, and is empty once forgotten."""

    id: int
    state: State
    submitted_at: datetime
    hospital: str
    department: str
    title: str
    licence: str
    reason: str
    note: str
    decided_at: datetime | None
    valid_until: datetime | None
    ended_at: datetime | None
    end_reason: str
    end_note: str


class Overview(Struct, frozen=True):
    """Where a doctor stands: verified until when (None for not), and the applications, the newest first."""

    verified_until: datetime | None
    open: bool
    applications: list[Application]


_TOLD: Final = (
    "account_id",
    "submitted_at",
    "hospital",
    "hospital_key",
    "department",
    "title",
    "verdict",
    "decided_at",
    "reason",
    "note",
    "valid_until",
    "ended_at",
    "end_reason",
    "end_note",
)


async def overview(*, sealer: Sealer, account_id: int, at: datetime, most: int = 10) -> Overview:
    """Tell where the doctor stands whose an account is.

    :raises AccountGone: if the account is gone.
    """
    await accounts.account(account_id=account_id)
    mine = await people.accounts_of(account_id=account_id)
    rows = await connection().fetch(
        f"SELECT p.*, {STATE.format(at='$2')} AS state, coalesce(h.name, p.hospital) AS hospital_name "  # noqa: S608  constants
        "FROM professional_application AS p LEFT JOIN hospital AS h ON h.key = p.hospital_key "
        "WHERE p.account_id = ANY($1::bigint[]) ORDER BY p.id DESC LIMIT $3",
        mine,
        at,
        most,
    )
    stands = await connection().row(
        "SELECT max(valid_until) FILTER (WHERE verdict = 'approved' AND valid_until > $2) AS until, "
        "coalesce(bool_or(verdict = ''), false) AS open FROM professional_application "
        "WHERE account_id = ANY($1::bigint[]) AND ended_at IS NULL",
        mine,
        at,
    )
    assert stands is not None
    return Overview(stands["until"], stands["open"], [await _shown(sealer, row) for row in rows])


async def export(sealer: Sealer, *, account_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Tell everything that was handed in by some accounts and what became of it, the photos too while they are kept."""
    rows = await connection().fetch(
        "SELECT p.*, photo.sealed, photo.media_type FROM professional_application AS p "
        "LEFT JOIN professional_photo AS photo ON photo.application_id = p.id "
        "WHERE p.account_id = ANY($1::bigint[]) ORDER BY p.id",
        list(account_ids),
    )
    return [await _exported(sealer, row) for row in rows]


async def erase(*, account_ids: Sequence[int], at: datetime) -> Erased:
    """Erase what some accounts handed in, also what waits, in the transaction that is open."""
    return Erased(
        await connection().execute(
            "DELETE FROM professional_application WHERE account_id = ANY($1::bigint[])", list(account_ids)
        )
    )


async def _shown(sealer: Sealer, row: Record) -> Application:
    licence = await opened(sealer, row, "licence")
    return Application(
        id=row["id"],
        state=State(row["state"]),
        submitted_at=row["submitted_at"],
        hospital=row["hospital_name"],
        department=row["department"],
        title=row["title"],
        licence=f"***********{licence[-4:]}" if licence else "",
        reason=row["reason"],
        note=row["note"],
        decided_at=row["decided_at"],
        valid_until=row["valid_until"],
        ended_at=row["ended_at"],
        end_reason=row["end_reason"],
        end_note=row["end_note"],
    )


async def _exported(sealer: Sealer, row: Record) -> dict[str, Any]:
    told = {name: row[name] for name in _TOLD}
    photo = None
    if row["sealed"] is not None:
        owner, sealed = accounts.owner(row["account_id"]), row["sealed"]
        data = await sealer.open_bytes(owner=owner, field=field(row["id"], "photo"), sealed=sealed)
        photo = f"data:{row['media_type']};base64,{base64.b64encode(data).decode()}"
    return {
        **told,
        "name": await opened(sealer, row, "name"),
        "licence": await opened(sealer, row, "licence"),
        "photo": photo,
    }
