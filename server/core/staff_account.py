"""What a member of staff sets for themselves, and what an administrator sets anew: the password and the language.

The rule: a new password ends all other sessions of the person; one that somebody else has given must be changed.
"""

from datetime import datetime

from server.core import passwords, sign_in_tries, staff
from server.core.db import transaction
from server.core.errors import Invalid
from server.core.staff_sessions import SignedIn, StaffRules, hash_of, renew_session
from server.core.tables import Staff
from server.core.wire import check_text


class PasswordWrong(Invalid):
    """The present password that was given is not the one."""

    code = "password_wrong"
    title = "当前密码不正确"


async def reset_password(*, staff_id: int, password: str, actor: str, at: datetime) -> None:
    """Give somebody a password that they have to change at their next sign-in; ends their sessions
    and a lock-out.

    :raises passwords.PasswordTooWeak: if it is easy to guess.
    """
    known = await staff.member(staff_id=staff_id)
    passwords.check(password, known_by=(known.email, known.name))
    hashed = await passwords.hash_of(password)
    async with transaction():
        row = await staff.locked(staff_id)
        row.password_hash, row.password_changed_at, row.must_change_password = hashed, at, True
        await row.save(update_fields=["password_hash", "password_changed_at", "must_change_password"])
        await staff.end_sessions(staff_id=staff_id, at=at)
        await sign_in_tries.succeeded(sign_in_tries.email_key(row.email))
        await staff.noted("reset_password", staff_id, actor=actor, at=at)


async def change_password(
    *, staff_id: int, current: str, password: str, session: str, at: datetime, rules: StaffRules
) -> SignedIn:
    """Change one's own password; ends all one's sessions and gives this one a new cookie.

    :param session: the hash of the cookie that is shown.
    :raises PasswordWrong: if the present one is not right.
    :raises sign_in_tries.LockedOut: after too many wrong ones.
    :raises passwords.PasswordTooWeak: if the new one is easy to guess or is the present one.
    """
    row = await Staff.get_or_none(id=staff_id, disabled_at=None)
    if row is None:
        raise staff.StaffMissing()
    await prove_password(row, current, at=at, rules=rules)
    if current == password:
        raise passwords.PasswordTooWeak("新密码不能与当前密码相同。", field="password")
    passwords.check(password, known_by=(row.email, row.name))
    hashed = await passwords.hash_of(password)
    async with transaction():
        row = await staff.locked(staff_id)
        row.password_hash, row.password_changed_at, row.must_change_password = hashed, at, False
        await row.save(update_fields=["password_hash", "password_changed_at", "must_change_password"])
        renewed = await renew_session(session=session, at=at)
        await staff.end_sessions(staff_id=staff_id, at=at, keep=hash_of(renewed.token))
        await staff.noted("change_password", staff_id, actor=f"staff:{staff_id}", at=at)
    return renewed


async def prove_password(row: Staff, password: str, *, at: datetime, rules: StaffRules) -> None:
    """Ask for the present password again before something that matters.

    :raises PasswordWrong: if it is not right.
    :raises sign_in_tries.LockedOut: after too many wrong ones.
    """
    check_text(password, "current")
    key = sign_in_tries.password_key(row.id)
    await sign_in_tries.begin(key, rules.limit, at=at)
    if await passwords.matches(row.password_hash, password):
        await sign_in_tries.succeeded(key)
        return
    async with transaction():
        await sign_in_tries.failed(key, rules.limit, at=at)
        await staff.noted("wrong_password", row.id, actor=f"staff:{row.id}", at=at)
    raise PasswordWrong(field="current")


async def choose_language(*, staff_id: int, language: str, at: datetime) -> None:
    """Set the language that one's pages are in.

    :raises staff.BadStaff: if there is no such language.
    """
    if language not in staff.LANGUAGES:
        raise staff.BadStaff("没有这种界面语言。", field="language")
    async with transaction():
        row = await staff.locked(staff_id)
        if row.language == language:
            return
        before, row.language = row.language, language
        await row.save(update_fields=["language"])
        await staff.noted(
            "choose_language",
            staff_id,
            actor=f"staff:{staff_id}",
            at=at,
            before={"language": before},
            after={"language": language},
        )
