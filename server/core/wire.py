"""JSON as it comes from outside: decoded strictly, with a named error and the path of the field.

The rule: what passes here can be stored. PostgreSQL takes neither NUL nor lone surrogates nor numbers beyond its own,
so they are refused at the door and not by the database.
"""

import math
import re
from collections.abc import Hashable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, TypeVar, cast

import msgspec
from msgspec import Meta

from server.core import fault_paths
from server.core.errors import Invalid
from server.core.fault_paths import leaves, written

T = TypeVar("T")

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
MOST_BITS = 120

# JavaScript knows whole numbers up to here; an id that may grow beyond is a string.
LARGEST_ID = 2**53 - 1

RowId = Annotated[int, Meta(ge=1, le=LARGEST_ID, description="An id of this interface.")]
Instant = Annotated[datetime, Meta(tz=True, description="An instant with its offset from UTC, ISO 8601.")]

_PATH = re.compile(r"^(?P<what>.*?)(?: - at (?:`key` in )?`\$?\.?(?P<path>[^`]*)`)?$", re.DOTALL)
# Only bodies with one of these need the slow look at every string.
_SUSPECT = re.compile(rb"\\u0000|\d[eE]\+?\d{3}|\d{20}")


class Malformed(Invalid):
    """The body is not JSON."""

    code = "malformed"
    title = "请求格式有误"


class BadField(Invalid):
    """A field is missing, of the wrong type or out of its bounds."""

    code = "bad_field"
    title = "字段有误"


@lru_cache(maxsize=512)
def _decoder(shape: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(shape)


def decode(body: bytes, shape: type[T]) -> T:
    """Decode JSON into a shape.

    :raises Malformed: if it is no JSON, is nested too deeply or is not UTF-8.
    :raises BadField: if a field does not fit; ``field`` is its path.
    """
    try:
        value = _decoder(cast("Hashable", shape)).decode(body)
        if _SUSPECT.search(body):
            _refuse_unstorable(msgspec.json.decode(body))
    except msgspec.ValidationError as fault:
        raise bad_field(fault, body=body, shape=shape) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise Malformed(_sentence(str(fault))) from None
    except RecursionError:
        raise Malformed("The body is nested too deeply.") from None
    _refuse_far_times(value)
    return value  # type: ignore[no-any-return]  # the decoder was made for this shape


def convert(values: dict[str, Any], shape: type[T]) -> T:
    """Turn strings, as of a query, into a shape; the same errors as `decode`."""
    try:
        _refuse_unstorable(values)
        value = msgspec.convert(values, shape, strict=False)
    except msgspec.ValidationError as fault:
        raise bad_field(fault) from None
    _refuse_far_times(value)
    return value


def bad_field(fault: msgspec.ValidationError, *, body: bytes | msgspec.Raw = b"", shape: Any = Any) -> BadField:
    """Name the field that a validation error speaks of.

    :param body: what was refused, and ``shape`` what it did not fit; without it keys of maps cannot be named.
    """
    match = _PATH.match(str(fault))
    what, path = (match["what"], match["path"] or "") if match else (str(fault), "")
    missing = re.search(r"(?:missing required field|unknown field) `([^`]+)`", what)
    if missing:
        path = f"{path}.{missing[1]}" if path else missing[1]
    elif body and ("[...]" in path or "`key` in" in str(fault)):
        path = fault_paths.with_keys(body, shape, fault) or fault_paths.number_beyond(body) or path
    return BadField(_sentence(what), field=path)


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def check_text(text: str, field: str) -> None:
    """Refuse text that cannot be stored.

    :raises BadField: if it holds NUL or half of a character.
    """
    if "\0" in text:
        raise BadField("A text must not contain the character NUL.", field=field)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise BadField("A text contains half of a character (a lone surrogate).", field=field) from None


def _refuse_unstorable(value: Any) -> None:
    for place, leaf in leaves(value):
        if isinstance(leaf, str):
            if "\0" in leaf or not leaf.isascii():
                check_text(leaf, written(place))
        elif (isinstance(leaf, float) and not math.isfinite(leaf)) or (
            isinstance(leaf, int) and leaf.bit_length() > MOST_BITS
        ):
            raise BadField("A number is too large.", field=written(place))


def _refuse_far_times(value: Any, path: str = "") -> None:
    """Refuse instants that no calendar needs; arithmetic on them would overflow."""
    if isinstance(value, datetime):
        if value.tzinfo is None or not EARLIEST.replace(tzinfo=None) <= value.replace(tzinfo=None) <= LATEST.replace(
            tzinfo=None
        ):
            raise BadField("A time must have an offset and lie between 1990 and 2200.", field=path)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            inner = getattr(value, name)
            if not isinstance(inner, str | int | float | bytes | type(None)):
                _refuse_far_times(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            if isinstance(inner, str | int | float):
                return
            _refuse_far_times(inner, f"{path}[{index}]")


encode = msgspec.json.Encoder(uuid_format="canonical").encode
