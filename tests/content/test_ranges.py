"""Ranges of a time line: a set of milliseconds, whatever order and shape its parts came in."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.ranges import Ranges, milliseconds, watchable

# A short time line, so that ranges touch, overlap and repeat often.
LENGTH = 60
bounds = st.tuples(st.integers(0, LENGTH), st.integers(0, LENGTH)).map(lambda pair: (min(pair), max(pair)))
parts = st.lists(bounds, max_size=8)
ranges = parts.map(Ranges.of)


def points(of: Ranges) -> set[int]:
    """Spell a set of ranges out: the slow truth that the quick one is held against."""
    return {point for start, end in of for point in range(start, end)}


@given(parts)
def test_ranges_are_sorted_apart_and_never_empty(pairs: list[tuple[int, int]]) -> None:
    made = Ranges.of(pairs)
    assert points(made) == {point for start, end in pairs for point in range(start, end)}
    assert all(start < end for start, end in made)
    assert all(before[1] < after[0] for before, after in zip(made.pairs, made.pairs[1:], strict=False))


@given(ranges, ranges)
def test_the_deeds_on_ranges_are_those_on_sets_of_points(one: Ranges, other: Ranges) -> None:
    assert points(one | other) == points(one) | points(other)
    assert points(one & other) == points(one) & points(other)
    assert points(one - other) == points(one) - points(other)
    for made in (one | other, one & other, one - other):
        assert made == Ranges.of(made.pairs), "the result is in normal form"


@given(ranges, ranges, ranges)
def test_the_union_minds_neither_order_nor_repetition(one: Ranges, two: Ranges, three: Ranges) -> None:
    assert (one | two) | three == one | (two | three)
    assert one | two == two | one
    assert one | one == one
    assert one | Ranges() == Ranges() | one == one


@given(ranges, ranges)
def test_what_is_covered_only_grows_and_never_counts_twice(had: Ranges, watched: Ranges) -> None:
    assert (had | watched).covered >= max(had.covered, watched.covered)
    assert (had | watched).covered == had.covered + (watched - had).covered
    assert had.covered == len(points(had))


@given(ranges, st.integers(0, LENGTH + 5))
def test_what_lies_beyond_the_end_is_cut(made: Ranges, length: int) -> None:
    assert points(made.within(length)) == {point for point in points(made) if point < length}


@given(ranges, st.integers(-5, LENGTH + 5))
def test_the_first_of_a_set_are_its_earliest_points(made: Ranges, amount: int) -> None:
    assert points(made.first(amount)) == set(sorted(points(made))[: max(0, amount)])


@given(ranges, st.integers(0, 9))
def test_of_too_many_pieces_the_longest_stay(made: Ranges, most: int) -> None:
    kept = made.longest(most)
    assert kept == Ranges.of(kept.pairs)
    assert set(kept) <= set(made)
    assert len(kept.pairs) == min(most, len(made.pairs))
    dropped = [end - start for start, end in set(made) - set(kept)]
    assert all(end - start >= max(dropped, default=0) for start, end in kept)


@pytest.mark.parametrize("pair", [(5, 4), (-1, 4)], ids=["backwards", "before the start"])
def test_a_range_that_cannot_be_is_refused(pair: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="range"):
        Ranges.of([pair])


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), float("-inf")])
def test_a_time_that_is_no_number_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Ranges.of_seconds([(0, seconds)])


def test_seconds_become_whole_milliseconds_and_touching_ranges_become_one() -> None:
    assert Ranges.of_seconds([(0.1 + 0.2, 1.0005), (0, 0.3)]).pairs == ((0, 1000),)
    assert Ranges.of([(0, 1500)]).seconds == [(0.0, 1.5)]
    assert milliseconds(1e-9) == 0


def test_no_more_can_be_watched_than_at_double_speed() -> None:
    assert watchable(timedelta(seconds=5)) == 10_000
    assert watchable(timedelta(seconds=-5)) == 0
