"""The figures of items in the admin pages, through the doors of the real app."""

import json
from datetime import timedelta
from typing import Any

import pytest
from people_fixtures import People
from studio import draft

from cdp import metrics_folding
from content.sheets import csv_text
from server.core import clock
from server.core.db import connection
from server.core.ids import uuid7
from server.core.roles import STAFF, Role


async def seen(name: str, item_id: int, account: int, **body: Any) -> None:
    # Now, and not some minutes ago: that may have been yesterday.
    at = clock.now()
    await connection().execute(
        "INSERT INTO event (source, event_id, name, schema, account_id, session, created_at, received_at, derived_at, "
        "body) VALUES (2, $1, $2, '1-0-0', $3, 's', $4, $4, $4, $5)",
        uuid7().bytes,
        name,
        account,
        at,
        json.dumps({"item_id": item_id, "kind": "article", **body}),
    )


@pytest.fixture
async def articles(employ: Any) -> list[int]:
    """Two articles: one read by three of four, one opened by its only visitor."""
    made = [await draft("article", {"title": title}) for title in ("造口护理", "化疗饮食")]
    for account in range(1, 5):
        await seen("content_impression", made[0], account)
        await seen("content_open", made[0], account, list="home")
        if account < 4:
            await seen("content_read_progress", made[0], account, max_percent=95, active_ms=40_000, expected_ms=60_000)
    await seen("content_open", made[1], 9)
    await seen("content_read_progress", made[1], 9, max_percent=95, active_ms=40_000, expected_ms=60_000)
    # Of what the house does not have there is nothing to say.
    await seen("content_open", 999, 9)
    await metrics_folding.count(None, clock.now())
    return made


@pytest.mark.parametrize("role", sorted(STAFF))
async def test_all_staff_see_an_items_figures_with_what_they_rest_on(
    employ: Any, articles: list[int], role: Role
) -> None:
    desk = await employ(role)
    shown = (await desk.read(f"/admin/items/{articles[0]}/figures")).text
    assert "75.0%" in shown
    assert "30.1%–95.4%" in shown
    assert "n = 4" in shown
    assert "人数少" in shown
    assert 'data-chart-of="days"' in shown
    listed = (await desk.read("/admin/figures")).text
    assert "造口护理" in listed
    assert ("内部账号</h2>" in listed) == (role == Role.ADMINISTRATOR)


async def test_a_rate_of_one_reader_does_not_come_first(employ: Any, articles: list[int]) -> None:
    desk = await employ(Role.ANALYST)
    for address, first in (("?sort=read", "造口护理"), ("?sort=opened", "造口护理"), ("?sort=odd", "造口护理")):
        shown = (await desk.read(f"/admin/figures{address}")).text
        assert shown.index(first) < shown.index("化疗饮食")
    assert "造口护理" not in (await desk.read("/admin/figures?text=化疗")).text
    assert "化疗饮食" not in (await desk.read("/admin/figures?kind=episode")).text


async def test_figures_are_had_as_a_sheet(employ: Any, articles: list[int]) -> None:
    desk = await employ(Role.ANALYST)
    sheet = await desk.read("/admin/figures/figures.csv?text=造口")
    [grid] = csv_text.read(sheet.content, known=lambda heading: heading == "标题")
    told = dict(zip(*[[cell.text for cell in row.cells] for row in grid.rows], strict=False))
    assert (told["标题"], told["打开人数"], told["完读率"], told["完读率 n"]) == ("造口护理", "4", "0.7500", "4")
    days = await desk.read(f"/admin/items/{articles[0]}/figures.csv?days=7")
    [grid] = csv_text.read(days.content, known=lambda heading: heading == "日期")
    assert [row.cells[3].text for row in grid.rows][1:] == ["0"] * 6 + ["4"]


async def test_the_period_is_what_was_asked_for(employ: Any, articles: list[int]) -> None:
    desk = await employ(Role.ANALYST)
    yesterday = clock.day_of(clock.now()) - timedelta(days=1)
    empty = (await desk.read(f"/admin/items/{articles[0]}/figures?since={yesterday}&until={yesterday}")).text
    assert "这段时间还没有数据" in empty
    for odd in ("?days=0", "?days=99999", "?since=2026-01-01", "?since=2027-01-01&until=2026-01-01", "?days=-3"):
        assert (await desk.read(f"/admin/items/{articles[0]}/figures{odd}")).status_code == 200
        assert (await desk.read(f"/admin/figures{odd}")).status_code == 200
    for odd in ("?since=yesterday", "?days=many", "?until=0001-01-01"):
        assert (await desk.read(f"/admin/figures{odd}")).status_code == 422
    assert (await desk.read("/admin/items/99999/figures")).status_code == 404
    assert (await desk.read("/admin/items/99999/figures.csv")).status_code == 404


async def test_the_houses_own_people_are_left_out(employ: Any, people: People, articles: list[int]) -> None:
    visitor = await people.doctor()
    await seen("content_open", articles[1], visitor.account_id)
    await metrics_folding.count(None, clock.now())
    desk = await employ(Role.ADMINISTRATOR)
    assert "n = 2" in (await desk.read(f"/admin/items/{articles[1]}/figures")).text
    marked = await desk.send("/admin/figures/own", {"account_id": str(visitor.account_id)})
    assert marked.status_code == 303
    assert "n = 2" not in (await desk.read(f"/admin/items/{articles[1]}/figures")).text
    await desk.send("/admin/figures/own", {"account_id": str(visitor.account_id), "undo": "1"})
    assert "n = 2" in (await desk.read(f"/admin/items/{articles[1]}/figures")).text
    unknown = await desk.send("/admin/figures/own", {"account_id": "123456"})
    assert unknown.status_code == 303
    assert "没有这个账号" in (await desk.read("/admin/figures")).text
    analyst = await employ(Role.ANALYST)
    assert (await analyst.send("/admin/figures/own", {"account_id": "1"})).status_code == 403
