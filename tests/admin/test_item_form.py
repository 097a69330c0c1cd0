"""Forms of items: the same form gives the same draft, and nothing that was typed is lost."""

import contextlib
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.differences import differences, marked_up
from admin.kind_forms import shape_of
from content.film_times import film_time, seconds
from server.core.errors import Invalid
from server.web.forms import Form


def form(**fields: Any) -> Form:
    pairs = [(name.replace("__", "."), value) for name, given in fields.items() for value in given]
    return Form([(name, value) for name, value in parse_qsl(urlencode(pairs), keep_blank_values=True)])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("0:00", 0),
        ("12:05", 725),
        ("1:02:05", 3725),
        ("0:07.5", 7.5),
        ("90", 90),
        ("90：00", 5400),
        ("", ""),
        ("bald", "bald"),
        ("-1:00", "-1:00"),
        ("1:2:3:4", "1:2:3:4"),
        ("٣:٠٠", "٣:٠٠"),
    ],
)
def test_a_time_of_a_film_is_read_as_people_write_it(typed: str, meant: float | str) -> None:
    assert seconds(typed) == meant


@given(st.integers(min_value=0, max_value=86_400_000))
def test_a_time_that_is_written_is_read_back(thousandths: int) -> None:
    value = thousandths / 1000
    assert seconds(film_time(value)) == value


def test_what_is_empty_is_left_out() -> None:
    assert shape_of("episode", form(title=["  术前  谈话 "], summary=[""], audience=["everyone"])) == {
        "title": "术前 谈话",
        "audience": "everyone",
    }


def test_rows_are_read_in_their_order_and_empty_ones_are_none() -> None:
    shape = shape_of(
        "episode",
        form(
            chapters__key=["c1", "c2", "c3"],
            chapters__title=["指检", "", "影像"],
            chapters__starts_at_s=["0:00", "", "4:00"],
            chapters__stage=["consultation", "", ""],
            questions__text=["能保肛吗？", ""],
            questions__chapter=["c3", "c1"],
        ),
    )
    assert shape["chapters"] == [
        {"key": "c1", "title": "指检", "starts_at_s": 0, "stage": "consultation"},
        {"key": "c3", "title": "影像", "starts_at_s": 240},
    ]
    assert shape["questions"] == [{"text": "能保肛吗？", "chapter": "c3"}]


def test_what_is_no_number_is_kept_for_the_checks_to_name() -> None:
    shape = shape_of("episode", form(duration_s=["zwölf"], cover__asset=["../../etc"], consent_id=["１"]))
    assert shape == {"duration_s": "zwölf", "cover": {"asset": "../../etc"}, "consent_id": "１"}


@given(st.lists(st.tuples(st.sampled_from(["title", "tags", "chapters.title", "team.name", "video.url"]), st.text())))
def test_any_form_gives_a_draft_or_is_refused(pairs: list[tuple[str, str]]) -> None:
    with contextlib.suppress(Invalid):
        assert isinstance(shape_of("episode", Form(pairs)), dict)


def test_differences_are_marked_character_by_character() -> None:
    before = {"title": "术前谈话", "chapters": [{"key": "c1", "title": "指检", "starts_at_s": 0}]}
    after = {"title": "术后谈话", "chapters": [{"key": "c1", "title": "指检", "starts_at_s": 5}], "summary": "新"}
    found = {one.path: (str(one.before), str(one.after)) for one in differences(before, after)}
    assert found == {
        "title": ("术<del>前</del>谈话", "术<ins>后</ins>谈话"),
        "chapters.1.starts_at_s": ("0:0<del>0</del>", "0:0<ins>5</ins>"),
        "summary": ("", "<ins>新</ins>"),
    }


@given(st.text(max_size=60), st.text(max_size=60))
def test_marking_neither_loses_nor_runs_anything(before: str, after: str) -> None:
    left, right = marked_up(before, after)
    assert left.replace("<del>", "").replace("</del>", "").unescape() == before
    assert right.replace("<ins>", "").replace("</ins>", "").unescape() == after
    assert "<" not in left.replace("<del>", "").replace("</del>", "")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_draft_can_be_compared(value: Any) -> None:
    assert differences({"title": value}, {"title": value}) == []
    differences({"title": value}, {"chapters": value})
