"""Claims: which messages go out now, each with its credit, taken by exactly one sender.

The rule: a claim is one transaction. It locks the message and its balance, passing over what another sender has locked,
asks the line for credits (`cdp.message_rules`) once more behind the locks, spends the credit and marks the message
``sending`` with the sender's own mark. Who is killed after that leaves a message that nobody sends again.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import msgspec
from asyncpg import Record
from msgspec import Struct

from cdp import consent, credits
from cdp.message_rules import LONGEST_CAP, Kind, Waiting, allotted, peaceful_from
from server.core.db import connection, transaction

MARKETING_LOCK: Final = 7_321
MARKETING: Final = "marketing"
"""The purpose that a person agrees to before anything is sent that they did not ask for."""
CONSENT_PAUSE: Final = timedelta(minutes=2)
LOCK_PAUSE: Final = timedelta(seconds=5)


class Claimed(Struct, frozen=True, kw_only=True):
    """A message that its sender alone may send now, and everything it takes."""

    id: int
    claim: UUID
    claimed_at: datetime
    account_id: int
    app_id: str
    key: str
    kind: Kind
    template_id: str
    item_id: int | None
    places: dict[str, str]
    texts: dict[str, str]
    page: str
    not_after: datetime
    tries: int


async def due(*, at: datetime, most: int) -> list[int]:
    """List messages that are due and have a credit, those that have waited longest first."""
    rows = await connection().fetch(f"SELECT m.id {_DUE} ORDER BY m.ready_at, m.id LIMIT $2", at, most)
    return [row["id"] for row in rows]


async def claim(*, message_ids: Sequence[int], at: datetime) -> list[Claimed]:
    """Claim those of some messages that are still due, have a credit, and nobody else is about to claim."""
    async with transaction():
        locked = await connection().fetch(
            f"SELECT m.*, t.places::text AS places, m.texts::text AS texts {_DUE} AND m.id = ANY($2::bigint[]) "
            "ORDER BY m.ready_at, m.id FOR UPDATE OF m, c SKIP LOCKED",
            at,
            list(message_ids),
        )
        having = await _with_credit(await _agreed_to(locked, at), at)
        taken: list[Claimed] = []
        for row in having:
            # Each is taken before the next is looked at, because it counts for the caps of the next.
            if (row["kind"] == Kind.SERVICE or await _is_in_peace(row, at)) and (claimed := await _take(row, at)):
                taken.append(claimed)
        return taken


async def _agreed_to(due: Sequence[Record], at: datetime) -> list[Record]:
    """Leave out what goes to people who have not agreed to it: the service waits for their word, marketing does not."""
    kept: list[Record] = []
    for account_id, rows in _by_account(due):
        _, purposes = await consent.purposes_of(account_id=account_id)
        wanted = [row for row in rows if row["kind"] == Kind.SERVICE or MARKETING in purposes]
        await connection().execute(
            "UPDATE message SET state = 'cancelled', reason = 'consent_withdrawn', ended_at = $2 "
            "WHERE id = ANY($1::bigint[])",
            [row["id"] for row in rows if row not in wanted],
            at,
        )
        if consent.SERVICE in purposes:
            kept += wanted
        else:
            # The text may have changed, and they have not been in the app since to read it.
            await connection().execute(
                "UPDATE message SET ready_at = $2 WHERE id = ANY($1::bigint[])",
                [row["id"] for row in wanted],
                at + CONSENT_PAUSE,
            )
    return kept


async def _with_credit(due: Sequence[Record], at: datetime) -> list[Record]:
    kept: list[Record] = []
    for account_id, rows in _by_account(due):
        line = await connection().fetch(_LINE, account_id, at)
        having = allotted(
            [Waiting(row["id"], row["template_id"], row["urgency"], row["due_at"]) for row in line],
            {row["template_id"]: row["remaining"] for row in line},
        )
        kept += [row for row in rows if row["id"] in having]
    return kept


async def _is_in_peace(row: Record, at: datetime) -> bool:
    """Tell whether marketing may go to this account now; if not, put the message off to when it may."""
    # Two senders might each hold a message to the same account, of different templates, and both find the cap open.
    alone = await connection().value(
        "SELECT pg_try_advisory_xact_lock($1, hashint8($2::bigint))", MARKETING_LOCK, row["account_id"]
    )
    past = await connection().fetch(
        "SELECT claimed_at FROM message WHERE account_id = $1 AND kind = 'marketing' AND claimed_at > $2 "
        "AND state IN ('sending', 'sent', 'unknown')",
        row["account_id"],
        at - LONGEST_CAP,
    )
    moment = peaceful_from(at, sent=[sent["claimed_at"] for sent in past]) if alone else at + LOCK_PAUSE
    if moment == at:
        return True
    await connection().execute("UPDATE message SET ready_at = $2 WHERE id = $1", row["id"], moment)
    return False


async def _take(row: Record, at: datetime) -> Claimed | None:
    tries = row["tries"] + 1
    reserved = await credits.reserve(
        account_id=row["account_id"], template_id=row["template_id"], message_id=row["id"], tries=tries, at=at
    )
    if not reserved:
        return None
    mark = uuid4()
    await connection().execute(
        "UPDATE message SET state = 'sending', claim = $2, claimed_at = $3, tries = $4 WHERE id = $1",
        row["id"],
        mark,
        at,
        tries,
    )
    known: dict[str, Any] = {name: row[name] for name in Claimed.__struct_fields__ if name in row.keys()}  # noqa: SIM118
    known |= {
        "places": msgspec.json.decode(row["places"]),
        "texts": msgspec.json.decode(row["texts"]),
        "tries": tries,
    }
    return msgspec.convert({**known, "claim": mark, "claimed_at": at}, Claimed)


def _by_account(rows: Iterable[Record]) -> list[tuple[int, list[Record]]]:
    found: defaultdict[int, list[Record]] = defaultdict(list)
    for row in rows:
        found[row["account_id"]].append(row)
    return list(found.items())


# How many stand before a message in the line for the credits of its template, at $1: the rule of the line, told to the
# database so that what waits for a credit is not looked at again and again. Before a message goes out it is decided
# upon by the rule itself, behind the locks.
BEFORE: Final = """(
    SELECT count(*) FROM message o
    WHERE o.account_id = m.account_id AND o.template_id = m.template_id AND o.state = 'planned' AND o.not_after > $1
        AND (-o.urgency, o.due_at, o.id) < (-m.urgency, m.due_at, m.id)
)"""
_DUE: Final = f"""
FROM message m
JOIN message_credit c ON c.account_id = m.account_id AND c.template_id = m.template_id
JOIN message_template t ON t.app_id = m.app_id AND t.key = m.key
JOIN account a ON a.id = m.account_id
JOIN mini_program p ON p.app_id = m.app_id
WHERE m.state = 'planned' AND m.ready_at <= $1 AND m.not_after > $1
    AND t.enabled AND (t.paused_until IS NULL OR t.paused_until <= $1)
    AND a.erased_at IS NULL AND p.disabled_at IS NULL AND c.remaining > {BEFORE}
"""
_LINE: Final = """
SELECT m.id, m.template_id, m.urgency, m.due_at, c.remaining
FROM message m JOIN message_credit c ON c.account_id = m.account_id AND c.template_id = m.template_id
WHERE m.account_id = $1 AND m.state = 'planned' AND m.not_after > $2
"""
