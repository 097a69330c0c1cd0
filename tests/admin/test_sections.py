"""Editors at the tree of sections: making, describing, ordering, removing, and holding items at the top of a list."""

from typing import Any

from shelf import a_series

from content import pins, sections
from server.core.roles import Role

FIELDS = {"name_zh": "学术前沿", "slug": "frontier", "portal": "doctor", "audience": "doctor", "layout": "cards"}


async def tree() -> list[tuple[str, str]]:
    return [(one.slug, one.audience.value) for one in await sections.listing()]


async def test_a_section_is_made_changed_and_removed(employ: Any) -> None:
    desk = await employ(Role.EDITOR)
    assert (await desk.send("/admin/sections", FIELDS)).status_code == 303
    assert await tree() == [("frontier", "doctor")]
    (made,) = await sections.listing()
    assert "学术前沿" in (await desk.read(f"/admin/sections?edit={made.id}")).text
    await desk.send("/admin/sections", {**FIELDS, "section_id": str(made.id), "audience": "everyone", "tone": "warm"})
    assert await tree() == [("frontier", "everyone")]
    assert (await desk.send(f"/admin/sections/{made.id}/remove")).status_code == 303
    assert await tree() == []
    assert (await desk.send(f"/admin/sections/{made.id}/remove")).status_code == 404


async def test_what_is_wrong_is_told_at_its_field_and_what_was_typed_stays(employ: Any) -> None:
    desk = await employ(Role.EDITOR)
    answer = await desk.send("/admin/sections", {**FIELDS, "slug": "Nicht gut"})
    assert answer.status_code == 422
    assert "学术前沿" in answer.text
    await desk.send("/admin/sections", FIELDS)
    assert (await desk.send("/admin/sections", FIELDS)).status_code == 409


async def test_sections_are_put_into_an_order(employ: Any) -> None:
    desk = await employ(Role.EDITOR)
    for slug in ("one", "two"):
        await desk.send("/admin/sections", {**FIELDS, "slug": slug})
    ids = [str(one.id) for one in await sections.listing()]
    await desk.send("/admin/sections/order", {"ids": ids, "moved": ids[1], "by": "-1", "parent_id": ""})
    assert [slug for slug, _ in await tree()] == ["two", "one"]
    late = await desk.send("/admin/sections/order", {"ids": ids[:1], "moved": ids[0], "by": "1", "parent_id": ""})
    assert late.status_code == 409


async def test_items_are_held_at_the_top_of_a_section(employ: Any) -> None:
    desk = await employ(Role.EDITOR)
    await desk.send("/admin/sections", FIELDS)
    (section,) = await sections.listing()
    one, other = await a_series(title="第一个系列"), await a_series(title="第二个系列")
    place = f"/admin/sections/{section.id}/pins"
    assert "第二个系列" in (await desk.read(f"{place}?text=第二")).text
    await desk.send(place, {"added": str(one)})
    await desk.send(place, {"ids": [str(one)], "added": str(other)})
    await desk.send(place, {"ids": [str(one), str(other)], "moved": str(other), "by": "-1"})
    held = await pins.listing(place=f"section:{section.id}")
    assert [row.item_id for row in held] == [other, one]
    await desk.send(place, {"ids": [str(other), str(one)], "dropped": str(other)})
    assert [row.item_id for row in await pins.listing(place=f"section:{section.id}")] == [one]
    assert (await desk.send(place, {"added": "424242"})).status_code == 404
    assert (await desk.read("/admin/sections/424242/pins")).status_code == 404


async def test_only_editors_change_the_tree(employ: Any) -> None:
    author = await employ(Role.AUTHOR)
    assert (await author.read("/admin/sections")).status_code == 200
    assert (await author.send("/admin/sections", FIELDS)).status_code == 403
