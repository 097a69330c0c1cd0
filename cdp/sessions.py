"""Sessions: a sign-in and the family of tokens that comes of it.

The rule: an access token is short-lived and proves only who signed in; what stands is asked at every request
(`cdp.standings`). A refresh token is 256 random bits, kept only as a hash, and works once: its use
makes a successor. Two who use the same one within `GRACE` of each other get the same successor, the newest of its
line, so that a client that refreshes twice at once is safe; whoever comes later shows that the token was copied, and
the whole family ends. The successor is made from the token itself and a salt (HMAC-SHA-256 with a key of the house),
so that it can be given again without being stored.
"""

import base64
import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from server.core.changes import Changes
from server.core.db import connection, transaction
from server.core.errors import Anonymous
from server.core.ids import opaque
from server.core.keys import Sealer
from server.core.roles import Audience
from server.core.tokens import Tokens

GRACE: Final = timedelta(seconds=10)
MOST_SESSIONS: Final = 10
KEPT_AFTER_END: Final = timedelta(days=7)
PURGED_AT_ONCE: Final = 5_000


class SessionEnded(Anonymous):
    """The session has ended: signed out, revoked, crowded out by newer ones, or its account was erased."""

    code = "session_ended"
    title = "登录已失效，请重新登录"


class RefreshInvalid(Anonymous):
    """The refresh token was not given out here, or is another portal's."""

    code = "refresh_invalid"
    title = "登录凭证无效，请重新登录"


class RefreshExpired(Anonymous):
    """The refresh token has run out; only signing in helps."""

    code = "refresh_expired"
    title = "登录已过期，请重新登录"


class RefreshReused(Anonymous):
    """The refresh token had been used before, so that somebody else may have it; the session has been ended."""

    code = "refresh_reused"
    title = "登录凭证已被使用，请重新登录"


class TokenPair(Struct, frozen=True):
    """What a client signs its requests with, and what it gets the next of these for."""

    account_id: int
    session_id: str
    access_token: str
    access_expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime

    def __repr__(self) -> str:
        return f"TokenPair(account_id={self.account_id}, session_id={self.session_id!r})"


class Issuer(Struct, frozen=True):
    """What tokens are made with; ``refresh_life`` is how long a refresh token waits to be used."""

    tokens: Tokens
    sealer: Sealer
    refresh_life: timedelta


async def start(*, issuer: Issuer, account_id: int, at: datetime) -> TokenPair:
    """Begin a session, in the transaction that is open; the oldest of too many gives way."""
    session_id, refresh_token = opaque(128), secrets.token_urlsafe(32)
    expires_at = at + issuer.refresh_life
    await connection().execute(
        "INSERT INTO account_session (id, account_id, created_at, refreshed_at, expires_at) "
        "VALUES ($1, $2, $3, $3, $4)",
        session_id,
        account_id,
        at,
        expires_at,
    )
    await _keep(refresh_token, session_id, parent=None, at=at, expires_at=expires_at)
    await connection().execute(
        "UPDATE account_session SET ended_at = $2, end_reason = 'crowded' WHERE id IN ("
        "SELECT id FROM account_session WHERE account_id = $1 AND ended_at IS NULL "
        "ORDER BY refreshed_at DESC, id DESC OFFSET $3 FOR UPDATE SKIP LOCKED)",
        account_id,
        at,
        MOST_SESSIONS,
    )
    return _pair(issuer, account_id, session_id, refresh_token, expires_at, at)


async def refresh(
    *, issuer: Issuer, changes: Changes, refresh_token: str, audience: Audience, at: datetime
) -> TokenPair:
    """Exchange a refresh token for a new pair.

    :raises RefreshInvalid: if the token is not one of this audience.
    :raises RefreshExpired: if its time is over.
    :raises SessionEnded: if its session has ended.
    :raises RefreshReused: if it was used longer than `GRACE` ago; its session has ended with that.
    """
    hashed = _hash(refresh_token)
    async with transaction():
        session = await connection().row(
            "SELECT session.id, account_id, ended_at FROM account_session AS session "
            "JOIN refresh_token ON session_id = session.id JOIN account ON account.id = account_id "
            "WHERE token_hash = $1 AND audience = $2 FOR UPDATE OF session",
            hashed,
            audience,
        )
        if session is None:
            raise RefreshInvalid(field="refresh_token")
        if session["ended_at"] is not None:
            raise SessionEnded()
        # Read once more, now that nobody else can be using it.
        token = await connection().row("SELECT used_at, expires_at FROM refresh_token WHERE token_hash = $1", hashed)
        if token is None:
            raise RefreshInvalid(field="refresh_token")
        if token["expires_at"] <= at:
            raise RefreshExpired()
        pair = None
        if token["used_at"] is None:
            pair = await _rotate(issuer, session["id"], session["account_id"], refresh_token, at)
        elif abs(at - token["used_at"]) <= GRACE:
            pair = await _newest(issuer, session["id"], session["account_id"], refresh_token, at)
        else:
            await _end([session["id"]], reason="reused", at=at)
    if pair is None:
        # Only now is the end of the family committed, so that the refusal cannot undo it.
        await changes.publish(f"account:{session['account_id']}")
        raise RefreshReused(field="refresh_token")
    return pair


async def end(*, changes: Changes, account_id: int, session_id: str, at: datetime) -> None:
    """Sign out: end one session of an account, also one that has ended."""
    async with transaction():
        await connection().execute(
            "UPDATE account_session SET ended_at = $3, end_reason = 'signed_out' "
            "WHERE id = $1 AND account_id = $2 AND ended_at IS NULL",
            session_id,
            account_id,
            at,
        )
    await changes.publish(f"account:{account_id}")


async def end_all(*, changes: Changes, account_ids: Iterable[int], reason: str, at: datetime) -> int:
    """End all sessions of some accounts, and count them."""
    accounts = list(account_ids)
    async with transaction():
        rows = await connection().fetch(
            "SELECT id FROM account_session WHERE account_id = ANY($1) AND ended_at IS NULL", accounts
        )
        await _end([row["id"] for row in rows], reason=reason, at=at)
    await changes.publish(*(f"account:{account}" for account in accounts))
    return len(rows)


async def purge(ctx: object, at: datetime) -> None:
    """Throw away refresh tokens that have run out and sessions that ended long ago, some at a time."""
    await connection().execute(
        "DELETE FROM refresh_token WHERE token_hash IN "
        "(SELECT token_hash FROM refresh_token WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
        at,
        PURGED_AT_ONCE,
    )
    await connection().execute(
        "WITH gone AS (SELECT id FROM account_session WHERE expires_at < $1 OR ended_at < $2 LIMIT $3), "
        "tokens AS (DELETE FROM refresh_token WHERE session_id IN (SELECT id FROM gone)) "
        "DELETE FROM account_session WHERE id IN (SELECT id FROM gone)",
        at,
        at - KEPT_AFTER_END,
        PURGED_AT_ONCE,
    )


async def _rotate(issuer: Issuer, session_id: str, account_id: int, token: str, at: datetime) -> TokenPair:
    salt = secrets.token_bytes(16)
    successor, expires_at = _successor(issuer, token, salt), at + issuer.refresh_life
    await connection().execute(
        "UPDATE refresh_token SET used_at = $2, salt = $3 WHERE token_hash = $1", _hash(token), at, salt
    )
    await _keep(successor, session_id, parent=_hash(token), at=at, expires_at=expires_at)
    await connection().execute(
        "UPDATE account_session SET refreshed_at = $2, expires_at = greatest(expires_at, $3) WHERE id = $1",
        session_id,
        at,
        expires_at,
    )
    return _pair(issuer, account_id, session_id, successor, expires_at, at)


async def _newest(issuer: Issuer, session_id: str, account_id: int, token: str, at: datetime) -> TokenPair:
    """Follow the line of a used token to the one that waits to be used."""
    while True:
        row = await connection().row("SELECT salt, expires_at FROM refresh_token WHERE token_hash = $1", _hash(token))
        if row is None:
            raise SessionEnded()
        if row["salt"] is None:
            return _pair(issuer, account_id, session_id, token, row["expires_at"], at)
        token = _successor(issuer, token, row["salt"])


async def _keep(token: str, session_id: str, *, parent: str | None, at: datetime, expires_at: datetime) -> None:
    await connection().execute(
        "INSERT INTO refresh_token (token_hash, session_id, parent_hash, issued_at, expires_at) "
        "VALUES ($1, $2, $3, $4, $5)",
        _hash(token),
        session_id,
        parent,
        at,
        expires_at,
    )


async def _end(session_ids: list[str], *, reason: str, at: datetime) -> None:
    await connection().execute(
        "UPDATE account_session SET ended_at = $2, end_reason = $3 WHERE id = ANY($1) AND ended_at IS NULL",
        session_ids,
        at,
        reason,
    )


def _pair(
    issuer: Issuer, account_id: int, session_id: str, refresh_token: str, expires_at: datetime, at: datetime
) -> TokenPair:
    return TokenPair(
        account_id=account_id,
        session_id=session_id,
        access_token=issuer.tokens.make_access(account_id=account_id, session_id=session_id, at=at),
        access_expires_at=at + issuer.tokens.life,
        refresh_token=refresh_token,
        refresh_expires_at=expires_at,
    )


def _successor(issuer: Issuer, token: str, salt: bytes) -> str:
    derived = issuer.sealer.hash("refresh", f"{salt.hex()}:{token}")
    return base64.urlsafe_b64encode(derived).rstrip(b"=").decode()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
