"""What live items are found by: written with them, brought up to a new dictionary, and gone with them."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from content import dictionary, indexing, items, lexicon, live, publishing, reindexing, search, tags, tree
from content.indexing import COPIED, lexemes, text_of
from content.parts import Audience
from server.core.db import connection, transaction
from server.core.roles import GUEST
from tests.content.studio import NOON, a_tag, after, draft, publish, published_episode, published_series, series_text

AT = after(hours=1)


async def ids(text: str, **more: Any) -> list[int]:
    found = await search.search(text=text, reader=GUEST, at=AT, **more)
    return [hit.id for hit in found.hits if hit.by == "text"]


async def edition_of(item_id: int) -> int:
    return int(await connection().value("SELECT edition FROM live_words WHERE item_id = $1", item_id))


async def test_an_item_is_found_from_its_publication_until_its_withdrawal(database: None) -> None:
    item_id = await draft("series", {**(await _text()), "title": "直肠癌手术"})
    assert await ids("直肠癌") == []
    await publish(item_id=item_id, staff_id=2, at=NOON)
    assert await ids("直肠癌") == [item_id]
    await publishing.withdraw(item_id=item_id, staff_id=2, at=after(minutes=1), reason="测试")
    assert await ids("直肠癌") == []
    assert await connection().value("SELECT count(*) FROM live_words") == 0


async def _text() -> dict[str, Any]:
    return await series_text(problem="", summary="")


async def test_an_item_past_its_end_is_found_no_more_without_any_job(database: None) -> None:
    item_id = await draft("series", await _text())
    await publish(item_id=item_id, staff_id=2, at=NOON, ends_at=after(minutes=30))
    found = await search.search(text="医探究竟", reader=GUEST, at=after(minutes=29))
    gone = await search.search(text="医探究竟", reader=GUEST, at=after(minutes=30))
    assert ([hit.id for hit in found.hits], gone.hits, gone.counts and gone.counts.total) == ([item_id], [], 0)


async def test_all_that_decides_who_may_read_is_copied_from_the_live_row(database: None) -> None:
    columns = {
        row["column_name"]
        for row in await connection().fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'live_words'"
        )
    }
    assert set(COPIED) <= columns
    series_id = await published_series()
    await published_episode(series_id)
    differing = await connection().value(
        "SELECT count(*) FROM live l JOIN live_words w USING (item_id) WHERE "
        + " OR ".join(f"l.{name} IS DISTINCT FROM w.{name}" for name in COPIED)
    )
    assert differing == 0
    assert await connection().value("SELECT count(*) FROM live_words") == 2


async def test_what_narrows_a_series_narrows_the_search_for_its_episodes(database: None) -> None:
    series_id = await published_series()
    episode_id = await published_episode(series_id, title="面诊")
    assert await ids("面诊") == [episode_id]
    before = await items.draft_of(item_id=series_id)
    await items.save_draft(
        item_id=series_id,
        shape={**before.shape, "audience": Audience.PATIENT},
        revision=before.revision,
        staff_id=1,
        at=after(minutes=1),
    )
    await publish(item_id=series_id, staff_id=2, at=after(minutes=2))
    assert await ids("面诊") == []


async def test_an_episode_is_found_by_the_title_of_its_series_also_when_that_changes(database: None) -> None:
    series_id = await published_series(title="一台好手术", problem="", summary="")
    episode_id = await published_episode(series_id, title="面诊", summary="", questions=[])
    assert await ids("一台好手术 面诊") == [episode_id]
    before = await items.draft_of(item_id=series_id)
    await items.save_draft(
        item_id=series_id, shape={**before.shape, "title": "台前一问"}, revision=before.revision, staff_id=1, at=AT
    )
    await publish(item_id=series_id, staff_id=2, at=NOON + timedelta(minutes=5))
    assert episode_id in await ids("台前一问 面诊")
    assert episode_id not in await ids("一台好手术")


async def test_an_episode_that_moves_is_found_by_its_new_series(database: None) -> None:
    old = await published_series(title="旧的系列", problem="", summary="")
    new = await published_series(title="新的栏目", problem="", summary="")
    episode_id = await published_episode(old, title="面诊", summary="", questions=[])
    await tree.move(item_id=episode_id, parent_id=new, staff_id=1, at=after(minutes=1))
    assert await ids("新的栏目 面诊") == [episode_id]


async def test_every_text_that_readers_see_is_found(database: None) -> None:
    series_id = await published_series()
    episode_id = await published_episode(series_id)
    for text in ("能不能保肛", "指检", "影像", "距肛缘 4 厘米", "陈一川", "江城示范医院", "主任医师", "面诊"):
        assert episode_id in await ids(text), text


def test_what_is_no_text_is_not_found() -> None:
    text = text_of(
        "标题",
        {
            "title": "标题",
            "slug": "secret-slug",
            "cover": {"small": "/media/covers/1", "alt": "x"},
            "valid_until": "2026-11-11",
            "parts": [
                {"html": "<p>第一段 &lt;b&gt;</p><p>第<strong>二</strong>段</p>"},
                {"block": {"key": "a", "type": "quote", "text": "引文"}},
            ],
            "questions": [{"text": "问题", "chapter": "exam"}],
            "team": [{"name": "某人", "hospital": "某医院"}],
            "link": "https://example.org",
        },
    )
    assert text.questions == ("问题",)
    assert text.leading == ("某人", "某医院")
    assert text.body == "第一段 <b>\n第二段\n引文"


async def test_a_word_of_our_own_comes_into_the_index_and_leaves_it(database: None) -> None:
    item_id = await published_series(title="谈腹会阴联合切除术", problem="", summary="")
    other = await published_series(title="痔疮", problem="", summary="")
    while await reindexing.turn():
        pass
    await dictionary.add_words(shown=["腹会阴联合切除术"], staff_id=1, at=NOON)
    assert await reindexing.waiting() == 1
    untouched = await edition_of(other)
    while await reindexing.turn():
        pass
    assert (await reindexing.waiting(), await edition_of(other)) == (0, untouched)
    assert await _has(item_id, "t腹会阴联合切除术")
    await dictionary.remove_word(term="腹会阴联合切除术", staff_id=1, at=NOON)
    while await reindexing.turn():
        pass
    assert not await _has(item_id, "t腹会阴联合切除术")
    assert await ids("腹会阴联合切除术") == [item_id]


async def _has(item_id: int, lexeme: str) -> bool:
    return bool(
        await connection().value(
            "SELECT found @@ $2::tsquery FROM live_words WHERE item_id = $1", item_id, indexing.quoted(lexeme)
        )
    )


async def test_what_was_live_before_there_was_an_index_comes_into_it(database: None) -> None:
    made = [await published_series(title=f"直肠癌 {number}") for number in range(3)]
    await connection().execute("DELETE FROM live_words")
    await connection().execute("UPDATE lexicon_state SET indexed = 0, form = 0")
    while await reindexing.turn():
        pass
    assert sorted(await ids("直肠癌")) == made
    assert await reindexing.turn() == 0


async def test_a_new_form_of_the_index_is_written_for_all(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    item_id = await published_series()
    while await reindexing.turn():
        pass
    await connection().execute("UPDATE live_words SET form = 0, found = ''")
    await connection().execute("UPDATE lexicon_state SET form = 0")
    while await reindexing.turn():
        pass
    assert await ids("医探究竟") == [item_id]


async def test_refreshing_all_writes_the_index_again(database: None) -> None:
    item_id = await published_series()
    await connection().execute("UPDATE live_words SET found = ''")
    await live.refresh_all(at=AT)
    assert await ids("医探究竟") == [item_id]


async def test_a_row_that_is_being_published_does_not_hold_up_the_others(database: None) -> None:
    first, second = [await published_series(title=f"腹会阴联合切除术 {number}") for number in range(2)]
    while await reindexing.turn():
        pass
    await dictionary.add_words(shown=["腹会阴联合切除术"], staff_id=1, at=NOON)
    held, done = asyncio.Event(), asyncio.Event()

    async def publisher() -> None:
        async with transaction():
            await connection().value("SELECT item_id FROM live WHERE item_id = $1 FOR UPDATE", first)
            held.set()
            await done.wait()

    publishing_now = asyncio.create_task(publisher())
    await held.wait()
    await asyncio.wait_for(reindexing.turn(), 5)
    assert await _has(second, "t腹会阴联合切除术")
    done.set()
    await publishing_now
    while await reindexing.turn():
        pass
    assert await _has(first, "t腹会阴联合切除术")


async def test_editing_the_dictionary_while_publishing_leaves_no_row_behind(database: None) -> None:
    words = ["腹会阴联合切除术", "括约肌间切除术", "超低位直肠癌", "预防性造口"]

    async def show(number: int) -> int:
        return await published_series(title=f"第{number}例{words[number % 4]}", problem="", summary="")

    async def edit(word: str) -> None:
        await dictionary.add_words(shown=[word], staff_id=1, at=NOON)

    made = await asyncio.gather(*(show(number) for number in range(8)), *map(edit, words))
    while await reindexing.turn():
        pass
    current = await lexicon.current()
    assert current.cutter.own == set(words)
    for number, item_id in enumerate(made[:8]):
        assert await _has(item_id or 0, f"t{words[number % 4]}"), number
    assert await reindexing.waiting() == 0


async def test_a_killed_batch_is_done_again(database: None) -> None:
    item_id = await published_series(title="腹会阴联合切除术")
    while await reindexing.turn():
        pass
    await dictionary.add_words(shown=["腹会阴联合切除术"], staff_id=1, at=NOON)
    with pytest.raises(RuntimeError):
        async with transaction():
            await reindexing.turn()
            raise RuntimeError("killed")
    assert not await _has(item_id, "t腹会阴联合切除术")
    while await reindexing.turn():
        pass
    assert await _has(item_id, "t腹会阴联合切除术")


async def test_a_tag_is_found_by_its_new_name_at_once(database: None) -> None:
    await a_tag("rectal-cancer", "直肠癌")
    item_id = await published_series(title="手术录像", problem="", summary="", tags=["rectal-cancer"])
    assert await ids("直肠恶性肿瘤") == []
    await tags.save(slug="rectal-cancer", facet="disease", name_zh="直肠恶性肿瘤", staff_id=1, at=NOON)
    assert await ids("直肠恶性肿瘤") == [item_id]


async def test_very_long_texts_and_strange_signs_can_be_indexed(database: None) -> None:
    current = await lexicon.current()
    strange = "直肠\\癌'\" \x01 \u202e 𠮷 '' \\\\ & | ! :* <-> " + "长" * 30_000 + "a" * 5000
    text = text_of(strange[:80], {"summary": strange, "parts": [{"html": strange}]})
    await published_series(title="直肠'癌\\'", summary="'\\ & | ! :*" * 20)
    written = lexemes(text, kind="series", tags=[], lexicon=current)
    assert await connection().value("SELECT length($1::text::tsvector)", written) > 3
