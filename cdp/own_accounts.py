"""The house's own people: accounts that no figure counts, from their first event on.

The rule: only the number of an account is kept, and who said so; taking it back counts the account again, as if it had
never been marked.
"""

from datetime import datetime

from msgspec import Struct

from server.core import audit
from server.core.db import connection, transaction
from server.core.errors import Missing


class AccountUnknown(Missing):
    """There is no account of this number."""

    code = "account_unknown"
    title = "没有这个账号"


class OwnAccount(Struct, frozen=True):
    """An account of somebody who works for the house."""

    account_id: int
    marked_at: datetime
    marked_by: int


async def listing() -> list[OwnAccount]:
    """List the house's own accounts."""
    rows = await connection().fetch("SELECT account_id, marked_at, marked_by FROM own_account ORDER BY account_id")
    return [OwnAccount(**row) for row in rows]


async def mark(*, account_id: int, staff_id: int, at: datetime, request_id: str = "") -> None:
    """Leave an account out of all figures; one that is left out already stays so.

    :raises AccountUnknown: if there is none.
    """
    async with transaction():
        if not await connection().value("SELECT EXISTS (SELECT FROM account WHERE id = $1)", account_id):
            raise AccountUnknown(field="account_id")
        marked = await connection().execute(
            "INSERT INTO own_account (account_id, marked_at, marked_by) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            account_id,
            at,
            staff_id,
        )
        if marked:
            await _note("mark", account_id, staff_id, at, request_id)


async def unmark(*, account_id: int, staff_id: int, at: datetime, request_id: str = "") -> None:
    """Count an account again; one that is counted stays so."""
    async with transaction():
        if await connection().execute("DELETE FROM own_account WHERE account_id = $1", account_id):
            await _note("unmark", account_id, staff_id, at, request_id)


async def _note(deed: str, account_id: int, staff_id: int, at: datetime, request_id: str) -> None:
    await audit.note(
        actor=f"staff:{staff_id}",
        deed=f"own_account.{deed}",
        subject_kind="own_account",
        subject_id=account_id,
        at=at,
        request_id=request_id,
    )
