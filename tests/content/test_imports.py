"""Imports: tried without writing, carried out once or not at all, and never over what somebody has changed."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

import asyncpg
import pytest
from studio import NOON, a_file, a_tag, after, draft, published_episode, published_series
from workbooks import workbook

from content import airings, exports, import_work, imports, items, sections
from content.imports import Import, ImportFaulty, ImportMissing, ImportSettled
from content.sheets.grids import SheetUnknown
from server.core.db import connection
from server.core.roles import Audience

ARTICLE_HEADS = ("外部编号", "标题", "简介", "正文", "标签", "作者", "作者单位", "可见范围", "有效期止")
EPISODE_HEADS = ("外部编号", "系列", "季", "标题", "时长", "播出时间", "章节", "问题", "阶段")


def articles(*rows: Sequence[Any], heads: Sequence[str] = ARTICLE_HEADS) -> bytes:
    return workbook(("文章", [heads, *rows]))


def an_article(key: str = "A-1", title: str = "造口护理十问", **cells: Any) -> list[Any]:
    told = {"外部编号": key, "标题": title, "正文": "## 一\n\n- 造口袋多久换一次？", "标签": "直肠癌", **cells}
    return [told.get(head, "") for head in ARTICLE_HEADS]


async def tried(data: bytes, *, kind: str = "article", may_plan: bool = True, at: datetime = NOON) -> Import:
    return await imports.take_in(kind=kind, name="稿件.xlsx", data=data, may_plan=may_plan, staff_id=1, at=at)


async def carried_out(data: bytes, *, kind: str = "article", choice: Any = "all", at: datetime = NOON) -> Import:
    taken = await tried(data, kind=kind, at=at)
    assert (await imports.start(import_id=taken.id, choice=choice, staff_id=1, at=at)).state == "waiting"
    await import_work.carry_out_waiting(None, at)
    return await imports.import_of(import_id=taken.id)


async def exported(kind: str = "article", format: Any = "xlsx", **filters: Any) -> bytes:
    return (await exports.export(kind=kind, format=format, at=NOON, **filters)).data


def wrong(found: Import) -> list[tuple[str, int, str, str, str]]:
    return [(one.sheet, one.row, one.column, one.value, one.code) for one in found.report.problems]


async def drafts(kind: str = "article") -> list[items.DraftState]:
    rows = await connection().fetch("SELECT id FROM item WHERE kind = $1 ORDER BY position, id", kind)
    return [await items.draft_of(item_id=row["id"]) for row in rows]


pytestmark = pytest.mark.usefixtures("database")


async def test_a_try_says_what_would_be_and_writes_nothing() -> None:
    await a_tag()
    found = await tried(articles(an_article(), an_article("A-2", "化疗期间怎么吃")))
    assert (found.state, found.report.counts) == ("tried", {"new": 2, "faulty": 0})
    assert [(line.row, line.title) for line in found.report.lines] == [(2, "造口护理十问"), (3, "化疗期间怎么吃")]
    assert await drafts() == []


async def test_what_was_chosen_is_carried_out_once() -> None:
    await a_tag()
    data = articles(an_article(作者="陈知远", 作者单位="江城示范医院", 可见范围="医生", 有效期止="2027/3/1"))
    done = await carried_out(data)
    assert (done.state, done.report.counts) == ("done", {"new": 1, "faulty": 0})
    [article] = await drafts()
    assert article.shape == {
        "title": "造口护理十问",
        "body": "## 一\n\n- 造口袋多久换一次？",
        "tags": ["rectal-cancer"],
        "author": {"name": "陈知远", "hospital": "江城示范医院"},
        "audience": "doctor",
        "valid_until": "2027-03-01",
    }
    assert done.report.lines[0].item_id == article.item_id
    again = await tried(data)
    assert again.report.counts == {"unchanged": 1, "faulty": 0}
    with pytest.raises(ImportFaulty):
        await imports.start(import_id=again.id, choice="valid", staff_id=1, at=NOON)
    with pytest.raises(ImportSettled):
        await imports.start(import_id=done.id, choice="all", staff_id=1, at=NOON)
    with pytest.raises(ImportMissing):
        await imports.start(import_id=999, choice="all", staff_id=1, at=NOON)


async def test_each_fault_says_where_it_stands_and_why() -> None:
    await a_tag()
    found = await tried(
        articles(
            an_article("", "没有编号"),
            an_article("A-2", ""),
            an_article("A-3", 标签="直肠癌、胃癌"),
            an_article("A-4", 可见范围="所有医生"),
            an_article("A-5", 有效期止="三月一日"),
            an_article("A-6", 作者单位="江城示范医院"),
            an_article("A-7", "长" * 81),
            an_article("A-8"),
            an_article("A-8"),
            an_article("A-9", 正文="=1/0"),
        )
    )
    assert wrong(found) == [
        ("文章", 2, "外部编号", "", "key_missing"),
        ("文章", 3, "标题", "", "missing"),
        ("文章", 4, "标签", "直肠癌、胃癌", "tag_unknown"),
        ("文章", 5, "可见范围", "所有医生", "not_a_choice"),
        ("文章", 6, "有效期止", "三月一日", "not_a_day"),
        ("文章", 7, "作者", "", "missing"),
        ("文章", 8, "标题", "长" * 81, "too_long"),
        ("文章", 9, "外部编号", "A-8", "key_twice"),
        ("文章", 10, "外部编号", "A-8", "key_twice"),
    ]
    assert [one.said for one in found.report.problems][2:4] == [
        "没有「胃癌」这个标签。",
        "只能填写：所有人、医生、已认证的专业人士、患者。",
    ]


@pytest.mark.parametrize(
    ("heads", "faults"),
    [
        (("外部编号", "标题", "题目"), [(1, "C", "题目", "column_unknown")]),
        (("外部编号", "标题", "title"), [(1, "C", "title", "column_twice")]),
        (("标题", "简介", ""), [(1, "C", "", "column_unnamed")]),
        (("标题", "简介"), [(1, "A", "", "column_missing")]),
        (("外部编号", "标题", "正文（续）"), [(1, "A", "", "column_missing")]),
        (("External Key", " TITLE * ", "正文 (续)", "body"), []),
    ],
)
async def test_wrong_headings_keep_a_sheet_from_being_read(
    heads: tuple[str, ...], faults: list[tuple[int, str, str, str]]
) -> None:
    found = await tried(articles([f"值{place}" for place in range(len(heads))], heads=heads))
    assert [(row, column, value, code) for _, row, column, value, code in wrong(found)] == faults
    assert found.report.left_out == (1 if faults else 0)


async def test_all_or_nothing_or_the_valid_rows() -> None:
    await a_tag()
    data = articles(an_article(), an_article("A-2", 标签="胃癌"))
    taken = await tried(data)
    with pytest.raises(ImportFaulty):
        await imports.start(import_id=taken.id, choice="all", staff_id=1, at=NOON)
    done = await carried_out(data, choice="valid")
    assert (done.state, done.report.counts) == ("done", {"new": 1, "faulty": 1})
    assert [article.shape["title"] for article in await drafts()] == ["造口护理十问"]


async def test_a_row_changes_only_what_it_says_otherwise() -> None:
    await a_tag()
    await carried_out(articles(an_article(作者="陈知远")))
    [before] = await drafts()
    blocks = [{"type": "quote", "key": "q", "text": "问一问"}]
    kept = await items.save_draft(
        item_id=before.item_id, shape={**before.shape, "blocks": blocks}, revision=1, staff_id=2, at=NOON
    )
    sheet = workbook(("文章", [("内容编号", "修订号", "标题", "作者"), (kept.item_id, await token(), "改了标题", "")]))
    done = await carried_out(sheet)
    [now] = await drafts()
    assert done.report.lines[0].fields == ["author", "title"]
    assert {**before.shape, "blocks": blocks, "title": "改了标题"} == {**now.shape, "author": {"name": "陈知远"}}
    assert now.updated_by == 1


async def token(kind: str = "article") -> str:
    around = await exports.sheet_facts.around(layout=exports.layout_of(kind))
    [row] = await connection().fetch("SELECT id FROM item WHERE kind = $1", kind)
    [now] = await exports.sheet_facts.as_now(kind=kind, item_ids=[row["id"]])
    return exports.row_of(exports.layout_of(kind), now, around)["修订号"]


async def test_what_an_editor_has_changed_since_is_a_conflict_and_stays() -> None:
    await a_tag()
    await carried_out(articles(an_article()))
    [before] = await drafts()
    old = await token()
    await items.save_draft(
        item_id=before.item_id, shape={**before.shape, "title": "编辑改的"}, revision=1, staff_id=2, at=NOON
    )
    by_key = await tried(articles(an_article(title="来源改的")))
    by_token = await tried(workbook(("文章", [("内容编号", "修订号", "标题"), (before.item_id, old, "表格改的")])))
    without = await tried(workbook(("文章", [("内容编号", "标题"), (before.item_id, "表格改的")])))
    assert [wrong(one)[0][-1] for one in (by_key, by_token, without)] == ["row_stale"] * 3
    same = await tried(articles(an_article(title="编辑改的")))
    assert same.report.counts == {"unchanged": 1, "faulty": 0}
    assert (await drafts())[0].shape["title"] == "编辑改的"


async def test_the_same_sheet_may_be_changed_and_taken_in_again() -> None:
    await a_tag()
    for title in ("一", "二", "三"):
        done = await carried_out(articles(an_article(title=title)))
        assert (done.state, (await drafts())[0].shape["title"]) == ("done", title)
    old = await token()
    [article] = await drafts()
    for title in ("四", "五"):
        sheet = workbook(("文章", [("内容编号", "修订号", "标题"), (article.item_id, old, title)]))
        assert (await carried_out(sheet)).state == "done"
    assert (await drafts())[0].shape["title"] == "五"


async def test_an_item_of_the_editors_is_never_taken_over_without_its_state() -> None:
    item_id = await draft("article", {"title": "手写的"})
    found = await tried(workbook(("文章", [("内容编号", "标题"), (item_id, "表格改的")])))
    assert [code for *_, code in wrong(found)] == ["revision_missing"]


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        ([("", 9_999_999, "")], ["item_unknown"]),
        ([("", "x7", "")], ["not_a_number"]),
        ([("K-2", "ONE", "")], ["key_differs"]),
        ([("K-1", "OTHER", "")], ["key_taken"]),
        ([("K-1", "", ""), ("", "ONE", "")], ["item_twice"]),
        ([("", "ONE", ""), ("", "ONE", "")], ["item_twice", "item_twice"]),
    ],
    ids=["unknown", "no number", "two keys", "another's key", "by both", "twice"],
)
async def test_a_row_is_about_one_item(rows: list[tuple[Any, ...]], codes: list[str]) -> None:
    await carried_out(workbook(("文章", [("外部编号", "标题"), ("K-1", "一")])))
    [one] = await drafts()
    meant = {"ONE": one.item_id, "OTHER": await draft("article", {"title": "另一条"})}
    sheet = [(key, meant.get(str(number), number), title or "一") for key, number, title in rows]
    found = await tried(workbook(("文章", [("外部编号", "内容编号", "标题"), *sheet])))
    assert [code for *_, code in wrong(found)] == codes


async def an_episode_sheet(*rows: Sequence[Any]) -> bytes:
    return workbook(("剧集", [EPISODE_HEADS, *rows]))


async def test_episodes_come_with_their_place_times_chapters_and_questions() -> None:
    series = await draft("series", {"title": "医探究竟"})
    season = await draft("season", {"title": "第一季"}, parent_id=series)
    chapters = "0:00 | 指检 | 面诊要点\n4:00 | 影像 | plan | image"
    row = [
        "E-1",
        "医探究竟",
        "第一季",
        "能不能保肛",
        "12:05",
        "2026-12-01 20:00",
        chapters,
        "还能保肛吗？ | 影像\n先听什么？ | 指检",
        "面诊要点",
    ]
    done = await carried_out(await an_episode_sheet(row), kind="episode")
    [made] = await drafts("episode")
    assert (done.state, made.parent_id) == ("done", season)
    assert made.shape == {
        "title": "能不能保肛",
        "duration_s": 725,
        "stage": "consultation",
        "chapters": [
            {"key": "c1", "title": "指检", "starts_at_s": 0, "stage": "consultation"},
            {"key": "image", "title": "影像", "starts_at_s": 240, "stage": "plan"},
        ],
        "questions": [{"text": "还能保肛吗？", "chapter": "image"}, {"text": "先听什么？", "chapter": "c1"}],
    }
    airing = await airings.airing_of(episode_id=made.item_id)
    assert airing is not None and airing.airs_at.isoformat() == "2026-12-01T12:00:00+00:00"

    other = await draft("series", {"title": "台前一问"})
    row[1:3], row[5] = ["台前一问", ""], ""
    moved = await carried_out(await an_episode_sheet(row), kind="episode")
    assert moved.report.lines[0].fields == ["parent_id", "airs_at"]
    [made] = await drafts("episode")
    airing = await airings.airing_of(episode_id=made.item_id)
    assert (made.parent_id, airing and airing.cancelled_at) == (other, NOON)


async def test_a_season_is_one_of_its_series() -> None:
    """Two series with a season of the same title: the season follows the series."""
    seasons = {}
    for title in ("甲", "乙"):
        series = await draft("series", {"title": title})
        seasons[title] = await draft("season", {"title": "第一季"}, parent_id=series)
    for title in ("甲", "乙"):
        row = ["E-1", title, "第一季", "一集", "", "", "", "", ""]
        await carried_out(await an_episode_sheet(row), kind="episode")
        assert (await drafts("episode"))[0].parent_id == seasons[title]


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        (1, "没有的系列", "parent_unknown"),
        (1, "同名", "parent_doubtful"),
        (2, "第九季", "parent_unknown"),
        (4, "很久", "not_a_time"),
        (5, "明天晚上", "not_an_instant"),
        (6, "影像", "not_a_time"),
        (6, "4:00 | 影像 | 术后", "not_a_choice"),
        (6, "4:00 | 影像 | plan | image | x", "too_many_parts"),
        (6, "4:00 | 影像 | plan | 大写", "bad_key"),
        (7, "问题 | 没有的一章", "chapter_unknown"),
    ],
)
async def test_what_an_episode_cannot_be_is_said(place: int, value: str, code: str) -> None:
    await draft("series", {"title": "医探究竟"})
    for _ in range(2):
        await draft("series", {"title": "同名"})
    row = ["E-1", "医探究竟", "", "一集", "", "", "", "", ""]
    row[place] = value
    found = await tried(await an_episode_sheet(row), kind="episode")
    assert [one[-1] for one in wrong(found)] == [code]


async def test_a_time_that_the_program_took_for_a_time_of_day_is_not_guessed() -> None:
    rows = [["E-1", "", "", "一", time(12, 5), "", "", "", ""], ["E-2", "", "", "二", time(0, 12, 5), "", "", "", ""]]
    found = await tried(await an_episode_sheet(*rows), kind="episode")
    assert [(one[1], one[-1]) for one in wrong(found)] == [(2, "time_doubtful")]


async def test_who_may_not_plan_sets_no_time_of_airing() -> None:
    row = ["E-1", "", "", "一集", "", "2026-12-01 20:00", "", "", ""]
    found = await tried(await an_episode_sheet(row), kind="episode", may_plan=False)
    assert wrong(found) == [("剧集", 2, "播出时间", "2026-12-01 20:00", "not_allowed")]


async def test_a_time_of_airing_that_was_moved_since_is_not_moved_back() -> None:
    episode = await draft("episode", {"title": "一集"})
    await airings.schedule(episode_id=episode, airs_at=after(days=1), staff_id=1, at=NOON)
    old = await token("episode")
    await airings.schedule(episode_id=episode, airs_at=after(days=9), staff_id=2, at=NOON)
    sheet = workbook(("剧集", [("内容编号", "修订号", "播出时间"), (episode, old, "2026-11-17 12:00")]))
    assert [one[-1] for one in wrong(await tried(sheet, kind="episode"))] == ["row_stale"]


async def test_what_is_no_sheet_is_not_kept() -> None:
    with pytest.raises(SheetUnknown):
        await tried(b"%PDF-1.7")
    assert await imports.listing() == []


async def test_files_are_found_by_number_or_name() -> None:
    cover, film = await a_file(name="封面.jpg"), await a_file("video", name="片.mp4")
    heads = ("外部编号", "标题", "封面", "视频", "封面说明")
    rows = [("E-1", "一", "封面.jpg", film, "手术室"), ("E-2", "二", film, "没有.mp4", "")]
    found = await tried(workbook(("剧集", [heads, *rows])), kind="episode")
    assert [(one[1], one[2], one[-1]) for one in wrong(found)] == [
        (3, "封面", "asset_wrong_kind"),
        (3, "视频", "asset_unknown"),
    ]
    await carried_out(workbook(("剧集", [heads, rows[0]])), kind="episode")
    [made] = await drafts("episode")
    assert made.shape["cover"] == {"asset": cover, "alt": "手术室"}
    assert made.shape["video"] == {"asset": film}
    assert await connection().value("SELECT count(*) FROM asset_use WHERE item_id = $1", made.item_id) == 2


async def test_an_article_is_put_into_its_section() -> None:
    made = [
        await sections.save(slug=slug, portal=Audience.DOCTOR, name_zh=name, staff_id=1, at=NOON)
        for slug, name in (("frontier", "学术前沿"), ("news-a", "资讯"), ("news-b", "资讯"))
    ]
    heads = ("外部编号", "标题", "栏目")
    await carried_out(articles(("A-1", "一", "学术前沿"), ("A-2", "二", "news-b"), heads=heads))
    placed = await connection().fetch("SELECT section_id FROM item ORDER BY position")
    assert [row["section_id"] for row in placed] == [made[0].id, made[2].id]
    assert (await tried(await exported())).report.counts == {"unchanged": 2, "faulty": 0}
    found = await tried(articles(("A-3", "三", "资讯"), ("A-4", "四", "没有"), heads=heads))
    assert [code for *_, code in wrong(found)] == ["section_doubtful", "section_unknown"]
    done = await carried_out(articles(("A-1", "一", ""), heads=heads))
    assert done.report.lines[0].fields == ["section_id"]


async def test_two_imports_of_one_sheet_at_once_make_each_item_once() -> None:
    await a_tag()
    data = articles(*(an_article(f"A-{number}", f"第 {number} 篇") for number in range(30)))
    taken = [await tried(data) for _ in range(2)]
    for one in taken:
        await imports.start(import_id=one.id, choice="all", staff_id=1, at=NOON)
    await asyncio.gather(*(import_work.carry_out_waiting(None, NOON) for _ in range(4)))
    ended = [await imports.import_of(import_id=one.id) for one in taken]
    assert [one.state for one in ended] == ["done", "done"]
    assert sorted(str(one.report.counts) for one in ended) == [
        str({"new": 30, "faulty": 0}),
        str({"unchanged": 30, "faulty": 0}),
    ]
    assert len(await drafts()) == 30


async def test_an_editor_who_saves_during_an_import_loses_nothing() -> None:
    await a_tag()
    await carried_out(articles(*(an_article(f"A-{number}", f"旧 {number}") for number in range(20))))
    before = await drafts()
    data = articles(*(an_article(f"A-{number}", f"新 {number}") for number in range(20)))
    taken = await tried(data)
    await imports.start(import_id=taken.id, choice="valid", staff_id=1, at=NOON)

    async def save(one: items.DraftState) -> bool:
        try:
            await items.save_draft(
                item_id=one.item_id, shape={**one.shape, "summary": "编辑"}, revision=one.revision, staff_id=2, at=NOON
            )
        except items.DraftStale:
            return False
        return True

    _, *saved = await asyncio.gather(import_work.carry_out(import_id=taken.id, at=NOON), *(save(one) for one in before))
    ended = await imports.import_of(import_id=taken.id)
    outcomes = {line.item_id: line.outcome for line in ended.report.lines}
    for one, was_saved in zip(before, saved, strict=True):
        now = await items.draft_of(item_id=one.item_id)
        # Whoever came first has it; the other was told.
        assert (now.shape.get("summary") == "编辑") == was_saved
        assert outcomes[one.item_id] == ("conflict" if was_saved else "changed")
        assert now.shape["title"].startswith("旧" if was_saved else "新")


async def test_all_or_nothing_takes_back_everything_where_one_row_cannot_be_done_by_then() -> None:
    await a_tag()
    await carried_out(articles(an_article()))
    taken = await tried(articles(an_article(title="新标题"), an_article("A-2", "又一篇")))
    await imports.start(import_id=taken.id, choice="all", staff_id=1, at=NOON)
    [one] = await drafts()
    await items.save_draft(
        item_id=one.item_id, shape={**one.shape, "title": "编辑改的"}, revision=1, staff_id=2, at=NOON
    )
    await import_work.carry_out_waiting(None, NOON)
    ended = await imports.import_of(import_id=taken.id)
    assert (ended.state, [code for *_, code in wrong(ended)]) == ("refused", ["row_stale"])
    assert [article.shape["title"] for article in await drafts()] == ["编辑改的"]


async def test_an_import_that_is_killed_in_the_middle_leaves_nothing_and_is_done_at_the_next_turn(
    settings: Any,
) -> None:
    data = workbook(("文章", [("外部编号", "标题"), *((f"A-{n}", f"第 {n} 篇") for n in range(300))]))
    taken = await tried(data)
    await imports.start(import_id=taken.id, choice="all", staff_id=1, at=NOON)
    working = asyncio.create_task(import_work.carry_out(import_id=taken.id, at=NOON))
    killer = await asyncpg.connect(settings.database_url)
    killed = 0
    async with asyncio.timeout(20):
        while not killed:
            await asyncio.sleep(0.02)
            killed = await killer.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() "
                "AND state LIKE 'idle in transaction%' OR (state = 'active' AND query LIKE 'INSERT INTO item %' "
                "AND datname = current_database())"
            )
    await killer.close()
    with pytest.raises(Exception, match=r"."):
        await working
    assert await connection().value("SELECT count(*) FROM item") == 0
    assert (await imports.import_of(import_id=taken.id)).state == "waiting"
    await import_work.carry_out_waiting(None, NOON)
    assert (await imports.import_of(import_id=taken.id)).state == "done"
    assert await connection().value("SELECT count(*) FROM item") == 300


async def test_what_fails_again_and_again_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = await tried(workbook(("文章", [("外部编号", "标题"), ("A-1", "一")])))
    await imports.start(import_id=taken.id, choice="all", staff_id=1, at=NOON)
    # What cannot be opened any more is a fault, and not the sheet's.
    await connection().execute("UPDATE sheet_import SET rows = '\\x00' WHERE id = $1", taken.id)
    for _ in range(2):
        with pytest.raises(Exception, match=r"."):
            await import_work.carry_out_waiting(None, NOON)
    await import_work.carry_out_waiting(None, NOON)
    assert (await imports.import_of(import_id=taken.id)).state == "failed"


async def test_a_big_sheet_is_taken_in_and_carried_out_in_a_bounded_time() -> None:
    body = "## 一节\n\n" + "造口护理的要点。" * 100
    rows = [(f"A-{number}", f"第 {number} 篇", body) for number in range(2000)]
    loop = asyncio.get_running_loop()
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            began = loop.time()
            await asyncio.sleep(0.01)
            longest = max(longest, loop.time() - began - 0.01)

    data = await asyncio.to_thread(workbook, ("文章", [("外部编号", "标题", "正文"), *rows]))
    watching = asyncio.create_task(watch())
    began = loop.time()
    done = await carried_out(data)
    taken = loop.time() - began
    watching.cancel()
    assert done.report.counts == {"new": 2000, "faulty": 0}
    assert taken < 60
    assert longest < 1.0


async def test_rows_that_nobody_wants_are_forgotten() -> None:
    taken = await tried(workbook(("文章", [("外部编号", "标题"), ("A-1", "一")])))
    await imports.forget(None, NOON + timedelta(days=8))
    with pytest.raises(ImportSettled):
        await imports.start(import_id=taken.id, choice="all", staff_id=1, at=NOON)


async def test_a_draft_that_was_thrown_away_is_made_again() -> None:
    await a_tag()
    await carried_out(articles(an_article()))
    await items.discard(item_id=(await drafts())[0].item_id, staff_id=1, at=NOON)
    assert (await carried_out(articles(an_article()))).report.counts == {"new": 1, "faulty": 0}


async def test_an_import_of_published_text_changes_the_draft_alone() -> None:
    episode = await published_episode(await published_series())
    sheet = workbook(("剧集", [("内容编号", "修订号", "标题"), (episode, await token("episode"), "改了")]))
    assert (await carried_out(sheet, kind="episode")).state == "done"
    assert (await items.draft_of(item_id=episode)).shape["title"] == "改了"
    assert await connection().value("SELECT title FROM live WHERE item_id = $1", episode) == "面诊：能不能保肛"
