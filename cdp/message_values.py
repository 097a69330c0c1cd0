"""The values of a subscribe message, made to fit the types of its template.

The rule: what is merely too long is cut, with an ellipsis, for a reminder without the end of a title is better than
none; what is of the wrong kind is refused and the template's key named, before a credit is spent on it.

Source: the platform's table of parameter types on the page of subscribeMessage.send. The pages do not say what a
character is; UTF-16 units are counted, which is the narrowest reading.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from server.core.clock import SHANGHAI
from server.core.errors import Invalid

KEY: Final = re.compile(r"([a-z_]*[a-z])([0-9]{1,3})")
ELLIPSIS: Final = "…"
_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff"
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
_DAY = r"\d{4}(?:年\d{1,2}月\d{1,2}日|-\d{1,2}-\d{1,2}|/\d{1,2}/\d{1,2}|\.\d{1,2}\.\d{1,2})"
_TIME = rf"(?:{_DAY} )?{_CLOCK}"
_DATE = rf"{_DAY}(?: {_CLOCK})?"


class ValueUnfit(Invalid):
    """A value cannot be made to fit the type of its place in the template; ``field`` names the place."""

    code = "message_value_unfit"
    title = "消息内容不符合模板要求"


class FieldUnknown(Invalid):
    """A place of a template has a name whose type is not known."""

    code = "message_field_unknown"
    title = "未知的模板字段类型"


def fitted(fields: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Fill the places of a template.

    :param fields: for each place, such as ``thing1``, the name of the value that goes there.
    :param values: the values by name.
    :raises ValueUnfit: if a value is missing, empty or of the wrong kind for its place.
    :raises FieldUnknown: if a place is of a type that is not known.
    """
    return {place: fit(place, values.get(name, "")) for place, name in fields.items()}


def fit(place: str, text: str) -> str:
    """Make one value fit its place: on one line, without control characters, no longer than its type allows.

    :raises ValueUnfit: if nothing is left, or if it is of the wrong kind.
    :raises FieldUnknown: if the place is of a type that is not known.
    """
    cut, shape = _type_of(place)
    line = _one_line(text)
    value = cut(line) if cut else line
    if not value or not shape.fullmatch(value):
        raise ValueUnfit(f"The value for {place} does not fit its type.", field=place)
    return value


def check_field(place: str) -> None:
    """Check that a place of a template is of a type that is known.

    :raises FieldUnknown: if it is not.
    """
    _type_of(place)


def spoken_time(at: datetime) -> str:
    """Write an instant the way the types ``time`` and ``date`` take it, in Asia/Shanghai: 2026年11月3日 19:30."""
    local = at.astimezone(SHANGHAI)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def _type_of(place: str) -> tuple[Callable[[str], str] | None, re.Pattern[str]]:
    found = KEY.fullmatch(place)
    if found is None or found[1] not in _TYPES:
        raise FieldUnknown(f"{place} is not a place of a known type.", field=place)
    return _TYPES[found[1]]


def _one_line(text: str) -> str:
    """Drop what a message may not contain: control and format characters, and line ends as well as other blanks."""
    kept = "".join(" " if _is_blank(character) else character for character in text if not _is_barred(character))
    return " ".join(kept.split())


def _is_blank(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in {"Zl", "Zp", "Zs"}


def _is_barred(character: str) -> bool:
    # Joiners keep characters of emoji together and are let through; lone surrogates cannot be sent at all.
    category = unicodedata.category(character)
    if category == "Cc":
        return not character.isspace()
    return category == "Cs" or (category == "Cf" and character != "\u200d")


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _at_most(most: int) -> Callable[[str], str]:
    """Make a cutter to so many UTF-16 units, the ellipsis among them."""

    def cut(text: str) -> str:
        if _units(text) <= most:
            return text
        while text and _units(text) > most - 1:
            text = text[:-1]
        # What joined or changed the character that is gone must not hang over.
        while text and (text[-1] in "\u200d\ufe0f" or unicodedata.combining(text[-1])):
            text = text[:-1]
        return text.rstrip() + ELLIPSIS

    return cut


def _name(text: str) -> str:
    """Cut a name: to 20 characters where all are Latin, to 10 where any is not."""
    return text[: 20 if text.isascii() else 10].rstrip()


def _like(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


_TYPES: Final[dict[str, tuple[Callable[[str], str] | None, re.Pattern[str]]]] = {
    "thing": (_at_most(20), _like(r".+")),
    "number": (None, _like(r"(?=[\d.]{1,32}$)\d+(?:\.\d+)?")),
    "letter": (None, _like(r"[A-Za-z]{1,32}")),
    "symbol": (None, _like(r"[^\w\s]{1,5}")),
    "character_string": (None, _like(r"[!-~]{1,32}")),
    "time": (None, _like(rf"{_TIME}(?:~{_TIME})?")),
    "date": (None, _like(rf"{_DATE}(?:~{_DATE})?")),
    "amount": (None, _like(r"[¥￥$€£]?\d{1,10}(?:\.\d{1,2})?元?")),
    "phone_number": (None, _like(r"[0-9+() -]{1,17}")),
    "car_number": (None, _like(rf"[{_HAN}A-Za-z0-9]{{1,8}}")),
    "name": (_name, _like(rf"[A-Za-z .'-]{{1,20}}|[{_HAN}A-Za-z·. -]{{1,10}}")),
    "phrase": (None, _like(rf"[{_HAN}]{{1,5}}")),
    # The list of an enum is the template's own and not known here.
    "enum": (None, _like(r".{1,20}")),
}
