"""OneID on the real tables: what joins, what asks, what is undone, and that the map remembers."""

import asyncio
import itertools
from datetime import timedelta
from typing import Any

import pytest
from people_fixtures import People

from cdp import mini_programs, stewards
from cdp import people as oneid
from cdp.stewards import (
    AccountMissing,
    AudiencesDiffer,
    LinkMissing,
    OneAlready,
    ReasonNeeded,
    ReviewDecided,
    ReviewMissing,
    StillOne,
)
from server.core import clock
from server.core.db import connection, transaction
from server.core.roles import Audience
from server.sandbox.demo import DOCTOR_APPID

SECOND_APPID = "wx0000000000d0c702"
STEWARD = "staff:7"


@pytest.fixture
async def second_app(app: Any, people: People) -> str:
    """A second mini-program for doctors, bound to the same Open Platform account."""
    await mini_programs.register(
        sealer=app.ctx.sealer,
        app_id=SECOND_APPID,
        audience=Audience.DOCTOR,
        name="第二个小程序",
        secret="secret",
        actor="test",
        at=clock.now(),
    )
    return SECOND_APPID


async def show_phone(app: Any, account_id: int, number: str, audience: Audience = Audience.DOCTOR) -> None:
    """Bind a number as the binding of a phone does, without the way to WeChat."""
    hashed = oneid.key_hash(app.ctx.sealer, kind="phone", audience=audience, value=number)
    async with transaction():
        await oneid.hold_key(hashed)
        await oneid.add_key(account_id=account_id, kind="phone", hashed=hashed, at=clock.now())
        await oneid.open_reviews(account_id=account_id, kind="phone", hashed=hashed, at=clock.now())


async def person(account_id: int) -> int:
    return await oneid.person_of(account_id=account_id)


async def events(name: str) -> int:
    return int(await connection().value("SELECT count(*) FROM event WHERE name = $1", name))


async def test_a_shared_unionid_joins_accounts_of_two_apps_of_one_audience(people: People, second_app: str) -> None:
    one = await people.sign_in("chen", unionid="union-chen")
    other = await people.sign_in("chen-there", app_id=second_app, unionid="union-chen")
    stranger = await people.sign_in("lin", unionid="union-lin")
    assert one.account_id != other.account_id
    assert await person(one.account_id) == await person(other.account_id)
    assert await person(stranger.account_id) != await person(one.account_id)


async def test_a_doctor_and_a_patient_with_the_same_unionid_stay_two_people(people: People) -> None:
    doctor = await people.sign_in("chen", Audience.DOCTOR, unionid="union-chen")
    patient = await people.sign_in("chen", Audience.PATIENT, unionid="union-chen")
    assert await person(doctor.account_id) != await person(patient.account_id)
    assert await stewards.reviews() == []
    hashes = await connection().fetch("SELECT hash FROM identity_key WHERE kind = 'unionid'")
    assert len({bytes(row["hash"]) for row in hashes}) == 2


async def test_a_unionid_that_comes_later_joins_and_the_map_remembers(people: People, second_app: str) -> None:
    first = await people.sign_in("chen")
    known = await people.sign_in("chen-there", app_id=second_app, unionid="union-chen")
    before = await person(known.account_id)
    between = clock.now()
    assert await person(first.account_id) != before

    await people.sign_in("chen", unionid="union-chen")

    assert await person(first.account_id) == await person(known.account_id)
    versions = await history(known.account_id)
    assert [version.version for version in versions] == list(range(1, len(versions) + 1))
    assert await person_at(known.account_id, between) == before
    assert await events("identity_merged") == 1


async def history(account_id: int) -> list[oneid.MapVersion]:
    return await oneid.history(account_id=account_id)


async def person_at(account_id: int, at: Any) -> int:
    return await oneid.person_of(account_id=account_id, at=at)


async def test_any_order_of_the_same_sign_ins_gives_the_same_people(
    app: Any, people: People, second_app: str, database: None
) -> None:
    shown = [
        ("a", DOCTOR_APPID, "u"),
        ("b", second_app, ""),
        ("b", second_app, "u"),
        ("c", second_app, "v"),
        ("a", DOCTOR_APPID, "v"),
    ]
    partitions = set()
    for number, order in enumerate(itertools.permutations(shown)):
        if number % 6:
            continue
        names = {}
        for name, app_id, unionid in order:
            union = f"{unionid}{number}" if unionid else ""
            visitor = await people.sign_in(f"{name}{number}", app_id=app_id, unionid=union, consents=())
            names[visitor.account_id] = name
        groups: dict[int, set[str]] = {}
        for account_id, name in names.items():
            groups.setdefault(await person(account_id), set()).add(name)
        partitions.add(frozenset(frozenset(group) for group in groups.values()))
    assert partitions == {frozenset({frozenset({"a", "b", "c"})})}


async def test_sign_ins_of_one_new_unionid_at_once_give_one_person(people: People, second_app: str) -> None:
    visitors = await asyncio.gather(
        *(
            people.sign_in(f"chen-{number % 3}-{app_id}", app_id=app_id, unionid="union-chen", consents=())
            for number in range(6)
            for app_id in (DOCTOR_APPID, second_app)
        )
    )
    accounts = {visitor.account_id for visitor in visitors}
    assert len(accounts) == 6
    assert len({await person(account) for account in accounts}) == 1
    assert await connection().value("SELECT count(*) FROM person") == 1


async def test_a_phone_number_of_two_people_asks_a_steward_and_joins_nobody(app: Any, people: People) -> None:
    chen, lin = await people.doctor("chen"), await people.doctor("lin")
    await show_phone(app, chen.account_id, "+8613800138000")
    await show_phone(app, lin.account_id, "+8613800138000")
    assert await person(chen.account_id) != await person(lin.account_id)
    (review,) = await stewards.reviews()
    assert (review.one.account_id, review.other.account_id) == (chen.account_id, lin.account_id)
    assert review.kind == "phone"


async def test_a_doctors_and_a_patients_same_number_asks_nobody(app: Any, people: People) -> None:
    doctor, patient = await people.doctor("chen"), await people.patient("chen")
    await show_phone(app, doctor.account_id, "+8613800138000", Audience.DOCTOR)
    await show_phone(app, patient.account_id, "+8613800138000", Audience.PATIENT)
    assert await stewards.reviews() == []


async def test_two_who_show_one_number_at_once_are_asked_about_once(app: Any, people: People) -> None:
    visitors = [await people.doctor(name) for name in ("chen", "lin")]
    await asyncio.gather(*(show_phone(app, visitor.account_id, "+8613800138000") for visitor in visitors))
    assert len(await stewards.reviews()) == 1


async def test_a_review_decided_as_merged_makes_one_person_and_can_be_undone(app: Any, people: People) -> None:
    chen, lin = await people.doctor("chen"), await people.doctor("lin")
    before = (await person(chen.account_id), await person(lin.account_id))
    await show_phone(app, chen.account_id, "+8613800138000")
    await show_phone(app, lin.account_id, "+8613800138000")
    (review,) = await stewards.reviews()

    decided = await stewards.decide(
        review_id=review.id, verdict="merged", note="同一医生换了微信", actor=STEWARD, at=clock.now()
    )
    assert decided.verdict == "merged"
    assert await person(chen.account_id) == await person(lin.account_id) == before[0]
    merged_at = clock.now()
    (link,) = await stewards.links_of(account_id=lin.account_id)
    assert link.reason == "同一医生换了微信"

    await stewards.unmerge(link_id=link.id, reason="弄错了", actor=STEWARD, at=clock.now())
    assert (await person(chen.account_id), await person(lin.account_id)) == before
    assert await person_at(lin.account_id, merged_at) == before[0]
    reasons = [version.reason for version in await history(lin.account_id)]
    assert reasons == ["created", "merge", "unmerge"]
    assert (await events("identity_merged"), await events("identity_unmerged")) == (1, 1)
    deeds = await connection().fetch("SELECT deed FROM audit_entry WHERE actor = $1 ORDER BY id", STEWARD)
    assert [row["deed"] for row in deeds] == ["people.decide", "people.unmerge"]


async def test_people_told_apart_are_not_asked_about_again_over_the_same_number(app: Any, people: People) -> None:
    chen, lin = await people.doctor("chen"), await people.doctor("lin")
    await show_phone(app, chen.account_id, "+8613800138000")
    await show_phone(app, lin.account_id, "+8613800138000")
    (review,) = await stewards.reviews()
    await stewards.decide(review_id=review.id, verdict="apart", note="号码转手", actor=STEWARD, at=clock.now())
    async with transaction():
        await drop_phone(lin.account_id)
    await show_phone(app, lin.account_id, "+8613800138000")
    assert await stewards.reviews() == []
    (answered,) = await stewards.reviews(undecided=False)
    assert (answered.verdict, answered.note, answered.decided_by) == ("apart", "号码转手", STEWARD)
    with pytest.raises(ReviewDecided):
        await stewards.decide(review_id=review.id, verdict="merged", note="再想", actor=STEWARD, at=clock.now())


async def drop_phone(account_id: int) -> None:
    await oneid.drop_phone(account_id=account_id, at=clock.now())


async def test_a_question_becomes_moot_when_the_number_is_given_up_and_comes_back_with_it(
    app: Any, people: People
) -> None:
    chen, lin = await people.doctor("chen"), await people.doctor("lin")
    await show_phone(app, chen.account_id, "+8613800138000")
    await show_phone(app, lin.account_id, "+8613800138000")
    async with transaction():
        await drop_phone(chen.account_id)
    assert await stewards.reviews() == []
    await show_phone(app, chen.account_id, "+8613800138000")
    assert len(await stewards.reviews()) == 1


async def test_an_undone_merge_leaves_together_what_a_unionid_holds_together(people: People, second_app: str) -> None:
    one = await people.sign_in("chen")
    other = await people.sign_in("chen-there", app_id=second_app)
    link = await stewards.merge(
        account_a=other.account_id, account_b=one.account_id, reason="同一人", actor=STEWARD, at=clock.now()
    )
    await people.sign_in("chen", unionid="u")
    await people.sign_in("chen-there", app_id=second_app, unionid="u")
    with pytest.raises(StillOne):
        await stewards.unmerge(link_id=link.id, reason="弄错了", actor=STEWARD, at=clock.now())
    assert len(await stewards.links_of(account_id=one.account_id)) == 1


async def test_an_undone_merge_parts_groups_and_gives_back_their_numbers(people: People, second_app: str) -> None:
    a1 = await people.sign_in("a", unionid="a")
    b1 = await people.sign_in("b", unionid="b")
    b2 = await people.sign_in("b-there", app_id=second_app, unionid="b")
    before = [await person(visitor.account_id) for visitor in (a1, b1, b2)]
    link = await stewards.merge(
        account_a=a1.account_id, account_b=b2.account_id, reason="同一人", actor=STEWARD, at=clock.now()
    )
    assert len({await person(visitor.account_id) for visitor in (a1, b1, b2)}) == 1
    a2 = await people.sign_in("a-there", app_id=second_app, unionid="a")
    await stewards.unmerge(link_id=link.id, reason="弄错了", actor=STEWARD, at=clock.now())
    assert [await person(visitor.account_id) for visitor in (a1, b1, b2)] == before
    assert await person(a2.account_id) == before[0]


async def test_two_stewards_at_once_merge_a_chain_into_one_person(people: People) -> None:
    visitors = [await people.doctor(name) for name in "abcd"]
    pairs = itertools.pairwise(visitors)
    await asyncio.gather(
        *(
            stewards.merge(
                account_a=one.account_id, account_b=other.account_id, reason="同一人", actor=STEWARD, at=clock.now()
            )
            for one, other in pairs
        )
    )
    assert len({await person(visitor.account_id) for visitor in visitors}) == 1


async def test_what_a_steward_may_not(people: People) -> None:
    chen, lin = await people.doctor("chen"), await people.doctor("lin")
    patient = await people.patient("wang")

    async def merge(one: int, other: int, reason: str = "同一人") -> None:
        await stewards.merge(account_a=one, account_b=other, reason=reason, actor=STEWARD, at=clock.now())

    with pytest.raises(AudiencesDiffer):
        await merge(chen.account_id, patient.account_id)
    with pytest.raises(AccountMissing):
        await merge(chen.account_id, 999_999)
    with pytest.raises(ReasonNeeded):
        await merge(chen.account_id, lin.account_id, "  ")
    with pytest.raises(OneAlready):
        await merge(chen.account_id, chen.account_id)
    await merge(chen.account_id, lin.account_id)
    with pytest.raises(OneAlready):
        await merge(lin.account_id, chen.account_id)
    with pytest.raises(LinkMissing):
        await stewards.unmerge(link_id=999_999, reason="弄错了", actor=STEWARD, at=clock.now())
    with pytest.raises(ReviewMissing):
        await stewards.decide(review_id=999_999, verdict="apart", note="不是", actor=STEWARD, at=clock.now())


async def test_a_map_that_is_asked_before_the_account_was_there_names_nobody(people: People) -> None:
    chen = await people.doctor("chen")
    assert await person_at(chen.account_id, clock.now() - timedelta(days=1)) == 0
    assert await person(999_999) == 0


async def test_a_device_may_be_many_peoples(app: Any, people: People) -> None:
    chen, lin = await people.doctor("chen"), await people.doctor("lin")
    for visitor in (chen, lin, chen):
        async with transaction():
            await bind_device(app, visitor.account_id)
    assert await person(chen.account_id) != await person(lin.account_id)
    assert await stewards.reviews() == []
    assert await connection().value("SELECT count(*) FROM identity_key WHERE kind = 'device'") == 2


async def bind_device(app: Any, account_id: int) -> None:
    await oneid.bind_device(
        sealer=app.ctx.sealer, account_id=account_id, audience=Audience.DOCTOR, device_id="d-1", at=clock.now()
    )


async def test_the_audit_says_what_was_done_and_not_the_stewards_own_words(people: People) -> None:
    chen, lin = await people.doctor("chen"), await people.doctor("lin")
    link = await stewards.merge(
        account_a=chen.account_id, account_b=lin.account_id, reason="陈医生来电", actor=STEWARD, at=clock.now()
    )
    await stewards.unmerge(link_id=link.id, reason="陈医生又来电", actor=STEWARD, at=clock.now())
    rows = await connection().fetch("SELECT deed, after::text FROM audit_entry WHERE actor = $1", STEWARD)
    assert {row["deed"] for row in rows} == {"people.merge", "people.unmerge"}
    assert "陈医生" not in str([dict(row) for row in rows])
    kept = await connection().row("SELECT reason, end_reason FROM person_link")
    assert (kept["reason"], kept["end_reason"]) == ("陈医生来电", "陈医生又来电")
