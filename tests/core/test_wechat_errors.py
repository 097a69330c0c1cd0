"""Every number has its class, and the words are read but never matched."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.core import wechat_errors as errors
from server.core.wechat_codes import BY_CODE, error_of

DOCUMENTED = """
-1 40001 40002 40003 40004 40013 40014 40029 40037 40097 40125 40129 40159 40163 40164 40165 40169 40212 40226 40243
41001 41002 41004 41030 42001 43002 43101 43104 43107 43108 44002 44990 44991 44993 45009 45011 45029 47001 47003 48001
50004 50007 61010 76004 85079 85096 85401 85402 85403 85406 85407 85408 87007 87008 87009 87014 87020 89503 89506 89507
"""


@pytest.mark.parametrize("code", [int(code) for code in DOCUMENTED.split()])
def test_every_documented_number_has_a_class_of_its_own_kind(code):
    error = error_of(code, "words")

    assert type(error) is not errors.WeChatError
    assert error.code == code


def test_every_class_that_stands_for_numbers_names_them_in_its_text():
    for code, kind in BY_CODE.items():
        named = re.findall(r"[-−]?\d+", kind.__doc__ or "")
        assert str(code).replace("-", "−") in named, f"{kind.__name__} does not name {code}"


def test_an_unknown_number_is_a_plain_error_that_keeps_it():
    error = error_of(99999, "something new rid: 626d6eea-742b9141-407c26f8", call="/cgi-bin/x")

    assert type(error) is errors.WeChatError
    assert (error.code, error.message, error.rid) == (99999, "something new", "626d6eea-742b9141-407c26f8")
    assert str(error) == "/cgi-bin/x: 99999 something new (rid 626d6eea-742b9141-407c26f8)"


@pytest.mark.parametrize(
    ("errmsg", "message", "rid"),
    [
        ("invalid code", "invalid code", ""),
        ("invalid code, rid: 626d6eea-742b9141-407c26f8", "invalid code", "626d6eea-742b9141-407c26f8"),
        (
            "invalid code hint: [qigBTVNre-vXl5ra] rid: 626d6eea-742b9141-407c26f8",
            "invalid code",
            "626d6eea-742b9141-407c26f8",
        ),
        ("invalid appid hint: [a_b] ", "invalid appid", ""),
        ("x rid: 1-2-3", "x", "1-2-3"),
        ("grid: 1-2-3", "grid: 1-2-3", ""),
        ("", "", ""),
    ],
)
def test_the_trace_is_taken_out_of_the_words(errmsg, message, rid):
    error = error_of(40029, errmsg)

    assert (error.message, error.rid) == (message, rid)


@pytest.mark.parametrize(
    ("errmsg", "field"),
    [
        ("argument invalid! data.thing18.value invalid rid: 626d6eea-742b9141-407c26f8", "thing18"),
        ("argument invalid! data.character_string1.value i", "character_string1"),
        ("argument invalid! data.thing1", ""),
        ("argument invalid! data.character_str", ""),
        ("argument invalid!", ""),
    ],
)
def test_a_wrong_argument_names_its_field_unless_the_name_may_be_cut_off(errmsg, field):
    error = error_of(47003, errmsg)

    assert isinstance(error, errors.ArgumentInvalid)
    assert error.field == field


@settings(deadline=None)
@given(st.integers(), st.text())
def test_any_number_with_any_words_makes_an_error(code, errmsg):
    error = error_of(code, errmsg)

    assert error.code == code
    assert isinstance(str(error), str)
