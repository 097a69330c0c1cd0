"""Times of a film as people write them: 12:05, 1:02:05, 0:07.5, or a number of seconds.

The rule: what is no time is given back as it was written, since a draft keeps whatever was typed.
"""

import re
from typing import Any

_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,4}):(\d{1,2}(?:\.\d{1,3})?)", re.ASCII)
_PLAIN = re.compile(r"\d{1,6}(?:\.\d{1,3})?", re.ASCII)


def seconds(text: str) -> float | str:
    """Read a time of a film."""
    text = text.replace("：", ":")
    if _PLAIN.fullmatch(text):
        return _short(float(text))
    match = _CLOCK.fullmatch(text)
    if match is None:
        return text
    hours, minutes, rest = match.groups()
    return _short(int(hours or 0) * 3600 + int(minutes) * 60 + float(rest))


def duration(text: str) -> int | float | str:
    """Read a length in the same ways, in whole seconds."""
    value = seconds(text)
    return value if isinstance(value, str) else round(value)


def _short(value: float) -> float:
    return int(value) if value == int(value) else round(value, 3)


def film_time(value: Any) -> str:
    """Write a time of a film: 12:05, 1:02:05, 0:07.5; what is no time is given back as it is."""
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value)
    thousandths = round(value * 1000)
    whole, part = divmod(thousandths, 1000)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    text = f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
    return f"{text}.{part:03d}".rstrip("0") if part else text
