"""Exports: what a list shows as a sheet, which an import finds unchanged, whatever the drafts hold."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from studio import NOON, a_consent, a_file, a_tag, after, draft, episode_text

from content import airings, exports, import_work, imports, items
from content.columns.cells import Around, Facts, Place, SectionName
from content.columns.layouts import LAYOUTS, NoSheet
from content.import_plan import Current, plan, problems_of
from content.import_rows import rows_of
from content.kinds import KINDS
from content.parts import STAGE_NAMES, Audience
from content.sheets import csv_text, reading, writing
from content.sheets.grids import Grid
from content.sheets.opening import opened
from server.core.db import connection

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
HARD = st.lists(
    st.sampled_from([*"=+-@'\t\r\n |｜\\、,;\"", "_x0041_", "<r>", "</r>", "\ufffe", "造口", "[[q]]", "2026-11-22"]),
    max_size=8,
).map("".join)
WORD = TEXT | HARD
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | WORD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HARD, inner, max_size=3),
    max_leaves=6,
)


def rows(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(st.fixed_dictionaries({}, optional=fields), max_size=3) | ANYTHING


PERSON = st.fixed_dictionaries({}, optional={"name": WORD, "title": WORD, "hospital": WORD}) | ANYTHING
SHARED = {
    "title": WORD,
    "summary": WORD,
    "tags": st.lists(st.sampled_from(["rectal-cancer", "stoma", "a-b", "unknown"]) | WORD, max_size=3) | ANYTHING,
    "audience": st.sampled_from(list(Audience)) | WORD,
    "cover": st.fixed_dictionaries({}, optional={"asset": st.integers(1, 9), "alt": WORD}) | ANYTHING,
    "author": PERSON,
    "reviewer": PERSON,
    "sources": rows(title=WORD, url=WORD),
    "valid_from": st.dates().map(str) | WORD,
    "valid_until": ANYTHING,
    "approval_number": WORD,
    "entitlement": WORD,
}
SHAPES = {
    "article": st.fixed_dictionaries(
        {},
        optional={
            **SHARED,
            "form": WORD,
            "body": WORD | st.just("长=" * 34_000),
            "related": ANYTHING,
            "blocks": ANYTHING,
        },
    ),
    "episode": st.fixed_dictionaries(
        {},
        optional={
            **SHARED,
            "stage": st.sampled_from(list(STAGE_NAMES)) | WORD,
            "duration_s": st.integers(0, 10_000) | st.floats(0, 1e4) | WORD,
            "chapters": rows(key=WORD, title=WORD, starts_at_s=st.floats(0, 1e4) | WORD, stage=WORD),
            "questions": rows(text=WORD, chapter=WORD),
            "team": rows(name=WORD, role=WORD),
            "video": st.fixed_dictionaries({}, optional={"asset": st.integers(1, 9), "url": WORD}) | ANYTHING,
            "documents": rows(asset=st.integers(1, 9) | WORD, title=WORD),
            "filmed_patient": ANYTHING,
            "consent_id": ANYTHING,
        },
    ),
}  # fmt: skip


async def texts(data: bytes) -> list[Grid]:
    return await reading.read(data, known=LAYOUTS["article"].known)


SERIES = Place(1, "series", "one", "同名", None)
AROUND = Around(
    tags={"rectal-cancer": "直肠癌", "stoma": "造口", "stoma-2": "造口", "a-b": "一、二", "直肠癌": "x"},
    places={
        1: SERIES,
        2: Place(2, "series", "two", "同名", None),
        3: Place(3, "season", "three", " 第 一 季 ", 1),
        4: Place(4, "season", "four", "", 1),
    },
    sections={1: SectionName(1, "news", "资讯"), 2: SectionName(2, "more", "资讯"), 3: SectionName(3, "x", "前 沿")},
    consents={"FILM-1": 7},
)
FACTS = {
    kind: st.builds(
        Facts,
        shape=shape.filter(lambda text: len(str(text)) < 100_000),
        parent_id=st.sampled_from([None, 1, 2, 3, 4]) if kind == "episode" else st.none(),
        section_id=st.sampled_from([None, 1, 2, 3]) if kind == "article" else st.none(),
        airs_at=st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    )
    for kind, shape in SHAPES.items()
}


@pytest.mark.parametrize("kind", ["article", "episode"])
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_exported_is_found_unchanged(kind: str, data: st.DataObject) -> None:
    layout = LAYOUTS[kind]
    told = data.draw(st.lists(FACTS[kind], min_size=1, max_size=3))
    for facts in told:
        if facts.airs_at is not None:
            facts.airs_at = facts.airs_at.replace(microsecond=0) if kind == "episode" else None
    now = [Current(item_id=number, revision=3, facts=facts) for number, facts in enumerate(told, 1)]
    written = [exports.row_of(layout, each, AROUND) for each in now]
    heads = exports.heads_of(layout, written)
    lines = [[row.get(head.name, "") for head in heads] for row in written]
    for sheet in (writing.as_workbook("x", heads, lines), writing.as_csv(heads, lines)):
        grids = opened(sheet)[:1] if sheet.startswith(b"PK") else csv_text.read(sheet, known=layout.known)
        rows = rows_of(grids, layout)
        assert rows.problems == []
        by_id = {each.item_id: each for each in now}
        planned = list(plan(rows.rows, layout=layout, by_id=by_id, by_key={}, twice={}, around=AROUND))
        assert problems_of(planned) == []
        assert [each.outcome for each in planned] == ["unchanged"] * len(now)


@pytest.mark.parametrize("format", ["xlsx", "csv"])
@pytest.mark.usefixtures("database")
async def test_an_export_of_everything_is_found_unchanged(format: Any) -> None:
    await a_tag()
    series = await draft("series", {"title": "同名"})
    for number, parent in enumerate([None, series, await draft("season", {"title": "第一季"}, parent_id=series)]):
        item_id = await draft("episode", await episode_text(tags=["rectal-cancer"]), parent_id=parent)
        await airings.schedule(episode_id=item_id, airs_at=after(days=number), staff_id=1, at=NOON)
    sheet = (await exports.export(kind="episode", format=format, at=NOON)).data
    found = await imports.take_in(kind="episode", name="x", data=sheet, may_plan=False, staff_id=1, at=NOON)
    assert found.report.counts == {"unchanged": 3, "faulty": 0}


@pytest.mark.usefixtures("database")
async def test_an_export_holds_what_the_list_shows() -> None:
    for title in ("造口护理", "化疗饮食"):
        await draft("article", {"title": title})
    sheet = await exports.export(kind="article", format="xlsx", at=NOON, text="造口")
    [grid] = await texts(sheet.data)
    assert (sheet.name, grid.name) == ("文章-2026-11-15.xlsx", "文章")
    assert [row.cells[3].text for row in grid.rows] == ["标题", "造口护理"]
    assert (await exports.export(kind="article", format="csv", at=NOON, state="published")).data.count(b"\r\n") == 1


@pytest.mark.usefixtures("database")
async def test_nothing_in_a_sheet_is_taken_for_a_formula() -> None:
    await draft("article", {"title": '=HYPERLINK("https://evil.example.org")', "summary": "+1", "body": "- 一\n- 二"})
    as_text = (await exports.export(kind="article", format="csv", at=NOON)).data
    [plain] = csv_text.read(as_text, known=LAYOUTS["article"].known)
    assert [cell.text for cell in plain.rows[1].cells if cell.text.startswith("'")] == [
        '\'=HYPERLINK("https://evil.example.org")',
        "'+1",
        "'- 一\n- 二",
    ]
    [grid] = await texts((await exports.export(kind="article", format="xlsx", at=NOON)).data)
    assert {cell.kind for row in grid.rows for cell in row.cells} == {""}


@pytest.mark.usefixtures("database")
async def test_a_long_body_goes_on_in_columns_of_its_own() -> None:
    body = "长" * 59_000
    await draft("article", {"title": "长文", "body": body})
    [grid] = await texts((await exports.export(kind="article", format="xlsx", at=NOON)).data)
    names = [cell.text for cell in grid.rows[0].cells]
    pieces = [grid.rows[1].cells[names.index(name)].text for name in ("正文", "正文（续）")]
    assert "".join(pieces) == body
    assert max(map(len, pieces)) <= 32_767


@pytest.mark.usefixtures("database")
async def test_a_template_is_taken_in_without_a_fault() -> None:
    for kind in LAYOUTS:
        for format in ("xlsx", "csv"):
            sheet = await exports.template(kind=kind, format=format)  # type: ignore[arg-type]  # one of two
            found = await imports.take_in(kind=kind, name="x", data=sheet.data, may_plan=True, staff_id=1, at=NOON)
            assert (found.report.lines, found.report.problems) == ([], [])


def test_every_field_of_a_kind_has_a_column_or_a_reason() -> None:
    without = {"article": {"blocks", "documents"}, "episode": set()}
    for kind, layout in LAYOUTS.items():
        fields = {column.field for column in layout.columns} - {"parent_id", "airs_at", "section_id"}
        assert KINDS[kind].field_names - fields == without[kind]


@pytest.mark.usefixtures("database")
async def test_a_full_episode_is_written_and_made_again_as_it_was() -> None:
    """From an export, under a key of its own and without its number, comes a twin."""
    await a_tag()
    consent = await a_consent("FILM-1")
    shape = await episode_text(
        tags=["rectal-cancer"],
        audience="doctor",
        documents=[{"asset": await a_file("document"), "title": "讲义"}],
        filmed_patient=True,
        consent_id=consent,
        sources=[{"title": "指南 | 第 3 版", "url": "https://example.org/a"}, {"title": "综述"}],
        author={"name": "陈一川", "hospital": "江城示范医院"},
        valid_until="2027-03-01",
    )
    await draft("episode", shape)
    [grid] = csv_text.read(
        (await exports.export(kind="episode", format="csv", at=NOON)).data, known=LAYOUTS["episode"].known
    )
    lines = [[cell.text for cell in row.cells] for row in grid.rows]
    lines[1][:3] = ["E-1", "", ""]
    found = await imports.take_in(
        kind="episode", name="x", data=csv_text.write(lines), may_plan=True, staff_id=1, at=NOON
    )
    assert (found.report.problems, found.report.counts) == ([], {"new": 1, "faulty": 0})
    await imports.start(import_id=found.id, choice="all", staff_id=1, at=NOON)
    await import_work.carry_out_waiting(None, NOON)
    twin = await connection().value("SELECT max(id) FROM item")
    assert (await items.draft_of(item_id=twin)).shape == shape


@pytest.mark.usefixtures("database")
async def test_only_kinds_with_a_sheet_are_exported() -> None:
    with pytest.raises(NoSheet):
        await exports.export(kind="product", format="xlsx", at=NOON)
