"""Tries to get in that failed: after so many under one key, the key is locked for a while.

The rule: a try is counted before the secret is looked at, so that a hundred at once are not a hundred free guesses, and
it is counted in a transaction of its own, so that the refusal does not undo it.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from server.core.db import connection, transaction
from server.core.errors import TooMany


class LockedOut(TooMany):
    """Too many tries failed; nobody is let in under this key before the time given."""

    code = "locked_out"
    title = "登录失败次数过多，请稍后再试"


class Limit(Struct, frozen=True):
    """How many tries may fail within so long, which is also how long the key is locked then."""

    tries: int
    within: timedelta


def email_key(email: str) -> str:
    return f"email:{hashlib.sha256(email.encode()).hexdigest()}"


def address_key(address: str) -> str:
    return f"net:{hashlib.sha256(address.encode()).hexdigest()}"


def code_key(staff_id: int) -> str:
    return f"code:{staff_id}"


def password_key(staff_id: int) -> str:
    return f"password:{staff_id}"


async def begin(key: str, limit: Limit, *, at: datetime) -> None:
    """Count a try under a key.

    :raises LockedOut: if the key is locked, or this try is one too many.
    """
    async with transaction():
        row = await connection().row(
            """
            INSERT INTO sign_in_try AS t (key, tries, began_at) VALUES ($1, 1, $2)
            ON CONFLICT (key) DO UPDATE SET
                tries = CASE WHEN t.locked_until > $2 THEN t.tries
                             WHEN coalesce(t.locked_until <= $2, t.began_at <= $3) THEN 1
                             ELSE t.tries + 1 END,
                began_at = CASE WHEN t.locked_until > $2 THEN t.began_at
                                WHEN coalesce(t.locked_until <= $2, t.began_at <= $3) THEN $2
                                ELSE t.began_at END,
                locked_until = CASE WHEN t.locked_until > $2 THEN t.locked_until END
            RETURNING tries, locked_until
            """,
            key,
            at,
            at - limit.within,
        )
        if row is None or (row["locked_until"] is None and row["tries"] <= limit.tries):
            return
    # Only those that came at once with the last try allowed are too many without a lock.
    until = row["locked_until"] or await _lock(key, at + limit.within)
    raise LockedOut(retry_after_s=max(1, int((until - at).total_seconds())))


async def failed(key: str, limit: Limit, *, at: datetime) -> bool:
    """Tell that the try failed, and whether that locked the key."""
    tries = await connection().value("SELECT tries FROM sign_in_try WHERE key = $1", key)
    if tries is None or tries < limit.tries:
        return False
    await _lock(key, at + limit.within)
    return True


async def succeeded(key: str) -> None:
    """Forget the tries under a key, for somebody got in."""
    await connection().execute("DELETE FROM sign_in_try WHERE key = $1", key)


async def give_back(key: str) -> None:
    """Take one try under a key back, which did not fail; those before it still count."""
    await connection().execute("UPDATE sign_in_try SET tries = greatest(tries - 1, 0) WHERE key = $1", key)


async def locked(keys: Iterable[str], *, at: datetime) -> dict[str, datetime]:
    """Tell which of these keys are locked, and until when."""
    rows = await connection().fetch(
        "SELECT key, locked_until FROM sign_in_try WHERE key = ANY($1::text[]) AND locked_until > $2", list(keys), at
    )
    return {row["key"]: row["locked_until"] for row in rows}


async def sweep(*, before: datetime) -> int:
    """Forget tries that began before a time and count them."""
    return await connection().execute(
        "DELETE FROM sign_in_try WHERE began_at < $1 AND coalesce(locked_until, $1) <= $1", before
    )


async def _lock(key: str, until: datetime) -> datetime:
    await connection().execute("UPDATE sign_in_try SET locked_until = $2 WHERE key = $1", key, until)
    return until
