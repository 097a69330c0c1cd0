"""Finding an item by what its editors remember of it."""

import pytest

from content import items, lookup
from tests.content.studio import NOON, after, draft, episode_text, published_series

pytestmark = pytest.mark.usefixtures("database")


async def found(text: str, **asked: object) -> list[int]:
    return [row.item_id for row in await lookup.found(text=text, **asked)]  # type: ignore[arg-type]


async def test_it_is_found_by_title_slug_and_id() -> None:
    made = await items.create(kind="series", slug="keep-it", shape={"title": "低位保肛"}, staff_id=1, at=NOON)
    other = await draft("series", {"title": "肺结节"})
    for text in ("保肛", " 低位 ", "keep-it", "KEEP-IT", str(made.item_id), f"#{made.item_id}"):
        assert await found(text) == [made.item_id], text
    assert await found("%") == []
    assert await found("_") == []
    assert await found("\\") == []
    assert await found("") == []
    assert await found(str(other)) == [other]


async def test_what_begins_so_comes_before_what_was_changed_later() -> None:
    first = await draft("series", {"title": "保肛手术"}, at=NOON)
    later = await draft("series", {"title": "谈谈保肛"}, at=after(hours=1))
    assert await found("保肛") == [first, later]
    assert await found("保肛", kinds=["episode"]) == []
    assert await found("保肛", most=1) == [first]


async def test_it_says_what_an_item_stands_under() -> None:
    series_id = await published_series(title="医探究竟")
    episode_id = await draft("episode", await episode_text(title="面诊"), parent_id=series_id)
    (row,) = await lookup.found(text="面诊")
    assert (row.item_id, row.kind, row.title, row.above) == (episode_id, "episode", "面诊", "医探究竟")
    assert set(await lookup.named(item_ids=[episode_id, 99])) == {episode_id}


async def test_what_one_has_changed_last_comes_first() -> None:
    one = await draft("series", {"title": "一"}, at=NOON)
    two = await draft("series", {"title": "二"}, at=after(minutes=1))
    await items.save_draft(item_id=one, shape={"title": "三"}, revision=1, staff_id=7, at=after(minutes=2))
    assert [row.item_id for row in await lookup.recent(staff_id=7)] == [one]
    assert [row.item_id for row in await lookup.recent(staff_id=1)] == [two]


@pytest.mark.parametrize("title", [None, 7, ["x"], {"a": 1}, "题" * 200])
async def test_a_title_of_any_sort_may_be_listed(title: object) -> None:
    item_id = await draft("series", {"title": title, "tags": title})
    assert (await lookup.named(item_ids=[item_id]))[item_id].title == (title if isinstance(title, str) else "")
