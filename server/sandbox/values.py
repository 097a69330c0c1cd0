"""The rules for the values of a subscribe message, by the type that begins its key.

Source: the platform's table of parameter types on the page of subscribeMessage.send. A character is a code point.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, time

KEY = re.compile(r"([a-z_]+?)([0-9]+)")
_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_DAY = re.compile(r"(\d{4})(?:年(\d{1,2})月(\d{1,2})日|([-/.])(\d{1,2})\4(\d{1,2}))", re.ASCII)


def fault_of(key: str, value: str, *, enums: Mapping[str, tuple[str, ...]]) -> str:
    """Say what is wrong with a value: ``empty`` or ``invalid``; an empty text for nothing.

    :param key: such as ``thing1``.
    :param enums: the values that the template's enum keys may take.
    """
    if not value:
        return "empty"
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in value):
        return "invalid"
    matched = KEY.fullmatch(key)
    if not matched:
        return "invalid"
    if matched[1] == "enum":
        return "" if value in enums.get(key, ()) else "invalid"
    rule = RULES.get(matched[1])
    return "" if rule and rule(value) else "invalid"


def _of(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: compiled.fullmatch(value) is not None


def _is_number(value: str) -> bool:
    return re.fullmatch(r"[0-9]+(\.[0-9]+)?", value) is not None and len(value.replace(".", "")) <= 32


def _is_symbol(value: str) -> bool:
    return len(value) <= 5 and all(unicodedata.category(character)[0] in "PS" for character in value)


def _is_time(value: str) -> bool:
    return _is_range(value, _is_moment)


def _is_date(value: str) -> bool:
    return _is_range(value, lambda part: _is_day(part) or (not _is_clock(part) and _is_moment(part)))


def _is_range(value: str, one: Callable[[str], bool]) -> bool:
    parts = value.split("~")
    return len(parts) <= 2 and all(one(part.strip()) for part in parts)


def _is_moment(value: str) -> bool:
    day, _, clock = value.rpartition(" ")
    return _is_clock(clock) and (not day or _is_day(day.strip()))


def _is_day(value: str) -> bool:
    found = _DAY.fullmatch(value)
    if not found:
        return False
    try:
        date(int(found[1]), int(found[2] or found[5]), int(found[3] or found[6]))
    except ValueError:
        return False
    return True


def _is_clock(value: str) -> bool:
    found = _CLOCK.fullmatch(value)
    if not found:
        return False
    try:
        time(int(found[1]), int(found[2]), int(found[3] or 0))
    except ValueError:
        return False
    return True


def _is_amount(value: str) -> bool:
    found = re.fullmatch(r"[¥￥$€£₩฿]?([0-9]+)(\.[0-9]+)?元?", value)
    return found is not None and len(found[1]) <= 10


def _is_name(value: str) -> bool:
    if re.fullmatch(r"[A-Za-z .'-]{1,20}", value):
        return True
    return re.fullmatch(rf"[{_HAN}A-Za-z·. -]{{1,10}}", value) is not None


RULES: dict[str, Callable[[str], bool]] = {
    "thing": lambda value: len(value) <= 20,
    "number": _is_number,
    "letter": _of(r"[A-Za-z]{1,32}"),
    "symbol": _is_symbol,
    "character_string": _of(r"[!-~]{1,32}"),
    "time": _is_time,
    "date": _is_date,
    "amount": _is_amount,
    "phone_number": _of(r"[0-9+() -]{1,17}"),
    "car_number": _of(rf"[{_HAN}A-Za-z0-9][A-Za-z0-9]{{0,6}}[{_HAN}A-Za-z0-9]?"),
    "name": _is_name,
    "phrase": _of(rf"[{_HAN}]{{1,5}}"),
}
