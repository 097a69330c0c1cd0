"""Texts of consent and mini-programs at the desk: published for good, registered without ever showing a secret."""

from typing import Any

import pytest
from desk import Desk
from people_fixtures import People

from cdp import consent, mini_programs
from server.core import clock
from server.core.db import connection
from server.core.roles import Audience, Role
from server.demo.consent_texts import VERSION
from server.sandbox.demo import DOCTOR_APPID

TEXT = {
    "audience": "doctor",
    "purpose": "service",
    "language": "zh-CN",
    "version": "2027-01-01",
    "title": "新规则",
    "body": "第一条。\n第二条。",
    "material": "1",
}
APP = {"app_id": "wx00000000000000aa", "audience": "doctor", "name": "医生端", "secret": "s" * 32}


async def test_a_text_is_published_and_what_was_agreed_to_before_counts_no_more(
    app: Any, people: People, employ: Any
) -> None:
    chen = await people.doctor()
    counsel: Desk = await employ(Role.LEGAL)
    page = (await counsel.read("/admin/consents")).text
    assert "1 个账号同意此版本" in page
    standing = app.ctx.standings
    assert (
        "service" in (await standing(account_id=chen.account_id, session_id=chen.session_id, at=clock.now())).consented
    )
    assert (await counsel.send("/admin/consents", TEXT)).status_code == 303
    (present, *_) = await consent.texts(audience=Audience.DOCTOR)
    assert (present.version, present.body, present.material) == ("2027-01-01", "第一条。\n第二条。", True)
    assert not (await standing(account_id=chen.account_id, session_id=chen.session_id, at=clock.now())).consented
    page = (await counsel.read("/admin/consents")).text
    assert page.count("现行") >= 4
    assert "历史" in page
    entry = await connection().row("SELECT actor, request_id FROM audit_entry ORDER BY id DESC LIMIT 1")
    assert (entry["actor"], bool(entry["request_id"])) == (f"staff:{counsel.staff_id}", True)


@pytest.mark.parametrize(
    ("changed", "status", "says"),
    [
        ({"audience": ""}, 422, "请选择受众。"),
        ({"purpose": "spying"}, 422, "请选择用途。"),
        ({"language": "xx"}, 422, "请选择语言。"),
        ({"version": "tomorrow"}, 422, "版本为日期"),
        ({"version": "2000-01-01"}, 409, "该版本或更新的版本已发布"),
        ({"version": VERSION}, 409, "该版本或更新的版本已发布"),
        ({"title": ""}, 422, "标题不超过"),
        ({"body": ""}, 422, "均不能为空"),
        ({"body": "x" * 40_001}, 422, "正文不超过"),
    ],
)
async def test_a_text_that_cannot_be_published_is_shown_again(
    people: People, employ: Any, changed: dict[str, str], status: int, says: str
) -> None:
    counsel: Desk = await employ(Role.LEGAL)
    answer = await counsel.send("/admin/consents", {**TEXT, **changed})
    assert (answer.status_code, says in answer.text) == (status, True)
    assert (await consent.texts(audience=Audience.DOCTOR))[0].version == VERSION


async def test_a_text_that_is_not_material_leaves_what_was_agreed_to(people: People, employ: Any) -> None:
    chen = await people.doctor()
    counsel: Desk = await employ(Role.LEGAL)
    without = {name: value for name, value in TEXT.items() if name != "material"}
    assert (await counsel.send("/admin/consents", without)).status_code == 303
    assert (await consent.purposes_of(account_id=chen.account_id))[0] == VERSION


async def test_who_watches_over_it_reads_and_does_not_publish(people: People, employ: Any) -> None:
    desk: Desk = await employ(Role.COMPLIANCE)
    page = await desk.read("/admin/consents")
    assert (page.status_code, 'name="version"' in page.text) == (200, False)
    assert (await desk.send("/admin/consents", TEXT)).status_code == 403


async def test_hostile_words_of_a_text_are_shown_as_words(people: People, employ: Any) -> None:
    counsel: Desk = await employ(Role.LEGAL)
    await counsel.send("/admin/consents", {**TEXT, "body": "<script>alert(1)</script>", "title": "<b>粗</b>"})
    page = (await counsel.read("/admin/consents")).text
    assert "<script>alert" not in page
    assert "<b>粗" not in page


async def test_a_mini_program_is_registered_rotated_and_disabled(app: Any, database: None, employ: Any) -> None:
    desk: Desk = await employ(Role.ADMINISTRATOR)
    assert (await desk.send("/admin/apps", {**APP, "push_token": "token", "push_key": "k" * 43})).status_code == 303
    page = (await desk.read("/admin/apps?app=wx00000000000000aa")).text
    assert "/wechat/wx00000000000000aa/push" in page
    for secret in (APP["secret"], "k" * 43, 'value="token"'):
        assert secret not in page
    assert (await desk.send("/admin/apps", {**APP, "name": "新名", "secret": ""})).status_code == 303
    found = await mini_programs.credentials(sealer=app.ctx.sealer, app_id="wx00000000000000aa")
    assert found.secret == APP["secret"]
    assert (await desk.send("/admin/apps/wx00000000000000aa/disable")).status_code == 303
    (listed,) = await mini_programs.listed()
    assert (listed.name, listed.enabled) == ("新名", False)
    assert APP["secret"] not in str(await connection().fetch("SELECT after::text FROM audit_entry"))


@pytest.mark.parametrize(
    ("changed", "status", "says"),
    [
        ({"app_id": "x"}, 422, "AppID 为 4 到 40"),
        ({"audience": "nobody"}, 422, "请选择受众。"),
        ({"name": ""}, 422, "名称为 1 到 80"),
        ({"secret": ""}, 422, "新的小程序须填写"),
        ({"secret": "s" * 401}, 422, "内容太长。"),
        ({"push_key": "short"}, 422, "43 个字符"),
        ({"app_id": DOCTOR_APPID, "audience": "patient"}, 409, "受众不可更改"),
    ],
)
async def test_a_mini_program_that_cannot_be_registered_is_shown_again(
    people: People, employ: Any, changed: dict[str, str], status: int, says: str
) -> None:
    desk: Desk = await employ(Role.ADMINISTRATOR)
    before = await mini_programs.listed()
    answer = await desk.send("/admin/apps", {**APP, **changed})
    assert (answer.status_code, says in answer.text) == (status, True)
    assert APP["secret"] not in answer.text
    assert await mini_programs.listed() == before


async def test_what_is_not_there_can_be_neither_shown_nor_disabled(people: People, employ: Any) -> None:
    desk: Desk = await employ(Role.ADMINISTRATOR)
    assert (await desk.read("/admin/apps?app=wx-none")).status_code == 404
    assert (await desk.send("/admin/apps/wx-none/disable")).status_code == 404
