"""Phone numbers: how one is written, and how it may be shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp.phones import PhoneInvalid, canonical, masked
from server.core.wechat import PhoneNumber


@pytest.mark.parametrize(
    ("local", "country", "written", "shown"),
    [
        ("13800138001", "86", "+8613800138001", "138****8001"),
        ("60000001", "852", "+85260000001", "852****0001"),
        ("138 0013 8001", "86", "+8613800138001", "138****8001"),
        ("1234", "1", "+11234", "11****34"),
    ],
    ids=["chinese", "hong kong", "spaces", "shortest"],
)
def test_a_number_is_written_in_one_way_and_shown_without_its_middle(
    local: str, country: str, written: str, shown: str
) -> None:
    assert canonical(PhoneNumber(f"+{country}{local}", local, country)) == written
    assert masked(written) == shown


@pytest.mark.parametrize(
    ("local", "country"), [("", "86"), ("abc", "86"), ("1" * 20, "86"), ("13800138001", "八六"), ("1", "")]
)
def test_what_is_no_number_is_refused(local: str, country: str) -> None:
    with pytest.raises(PhoneInvalid):
        canonical(PhoneNumber(local, local, country))


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_a_masked_number_shows_at_most_seven_digits(number: str) -> None:
    shown = masked(number)
    assert "****" in shown
    assert sum(map(str.isdigit, shown)) <= 7
    assert number[1:] not in shown
