"""Many items at once come out as they would one by one."""

from typing import Any

import pytest
from studio import NOON, a_file, draft

from content import bulk, items
from content.bulk import NewItem
from content.storable import DraftUnfit
from server.core import audit
from server.core.db import connection

pytestmark = pytest.mark.usefixtures("database")


async def all_of(item_id: int) -> list[Any]:
    state = await items.draft_of(item_id=item_id)
    entries = await audit.entries(subject_kind="item", subject_id=str(item_id))
    uses = await connection().fetch("SELECT asset_id, place, field FROM asset_use WHERE item_id = $1", item_id)
    made = await connection().row("SELECT created_at, created_by FROM item WHERE id = $1", item_id)
    told = [(entry.at, entry.actor, entry.deed, entry.before, sorted(entry.after)) for entry in entries]
    shown = {
        name: getattr(state, name) for name in state.__struct_fields__ if name not in {"item_id", "slug", "position"}
    }
    return [shown, told, [dict(row) for row in uses], dict(made or {})]


async def test_what_is_made_at_once_is_what_is_made_one_by_one() -> None:
    series = await draft("series", {"title": "医探究竟"})
    shape = {"title": "一集", "cover": {"asset": await a_file(), "alt": "封面"}, "tags": ["x"]}
    one = await items.create(kind="episode", parent_id=series, shape=shape, staff_id=3, at=NOON, request_id="r")
    first, second, third = await bulk.create_all(
        kind="episode",
        new=[NewItem(shape, series), NewItem({"title": "无处"}), NewItem(shape, series)],
        staff_id=3,
        at=NOON,
        request_id="r",
    )
    assert await all_of(first) == await all_of(third) == await all_of(one.item_id)
    places = [(await items.draft_of(item_id=each)).position for each in (one.item_id, first, third, second)]
    assert places == [1, 2, 3, 1]
    assert await connection().value("SELECT title FROM draft WHERE item_id = $1", second) == "无处"
    saved = await items.save_draft(item_id=first, shape={"title": "改"}, revision=1, staff_id=3, at=NOON)
    assert saved.revision == 2


async def test_where_one_cannot_be_made_none_is() -> None:
    article = await draft("article", {"title": "一篇"})
    for new in ([NewItem({"title": "好"}), NewItem({"titel": "错"})], [NewItem({"title": "好"}), NewItem({}, article)]):
        with pytest.raises((DraftUnfit, items.ParentUnfit)):
            await bulk.create_all(kind="episode", new=new, staff_id=3, at=NOON)
    assert await connection().value("SELECT count(*) FROM item") == 1
    assert await bulk.create_all(kind="article", new=[], staff_id=3, at=NOON) == []
