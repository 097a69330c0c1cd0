"""How Chinese characters sound, for finding what was typed by its sound.

The rule: sounds are compared without tones and without the differences that many speakers do not make (zh and z, ang
and an), so two texts that sound alike have the same syllables. This finds more than was meant; whoever uses it puts
what it finds last.
"""

import os
import re
from functools import cache, lru_cache
from typing import Any, Final

MOST_READINGS: Final = 2
LONGEST: Final = 6


@lru_cache(maxsize=8192)
def readings(sign: str) -> tuple[str, ...]:
    """Give the usual syllables of one character, the most usual first; none for what is no Chinese character."""
    given = _pinyin().pinyin(sign, style=_pinyin().Style.NORMAL, heteronym=True, errors="ignore", v_to_u=False)
    syllables = dict.fromkeys(alike(syllable) for syllable in (given[0] if given else ()) if syllable)
    return tuple(syllables)[:MOST_READINGS]


def alike(syllable: str) -> str:
    """Write a syllable as all that sound like it to many speakers are written."""
    syllable = syllable.replace("ü", "v")
    return re.sub(r"(?<=[aei])ng$", "n", re.sub(r"^([zcs])h", r"\1", syllable))


def spelt(letters: str) -> list[str] | None:
    """Read letters as a row of syllables, the longest first; None where they are none."""
    if not letters.isascii() or not letters.isalpha():
        return None
    letters, known = letters.lower(), _syllables()
    # From the end to the front, so that each place is looked at once.
    rows: dict[int, list[str]] = {len(letters): []}
    for start in range(len(letters) - 1, -1, -1):
        for length in range(min(LONGEST, len(letters) - start), 0, -1):
            rest = rows.get(start + length)
            if rest is not None and letters[start : start + length] in known:
                rows[start] = [alike(letters[start : start + length]), *rest]
                break
    return rows.get(0)


@cache
def _syllables() -> frozenset[str]:
    _pinyin()
    from pypinyin.constants import PINYIN_DICT  # noqa: PLC0415  a large table, loaded once it is needed
    from pypinyin.style import convert  # noqa: PLC0415

    common = range(0x4E00, 0x9FA6)
    given = {one for code in common for one in PINYIN_DICT.get(code, "").split(",")[:MOST_READINGS]}
    plain = {convert(one, _pinyin().Style.NORMAL, strict=False) for one in given}
    # Of single letters only a, e and o are syllables of words that are searched for.
    return frozenset(one for one in plain if one.isascii() and one.isalpha() and (len(one) > 1 or one in "aeo"))


@cache
def _pinyin() -> Any:
    # Its tables of phrases take forty megabytes a process; with the two usual readings of a character they are not
    # missed.
    os.environ["PYPINYIN_NO_PHRASES"] = "true"
    os.environ["PYPINYIN_NO_DICT_COPY"] = "true"
    import pypinyin  # noqa: PLC0415

    return pypinyin
