"""Receipts: what the platform tells of a message after it has taken it.

The rule: a receipt is of the message that bears the platform's id. Where no message does, but one to the same person
by the same template went out and nobody knows whether it was taken (its sender died, the answer was lost), the receipt
answers that: the message was taken.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from asyncpg import Record

from cdp import log
from cdp.events import MessageDelivered, MessageFailed, MessageSent
from server.core.db import connection, transaction
from server.core.wechat_push_body import Subscription

LONGEST_ID: Final = 40
WAITED_FOR: Final = timedelta(minutes=10)
"""How long a receipt may wait for its message to be written down."""


async def note(*, account_id: int, receipt: Subscription, told_at: datetime, at: datetime) -> bool:
    """Note a receipt; tell whether there is such a message (yet). Noting it again changes nothing."""
    async with transaction():
        return await _note(account_id, receipt, told_at, at)


async def _note(account_id: int, receipt: Subscription, told_at: datetime, at: datetime) -> bool:
    row = await connection().row(
        f"{_MESSAGE} AND wechat_msg_id = $3 FOR UPDATE", account_id, receipt.template_id, receipt.message_id
    )
    if row is None:
        row = await connection().row(
            f"{_MESSAGE} AND state = 'unknown' AND wechat_msg_id IS NULL "
            "AND claimed_at BETWEEN $3::timestamptz - $4::interval AND $3::timestamptz + $4::interval "
            "ORDER BY claimed_at DESC LIMIT 1 FOR UPDATE",
            account_id,
            receipt.template_id,
            told_at,
            WAITED_FOR,
        )
        if row is None:
            return False
        await _taken(row, receipt, at)
    if receipt.error_code:
        await _failed(row, receipt, at)
    elif row["delivered_at"] is None:
        await connection().execute("UPDATE message SET delivered_at = $2 WHERE id = $1", row["id"], at)
        await log.record(MessageDelivered(at=at, **_named(row)))
    return True


async def _taken(row: Record, receipt: Subscription, at: datetime) -> None:
    await connection().execute(
        "UPDATE message SET state = 'sent', reason = '', sent_at = claimed_at, wechat_msg_id = $2 WHERE id = $1",
        row["id"],
        receipt.message_id,
    )
    await log.record(MessageSent(at=at, **_named(row)))


async def _failed(row: Record, receipt: Subscription, at: datetime) -> None:
    failed = await connection().execute(
        "UPDATE message SET state = 'failed', reason = $2, ended_at = $3 WHERE id = $1 AND state <> 'failed'",
        row["id"],
        f"not_delivered:{receipt.error_code}",
        at,
    )
    if failed:
        await log.record(MessageFailed(at=at, error=receipt.error_code or 0, **_named(row)))


def _named(row: Record) -> dict[str, Any]:
    return {
        "account_id": row["account_id"],
        "message_id": row["id"],
        "kind": row["kind"],
        "template": row["key"],
        "item_id": row["item_id"],
    }


_MESSAGE: Final = (
    "SELECT id, account_id, kind, key, item_id, delivered_at FROM message WHERE account_id = $1 AND template_id = $2"
)
