"""The queue as staff see it: what will be sent to how many, what was, and what became of it.

The rule: accounts are numbers here; who is behind them is not shown.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from cdp.message_claims import BEFORE
from cdp.message_rules import Kind
from cdp.messages import State
from server.core.db import connection


class Listed(Struct, frozen=True):
    """A message of the queue. ``has_credit`` is told of one that waits."""

    id: int
    account_id: int
    app_id: str
    key: str
    kind: Kind
    subject: str
    item_id: int | None
    state: State
    reason: str
    has_credit: bool
    due_at: datetime
    not_after: datetime
    tries: int
    sent_at: datetime | None
    delivered_at: datetime | None


class Tally(Struct, frozen=True):
    """How many messages of one kind of notice about something are in a state; ``has_credit`` as in `Listed`."""

    key: str
    state: State
    has_credit: bool
    due_at: datetime
    messages: int


async def listing(
    *,
    at: datetime,
    starts_at: datetime,
    ends_at: datetime,
    states: Sequence[State] = (),
    keys: Sequence[str] = (),
    account_id: int | None = None,
    item_id: int | None = None,
    most: int = 50,
    after: tuple[datetime, int] | None = None,
) -> list[Listed]:
    """List messages that are or were due in ``[starts_at, ends_at)``, the first first.

    :param states: those to list, all where none is named; ``keys`` likewise.
    :param after: when the last one of the page before is due, and its id.
    """
    rows = await connection().fetch(
        _LISTING,
        at,
        starts_at,
        ends_at,
        [state.value for state in states],
        list(keys),
        account_id,
        item_id,
        *(after or (None, None)),
        most,
    )
    return [msgspec.convert(dict(row), Listed) for row in rows]


async def tally(*, item_id: int, at: datetime) -> list[Tally]:
    """Count the messages about an item by kind of notice, state and time."""
    rows = await connection().fetch(_TALLY, at, item_id)
    return [msgspec.convert(dict(row), Tally) for row in rows]


_HAS_CREDIT: Final = f"(m.state = 'planned' AND m.not_after > $1 AND coalesce(c.remaining, 0) > {BEFORE})"
_FROM: Final = (
    "FROM message m LEFT JOIN message_credit c ON c.account_id = m.account_id AND c.template_id = m.template_id"
)
_LISTING: Final = f"""
SELECT m.id, m.account_id, m.app_id, m.key, m.kind, m.subject, m.item_id, m.state, m.reason,
    {_HAS_CREDIT} AS has_credit, m.due_at, m.not_after, m.tries, m.sent_at, m.delivered_at
{_FROM}
WHERE m.due_at >= $2 AND m.due_at < $3
    AND (cardinality($4::text[]) = 0 OR m.state = ANY($4)) AND (cardinality($5::text[]) = 0 OR m.key = ANY($5))
    AND ($6::bigint IS NULL OR m.account_id = $6) AND ($7::bigint IS NULL OR m.item_id = $7)
    AND ($8::timestamptz IS NULL OR (m.due_at, m.id) > ($8::timestamptz, $9::bigint))
ORDER BY m.due_at, m.id LIMIT $10
"""
_TALLY: Final = f"""
SELECT key, state, has_credit, due_at, count(*)::int AS messages
FROM (SELECT m.key, m.state, m.due_at, {_HAS_CREDIT} AS has_credit {_FROM} WHERE m.item_id = $2) AS told
GROUP BY key, state, has_credit, due_at ORDER BY due_at, key, state, has_credit DESC
"""  # noqa: S608  the parts are constants
