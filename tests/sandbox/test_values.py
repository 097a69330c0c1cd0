"""The rules for the values of a message, as the platform's table has them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.sandbox.values import RULES, fault_of

GOOD = {
    "thing1": ["医探究竟 第一集", "a" * 20, "🌸" * 20, "!"],
    "number2": ["0", "12", "3.14", "9" * 32, "1" * 16 + "." + "2" * 16],
    "letter3": ["a", "Z" * 32],
    "symbol4": ["!", "¥%&*。"],
    "character_string5": ["A-1/2#", "x" * 32],
    "time6": [
        "15:01",
        "15:01:59",
        "2019年10月1日 15:01",
        "2019-10-01 15:01",
        "9:05~10:05",
        "2019年10月1日 15:01~2019年10月1日 16:01",
    ],
    "date7": ["2019年10月1日", "2019-10-1", "2019/10/01", "2019.10.01", "2019年10月1日 15:01", "2019-10-01~2019-10-03"],
    "amount8": ["100", "￥100", "$1.50", "1234567890元", "0.01元"],
    "phone_number9": ["13800138001", "+86-0766-66888866", "(010)1234"],
    "car_number10": ["粤A8Z888挂", "AB12345"],
    "name11": ["陈一诺", "十个汉字的名字正好呀", "Jean-Luc Picard", "a" * 20, "阿卜杜·热合曼"],
    "phrase12": ["已开始", "五个汉字呀"],
    "enum13": ["线上", "线下"],
}
BAD = {
    "thing1": ["长" * 21, "a\nb", "a\x00b", "a\u2028b", "a\x7fb"],
    "number2": ["1e3", "-1", "1.", ".5", "1,000", "9" * 33, "１２", "٣"],
    "letter3": ["a1", "a b", "é", "a" * 33],
    "symbol4": ["a", "!!!!!!", "中"],
    "character_string5": ["中文", "a b", "x" * 33],
    "time6": ["24:00", "15:60", "15", "明天 15:01", "2019-02-30 15:01", "15:01~", "1:1", "15:01~16:01~17:01"],
    "date7": ["15:01", "2019-13-01", "2019-1", "10-01", "2019/10-01", "2019年2月29日", "一月一日"],
    "amount8": ["￥", "12345678901", "1.2.3", "元", "¥¥1", "一百"],
    "phone_number9": ["1" * 18, "电话", "abc"],
    "car_number10": ["粤A8Z88888挂", "A-1"],
    "name11": ["十一个汉字的名字正好不行", "a" * 21, "陈Abcdefghij", "陈1"],
    "phrase12": ["六个汉字不行呀", "ok", "好!"],
    "enum13": ["别处"],
    "unheard1": ["x"],
    "thing": ["x"],
    "Thing1": ["x"],
    "1": ["x"],
}
ENUMS = {"enum13": ("线上", "线下")}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in GOOD.items() for value in values])
def test_a_value_that_keeps_its_rule_is_taken(key, value):
    assert fault_of(key, value, enums=ENUMS) == ""


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in BAD.items() for value in values], ids=ascii)
def test_a_value_that_breaks_its_rule_is_invalid(key, value):
    assert fault_of(key, value, enums=ENUMS) == "invalid"


@pytest.mark.parametrize("key", GOOD)
def test_an_empty_value_is_told_apart(key):
    assert fault_of(key, "", enums=ENUMS) == "empty"


@settings(deadline=None)
@given(st.sampled_from(sorted(RULES)), st.text(max_size=40))
def test_any_text_gets_a_verdict(kind, value):
    assert fault_of(f"{kind}1", value, enums={}) in {"", "empty", "invalid"}


@settings(deadline=None)
@given(st.datetimes())
def test_every_moment_written_the_usual_ways_is_a_time_and_its_day_a_date(moment):
    day = f"{moment.year:04}年{moment.month}月{moment.day}日"

    assert fault_of("time1", f"{day} {moment:%H:%M}", enums={}) == ""
    assert fault_of("time1", f"{moment:%H:%M:%S}", enums={}) == ""
    assert fault_of("date1", day, enums={}) == ""
    assert fault_of("date1", f"{day}~{day}", enums={}) == ""
