"""The times of an event, and what makes two events the same."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp.envelope import CLOCK, LONGEST_WAIT, derive, from_milliseconds, to_milliseconds

DAY = 24 * 3600 * 1000
LONGEST = LONGEST_WAIT // timedelta(milliseconds=1)
MILLISECONDS = st.integers(min_value=to_milliseconds(datetime(1990, 1, 1, tzinfo=UTC)), max_value=2**43)


@pytest.mark.parametrize(
    ("created", "sent", "derived", "flags"),
    [
        (1000, 1000, 9000, 0),
        (1000, 4000, 6000, 0),
        (0, LONGEST, 9000 - LONGEST, 0),
        (0, LONGEST + 1, 9000, CLOCK),
        (4001, 4000, 9000, CLOCK),
        (1000, None, 9000, CLOCK),
    ],
    ids=[
        "sent at once",
        "kept for a while",
        "kept for 30 days",
        "kept too long",
        "created after it was sent",
        "no word",
    ],
)
def test_the_error_of_a_device_s_clock_is_taken_out(created: int, sent: int | None, derived: int, flags: int) -> None:
    assert derive(created_ms=created, sent_ms=sent, received_ms=9000) == (derived, flags)


@given(received=MILLISECONDS, wait=st.integers(min_value=0, max_value=LONGEST), error=st.integers(-(10**12), 10**12))
def test_an_error_of_the_device_s_clock_changes_nothing(received: int, wait: int, error: int) -> None:
    created = received - wait + error
    assert derive(created_ms=created, sent_ms=created + wait, received_ms=received) == (received - wait, 0)


@given(received=MILLISECONDS, created=MILLISECONDS, sent=MILLISECONDS)
def test_nothing_happens_after_it_was_received_nor_long_before(received: int, created: int, sent: int) -> None:
    derived, flags = derive(created_ms=created, sent_ms=sent, received_ms=received)
    assert received - 30 * DAY <= derived <= received
    assert flags in {0, CLOCK}


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9998, 1, 1), timezones=st.timezones()))
def test_times_are_cut_to_whole_milliseconds(at: datetime) -> None:
    back = from_milliseconds(to_milliseconds(at))
    assert timedelta() <= at - back < timedelta(milliseconds=1)
    assert back.microsecond % 1000 == 0
