"""Smaller parts of the ground: ids, days, tokens, idempotency, the audit, migrations."""

import asyncio
import time
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest
from msgspec import Struct

from server import wiring
from server.core import audit, clock, db, ids
from server.core.idempotency import KeyReused, once
from server.core.settings import Settings
from server.core.tokens import TokenExpired, TokenInvalid, Tokens
from server.migrate import migrate, missing_steps

AT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


def test_ids_are_of_version_7_and_in_order() -> None:
    made = [ids.uuid7() for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {one.version for one in made} == {7}
    assert abs((made[0].int >> 80) / 1000 - time.time()) < 5


def test_opaque_tokens_are_long_enough_and_plain() -> None:
    token = ids.opaque()
    assert len(token) == 22
    assert token.isalnum()
    assert token.isascii()


def test_a_day_is_one_of_shanghai() -> None:
    assert clock.day_of(datetime(2026, 11, 21, 16, 0, tzinfo=UTC)) == date(2026, 11, 22)
    starts_at, ends_at = clock.month_bounds(2026, 12)
    assert starts_at.isoformat() == "2026-12-01T00:00:00+08:00"
    assert ends_at.isoformat() == "2027-01-01T00:00:00+08:00"


class TestTokens:
    tokens = Tokens(b"k" * 32, access_minutes=15)

    def test_a_token_says_who_signed_in(self) -> None:
        token = self.tokens.make_access(account_id=7, session_id="s", at=clock.now())
        claims = self.tokens.read_access(f"Bearer {token}")
        assert (claims.account_id, claims.session_id) == (7, "s")

    def test_a_token_runs_out(self) -> None:
        token = self.tokens.make_access(account_id=7, session_id="s", at=clock.now() - timedelta(minutes=16))
        with pytest.raises(TokenExpired):
            self.tokens.read_access(f"Bearer {token}")

    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic eA==", "Bearer a.b.c", "Bearer \udcff"])
    def test_what_is_no_token_of_ours_is_refused(self, header: str) -> None:
        with pytest.raises(TokenInvalid):
            self.tokens.read_access(header)

    def test_a_token_of_another_key_is_refused(self) -> None:
        token = Tokens(b"o" * 32, access_minutes=15).make_access(account_id=7, session_id="s", at=clock.now())
        with pytest.raises(TokenInvalid):
            self.tokens.read_access(f"Bearer {token}")


class Granted(Struct):
    left: int


async def test_a_deed_under_one_key_is_done_once_also_at_once(database: None) -> None:
    done = []

    async def grant() -> Granted:
        done.append(1)
        await asyncio.sleep(0.01)
        return Granted(left=len(done))

    async def ask(request: str = "a") -> Granted:
        return await once(account_id=1, key="key-12345", deed="grant", request=request, at=AT, act=grant, shape=Granted)

    assert await asyncio.gather(*(ask() for _ in range(8))) == [Granted(left=1)] * 8
    assert len(done) == 1
    with pytest.raises(KeyReused):
        await ask("another request")


async def test_a_deed_that_fails_leaves_its_key_free(database: None) -> None:
    async def fail() -> Granted:
        raise ValueError("no")

    async def grant() -> Granted:
        return Granted(left=1)

    with pytest.raises(ValueError, match="no"):
        await once(account_id=1, key="key-12345", deed="grant", request={}, at=AT, act=fail, shape=Granted)
    again = await once(account_id=1, key="key-12345", deed="grant", request={}, at=AT, act=grant, shape=Granted)
    assert again == Granted(left=1)


async def test_the_audit_can_be_added_to_and_nothing_else(database: None) -> None:
    await audit.note(actor="staff:1", deed="publish", subject_kind="item", subject_id=3, at=AT, after={"day": AT})
    for change in ("UPDATE audit_entry SET deed = 'x'", "DELETE FROM audit_entry"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await db.connection().execute(change)
    assert await db.connection().value("SELECT after->>'day' FROM audit_entry") == "2026-11-22T02:00:00Z"


async def test_migrating_twice_at_once_leaves_nothing_missing(database: None, settings: Settings) -> None:
    await asyncio.gather(*(migrate(settings.database_url, wiring.MODELS) for _ in range(3)))
    assert await missing_steps(settings.database_url, wiring.MODELS) == []


async def test_a_failed_transaction_leaves_nothing(database: None) -> None:
    with pytest.raises(ValueError, match="no"):
        async with db.transaction():
            await audit.note(actor="job", deed="x", subject_kind="x", subject_id=1, at=AT)
            raise ValueError("no")
    assert await db.connection().value("SELECT count(*) FROM audit_entry") == 0


def test_what_means_that_the_database_is_away() -> None:
    assert db.is_away(ConnectionRefusedError())
    assert db.is_away(TimeoutError())
    assert db.is_away(asyncpg.InterfaceError("connection is closed"))
    assert not db.is_away(asyncpg.UniqueViolationError("x"))
    assert not db.is_away(ValueError())
