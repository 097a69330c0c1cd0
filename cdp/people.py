"""People (OneID): whose an account is now, what it has shown, and the map that remembers how that came about.

The rule: facts are written first (keys, links), then `settle` brings the map into line with what `partition` makes of
them. A map row is ended, never changed otherwise, so that what was believed at any time can be told again. A person is
of one audience: the same human being as a doctor and as a patient is two people here, and their hashes differ too.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct

from cdp import log
from cdp.events import IdentityBound, IdentityMerged, IdentityUnmerged
from cdp.partition import partition
from server.core.db import connection
from server.core.keys import Sealer
from server.core.roles import Audience

Kind = Literal["unionid", "phone", "device", "professional"]
OneOnly = Literal["phone", "professional"]
Reason = Literal["created", "unionid", "merge", "unmerge"]

_AUDIENCE_LOCK = 7_311
_KEY_LOCK = 7_312
_AUDIENCES = {Audience.DOCTOR: 1, Audience.PATIENT: 2}


class MapVersion(Struct, frozen=True):
    """Whose an account was in ``[from_at, until_at)``; without an end it holds now."""

    version: int
    person_id: int
    from_at: datetime
    until_at: datetime | None
    reason: str
    actor: str


def key_hash(sealer: Sealer, *, kind: Kind, audience: Audience, value: str) -> bytes:
    """Hash a key so that it is found again within its audience and cannot be compared across."""
    return sealer.hash(f"{kind}:{audience}", value)


async def hold(audience: Audience, *, alone: bool = True) -> None:
    """Hold the people of an audience until the transaction ends.

    Whoever may move accounts between people holds them alone; whoever only adds an account holds them together with
    others who do the same.
    """
    name = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    await connection().value(f"SELECT {name}($1, $2)", _AUDIENCE_LOCK, _AUDIENCES[audience])


async def hold_key(hashed: bytes) -> None:
    """Hold one key until the transaction ends, so that two who show it at once see each other."""
    await connection().value(
        "SELECT pg_advisory_xact_lock($1, $2)", _KEY_LOCK, int.from_bytes(hashed[:4], "big", signed=True)
    )


async def person_of(*, account_id: int, at: datetime | None = None) -> int:
    """Tell whose an account is, now or at a time; 0 if the account was nobody's then."""
    if at is None:
        found = await connection().value(
            "SELECT person_id FROM person_map WHERE account_id = $1 AND until_at IS NULL", account_id
        )
    else:
        found = await connection().value(
            "SELECT person_id FROM person_map WHERE account_id = $1 AND from_at <= $2 "
            "AND (until_at IS NULL OR until_at > $2) ORDER BY version DESC LIMIT 1",
            account_id,
            at,
        )
    return int(found or 0)


async def accounts_of(*, account_id: int) -> list[int]:
    """List the accounts of the person whose an account is, itself among them."""
    rows = await connection().fetch(
        "SELECT other.account_id FROM person_map AS mine JOIN person_map AS other USING (person_id) "
        "WHERE mine.account_id = $1 AND mine.until_at IS NULL AND other.until_at IS NULL ORDER BY 1",
        account_id,
    )
    return [row["account_id"] for row in rows]


async def history(*, account_id: int) -> list[MapVersion]:
    """Tell whose an account has been, the first first."""
    rows = await connection().fetch(
        "SELECT version, person_id, from_at, until_at, reason, actor FROM person_map WHERE account_id = $1 "
        "ORDER BY version",
        account_id,
    )
    return [MapVersion(**row) for row in rows]


async def add_key(*, account_id: int, kind: Kind, hashed: bytes, at: datetime) -> bool:
    """Note that an account has shown a key, in the transaction that is open; tell whether that is new."""
    added = await connection().execute(
        "INSERT INTO identity_key (account_id, kind, hash, bound_at) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (kind, hash, account_id) DO NOTHING",
        account_id,
        kind,
        hashed,
        at,
    )
    if added:
        await log.record(IdentityBound(at=at, account_id=account_id, kind=kind))
    return bool(added)


async def drop_phone(*, account_id: int, at: datetime) -> None:
    """Forget the phone number of an account, in the transaction that is open."""
    await connection().execute(
        "UPDATE account SET phone = NULL, phone_bound_at = NULL WHERE id = $1 AND phone IS NOT NULL", account_id
    )
    await drop_key(account_id=account_id, kind="phone", at=at)


async def drop_key(*, account_id: int, kind: OneOnly, at: datetime) -> None:
    """Forget the one key of a kind that an account has, in the transaction that is open; what it asked is moot."""
    hashed = await connection().value(
        "DELETE FROM identity_key WHERE account_id = $1 AND kind = $2 RETURNING hash", account_id, kind
    )
    if hashed is not None:
        await connection().execute(
            "UPDATE merge_review SET verdict = 'moot', decided_at = $3, decided_by = 'released' "
            "WHERE verdict = '' AND hash = $1 AND $2 IN (account_a, account_b)",
            hashed,
            account_id,
            at,
        )


async def open_reviews(*, account_id: int, kind: Kind, hashed: bytes, at: datetime) -> int:
    """Ask the stewards about every other person who shows the same key, in the transaction that is open.

    Whom a steward has told apart already over this key is not asked about again. The caller holds the key.
    """
    return await connection().execute(
        "INSERT INTO merge_review AS review (account_a, account_b, kind, hash, opened_at) "
        "SELECT least($1, other), greatest($1, other), $2, $3, $4 FROM ("
        "  SELECT min(key.account_id) AS other FROM identity_key AS key "
        "  JOIN person_map AS theirs ON theirs.account_id = key.account_id AND theirs.until_at IS NULL "
        "  JOIN person_map AS mine ON mine.account_id = $1 AND mine.until_at IS NULL "
        "  WHERE key.kind = $2 AND key.hash = $3 AND theirs.person_id <> mine.person_id GROUP BY theirs.person_id"
        ") AS others ON CONFLICT (account_a, account_b, kind, hash) DO UPDATE SET verdict = '', decided_at = NULL, "
        "decided_by = '', opened_at = excluded.opened_at WHERE review.verdict = 'moot'",
        account_id,
        kind,
        hashed,
        at,
    )


_REACHED = """
WITH RECURSIVE reached (account_id) AS (
    SELECT unnest($1::bigint[])
    UNION
    SELECT next.account_id FROM reached CROSS JOIN LATERAL (
        SELECT other.account_id FROM person_map AS mine JOIN person_map AS other USING (person_id)
        WHERE mine.account_id = reached.account_id AND mine.until_at IS NULL AND other.until_at IS NULL
        UNION ALL
        SELECT other.account_id FROM identity_key AS mine JOIN identity_key AS other USING (kind, hash)
        WHERE mine.account_id = reached.account_id AND mine.kind = 'unionid'
        UNION ALL
        SELECT account_b FROM person_link WHERE account_a = reached.account_id AND ended_at IS NULL
        UNION ALL
        SELECT account_a FROM person_link WHERE account_b = reached.account_id AND ended_at IS NULL
    ) AS next
)
SELECT account_id, person_id FROM reached
LEFT JOIN person_map AS now USING (account_id) WHERE now.until_at IS NULL
"""


async def settle(accounts: Collection[int], *, audience: Audience, reason: Reason, actor: str, at: datetime) -> None:
    """Bring the map of some accounts, and of all that are tied to them, into line with the facts.

    In the transaction that is open, whose caller holds the audience. Of several people who become one, the oldest
    number stays; who is parted again gets back the number from before, where it is free.
    """
    now = {row["account_id"]: row["person_id"] for row in await connection().fetch(_REACHED, list(accounts))}
    keys = await connection().fetch(
        "SELECT account_id, hash FROM identity_key WHERE kind = 'unionid' AND account_id = ANY($1)", list(now)
    )
    links = await connection().fetch(
        "SELECT account_a, account_b FROM person_link WHERE ended_at IS NULL AND account_a = ANY($1)", list(now)
    )
    people = partition(
        now,
        keys=((row["account_id"], bytes(row["hash"])) for row in keys),
        links=((row["account_a"], row["account_b"]) for row in links),
    )
    claimed: set[int] = set()
    for members in sorted(people, key=min):
        person_id = await _number(members, now, claimed, audience, at)
        claimed.add(person_id)
        moved = [account for account in sorted(members) if now[account] != person_id]
        await _move(moved, person_id, now, reason=reason, actor=actor, at=at)
    await connection().execute(
        "UPDATE merge_review AS review SET verdict = 'merged', decided_at = $2, decided_by = $3 "
        "FROM person_map AS one, person_map AS other WHERE review.verdict = '' AND one.account_id = review.account_a "
        "AND other.account_id = review.account_b AND one.until_at IS NULL AND other.until_at IS NULL "
        "AND one.person_id = other.person_id AND review.account_a = ANY($1)",
        list(now),
        at,
        actor,
    )


async def _number(
    members: frozenset[int], now: Mapping[int, int | None], claimed: set[int], audience: Audience, at: datetime
) -> int:
    """Choose the number of a person: one that its accounts have, else one they had that is free, else a new one."""
    held = {person for account in members if (person := now[account]) is not None} - claimed
    if held:
        return min(held)
    if any(now[account] is not None for account in members):
        rows = await connection().fetch(
            "SELECT DISTINCT past.person_id FROM person_map AS past JOIN person ON person.id = past.person_id "
            "WHERE past.account_id = ANY($1) AND past.until_at IS NOT NULL AND person.erased_at IS NULL AND NOT EXISTS "
            "(SELECT FROM person_map AS held WHERE held.person_id = past.person_id AND held.until_at IS NULL)",
            sorted(members),
        )
        free: set[int] = {row["person_id"] for row in rows} - claimed
        if free:
            return min(free)
    return int(
        await connection().value("INSERT INTO person (audience, created_at) VALUES ($1, $2) RETURNING id", audience, at)
    )


async def _move(
    accounts: list[int],
    person_id: int,
    now: Mapping[int, int | None],
    *,
    reason: Reason,
    actor: str,
    at: datetime,
) -> None:
    for account in accounts:
        await connection().execute(
            "UPDATE person_map SET until_at = greatest(from_at, $2) WHERE account_id = $1 AND until_at IS NULL",
            account,
            at,
        )
        await connection().execute(
            "INSERT INTO person_map (account_id, version, person_id, from_at, reason, actor) "
            "SELECT $1, coalesce(max(version), 0) + 1, $2, greatest($3, max(until_at)), $4, $5 "
            "FROM person_map WHERE account_id = $1",
            account,
            person_id,
            at,
            reason,
            actor,
        )
        previous = now[account]
        if previous is None:
            continue
        if reason == "unmerge":
            await log.record(
                IdentityUnmerged(at=at, account_id=account, person_id=person_id, previous_person_id=previous)
            )
        else:
            await log.record(
                IdentityMerged(
                    at=at, account_id=account, person_id=person_id, previous_person_id=previous, reason=reason
                )
            )


async def bind_device(*, sealer: Sealer, account_id: int, audience: Audience, device_id: str, at: datetime) -> bool:
    """Note that an account was used on a device, in the transaction that is open; many may use one device."""
    hashed = key_hash(sealer, kind="device", audience=audience, value=device_id)
    return await add_key(account_id=account_id, kind="device", hashed=hashed, at=at)
