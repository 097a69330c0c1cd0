"""Imports and exports at the editors' desk, through the doors of the real app."""

from typing import Any

import pytest
from studio import NOON, a_tag, draft
from workbooks import workbook

from content import import_work, items
from content.sheets import csv_text
from server.core.db import connection
from server.core.roles import Role

HEADS = ("外部编号", "标题", "标签")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def handed_in(desk: Any, data: bytes, *, kind: str = "article", name: str = "稿件.xlsx") -> Any:
    return await desk.client.post(
        "/admin/imports",
        params={"kind": kind, "name": name},
        content=data,
        headers={"x-csrf-token": desk.csrf, "accept": "application/json", "content-type": "application/octet-stream"},
    )


async def test_an_editor_hands_in_a_sheet_sees_what_it_would_do_and_chooses(employ: Any) -> None:
    await a_tag()
    desk = await employ(Role.EDITOR)
    taken = await handed_in(desk, workbook(("文章", [HEADS, ("A-1", "造口护理十问", "直肠癌"), ("A-2", "坏", "胃癌")])))
    assert taken.status_code == 200, taken.text
    address = taken.json()["address"]
    shown = (await desk.read(address)).text
    assert "没有「胃癌」这个标签。" in shown
    assert "只导入有效的 1 行" in shown
    assert "还没有写入任何内容" in shown
    refused = await desk.send(f"{address}/start", {"choice": "all"})
    assert (refused.status_code, "不能全部导入" in refused.text) == (409, True)
    started = await desk.send(f"{address}/start", {"choice": "valid"})
    assert started.status_code == 303
    assert 'hx-trigger="every 1s"' in (await desk.read(address)).text
    await import_work.carry_out_waiting(None, NOON)
    done = (await desk.read(address)).text
    assert "every 1s" not in done
    item_id = await connection().value("SELECT id FROM item")
    assert f'href="/admin/items/{item_id}"' in done
    assert "稿件.xlsx" in (await desk.read("/admin/imports")).text
    problems = await desk.read(f"{address}/problems.csv")
    [grid] = csv_text.read(problems.content, known=lambda heading: heading == "代码")
    assert [cell.text for cell in grid.rows[1].cells][:5] == ["文章", "3", "标签", "胃癌", "tag_unknown"]


async def test_who_may_not_plan_is_told_so(employ: Any) -> None:
    desk = await employ(Role.AUTHOR)
    sheet = workbook(("剧集", [("外部编号", "标题", "播出时间"), ("E-1", "一集", "2026-12-01 20:00")]))
    taken = await handed_in(desk, sheet, kind="episode")
    assert "没有排期权限" in (await desk.read(taken.json()["address"])).text


async def test_a_list_gives_what_it_shows_as_a_sheet(employ: Any) -> None:
    desk = await employ(Role.ANALYST)
    for title in ("保肛", "造口"):
        await draft("episode", {"title": title})
    listed = (await desk.read("/admin/episodes?text=造口")).text
    assert "/admin/sheets/episode/xlsx?text=" in listed
    sheet = await desk.read("/admin/sheets/episode/csv?text=造口")
    assert sheet.headers["content-type"].startswith("text/csv")
    assert "filename*=UTF-8''%E5%89%A7%E9%9B%86" in sheet.headers["content-disposition"]
    assert sheet.headers["cache-control"] == "no-store"
    assert ("造口" in sheet.content.decode(), "保肛" in sheet.content.decode()) == (True, False)
    assert (await desk.read("/admin/sheets/episode/xlsx")).headers["content-type"] == XLSX


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/admin/sheets/product/xlsx", 422),
        ("/admin/sheets/no_kind/csv", 422),
        ("/admin/sheets/episode/pdf", 404),
        ("/admin/sheets/episode/csv?series=x", 422),
        ("/admin/sheets/episode/csv?state=odd", 200),
        ("/admin/sheets/article/xlsx/template", 200),
        ("/admin/sheets/product/csv/template", 422),
        ("/admin/imports/999", 404),
        ("/admin/imports/999/problems.csv", 404),
    ],
)
async def test_odd_addresses_have_plain_answers(employ: Any, address: str, status: int) -> None:
    desk = await employ(Role.EDITOR)
    assert (await desk.read(address)).status_code == status


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"%PDF-1.7", "sheet_unknown"),
        (b"", "sheet_empty"),
        (b"PK\x03\x04 not at all", "sheet_broken"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "sheet_locked"),
        (b"x" * (20 * 1024 * 1024 + 1), "sheet_too_large"),
    ],
    ids=["pdf", "empty", "broken", "old", "large"],
)
async def test_what_is_no_sheet_is_refused_by_name(employ: Any, data: bytes, code: str) -> None:
    desk = await employ(Role.EDITOR)
    refused = await handed_in(desk, data)
    assert (refused.status_code, refused.json()["code"]) == (413 if code.endswith("large") else 422, code)
    assert (await handed_in(desk, b"x", kind="product")).json()["code"] == "no_sheet"


@pytest.mark.parametrize("role", [Role.ANALYST, Role.PUBLISHER, Role.MEDICAL])
async def test_only_writers_import(employ: Any, role: Role) -> None:
    desk = await employ(role)
    assert (await handed_in(desk, b"x")).status_code == 403
    assert (await desk.read("/admin/imports")).status_code == 403
    assert (await desk.read("/admin/sheets/article/csv/template")).status_code == 403


async def test_a_sheet_from_another_site_is_not_taken(employ: Any) -> None:
    desk = await employ(Role.EDITOR)
    for headers in ({}, {"x-csrf-token": "wrong"}, {"x-csrf-token": desk.csrf, "origin": "https://evil.example.org"}):
        sent = await desk.client.post("/admin/imports?kind=article&name=x", content=b"x", headers=headers)
        assert sent.status_code == 403, headers
    assert await connection().value("SELECT count(*) FROM sheet_import") == 0


async def test_an_editors_save_during_an_import_keeps_its_answer(employ: Any) -> None:
    """What an import has changed since is a conflict for the form, as if a colleague had saved."""
    desk = await employ(Role.EDITOR)
    taken = await handed_in(desk, workbook(("文章", [HEADS[:2], ("A-1", "一")])))
    await desk.send(f"{taken.json()['address']}/start", {"choice": "all"})
    await import_work.carry_out_waiting(None, NOON)
    item_id = await connection().value("SELECT id FROM item")
    again = await handed_in(desk, workbook(("文章", [HEADS[:2], ("A-1", "二")])))
    await desk.send(f"{again.json()['address']}/start", {"choice": "all"})
    await import_work.carry_out_waiting(None, NOON)
    with pytest.raises(items.DraftStale):
        await items.save_draft(item_id=item_id, shape={"title": "三"}, revision=1, staff_id=desk.staff_id, at=NOON)
