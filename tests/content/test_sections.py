"""Sections: the one tree, who may read what stands in it, and two who change it at once."""

import asyncio

import pytest

from content import access, live, pins, sections
from content.kinds import KINDS
from content.parts import Audience
from content.sections import NotInSections, SectionBad, SectionInUse, SectionMissing, SectionsMoved, SectionTaken
from server.core.db import connection
from server.core.roles import GUEST, Reader, Role
from server.core.roles import Audience as Portal
from tests.content.studio import NOON, published_episode, published_series

pytestmark = pytest.mark.usefixtures("database")
DOCTOR = Reader(account_id=1, roles=frozenset({Role.DOCTOR}))


async def section(slug: str, **changes: object) -> int:
    given = {"portal": Portal.DOCTOR, "name_zh": slug, "staff_id": 1, "at": NOON, **changes}
    return (await sections.save(slug=slug, **given)).id  # type: ignore[arg-type]


async def live_of(item_id: int) -> tuple[list[int], str]:
    row = await connection().row("SELECT section_ids, audience FROM live WHERE item_id = $1", item_id)
    assert row is not None
    return list(row["section_ids"]), row["audience"]


async def test_a_tree_is_listed_from_its_roots_down_in_the_order_of_siblings() -> None:
    top, other = await section("innovation"), await section("meetings")
    await section("frontier", parent_id=top)
    await section("news", parent_id=top)
    await sections.arrange(parent_id=None, section_ids=[other, top], staff_id=1, at=NOON)
    assert [one.slug for one in await sections.listing()] == ["meetings", "innovation", "frontier", "news"]
    assert [one.slug for one in await sections.listing(portal=Portal.PATIENT)] == []


async def test_what_stands_in_a_section_is_found_by_it_and_by_all_above() -> None:
    top = await section("innovation")
    inner = await section("frontier", parent_id=top)
    series_id = await published_series()
    episode_id = await published_episode(series_id)
    await sections.place(item_id=series_id, section_id=inner, staff_id=1, at=NOON)
    assert await live_of(series_id) == ([inner, top], "everyone")
    assert await live_of(episode_id) == ([inner, top], "everyone")
    await sections.place(item_id=series_id, section_id=None, staff_id=1, at=NOON)
    assert await live_of(episode_id) == ([], "everyone")


async def test_a_section_narrows_who_reads_what_stands_in_it_at_once() -> None:
    top = await section("innovation")
    inner = await section("frontier", parent_id=top)
    series_id = await published_series()
    await sections.place(item_id=series_id, section_id=inner, staff_id=1, at=NOON)
    assert await access.readable(item_id=series_id, reader=GUEST, at=NOON)
    await section("innovation", section_id=top, audience=Audience.DOCTOR)
    with pytest.raises(access.SignInNeeded):
        await access.readable(item_id=series_id, reader=GUEST, at=NOON)
    assert await access.readable(item_id=series_id, reader=DOCTOR, at=NOON)
    await live.refresh_all(at=NOON)
    assert await live_of(series_id) == ([inner, top], "doctor")


async def test_what_a_section_leaves_to_nobody_is_not_shown() -> None:
    board = await section("patients-only", audience=Audience.PATIENT)
    series_id = await published_series(audience="doctor")
    await sections.place(item_id=series_id, section_id=board, staff_id=1, at=NOON)
    assert await connection().value("SELECT count(*) FROM live") == 0


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("slug", {"slug": "Not a slug"}),
        ("name_zh", {"name_zh": " "}),
        ("name_zh", {"name_zh": "字" * 41}),
        ("summary", {"summary": "字" * 201}),
        ("look", {"look": {"layout": "spiral"}}),
        ("look", {"look": {"script": "alert(1)"}}),
        ("parent_id", {"parent_id": 424_242}),
    ],
)
async def test_what_is_wrong_with_a_section_is_named(field: str, changes: dict[str, object]) -> None:
    given = {"slug": "board", "portal": Portal.DOCTOR, "name_zh": "版块", "staff_id": 1, "at": NOON} | changes
    with pytest.raises(SectionBad) as refused:
        await sections.save(**given)  # type: ignore[arg-type]
    assert refused.value.field == field


async def test_a_section_cannot_stand_under_itself_nor_too_deep_nor_in_the_other_portal() -> None:
    top = await section("a1")
    ids = [top]
    for number in range(2, 5):
        ids.append(await section(f"a{number}", parent_id=ids[-1]))
    with pytest.raises(SectionBad):
        await section("a5", parent_id=ids[-1])
    with pytest.raises(SectionBad):
        await section("a1", section_id=top, parent_id=ids[1])
    with pytest.raises(SectionBad):
        await section("b1", parent_id=top, portal=Portal.PATIENT)


async def test_a_slug_is_taken_once_also_by_two_at_once() -> None:
    made = await asyncio.gather(*(section("board") for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(one, int) for one in made) == 1
    assert sum(isinstance(one, SectionTaken) for one in made) == 4


async def test_only_an_empty_section_is_removed() -> None:
    top = await section("top")
    inner = await section("inner", parent_id=top)
    with pytest.raises(SectionInUse):
        await sections.remove(section_id=top, staff_id=1, at=NOON)
    await sections.remove(section_id=inner, staff_id=1, at=NOON)
    await sections.remove(section_id=top, staff_id=1, at=NOON)
    with pytest.raises(SectionMissing):
        await sections.remove(section_id=top, staff_id=1, at=NOON)


async def test_an_order_must_name_just_the_sections_that_stand_there() -> None:
    one = await section("one")
    await section("two")
    with pytest.raises(SectionsMoved):
        await sections.arrange(parent_id=None, section_ids=[one], staff_id=1, at=NOON)


async def test_what_stands_under_another_item_stands_where_that_does() -> None:
    board = await section("board")
    episode_id = await published_episode(await published_series())
    with pytest.raises(NotInSections):
        await sections.place(item_id=episode_id, section_id=board, staff_id=1, at=NOON)
    with pytest.raises(SectionMissing):
        await sections.place(item_id=await published_series(), section_id=424_242, staff_id=1, at=NOON)


async def test_the_list_of_a_section_can_have_something_held_at_its_top() -> None:
    board, series_id = await section("board"), await published_series()
    held = await pins.arrange(place=f"section:{board}", item_ids=[series_id], staff_id=1, at=NOON)
    assert [row.item_id for row in held] == [series_id]
    with pytest.raises(pins.PlaceUnknown):
        await pins.arrange(place="section:424242", item_ids=[], staff_id=1, at=NOON)


def test_every_kind_stands_either_in_sections_or_under_another_item() -> None:
    assert [name for name, kind in KINDS.items() if kind.sectioned == bool(kind.parents)] == []
