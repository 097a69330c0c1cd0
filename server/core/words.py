"""Chinese text as it is searched: folded into one form, taken apart into units, and cut into words.

The rule: what is stored and what is looked for pass through the same functions, so that they can meet. A *unit* is what
is never taken apart: one Chinese character, or a run of letters or of figures. Nothing here asks a database; words of
our own come as a set and are learnt without a restart.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any, Final, NamedTuple

LONGEST_UNIT: Final = 40

_HAN: Final = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_CJK: Final = f"{_HAN}\u3040-\u30ff\uac00-\ud7a3"
_UNIT: Final = re.compile(rf"[{_CJK}]|[0-9]+(?:\.[0-9]+)*|[^\W_0-9{_CJK}]+")
_IS_HAN: Final = re.compile(f"[{_HAN}]")
# What may stand between two units that belong together: PD-1, Crohn's, 阿尔茨·海默.
_JOINT: Final = re.compile("[-‐–'’·•・]?")
# Characters that one writer puts for another in the same word, whatever the context.
_SAME: Final = str.maketrans("乾著徵瞭藉夥於祇", "干着征了借伙于只")


class Folded(NamedTuple):
    """A folded text; ``origins`` gives for each of its characters the place in the text that it comes from."""

    text: str
    origins: list[int]


class Unit(NamedTuple):
    """A unit and where it stands in the folded text; ``joined`` tells that nothing parts it from the one before."""

    text: str
    start: int
    end: int
    joined: bool


class Piece(NamedTuple):
    """A word: units that nothing parts, and where they stand in the folded text."""

    units: tuple[str, ...]
    start: int
    end: int

    @property
    def text(self) -> str:
        return "".join(self.units)


def fold(text: str) -> Folded:
    """Bring a text into the form in which it is compared: one width, one case, no accents, simplified characters."""
    signs: list[str] = []
    origins: list[int] = []
    for place, sign in enumerate(text):
        folded = (sign.lower() if sign.isprintable() else " ") if sign.isascii() else _fold_sign(sign)
        signs.append(folded)
        origins += [place] * len(folded)
    return Folded(_simplified("".join(signs)), origins)


def roughly(text: str) -> str:
    """Fold a text without keeping account of its places: quick, for seeing whether something is in it at all."""
    return _simplified(unicodedata.normalize("NFKC", text.encode(errors="replace").decode()).casefold())


@lru_cache(maxsize=32_768)
def _fold_sign(sign: str) -> str:
    category = unicodedata.category(sign)
    if category in {"Cf", "Mn", "Me"}:
        # Marks and signs without a width of their own stand for nothing that is typed in a search.
        return ""
    if category[0] in "CZ":
        return " "
    bare = unicodedata.normalize("NFKD", sign)
    if bare[0].isascii():
        sign = "".join(part for part in bare if unicodedata.category(part) != "Mn")
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", sign).casefold())
    return "".join(" " if unicodedata.category(part)[0] in "CZ" else part for part in folded)


def _simplified(text: str) -> str:
    """Write a text in simplified characters, none more and none fewer."""
    if not _IS_HAN.search(text):
        return text
    converter = _converter()
    whole: str = converter.convert(text)
    if len(whole) == len(text):
        return whole
    alone = ((sign, converter.convert(sign)) for sign in text)
    return "".join(simple if len(simple) == 1 else sign for sign, simple in alone)


@cache
def _converter() -> Any:
    import opencc  # noqa: PLC0415  loads its tables, which only those pay who search or publish

    return opencc.OpenCC("t2s")


def units(folded: str) -> list[Unit]:
    """Take a folded text apart."""
    found: list[Unit] = []
    end = -1
    for match in _UNIT.finditer(folded.translate(_SAME)):
        start = match.start()
        joined = start == end or (end >= 0 and _JOINT.fullmatch(folded, end, start) is not None)
        end = match.end()
        found.append(Unit(match[0][:LONGEST_UNIT], start, end, joined))
    return found


def pairs(found: Sequence[Unit]) -> Iterator[tuple[str, str]]:
    """List the neighbours that nothing parts."""
    return ((one.text, other.text) for one, other in pairwise(found) if other.joined)


def is_han(text: str) -> bool:
    """Tell whether a text is one Chinese character."""
    return len(text) == 1 and _IS_HAN.match(text) is not None


class Cutter:
    """Cuts folded text into words: those of the tokenizer's dictionary and our own."""

    def __init__(self, own: Iterable[str] = ()) -> None:
        """Make a cutter that knows these words beside the dictionary's; a tenth of a second."""
        self._own: frozenset[str] = frozenset()
        self._jieba = _jieba().Jieba()
        self.learn(own)

    @property
    def own(self) -> frozenset[str]:
        return self._own

    def learn(self, own: Iterable[str]) -> None:
        """Know exactly these words of our own from now on, in whichever order they came.

        Adding takes microseconds a word; after a removal the tokenizer is made anew.
        """
        wanted = frozenset(own)
        if self._own - wanted:
            self._jieba = _jieba().Jieba()
            self._own = frozenset()
        # How often a word must occur to be cut as one is asked of the dictionary as it came, so that it does not
        # depend on which words were learnt before.
        for word in sorted(wanted - self._own):
            self._jieba.add_word(word, _jieba().suggest_freq(word), None)
        self._own = wanted

    def knows(self, word: str) -> bool:
        """Tell whether a word is in the dictionary or our own."""
        return bool(self._jieba.has_word(word))

    def names_somebody(self, folded: str) -> bool:
        """Tell whether something in a text may be the name of a person; of foreign words it often looks so."""
        return any(kind == "nr" and word not in self._own for word, kind in self._jieba.tag(folded))

    def pieces(self, folded: str) -> list[Piece]:
        """Cut a text into words that follow each other, each unit in exactly one."""
        return self._cut(folded, units(folded), "default")

    def words(self, folded: str, found: Sequence[Unit] | None = None) -> list[Piece]:
        """Cut a text into words and the shorter words within them.

        :param found: its units, where they are known.
        """
        found = units(folded) if found is None else found
        cut = self._cut(folded, found, "search")
        # A name of letters within a longer one, as PD in PD-1, is looked for as well.
        return cut + [
            Piece((unit.text,), unit.start, unit.end) for unit in found if len(unit.text) > 1 and unit.text.isalpha()
        ]

    def _cut(self, folded: str, found: Sequence[Unit], mode: str) -> list[Piece]:
        starts = [unit.start for unit in found]
        cut: list[Piece] = []
        for _, start, end in self._jieba.tokenize(folded, mode):
            inner = found[bisect_left(starts, start) : bisect_left(starts, end)]
            first = 0
            for place in range(1, len(inner) + 1):
                if place == len(inner) or not inner[place].joined:
                    row = inner[first:place]
                    cut.append(Piece(tuple(unit.text for unit in row), row[0].start, row[-1].end))
                    first = place
        return cut


def load() -> None:
    """Load the dictionary and the tables, which takes a third of a second, before somebody waits for them."""
    _jieba()
    _converter()


@cache
def _jieba() -> Any:
    import rjieba  # noqa: PLC0415  loads its dictionary, which only those pay who search or publish

    return rjieba
