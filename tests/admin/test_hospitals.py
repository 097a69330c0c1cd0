"""The dictionary of hospitals and the entitlements at the desk."""

import io
from typing import Any

import pytest
import xlsxwriter
from desk import Desk
from professional_fixtures import Practice

from cdp import hospital_lists
from server.core import clock
from server.core.db import connection
from server.core.roles import Role

LIST = "/admin/hospitals"
ROWS = [
    ["编码", "医院名称", "省", "市", "级别", "别名"],
    ["jiangcheng-first", "江城示范第一医院", "示范省", "江城市", "三级甲等", "江城一院|江城示范一院"],
    ["jiangcheng-tcm", "江城示范中医院", "示范省", "江城市", "", ""],
]


@pytest.fixture
async def keeper(database: None, employ: Any) -> Desk:
    desk: Desk = await employ(Role.EDITOR)
    return desk


def workbook(rows: list[list[str]]) -> bytes:
    written = io.BytesIO()
    book = xlsxwriter.Workbook(written)
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    book.close()
    return written.getvalue()


def table(rows: list[list[str]], encoding: str = "utf-8") -> bytes:
    return "\r\n".join(",".join(row) for row in rows).encode(encoding)


async def send(desk: Desk, data: bytes, *, dry_run: bool) -> Any:
    return await desk.client.post(
        f"{LIST}/import?dry_run={int(dry_run)}",
        content=data,
        headers={"x-csrf-token": desk.csrf, "content-type": "application/octet-stream", "hx-request": "true"},
    )


@pytest.mark.parametrize(
    "data",
    [workbook(ROWS), table(ROWS), table(ROWS, "utf-8-sig"), table(ROWS, "gb18030")],
    ids=["xlsx", "csv", "bom", "gbk"],
)
async def test_a_list_is_tried_and_then_taken_in(keeper: Desk, data: bytes) -> None:
    tried = await send(keeper, data, dry_run=True)
    assert tried.status_code == 200, tried.text
    assert 'data-clean="1"' in tried.text
    assert 'data-done="0"' in tried.text
    assert await connection().value("SELECT count(*) FROM hospital") == 0
    for added in (2, 0):
        done = await send(keeper, data, dry_run=False)
        assert 'data-done="1"' in done.text
        assert f"新增 {added} 家" in done.text
    assert await connection().value("SELECT aliases FROM hospital WHERE key = 'jiangcheng-first'") == [
        "江城一院",
        "江城示范一院",
    ]


async def test_faults_are_told_by_row_and_column_and_nothing_is_taken_in(keeper: Desk) -> None:
    data = workbook([*ROWS, ["Bad Key", "某医院", "示范省", "江城市", "", "人民医院"]])
    answer = await send(keeper, data, dry_run=False)
    assert 'data-clean="0"' in answer.text
    assert "编码只含小写字母" in answer.text
    assert "许多医院都有" in answer.text
    assert await connection().value("SELECT count(*) FROM hospital") == 0


@pytest.mark.parametrize(
    ("data", "status", "says"),
    [
        (table([["名称", "省份"], ["某医院", "示范省"]]), 422, "编码、名称、省份、城市"),
        (table([["编码", "名称", "省份", "城市", "名称"], ["a", "b", "c", "d", "e"]]), 422, "出现了两次"),
        (b"", 422, ""),
        (b"%PDF-1.7", 422, ""),
        (b"PK\x03\x04broken", 422, ""),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 422, "另存为"),
        (b"x" * (21 * 1024 * 1024), 413, "20 MB"),
    ],
    ids=["columns", "twice", "empty", "pdf", "broken", "old", "large"],
)
async def test_what_is_no_list_is_refused_by_name(keeper: Desk, data: bytes, status: int, says: str) -> None:
    answer = await send(keeper, data, dry_run=False)
    assert answer.status_code == status
    assert says in answer.text
    assert await connection().value("SELECT count(*) FROM hospital") == 0


async def test_a_hospital_is_added_changed_and_removed(keeper: Desk) -> None:
    values = {
        "key": "jiangcheng",
        "name": "江城示范医院",
        "province": "示范省",
        "city": "江城市",
        "aliases": "江城院\n江城示范\n",
    }
    assert (await keeper.send(f"{LIST}/new", values)).status_code == 303
    assert "已有同名或同编码的医院" in (await keeper.send(f"{LIST}/new", values)).text
    assert "江城示范" in (await keeper.read(f"{LIST}/jiangcheng")).text
    wrong = await keeper.send(f"{LIST}/jiangcheng", {**values, "aliases": "人民医院"})
    assert (wrong.status_code, "许多医院都有" in wrong.text) == (422, True)
    assert (await keeper.send(f"{LIST}/jiangcheng", {**values, "aliases": ""})).status_code == 303
    assert await connection().value("SELECT aliases FROM hospital") == []
    assert (await keeper.send(f"{LIST}/jiangcheng/remove")).status_code == 303
    assert (await keeper.read(f"{LIST}/jiangcheng")).status_code == 404
    assert (await keeper.send(f"{LIST}/jiangcheng/remove")).status_code == 404


async def test_a_name_is_tried_against_the_dictionary(keeper: Desk) -> None:
    await hospital_lists.take_in(rows=hospital_lists.standard(), dry_run=False, actor="command", at=clock.now())
    assert "共 205 家" in (await keeper.read(LIST)).text
    page = (await keeper.read(f"{LIST}?text=第一医院")).text
    assert "不能确定" in page
    assert "许多医院都可能叫这个名称" in page
    assert "读音相同" in (await keeper.read(f"{LIST}?text=北京协合医院")).text
    assert "四川大学华西医院" in (await keeper.read(f"{LIST}?province=四川省")).text


async def test_an_entitlement_is_granted_and_revoked_by_the_page(practice: Practice, employ: Any) -> None:
    desk: Desk = await employ(Role.ADMINISTRATOR)
    chen = await practice.doctor()
    values = {"account_id": str(chen.account_id), "name": "membership", "reason": "年度会员", "last_day": "2027-12-31"}
    assert (await desk.send("/admin/entitlements", values)).status_code == 303
    assert (await practice.reader(chen)).entitlements == {"membership"}
    row = await connection().row("SELECT id, ends_at FROM entitlement")
    assert clock.day_of(row["ends_at"]).isoformat() == "2028-01-01"
    page = (await desk.read(f"/admin/entitlements?account={chen.account_id}")).text
    assert "年度会员" in page
    missing = await desk.send(f"/admin/entitlements/{row['id']}/revoke", {"revoke_reason": " "})
    assert (missing.status_code, "请填写理由" in missing.text) == (422, True)
    assert (await desk.send(f"/admin/entitlements/{row['id']}/revoke", {"revoke_reason": "退费"})).status_code == 303
    assert (await practice.reader(chen)).entitlements == frozenset()
    again = await desk.send(f"/admin/entitlements/{row['id']}/revoke", {"revoke_reason": "退费"})
    assert (again.status_code, "该权益已结束" in again.text) == (409, True)


@pytest.mark.parametrize(
    ("changed", "status", "says"),
    [
        ({"account_id": ""}, 422, "请填写账号。"),
        ({"account_id": "999999"}, 404, "没有该账号"),
        ({"account_id": "x"}, 422, "应为整数。"),
        ({"name": "会员"}, 422, "名称以小写字母开头"),
        ({"reason": ""}, 422, "请填写理由"),
        ({"last_day": "2020-01-01"}, 422, "结束时间须晚于"),
        ({"starts_at": "nonsense"}, 422, "应为日期和时间。"),
    ],
)
async def test_a_grant_that_is_not_well_formed_is_shown_again(
    practice: Practice, employ: Any, changed: dict[str, str], status: int, says: str
) -> None:
    desk: Desk = await employ(Role.COMPLIANCE)
    chen = await practice.doctor()
    values = {"account_id": str(chen.account_id), "name": "membership", "reason": "年度会员", **changed}
    answer = await desk.send("/admin/entitlements", values)
    assert (answer.status_code, says in answer.text) == (status, True)
    assert await connection().value("SELECT count(*) FROM entitlement") == 0
