"""A search as it is understood: from what was typed to terms, and from terms to what the index is asked.

The rule: it is pure. Every term must be met, by itself, by one of its synonyms, or by a tag or kind of its name. The
steps in which an item can meet them come best first: whole words before words found within others, text before sound,
all terms before most; an item counts for the first that it meets.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, pairwise, product
from typing import Final

from msgspec import Struct

from content.indexing import quoted
from content.lexicon import LONGEST_SLIP, MOST_PIECES, SHORTEST_SLIP, Lexicon, terms_of
from server.core import pinyin
from server.core.words import Piece, fold, is_han, units

MOST_TERMS: Final = 8
MOST_FOR_PARTS: Final = 6
# A word of so many units is made of others.
LONG: Final = 4

# Words that ask and bind, and say nothing of the subject.
_EMPTY_WORDS: Final = """
    前 后 中 不能 不会 不可以 很 太 最 更 较 比较 非常 特别
    的 了 吗 呢 吧 啊 呀 么 着 过 得 地 是 在 有 和 与 及 或 也 都 就 还 还是 而 但 但是 并 并且 把 被 对 对于
    关于 从 向 为 于 到 之 以 等 这 那 这个 那个 哪 哪些 哪个 哪里 什么 怎么 怎样 怎么办 如何 为什么 为何 是否
    是不是 能 能否 能不能 可 可以 可否 会 会不会 要 需要 应 应该 应当 该 要不要 需不需要 有没有 有无 多少 多久
    多大 几 请问 请 我 你 您 他 她 它 我们 您好 一下 还能 还可以 时 时候 a an the of and or for to in on with is
    are what how
"""
_EMPTY: Final = frozenset(_EMPTY_WORDS.split())


class Form(Struct, frozen=True):
    """One way to write a term: the units of its words."""

    words: tuple[tuple[str, ...], ...]

    @property
    def text(self) -> str:
        return "".join("".join(word) for word in self.words)


class Term(Struct, frozen=True):
    """Something that an item must have: as it was typed, as its synonyms are written, or by the name of a tag.

    ``known`` tells that it is a word and no slip, ``inner`` are the words that it is made of.
    """

    forms: tuple[Form, ...]
    marks: tuple[str, ...] = ()
    known: bool = False
    inner: tuple[tuple[str, ...], ...] = ()

    @property
    def text(self) -> str:
        return self.forms[0].text


class Query(Struct, frozen=True):
    """What was looked for. ``meant`` is what was probably meant, where a term sounds or looks like one of ours."""

    text: str
    terms: tuple[Term, ...]
    title: str
    meant: "Query | None" = None


class Step(Struct, frozen=True):
    """One way to meet a search: ``asked`` of the index, and what the title must contain or be like as well."""

    name: str
    asked: str
    contains: str = ""
    like: str = ""


def understood(text: str, lexicon: Lexicon) -> Query:
    """Read what was typed."""
    return _read(fold(text).text, lexicon, mend=True)


def _read(folded: str, lexicon: Lexicon, *, mend: bool) -> Query:
    cut = terms_of(lexicon, folded)
    kept = [entry for entry in cut if entry[0] not in _EMPTY] or cut
    unlike = list({name: (name, pieces) for name, pieces in reversed(kept)}.values())[::-1]
    if len(unlike) > MOST_TERMS:
        # The longest say most; they stay in their order.
        longest = sorted(range(len(unlike)), key=lambda place: (-len(unlike[place][0]), place))[:MOST_TERMS]
        unlike = [unlike[place] for place in sorted(longest)]
    terms = tuple(_term(name, pieces, lexicon) for name, pieces in unlike)
    shown, last = "", 0
    for name, pieces in unlike:
        # What stood apart, also because empty words stood between, stays apart.
        shown += " " * (shown != "" and pieces[0].start != last) + name
        last = pieces[-1].end
    title = "".join(unit.text for unit in units(folded))
    return Query(shown, terms, title, _mended(folded, lexicon) if mend and terms else None)


def _term(name: str, pieces: Iterable[Piece], lexicon: Lexicon) -> Term:
    typed = Form(tuple(piece.units for piece in pieces))
    others = [
        Form(tuple(piece.units for piece in lexicon.cutter.pieces(one))) for one in lexicon.synonyms.get(name, ())
    ]
    names = (name, *lexicon.synonyms.get(name, ()))
    marks = dict.fromkeys(mark for one in names for mark in lexicon.names.get(one, ()))
    inner = _inner(name, lexicon) if len(typed.words) == 1 and len(typed.words[0]) >= LONG else ()
    return Term((typed, *others), tuple(marks), _is_known(name, lexicon), inner)


def _is_known(text: str, lexicon: Lexicon) -> bool:
    return text in lexicon or (len(text) > 1 and lexicon.cutter.knows(text))


def _inner(name: str, lexicon: Lexicon) -> tuple[tuple[str, ...], ...]:
    """List the words within a long one, from the left and the longest first, none within another."""
    found: list[tuple[str, ...]] = []
    last = 0
    for word in sorted(lexicon.cutter.words(name), key=lambda word: (word.start, -word.end)):
        if word.start >= last and len(word.units) > 1 and word.text != name:
            found.append(word.units)
            last = word.end
    return tuple(found) if len(found) > 1 else ()


def _mended(folded: str, lexicon: Lexicon) -> Query | None:
    """Read the search again with words of ours in the place of those that sound or look like them."""
    pieces = lexicon.cutter.pieces(folded)
    mended, last, place = "", 0, 0
    while place < len(pieces):
        row = pieces[place : place + 1]
        for length in range(min(MOST_PIECES, len(pieces) - place), 0, -1):
            row = pieces[place : place + length]
            meant = lexicon.meant("".join(piece.text for piece in row)) if _is_doubtful(row, lexicon) else None
            if meant is not None:
                mended += folded[last : row[0].start] + meant
                last = row[-1].end
                break
        place += len(row)
    return _read(mended + folded[last:], lexicon, mend=False) if last else None


def _is_doubtful(row: Sequence[Piece], lexicon: Lexicon) -> bool:
    texts = [piece.text for piece in row]
    return not _EMPTY.intersection(texts) and not all(_is_known(text, lexicon) for text in texts)


class _Run(Struct, frozen=True):
    """Terms that are looked at together."""

    terms: tuple[Term, ...]

    @property
    def text(self) -> str:
        return "".join(term.text for term in self.terms)

    @property
    def known(self) -> bool:
        return all(term.known for term in self.terms)


def _runs(query: Query) -> list[_Run]:
    """Join single characters to what stands beside them: what was mistyped is cut into those."""
    runs: list[_Run] = []
    for term in query.terms:
        last = runs[-1] if runs else None
        if last and (is_han(term.text) or is_han(last.text)) and len(last.text) < LONGEST_SLIP:
            runs[-1] = _Run((*last.terms, term))
        else:
            runs.append(_Run((term,)))
    return runs


def _heard(runs: Sequence[_Run]) -> list[str]:
    """Ask for each run, by its text or by its sound."""
    return [
        _any([_within(run.terms[0]) if len(run.terms) == 1 else _run_within(run.text), *_sounding(run.text)])
        for run in runs
    ]


def steps(query: Query) -> Iterator[Step]:
    """List how items meet all terms in their text, the best first; the last takes in all before it."""
    in_title = _all(_word(term, "t") for term in query.terms)
    anywhere = _all(_word(term, "w", marks=True) for term in query.terms)
    yield Step("title", in_title, contains=query.title)
    yield Step("title", in_title)
    yield Step("leading", _all(_word(term, "h", marks=True) for term in query.terms))
    if len(query.terms) > 1:
        yield Step("words", _all([anywhere, _any(_word(term, "t") for term in query.terms)]))
    yield Step("words", anywhere)
    yield Step("within", _all(map(_within, query.terms)))


def slips(query: Query) -> Iterator[Step]:
    """List how items meet what was probably meant: by the words within, a word of ours, the sound, or nearly."""
    if any(term.inner for term in query.terms):
        yield Step("part", _all(_any([_within(term), _all(map(_letters, term.inner))]) for term in query.terms))
    if query.meant is not None:
        yield Step("meant", _all(_word(term, "h", marks=True) for term in query.meant.terms))
        yield Step("meant", _all(map(_within, query.meant.terms)))
        yield Step("meant", _all(_heard(_runs(query.meant))))
    runs = _runs(query)
    heard = _heard(runs)
    if any(_sounding(run.text) for run in runs):
        yield Step("sound", _all(heard))
    near: dict[str, list[str]] = {} if all(run.known for run in runs) else {query.title: []}
    for place, run in enumerate(runs):
        if not run.known:
            near.setdefault(run.text, heard[:place] + heard[place + 1 :])
    for text, others in near.items():
        if SHORTEST_SLIP <= len(text) <= LONGEST_SLIP and all(map(is_han, text)):
            without = (text[:gap] + text[gap + 1 :] for gap in range(len(text)))
            nearly = _any(_all(quoted("x" + sign) for sign in rest) for rest in without)
            yield Step("slip", _all([nearly, *others]), like=_nearly(text))


def partly(query: Query) -> Iterator[Step]:
    """List how items meet most of the terms: all but one anywhere, then more than half in what leads into the text."""
    said = [term for term in query.terms if not is_han(term.text)]
    # Single characters of a sentence say little beside words.
    terms = said if len(said) > 1 else list(query.terms)
    count = len(terms)
    if count < len(query.terms):
        yield Step("part", _all(map(_within, terms)))
    if count == 2:
        yield Step("part", _any(_word(term, "h", marks=True) for term in terms))
    if count > 2:
        within = [_within(term) for term in terms]
        yield Step("part", _any(map(_all, combinations(within, count - 1))))
    if count > 3:
        longest = sorted(terms, key=lambda term: -len(term.text))[:MOST_FOR_PARTS]
        leading = [_word(term, "h", marks=True) for term in longest]
        yield Step("part", _any(map(_all, combinations(leading, len(leading) // 2 + 1))))


def _word(term: Term, place: str, *, marks: bool = False) -> str:
    forms = [_all(quoted(place + "".join(word)) for word in form.words) for form in term.forms]
    return _any([*forms, *(quoted(mark) for mark in (term.marks if marks else ()))])


def _within(term: Term) -> str:
    forms = [_all(_letters(word) for word in form.words) for form in term.forms]
    return _any([*forms, *map(quoted, term.marks)])


def _letters(word: Sequence[str]) -> str:
    """Ask for units that follow each other. Between letters and characters some write a space and others none."""
    together = [quoted("b" + one + other) for one, other in pairwise(word) if is_han(one) == is_han(other)]
    paired = {unit for one, other in pairwise(word) if is_han(one) == is_han(other) for unit in (one, other)}
    asked = _all([*together, *(quoted("c" + unit) for unit in word if unit not in paired)])
    return asked if all(map(is_han, word)) else _any([quoted("w" + "".join(word)), asked])


def _run_within(run: str) -> str:
    return _letters([unit.text for unit in units(run)])


def _sounding(run: str) -> list[str]:
    """Ask for the pairs of syllables of a run: of its characters, or of its letters if they spell some."""
    if all(map(is_han, run)):
        heard = [pinyin.readings(sign) for sign in run]
    else:
        heard = [(syllable,) for syllable in pinyin.spelt(run) or ()]
    if len(heard) < 2:
        # One syllable says too little.
        return []
    both = [_any(quoted(f"p{one}.{other}") for one, other in product(*pair)) for pair in pairwise(heard)]
    return [_all(both)] if all(both) else []


def _nearly(run: str) -> str:
    """Write the regular expression of a run with one character wrong, missing, too many, or two changed."""
    wrong = [run[:place] + "." + run[place + 1 :] for place in range(len(run))]
    missing = [run[:place] + "." + run[place:] for place in range(1, len(run))]
    many = [run[:place] + run[place + 1 :] for place in range(len(run))] if len(run) > SHORTEST_SLIP else []
    changed = [run[:place] + run[place + 1] + run[place] + run[place + 2 :] for place in range(len(run) - 1)]
    return "|".join(dict.fromkeys([*wrong, *missing, *many, *changed]))


def _all(parts: Iterable[str]) -> str:
    return _joined(parts, "&")


def _any(parts: Iterable[str]) -> str:
    return _joined(parts, "|")


def _joined(parts: Iterable[str], by: str) -> str:
    unlike = [part for part in dict.fromkeys(parts) if part]
    return unlike[0] if len(unlike) == 1 else f"({f' {by} '.join(unlike)})" if unlike else ""
