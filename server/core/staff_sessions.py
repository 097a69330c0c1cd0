"""Signing in to the admin pages: email and password, then a code where one is set up, then a session.

The rule: a session is known by a random cookie of which only the hash is kept; it ends after `StaffRules.idle` without
a request and after `LONGEST` in any case, and gets a new cookie whenever it may do more than before. Every try to sign
in, good or bad, is in the audit with its network address.
"""

import hashlib
from datetime import datetime, timedelta

from msgspec import Struct

from server.core import audit, passwords, sign_in_tries, staff
from server.core.db import connection, transaction
from server.core.errors import Anonymous
from server.core.ids import opaque
from server.core.roles import Role
from server.core.settings import Settings
from server.core.sign_in_tries import Limit, LockedOut, address_key, email_key
from server.core.tables import Staff, StaffSession
from server.core.wire import check_text

LONGEST = timedelta(hours=12)
HALF_WAY = timedelta(minutes=10)
SEEN_EVERY = timedelta(minutes=1)
ADDRESS_LIMIT = Limit(tries=30, within=timedelta(minutes=10))
KEPT_AFTER_END = timedelta(days=180)


class SignInRefused(Anonymous):
    """Email and password do not fit together, or the account is closed; which of these is not told."""

    code = "sign_in_refused"
    title = "邮箱或密码不正确"


class SessionOver(Anonymous):
    """There is no such session, or it has ended."""

    code = "session_over"
    title = "登录已过期，请重新登录"


class StaffRules(Struct, frozen=True):
    """What the settings say about signing in."""

    idle: timedelta
    limit: Limit
    totp_required: bool
    password_life: timedelta | None = None

    @classmethod
    def of(cls, settings: Settings) -> "StaffRules":
        return cls(
            idle=timedelta(minutes=settings.staff_idle_minutes),
            limit=Limit(settings.staff_lockout_tries, timedelta(minutes=settings.staff_lockout_minutes)),
            totp_required=settings.staff_totp_required,
            password_life=timedelta(days=settings.staff_password_days) if settings.staff_password_days else None,
        )


class SignedIn(Struct, frozen=True):
    """A session that has begun; ``token`` is what the cookie holds and is kept nowhere."""

    token: str
    staff_id: int


class StaffReader(Struct, frozen=True):
    """Who works at an admin page. ``todo`` names what comes first: ``code``, ``password``, ``totp`` or nothing."""

    staff_id: int
    name: str
    email: str
    roles: frozenset[Role]
    language: str
    csrf: str
    session: str
    todo: str = ""
    totp: bool = False

    @property
    def actor(self) -> str:
        return f"staff:{self.staff_id}"


class OpenSession(Struct, frozen=True):
    """A session as its owner sees it."""

    address: str
    agent: str
    created_at: datetime
    seen_at: datetime
    own: bool


async def sign_in(
    *, email: str, password: str, address: str, agent: str = "", at: datetime, rules: StaffRules
) -> SignedIn:
    """Begin a session with email and password; where a code is set up it can do nothing before the code.

    :param address: the network address that the request came from.
    :raises SignInRefused: if they do not fit, whatever the reason.
    :raises LockedOut: after too many failures under the email, known or not, or from the address.
    """
    check_text(email, "email")
    check_text(password, "password")
    email = email.strip().lower()
    key, net = email_key(email), address_key(address)
    await sign_in_tries.begin(net, ADDRESS_LIMIT, at=at)
    try:
        await sign_in_tries.begin(key, rules.limit, at=at)
    except LockedOut:
        await _audit("sign_in_locked_out", None, address, at)
        raise
    row = await Staff.get_or_none(email=email, disabled_at=None) if len(email) <= 200 else None
    if not await passwords.matches(row.password_hash if row else None, password) or row is None:
        async with transaction():
            now_locked = await sign_in_tries.failed(key, rules.limit, at=at)
            await sign_in_tries.failed(net, ADDRESS_LIMIT, at=at)
            await _audit("lock_out" if now_locked else "sign_in_refused", row.id if row else None, address, at)
        raise SignInRefused()
    rehashed = await passwords.hash_of(password) if passwords.needs_rehash(row.password_hash) else ""
    async with transaction():
        await sign_in_tries.succeeded(key)
        await sign_in_tries.give_back(net)
        if rehashed:
            await Staff.filter(id=row.id, password_hash=row.password_hash).update(password_hash=rehashed)
        signed_in = await begin_session(staff_id=row.id, address=address, agent=agent, at=at)
        await _audit("sign_in" if row.totp_confirmed_at is None else "pass_first_factor", row.id, address, at)
    return signed_in


async def standing(*, token: str, at: datetime, rules: StaffRules) -> StaffReader:
    """Tell who a cookie belongs to, and that they have been seen.

    :raises SessionOver: if there is no such session, it has ended, or its time is over.
    """
    row = await connection().row(
        "SELECT t.token_hash, t.csrf, t.second_factor_at, t.created_at, t.seen_at, s.id, s.name, s.email, s.roles, "
        "s.language, s.totp_confirmed_at, s.must_change_password, "
        "coalesce(s.password_changed_at, s.created_at) AS password_changed_at "
        "FROM staff_session t JOIN staff s ON s.id = t.staff_id "
        "WHERE t.token_hash = $1 AND t.ended_at IS NULL AND s.disabled_at IS NULL",
        hash_of(token),
    )
    if row is None:
        raise SessionOver()
    needs_code = row["totp_confirmed_at"] is not None and row["second_factor_at"] is None
    if at - row["created_at"] >= (HALF_WAY if needs_code else LONGEST) or at - row["seen_at"] >= rules.idle:
        raise SessionOver()
    if at - row["seen_at"] >= min(SEEN_EVERY, rules.idle / 2):
        await connection().execute(
            "UPDATE staff_session SET seen_at = greatest(seen_at, $2) WHERE token_hash = $1", row["token_hash"], at
        )
    stale = rules.password_life is not None and at - row["password_changed_at"] >= rules.password_life
    todo = ""
    if needs_code:
        todo = "code"
    elif row["must_change_password"] or stale:
        todo = "password"
    elif rules.totp_required and row["totp_confirmed_at"] is None:
        todo = "totp"
    return StaffReader(
        staff_id=row["id"],
        name=row["name"],
        email=row["email"],
        roles=frozenset(Role(role) for role in row["roles"]),
        language=row["language"],
        csrf=row["csrf"],
        session=row["token_hash"],
        todo=todo,
        totp=row["totp_confirmed_at"] is not None,
    )


async def sign_out(*, session: str, at: datetime) -> None:
    """End a session, named by the hash of its cookie."""
    async with transaction():
        row = await StaffSession.filter(token_hash=session, ended_at=None).select_for_update().first()
        if row is not None:
            row.ended_at = at
            await row.save(update_fields=["ended_at"])
            await _audit("sign_out", row.staff_id, row.address, at)


async def sign_out_others(*, staff_id: int, session: str, at: datetime) -> int:
    """End all one's sessions but this one, and count them."""
    async with transaction():
        ended = await staff.end_sessions(staff_id=staff_id, at=at, keep=session)
        if ended:
            await staff.noted("sign_out_others", staff_id, actor=f"staff:{staff_id}", at=at, after={"ended": ended})
    return ended


async def open_sessions(*, staff_id: int, session: str, at: datetime, rules: StaffRules) -> list[OpenSession]:
    """List where one is signed in now, the last seen first; ``session`` is one's own."""
    rows = await StaffSession.filter(
        staff_id=staff_id, ended_at=None, seen_at__gt=at - rules.idle, created_at__gt=at - LONGEST
    ).order_by("-seen_at")
    return [
        OpenSession(row.address, row.agent, row.created_at, row.seen_at, own=row.token_hash == session) for row in rows
    ]


async def begin_session(
    *, staff_id: int, address: str, agent: str, at: datetime, second_factor: bool = False
) -> SignedIn:
    """Begin a session for somebody who has proved who they are; part of a deed that says how."""
    token = opaque(256)
    await StaffSession.create(
        token_hash=hash_of(token),
        staff_id=staff_id,
        csrf=opaque(160),
        second_factor_at=at if second_factor else None,
        address=address[:45],
        agent=_printable(agent),
        created_at=at,
        seen_at=at,
    )
    return SignedIn(token, staff_id)


async def renew_session(*, session: str, at: datetime, second_factor: bool = False) -> SignedIn:
    """Give a session a new cookie, because it may do more than before; part of a deed that says why.

    :raises SessionOver: if it has ended meanwhile.
    """
    row = await StaffSession.filter(token_hash=session, ended_at=None).select_for_update().first()
    if row is None:
        raise SessionOver()
    row.ended_at = at
    await row.save(update_fields=["ended_at"])
    second_factor = second_factor or row.second_factor_at is not None
    return await begin_session(
        staff_id=row.staff_id, address=row.address, agent=row.agent, at=at, second_factor=second_factor
    )


async def sweep(ctx: object, at: datetime) -> None:
    """Delete sessions that are long over, and forget old tries; a job."""
    await connection().execute("DELETE FROM staff_session WHERE created_at < $1", at - LONGEST - KEPT_AFTER_END)
    await sign_in_tries.sweep(before=at - timedelta(days=1))


def hash_of(token: str) -> str:
    """Hash a cookie; it is random, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def _printable(agent: str) -> str:
    return "".join(character for character in agent if character.isprintable())[:200]


async def _audit(deed: str, staff_id: int | None, address: str, at: datetime) -> None:
    actor = f"staff:{staff_id}" if staff_id else "nobody"
    await audit.note(
        actor=actor,
        deed=f"staff.{deed}",
        subject_kind="staff",
        subject_id=staff_id or "unknown",
        at=at,
        after={"address": address},
    )
