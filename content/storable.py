"""What a draft may hold before anything is asked of its sense: JSON of the fields of its kind that can be stored."""

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from content.kinds import kind_of
from server.core.errors import Invalid, TooLarge
from server.core.wire import check_text

MOST_BYTES = 256 * 1024
DEEPEST = 12


class DraftUnfit(Invalid):
    """The draft is no JSON object of this kind's fields."""

    code = "draft_unfit"
    title = "草稿内容无法保存"


class DraftTooLarge(TooLarge):
    """The draft is larger than 256 KiB."""

    code = "draft_too_large"
    title = "草稿过大"


def as_storable(kind: str, shape: Mapping[str, Any]) -> dict[str, Any]:
    """Give the text as it can be stored.

    :raises DraftUnfit: if it is not made of the kind's fields, or holds what PostgreSQL cannot keep.
    :raises DraftTooLarge: if it is larger than `MOST_BYTES`.
    """
    for name in shape:
        if name not in kind_of(kind).field_names:
            raise DraftUnfit("This kind has no such field.", field=name)
    _refuse_unstorable(shape, "", 0)
    encoded = msgspec.json.encode(shape)
    if len(encoded) > MOST_BYTES:
        raise DraftTooLarge()
    return msgspec.json.decode(encoded, type=dict[str, Any])


def _refuse_unstorable(value: Any, path: str, depth: int) -> None:
    if depth > DEEPEST:
        raise DraftUnfit("Nested too deeply.", field=path)
    if isinstance(value, Mapping):
        for name, inner in value.items():
            check_text(name, path)
            _refuse_unstorable(inner, f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            _refuse_unstorable(inner, f"{path}[{index}]", depth + 1)
    elif isinstance(value, str):
        check_text(value, path)
    elif isinstance(value, float) and not math.isfinite(value):
        raise DraftUnfit("Not a number.", field=path)
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise DraftUnfit("The number is too large.", field=path)
