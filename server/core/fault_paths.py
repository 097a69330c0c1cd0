"""Where in a JSON document the fault is that a decoder found but did not name.

The rule: this is asked only after a document has been refused, so it reads leniently whatever JSON can be written, and
where it does not know it says nothing rather than something wrong. Paths are written as `items[2].names.zh`.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

# From this many digits on neither msgspec nor Python reads a number.
MOST_DIGITS: Final = 4300
_LONGEST_KEY: Final = 100
_AT: Final = re.compile(r" - at (?P<key>`key` in )?`\$?(?P<path>[^`]*)`$")
_STEP: Final = re.compile(r"\.?([^.\[\]]+)|\[(\d+|\.\.\.)\]")

# The steps from the root, the last one outside; written out only for the one path that is told.
Place = tuple["Place", str | int] | None


def leaves(value: Any) -> Iterator[tuple[Place, Any]]:
    """Go through keys and leaves in the order of the document, however deep it is."""
    waiting: list[tuple[Place, Any]] = [(None, value)]
    while waiting:
        place, inner = waiting.pop()
        if isinstance(inner, dict):
            waiting += [one for key in reversed(inner) for one in (((place, key), inner[key]), ((place, key), key))]
        elif isinstance(inner, list | tuple):
            waiting += [((place, index), inner[index]) for index in reversed(range(len(inner)))]
        else:
            yield place, inner


def written(place: Place) -> str:
    """Write a path down, in characters that can be sent."""
    steps: list[str | int] = []
    while place is not None:
        place, step = place
        steps.append(step)
    path = ""
    for step in reversed(steps):
        path += f"[{step}]" if isinstance(step, int) else f"{'.' if path else ''}{step[:_LONGEST_KEY]}"
    return path.encode(errors="replace").decode()


def half_of_a_character(document: bytes | msgspec.Raw) -> str:
    """Find the first text or key with a lone surrogate; empty where there is none."""
    for place, leaf in leaves(_read(document)):
        if isinstance(leaf, str) and not leaf.isascii() and leaf != leaf.encode(errors="replace").decode():
            return written(place)
    return ""


def number_beyond(document: bytes | msgspec.Raw) -> str:
    """Find the first number that no decoder reads; empty where there is none."""
    for place, leaf in leaves(_read(document)):
        if isinstance(leaf, float) and not math.isfinite(leaf):
            return written(place)
    return ""


def with_keys(document: bytes | msgspec.Raw, shape: Any, fault: msgspec.ValidationError) -> str:
    """Find the path of a value or a key that does not fit and lies in a map; empty where it cannot be told.

    msgspec writes `[...]` for whatever key. The entry is found by leaving out ever more of the map for as long as the
    fault stays the same.
    """
    said = str(fault)
    match = _AT.search(said)
    if match is None:
        return ""
    value = inner = _read(document)
    place: Place = None
    for name, index in _STEP.findall(match["path"] + ("[...]" if match["key"] else "")):
        step: Any = name or (_culprit(inner, value, shape, said) if index == "..." else int(index))
        try:
            inner, place = inner[step], (place, step)
        except (KeyError, IndexError, TypeError):
            return ""
    return written(place)


def _culprit(entries: Any, value: Any, shape: Any, said: str) -> str | None:
    """Leave in a map, within the value that was refused, only the first entry that is at fault."""
    if not isinstance(entries, dict):
        return None
    suspects = list(entries.items())
    while len(suspects) > 1:
        first = suspects[: len(suspects) // 2]
        _hold(entries, first)
        suspects = first if _refusal(value, shape) == said else suspects[len(first) :]
    _hold(entries, suspects)
    return suspects[0][0] if suspects and _refusal(value, shape) == said else None


def _hold(entries: dict[str, Any], these: list[tuple[str, Any]]) -> None:
    entries.clear()
    entries.update(these)


def _refusal(value: Any, shape: Any) -> str:
    try:
        msgspec.convert(value, shape, str_keys=True)
    except (msgspec.ValidationError, ValueError, RecursionError) as fault:
        return str(fault)
    return ""


def _read(document: bytes | msgspec.Raw) -> Any:
    """Read what can be written, also half of a character; a number that is too long becomes an infinite one."""
    try:
        text = bytes(document).decode(errors="surrogatepass")
        return json.loads(text, parse_int=lambda digits: int(digits) if len(digits) <= MOST_DIGITS else math.inf)
    except (ValueError, RecursionError):
        return None
