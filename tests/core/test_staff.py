"""Staff: who is let in, who is locked out, and what an administrator cannot do."""

import asyncio
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core import audit, passwords, sign_in_tries, staff, staff_account, staff_sessions, staff_totp
from server.core.errors import Invalid
from server.core.keys import Sealer
from server.core.roles import Role
from server.core.sign_in_tries import Limit, LockedOut
from server.core.staff import StaffMember
from server.core.staff_sessions import SessionOver, SignedIn, SignInRefused, StaffRules
from server.core.tables import Staff

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
PASSWORD = "Blue-Heron-flies-9"
RULES = StaffRules(idle=timedelta(minutes=30), limit=Limit(5, timedelta(minutes=15)), totp_required=False)
SEALER = Sealer(b"m" * 32)

pytestmark = pytest.mark.usefixtures("database")


async def employ(email: str = "lin@example.org", *roles: Role, password: str = PASSWORD) -> StaffMember:
    return await staff.create(
        email=email, name="林晓", password=password, roles=roles or (Role.EDITOR,), at=AT - timedelta(days=1)
    )


async def sign_in(
    email: str = "lin@example.org",
    password: str = PASSWORD,
    *,
    at: datetime = AT,
    address: str = "203.0.113.7",
    rules: StaffRules = RULES,
) -> SignedIn:
    return await staff_sessions.sign_in(email=email, password=password, address=address, at=at, rules=rules)


async def deeds() -> list[str]:
    return [entry.deed for entry in reversed(await audit.entries())]


class TestTakingOn:
    async def test_an_email_is_kept_in_small_letters_and_only_once(self) -> None:
        member = await employ(" Lin@Example.ORG ")
        assert member.email == "lin@example.org"
        with pytest.raises(staff.EmailTaken):
            await employ("LIN@example.org")

    @pytest.mark.parametrize(
        ("field", "values"),
        [
            ("email", {"email": "nobody"}),
            ("email", {"email": "a b@example.org"}),
            ("name", {"name": "  "}),
            ("name", {"name": "林" * 81}),
            ("roles", {"roles": []}),
            ("roles", {"roles": ["doctor"]}),
            ("roles", {"roles": ["editor", "king"]}),
            ("language", {"language": "fr"}),
            ("email", {"email": "a\0@example.org"}),
        ],
    )
    async def test_what_is_not_acceptable_is_named(self, field: str, values: dict[str, object]) -> None:
        wanted = {"email": "a@example.org", "name": "林晓", "password": PASSWORD, "roles": ["editor"], **values}
        with pytest.raises(Exception) as refused:
            await staff.create(**wanted, at=AT)  # type: ignore[arg-type]  # some values are wrong on purpose
        assert getattr(refused.value, "field", None) == field
        assert await Staff.all().count() == 0

    async def test_the_password_is_nowhere_to_be_read(self) -> None:
        await employ()
        row = await Staff.get()
        assert PASSWORD not in repr(dict(row))
        assert PASSWORD not in repr(await audit.entries())


class TestPasswords:
    @pytest.mark.parametrize(
        "password",
        [
            "Ab1-",
            "onlysmallletters",
            "Lin-is-here-2026x"[:9],
            "Password-2026",
            "aaaaAAAA1111",
            "Qwerty-12345",
            "lin.xiao-ABC-77",
            "A-1" + "x" * 126,
        ],
    )
    def test_what_is_easy_to_guess_is_refused(self, password: str) -> None:
        with pytest.raises(passwords.PasswordTooWeak):
            passwords.check(password, known_by=("lin.xiao@example.org", "林晓"))

    @pytest.mark.parametrize(
        "password", [PASSWORD, "Xinglin-demo-2026", "春眠不觉晓-Aa-1处处闻啼鸟", "correct horse staple"]
    )
    def test_what_is_hard_to_guess_is_taken(self, password: str) -> None:
        passwords.check(password, known_by=("lin@example.org", "林晓"))

    @given(st.text(max_size=200))
    def test_any_text_is_either_taken_or_refused(self, password: str) -> None:
        try:
            passwords.check(password, known_by=("a.b@example.org", "林晓"))
        except Invalid:
            return
        assert passwords.LEAST <= len(password) <= passwords.MOST

    async def test_the_same_characters_from_another_keyboard_are_the_same_password(self) -> None:
        assert await passwords.matches(await passwords.hash_of("Café-Zürich-1"), "Cafe\u0301-Zu\u0308rich-1")

    async def test_nothing_matches_where_there_is_no_hash(self) -> None:
        assert not await passwords.matches(None, "nobody has this password")
        assert not await passwords.matches("not a hash", PASSWORD)


class TestSigningIn:
    async def test_email_and_password_open_a_session(self) -> None:
        member = await employ()
        signed_in = await sign_in(" LIN@example.org")
        reader = await staff_sessions.standing(token=signed_in.token, at=AT, rules=RULES)
        assert (reader.staff_id, reader.roles, reader.todo) == (member.id, {Role.EDITOR}, "")
        assert await deeds() == ["staff.create", "staff.sign_in"]

    async def test_whoever_is_unknown_disabled_or_wrong_hears_the_same(self) -> None:
        await employ("boss@example.org", Role.ADMINISTRATOR)
        gone = await employ("gone@example.org")
        await employ()
        await staff.disable(staff_id=gone.id, actor_id=1, at=AT)
        said = []
        for email, password in (("no@example.org", PASSWORD), ("gone@example.org", PASSWORD), ("lin@example.org", "x")):
            with pytest.raises(SignInRefused) as refused:
                await sign_in(email, password)
            said.append((refused.value.code, refused.value.detail, refused.value.facts))
        assert len(set(map(repr, said))) == 1

    @pytest.mark.parametrize("email", ["lin@example.org", "nobody@example.org"], ids=["known", "unknown"])
    async def test_five_failures_lock_an_email_out_whether_known_or_not(self, email: str) -> None:
        await employ()
        for _ in range(5):
            with pytest.raises(SignInRefused):
                await sign_in(email, "wrong")
        with pytest.raises(LockedOut) as refused:
            await sign_in(email, PASSWORD)
        assert refused.value.retry_after_s == 15 * 60
        with pytest.raises(LockedOut):
            await sign_in(email, PASSWORD, at=AT + timedelta(minutes=14, seconds=59))

    async def test_a_lock_out_ends_by_itself(self) -> None:
        await employ()
        for _ in range(5):
            with pytest.raises(SignInRefused):
                await sign_in(password="wrong")
        assert await sign_in(at=AT + timedelta(minutes=15))
        assert (await deeds())[-2:] == ["staff.lock_out", "staff.sign_in"]

    async def test_guesses_all_at_once_are_not_free(self) -> None:
        await employ()
        outcomes = await asyncio.gather(*(sign_in(password=f"guess {n}") for n in range(12)), return_exceptions=True)
        assert sum(isinstance(outcome, SignInRefused) for outcome in outcomes) <= 5
        assert sum(isinstance(outcome, LockedOut) for outcome in outcomes) >= 7
        with pytest.raises(LockedOut):
            await sign_in()

    async def test_getting_in_forgets_the_failures(self) -> None:
        await employ()
        for _ in range(3):
            for _ in range(4):
                with pytest.raises(SignInRefused):
                    await sign_in(password="wrong")
            await sign_in()

    async def test_failures_far_apart_do_not_add_up(self) -> None:
        await employ()
        for day in range(8):
            with pytest.raises(SignInRefused):
                await sign_in(password="wrong", at=AT + timedelta(days=day))

    async def test_an_address_that_tries_many_emails_is_locked_out(self) -> None:
        await employ()
        for number in range(30):
            with pytest.raises(SignInRefused):
                await sign_in(f"user{number}@example.org", "wrong")
        with pytest.raises(LockedOut):
            await sign_in()
        assert await sign_in(address="198.51.100.1")

    async def test_a_text_that_cannot_be_stored_is_refused_and_not_a_fault(self) -> None:
        for email, password in (("a\0@example.org", "x"), ("a@example.org", "\ud800"), ("x" * 5000, "y" * 100_000)):
            with pytest.raises((Invalid, SignInRefused)):
                await sign_in(email, password)


class TestSessions:
    async def test_a_session_ends_after_half_an_hour_of_rest(self) -> None:
        await employ()
        token = (await sign_in()).token
        for minute in (29, 58, 87):
            await staff_sessions.standing(token=token, at=AT + timedelta(minutes=minute), rules=RULES)
        with pytest.raises(SessionOver):
            await staff_sessions.standing(token=token, at=AT + timedelta(minutes=118), rules=RULES)

    async def test_a_session_ends_after_twelve_hours_in_any_case(self) -> None:
        await employ()
        token = (await sign_in()).token
        for step in range(1, 36):
            await staff_sessions.standing(token=token, at=AT + timedelta(minutes=20 * step), rules=RULES)
        with pytest.raises(SessionOver):
            await staff_sessions.standing(token=token, at=AT + timedelta(hours=12), rules=RULES)

    async def test_the_cookie_is_kept_only_as_a_hash(self) -> None:
        await employ()
        token = (await sign_in()).token
        with pytest.raises(SessionOver):
            await staff_sessions.standing(token=staff_sessions.hash_of(token), at=AT, rules=RULES)

    async def test_signing_out_ends_the_session_and_no_other(self) -> None:
        await employ()
        one, other = await sign_in(), await sign_in()
        await staff_sessions.sign_out(session=staff_sessions.hash_of(one.token), at=AT)
        with pytest.raises(SessionOver):
            await staff_sessions.standing(token=one.token, at=AT, rules=RULES)
        reader = await staff_sessions.standing(token=other.token, at=AT, rules=RULES)
        assert len(await staff_sessions.open_sessions(staff_id=1, session=reader.session, at=AT, rules=RULES)) == 1

    async def test_a_changed_password_ends_all_sessions_and_renews_ones_own(self) -> None:
        member = await employ()
        mine, other = await sign_in(), await sign_in()
        renewed = await staff_account.change_password(
            staff_id=member.id,
            current=PASSWORD,
            password="Grey-Heron-rests-7",
            session=staff_sessions.hash_of(mine.token),
            at=AT,
            rules=RULES,
        )
        for token in (mine.token, other.token):
            with pytest.raises(SessionOver):
                await staff_sessions.standing(token=token, at=AT, rules=RULES)
        assert await staff_sessions.standing(token=renewed.token, at=AT, rules=RULES)
        assert await sign_in(password="Grey-Heron-rests-7")

    async def test_the_present_password_can_be_guessed_only_so_often(self) -> None:
        member = await employ()
        session = staff_sessions.hash_of((await sign_in()).token)
        change = {"staff_id": member.id, "password": "Grey-Heron-rests-7", "session": session, "at": AT, "rules": RULES}
        for _ in range(5):
            with pytest.raises(staff_account.PasswordWrong):
                await staff_account.change_password(current="wrong", **change)  # type: ignore[arg-type]  # mixed values
        with pytest.raises(LockedOut):
            await staff_account.change_password(current=PASSWORD, **change)  # type: ignore[arg-type]  # mixed values

    async def test_a_password_given_by_another_has_to_be_changed_first(self) -> None:
        member = await employ()
        await staff_account.reset_password(staff_id=member.id, password="Grey-Heron-rests-7", actor="command", at=AT)
        token = (await sign_in(password="Grey-Heron-rests-7")).token
        assert (await staff_sessions.standing(token=token, at=AT, rules=RULES)).todo == "password"

    async def test_a_password_can_be_made_to_age(self) -> None:
        await employ()
        token = (await sign_in()).token
        rules = StaffRules(RULES.idle, RULES.limit, totp_required=False, password_life=timedelta(days=1))
        assert (await staff_sessions.standing(token=token, at=AT, rules=rules)).todo == "password"

    async def test_old_sessions_and_tries_are_swept_away(self) -> None:
        await employ()
        token = (await sign_in()).token
        with pytest.raises(SignInRefused):
            await sign_in(password="wrong")
        await staff_sessions.sweep(None, AT + timedelta(hours=1))
        assert await staff_sessions.standing(token=token, at=AT, rules=RULES)
        await staff_sessions.sweep(None, AT + timedelta(days=200))
        with pytest.raises(SessionOver):
            await staff_sessions.standing(token=token, at=AT, rules=RULES)
        assert await sign_in_tries.sweep(before=AT + timedelta(days=300)) == 0


async def with_totp() -> tuple[int, pyotp.TOTP]:
    member = await employ()
    session = staff_sessions.hash_of((await sign_in()).token)
    begun = await staff_totp.begin(staff_id=member.id, sealer=SEALER, at=AT)
    totp = pyotp.parse_uri(begun.address)
    assert isinstance(totp, pyotp.TOTP)
    await staff_totp.confirm(staff_id=member.id, code=totp.at(AT), session=session, sealer=SEALER, at=AT, rules=RULES)
    return member.id, totp


class TestSecondFactor:
    async def test_a_session_can_do_nothing_before_the_code(self) -> None:
        await with_totp()
        token = (await sign_in(at=AT + timedelta(minutes=1))).token
        reader = await staff_sessions.standing(token=token, at=AT + timedelta(minutes=1), rules=RULES)
        assert reader.todo == "code"
        with pytest.raises(SessionOver):
            await staff_sessions.standing(token=token, at=AT + timedelta(minutes=11), rules=RULES)

    async def test_the_code_opens_the_doors_under_a_new_cookie(self) -> None:
        staff_id, totp = await with_totp()
        later = AT + timedelta(minutes=1)
        half = await sign_in(at=later)
        full = await staff_totp.give_code(
            staff_id=staff_id,
            code=totp.at(later),
            session=staff_sessions.hash_of(half.token),
            sealer=SEALER,
            at=later,
            rules=RULES,
        )
        assert (await staff_sessions.standing(token=full.token, at=later, rules=RULES)).todo == ""
        with pytest.raises(SessionOver):
            await staff_sessions.standing(token=half.token, at=later, rules=RULES)

    async def test_no_code_is_taken_twice(self) -> None:
        staff_id, totp = await with_totp()
        # The code of this half minute was used to set the factor up.
        half = await sign_in(at=AT)
        give = {"staff_id": staff_id, "session": staff_sessions.hash_of(half.token), "sealer": SEALER, "rules": RULES}
        with pytest.raises(staff_totp.CodeWrong):
            await staff_totp.give_code(code=totp.at(AT), at=AT, **give)  # type: ignore[arg-type]  # mixed values
        later = AT + timedelta(seconds=60)
        assert await staff_totp.give_code(code=totp.at(later), at=later, **give)  # type: ignore[arg-type]  # as above
        again = await sign_in(at=later)
        give["session"] = staff_sessions.hash_of(again.token)
        for code in (totp.at(later), totp.at(later - timedelta(seconds=30))):
            with pytest.raises(staff_totp.CodeWrong):
                await staff_totp.give_code(code=code, at=later, **give)  # type: ignore[arg-type]  # as above

    async def test_the_same_code_given_twice_at_once_is_taken_once(self) -> None:
        staff_id, totp = await with_totp()
        later = AT + timedelta(minutes=2)
        halves = [await sign_in(at=later), await sign_in(at=later)]
        outcomes = await asyncio.gather(
            *(
                staff_totp.give_code(
                    staff_id=staff_id,
                    code=totp.at(later),
                    session=staff_sessions.hash_of(half.token),
                    sealer=SEALER,
                    at=later,
                    rules=RULES,
                )
                for half in halves
            ),
            return_exceptions=True,
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["CodeWrong", "SignedIn"]

    async def test_codes_can_be_guessed_only_so_often(self) -> None:
        staff_id, totp = await with_totp()
        half = await sign_in()
        give = {"staff_id": staff_id, "session": staff_sessions.hash_of(half.token), "sealer": SEALER, "rules": RULES}
        later = AT + timedelta(minutes=1)
        wrong = f"{(int(totp.at(later)) + 500_000) % 1_000_000:06d}"
        for _ in range(5):
            with pytest.raises(staff_totp.CodeWrong):
                await staff_totp.give_code(code=wrong, at=later, **give)  # type: ignore[arg-type]  # mixed values
        with pytest.raises(LockedOut):
            await staff_totp.give_code(code=totp.at(later), at=later, **give)  # type: ignore[arg-type]  # mixed values

    async def test_the_secret_is_sealed_and_bound_to_its_person(self) -> None:
        staff_id, totp = await with_totp()
        row = await Staff.get(id=staff_id)
        assert totp.secret.encode() not in bytes(row.totp_secret or b"")
        with pytest.raises(ValueError, match="sealed"):
            SEALER.open_secret("staff:999:totp", row.totp_secret or b"")

    async def test_it_can_be_required_and_taken_away_only_with_the_password(self) -> None:
        staff_id, _ = await with_totp()
        with pytest.raises(staff_account.PasswordWrong):
            await staff_totp.remove(staff_id=staff_id, password="wrong", session="", at=AT, rules=RULES)
        await staff_totp.remove(staff_id=staff_id, password=PASSWORD, session="", at=AT, rules=RULES)
        token = (await sign_in()).token
        required = StaffRules(RULES.idle, RULES.limit, totp_required=True)
        assert (await staff_sessions.standing(token=token, at=AT, rules=required)).todo == "totp"

    async def test_an_administrator_helps_whoever_lost_it(self) -> None:
        staff_id, _ = await with_totp()
        boss = await employ("boss@example.org", Role.ADMINISTRATOR)
        await staff_totp.reset(staff_id=staff_id, actor_id=boss.id, at=AT)
        token = (await sign_in()).token
        assert (await staff_sessions.standing(token=token, at=AT, rules=RULES)).todo == ""
        with pytest.raises(staff_totp.TotpNotBegun):
            await staff_totp.reset(staff_id=staff_id, actor_id=boss.id, at=AT)


class TestRoles:
    async def test_a_change_of_roles_ends_the_sessions(self) -> None:
        boss = await employ("boss@example.org", Role.ADMINISTRATOR)
        member = await employ()
        token = (await sign_in()).token
        await staff.change(staff_id=member.id, name="林晓晓", roles=["editor"], actor_id=boss.id, at=AT)
        assert (await staff_sessions.standing(token=token, at=AT, rules=RULES)).name == "林晓晓"
        await staff.change(staff_id=member.id, name="林晓晓", roles=["analyst"], actor_id=boss.id, at=AT)
        with pytest.raises(SessionOver):
            await staff_sessions.standing(token=token, at=AT, rules=RULES)

    async def test_nobody_changes_their_own_roles_or_disables_themselves(self) -> None:
        boss = await employ("boss@example.org", Role.ADMINISTRATOR)
        with pytest.raises(staff.OwnRoles):
            await staff.change(staff_id=boss.id, name="王", roles=["editor"], actor_id=boss.id, at=AT)
        with pytest.raises(staff.OwnRoles):
            await staff.disable(staff_id=boss.id, actor_id=boss.id, at=AT)

    async def test_two_administrators_who_remove_each_other_leave_one(self) -> None:
        one = await employ("one@example.org", Role.ADMINISTRATOR)
        two = await employ("two@example.org", Role.ADMINISTRATOR)
        outcomes = await asyncio.gather(
            staff.disable(staff_id=one.id, actor_id=two.id, at=AT),
            staff.change(staff_id=two.id, name="二", roles=["editor"], actor_id=one.id, at=AT),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)] == [staff.LastAdministrator]

    async def test_whoever_is_disabled_is_out_at_once_and_may_come_back(self) -> None:
        boss = await employ("boss@example.org", Role.ADMINISTRATOR)
        member = await employ()
        token = (await sign_in()).token
        await staff.disable(staff_id=member.id, actor_id=boss.id, at=AT)
        with pytest.raises(SessionOver):
            await staff_sessions.standing(token=token, at=AT, rules=RULES)
        await staff.enable(staff_id=member.id, actor_id=boss.id, at=AT)
        with pytest.raises(SessionOver):
            await staff_sessions.standing(token=token, at=AT, rules=RULES)
        assert await sign_in()

    async def test_the_audit_tells_what_was_before_and_after(self) -> None:
        boss = await employ("boss@example.org", Role.ADMINISTRATOR)
        member = await employ()
        await staff.change(staff_id=member.id, name="林晓", roles=["analyst", "editor"], actor_id=boss.id, at=AT)
        (entry,) = await audit.entries(deed="staff.change")
        assert (entry.actor, entry.subject_id) == (f"staff:{boss.id}", str(member.id))
        assert entry.before == {"name": "林晓", "roles": ["editor"]}
        assert entry.after == {"name": "林晓", "roles": ["analyst", "editor"]}
        assert await audit.words() == (["staff.change", "staff.create"], ["staff"])
