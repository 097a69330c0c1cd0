"""The search at the editors' desk: words, synonyms, what was looked for in vain, and what readers find after it."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from content import dictionary, searched
from server.core import clock
from server.core.db import connection
from server.core.roles import GUEST, Audience, Role
from tests.content.studio import published_series

pytestmark = pytest.mark.usefixtures("database")


async def test_an_editor_makes_a_synonym_of_a_search_in_vain_and_readers_find(
    client: httpx.AsyncClient, employ: Any
) -> None:
    at = clock.now() - timedelta(hours=1)
    item_id = await published_series(at=at, title="造口护理十问", summary="", problem="")
    editor = await employ(Role.EDITOR)
    assert (await client.get("/api/doctor/search", params={"text": "人造出口"})).json()["items"] == []
    listed = await editor.read("/admin/search")
    assert listed.status_code == 200
    assert "人造出口" in listed.text
    form = await editor.read("/admin/search/synonyms?with=人造出口")
    assert ">人造出口</textarea>" in form.text
    saved = await editor.send("/admin/search/synonyms", {"terms": "人造出口\r\n造口\r\n\r\n"})
    assert (saved.status_code, saved.headers["location"]) == (303, "/admin/search/synonyms")
    found = (await client.get("/api/doctor/search", params={"text": "人造出口"})).json()
    assert [item["id"] for item in found["items"]] == [item_id]
    again = await editor.read("/admin/search")
    assert "badge-green" in again.text
    deeds = await connection().fetch("SELECT deed, after FROM audit_entry WHERE deed LIKE 'synonyms.%'")
    assert [row["deed"] for row in deeds] == ["synonyms.save"]


async def test_synonyms_are_changed_and_removed(employ: Any) -> None:
    editor = await employ(Role.EDITOR)
    await editor.send("/admin/search/synonyms", {"terms": "造口\n人工肛门"})
    (group,) = await dictionary.groups()
    assert "人工肛门</textarea>" in (await editor.read(f"/admin/search/synonyms?edit={group.id}")).text
    await editor.send("/admin/search/synonyms", {"group_id": group.id, "terms": "造口\n人造肛门"})
    assert (await dictionary.group_of(group_id=group.id)).shown == ["造口", "人造肛门"]
    assert (await editor.read("/admin/search/synonyms?text=人造")).text.count("人造肛门") >= 1
    await editor.send(f"/admin/search/synonyms/{group.id}/remove")
    assert await dictionary.groups() == []
    assert (await editor.send(f"/admin/search/synonyms/{group.id}/remove")).status_code == 404
    assert (await editor.read(f"/admin/search/synonyms?edit={group.id}")).status_code == 404


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ("只有一个", "同义词组有误"),
        ("造口\n造口\n ", "同义词组有误"),
        ("\n".join(f"词{number}" for number in range(13)), "同义词组有误"),
        ("造口\n！？", "词语有误: ！？"),
        ("造口\n" + "长" * 41, "词语有误"),
        ("脱肛\n别的", "词语已在另一个同义词组中: 脱肛"),
    ],
)
async def test_a_group_that_cannot_be_is_refused_with_the_word(employ: Any, terms: str, said: str) -> None:
    editor = await employ(Role.EDITOR)
    await dictionary.save_group(shown=["脱肛", "直肠脱垂"], staff_id=1, at=clock.now())
    answer = await editor.send("/admin/search/synonyms", {"terms": terms})
    assert answer.status_code in {409, 422}
    assert said in answer.text
    assert len(await dictionary.groups()) == 1


async def test_words_are_added_once_found_and_removed(employ: Any) -> None:
    editor = await employ(Role.EDITOR)
    await editor.send("/admin/search/words", {"words": "腹会阴联合切除术\nPD-1抑制劑\n腹會陰聯合切除術"})
    assert [word.shown for word in await dictionary.words()] == ["PD-1抑制劑", "腹會陰聯合切除術"]
    await editor.send("/admin/search/words", {"words": "pd1抑制剂"})
    assert len(await dictionary.words()) == 2
    assert [word.term for word in await dictionary.words(text="會陰")] == ["腹会阴联合切除术"]
    await editor.send("/admin/search/words/remove", {"term": "腹会阴联合切除术"})
    assert [word.term for word in await dictionary.words()] == ["pd1抑制剂"]
    assert (await editor.send("/admin/search/words/remove", {"term": "腹会阴联合切除术"})).status_code == 404


@pytest.mark.parametrize("words", ["", "癌", "两 个", "句子，有标点", "长" * 41, "。"])
async def test_what_is_no_word_is_refused(employ: Any, words: str) -> None:
    editor = await employ(Role.EDITOR)
    answer = await editor.send("/admin/search/words", {"words": words})
    assert (answer.status_code, await dictionary.words()) == (422, [])
    assert "词语有误" in answer.text


async def test_the_starter_comes_once_and_leaves_alone_what_is_there(employ: Any) -> None:
    editor = await employ(Role.EDITOR)
    await dictionary.save_group(shown=["造口", "瘘口"], staff_id=1, at=clock.now())
    await editor.send("/admin/search/starter")
    planted = len(await dictionary.groups(limit=500))
    assert planted > 80
    assert [group.shown for group in await dictionary.groups(text="瘘口", limit=500)][-1] == ["造口", "瘘口"]
    await editor.send("/admin/search/starter")
    assert len(await dictionary.groups(limit=500)) == planted


async def test_an_analyst_reads_and_changes_nothing(employ: Any) -> None:
    analyst = await employ(Role.ANALYST)
    for address in ("", "/synonyms", "/words", "/try?text=造口"):
        page = await analyst.read(f"/admin/search{address}")
        assert page.status_code == 200
        assert 'method="post" action="/admin/search' not in page.text
    assert (await analyst.send("/admin/search/words", {"words": "造口护理"})).status_code == 403


async def test_trying_shows_how_a_text_is_understood_and_counts_nothing(employ: Any) -> None:
    editor = await employ(Role.EDITOR)
    await dictionary.plant(staff_id=1, at=clock.now())
    await published_series(at=clock.now() - timedelta(hours=1), title="人工肛门<b>护理", summary="", problem="")
    page = await editor.read("/admin/search/try?text=造口")
    assert "人工肛门" in page.text
    assert "<mark>人工肛门</mark>&lt;b&gt;护理" in page.text
    assert await connection().value("SELECT count(*) FROM searched") == 0


async def test_what_was_looked_for_is_shown_as_text(employ: Any) -> None:
    editor = await employ(Role.EDITOR)
    text = "<script>alert(1)</script>"
    await searched.note(typed=text, text=text, found=0, reader=GUEST, portal=Audience.DOCTOR, at=clock.now())
    page = await editor.read("/admin/search")
    assert "<script>alert" not in page.text
    await editor.send("/admin/search/unfound/dismiss", {"text": text})
    assert await searched.unfound(at=clock.now()) == []


async def test_two_editors_at_once_make_one_group(employ: Any) -> None:
    import asyncio

    one, other = await employ(Role.EDITOR), await employ(Role.EDITOR)
    answers = await asyncio.gather(
        one.send("/admin/search/synonyms", {"terms": "造口\n人工肛门"}),
        other.send("/admin/search/synonyms", {"terms": "人工肛门\n肠造口"}),
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert len(await dictionary.groups()) == 1
