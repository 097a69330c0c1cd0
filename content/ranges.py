"""What was watched of a video: half-open ranges of its time line, in whole milliseconds.

The rule: ranges are always in normal form, that is sorted, apart from one another and not empty, so that two that cover
the same milliseconds are equal, and the union may be taken in any order and as often as one likes.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

Pair = tuple[int, int]

# A video can be watched at double speed, and nothing makes it run faster.
FASTEST = 2


@dataclass(frozen=True, slots=True)
class Ranges:
    """A set of milliseconds as ``[start, end)`` pairs in normal form; make it by `of` or `of_seconds`."""

    pairs: tuple[Pair, ...] = ()

    @classmethod
    def of(cls, pairs: Iterable[Pair]) -> "Ranges":
        """Take pairs in milliseconds, in any order, overlapping or empty.

        :raises ValueError: if a pair runs backwards or begins before 0.
        """
        merged: list[Pair] = []
        for start, end in sorted(pairs):
            if not 0 <= start <= end:
                raise ValueError(f"A range must not run backwards or begin before 0: [{start}, {end}).")
            if start == end:
                continue
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], end))
            else:
                merged.append((start, end))
        return cls(tuple(merged))

    @classmethod
    def of_seconds(cls, pairs: Iterable[tuple[float, float]]) -> "Ranges":
        """Take pairs in seconds; every bound is rounded to the nearest millisecond.

        :raises ValueError: if a pair runs backwards, begins before 0 or is no finite number.
        """
        return cls.of((milliseconds(start), milliseconds(end)) for start, end in pairs)

    @property
    def covered(self) -> int:
        """How many milliseconds there are in all."""
        return sum(end - start for start, end in self.pairs)

    @property
    def seconds(self) -> list[tuple[float, float]]:
        """The pairs in seconds."""
        return [(start / 1000, end / 1000) for start, end in self.pairs]

    def __bool__(self) -> bool:
        return bool(self.pairs)

    def __iter__(self) -> Iterator[Pair]:
        return iter(self.pairs)

    def __or__(self, other: "Ranges") -> "Ranges":
        if not other.pairs:
            return self
        return Ranges.of((*self.pairs, *other.pairs)) if self.pairs else other

    def __and__(self, other: "Ranges") -> "Ranges":
        shared: list[Pair] = []
        mine, theirs = list(self.pairs), list(other.pairs)
        i = j = 0
        while i < len(mine) and j < len(theirs):
            start, end = max(mine[i][0], theirs[j][0]), min(mine[i][1], theirs[j][1])
            if start < end:
                shared.append((start, end))
            if mine[i][1] <= theirs[j][1]:
                i += 1
            else:
                j += 1
        return Ranges(tuple(shared))

    def __sub__(self, other: "Ranges") -> "Ranges":
        left: list[Pair] = []
        for start, end in self.pairs:
            at = start
            for other_start, other_end in other.pairs:
                if other_end <= at:
                    continue
                if other_start >= end:
                    break
                if at < other_start:
                    left.append((at, other_start))
                at = other_end
            if at < end:
                left.append((at, end))
        return Ranges(tuple(left))

    def within(self, length: int) -> "Ranges":
        """Cut what lies beyond ``length`` milliseconds."""
        return Ranges(tuple((start, min(end, length)) for start, end in self.pairs if start < length))

    def first(self, amount: int) -> "Ranges":
        """Keep the earliest milliseconds of the time line, ``amount`` of them at the most."""
        kept: list[Pair] = []
        for start, end in self.pairs:
            if amount <= 0:
                break
            kept.append((start, min(end, start + amount)))
            amount -= end - start
        return Ranges(tuple(kept))

    def longest(self, most: int) -> "Ranges":
        """Keep the longest of the pairs, ``most`` of them at the most."""
        if len(self.pairs) <= most:
            return self
        return Ranges(tuple(sorted(sorted(self.pairs, key=lambda pair: pair[0] - pair[1])[:most])))


def milliseconds(seconds: float) -> int:
    """Round seconds to whole milliseconds.

    :raises ValueError: if it is no finite number.
    """
    if not math.isfinite(seconds):
        raise ValueError("A time on the time line must be a finite number.")
    return round(seconds * 1000)


def watchable(elapsed: timedelta) -> int:
    """Give how many milliseconds of video can be watched in a time of the clock; none where the clock ran backwards."""
    return max(0, FASTEST * round(elapsed / timedelta(milliseconds=1)))
