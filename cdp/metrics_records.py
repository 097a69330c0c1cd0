"""What is counted of some accounts: for the person who asks for it, and for their erasure.

The rule: aggregates stay. What is counted carries the number of an account, which leads nowhere after an erasure, and a
number for each visit, which leads back to no session once that is gone from the log.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cdp.erasure import Erased
from server.core.db import connection


async def export(*, account_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Give what is counted of some accounts, a row for each item and day."""
    rows = await connection().fetch(
        "SELECT account_id, item_id, day, bool_or(shown) AS shown, bool_or(opened_first IS NOT NULL) AS opened, "
        "bool_or(read) AS read, bool_or(started) AS started, bool_or(finished) AS finished, "
        "coalesce(sum((SELECT sum(upper(part) - lower(part)) FROM unnest(watched) AS part)), 0) / 1000.0 AS watched_s "
        "FROM item_visit WHERE account_id = ANY($1) GROUP BY account_id, item_id, day "
        "ORDER BY day, item_id, account_id",
        list(account_ids),
    )
    return [{**row, "watched_s": float(row["watched_s"])} for row in rows]


async def erase(*, account_ids: Sequence[int], at: datetime) -> Erased:
    """Keep what is counted of some accounts, and say why."""
    kept = await connection().value("SELECT count(*) FROM item_visit WHERE account_id = ANY($1)", list(account_ids))
    return Erased(rows=0, kept=kept, why_kept="Figures keep a number that leads nowhere.")
