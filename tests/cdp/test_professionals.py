"""Applications: what may be handed in, what staff see and decide, what is forgotten when, and who of two wins."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people_fixtures import People
from professional_fixtures import LICENCE, NAME, PARTICULARS, PHOTO, Practice, replace_fields

from cdp import (
    consent,
    erasure,
    professional_sights,
    professional_upkeep,
    professionals,
    stewards,
)
from cdp.consent import ConsentNeeded
from cdp.professional_decisions import ApplicationDecided, DecisionInvalid, LicenceElsewhere, NotStanding
from cdp.professional_particulars import ParticularsInvalid, checked
from cdp.professional_sights import PhotoGone
from cdp.professionals import ApplicationMissing, ApplicationOpen, State
from server.core import clock
from server.core.db import connection
from server.core.roles import Role

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "欧"}, "name"),
        ({"name": "欧阳<b>"}, "name"),
        ({"name": "欧" * 41}, "name"),
        ({"name": "张 3"}, "name"),
        ({"licence": ""}, "licence"),
        ({"licence": "1" * 14}, "licence"),
        ({"licence": "1" * 16}, "licence"),
        ({"licence": "11033000098765X"}, "licence"),
        ({"hospital": " "}, "hospital"),
        ({"hospital": "院" * 101}, "hospital"),
        ({"department": "\n"}, "department"),
        ({"department": "科" * 61}, "department"),
        ({"title": "professor"}, "title"),
        ({"title": ""}, "title"),
    ],
)
def test_what_cannot_be_is_refused_and_the_field_named(changed: dict[str, str], field: str) -> None:
    with pytest.raises(ParticularsInvalid) as refused:
        checked(replace_fields(PARTICULARS, **changed))
    assert refused.value.field == field


@pytest.mark.parametrize(
    "name", ["张伟", "欧阳修远", "阿卜杜拉·买买提", "Anna Müller-Schmidt", "O’Brien Li", "㐂子", "𠮷田一郎"]
)
def test_names_are_as_people_have_them(name: str) -> None:
    assert checked(replace_fields(PARTICULARS, name=name)).name == name


def test_a_licence_number_is_stored_in_one_way() -> None:
    written = checked(replace_fields(PARTICULARS, licence=" １１０３３０００-0987 654 "))
    assert written.licence == LICENCE


@given(
    st.builds(
        replace_fields,
        st.just(PARTICULARS),
        name=st.text(max_size=50),
        licence=st.text(max_size=20),
        hospital=st.text(max_size=120),
        department=st.text(max_size=70),
    )
)
def test_whatever_is_written_is_either_stored_in_bounds_or_refused(particulars: Any) -> None:
    try:
        kept = checked(particulars)
    except ParticularsInvalid as refused:
        assert refused.field in {"name", "licence", "hospital", "department"}
        return
    assert 2 <= len(kept.name) <= 40
    assert 2 <= len(kept.hospital) <= 100
    assert all(text.isprintable() for text in (kept.name, kept.hospital, kept.department))
    assert checked(kept) == kept


async def everything() -> str:
    tables = await connection().fetch(
        "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public' "
        "AND relkind IN ('r', 'p') AND NOT relispartition"
    )
    lines = [
        row["line"]
        for table in tables
        for row in await connection().fetch(f'SELECT t::text AS line FROM "{table["relname"]}" AS t')
    ]
    return "\n".join(lines)


async def test_what_names_a_doctor_lies_sealed_wherever_one_looks(app: Any, practice: Practice) -> None:
    chen = await practice.doctor()
    first = await practice.submit(chen)
    await professional_sights.look(sealer=app.ctx.sealer, application_id=first, actor="staff:1", at=clock.now())
    await practice.refuse(first)
    second = await practice.submit(chen)
    await practice.approve(second)
    await practice.revoke(second)
    stored = await everything()
    assert "四川大学华西医院" in stored
    for secret in (NAME, LICENCE, PHOTO.data[:64].hex(), PHOTO.data[100:140].hex()):
        assert secret not in stored


async def test_without_the_separate_consent_nothing_is_taken(practice: Practice) -> None:
    chen = await practice.doctor(consents=("service", "analytics"))
    with pytest.raises(ConsentNeeded) as refused:
        await practice.submit(chen)
    assert refused.value.facts == {"purpose": "verification"}
    assert await connection().value("SELECT count(*) FROM professional_application") == 0


async def test_a_person_has_one_application_open_on_whichever_accounts(practice: Practice) -> None:
    chen = await practice.doctor()
    results = await asyncio.gather(*(practice.submit(chen) for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(result, int) for result in results) == 1
    assert sum(isinstance(result, ApplicationOpen) for result in results) == 5
    tablet = await practice.doctor("chens-tablet")
    await stewards.merge(
        account_a=chen.account_id, account_b=tablet.account_id, reason="同一人", actor="staff:1", at=clock.now()
    )
    with pytest.raises(ApplicationOpen):
        await practice.submit(tablet)
    assert (await practice.overview(tablet)).open


async def test_two_accounts_of_a_person_at_once_hand_in_one(people: People, practice: Practice) -> None:
    for number in range(5):
        pair = [await practice.doctor(f"{side}{number}", unionid=f"u{number}") for side in "ab"]
        results = await asyncio.gather(*(practice.submit(one) for one in pair), return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["ApplicationOpen", "int"]


async def test_after_a_refusal_a_doctor_may_try_again(practice: Practice) -> None:
    chen = await practice.doctor()
    await practice.refuse(await practice.submit(chen), reason="other", note="照片模糊，请重拍")
    seen = await practice.overview(chen)
    assert (seen.open, seen.verified_until) == (False, None)
    assert [(one.state, one.reason, one.note) for one in seen.applications] == [
        (State.REFUSED, "other", "照片模糊，请重拍")
    ]
    await practice.approve(await practice.submit(chen))
    assert [one.state for one in (await practice.overview(chen)).applications] == [State.APPROVED, State.REFUSED]
    assert seen.applications[0].licence == f"***********{LICENCE[-4:]}"


async def test_a_standing_holds_while_another_application_waits_and_is_replaced_when_that_is_approved(
    practice: Practice,
) -> None:
    chen, _ = await practice.verified()
    later = await practice.submit(chen, hospital="北京协和医院")
    seen = await practice.overview(chen)
    assert seen.open
    assert seen.verified_until is not None
    assert Role.PROFESSIONAL in (await practice.reader(chen)).roles
    await practice.approve(later)
    assert [one.state for one in (await practice.overview(chen)).applications] == [State.APPROVED, State.REPLACED]
    refused = await practice.submit(chen)
    await practice.refuse(refused)
    assert Role.PROFESSIONAL in (await practice.reader(chen)).roles


async def test_of_two_who_decide_at_once_one_does(practice: Practice) -> None:
    for number in range(6):
        chen = await practice.doctor(f"chen{number}")
        application_id = await practice.submit(chen, licence=f"11033000000000{number}")
        results = await asyncio.gather(
            practice.approve(application_id, actor="staff:1"),
            practice.refuse(application_id, actor="staff:2"),
            practice.approve(application_id, actor="staff:3"),
            return_exceptions=True,
        )
        lost = [result for result in results if isinstance(result, ApplicationDecided)]
        assert (results.count(None), len(lost)) == (1, 2), results
        row = await connection().row("SELECT * FROM professional_application WHERE id = $1", application_id)
        assert {refused.facts["decided_by"] for refused in lost} == {row["decided_by"]}
        deeds = await connection().fetch(
            "SELECT deed FROM audit_entry WHERE subject_kind = 'professional_application' AND subject_id = $1",
            str(application_id),
        )
        assert len(deeds) == 1
        assert (Role.PROFESSIONAL in (await practice.reader(chen)).roles) == (row["verdict"] == "approved")


async def test_an_application_taken_back_cannot_be_decided_and_leaves_nothing(practice: Practice) -> None:
    chen = await practice.doctor()
    application_id = await practice.submit(chen)
    await professionals.withdraw(account_id=chen.account_id, at=clock.now())
    with pytest.raises(ApplicationDecided):
        await practice.approve(application_id)
    row = await connection().row("SELECT * FROM professional_application WHERE id = $1", application_id)
    assert (row["name"], row["licence"], row["licence_hash"]) == (None, None, None)
    assert await connection().value("SELECT count(*) FROM professional_photo") == 0
    assert [one.state for one in (await practice.overview(chen)).applications] == [State.WITHDRAWN]
    await professionals.withdraw(account_id=chen.account_id, at=clock.now())
    await practice.submit(chen)


async def test_a_withdrawal_and_a_decision_at_once_do_not_both_happen(practice: Practice) -> None:
    for number in range(6):
        chen = await practice.doctor(f"chen{number}")
        application_id = await practice.submit(chen, licence=f"11033000000000{number}")
        approved, withdrawn = await asyncio.gather(
            practice.approve(application_id),
            professionals.withdraw(account_id=chen.account_id, at=clock.now()),
            return_exceptions=True,
        )
        assert withdrawn is None
        (seen,) = (await practice.overview(chen)).applications
        assert seen.state == (State.APPROVED if approved is None else State.WITHDRAWN)


async def test_an_erasure_while_an_application_is_decided_leaves_nothing_of_either(
    app: Any, practice: Practice
) -> None:
    for number in range(6):
        chen = await practice.doctor(f"chen{number}")
        application_id = await practice.submit(chen, licence=f"11033000000000{number}")
        decided, _ = await asyncio.gather(
            practice.approve(application_id),
            erasure.erase(
                sealer=app.ctx.sealer,
                changes=app.ctx.changes,
                account_id=chen.account_id,
                asked_by="test",
                at=clock.now(),
            ),
            return_exceptions=True,
        )
        assert decided is None or isinstance(decided, ApplicationMissing)
    for table in ("professional_application", "professional_photo", "identity_key"):
        assert await connection().value(f"SELECT count(*) FROM {table}") == 0
    with pytest.raises(ApplicationMissing):
        await professional_sights.look(
            sealer=app.ctx.sealer, application_id=application_id, actor="staff:1", at=clock.now()
        )


async def test_a_number_that_somebody_else_has_shown_is_told_to_who_decides_and_merges_nobody(
    app: Any, practice: Practice
) -> None:
    chen, first = await practice.verified("chen")
    lin = await practice.doctor("lin")
    second = await practice.submit(lin)

    seen = await professional_sights.look(sealer=app.ctx.sealer, application_id=second, actor="staff:1", at=clock.now())
    assert (seen.name, seen.licence, seen.elsewhere) == (NAME, LICENCE, [first])
    with pytest.raises(LicenceElsewhere) as refused:
        await practice.approve(second)
    assert refused.value.facts == {"applications": [first]}
    await practice.approve(second, elsewhere_checked=True)

    (review,) = await stewards.reviews()
    assert (review.kind, {review.one.account_id, review.other.account_id}) == (
        "professional",
        {chen.account_id, lin.account_id},
    )
    assert review.one.person_id != review.other.person_id
    for doctor in (chen, lin):
        assert Role.PROFESSIONAL in (await practice.reader(doctor)).roles
        told = await erasure.export(sealer=app.ctx.sealer, account_id=doctor.account_id, at=clock.now())
        assert [one["account_id"] for one in told["professionals"]] == [doctor.account_id]


async def test_an_earlier_licence_gives_way_and_its_question_is_moot(practice: Practice) -> None:
    chen, _ = await practice.verified("chen")
    lin = await practice.doctor("lin")
    await practice.approve(await practice.submit(lin), elsewhere_checked=True)
    assert len(await stewards.reviews()) == 1
    await practice.approve(await practice.submit(lin, licence="110330000111111"))
    assert await stewards.reviews() == []
    keys = await connection().fetch("SELECT account_id FROM identity_key WHERE kind = 'professional' ORDER BY 1")
    assert [row["account_id"] for row in keys] == [chen.account_id, lin.account_id]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"valid_until": clock.now() - DAY}, "valid_until"),
        ({"valid_until": clock.now() + 6 * 366 * DAY}, "valid_until"),
        ({"hospital_key": "no-such-hospital"}, "hospital_key"),
        ({"note": "x" * 401}, "note"),
    ],
)
async def test_an_approval_that_is_not_well_formed_is_refused(
    practice: Practice, wrong: dict[str, Any], field: str
) -> None:
    application_id = await practice.submit(await practice.doctor())
    with pytest.raises(DecisionInvalid) as refused:
        await practice.approve(application_id, **wrong)
    assert refused.value.field == field
    assert await connection().value("SELECT verdict FROM professional_application") == ""


async def test_a_refusal_says_why(practice: Practice) -> None:
    application_id = await practice.submit(await practice.doctor())
    for wrong, field in (
        ({"reason": "because"}, "reason"),
        ({"reason": "other"}, "note"),
        ({"note": "x" * 401}, "note"),
    ):
        with pytest.raises(DecisionInvalid) as refused:
            await practice.refuse(application_id, **wrong)
        assert refused.value.field == field


async def test_every_look_is_entered_in_the_audit_without_what_was_seen(app: Any, practice: Practice) -> None:
    application_id = await practice.submit(await practice.doctor())
    for _ in range(2):
        await professional_sights.look(
            sealer=app.ctx.sealer, application_id=application_id, actor="staff:7", at=clock.now(), request_id="r1"
        )
    photo = await professional_sights.look_at_photo(
        sealer=app.ctx.sealer, application_id=application_id, actor="staff:7", at=clock.now()
    )
    assert photo.data == PHOTO.data
    rows = await connection().fetch(
        "SELECT actor, deed, subject_id, before, after FROM audit_entry ORDER BY id DESC LIMIT 3"
    )
    assert {row["actor"] for row in rows} == {"staff:7"}
    assert [row["deed"] for row in rows] == ["professional.look_at_photo", "professional.look", "professional.look"]
    assert {row["subject_id"] for row in rows} == {str(application_id)}
    assert not any(row["before"] or row["after"] not in {None, "null"} for row in rows)


def parts(days: int = 30) -> Any:
    return SimpleNamespace(settings=SimpleNamespace(licence_photo_days=days))


async def test_a_photo_goes_when_its_time_after_the_decision_is_over(app: Any, practice: Practice) -> None:
    at = clock.now()
    chen, _ = await practice.verified("chen")
    lin = await practice.doctor("lin")
    await practice.refuse(await practice.submit(lin, licence="110330000111111"))
    waiting = await practice.submit(await practice.doctor("su"), licence="110330000222222")

    await professional_upkeep.forget(parts(), at + 29 * DAY)
    assert await connection().value("SELECT count(*) FROM professional_photo") == 3
    await professional_upkeep.forget(parts(), at + 30 * DAY + 60 * SECOND)

    assert [row["application_id"] for row in await connection().fetch("SELECT * FROM professional_photo")] == [waiting]
    rows = await connection().fetch(
        "SELECT account_id, name IS NULL AS forgotten FROM professional_application ORDER BY id"
    )
    # Who is verified keeps name and number, which the standing rests on; who was refused does not.
    assert [row["forgotten"] for row in rows] == [False, True, False]
    approved = await connection().value(
        "SELECT id FROM professional_application WHERE account_id = $1", chen.account_id
    )
    with pytest.raises(PhotoGone):
        await professional_sights.look_at_photo(sealer=app.ctx.sealer, application_id=approved, actor="staff:1", at=at)
    assert await connection().value("SELECT count(*) FROM audit_entry WHERE deed = 'professional.forget'") == 2
    await professional_upkeep.forget(parts(), at + 40 * DAY)
    assert await connection().value("SELECT count(*) FROM audit_entry WHERE deed = 'professional.forget'") == 2


async def test_a_setting_of_no_days_forgets_at_the_next_turn(practice: Practice) -> None:
    await practice.refuse(await practice.submit(await practice.doctor()))
    await professional_upkeep.forget(parts(0), clock.now())
    assert await connection().value("SELECT count(*) FROM professional_photo") == 0


async def test_the_job_notes_an_expiry_once_and_tells_the_doctor(practice: Practice) -> None:
    chen = await practice.doctor()
    at = clock.now()
    await practice.approve(await practice.submit(chen, at=at), at=at, valid_until=at + DAY)
    await professional_upkeep.expire(parts(), at + DAY - SECOND)
    assert [one.state for one in (await practice.overview(chen, at=at + DAY - SECOND)).applications] == [State.APPROVED]
    # Between the end and the job it has expired all the same.
    assert [one.state for one in (await practice.overview(chen, at=at + DAY)).applications] == [State.EXPIRED]
    await asyncio.gather(*(professional_upkeep.expire(parts(), at + DAY + SECOND) for _ in range(3)))
    assert [one.state for one in (await practice.overview(chen, at=at + 2 * DAY)).applications] == [State.EXPIRED]
    names = [row["name"] for row in await connection().fetch("SELECT name FROM event ORDER BY number")]
    assert names.count("professional_expired") == 1
    row = await connection().row("SELECT ended_at, end_reason FROM professional_application")
    assert (row["ended_at"], row["end_reason"]) == (at + DAY, "expired")


async def test_an_expired_standing_can_neither_be_revoked_nor_come_back(practice: Practice) -> None:
    chen = await practice.doctor()
    at = clock.now()
    application_id = await practice.submit(chen, at=at)
    await practice.approve(application_id, at=at, valid_until=at + DAY)
    with pytest.raises(NotStanding):
        await practice.revoke(application_id, at=at + DAY)
    # A new approval after the end and before the job notes that the old one had expired, and does not replace it.
    again = await practice.submit(chen, at=at + DAY)
    await practice.approve(again, at=at + DAY + SECOND)
    assert [one.state for one in (await practice.overview(chen, at=at + 2 * DAY)).applications] == [
        State.APPROVED,
        State.EXPIRED,
    ]
    names = [row["name"] for row in await connection().fetch("SELECT name FROM event ORDER BY number")]
    assert (names.count("professional_expired"), names.count("professional_ended")) == (1, 0)


async def test_taking_the_consent_back_ends_the_standing_and_forgets_it_all(app: Any, practice: Practice) -> None:
    chen, _ = await practice.verified()
    await practice.submit(chen, licence="110330000111111")
    await consent.withdraw(account_id=chen.account_id, purpose="verification", at=clock.now())
    await app.ctx.changes.publish(f"account:{chen.account_id}")
    assert (await practice.reader(chen)).roles == {Role.DOCTOR}
    seen = await practice.overview(chen)
    assert [(one.state, one.licence) for one in seen.applications] == [(State.WITHDRAWN, ""), (State.REVOKED, "")]
    assert await connection().value("SELECT count(*) FROM professional_photo") == 0
    assert await connection().value("SELECT count(*) FROM identity_key WHERE kind = 'professional'") == 0


async def test_with_the_service_goes_the_verification(practice: Practice) -> None:
    chen, _ = await practice.verified()
    await consent.withdraw(account_id=chen.account_id, purpose="service", at=clock.now())
    assert (await practice.overview(chen)).verified_until is None


async def test_an_export_tells_the_owner_everything_opened(app: Any, practice: Practice) -> None:
    chen, _ = await practice.verified()
    told = await erasure.export(sealer=app.ctx.sealer, account_id=chen.account_id, at=clock.now())
    (one,) = told["professionals"]
    assert (one["name"], one["licence"], one["verdict"]) == (NAME, LICENCE, "approved")
    assert one["photo"].startswith("data:image/jpeg;base64,")
    assert "decided_by" not in one


async def test_the_log_tells_what_happened_and_of_nobody(practice: Practice) -> None:
    chen, application_id = await practice.verified()
    await practice.revoke(application_id)
    rows = await connection().fetch(
        "SELECT name, account_id, body FROM event WHERE name LIKE 'professional%' ORDER BY number"
    )
    assert [row["name"] for row in rows] == ["professional_submitted", "professional_approved", "professional_ended"]
    assert {row["account_id"] for row in rows} == {chen.account_id}
    assert not any(NAME in row["body"] or LICENCE in row["body"] or "华西" in row["body"] for row in rows)
