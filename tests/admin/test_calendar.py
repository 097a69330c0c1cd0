"""The schedule at the desk: moving what waits and what airs, undoing it, and being told."""

import re
from typing import Any

import pytest
from shelf import a_series, an_episode

from content import airings, publishing
from server.core import clock
from server.core.roles import Role
from tests.content.studio import publish

PART = {"hx-request": "true", "accept": "text/html"}


async def a_waiting_series(starts: str = "2029-05-10T08:00") -> int:
    item_id = await a_series(published=False)
    await publish(item_id=item_id, starts_at=instant(starts), staff_id=1, at=clock.now())
    return item_id


def instant(text: str) -> Any:
    return clock.datetime.fromisoformat(text).replace(tzinfo=clock.SHANGHAI)


async def begins(item_id: int) -> str:
    (row,) = await publishing.history(item_id=item_id)
    return f"{row.starts_at.astimezone(clock.SHANGHAI):%Y-%m-%dT%H:%M}"


async def test_a_month_and_a_week_show_what_waits(employ: Any) -> None:
    desk = await employ(Role.ANALYST)
    item_id = await a_waiting_series()
    for view in ("month=2029-05", "week=2029-05-12", "month=2029-05&only=begins"):
        page = (await desk.read(f"/admin/calendar?{view}")).text
        assert f'id="begins-{item_id}"' in page, view
        assert "draggable" not in page, "an analyst moves nothing"
    assert f'id="begins-{item_id}"' not in (await desk.read("/admin/calendar?month=2029-05&only=airing")).text


async def test_what_waits_is_moved_by_a_day_and_back(employ: Any) -> None:
    desk = await employ(Role.PUBLISHER)
    item_id = await a_waiting_series()
    page = (await desk.read("/admin/calendar?month=2029-05")).text
    (was,) = re.findall(r'data-was="([^"]+)"', page)
    address = f"/admin/calendar/publications/{item_id}?month=2029-05"
    board = await desk.send(address, {"day": "2029-05-21", "was": was}, **PART)
    assert board.status_code == 200
    assert "发布时间已改为 2029-05-21 08:00。" in board.text
    assert "<html" not in board.text
    assert await begins(item_id) == "2029-05-21T08:00"
    said = board.text[board.text.index("<template") : board.text.index("</template")]
    back = dict(re.findall(r'name="([a-z_]+)" value="([^"]+)"', said))
    (undo,) = re.findall(r'data-undo="([^"]+)"', said)
    await desk.send(undo, back, **PART)
    assert await begins(item_id) == "2029-05-10T08:00"
    stale = await desk.send(address, {"day": "2029-05-22", "was": back["was"]}, **PART)
    assert stale.status_code == 409
    assert "已被其他人修改" in stale.text
    assert f'id="begins-{item_id}"' in stale.text


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"day": "2020-01-01", "was": "2029-05-10T08:00"}, 422, "发布时间须在将来"),
        ({"was": "2029-05-10T08:00"}, 422, "请选择日期和时间"),
        ({"day": "2029-05-11"}, 422, "请选择日期和时间"),
    ],
)
async def test_a_move_that_cannot_be_is_told_on_the_board(
    employ: Any, fields: dict[str, str], status: int, sentence: str
) -> None:
    desk = await employ(Role.PUBLISHER)
    item_id = await a_waiting_series()
    for headers in (PART, {}):
        answer = await desk.send(f"/admin/calendar/publications/{item_id}?month=2029-05", fields, **headers)
        assert answer.status_code == status
        assert sentence in answer.text
    assert await begins(item_id) == "2029-05-10T08:00"


async def test_who_does_not_publish_moves_no_publication(employ: Any) -> None:
    desk = await employ(Role.EDITOR)
    item_id = await a_waiting_series()
    assert "draggable" not in (await desk.read("/admin/calendar?month=2029-05")).text
    moved = await desk.send(f"/admin/calendar/publications/{item_id}", {"day": "2029-05-11", "was": "2029-05-10T08:00"})
    assert moved.status_code == 403


async def test_an_airing_that_was_moved_since_is_told(employ: Any) -> None:
    desk = await employ(Role.EDITOR)
    episode = await an_episode(parent_id=await a_series(), published=True)
    await airings.schedule(episode_id=episode, airs_at=instant("2030-03-05T20:00"), staff_id=1, at=clock.now())
    address = f"/admin/calendar/{episode}?month=2030-03"
    done = await desk.send(address, {"day": "2030-03-06", "sequence": "0"}, **PART)
    assert "播出时间已改为 2030-03-06 20:00。" in done.text
    stale = await desk.send(address, {"day": "2030-03-07", "sequence": "0"}, **PART)
    assert (stale.status_code, "已被其他人修改" in stale.text) == (409, True)


@pytest.mark.parametrize("query", ["week=x", "week=0001-01-01", "week=2200-01-01", "week=2026-13-01"])
async def test_a_week_that_is_none_is_refused(employ: Any, query: str) -> None:
    desk = await employ(Role.EDITOR)
    assert (await desk.read(f"/admin/calendar?{query}")).status_code == 422


@pytest.mark.parametrize("query", ["week=1991-01-01", "week=2199-11-30", "month=2199-12", "month=1991-01", "only=x"])
async def test_the_calendar_has_two_ends(employ: Any, query: str) -> None:
    desk = await employ(Role.EDITOR)
    assert (await desk.read(f"/admin/calendar?{query}")).status_code == 200
