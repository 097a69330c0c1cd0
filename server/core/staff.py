"""The people who work in the admin pages: who they are, what they may do, and their passwords.

The rule: every change is audited, and ends the sessions of whom it concerns where it touches what they may do or how
they sign in. Nobody changes their own roles, and the last administrator stays.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct
from tortoise.exceptions import IntegrityError

from server.core import audit, passwords
from server.core.db import connection, transaction
from server.core.errors import Conflict, Forbidden, Invalid, Missing
from server.core.roles import STAFF, Role
from server.core.tables import Staff
from server.core.wire import check_text

LANGUAGES = ("zh-CN", "en")
ROLES_LOCK = 7_310_472_301
_EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.[^\s@<>\"']+")


class StaffMissing(Missing):
    """There is no such member of staff."""

    code = "staff_missing"
    title = "没有这位工作人员"


class EmailTaken(Conflict):
    """Somebody works here under this email already."""

    code = "email_taken"
    title = "该邮箱已被使用"


class BadStaff(Invalid):
    """Email, name, roles or language are not what they have to be."""

    code = "bad_staff"
    title = "工作人员资料有误"


class OwnRoles(Forbidden):
    """Nobody changes or disables themselves."""

    code = "own_roles"
    title = "不能修改自己的角色或停用自己"


class LastAdministrator(Conflict):
    """Without an administrator nobody could make another."""

    code = "last_administrator"
    title = "至少需要保留一名管理员"


class StaffMember(Struct, frozen=True):
    """A member of staff as others see them."""

    id: int
    email: str
    name: str
    roles: frozenset[Role]
    language: str
    created_at: datetime
    disabled_at: datetime | None
    totp: bool
    must_change_password: bool
    seen_at: datetime | None = None

    @property
    def actor(self) -> str:
        return f"staff:{self.id}"


async def create(
    *,
    email: str,
    name: str,
    password: str,
    roles: Iterable[str],
    at: datetime,
    actor: str = "command",
    must_change_password: bool = False,
    language: str = LANGUAGES[0],
) -> StaffMember:
    """Take somebody on.

    :raises BadStaff: if email, name, roles or language are not acceptable.
    :raises passwords.PasswordTooWeak: if the password is easy to guess.
    :raises EmailTaken: if somebody has this email already.
    """
    email, name, wanted = email_of(email), _name_of(name), _roles_of(roles)
    if language not in LANGUAGES:
        raise BadStaff("没有这种界面语言。", field="language")
    passwords.check(password, known_by=(email, name))
    hashed = await passwords.hash_of(password)
    try:
        async with transaction():
            row = await Staff.create(
                email=email,
                name=name,
                password_hash=hashed,
                roles=_listed(wanted),
                language=language,
                password_changed_at=at,
                must_change_password=must_change_password,
                created_at=at,
            )
            await noted("create", row.id, actor=actor, at=at, after={"email": email, "name": name, "roles": row.roles})
    except IntegrityError:
        raise EmailTaken(field="email") from None
    return _member(row)


async def members(*, include_disabled: bool = True) -> list[StaffMember]:
    """List everybody, with the time they were last seen; those who work here first."""
    rows = await Staff.all().order_by("name", "id")
    seen = await connection().fetch("SELECT staff_id, max(seen_at) AS seen_at FROM staff_session GROUP BY staff_id")
    seen_at = {row["staff_id"]: row["seen_at"] for row in seen}
    kept = [row for row in rows if include_disabled or row.disabled_at is None]
    return [_member(row, seen_at.get(row.id)) for row in sorted(kept, key=lambda row: row.disabled_at is not None)]


async def member(*, staff_id: int) -> StaffMember:
    """Give one member of staff.

    :raises StaffMissing: if there is none.
    """
    row = await Staff.get_or_none(id=staff_id)
    if row is None:
        raise StaffMissing()
    return _member(row)


async def names(staff_ids: Iterable[int]) -> dict[int, str]:
    """Give the names of members of staff by their ids; those who never were are left out."""
    rows = await connection().fetch("SELECT id, name FROM staff WHERE id = ANY($1::bigint[])", list(set(staff_ids)))
    return {row["id"]: row["name"] for row in rows}


async def change(*, staff_id: int, name: str, roles: Iterable[str], actor_id: int, at: datetime) -> StaffMember:
    """Change the name and the roles of somebody; a change of roles ends their sessions.

    :raises BadStaff: if name or roles are not acceptable.
    :raises OwnRoles: if they would change their own roles.
    :raises LastAdministrator: if nobody would be left to administrate.
    """
    name, wanted = _name_of(name), _roles_of(roles)
    async with transaction():
        await _one_at_a_time()
        row = await locked(staff_id)
        before = {"name": row.name, "roles": row.roles}
        changed = set(row.roles) != set(wanted)
        if changed and staff_id == actor_id:
            raise OwnRoles()
        row.name, row.roles = name, _listed(wanted)
        await row.save(update_fields=["name", "roles"])
        if changed:
            await _keep_an_administrator()
            await end_sessions(staff_id=staff_id, at=at)
        await noted("change", staff_id, actor=f"staff:{actor_id}", at=at, before=before, after=_said(row))
    return _member(row)


async def disable(*, staff_id: int, actor_id: int, at: datetime) -> None:
    """Close the doors to somebody at once; what they did stays under their name.

    :raises OwnRoles: if they would disable themselves.
    :raises LastAdministrator: if nobody would be left to administrate.
    """
    if staff_id == actor_id:
        raise OwnRoles()
    async with transaction():
        await _one_at_a_time()
        row = await locked(staff_id)
        if row.disabled_at is not None:
            return
        row.disabled_at = at
        await row.save(update_fields=["disabled_at"])
        await _keep_an_administrator()
        await end_sessions(staff_id=staff_id, at=at)
        await noted("disable", staff_id, actor=f"staff:{actor_id}", at=at)


async def enable(*, staff_id: int, actor_id: int, at: datetime) -> None:
    """Open the doors to somebody again."""
    async with transaction():
        row = await locked(staff_id)
        if row.disabled_at is None:
            return
        row.disabled_at = None
        await row.save(update_fields=["disabled_at"])
        await noted("enable", staff_id, actor=f"staff:{actor_id}", at=at)


async def end_sessions(*, staff_id: int, at: datetime, keep: str = "") -> int:
    """End the sessions of somebody, but one where it is named, and count them; for the deeds that say why."""
    return await connection().execute(
        "UPDATE staff_session SET ended_at = $2 WHERE staff_id = $1 AND ended_at IS NULL AND token_hash <> $3",
        staff_id,
        at,
        keep,
    )


def email_of(text: str) -> str:
    """Bring an email to the form it is kept in.

    :raises BadStaff: if it is none.
    """
    check_text(text, "email")
    email = text.strip().lower()
    if len(email) > 200 or not _EMAIL.fullmatch(email):
        raise BadStaff("请输入有效的邮箱地址。", field="email")
    return email


def _name_of(text: str) -> str:
    check_text(text, "name")
    name = " ".join(text.split())
    if not 1 <= len(name) <= 80:
        raise BadStaff("请输入姓名，最多 80 个字符。", field="name")
    return name


def _roles_of(roles: Iterable[str]) -> frozenset[Role]:
    try:
        wanted = frozenset(Role(role) for role in roles)
    except ValueError:
        wanted = frozenset()
    if not wanted or not wanted <= STAFF:
        raise BadStaff("请至少选择一个工作人员角色。", field="roles")
    return wanted


def _listed(roles: Iterable[Role]) -> list[str]:
    return sorted(role.value for role in roles)


async def locked(staff_id: int) -> Staff:
    """Give the row of a member of staff, held until the transaction ends.

    :raises StaffMissing: if there is none.
    """
    row = await Staff.filter(id=staff_id).select_for_update().first()
    if row is None:
        raise StaffMissing()
    return row


async def _one_at_a_time() -> None:
    # Two administrators who remove each other at the same moment must not both be let through.
    await connection().value("SELECT pg_advisory_xact_lock($1)", ROLES_LOCK)


async def _keep_an_administrator() -> None:
    left = await connection().value(
        "SELECT count(*) FROM staff WHERE $1 = ANY(roles) AND disabled_at IS NULL", Role.ADMINISTRATOR.value
    )
    if not left:
        raise LastAdministrator()


def _said(row: Staff) -> dict[str, object]:
    return {"name": row.name, "roles": row.roles}


async def noted(deed: str, staff_id: int, *, actor: str, at: datetime, before: Any = None, after: Any = None) -> None:
    """Enter a deed about a member of staff into the audit."""
    await audit.note(
        actor=actor, deed=f"staff.{deed}", subject_kind="staff", subject_id=staff_id, at=at, before=before, after=after
    )


def _member(row: Staff, seen_at: datetime | None = None) -> StaffMember:
    return StaffMember(
        id=row.id,
        email=row.email,
        name=row.name,
        roles=frozenset(Role(role) for role in row.roles),
        language=row.language,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        totp=row.totp_confirmed_at is not None,
        must_change_password=row.must_change_password,
        seen_at=seen_at,
    )
