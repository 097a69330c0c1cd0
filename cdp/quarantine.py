"""The quarantine: events that nobody here knew when they came, and their way into the log once somebody does.

The rule: nothing in quarantine is lost and nothing in it is looked at as it is; after the catalogue has learnt an event
the quarantine is replayed. Consent is asked again, since it may have been withdrawn in the meantime.
"""

from datetime import datetime
from typing import Final

import msgspec
from asyncpg import Record
from msgspec import Struct

from cdp import books, consent, metrics_folding
from cdp.batches import EventOutcome, Judged, Origin, Row, Unknown
from cdp.envelope import ANALYTICS
from cdp.judging import EventRefused, judge_again
from cdp.storing import CONFLICTING, Group
from server.core.db import connection, transaction

AT_ONCE: Final = 200


class Replayed(Struct, frozen=True):
    """What became of the quarantine: taken into the log, known already, refused for good, or waiting on."""

    stored: int = 0
    duplicate: int = 0
    refused: int = 0
    waiting: int = 0


async def replay(*, at: datetime) -> Replayed:
    """Judge everything in quarantine again and take in what is known by now; may be killed and repeated at any time.

    An event that is known by now but does not fit its shape stays, with the reason why.
    """
    counts = dict.fromkeys(Replayed.__struct_fields__, 0)
    last = 0
    while True:
        async with transaction():
            rows = await connection().fetch(
                "SELECT * FROM quarantine WHERE resolved_at IS NULL AND id > $1 ORDER BY id LIMIT $2 "
                "FOR UPDATE SKIP LOCKED",
                last,
                AT_ONCE,
            )
            for row in rows:
                counts[await _judge(row, at)] += 1
        if len(rows) < AT_ONCE:
            return Replayed(**counts)
        last = rows[-1]["id"]


async def _judge(row: Record, at: datetime) -> str:
    origin = msgspec.json.decode(row["batch"], type=Origin)
    if not await _is_agreed(origin):
        await books.move_to_rejected([row["received_at"]])
        await _resolve(row["id"], "no_consent", at)
        return "refused"
    try:
        event = judge_again(row["payload"], origin)
    except EventRefused as refusal:
        await connection().execute("UPDATE quarantine SET reason = $2 WHERE id = $1", row["id"], refusal.reason)
        return "waiting"
    if isinstance(event, Unknown):
        return "waiting"
    outcome = await _store(event, origin)
    stored = outcome.outcome == "accepted"
    if stored:
        # It lies in the log where it came in, and that has been counted.
        await metrics_folding.count_again(since=origin.received_at)
    await _resolve(row["id"], "conflict" if outcome.code == CONFLICTING else "stored" if stored else "duplicate", at)
    return "stored" if stored else "duplicate"


async def _is_agreed(origin: Origin) -> bool:
    """Tell whether the sender's consent still stands; that of a guest cannot be withdrawn here."""
    account_id = origin.sender.account_id
    if account_id is None:
        return True
    _, purposes = await consent.purposes_of(account_id=account_id)
    return ANALYTICS in purposes


async def _store(event: Row, origin: Origin) -> EventOutcome:
    group = Group([Judged(origin, [None], [event])], from_quarantine=True)
    async with connection().held() as held:
        await group.store(held)
    return group.outcomes[0][0]


async def _resolve(number: int, outcome: str, at: datetime) -> None:
    """Close an entry; what was sent is in the log now, or must not be kept."""
    await connection().execute(
        "UPDATE quarantine SET resolved_at = $2, outcome = $3, payload = '', batch = '{}', account_id = NULL "
        "WHERE id = $1",
        number,
        at,
        outcome,
    )
