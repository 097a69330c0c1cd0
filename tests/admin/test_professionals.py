"""The queue of professionals at the desk: who may look, what is entered in the audit, and what a decision does."""

import asyncio
import re
from typing import Any

import pytest
from desk import Desk
from professional_fixtures import LICENCE, NAME, PHOTO, Practice

from cdp import hospital_lists, professional_upkeep
from server.core import clock
from server.core.db import connection
from server.core.roles import STAFF, Role

LIST = "/admin/professionals"


@pytest.fixture
async def reviewer(practice: Practice, employ: Any) -> Desk:
    await hospital_lists.take_in(rows=hospital_lists.standard(), dry_run=False, actor="command", at=clock.now())
    desk: Desk = await employ(Role.COMPLIANCE)
    return desk


async def deeds() -> list[str]:
    rows = await connection().fetch("SELECT deed FROM audit_entry WHERE deed LIKE 'professional.%' ORDER BY id")
    return [row["deed"] for row in rows]


async def test_the_queue_names_nobody_and_shows_the_oldest_first(reviewer: Desk, practice: Practice) -> None:
    ids = [
        await practice.submit(await practice.doctor(f"doctor{number}"), licence=f"11033000000000{number}")
        for number in range(3)
    ]
    await practice.refuse(ids[1])
    page = (await reviewer.read(LIST)).text
    assert re.findall(r"/admin/professionals/(\d+)\"", page) == [str(ids[0]), str(ids[2])]
    assert NAME not in page
    assert "1103300000" not in page
    assert await deeds() == ["professional.refuse"]
    refused = (await reviewer.read(f"{LIST}?state=refused")).text
    assert re.findall(r"/admin/professionals/(\d+)\"", refused) == [str(ids[1])]
    everything = (await reviewer.read(f"{LIST}?state=all")).text
    assert re.findall(r"/admin/professionals/(\d+)\"", everything) == [str(one) for one in reversed(ids)]


async def test_the_queue_is_narrowed(reviewer: Desk, practice: Practice) -> None:
    chen, lin = await practice.doctor("chen"), await practice.doctor("lin")
    first, second = await practice.submit(chen), await practice.submit(lin, licence="110330000111111")
    third = await practice.submit(await practice.doctor("su"), licence=LICENCE)
    await connection().execute("UPDATE professional_application SET matched = 'fuzzy' WHERE id = $1", second)

    async def shown(query: str) -> list[str]:
        return re.findall(r"/admin/professionals/(\d+)\"", (await reviewer.read(f"{LIST}?{query}")).text)

    assert await shown("elsewhere=1") == [str(first), str(third)]
    assert await shown("matched=fuzzy") == [str(second)]
    assert await shown(f"account={chen.account_id}") == [str(first)]
    assert await shown(f"after={first}") == [str(second), str(third)]
    for odd in ("state=x&matched=y&after=-3", "account=abc", "after=99999999999999999"):
        assert (await reviewer.read(f"{LIST}?{odd}")).status_code in {200, 422}


async def test_a_look_and_a_look_at_the_photo_are_entered_each_time(reviewer: Desk, practice: Practice) -> None:
    application_id = await practice.submit(await practice.doctor())
    page = await reviewer.read(f"{LIST}/{application_id}")
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    assert NAME in page.text
    assert LICENCE in page.text
    photo = await reviewer.read(f"{LIST}/{application_id}/photo")
    assert photo.content == PHOTO.data
    assert photo.headers["cache-control"] == "no-store"
    assert photo.headers["content-type"] == "image/jpeg"
    assert "sandbox" in photo.headers["content-security-policy"]
    assert photo.headers["x-content-type-options"] == "nosniff"
    await reviewer.read(f"{LIST}/{application_id}/photo")
    assert await deeds() == ["professional.look", "professional.look_at_photo", "professional.look_at_photo"]
    entry = await connection().row("SELECT actor, request_id FROM audit_entry WHERE deed = 'professional.look'")
    assert entry["actor"] == f"staff:{reviewer.staff_id}"
    assert entry["request_id"]


@pytest.mark.parametrize("role", sorted(STAFF - {Role.COMPLIANCE}))
async def test_nobody_else_sees_a_photo_or_a_name(role: Role, practice: Practice, employ: Any) -> None:
    application_id = await practice.submit(await practice.doctor())
    desk: Desk = await employ(role)
    for address in (LIST, f"{LIST}/{application_id}", f"{LIST}/{application_id}/photo"):
        answer = await desk.read(address)
        assert answer.status_code == 403, address
        assert NAME not in answer.text
        assert PHOTO.data not in answer.content
    for deed in ("approve", "refuse", "revoke"):
        assert (await desk.send(f"{LIST}/{application_id}/{deed}")).status_code == 403
    assert await deeds() == []


async def test_an_approval_by_the_page_makes_a_professional(reviewer: Desk, practice: Practice) -> None:
    chen = await practice.doctor()
    application_id = await practice.submit(chen, hospital="华西本院", hospital_key="")
    page = (await reviewer.read(f"{LIST}/{application_id}")).text
    assert "四川大学华西医院" in page
    last = clock.day_of(clock.now()).replace(year=clock.now().year + 1, day=1)
    answer = await reviewer.send(
        f"{LIST}/{application_id}/approve",
        {
            "hospital_key": "west-china",
            "valid_until": last.isoformat(),
            "note": "欢迎",
            "add_alias": "1",
            "alias": "华西本院",
        },
    )
    assert (answer.status_code, answer.headers["location"]) == (303, LIST)
    assert Role.PROFESSIONAL in (await practice.reader(chen)).roles
    row = await connection().row("SELECT hospital_key, valid_until, note FROM professional_application")
    assert (row["hospital_key"], row["note"]) == ("west-china", "欢迎")
    # The last day counts to its end in Shanghai.
    assert clock.day_of(row["valid_until"]) > last
    assert "华西本院" in await connection().value("SELECT aliases FROM hospital WHERE key = 'west-china'")


async def test_an_alias_that_is_none_does_not_undo_the_approval(reviewer: Desk, practice: Practice) -> None:
    chen = await practice.doctor()
    application_id = await practice.submit(chen, hospital="第一医院")
    answer = await reviewer.send(
        f"{LIST}/{application_id}/approve",
        {"hospital_key": "west-china", "valid_until": "2027-06-01", "add_alias": "1", "alias": "第一医院"},
    )
    assert answer.status_code == 303
    assert Role.PROFESSIONAL in (await practice.reader(chen)).roles
    assert "第一医院" not in await connection().value("SELECT aliases FROM hospital WHERE key = 'west-china'")


@pytest.mark.parametrize(
    ("deed", "values", "says"),
    [
        ("approve", {}, "请填写有效期。"),
        ("approve", {"valid_until": "2020-01-01"}, "有效期须在将来"),
        ("approve", {"valid_until": "nonsense"}, "应为日期。"),
        ("approve", {"valid_until": "2027-06-01", "hospital_key": "nowhere"}, "没有这家医院。"),
        ("approve", {"valid_until": "2027-06-01", "note": "x" * 401}, "不超过 400 字"),
        ("refuse", {}, "请选择理由。"),
        ("refuse", {"reason": "other"}, "请填写说明"),
        ("revoke", {"revoke_note": "为什么"}, "该认证当前无效"),
    ],
)
async def test_a_decision_that_is_not_well_formed_is_shown_again(
    reviewer: Desk, practice: Practice, deed: str, values: dict[str, str], says: str
) -> None:
    application_id = await practice.submit(await practice.doctor())
    answer = await reviewer.send(f"{LIST}/{application_id}/{deed}", values)
    assert answer.status_code in {409, 422}
    assert says in answer.text
    assert await connection().value("SELECT verdict FROM professional_application") == ""


async def test_of_two_at_two_desks_one_decides(reviewer: Desk, practice: Practice, employ: Any) -> None:
    other: Desk = await employ(Role.COMPLIANCE)
    application_id = await practice.submit(await practice.doctor())
    answers = await asyncio.gather(
        reviewer.send(f"{LIST}/{application_id}/approve", {"valid_until": "2027-06-01"}),
        other.send(f"{LIST}/{application_id}/refuse", {"reason": "mismatch"}),
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    lost = next(answer for answer in answers if answer.status_code == 409)
    assert "该申请已处理" in lost.text


async def test_the_same_number_has_to_be_looked_into(reviewer: Desk, practice: Practice) -> None:
    await practice.verified("chen")
    second = await practice.submit(await practice.doctor("lin"))
    assert "另一位用户提交过相同的执业证书编码" in (await reviewer.read(f"{LIST}/{second}")).text
    answer = await reviewer.send(f"{LIST}/{second}/approve", {"valid_until": "2027-06-01"})
    assert answer.status_code == 409
    answer = await reviewer.send(f"{LIST}/{second}/approve", {"valid_until": "2027-06-01", "elsewhere_checked": "1"})
    assert answer.status_code == 303
    assert "执业证书编码" in (await reviewer.read("/admin/reviews")).text


async def test_a_standing_is_revoked_by_the_page(reviewer: Desk, practice: Practice) -> None:
    chen, application_id = await practice.verified()
    answer = await reviewer.send(f"{LIST}/{application_id}/revoke", {"revoke_note": "证书已注销"})
    assert answer.status_code == 303
    assert Role.PROFESSIONAL not in (await practice.reader(chen)).roles
    assert (await practice.overview(chen)).applications[0].end_note == "证书已注销"


async def test_what_has_been_forgotten_is_shown_as_such(app: Any, reviewer: Desk, practice: Practice) -> None:
    application_id = await practice.submit(await practice.doctor())
    await practice.refuse(application_id)
    row = clock.now().replace(year=clock.now().year + 1)
    await professional_upkeep.forget(app.ctx, row)
    page = await reviewer.read(f"{LIST}/{application_id}")
    assert "照片已按规定删除" in page.text
    assert NAME not in page.text
    assert (await reviewer.read(f"{LIST}/{application_id}/photo")).status_code == 404


async def test_hospitals_are_offered_for_another_choice(reviewer: Desk) -> None:
    answer = await reviewer.read(f"{LIST}/hospitals?hospital_search=%E6%B9%98%E9%9B%85", **{"hx-request": "true"})
    assert 'value="csu-xiangya"' in answer.text


async def test_hostile_words_are_shown_as_words(reviewer: Desk, practice: Practice) -> None:
    application_id = await practice.submit(
        await practice.doctor(), hospital="<script>alert(1)</script>", department="<img src=x>"
    )
    for address in (LIST, f"{LIST}/{application_id}"):
        page = (await reviewer.read(address)).text
        assert "<script>alert" not in page
        assert "<img src=x>" not in page
