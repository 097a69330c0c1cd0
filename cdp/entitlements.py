"""Entitlements: what accounts have a right to beside their roles, such as a membership, each for a time.

The rule: one holds in ``[starts_at, ends_at)`` and not an instant longer, and from its revocation on not at all
(`cdp.standings`). A grant is never changed: another period is another grant. Why one was given or taken back stands
with it, and not in the audit, because it may name somebody.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from cdp import accounts, log, people
from cdp.accounts import AccountGone
from cdp.erasure import Erased
from cdp.professional_events import EntitlementGranted, EntitlementRevoked
from cdp.stewards import AccountMissing
from server.core import audit
from server.core.changes import Changes
from server.core.db import connection, transaction
from server.core.errors import Conflict, Invalid, Missing

NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")
LONGEST_REASON: Final = 400
State = Literal["coming", "standing", "over", "revoked"]


class EntitlementInvalid(Invalid):
    """The grant is not well formed: its name, its period or its reason."""

    code = "entitlement_invalid"
    title = "权益信息有误"


class EntitlementMissing(Missing):
    """There is no such grant."""

    code = "entitlement_missing"
    title = "没有该权益"


class EntitlementOver(Conflict):
    """The grant has been revoked, or its time is over."""

    code = "entitlement_over"
    title = "该权益已结束"


class Entitlement(Struct, frozen=True):
    """A grant, and what it is at the time of asking."""

    id: int
    account_id: int
    name: str
    state: State
    starts_at: datetime
    ends_at: datetime | None
    reason: str
    granted_at: datetime
    granted_by: str
    revoked_at: datetime | None
    revoked_by: str
    revoke_reason: str


async def grant(
    *,
    changes: Changes,
    account_id: int,
    name: str,
    starts_at: datetime,
    ends_at: datetime | None,
    reason: str,
    actor: str,
    at: datetime,
    request_id: str = "",
) -> Entitlement:
    """Give an account a right for a time.

    :param ends_at: None for good.
    :param reason: why; it is shown to staff and to its owner in their export.
    :raises EntitlementInvalid: if the name is none, the reason is missing, or the period is empty or over.
    :raises AccountMissing: if there is no such account.
    """
    if not NAME.fullmatch(name):
        raise EntitlementInvalid("名称以小写字母开头，只含小写字母、数字、连字符和下划线。", field="name")
    _check_reason(reason)
    if ends_at is not None and (ends_at <= starts_at or ends_at <= at):
        raise EntitlementInvalid("结束时间须晚于开始时间和现在。", field="ends_at")
    async with transaction():
        try:
            await accounts.hold(account_id)
        except AccountGone:
            raise AccountMissing(field="account_id") from None
        row = await connection().row(
            "INSERT INTO entitlement (account_id, name, starts_at, ends_at, reason, granted_at, granted_by) "  # noqa: S608  constants
            f"VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id, {_COLUMNS.format(at='$6')}",
            account_id,
            name,
            starts_at,
            ends_at,
            reason,
            at,
            actor,
        )
        assert row is not None
        await log.record(
            EntitlementGranted(at=at, account_id=account_id, entitlement=name, starts_at=starts_at, ends_at=ends_at)
        )
        await audit.note(
            actor=actor,
            deed="entitlement.grant",
            subject_kind="entitlement",
            subject_id=row["id"],
            after={"account": account_id, "name": name, "starts_at": starts_at, "ends_at": ends_at},
            at=at,
            request_id=request_id,
        )
        topics = await topics_of(account_id)
    await changes.publish(*topics)
    return msgspec.convert(dict(row), Entitlement)


async def revoke(
    *, changes: Changes, entitlement_id: int, reason: str, actor: str, at: datetime, request_id: str = ""
) -> Entitlement:
    """Take a right back, from now on; one whose time has not come never holds.

    :raises EntitlementInvalid: if the reason is missing or too long.
    :raises EntitlementMissing: if there is no such grant.
    :raises EntitlementOver: if it has been revoked or its time is over.
    """
    _check_reason(reason)
    async with transaction():
        held = await connection().row(
            "SELECT account_id, revoked_at IS NOT NULL OR coalesce(ends_at <= $2, false) AS over FROM entitlement "
            "WHERE id = $1 FOR UPDATE",
            entitlement_id,
            at,
        )
        if held is None:
            raise EntitlementMissing()
        if held["over"]:
            raise EntitlementOver()
        row = await connection().row(
            "UPDATE entitlement SET revoked_at = $2, revoked_by = $3, revoke_reason = $4 WHERE id = $1 "  # noqa: S608  constants
            f"RETURNING id, {_COLUMNS.format(at='$2')}",
            entitlement_id,
            at,
            actor,
            reason,
        )
        assert row is not None
        await log.record(EntitlementRevoked(at=at, account_id=held["account_id"], entitlement=row["name"]))
        await audit.note(
            actor=actor,
            deed="entitlement.revoke",
            subject_kind="entitlement",
            subject_id=entitlement_id,
            after={"account": held["account_id"], "name": row["name"]},
            at=at,
            request_id=request_id,
        )
        topics = await topics_of(held["account_id"])
    await changes.publish(*topics)
    return msgspec.convert(dict(row), Entitlement)


async def listing(
    *, at: datetime, account_id: int | None = None, name: str = "", after: int = 0, most: int = 50
) -> list[Entitlement]:
    """List grants, the newest first: of one account, of one name, or all.

    :param after: the id of the last one seen; 0 to begin.
    """
    rows = await connection().fetch(
        f"SELECT id, {_COLUMNS.format(at='$1')} FROM entitlement "  # noqa: S608  constants
        "WHERE ($2::bigint IS NULL OR account_id = $2) AND $3 IN ('', name) AND ($4::bigint = 0 OR id < $4) "
        "ORDER BY id DESC LIMIT $5",
        at,
        account_id,
        name,
        after,
        most,
    )
    return [msgspec.convert(dict(row), Entitlement) for row in rows]


async def names() -> list[str]:
    """List the names that have been granted."""
    return [row["name"] for row in await connection().fetch("SELECT DISTINCT name FROM entitlement ORDER BY name")]


async def topics_of(account_id: int) -> list[str]:
    """Name what changes when the standing of the person does whose an account is."""
    mine = await people.accounts_of(account_id=account_id)
    return [f"account:{one}" for one in mine or [account_id]]


async def export(*, account_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Tell every grant of some accounts."""
    rows = await connection().fetch(
        "SELECT account_id, name, starts_at, ends_at, reason, granted_at, revoked_at, revoke_reason FROM entitlement "
        "WHERE account_id = ANY($1::bigint[]) ORDER BY id",
        list(account_ids),
    )
    return [dict(row) for row in rows]


async def erase(*, account_ids: Sequence[int], at: datetime) -> Erased:
    """Erase the grants of some accounts, in the transaction that is open."""
    return Erased(
        await connection().execute("DELETE FROM entitlement WHERE account_id = ANY($1::bigint[])", list(account_ids))
    )


_COLUMNS: Final = (
    "account_id, name, starts_at, ends_at, reason, granted_at, granted_by, revoked_at, revoked_by, revoke_reason, "
    "CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN starts_at > {at} THEN 'coming' "
    "WHEN ends_at <= {at} THEN 'over' ELSE 'standing' END AS state"
)


def _check_reason(reason: str) -> None:
    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        raise EntitlementInvalid("请填写理由（不超过 400 字）。", field="reason")


REFUSALS: Final = (EntitlementInvalid, EntitlementMissing, EntitlementOver, AccountMissing)
