"""What people type into the fields of a form, read and written: ids, names, minutes; of films, `content.film_times`.

The rule: what is none is given back as it was typed, so that nothing is lost; the publish checks say what is wrong.
"""

import re
from typing import Any

import msgspec

_HOURS = re.compile(r"(\d{1,3}):([0-5]\d)", re.ASCII)
_BETWEEN = re.compile(r"[、,，;；/]+")


def line(text: str) -> str:
    """Read a text of one line: what is more than one space within it is one."""
    return " ".join(text.split())


def whole(text: str) -> int | str | None:
    """Read a whole number, as an id."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else text or None


def names(text: str) -> list[str]:
    """Read names with a 、 or a comma between them."""
    return [name for name in map(line, _BETWEEN.split(text)) if name]


def joined(value: Any) -> str:
    """Write names for their field."""
    return "、".join(str(one) for one in value) if isinstance(value, list | tuple) else str(value or "")


def minutes(text: str) -> int | str | None:
    """Read minutes: as hours and minutes (1:30), or as a number."""
    text = text.replace("：", ":")
    match = _HOURS.fullmatch(text)
    return int(match[1]) * 60 + int(match[2]) if match else whole(text)


def hours(value: Any) -> str:
    """Write minutes as hours and minutes: 1:30."""
    if value is None or isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return "" if value is None else str(value)
    return f"{value // 60}:{value % 60:02d}"


def listed(text: str) -> Any:
    """Read a list that a script has written as JSON; what is none is kept as it came."""
    if not text:
        return []
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return text
    return value if isinstance(value, list) else text
