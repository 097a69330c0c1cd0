"""Who gets the last credit, and when marketing has to keep quiet."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp.message_rules import Urgency, Waiting, allotted, line, next_try, peaceful_from
from server.core.clock import SHANGHAI

NOON = datetime(2026, 11, 3, 12, tzinfo=SHANGHAI)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)


def waiting(number: int, urgency: Urgency, *, due_in: timedelta = timedelta(0), pool: str = "airing") -> Waiting:
    return Waiting(number=number, pool=pool, urgency=urgency, due_at=NOON + due_in)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Urgency.CANCELLED, Urgency.SOON),
        (Urgency.SOON, Urgency.CHANGED),
        (Urgency.CANCELLED, Urgency.CHANGED),
        (Urgency.CHANGED, Urgency.MARKETING),
    ],
)
def test_the_last_credit_goes_to_the_more_urgent_message(first: Urgency, second: Urgency) -> None:
    messages = [waiting(1, second), waiting(2, first)]
    assert allotted(messages, {"airing": 1}) == {2}


def test_a_change_of_time_leaves_the_last_credit_to_a_reminder_that_is_due_later() -> None:
    change = waiting(1, Urgency.CHANGED)
    reminder = waiting(2, Urgency.SOON, due_in=3 * DAY)
    assert allotted([change, reminder], {"airing": 1}) == {2}
    assert allotted([change, reminder], {"airing": 2}) == {1, 2}


def test_a_cancellation_that_comes_up_takes_the_credit_from_the_reminder() -> None:
    reminder = waiting(1, Urgency.SOON, due_in=HOUR)
    assert allotted([reminder], {"airing": 1}) == {1}
    assert allotted([reminder, waiting(2, Urgency.CANCELLED)], {"airing": 1}) == {2}


def test_of_equally_urgent_messages_the_one_that_is_due_first_has_the_credit() -> None:
    assert allotted([waiting(1, Urgency.SOON, due_in=DAY), waiting(2, Urgency.SOON)], {"airing": 1}) == {2}
    assert allotted([waiting(2, Urgency.SOON), waiting(1, Urgency.SOON)], {"airing": 1}) == {1}


def test_templates_of_their_own_have_credits_of_their_own() -> None:
    messages = [waiting(1, Urgency.CANCELLED, pool="cancelled"), waiting(2, Urgency.CHANGED, pool="changed")]
    assert allotted(messages, {"changed": 1}) == {2}


WAITING = st.builds(
    Waiting,
    number=st.integers(1, 10_000),
    pool=st.sampled_from(["a", "b"]),
    urgency=st.sampled_from(list(Urgency)),
    due_at=st.integers(0, 5).map(lambda hours: NOON + hours * HOUR),
)


@given(
    st.lists(WAITING, unique_by=lambda message: message.number, max_size=12),
    st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 6)),
)
def test_no_more_are_allotted_than_there_are_and_nobody_is_passed_over(
    messages: list[Waiting], remaining: dict[str, int]
) -> None:
    having = allotted(messages, remaining)
    for pool in ("a", "b"):
        here = line(message for message in messages if message.pool == pool)
        got = [message.number in having for message in here]
        assert sum(got) == min(len(here), remaining.get(pool, 0))
        assert got == sorted(got, reverse=True)


@given(st.lists(WAITING, unique_by=lambda message: message.number, max_size=12), st.integers(0, 6), st.randoms())
def test_the_order_in_which_messages_are_told_does_not_matter(
    messages: list[Waiting], left: int, chance: object
) -> None:
    shuffled = list(messages)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert allotted(shuffled, {"a": left}) == allotted(messages, {"a": left})


@pytest.mark.parametrize(
    ("at", "due"),
    [
        (datetime(2026, 11, 3, 20, 59, 59, 999999, SHANGHAI), datetime(2026, 11, 3, 20, 59, 59, 999999, SHANGHAI)),
        (datetime(2026, 11, 3, 21, tzinfo=SHANGHAI), datetime(2026, 11, 4, 8, tzinfo=SHANGHAI)),
        (datetime(2026, 11, 3, 23, 59, 59, tzinfo=SHANGHAI), datetime(2026, 11, 4, 8, tzinfo=SHANGHAI)),
        (datetime(2026, 11, 4, 0, tzinfo=SHANGHAI), datetime(2026, 11, 4, 8, tzinfo=SHANGHAI)),
        (datetime(2026, 11, 4, 7, 59, 59, 999999, SHANGHAI), datetime(2026, 11, 4, 8, tzinfo=SHANGHAI)),
        (datetime(2026, 11, 4, 8, tzinfo=SHANGHAI), datetime(2026, 11, 4, 8, tzinfo=SHANGHAI)),
        # The same instant told in another zone: 13:00 UTC is 21:00 in Shanghai, on the last day of a year.
        (datetime(2026, 12, 31, 13, tzinfo=UTC), datetime(2027, 1, 1, 0, tzinfo=UTC)),
    ],
    ids=["last instant of the day", "nine", "midnight before", "midnight", "last instant of quiet", "eight", "in UTC"],
)
def test_marketing_is_quiet_from_nine_to_eight_in_shanghai(at: datetime, due: datetime) -> None:
    assert peaceful_from(at, sent=[]) == due


@pytest.mark.parametrize(
    ("ago", "waits"),
    [
        ([DAY], timedelta(0)),
        ([DAY - INSTANT], INSTANT),
        ([HOUR], 23 * HOUR),
        ([7 * DAY, 2 * DAY], timedelta(0)),
        ([7 * DAY - INSTANT, 2 * DAY], INSTANT),
        ([6 * DAY, 2 * DAY], DAY),
        ([6 * DAY, 5 * DAY, 2 * DAY], 2 * DAY),
        ([6 * DAY, HOUR], DAY),
    ],
    ids=["a day ago", "not quite a day", "an hour", "two, one just out", "two, one just in", "two", "three", "both"],
)
def test_marketing_goes_out_once_in_a_day_and_twice_in_seven(ago: list[timedelta], waits: timedelta) -> None:
    assert peaceful_from(NOON, sent=[NOON - past for past in ago]) == NOON + waits


def test_when_the_cap_ends_at_night_marketing_waits_for_the_morning() -> None:
    at = datetime(2026, 11, 3, 20, 30, tzinfo=SHANGHAI)
    sent = [datetime(2026, 11, 2, 21, 15, tzinfo=SHANGHAI)]
    assert peaceful_from(at, sent=sent) == datetime(2026, 11, 4, 8, tzinfo=SHANGHAI)


@given(st.integers(0, 400), st.lists(st.integers(1, 8 * 24 * 60), max_size=6))
def test_whatever_was_sent_marketing_keeps_every_cap_and_the_quiet(hours: int, minutes_ago: list[int]) -> None:
    at = NOON + hours * HOUR
    sent = [at - timedelta(minutes=ago) for ago in minutes_ago]
    moment = peaceful_from(at, sent=sent)
    assert moment >= at
    assert 8 <= moment.astimezone(SHANGHAI).hour < 21
    assert sum(past > moment - DAY for past in sent) < 1
    assert sum(past > moment - 7 * DAY for past in sent) < 2


def test_pauses_between_tries_grow_to_five_minutes_and_heed_the_service() -> None:
    pauses = [(next_try(NOON, tries=tries) - NOON).total_seconds() for tries in (1, 2, 3, 4, 5, 6, 1000)]
    assert pauses == [5, 15, 45, 135, 300, 300, 300]
    assert next_try(NOON, tries=1, retry_after_s=60) == NOON + timedelta(seconds=60)
