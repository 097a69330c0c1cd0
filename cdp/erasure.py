"""Export and erasure of what is known of a person (PIPL, articles 45 and 47).

The rule: a person is all their accounts of one audience. Rooms say in the wiring what they hold of some accounts
(`contribute`), and what of it they erase; each erasure keeps a receipt of every room. The keys of the accounts are
destroyed, so that nothing sealed with them can be opened wherever a copy lies; account numbers stay in the log and in
figures, and lead nowhere. Keyed hashes of what named the person go on a list that is asked before anything told of them
is taken in, so that a replay cannot bring them back. A room that has to keep a record (a legal hold) keeps it without
what names a person, and its receipt says how many and why.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from msgspec import Struct

from cdp import accounts, consent, log, people, profiles
from cdp.accounts import AccountGone
from cdp.events import ErasureDone, ErasureRequested
from server.core import audit, idempotency
from server.core.changes import Changes
from server.core.db import connection, transaction
from server.core.ids import uuid7
from server.core.keys import Sealer


class Erased(Struct, frozen=True):
    """What a room has erased of some accounts, and what it had to keep, without what names a person, and why."""

    rows: int
    kept: int = 0
    why_kept: str = ""


class Export(Protocol):
    """What a room holds of some accounts, as JSON can say it."""

    async def __call__(self, *, account_ids: Sequence[int]) -> Any: ...


class Eraser(Protocol):
    """Erases what a room holds of some accounts, in the transaction that is open; it touches only the database."""

    async def __call__(self, *, account_ids: Sequence[int], at: datetime) -> Erased: ...


class Receipt(Struct, frozen=True):
    """What one room erased."""

    room: str
    erased: int
    kept: int
    why_kept: str


class Erasure(Struct, frozen=True):
    """An erasure that is done. ``account_ids`` are numbers that lead nowhere any more."""

    id: UUID
    account_ids: tuple[int, ...]
    done_at: datetime
    receipts: tuple[Receipt, ...]


_exports: dict[str, Export] = {}
_erasers: dict[str, Eraser] = {}


def contribute(*, exports: Mapping[str, Export], erasers: Mapping[str, Eraser]) -> None:
    """Say what the rooms hold of people, by the names under which they appear in exports and receipts."""
    _exports.clear()
    _exports.update(exports)
    _erasers.clear()
    _erasers.update(erasers)


async def export(*, sealer: Sealer, account_id: int, at: datetime) -> dict[str, Any]:
    """Gather everything that is known of the person whose account this is, as JSON can say it.

    :raises AccountGone: if the account is gone.
    """
    mine = await people.accounts_of(account_id=account_id)
    told = [await _account(sealer, account) for account in mine]
    if not told:
        raise AccountGone()
    return {
        "exported_at": at,
        "accounts": told,
        "consents": await consent.given(account_ids=mine),
        "sessions": [
            dict(row)
            for row in await connection().fetch(
                "SELECT account_id, created_at, refreshed_at, ended_at, end_reason FROM account_session "
                "WHERE account_id = ANY($1) ORDER BY created_at, id",
                mine,
            )
        ],
        **{room: await told_by(account_ids=mine) for room, told_by in _exports.items()},
    }


async def erase(*, sealer: Sealer, changes: Changes, account_id: int, asked_by: str, at: datetime) -> Erasure:
    """Erase the person whose account this is: all their accounts, for good.

    :param asked_by: ``account:17`` for the person, ``wechat`` for the platform, ``staff:3`` for a steward.
    :raises AccountGone: if the account is gone.
    """
    async with transaction():
        audience = (await accounts.account(account_id=account_id)).audience
        await people.hold(audience)
        mine = await people.accounts_of(account_id=account_id)
        held = await connection().fetch(
            "SELECT id FROM account WHERE id = ANY($1) AND erased_at IS NULL ORDER BY id FOR UPDATE", mine
        )
        if account_id not in {row["id"] for row in held}:
            raise AccountGone()
        person_id = await people.person_of(account_id=account_id)
        erasure_id = uuid7()
        await log.record(ErasureRequested(at=at, account_id=account_id, erasure_id=str(erasure_id)))
        await connection().execute(
            "INSERT INTO erasure (id, person_id, account_ids, asked_by, requested_at) VALUES ($1, $2, $3, $4, $5)",
            erasure_id,
            person_id,
            mine,
            asked_by,
            at,
        )
        # The accounts go last: until then a room can still tell whose they were.
        erasers = {**_erasers, "accounts": partial(_erase_accounts, sealer, person_id)}
        receipts = [await _receipt(erasure_id, room, eraser, mine, at) for room, eraser in erasers.items()]
        await connection().execute("UPDATE erasure SET done_at = $2 WHERE id = $1", erasure_id, at)
        await audit.note(
            actor=asked_by,
            deed="person.erase",
            subject_kind="person",
            subject_id=person_id,
            after={"erasure": str(erasure_id), "accounts": mine},
            at=at,
        )
        await log.record(ErasureDone(at=at, account_id=account_id, erasure_id=str(erasure_id), accounts=len(mine)))
    await changes.publish(*(f"account:{account}" for account in mine))
    return Erasure(erasure_id, tuple(mine), at, tuple(receipts))


async def is_suppressed(*, kind: str, hashed: bytes, told_at: datetime) -> bool:
    """Tell whether something told of somebody at a time must not be written, because they were erased afterwards.

    :param kind: openid, unionid or phone.
    :param hashed: the keyed hash under which an account would have it (`accounts.openid_hash`, `people.key_hash`).
    """
    return bool(
        await connection().value(
            "SELECT true FROM suppression WHERE kind = $1 AND hash = $2 AND erased_at >= $3", kind, hashed, told_at
        )
    )


async def _receipt(erasure_id: UUID, room: str, eraser: Eraser, mine: list[int], at: datetime) -> Receipt:
    done = await eraser(account_ids=mine, at=at)
    await connection().execute(
        "INSERT INTO erasure_receipt (erasure_id, room, erased, kept, why_kept, at) VALUES ($1, $2, $3, $4, $5, $6)",
        erasure_id,
        room,
        done.rows,
        done.kept,
        done.why_kept,
        at,
    )
    return Receipt(room, done.rows, done.kept, done.why_kept)


async def _account(sealer: Sealer, account_id: int) -> dict[str, Any]:
    row = await connection().row(
        "SELECT id, app_id, audience, openid, phone, phone_bound_at, created_at FROM account WHERE id = $1", account_id
    )
    assert row is not None
    owner = accounts.owner(account_id)
    return {
        "account_id": row["id"],
        "app_id": row["app_id"],
        "audience": row["audience"],
        "openid": await sealer.open(owner=owner, field="openid", sealed=row["openid"]),
        "phone": await sealer.open(owner=owner, field="phone", sealed=row["phone"]) if row["phone"] else None,
        "phone_bound_at": row["phone_bound_at"],
        "created_at": row["created_at"],
        "profile": await profiles.kept_by(sealer=sealer, account_id=account_id),
        "person": await people.history(account_id=account_id),
    }


async def _erase_accounts(sealer: Sealer, person_id: int, *, account_ids: Sequence[int], at: datetime) -> Erased:
    mine = list(account_ids)
    await connection().execute(
        "INSERT INTO suppression (kind, hash, erased_at) "
        "SELECT 'openid', openid_hash, $2::timestamptz FROM account WHERE id = ANY($1) "
        "UNION SELECT kind, hash, $2::timestamptz FROM identity_key WHERE account_id = ANY($1) AND kind <> 'device' "
        "ON CONFLICT (kind, hash) DO UPDATE SET erased_at = greatest(suppression.erased_at, excluded.erased_at)",
        mine,
        at,
    )
    rows = await connection().execute("DELETE FROM identity_key WHERE account_id = ANY($1)", mine)
    await connection().execute(
        "UPDATE person_link SET reason = '', end_reason = '', ended_at = coalesce(ended_at, $2), "
        "ended_by = CASE WHEN ended_at IS NULL THEN 'erasure' ELSE ended_by END "
        "WHERE account_a = ANY($1) OR account_b = ANY($1)",
        mine,
        at,
    )
    await connection().execute(
        "UPDATE merge_review SET hash = NULL, note = '', "
        "verdict = CASE verdict WHEN '' THEN 'moot' ELSE verdict END, decided_at = coalesce(decided_at, $2), "
        "decided_by = CASE verdict WHEN '' THEN 'erasure' ELSE decided_by END "
        "WHERE account_a = ANY($1) OR account_b = ANY($1)",
        mine,
        at,
    )
    rows += await connection().execute(
        "DELETE FROM refresh_token USING account_session AS session "
        "WHERE session.id = session_id AND session.account_id = ANY($1)",
        mine,
    )
    rows += await connection().execute("DELETE FROM account_session WHERE account_id = ANY($1)", mine)
    rows += await idempotency.forget(account_ids=mine)
    rows += await profiles.erase(mine)
    for account in mine:
        await sealer.destroy(owner=accounts.owner(account), at=at)
    rows += await connection().execute(
        "UPDATE account SET openid_hash = NULL, openid = NULL, phone = NULL, phone_bound_at = NULL, erased_at = $2 "
        "WHERE id = ANY($1)",
        mine,
        at,
    )
    await connection().execute("UPDATE person SET erased_at = $2 WHERE id = $1", person_id, at)
    return Erased(rows)


async def authorization_revoked(*, sealer: Sealer, changes: Changes, app_id: str, openid: str, at: datetime) -> bool:
    """Follow WeChat's word that a user took back what they had let the mini-program know.

    What came by such a permission (the phone number) is deleted and every consent beside the service's is withdrawn;
    the account stays. Tell whether there is such an account.
    """
    account_id = await accounts.find(sealer=sealer, app_id=app_id, openid=openid)
    if not account_id:
        return False
    async with transaction():
        await people.drop_phone(account_id=account_id, at=at)
        for purpose in consent.PURPOSES:
            if purpose != consent.SERVICE:
                await consent.withdraw(account_id=account_id, purpose=purpose, at=at, channel="wechat")
    await changes.publish(f"account:{account_id}")
    return True


async def authorization_cancelled(*, sealer: Sealer, changes: Changes, app_id: str, openid: str, at: datetime) -> bool:
    """Follow WeChat's word that a user has closed their account: erase the person. Tell whether there was one."""
    account_id = await accounts.find(sealer=sealer, app_id=app_id, openid=openid)
    if not account_id:
        return False
    try:
        await erase(sealer=sealer, changes=changes, account_id=account_id, asked_by="wechat", at=at)
    except AccountGone:
        return False
    return True
