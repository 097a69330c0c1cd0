"""Items and their drafts, and two editors at one of them."""

import asyncio
from typing import Any

import pytest

from content import items, tree, versions
from content.access import ItemMissing
from content.items import DraftStale, ItemInUse, ParentUnfit, SlugBad, SlugTaken
from content.kinds import KindUnknown, content_hash
from content.storable import DraftTooLarge, DraftUnfit
from server.core.db import connection
from server.core.wire import BadField
from tests.content.studio import NOON, a_file, after, draft, episode_text, published_series

pytestmark = pytest.mark.usefixtures("database")


async def test_a_new_item_is_the_last_under_its_parent() -> None:
    series_id = await draft("series", {})
    first = await items.create(kind="episode", parent_id=series_id, staff_id=1, at=NOON)
    second = await items.create(kind="episode", parent_id=series_id, staff_id=1, at=NOON)
    assert (first.position, second.position) == (1, 2)


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        pytest.param({"kind": "film"}, KindUnknown, id="no such kind"),
        pytest.param({"kind": "series", "slug": "Über uns"}, SlugBad, id="a slug with other signs"),
        pytest.param({"kind": "series", "slug": "ends-"}, SlugBad, id="a slug that ends with a hyphen"),
        pytest.param({"kind": "series", "slug": "a\n"}, SlugBad, id="a slug with a line break"),
        pytest.param({"kind": "episode", "parent_id": 999}, ParentUnfit, id="a parent that is not there"),
        pytest.param({"kind": "series", "shape": {"length": 3}}, DraftUnfit, id="a field that the kind has not"),
        pytest.param({"kind": "series", "shape": {"title": "a\0b"}}, BadField, id="NUL"),
        pytest.param({"kind": "series", "shape": {"title": "\ud83d"}}, BadField, id="half of a character"),
        pytest.param({"kind": "series", "shape": {"title": float("nan")}}, DraftUnfit, id="not a number"),
        pytest.param({"kind": "series", "shape": {"title": 2**70}}, DraftUnfit, id="a number beyond all"),
        pytest.param({"kind": "series", "shape": {"summary": "长" * 90_000}}, DraftTooLarge, id="too much"),
    ],
)
async def test_an_item_that_cannot_be_made_is_refused(asked: dict[str, Any], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        await items.create(**asked, staff_id=1, at=NOON)
    assert await connection().value("SELECT count(*) FROM item") == 0


async def test_a_text_nested_too_deeply_is_refused() -> None:
    nested: Any = "deep"
    for _ in range(2000):
        nested = [nested]
    with pytest.raises(DraftUnfit):
        await items.create(kind="series", shape={"team": nested}, staff_id=1, at=NOON)


async def test_a_slug_is_given_once_within_a_kind() -> None:
    await items.create(kind="series", slug="one", staff_id=1, at=NOON)
    await items.create(kind="episode", slug="one", staff_id=1, at=NOON)
    with pytest.raises(SlugTaken):
        await items.create(kind="series", slug="one", staff_id=1, at=NOON)


@pytest.mark.parametrize(
    ("kind", "above"),
    [("series", "series"), ("season", "episode"), ("season", "season"), ("episode", "episode")],
)
async def test_a_kind_stands_only_where_it_belongs(kind: str, above: str) -> None:
    parent_id = await draft(above, {})
    with pytest.raises(ParentUnfit):
        await items.create(kind=kind, parent_id=parent_id, staff_id=1, at=NOON)


async def test_saving_validates_nothing_but_the_fields() -> None:
    item_id = await draft("episode", {})
    saved = await items.save_draft(
        item_id=item_id, shape={"title": 7, "chapters": "none yet"}, revision=1, staff_id=1, at=after(minutes=1)
    )
    assert saved.revision == 2
    assert saved.shape == {"title": 7, "chapters": "none yet"}
    assert saved.content_hash == content_hash("episode", saved.shape)


async def test_the_second_of_two_editors_is_told_where_the_drafts_differ() -> None:
    item_id = await draft("series", {"title": "旧", "summary": "一"})
    await items.save_draft(
        item_id=item_id, shape={"title": "新", "summary": "一"}, revision=1, staff_id=3, at=after(minutes=1)
    )
    with pytest.raises(DraftStale) as stale:
        await items.save_draft(
            item_id=item_id, shape={"title": "旧", "summary": "二"}, revision=1, staff_id=4, at=after(minutes=2)
        )
    assert stale.value.facts == {
        "revision": 2,
        "updated_at": after(minutes=1).isoformat(),
        "updated_by": 3,
        "fields": ["summary", "title"],
    }
    assert (await items.draft_of(item_id=item_id)).shape == {"title": "新", "summary": "一"}


async def test_an_editor_never_conflicts_with_their_own_double_save() -> None:
    item_id = await draft("series", {})
    first = await items.save_draft(item_id=item_id, shape={"title": "一"}, revision=1, staff_id=1, at=NOON)
    again = await items.save_draft(item_id=item_id, shape={"title": "一"}, revision=1, staff_id=1, at=after(seconds=1))
    assert first == again


async def test_of_two_saves_at_once_one_wins() -> None:
    item_id = await draft("series", {})
    saves = [
        items.save_draft(item_id=item_id, shape={"title": title}, revision=1, staff_id=1, at=NOON)
        for title in ("甲", "乙", "丙", "丁")
    ]
    results = await asyncio.gather(*saves, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["DraftStale"] * 3 + ["DraftState"]
    assert (await items.draft_of(item_id=item_id)).revision == 2


async def test_a_save_notes_in_the_audit_what_changed() -> None:
    item_id = await draft("series", {"title": "旧", "summary": "一"})
    await items.save_draft(
        item_id=item_id, shape={"title": "新", "summary": "一"}, revision=1, staff_id=3, at=NOON, request_id="r-1"
    )
    entry = await connection().row("SELECT * FROM audit_entry WHERE deed = 'item.save'")
    assert entry is not None
    assert (entry["actor"], entry["subject_id"], entry["request_id"]) == ("staff:3", str(item_id), "r-1")
    assert (entry["before"], entry["after"]) == ('{"title": "旧"}', '{"title": "新"}')


async def test_the_files_of_a_draft_are_known_also_while_it_is_not_valid() -> None:
    picture, film = await a_file(), await a_file("video")
    item_id = await draft(
        "episode", {"cover": {"asset": picture}, "video": {"asset": film}, "documents": [{"asset": 999}]}
    )
    rows = await connection().fetch("SELECT asset_id, place, field FROM asset_use WHERE item_id = $1", item_id)
    assert {tuple(row) for row in rows} == {(picture, "draft", "cover.asset"), (film, "draft", "video.asset")}


async def test_going_back_makes_the_old_text_the_draft_and_a_version() -> None:
    series_id = await published_series(title="第一版")
    old = await items.draft_of(item_id=series_id)
    new = await items.save_draft(
        item_id=series_id,
        shape={**old.shape, "title": "第二版"},
        revision=old.revision,
        staff_id=1,
        at=after(minutes=1),
    )
    back = await versions.roll_back(item_id=series_id, number=1, revision=new.revision, staff_id=5, at=after(minutes=2))
    assert back.shape == old.shape
    assert back.revision == new.revision + 1
    assert [(row.number, row.restores, row.author_id) for row in await versions.versions(item_id=series_id)] == [
        (2, 1, 5),
        (1, None, 1),
    ]


async def test_going_back_with_a_stale_revision_changes_nothing() -> None:
    series_id = await published_series()
    with pytest.raises(DraftStale):
        await versions.roll_back(item_id=series_id, number=1, revision=9, staff_id=1, at=NOON)
    assert len(await versions.versions(item_id=series_id)) == 1


async def test_a_version_cannot_be_changed_even_by_hand() -> None:
    await published_series()
    with pytest.raises(Exception, match="append-only"):
        await connection().execute("UPDATE version SET shape = '{}'")
    with pytest.raises(Exception, match="append-only"):
        await connection().execute("DELETE FROM version")


async def test_only_an_item_that_never_left_its_draft_can_be_discarded() -> None:
    series_id = await published_series()
    empty = await draft("series", {})
    with pytest.raises(ItemInUse):
        await items.discard(item_id=series_id, staff_id=1, at=NOON)
    await items.discard(item_id=empty, staff_id=1, at=NOON)
    with pytest.raises(ItemMissing):
        await items.draft_of(item_id=empty)


async def test_an_item_that_others_stand_under_is_not_discarded() -> None:
    series_id = await draft("series", {})
    await draft("episode", await episode_text(), parent_id=series_id)
    with pytest.raises(ItemInUse):
        await items.discard(item_id=series_id, staff_id=1, at=NOON)


async def test_the_list_finds_by_kind_state_and_part_of_the_title() -> None:
    published = await published_series(title="结肠 100% 镜检")
    waiting = await draft("series", {"title": "结肠"})
    await draft("episode", {"title": "结肠"})
    found = await items.listing(kind="series", text="结肠", at=NOON)
    assert ({row.item_id for row in found.rows}, found.total) == ({published, waiting}, 2)
    assert [row.item_id for row in (await items.listing(kind="series", state="published", at=NOON)).rows] == [published]
    assert [row.item_id for row in (await items.listing(text="0%", at=NOON)).rows] == [published]
    assert (await items.listing(text="%", kind="episode", at=NOON)).rows == []


async def test_an_item_gets_another_slug_that_nobody_has() -> None:
    series_id, other = await published_series(), await published_series()
    await tree.rename(item_id=series_id, slug="rectal-cancer", staff_id=1, at=NOON)
    assert await connection().value("SELECT slug FROM live WHERE item_id = $1", series_id) == "rectal-cancer"
    with pytest.raises(SlugTaken):
        await tree.rename(item_id=other, slug="rectal-cancer", staff_id=1, at=NOON)
    with pytest.raises(SlugBad):
        await tree.rename(item_id=other, slug="Not A Slug", staff_id=1, at=NOON)
    results = await asyncio.gather(
        *(tree.rename(item_id=item_id, slug="wanted", staff_id=1, at=NOON) for item_id in (series_id, other)),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["NoneType", "SlugTaken"]
