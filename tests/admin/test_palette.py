"""Ctrl+K: what it offers to whom."""

from typing import Any

import pytest
from shelf import a_series

from server.core.roles import Role


async def test_an_item_is_offered_by_title_and_id(employ: Any) -> None:
    desk = await employ(Role.ANALYST)
    series = await a_series(title="低位保肛")
    for text in ("保肛", str(series)):
        assert f'data-address="/admin/items/{series}"' in (await desk.read("/admin/palette?text=" + text)).text
    assert "/admin/items/" not in (await desk.read("/admin/palette?text=%25")).text


@pytest.mark.parametrize(
    ("role", "offered"),
    [(Role.ANALYST, False), (Role.AUTHOR, True)],
)
async def test_pages_are_offered_to_those_whom_they_are_for(employ: Any, role: Role, offered: bool) -> None:
    desk = await employ(role)
    page = (await desk.read("/admin/palette?text=")).text
    assert 'data-address="/admin/series"' in page
    assert 'data-address="/admin/staff"' not in page
    assert ('data-address="/admin/items/new?kind=series"' in page) == offered


async def test_pages_are_found_by_their_names(employ: Any) -> None:
    desk = await employ(Role.ANALYST)
    page = (await desk.read("/admin/palette?text=日历")).text
    assert 'data-address="/admin/calendar"' in page
    assert 'data-address="/admin/series"' not in page
