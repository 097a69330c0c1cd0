"""The dictionary as text is cut and looked for by: our own words, synonyms, the names of tags and kinds.

The rule: a worker asks at most every `FRESH_S` whether there is a new edition, so an edit is in effect everywhere
within a second and without a restart. Whoever writes the index holds the edition that they write by (`held`), so no
row can claim an edition that it was not written by.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Final

from content.kinds import KINDS
from server.core import pinyin
from server.core.db import connection
from server.core.words import Cutter, Piece, fold, is_han, units

FRESH_S: Final = 0.5
# A word that comes as several pieces has at most so many.
MOST_PIECES: Final = 6
MOST_SOUNDS: Final = 8
SHORTEST_SLIP: Final = 3
LONGEST_SLIP: Final = 16

_READ: Final = "SELECT edition FROM lexicon_state"
_SHARED: Final = f"{_READ} FOR SHARE"
_ALONE: Final = f"{_READ} FOR UPDATE"


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One edition of the dictionary.

    ``synonyms`` gives for a term the others of its group, ``names`` the marks of what bears a name: ``#slug`` of a tag
    and of all tags under it, ``:kind`` of a kind. ``below`` are the slugs of a tag and of all under it.
    """

    edition: int
    cutter: Cutter
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    below: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tag_names: Mapping[str, str] = field(default_factory=dict)
    by_sound: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    by_gap: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __contains__(self, term: str) -> bool:
        return term in self.synonyms or term in self.names or term in self.cutter.own

    def meant(self, term: str) -> str | None:
        """Give the word of ours that somebody probably meant: it sounds the same, or one character differs."""
        if term in self:
            return None
        for sound in sounds_of(term):
            if sound in self.by_sound:
                return self.by_sound[sound]
        close = {one for gap in gaps(term) for one in self.by_gap.get(gap, ()) if is_slip(term, one)}
        return close.pop() if len(close) == 1 else None


def key_of(text: str) -> str:
    """Write a term as it is compared: its units, one after the other."""
    return "".join(unit.text for unit in units(fold(text).text))


def sounds_of(term: str) -> list[tuple[str, ...]]:
    """List the ways in which a term of at least two Chinese characters is read; none for others."""
    if not 2 <= len(term) <= LONGEST_SLIP or not all(map(is_han, term)):
        return []
    return list(islice(product(*map(pinyin.readings, term)), MOST_SOUNDS))


def gaps(term: str) -> Iterator[str]:
    """List a term with each of its characters missing in turn, and whole; two that differ by one share one of these."""
    if SHORTEST_SLIP <= len(term) <= LONGEST_SLIP and all(map(is_han, term)):
        yield term
        for place in range(len(term)):
            yield term[:place] + term[place + 1 :]


def is_slip(one: str, other: str) -> bool:
    """Tell whether one text is the other with one character wrong, missing, too many, or two neighbours changed."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    if len(one) == len(other):
        wrong = [place for place, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1]]
        if len(wrong) == 1:
            return True
        return (
            len(wrong) == 2
            and wrong[1] == wrong[0] + 1
            and one[wrong[0] : wrong[1] + 1] == other[wrong[1]] + other[wrong[0]]
        )
    short, long = sorted((one, other), key=len)
    return any(long[:place] + long[place + 1 :] == short for place in range(len(long)))


@dataclass(slots=True)
class _Kept:
    """What this process has loaded, and when it last asked whether that is the newest."""

    lexicon: Lexicon | None = None
    asked_at: float = float("-inf")


_kept: Final = _Kept()


async def current() -> Lexicon:
    """Give the newest edition, or one that was the newest half a second ago."""
    if _kept.lexicon is not None and time.monotonic() - _kept.asked_at < FRESH_S:
        return _kept.lexicon
    asked_at = time.monotonic()
    lexicon = await _of(await _edition())
    _kept.asked_at = asked_at
    return lexicon


async def held() -> Lexicon:
    """Give the newest edition, and keep it the newest until the transaction that is open ends."""
    return await _of(await _edition(_SHARED))


async def alone() -> None:
    """Keep everybody else from the dictionary until the transaction that is open ends."""
    await _edition(_ALONE)


async def _edition(read: str = _READ) -> int:
    edition = await connection().value(read)
    if edition is None:
        # Counted from the clock, so that a number never comes again, not even in a database that was restored.
        await connection().execute(
            "INSERT INTO lexicon_state (id, edition, changed) VALUES (1, extract(epoch FROM clock_timestamp()) * 1000, "
            "'{*}') ON CONFLICT DO NOTHING"
        )
        edition = await connection().value(read)
    return int(edition)


async def advance(changed: Iterable[str] = ()) -> None:
    """Count a new edition, in the transaction that is open.

    :param changed: the words that came or went; ``*`` for all.
    """
    await _edition(_ALONE)
    await connection().execute(
        "UPDATE lexicon_state SET edition = edition + 1, changed = CASE WHEN '*' = ANY($1::text[] || changed) "
        "THEN ARRAY['*'] ELSE ARRAY(SELECT DISTINCT unnest($1::text[] || changed)) END",
        list(changed),
    )


async def _of(edition: int) -> Lexicon:
    loaded = _kept.lexicon
    if loaded is not None and loaded.edition == edition:
        return loaded
    # The number was read before the words, so what is loaded is at least as new as it says.
    lexicon = await _load(edition, loaded.cutter if loaded else Cutter())
    _kept.lexicon = lexicon
    return lexicon


async def _load(edition: int, cutter: Cutter) -> Lexicon:
    own = {row["term"]: row["shown"] for row in await connection().fetch("SELECT term, shown FROM lexicon_word")}
    rows = await connection().fetch("SELECT terms, shown FROM synonym_group ORDER BY id")
    tags = await connection().fetch("SELECT slug, parent_slug, name_zh, name_en FROM tag ORDER BY slug")
    groups = [tuple(row["terms"]) for row in rows]
    words = {**own, **{term: shown for row in rows for term, shown in zip(row["terms"], row["shown"], strict=True)}}
    # Texts have a word as it was typed, PD-1, or without what joins it, PD1.
    cutter.learn(form for term, shown in words.items() for form in {term, fold(shown).text} if _is_word(form))
    below = _below({row["slug"]: row["parent_slug"] for row in tags})
    names: dict[str, tuple[str, ...]] = {}
    for row in tags:
        for name in (row["name_zh"], row["name_en"]):
            key = key_of(name)
            if key:
                marks = (*names.get(key, ()), *(f"#{slug}" for slug in below[row["slug"]]))
                names[key] = tuple(dict.fromkeys(marks))
    for kind in KINDS.values():
        key = key_of(kind.name_zh)
        names[key] = (*names.get(key, ()), f":{kind.name}")
    terms = sorted(words.keys() | names.keys())
    by_gap: dict[str, tuple[str, ...]] = {}
    for term in terms:
        for gap in gaps(term):
            by_gap[gap] = (*by_gap.get(gap, ()), term)
    return Lexicon(
        edition=edition,
        cutter=cutter,
        synonyms={term: tuple(other for other in group if other != term) for group in groups for term in group},
        names=names,
        below=below,
        tag_names={row["slug"]: row["name_zh"] for row in tags},
        by_sound={sound: term for term in terms for sound in sounds_of(term)},
        by_gap=by_gap,
    )


def _is_word(form: str) -> bool:
    found = units(form)
    return len(found) > 1 and " " not in form and all(unit.joined for unit in found[1:])


def forget() -> None:
    """Ask for the newest edition at the next occasion."""
    _kept.asked_at = float("-inf")


def _below(parents: Mapping[str, str | None]) -> dict[str, tuple[str, ...]]:
    children: dict[str, list[str]] = {}
    for slug, parent in parents.items():
        if parent is not None:
            children.setdefault(parent, []).append(slug)

    def down(slug: str) -> list[str]:
        return [slug, *(inner for child in children.get(slug, ()) for inner in down(child))]

    return {slug: tuple(down(slug)) for slug in parents}


def terms_of(lexicon: Lexicon, folded: str) -> list[tuple[str, tuple[Piece, ...]]]:
    """Cut a folded text into terms: the longest rows of pieces that the dictionary knows, and other pieces alone."""
    pieces = lexicon.cutter.pieces(folded)
    found: list[tuple[str, tuple[Piece, ...]]] = []
    place = 0
    while place < len(pieces):
        for length in range(min(MOST_PIECES, len(pieces) - place), 0, -1):
            row = tuple(pieces[place : place + length])
            text = "".join(piece.text for piece in row)
            if length == 1 or text in lexicon:
                found += (
                    [(text, row)] if text in lexicon else [(part.text, (part,)) for part in _measured(row[0], lexicon)]
                )
                place += length
                break
    return found


def _measured(piece: Piece, lexicon: Lexicon) -> list[Piece]:
    """Part a number from the unit of measure that is written at it, as 5cm."""
    if len(piece.units) == 2 and piece.units[0][0].isdigit() and piece.units[1] in lexicon:
        at = piece.start + len(piece.units[0])
        return [Piece(piece.units[:1], piece.start, at), Piece(piece.units[1:], at, piece.end)]
    return [piece]
