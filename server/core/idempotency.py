"""Deeds that grant or spend: the same request under the same key is done once and answered the same.

The rule: key, deed and reply are one transaction; two at once wait for each other at the key's row.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from server.core.db import connection, transaction
from server.core.errors import Conflict

T = TypeVar("T")
KEPT = timedelta(days=7)


class KeyReused(Conflict):
    """The key was used for another request before."""

    code = "idempotency_key_reused"
    title = "Idempotency-Key 已用于其他请求"


async def once(
    *, account_id: int, key: str, deed: str, request: Any, at: datetime, act: Callable[[], Awaitable[T]], shape: type[T]
) -> T:
    """Do a deed unless it was done under this key, and give its reply either way.

    :param request: what was asked; another request under the same key is refused.
    :raises KeyReused: if the key belongs to another deed or request.
    """
    fingerprint = hashlib.sha256(msgspec.json.encode([deed, request], order="deterministic")).digest()
    async with transaction():
        made = await connection().value(
            "INSERT INTO idempotency_key (account_id, key, deed, fingerprint, created_at) VALUES ($1, $2, $3, $4, $5) "
            "ON CONFLICT (account_id, key) DO NOTHING RETURNING id",
            account_id,
            key,
            deed,
            fingerprint,
            at,
        )
        if made is None:
            row = await connection().row(
                "SELECT fingerprint, reply FROM idempotency_key WHERE account_id = $1 AND key = $2", account_id, key
            )
            if row is None or row["fingerprint"] != fingerprint or row["reply"] is None:
                raise KeyReused(field="Idempotency-Key")
            return msgspec.json.decode(row["reply"], type=shape)
        result = await act()
        await connection().execute(
            "UPDATE idempotency_key SET reply = $2 WHERE id = $1", made, msgspec.json.encode(result)
        )
        return result


async def forget(*, account_ids: Sequence[int]) -> int:
    """Forget what was answered to some accounts, and count it; for their erasure."""
    return await connection().execute("DELETE FROM idempotency_key WHERE account_id = ANY($1)", list(account_ids))


async def purge(ctx: object, at: datetime) -> None:
    """Forget replies that nobody asks for again, some at a time."""
    await connection().execute(
        "DELETE FROM idempotency_key WHERE id IN "
        "(SELECT id FROM idempotency_key WHERE created_at < $1 ORDER BY created_at LIMIT 5000)",
        at - KEPT,
    )
