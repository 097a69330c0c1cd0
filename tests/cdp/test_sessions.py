"""Sessions: rotation, reuse, two at once, what stands, and what is thrown away."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from people_fixtures import People, Visitor

from cdp import sessions
from cdp.sessions import (
    GRACE,
    KEPT_AFTER_END,
    MOST_SESSIONS,
    RefreshExpired,
    RefreshInvalid,
    RefreshReused,
    SessionEnded,
    TokenPair,
)
from server.core import clock
from server.core.db import connection
from server.core.roles import Audience, Reader, Role
from server.demo.consent_texts import VERSION


async def refreshed(app: Any, token: str, at: datetime, audience: Audience = Audience.DOCTOR) -> TokenPair:
    return await sessions.refresh(
        issuer=app.ctx.issuer, changes=app.ctx.changes, refresh_token=token, audience=audience, at=at
    )


async def standing(app: Any, visitor: Visitor) -> Reader:
    reader: Reader = await app.ctx.standings(
        account_id=visitor.account_id, session_id=visitor.session_id, at=clock.now()
    )
    return reader


async def test_a_refresh_token_gives_a_new_pair_of_the_same_session(app: Any, people: People) -> None:
    chen, at = await people.doctor(), clock.now()
    pair = await refreshed(app, chen.refresh_token, at)
    assert pair.session_id == chen.session_id
    assert pair.refresh_token != chen.refresh_token
    assert pair.refresh_expires_at == at + timedelta(days=30)
    assert app.ctx.tokens.read_access(f"Bearer {pair.access_token}").account_id == chen.account_id


async def test_a_refresh_token_used_again_later_ends_its_family(app: Any, people: People) -> None:
    chen, at = await people.doctor(), clock.now()
    pair = await refreshed(app, chen.refresh_token, at)
    with pytest.raises(RefreshReused):
        await refreshed(app, chen.refresh_token, at + GRACE + timedelta(seconds=1))
    with pytest.raises(SessionEnded):
        await refreshed(app, pair.refresh_token, at + GRACE + timedelta(seconds=2))
    with pytest.raises(SessionEnded):
        await standing(app, chen)


async def test_another_session_of_the_account_outlives_the_end_of_a_family(app: Any, people: People) -> None:
    phone, tablet = await people.doctor(), await people.doctor()
    at = clock.now()
    await refreshed(app, phone.refresh_token, at)
    with pytest.raises(RefreshReused):
        await refreshed(app, phone.refresh_token, at + GRACE + timedelta(seconds=1))
    assert (await standing(app, tablet)).account_id == phone.account_id
    await refreshed(app, tablet.refresh_token, at)


async def test_refreshing_many_times_at_once_gives_everybody_the_same_successor(app: Any, people: People) -> None:
    chen, at = await people.doctor(), clock.now()
    pairs = await asyncio.gather(*(refreshed(app, chen.refresh_token, at) for _ in range(8)))
    assert len({pair.refresh_token for pair in pairs}) == 1
    following = await refreshed(app, pairs[0].refresh_token, at + timedelta(hours=1))
    assert following.session_id == chen.session_id
    assert await connection().value("SELECT count(*) FROM refresh_token") == 3


async def test_a_late_reply_within_the_grace_gets_the_newest_of_the_line(app: Any, people: People) -> None:
    chen, at = await people.doctor(), clock.now()
    second = await refreshed(app, chen.refresh_token, at)
    third = await refreshed(app, second.refresh_token, at + timedelta(seconds=2))
    late = await refreshed(app, chen.refresh_token, at + timedelta(seconds=4))
    assert late.refresh_token == third.refresh_token


async def test_tokens_lie_in_the_database_only_as_hashes(app: Any, people: People) -> None:
    chen = await people.doctor()
    pair = await refreshed(app, chen.refresh_token, clock.now())
    stored = str([dict(row) for row in await connection().fetch("SELECT * FROM refresh_token")])
    assert chen.refresh_token not in stored
    assert pair.refresh_token not in stored


async def test_a_refresh_token_is_good_only_on_its_own_portal(app: Any, people: People) -> None:
    chen, at = await people.doctor(), clock.now()
    with pytest.raises(RefreshInvalid):
        await refreshed(app, chen.refresh_token, at, Audience.PATIENT)
    assert (await refreshed(app, chen.refresh_token, at)).session_id == chen.session_id


@pytest.mark.parametrize("token", ["", "x", "半", "0" * 128], ids=["empty", "short", "chinese", "long"])
async def test_what_is_no_refresh_token_is_refused(app: Any, people: People, token: str) -> None:
    with pytest.raises(RefreshInvalid):
        await refreshed(app, token, clock.now())


async def test_a_refresh_token_runs_out(app: Any, people: People) -> None:
    chen = await people.doctor()
    with pytest.raises(RefreshExpired):
        await refreshed(app, chen.refresh_token, clock.now() + timedelta(days=30, seconds=5))


async def test_signing_out_ends_one_session_and_leaves_the_other(app: Any, people: People) -> None:
    phone, tablet = await people.doctor(), await people.doctor()
    assert (await standing(app, phone)).known
    await sessions.end(
        changes=app.ctx.changes, account_id=phone.account_id, session_id=phone.session_id, at=clock.now()
    )
    with pytest.raises(SessionEnded):
        await standing(app, phone)
    with pytest.raises(SessionEnded):
        await refreshed(app, phone.refresh_token, clock.now())
    assert (await standing(app, tablet)).known


async def test_nobody_ends_the_session_of_somebody_else(app: Any, people: People) -> None:
    chen, lin = await people.doctor("chen"), await people.doctor("lin")
    await sessions.end(changes=app.ctx.changes, account_id=lin.account_id, session_id=chen.session_id, at=clock.now())
    assert (await standing(app, chen)).known
    with pytest.raises(SessionEnded):
        await app.ctx.standings(account_id=lin.account_id, session_id=chen.session_id, at=clock.now())


async def test_all_sessions_of_an_account_can_be_ended(app: Any, people: People) -> None:
    visitors = [await people.doctor() for _ in range(3)]
    account_id = visitors[0].account_id
    ended = await sessions.end_all(changes=app.ctx.changes, account_ids=[account_id], reason="revoked", at=clock.now())
    assert ended == 3
    for visitor in visitors:
        with pytest.raises(SessionEnded):
            await standing(app, visitor)


async def test_the_oldest_of_too_many_sessions_gives_way(app: Any, people: People) -> None:
    visitors = [await people.doctor(consents=()) for _ in range(MOST_SESSIONS + 2)]
    for visitor in visitors[:2]:
        with pytest.raises(SessionEnded):
            await standing(app, visitor)
    for visitor in visitors[2:]:
        assert (await standing(app, visitor)).known


async def test_a_standing_says_role_app_and_consents(app: Any, people: People) -> None:
    chen = await people.doctor(consents=("service", "analytics"))
    assert await standing(app, chen) == Reader(
        account_id=chen.account_id,
        roles=frozenset({Role.DOCTOR}),
        session_id=chen.session_id,
        app_id="wx0000000000d0c701",
        audience=Audience.DOCTOR,
        consented=frozenset({"service", "analytics"}),
        consent_version=VERSION,
    )


async def test_a_standing_is_asked_of_the_database_once_while_it_is_young(app: Any, people: People) -> None:
    chen = await people.doctor()
    while not app.ctx.changes.heard:
        await asyncio.sleep(0.05)
    first = await standing(app, chen)
    # Behind the back of the word of changes, so that only a look at the database would notice.
    await connection().execute("UPDATE account_session SET ended_at = now(), end_reason = 'test'")
    assert await standing(app, chen) is first
    await app.ctx.changes.publish(f"account:{chen.account_id}")
    with pytest.raises(SessionEnded):
        await standing(app, chen)


async def test_a_session_that_has_just_begun_stands_although_older_ones_are_kept(app: Any, people: People) -> None:
    while not app.ctx.changes.heard:
        await asyncio.sleep(0.05)
    phone = await people.doctor()
    await standing(app, phone)
    tablet = await people.doctor()
    assert (await standing(app, tablet)).session_id == tablet.session_id


async def test_what_has_run_out_is_thrown_away_and_what_stands_is_kept(app: Any, people: People) -> None:
    old, ended, standing_still = await people.doctor("a"), await people.doctor("b"), await people.doctor("c")
    at = clock.now()
    await connection().execute(
        "UPDATE account_session SET expires_at = $2 WHERE id = $1", old.session_id, at - timedelta(seconds=1)
    )
    await connection().execute(
        "UPDATE refresh_token SET expires_at = $2 WHERE session_id = $1", old.session_id, at - timedelta(seconds=1)
    )
    await sessions.end(
        changes=app.ctx.changes, account_id=ended.account_id, session_id=ended.session_id, at=at - 2 * KEPT_AFTER_END
    )
    for _ in range(2):
        await sessions.purge(app.ctx, at)
        left = await connection().fetch("SELECT id FROM account_session")
        assert [row["id"] for row in left] == [standing_still.session_id]
        assert await connection().value("SELECT count(*) FROM refresh_token") == 1
