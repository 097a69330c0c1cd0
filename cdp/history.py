"""What the log holds of some accounts: for the person who asks for it, and for their erasure.

The rule: an event keeps its account's number for ever, since figures rest on it; after an erasure that number leads
nowhere, and nothing else in the event leads on to the person, their devices or their sessions.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from cdp import books
from cdp.erasure import Erased
from server.core.db import connection, transaction

# How long after an erasure a batch that was taken in before it can still be on its way, by far.
STRAGGLING: Final = timedelta(hours=1)


async def export(*, account_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Give every event of some accounts, in the order in which they happened."""
    rows = await connection().fetch(
        "SELECT name, schema, account_id, derived_at AS at, app, session, channel, page, campaign, consent_version, "
        "body FROM event WHERE account_id = ANY($1) ORDER BY derived_at, number",
        list(account_ids),
    )
    waiting = await connection().fetch(
        "SELECT name, schema, account_id, received_at AS at, payload FROM quarantine "
        "WHERE account_id = ANY($1) ORDER BY id",
        list(account_ids),
    )
    return [
        *({**row, "body": msgspec.json.decode(row["body"])} for row in rows),
        *({**row, "payload": msgspec.json.decode(row["payload"])} for row in waiting),
    ]


async def erase(*, account_ids: Sequence[int], at: datetime) -> Erased:
    """Take out of the events of some accounts what leads to a device or a session, and empty what is in quarantine."""
    accounts = list(account_ids)
    events = await connection().execute(
        "UPDATE event SET anonymous_id = NULL, session = NULL "
        "WHERE account_id = ANY($1) AND (anonymous_id IS NOT NULL OR session IS NOT NULL)",
        accounts,
    )
    waiting = await connection().fetch(
        "UPDATE quarantine SET resolved_at = $2, outcome = 'erased', payload = '', batch = '{}', account_id = NULL "
        "WHERE account_id = ANY($1) AND resolved_at IS NULL RETURNING received_at",
        accounts,
        at,
    )
    await books.move_to_rejected([row["received_at"] for row in waiting])
    kept = await connection().value("SELECT count(*) FROM event WHERE account_id = ANY($1)", accounts)
    return Erased(rows=events + len(waiting), kept=kept, why_kept="Events keep a number that leads nowhere.")


async def erase_stragglers(ctx: Any, at: datetime) -> None:
    """Erase again what was just being stored when its person was erased; a job."""
    rows = await connection().fetch("SELECT id FROM account WHERE erased_at > $1", at - STRAGGLING)
    if rows:
        async with transaction():
            await erase(account_ids=[row["id"] for row in rows], at=at)
