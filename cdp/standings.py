"""Standings: what a session may do now, which is asked at every request.

The rule: sessions, consent, verification and entitlements were read from the database at most
`server.core.changes.MAX_AGE_S` ago; what begins or ends at a time does so at that very instant, because periods are
kept and not their result. A doctor verified on one account stands so on all accounts of that person, and so do
entitlements.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from asyncpg import Record
from msgspec import Struct

from cdp.consent import purposes_of
from cdp.sessions import SessionEnded
from server.core.changes import Changes, Kept
from server.core.db import connection
from server.core.roles import Audience, Reader, Role

_ROLES: Final = {Audience.DOCTOR: frozenset({Role.DOCTOR}), Audience.PATIENT: frozenset({Role.PATIENT})}
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
_END: Final = datetime.max.replace(tzinfo=UTC)


class Grant(Struct, frozen=True):
    """A right in ``[starts_at, ends_at)``: an entitlement by its name, or the verification where that is empty."""

    entitlement: str
    starts_at: datetime
    ends_at: datetime | None

    def holds(self, at: datetime) -> bool:
        return self.starts_at <= at and (self.ends_at is None or at < self.ends_at)


class Standing(Struct, frozen=True):
    """What is known of an account: its readers by session as they are in ``[since, until)``, and what changes them."""

    account: Reader
    sessions: tuple[str, ...]
    grants: tuple[Grant, ...]
    readers: dict[str, Reader]
    since: datetime = _BEGINNING
    until: datetime = _END


class Standings:
    """What sessions may do now: one question to the database an account, its answer kept while it is young."""

    def __init__(self, changes: Changes) -> None:
        self._kept: Kept[Standing] = Kept(changes)
        changes.tell("account", self._kept, int)

    async def __call__(self, *, account_id: int, session_id: str, at: datetime) -> Reader:
        """Tell who this is.

        :raises SessionEnded: if the session has ended or the account is gone.
        """
        kept = self._kept.peek(account_id)
        if kept is not None and session_id in kept.readers and kept.since <= at < kept.until:
            return kept.readers[session_id]
        # A session that is not among those kept may have begun a moment ago, so that it is looked for anew.
        if kept is not None and session_id not in kept.readers:
            self._kept.drop(account_id)
        standing = await self._kept.of(account_id, lambda: _read(account_id, at))
        if not standing.since <= at < standing.until:
            standing = _at(standing, at)
        if session_id not in standing.readers:
            raise SessionEnded()
        return standing.readers[session_id]


def rights(grants: Sequence[Grant], *, at: datetime) -> tuple[bool, frozenset[str]]:
    """Tell whether somebody is verified at a time, and what they are entitled to."""
    held = {grant.entitlement for grant in grants if grant.holds(at)}
    return "" in held, frozenset(held - {""})


async def is_professional(*, account_id: int, at: datetime) -> bool:
    """Tell whether the person whose an account is stands verified at a time."""
    return rights(_grants(await connection().row(_GRANTS, account_id, at)), at=at)[0]


# A period that is over never comes back, so that only those are read that are not.
_GRANTS: Final = """
WITH person AS (
    SELECT theirs.account_id FROM person_map AS mine JOIN person_map AS theirs USING (person_id)
    WHERE mine.account_id = $1 AND mine.until_at IS NULL AND theirs.until_at IS NULL
), held AS (
    SELECT '' AS entitlement, decided_at AS starts_at, valid_until AS ends_at
    FROM professional_application JOIN person USING (account_id)
    WHERE verdict = 'approved' AND ended_at IS NULL AND valid_until > $2
    UNION ALL
    SELECT name, starts_at, least(ends_at, revoked_at) FROM entitlement JOIN person USING (account_id)
    WHERE coalesce(least(ends_at, revoked_at) > greatest(starts_at, $2), true)
)
SELECT array_agg(entitlement) AS entitlements, array_agg(starts_at) AS starts, array_agg(ends_at) AS ends FROM held
"""
_ACCOUNT: Final = f"""
SELECT app_id, audience, erased_at,
    ARRAY(SELECT id FROM account_session WHERE account_id = account.id AND ended_at IS NULL) AS sessions, granted.*
FROM account CROSS JOIN ({_GRANTS}) AS granted WHERE id = $1
"""  # noqa: S608  the parts are constants


async def _read(account_id: int, at: datetime) -> Standing:
    row = await connection().row(_ACCOUNT, account_id, at)
    if row is None or row["erased_at"] is not None:
        return Standing(Reader(), (), (), {})
    version, consented = await purposes_of(account_id=account_id)
    audience = Audience(row["audience"])
    account = Reader(
        account_id=account_id,
        roles=_ROLES[audience],
        app_id=row["app_id"],
        audience=audience,
        consented=consented,
        consent_version=version,
    )
    return _at(Standing(account, tuple(row["sessions"]), _grants(row), {}), at)


def _grants(row: Record | None) -> tuple[Grant, ...]:
    if row is None or row["entitlements"] is None:
        return ()
    return tuple(Grant(*one) for one in zip(row["entitlements"], row["starts"], row["ends"], strict=True))


def _at(standing: Standing, at: datetime) -> Standing:
    """Bring a standing to a time."""
    professional, entitlements = rights(standing.grants, at=at)
    account = standing.account
    roles = (
        account.roles | {Role.PROFESSIONAL} if professional and account.audience is Audience.DOCTOR else account.roles
    )
    bounds = {bound for grant in standing.grants for bound in (grant.starts_at, grant.ends_at) if bound is not None}
    return Standing(
        account,
        standing.sessions,
        standing.grants,
        {
            session_id: Reader(
                account_id=account.account_id,
                roles=roles,
                session_id=session_id,
                app_id=account.app_id,
                audience=account.audience,
                consented=account.consented,
                consent_version=account.consent_version,
                entitlements=entitlements,
            )
            for session_id in standing.sessions
        },
        since=max((bound for bound in bounds if bound <= at), default=_BEGINNING),
        until=min((bound for bound in bounds if bound > at), default=_END),
    )
