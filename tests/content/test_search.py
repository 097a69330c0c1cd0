"""The search: who finds what, what is counted, pages, marks, and texts meant to break it."""

from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from content import dictionary, lexicon, matching, publishing, search, sections, suggestions, tags
from content.access import Access, audience_values, may_read
from content.marking import Needles, marked, whole
from content.parts import Audience
from content.query import partly, slips, steps, understood
from content.search import Filters
from server.core.db import connection
from server.core.roles import GUEST, Reader, Role
from server.core.roles import Audience as Portal
from tests.content.studio import NOON, a_tag, after, draft, publish, published_episode, published_series, series_text

AT = after(days=30)
DOCTOR = Reader(account_id=1, roles=frozenset({Role.DOCTOR}))
PROFESSIONAL = Reader(account_id=2, roles=frozenset({Role.DOCTOR, Role.PROFESSIONAL}))
PATIENT = Reader(account_id=3, roles=frozenset({Role.PATIENT}))
MEMBER = Reader(account_id=4, roles=frozenset({Role.DOCTOR}), entitlements=frozenset({"membership"}))
READERS = {"guest": GUEST, "doctor": DOCTOR, "professional": PROFESSIONAL, "patient": PATIENT, "member": MEMBER}


async def found(text: str, reader: Reader = GUEST, **more: Any) -> search.Found:
    return await search.search(text=text, reader=reader, at=more.pop("at", AT), **more)


async def ids(text: str, reader: Reader = GUEST, **more: Any) -> list[int]:
    return [hit.id for hit in (await found(text, reader, **more)).hits]


async def a_series(title: str, **changes: Any) -> int:
    return await published_series(**{"title": title, "summary": "", "problem": "", **changes})


async def test_nobody_finds_counts_or_is_suggested_what_they_may_not_read(database: None) -> None:
    made: dict[int, Access] = {}
    for number, (audience, product_class, entitlement) in enumerate(
        product(Audience, ("", "prescription"), ("", "membership"))
    ):
        item_id = await a_series(f"闻人星遥谈保肛{number}", at=NOON + timedelta(minutes=number))
        made[item_id] = Access(item_id, audience, NOON, None, product_class, entitlement)
        for table in ("live", "live_words"):
            await connection().execute(
                f"UPDATE {table} SET audience = $2, product_class = $3, entitlement = $4 WHERE item_id = $1",
                item_id,
                audience,
                product_class,
                entitlement,
            )
    for name, reader in READERS.items():
        readable = {item_id for item_id, one in made.items() if may_read(one, reader, at=AT)}
        page = await found("闻人星遥", reader, limit=50)
        assert {hit.id for hit in page.hits} == readable, name
        assert page.counts is not None
        assert (page.counts.total, [kind.count for kind in page.counts.kinds]) == (len(readable), [len(readable)]), name
        assert await search.count(text="闻人星遥", reader=reader, at=AT) == len(readable)
        seen = await suggestions.suggestions(text="闻人", reader=reader, portal=Portal.DOCTOR, at=AT, limit=12)
        assert {one.item_id for one in seen} <= readable, name
        assert seen


async def test_a_row_that_lags_behind_shows_nothing_that_may_not_be_read(database: None) -> None:
    item_id = await a_series("直肠癌")
    await connection().execute("UPDATE live SET audience = 'patient' WHERE item_id = $1", item_id)
    assert await ids("直肠癌") == []


async def test_what_only_other_circles_may_read_helps_nobody_to_a_word(database: None) -> None:
    await a_series("闻人星遥谈保肛", audience="patient")
    page = await found("闻人星谣", DOCTOR)
    assert (page.hits, page.meant, page.counts and page.counts.total) == ([], None, 0)


async def test_pages_hold_everything_once_and_in_order(database: None) -> None:
    made = []
    for number in range(23):
        title = ["直肠癌手术", "手术录像", "谈直肠癌的手术", "病例"][number % 4]
        summary = ["", "直肠癌与手术", "", "直肠癌病人的手术"][number % 4]
        made.append(await a_series(f"{title} {number}", summary=summary, at=NOON + timedelta(minutes=number)))
    one_page = await ids("直肠癌手术", limit=50)
    assert sorted(one_page) == made
    for size in (1, 3, 7):
        seen: list[int] = []
        after_place = None
        while True:
            page = await found("直肠癌手术", limit=size, after=after_place)
            seen += [hit.id for hit in page.hits]
            after_place = page.following
            if after_place is None:
                break
        assert seen == one_page


async def test_new_items_do_not_make_pages_repeat(database: None) -> None:
    for number in range(9):
        await a_series(f"直肠癌 {number}", at=NOON + timedelta(minutes=number))
    first = await found("直肠癌", limit=4)
    for number in range(5):
        await a_series(f"直肠癌 新 {number}", at=NOON + timedelta(hours=1, minutes=number))
    second = await found("直肠癌", limit=10, after=first.following)
    assert not {hit.id for hit in first.hits} & {hit.id for hit in second.hits}
    assert len(second.hits) == 5


async def test_pages_go_on_through_slips_and_parts(database: None) -> None:
    await dictionary.plant(staff_id=1, at=NOON)
    for number in range(7):
        await a_series(f"人工肛门的护理 {number}", at=NOON + timedelta(minutes=number))
    seen, place = [], None
    while True:
        page = await found("人工肛闩护里", limit=2, after=place)
        seen += [hit.id for hit in page.hits]
        place = page.following
        if place is None:
            break
    assert len(seen) == len(set(seen)) == 7


async def test_where_very_many_are_found_the_newest_still_come_first(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [await a_series(f"直肠癌 {number}", at=NOON + timedelta(minutes=number)) for number in range(12)]
    monkeypatch.setattr(matching, "MOST_COUNTED", 5)
    monkeypatch.setattr(search, "MOST_COUNTED", 5)
    first = await found("直肠癌", limit=4)
    assert [hit.id for hit in first.hits] == made[:-5:-1]
    assert first.counts is not None
    assert (first.counts.total, first.counts.at_least) == (5, True)
    second = await found("直肠癌", limit=20, after=first.following)
    assert [hit.id for hit in second.hits] == made[-5::-1]


async def test_filters_narrow_and_counts_of_kinds_do_not(database: None) -> None:
    await a_tag("digestive", "消化")
    await tags.save(slug="rectal-cancer", facet="disease", name_zh="低位", parent_slug="digestive", staff_id=1, at=NOON)
    tagged = await a_series("保肛手术", tags=["rectal-cancer"])
    later = await a_series("保肛手术", at=NOON + timedelta(days=3))
    episode = await published_episode(later, title="保肛面诊")
    assert await ids("保肛", filters=Filters(kinds=("episode",))) == [episode]
    assert set(await ids("保肛", filters=Filters(kinds=("episode", "series")))) == {tagged, later, episode}
    assert await ids("保肛", filters=Filters(tags=("digestive",))) == [tagged]
    assert await ids("保肛", filters=Filters(tags=("digestive", "rectal-cancer"))) == [tagged]
    assert await ids("保肛", filters=Filters(tags=("nothing",))) == []
    assert await ids("保肛", filters=Filters(since=date(2026, 11, 18), kinds=("series",))) == [later]
    assert await ids("保肛", filters=Filters(until=date(2026, 11, 15), kinds=("series",))) == [tagged]
    assert set(await ids("保肛", filters=Filters(since=date(1, 1, 1), until=date(9999, 12, 31)))) == {
        tagged,
        later,
        episode,
    }
    page = await found("保肛", filters=Filters(kinds=("episode",)))
    assert page.counts is not None
    assert (page.counts.total, {kind.kind: kind.count for kind in page.counts.kinds}) == (
        1,
        {"series": 2, "episode": 1},
    )


async def test_a_section_holds_what_stands_below_it(database: None) -> None:
    board = await sections.save(slug="innovation", portal=Portal.DOCTOR, name_zh="e创新", staff_id=1, at=NOON)
    inner = await sections.save(
        slug="cases", portal=Portal.DOCTOR, name_zh="病例", parent_id=board.id, staff_id=1, at=NOON
    )
    item_id = await a_series("保肛手术")
    other = await a_series("保肛手术")
    await sections.place(item_id=item_id, section_id=inner.id, staff_id=1, at=NOON)
    assert await ids("保肛", filters=Filters(section="innovation")) == [item_id]
    assert set(await ids("保肛")) == {item_id, other}
    assert await ids("保肛", filters=Filters(section="nowhere")) == []


async def test_what_was_looked_for_is_marked_in_the_text_as_it_stands(database: None) -> None:
    await dictionary.plant(staff_id=1, at=NOON)
    await a_series("直腸癌與ＴＭＥ", summary="先说背景。" * 20 + "术后的造口护理要点，第一是观察。" + "其他。" * 40)
    (hit,) = (await found("直肠癌 tme 人工肛门")).hits
    assert [(part.text, part.hit) for part in hit.title] == [("直腸癌", True), ("與", False), ("ＴＭＥ", True)]
    assert ("造口", True) in [(part.text, part.hit) for part in hit.excerpt]
    assert len(whole(hit.excerpt)) < 120


async def test_an_episode_comes_with_the_question_and_the_second_that_answer(database: None) -> None:
    series_id = await a_series("医探究竟")
    episode_id = await published_episode(series_id, title="面诊", summary="")
    (hit,) = (await found("距肛缘四厘米 保肛")).hits or (await found("肛缘 保肛")).hits
    assert (hit.id, hit.starts_at_s, whole(hit.question)) == (episode_id, 240.0, "肿瘤距肛缘 4 厘米还能保肛吗？")
    assert hit.series is not None
    assert hit.series.id == series_id


async def test_what_was_meant_is_told_where_it_found_something(database: None) -> None:
    await dictionary.plant(staff_id=1, at=NOON)
    item_id = await a_series("造口护理十问")
    page = await found("人工肛闩")
    assert ([hit.id for hit in page.hits], page.meant, page.hits[0].by) == ([item_id], "人工肛门", "meant")
    assert (await found("造口")).meant is None


HOSTILE = {
    "operators": "a & b | !c <-> d:*A (((",
    "quotes": "'; DROP TABLE live; -- \"\\' \\",
    "backslashes": "\\\\\\'\\",
    "punctuation": "？！。，、…——《》（）",
    "spaces": "  \t\n　 ",
    "control": "直肠\x01\x1b癌\x7f",
    "bidirectional": "\u202e直肠癌\u202c\u2066x",
    "marks": "a" + "\u0301" * 200,
    "long": "长" * 5000,
    "long word": "a" * 5000,
    "many words": " ".join(f"词{number}" for number in range(300)),
    "emoji": "👩‍⚕️👨‍👩‍👧",
    "astral": "𠮷𠮷𠮷",
    "ligature": "ﷺ" * 30,
    "percent": "100% _%_",
    "regular expression": ".*(a|b)+$[^x]{3}\\d",
    "surrogate": "\ud83d直肠",
    "only empty words": "的 了 吗 怎么",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_texts_are_only_texts(database: None, text: str) -> None:
    await a_series("直肠癌 a b c d 100%")
    page = await found(text)
    assert page.counts is not None
    assert page.counts.total == len(page.hits)
    await suggestions.suggestions(text=text, reader=GUEST, portal=Portal.DOCTOR, at=AT)


WRITTEN = st.text(
    st.one_of(st.sampled_from("直肠癌人工肛门造口護理结场 4厘米cmPD-1'\\&|!:*()"), st.characters()), max_size=30
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=WRITTEN)
async def test_whatever_is_typed_makes_a_search_that_the_database_takes(open_tables: None, text: str) -> None:
    words = await lexicon.current()
    query = understood(text, words)
    for step in [*steps(query), *slips(query), *partly(query)] if query.terms else []:
        await connection().value("SELECT 'x' ~ $2 OR 'a'::tsvector @@ $1::tsquery", step.asked, step.like)


@given(text=WRITTEN, needles=st.lists(st.text(st.sampled_from("直肠癌人工"), min_size=1, max_size=3), max_size=4))
def test_parts_are_together_the_text(text: str, needles: list[str]) -> None:
    parts = marked(text, Needles(tuple(tuple(one) for one in needles)))
    assert whole(parts) == text
    assert all(part.text for part in parts)


async def test_an_edit_of_the_dictionary_is_in_effect_for_the_next_search(database: None) -> None:
    item_id = await a_series("肠瘘口护理")
    assert await ids("人造出口") == []
    group = await dictionary.save_group(shown=["人造出口", "肠瘘口"], staff_id=1, at=NOON)
    assert await ids("人造出口") == [item_id]
    await dictionary.remove_group(group_id=group.id, staff_id=1, at=NOON)
    assert await ids("人造出口") == []


async def test_another_process_hears_of_an_edit_within_a_second(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    item_id = await a_series("肠瘘口护理")
    assert await ids("人造出口") == []
    # What another process does when it edits: everything but to forget what this one keeps.
    monkeypatch.setattr(lexicon, "forget", lambda: None)
    await dictionary.save_group(shown=["人造出口", "肠瘘口"], staff_id=1, at=NOON)
    lexicon._kept.asked_at -= lexicon.FRESH_S
    assert await ids("人造出口") == [item_id]


async def test_a_withdrawn_item_is_gone_from_suggestions_and_counts(database: None) -> None:
    item_id = await draft("series", await series_text(title="闻人星遥谈保肛", summary="", problem=""))
    await publish(item_id=item_id, staff_id=2, at=NOON)
    await publishing.withdraw(item_id=item_id, staff_id=2, at=after(minutes=1), reason="测试")
    assert await suggestions.suggestions(text="闻人", reader=GUEST, portal=Portal.DOCTOR, at=AT) == []
    assert await search.count(text="闻人星遥", reader=GUEST, at=AT) == 0


async def test_suggestions_come_from_tags_questions_and_titles(database: None) -> None:
    await a_tag("stoma", "造口护理")
    await a_tag("unused", "造口门诊")
    series_id = await a_series("造口的故事", tags=["stoma"])
    episode_id = await published_episode(
        series_id, title="面诊", questions=[{"text": "造口多久换一次？", "chapter": "image"}]
    )
    seen = await suggestions.suggestions(text="造口", reader=GUEST, portal=Portal.DOCTOR, at=AT)
    assert [(one.of, one.text, one.item_id, one.starts_at_s) for one in seen] == [
        ("tag", "造口护理", None, None),
        ("question", "造口多久换一次？", episode_id, 240.0),
        ("title", "造口的故事", series_id, None),
    ]
    assert [(part.text, part.hit) for part in seen[0].parts] == [("造口", True), ("护理", False)]
    for typed in ("zaok", "zao", "zaokou", "灶口"):
        heard = await suggestions.suggestions(text=typed, reader=GUEST, portal=Portal.DOCTOR, at=AT)
        assert series_id in [one.item_id for one in heard], typed


def test_the_values_of_a_reader_are_what_the_condition_wants() -> None:
    assert "entitled:membership" in audience_values(MEMBER)
