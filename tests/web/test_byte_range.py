"""Parts of a file, as the header Range asks for them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.web.byte_range import RangeOutside, part_of, still_whole

CHANGED = datetime(2026, 11, 15, 4, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None),
        ("", None),
        ("bytes=0-0", (0, 1)),
        ("bytes=0-", (0, 100)),
        ("bytes=10-19", (10, 20)),
        ("Bytes = 10-19", (10, 20)),
        ("bytes=90-1000", (90, 100)),
        ("bytes=-1", (99, 100)),
        ("bytes=-1000", (0, 100)),
        ("bytes=99-99", (99, 100)),
        ("bytes=0-9,20-29", None),
        ("bytes=20-10", None),
        ("bytes=-", None),
        ("bytes=", None),
        ("bytes", None),
        ("bytes=a-b", None),
        ("bytes=1-2-3", None),
        ("bytes=--5", None),
        ("bytes=+1-2", None),
        ("bytes=１-２", None),
        ("bytes=0x1-2", None),
        ("items=0-1", None),
        ("bytes=" + "9" * 500 + "-", None),
    ],
)
def test_a_range_is_read_as_the_standard_says(header: str | None, part: tuple[int, int] | None) -> None:
    assert part_of(header, 100) == part


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=9999999999999999999-"])
def test_a_part_outside_the_file_is_refused(header: str) -> None:
    with pytest.raises(RangeOutside):
        part_of(header, 100)


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=-5", "bytes=0-0"])
def test_an_empty_file_has_no_parts(header: str) -> None:
    with pytest.raises(RangeOutside):
        part_of(header, 0)


@given(st.text(alphabet="bytes=0123456789-, ;x", max_size=30), st.integers(0, 2000))
def test_whatever_is_asked_for_lies_inside_the_file(header: str, size: int) -> None:
    try:
        part = part_of(header, size)
    except RangeOutside:
        return
    if part is not None:
        start, end = part
        assert 0 <= start < end <= size


@given(st.integers(0, 500), st.integers(0, 500), st.integers(1, 400))
def test_a_part_in_the_middle_is_just_what_was_asked_for(first: int, length: int, size: int) -> None:
    header = f"bytes={first}-{first + length}"
    if first >= size:
        with pytest.raises(RangeOutside):
            part_of(header, size)
    else:
        assert part_of(header, size) == (first, min(first + length + 1, size))


@pytest.mark.parametrize(
    ("if_range", "whole"),
    [
        (None, True),
        ("", True),
        ('"same"', True),
        ('"other"', False),
        ('W/"same"', False),
        ("Sun, 15 Nov 2026 04:00:00 GMT", True),
        ("Sun, 15 Nov 2026 04:00:01 GMT", False),
        ("yesterday", False),
        ("Sun, 99 Nov 2026 04:00:00 GMT", False),
        ("*", False),
    ],
)
def test_a_part_is_given_of_the_very_file_that_the_client_has(if_range: str | None, whole: bool) -> None:
    assert still_whole(if_range, etag='"same"', changed_at=CHANGED) is whole
