"""What a session may do: at which instants a verification and an entitlement begin and end, and who hears of it."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_fixtures import People
from professional_fixtures import Practice

from cdp import entitlements, erasure, mini_programs, stewards
from cdp.entitlements import EntitlementInvalid, EntitlementMissing, EntitlementOver
from cdp.sessions import SessionEnded
from cdp.standings import Grant, is_professional, rights
from server.core import clock
from server.core.db import connection
from server.core.roles import Audience, Role

SECOND = timedelta(seconds=1)
MICRO = timedelta(microseconds=1)
DAY = timedelta(days=1)
T0 = clock.now().replace(microsecond=0)


@given(
    grants=st.lists(
        st.tuples(st.sampled_from(["", "a", "b"]), st.integers(0, 30), st.one_of(st.none(), st.integers(0, 30))),
        max_size=6,
    ),
    now=st.integers(-1, 31),
)
def test_rights_hold_exactly_in_their_periods(grants: list[tuple[str, int, int | None]], now: int) -> None:
    made = [Grant(name, T0 + start * SECOND, None if end is None else T0 + end * SECOND) for name, start, end in grants]
    professional, held = rights(made, at=T0 + now * SECOND)
    wanted = {name for name, start, end in grants if start <= now and (end is None or now < end)}
    assert (professional, held) == ("" in wanted, wanted - {""})


async def grant(app: Any, account_id: int, **more: Any) -> entitlements.Entitlement:
    at = more.pop("at", T0)
    return await entitlements.grant(
        changes=app.ctx.changes,
        account_id=account_id,
        name=more.pop("name", "membership"),
        starts_at=more.pop("starts_at", at),
        ends_at=more.pop("ends_at", at + DAY),
        reason=more.pop("reason", "年度会员"),
        actor="staff:1",
        at=at,
        **more,
    )


async def test_an_entitlement_holds_from_its_first_instant_to_just_before_its_last(
    app: Any,
    practice: Practice,
) -> None:
    chen = await practice.doctor()
    await grant(app, chen.account_id, starts_at=T0 + SECOND, ends_at=T0 + DAY)
    for moment, held in (
        (T0 + SECOND - MICRO, False),
        (T0 + SECOND, True),
        (T0 + DAY - MICRO, True),
        (T0 + DAY, False),
        (T0 + SECOND, True),
    ):
        # All of it from one answer of the database: what is kept knows the bounds, not the result.
        assert ("membership" in (await practice.reader(chen, at=moment)).entitlements) is held, moment


async def test_an_entitlement_that_is_revoked_is_gone_at_once_and_for_good(
    app: Any,
    practice: Practice,
) -> None:
    chen = await practice.doctor()
    made = await grant(app, chen.account_id, ends_at=None)
    assert (await practice.reader(chen)).entitlements == {"membership"}
    at = clock.now()
    await entitlements.revoke(changes=app.ctx.changes, entitlement_id=made.id, reason="退费", actor="staff:1", at=at)
    assert (await practice.reader(chen)).entitlements == frozenset()
    with pytest.raises(EntitlementOver):
        await entitlements.revoke(
            changes=app.ctx.changes, entitlement_id=made.id, reason="再次", actor="staff:1", at=at + SECOND
        )
    with pytest.raises(EntitlementMissing):
        await entitlements.revoke(
            changes=app.ctx.changes, entitlement_id=made.id + 1, reason="没有", actor="staff:1", at=at
        )
    (listed,) = await entitlements.listing(at=clock.now(), account_id=chen.account_id)
    assert (listed.state, listed.revoke_reason) == ("revoked", "退费")
    audited = await connection().fetch("SELECT deed, after::text AS after FROM audit_entry WHERE deed LIKE 'entitle%'")
    assert [row["deed"] for row in audited] == ["entitlement.grant", "entitlement.revoke"]
    assert not any("退费" in row["after"] or "年度会员" in row["after"] for row in audited)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "Membership"}, "name"),
        ({"name": "会员"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "a" * 41}, "name"),
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 401}, "reason"),
        ({"ends_at": T0}, "ends_at"),
        ({"starts_at": T0 - 2 * DAY, "ends_at": T0 - DAY}, "ends_at"),
    ],
)
async def test_a_grant_that_is_not_well_formed_is_refused(
    app: Any,
    practice: Practice,
    wrong: dict[str, Any],
    field: str,
) -> None:
    chen = await practice.doctor()
    with pytest.raises(EntitlementInvalid) as refused:
        await grant(app, chen.account_id, **wrong)
    assert refused.value.field == field
    assert await connection().value("SELECT count(*) FROM entitlement") == 0


async def test_a_verified_doctor_is_a_professional_until_the_very_instant_of_expiry(
    practice: Practice,
) -> None:
    chen = await practice.doctor()
    application_id = await practice.submit(chen)
    assert Role.PROFESSIONAL not in (await practice.reader(chen)).roles
    at = clock.now()
    await practice.approve(application_id, at=at, valid_until=at + DAY)
    assert (await practice.reader(chen)).roles == {Role.DOCTOR, Role.PROFESSIONAL}
    assert Role.PROFESSIONAL in (await practice.reader(chen, at=at + DAY - MICRO)).roles
    assert (await practice.reader(chen, at=at + DAY)).roles == {Role.DOCTOR}
    assert await is_professional(account_id=chen.account_id, at=at + DAY - MICRO)
    assert not await is_professional(account_id=chen.account_id, at=at + DAY)


async def test_a_standing_that_is_revoked_is_lost_at_once(practice: Practice) -> None:
    chen, application_id = await practice.verified()
    assert Role.PROFESSIONAL in (await practice.reader(chen)).roles
    await practice.revoke(application_id)
    assert (await practice.reader(chen)).roles == {Role.DOCTOR}


async def test_a_standing_is_the_persons_on_all_their_accounts(
    app: Any,
    people: People,
    practice: Practice,
) -> None:
    second = await mini_programs.register(
        sealer=app.ctx.sealer,
        app_id="wx0000000000d0c702",
        audience=Audience.DOCTOR,
        name="第二个小程序",
        secret="secret",
        actor="test",
        at=clock.now(),
    )
    phone = await practice.doctor("chen", unionid="u1")
    tablet = await people.sign_in("chen", unionid="u1", app_id=second.app_id)
    stranger = await people.sign_in("lin", app_id=second.app_id)
    await practice.approve(await practice.submit(phone))
    await grant(app, tablet.account_id, at=clock.now())
    for account in (phone, tablet):
        reader = await practice.reader(account)
        assert Role.PROFESSIONAL in reader.roles
        assert reader.entitlements == {"membership"}
    assert (await practice.reader(stranger)).roles == {Role.DOCTOR}
    link = await stewards.merge(
        account_a=tablet.account_id, account_b=stranger.account_id, reason="同一人", actor="staff:1", at=clock.now()
    )
    app.ctx.changes.kept[0].clear()
    assert await is_professional(account_id=stranger.account_id, at=clock.now())
    await stewards.unmerge(link_id=link.id, reason="不是", actor="staff:1", at=clock.now())
    assert not await is_professional(account_id=stranger.account_id, at=clock.now())


async def test_a_patient_is_never_a_professional(people: People, practice: Practice) -> None:
    wang = await people.patient()
    await connection().execute(
        "INSERT INTO professional_application (account_id, submitted_at, hospital, department, title, verdict, "
        "decided_at, valid_until, name, licence, licence_hash) "
        "VALUES ($1, $2, '', '', '', 'approved', $2, $3, '', '', '')",
        wang.account_id,
        T0,
        T0 + DAY,
    )
    assert (await practice.reader(wang)).roles == {Role.PATIENT}


async def test_an_erasure_takes_standing_and_entitlements_with_it(app: Any, practice: Practice) -> None:
    chen, _ = await practice.verified()
    await grant(app, chen.account_id, at=clock.now())
    await erasure.erase(
        sealer=app.ctx.sealer, changes=app.ctx.changes, account_id=chen.account_id, asked_by="test", at=clock.now()
    )
    with pytest.raises(SessionEnded):
        await practice.reader(chen)
    assert not await is_professional(account_id=chen.account_id, at=clock.now())
    for table in ("professional_application", "professional_photo", "entitlement", "identity_key"):
        assert await connection().value(f"SELECT count(*) FROM {table}") == 0
