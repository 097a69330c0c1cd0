"""What was looked for: counted without a person, listed for editors, suggested only if enough people look for it."""

from datetime import date, timedelta

import pytest

from content import personal, searched, suggestions
from content.searched import ENOUGH, MOST_A_DAY, count_people, dismiss, is_private, note, unfound
from server.core import clock
from server.core.db import connection
from server.core.roles import GUEST, Audience, Reader, Role
from tests.content.studio import NOON, after, published_series

DAY = clock.day_of(NOON)


def reader(number: int, *, consents: tuple[str, ...] = ("analytics",)) -> Reader:
    return Reader(account_id=number, roles=frozenset({Role.DOCTOR}), consented=frozenset(consents))


async def looked_for(
    text: str, *, found: int = 0, who: Reader = GUEST, portal: Audience = Audience.DOCTOR, **by: float
) -> None:
    await note(typed=text, text=text, found=found, reader=who, portal=portal, at=after(**by))


@pytest.mark.parametrize(
    "text",
    [
        "13812345678",
        "138 1234 5678",
        "一三八一二三四五六七八",
        "我的电话 021-6543-2100",
        "110101199003074578",
        "someone@example.org",
        "https://example.org",
        "www.example.org",
        "wxid_a1b2c3d4",
        "病" * 41,
    ],
)
async def test_what_looks_like_a_number_of_somebody_is_not_kept(database: None, text: str) -> None:
    assert is_private(text)
    await looked_for(text)
    await note(typed=text, text="病历", found=0, reader=GUEST, portal=Audience.DOCTOR, at=NOON)
    assert await connection().value("SELECT count(*) FROM searched") == 0


@pytest.mark.parametrize("text", ["ＴＥＬ１３８１２３４５６７８"])
async def test_full_width_figures_are_figures(database: None, text: str) -> None:
    await note(typed=text, text="病历", found=0, reader=GUEST, portal=Audience.DOCTOR, at=NOON)
    assert await connection().value("SELECT count(*) FROM searched") == 0


@pytest.mark.parametrize("text", ["CA19-9", "COVID-19", "距肛缘4厘米", "pd1 抑制剂", "T3N1M0", "5-FU", "HbA1c"])
def test_words_of_medicine_are_not_private(text: str) -> None:
    assert not is_private(text)


async def test_what_finds_nothing_is_listed_with_its_days_and_no_person(database: None) -> None:
    for _ in range(3):
        await looked_for("肠外瘘", who=reader(1))
    await looked_for("肠外瘘", days=2)
    await looked_for("保肛", found=4)
    await looked_for("放射性肠炎", portal=Audience.PATIENT)
    (first, second) = await unfound(at=after(days=2))
    assert (first.text, first.times, first.last_on, first.by_day) == (
        "肠外瘘",
        4,
        DAY + timedelta(days=2),
        [1, 0, 3, 0, 0, 0, 0],
    )
    assert (second.text, second.times) == ("放射性肠炎", 1)
    columns = await connection().fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'searched'"
    )
    assert {row["column_name"] for row in columns} == {"id", "day", "portal", "text", "times", "unfound"}
    assert await connection().value("SELECT count(*) FROM searcher") == 0


async def test_what_looks_like_a_name_is_listed_only_once_it_comes_often(database: None) -> None:
    await looked_for("王小明")
    assert await unfound(at=NOON) == []
    for _ in range(searched.NAMES_FROM - 1):
        await looked_for("王小明")
    assert [one.text for one in await unfound(at=NOON)] == ["王小明"]


async def test_what_editors_have_dealt_with_is_listed_no_more(database: None) -> None:
    await looked_for("肠外瘘")
    await dismiss(text="肠外瘘", staff_id=3, at=NOON)
    await dismiss(text="肠外瘘", staff_id=3, at=NOON)
    await dismiss(text="never asked", staff_id=3, at=NOON)
    assert await unfound(at=NOON) == []
    assert await connection().value("SELECT count(*) FROM audit_entry WHERE deed = 'search.dismiss'") == 1
    assert await connection().value("SELECT count(*) FROM search_dismissal") == 1


async def test_a_day_keeps_a_bounded_number_of_texts(database: None) -> None:
    await connection().execute(
        "INSERT INTO searched (day, portal, text, times, unfound) SELECT $1, 'doctor', 'x' || n, 1, 1 "
        "FROM generate_series(1, $2::int) n",
        DAY,
        MOST_A_DAY - 1,
    )
    await looked_for("最后一个")
    await looked_for("再一个")
    await looked_for("最后一个")
    rows = await connection().fetch("SELECT text, times FROM searched WHERE text IN ('最后一个', '再一个')")
    assert [(row["text"], row["times"]) for row in rows] == [("最后一个", 2)]


async def test_only_what_enough_different_people_look_for_is_suggested(database: None) -> None:
    await published_series(title="保肛手术与造口护理")
    for number in range(1, ENOUGH + 1):
        await looked_for("保肛", found=1, who=reader(number))
        await looked_for("造口", found=1, who=reader(number % (ENOUGH - 1) + 1))
        await looked_for("造口", found=1, who=reader(number + 50, consents=()))
        await looked_for("造口", found=1)
    await count_people(None, NOON)
    assert await searched.popular(portal=Audience.DOCTOR) == ["保肛"]
    assert await searched.popular(portal=Audience.PATIENT) == []
    given = {"reader": GUEST, "at": NOON + timedelta(hours=1)}
    seen = await suggestions.suggestions(text="", portal=Audience.DOCTOR, **given)
    assert [(one.of, one.text) for one in seen] == [("search", "保肛")]
    assert await suggestions.suggestions(text="", portal=Audience.PATIENT, **given) == []


async def test_what_many_look_for_is_not_suggested_to_whom_it_finds_nothing(database: None) -> None:
    await published_series(title="保肛手术", summary="", problem="", audience="doctor")
    for number in range(1, ENOUGH + 1):
        await looked_for("保肛", found=1, who=reader(number))
    await count_people(None, NOON)
    at = NOON + timedelta(hours=1)
    for who, expected in ((GUEST, []), (reader(1), ["保肛"])):
        seen = await suggestions.suggestions(text="保", reader=who, portal=Audience.DOCTOR, at=at)
        assert [one.text for one in seen if one.of == "search"] == expected


async def test_the_weeks_of_one_person_do_not_add_up_to_many(database: None) -> None:
    for week in range(ENOUGH):
        await looked_for("保肛", found=1, who=reader(1), weeks=week)
        await count_people(None, after(weeks=week))
    assert await searched.popular(portal=Audience.DOCTOR) == []


async def test_the_key_of_a_week_goes_with_it(database: None) -> None:
    await looked_for("保肛", found=1, who=reader(1))
    before = await connection().row("SELECT who FROM searcher")
    await count_people(None, after(weeks=1))
    assert await connection().value("SELECT (SELECT count(*) FROM searcher) + (SELECT count(*) FROM search_week)") == 0
    await looked_for("保肛", found=1, who=reader(1), weeks=1)
    again = await connection().row("SELECT who FROM searcher")
    assert before is not None
    assert again is not None
    assert before["who"] != again["who"]


async def test_what_is_old_is_forgotten(database: None) -> None:
    await looked_for("肠外瘘")
    await dismiss(text="肠外瘘", staff_id=1, at=NOON)
    await connection().execute(
        "INSERT INTO popular_search (portal, text, people, week) VALUES ('doctor', '保肛', 9, $1)", date(2026, 11, 9)
    )
    await count_people(None, after(days=200))
    for table in ("searched", "popular_search", "search_dismissal"):
        assert await connection().value(f"SELECT count(*) FROM {table}") == 0


async def test_a_person_can_read_and_erase_what_is_held_of_them(database: None) -> None:
    await looked_for("保肛", found=1, who=reader(1))
    await looked_for("保肛", found=1, who=reader(2))
    assert (await personal.export(account_ids=[1]))["searches"] == [{"text": "保肛", "portal": "doctor"}]
    erased = await personal.erase(account_ids=[1], at=NOON)
    assert erased.rows == 1
    assert (await personal.export(account_ids=[1]))["searches"] == []
    assert (await personal.export(account_ids=[2]))["searches"] == [{"text": "保肛", "portal": "doctor"}]
