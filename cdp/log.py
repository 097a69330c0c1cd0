"""The engagement log, as the house itself writes it: an event is recorded in the transaction of its deed.

The rule: the log is the outbox. What is committed has its event, what is rolled back has none. Without the person's
consent to analytics only necessary events are written, and without the person; what follows from an event inside the
house follows all the same.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from cdp import consent
from cdp.catalogue import SERVER_EVENTS
from cdp.envelope import ANALYTICS, UNNAMED, fingerprint, to_milliseconds
from cdp.events import Event
from server.core.db import connection, within_transaction
from server.core.ids import uuid7
from server.core.wire import encode

Reaction = Callable[[Any], Awaitable[None]]
_reactions: dict[type[Event], tuple[Reaction, ...]] = {}

# Source 1 is the house itself (`cdp.catalogue.HOUSE`).
_WRITE: Final = """
WITH key AS (INSERT INTO event_key (source, id, fingerprint) VALUES (1, $1, $2))
INSERT INTO event (source, event_id, name, schema, created_at, received_at, derived_at,
    account_id, audience, app, flags, consent_version, purposes, body)
SELECT 1, $1, $3, $4, $5, $5, $5, $6, account.audience, account.app_id, $8, $9, $10, $11
FROM (SELECT $7::bigint AS id) AS actor LEFT JOIN account USING (id)
"""


class Unrecordable(Exception):
    """An event does not fit its own shape, or no transaction is open: a fault of whoever records it."""


def react(reactions: Mapping[type[Event], Sequence[Reaction]]) -> None:
    """Say what follows from which event; a reaction runs in the recording transaction and touches only the database."""
    _reactions.clear()
    _reactions.update({event: tuple(follow) for event, follow in reactions.items()})


async def record(event: Event) -> None:
    """Record an event, and let what follows from it follow, in the transaction that is open.

    :raises Unrecordable: if none is open, or if the event does not fit its shape.
    """
    if not within_transaction():
        raise Unrecordable(f"{type(event).__name__} was recorded outside of the transaction of its deed.")
    await _write(event)
    for reaction in _reactions.get(type(event), ()):
        await reaction(event)


async def _write(event: Event) -> None:
    entry = SERVER_EVENTS[type(event)]
    body = encode(event.body())
    try:
        entry.decoder.decode(body)
    except msgspec.ValidationError as fault:
        raise Unrecordable(f"{type(event).__name__} does not fit its shape: {fault}.") from fault
    version, purposes = "", frozenset[str]()
    unnamed = False
    if event.account_id:
        version, purposes = await consent.purposes_of(account_id=event.account_id)
        unnamed = ANALYTICS not in purposes
        if unnamed and not event.necessary:
            return
    at = _whole(event.at)
    canonical = encode([entry.name, entry.schema, to_milliseconds(at), msgspec.Raw(body)])
    await connection().execute(
        _WRITE,
        uuid7().bytes,
        fingerprint(canonical),
        entry.name,
        entry.schema,
        at,
        event.account_id if event.account_id and not unnamed else None,
        event.account_id or None,
        UNNAMED if unnamed else 0,
        version or None,
        sorted(purposes) or None,
        body.decode(),
    )


def _whole(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise Unrecordable("The time of an event must be aware.")
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
