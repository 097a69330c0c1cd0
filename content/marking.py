"""What was looked for, marked in the texts that were found.

The rule: a text comes as parts, each either marked or not, so nothing has to be escaped or trusted; together they are
the text as it stands, also where it is in traditional characters or full width.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from content.query import Query
from server.core import pinyin
from server.core.words import Unit, fold, is_han, roughly, units

EXCERPT: Final = 90
LEAD: Final = 24
MOST_BY_SOUND: Final = 2000
_ENDS: Final = "。！？；\n"


class Part(Struct, frozen=True, omit_defaults=True):
    """A part of a text; ``hit`` tells that it was looked for."""

    text: str
    hit: bool = False


class Needles(Struct, frozen=True):
    """What is marked: rows of units as they are written, and rows of characters by their sound."""

    written: tuple[tuple[str, ...], ...]
    heard: tuple[tuple[frozenset[str], ...], ...] = ()


def needles_of(query: Query, *, by_sound: bool = False) -> Needles:
    """Give what is marked for a search; the sound of its terms only where items were found by it."""
    queries = [query, query.meant] if by_sound and query.meant else [query]
    terms = [term for one in queries for term in one.terms]
    written = dict.fromkeys(word for term in terms for form in term.forms for word in form.words)
    longest = sorted(written, key=len, reverse=True)
    if not by_sound:
        return Needles(tuple(longest))
    rows = [term.text if all(map(is_han, term.text)) else (pinyin.spelt(term.text) or ()) for term in query.terms]
    heard = [tuple(frozenset(pinyin.readings(one)) or frozenset({one}) for one in row) for row in rows]
    return Needles(tuple(longest), tuple(row for row in heard if len(row) > 1))


def marked(text: str, needles: Needles) -> list[Part]:
    """Take a text apart at what is marked in it."""
    return _taken_apart(text, ranges(text, needles))


def _taken_apart(text: str, places: Iterable[tuple[int, int]]) -> list[Part]:
    parts: list[Part] = []
    last = 0
    for start, end in places:
        if last < start:
            parts.append(Part(text[last:start]))
        parts.append(Part(text[start:end], hit=True))
        last = end
    if last < len(text):
        parts.append(Part(text[last:]))
    return parts


def ranges(text: str, needles: Needles) -> list[tuple[int, int]]:
    """List where a text is marked, in its order, touching places as one."""
    folded = fold(text)
    found = units(folded.text)
    joined: list[tuple[int, int]] = []
    for first, last in sorted(_matches(found, needles)):
        start, end = folded.origins[found[first].start], folded.origins[found[last].end - 1] + 1
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _matches(found: Sequence[Unit], needles: Needles) -> Iterator[tuple[int, int]]:
    texts = [unit.text for unit in found]
    starts: dict[str, list[tuple[str, ...]]] = {}
    for needle in needles.written:
        starts.setdefault(needle[0], []).append(needle)
    for place, text in enumerate(texts):
        for needle in starts.get(text, ()):
            if tuple(texts[place : place + len(needle)]) == needle:
                yield place, place + len(needle) - 1
                break
    for row in needles.heard:
        for place in range(len(texts) - len(row) + 1):
            if all(not one.isdisjoint(pinyin.readings(texts[place + at])) for at, one in enumerate(row) if one):
                yield place, place + len(row) - 1


def excerpt(text: str, needles: Needles) -> list[Part]:
    """Cut out of a long text a passage with something marked in it; nothing where there is none."""
    near = _near(text, needles)
    if near is None:
        return []
    first = max(near - LEAD * 2, 0)
    passage = text[first : near + EXCERPT + LEAD]
    places = ranges(passage, needles)
    if not places:
        return []
    start = max(places[0][0] - LEAD, 0)
    # Better from the beginning of a sentence, if one begins in between.
    begins = [passage.rfind(sign, 0, places[0][0]) + 1 for sign in _ENDS]
    start = max([start, *(begin for begin in begins if begin)])
    end = min(start + EXCERPT, len(passage))
    inner = [(max(one, start) - start, min(other, end) - start) for one, other in places if start <= one < end]
    parts = _taken_apart(passage[start:end].replace("\n", " "), inner)
    if first + start > 0 and text[first + start - 1] not in _ENDS:
        parts.insert(0, Part("…"))
    if first + end < len(text):
        parts.append(Part("…"))
    return parts


def _near(text: str, needles: Needles) -> int | None:
    """Say about where the first match is; a whole text is folded exactly only where it is looked for by its sound."""
    rough = roughly(text)
    # Between letters and figures something may stand that a search does not ask for.
    places = [rough.find("".join(row) if all(map(is_han, row)) else row[0]) for row in needles.written]
    if any(place >= 0 for place in places):
        return min(place for place in places if place >= 0)
    exact = ranges(text[:MOST_BY_SOUND], needles) if needles.heard else []
    return exact[0][0] if exact else None


def whole(parts: Iterable[Part]) -> str:
    """Give the text that parts are parts of."""
    return "".join(part.text for part in parts)
