"""The values of messages fit the types of their templates, by our own rule and by the stand-in's."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp.message_values import FieldUnknown, ValueUnfit, check_field, fit, fitted, spoken_time
from server.sandbox.values import fault_of


@pytest.mark.parametrize(
    ("place", "text", "value"),
    [
        ("thing1", "直肠癌保肛手术", "直肠癌保肛手术"),
        ("thing1", "医" * 20, "医" * 20),
        ("thing1", "医" * 21, "医" * 19 + "…"),
        ("thing1", "  一行\n两行\t三行\x00\u2028完 ", "一行 两行 三行 完"),
        ("thing1", "a\u200b\u202eb", "ab"),
        ("thing2", "😀" * 11, "😀" * 9 + "…"),
        ("thing2", "👨‍👩‍👧" * 4, "👨‍👩‍👧" * 2 + "👨…"),
        ("time2", "2026年11月3日 19:30", "2026年11月3日 19:30"),
        ("time2", "19:30", "19:30"),
        ("time2", "2026年11月3日 19:30~21:00", "2026年11月3日 19:30~21:00"),
        ("date3", "2026-11-03", "2026-11-03"),
        ("date3", "2026年11月3日 19:30", "2026年11月3日 19:30"),
        ("number4", "12.5", "12.5"),
        ("phrase5", "即将开始", "即将开始"),
        ("name6", "陈医生", "陈医生"),
        ("name6", "欧阳" * 6, "欧阳" * 5),
        ("name6", "A" * 25, "A" * 20),
        ("character_string7", "EP-17/2", "EP-17/2"),
        ("amount8", "¥12.50元", "¥12.50元"),
    ],
)
def test_a_value_is_made_to_fit(place: str, text: str, value: str) -> None:
    assert fit(place, text) == value
    assert fault_of(place, value, enums={}) == ""


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("thing1", ""),
        ("thing1", " \n\t"),
        ("thing1", "\ud800"),
        ("time2", "明天"),
        ("time2", "24:00"),
        ("time2", "2026年11月3日"),
        ("date3", "19:30"),
        ("number4", "1e5"),
        ("number4", "1" * 33),
        ("letter5", "字"),
        ("phrase5", "即将开始直播"),
        ("phrase5", "soon"),
        ("character_string7", "第一集"),
        ("amount8", "12345678901"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_name(place: str, text: str) -> None:
    with pytest.raises(ValueUnfit) as refused:
        fit(place, text)
    assert refused.value.field == place


@pytest.mark.parametrize("place", ["", "thing", "1", "unknown1", "Thing1", "thing1 ", "thing1234", "thing1.value"])
def test_a_place_of_no_known_type_is_refused(place: str) -> None:
    with pytest.raises(FieldUnknown):
        check_field(place)


def test_a_template_is_filled_by_name() -> None:
    places = {"thing1": "title", "time2": "starts", "thing3": "note"}
    texts = {"title": "医探究竟：" + "长" * 30, "starts": "2026年11月3日 19:30", "note": "即将开播", "more": "不用"}
    assert fitted(places, texts) == {
        "thing1": "医探究竟：" + "长" * 14 + "…",
        "time2": "2026年11月3日 19:30",
        "thing3": "即将开播",
    }


def test_a_text_that_the_template_wants_and_nobody_gave_is_named() -> None:
    with pytest.raises(ValueUnfit) as refused:
        fitted({"thing9": "absent"}, {})
    assert refused.value.field == "thing9"


@given(st.text(max_size=60))
def test_any_text_becomes_a_thing_that_the_service_takes_or_nothing(text: str) -> None:
    try:
        value = fit("thing1", text)
    except ValueUnfit:
        return
    assert fault_of("thing1", value, enums={}) == ""
    assert len(value.encode("utf-16-le")) <= 40


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))
def test_a_spoken_time_is_one_that_the_service_takes(at: datetime) -> None:
    spoken = spoken_time(at)
    assert fit("time1", spoken) == spoken
    assert fault_of("time1", spoken, enums={}) == ""
    assert fault_of("date1", spoken, enums={}) == ""


def test_a_time_is_spoken_in_shanghai() -> None:
    assert spoken_time(datetime(2026, 12, 31, 16, 5, tzinfo=UTC)) == "2027年1月1日 00:05"
