"""What a field of an event may hold: ids, words of a list, bounded numbers, times, and codes of a narrow pattern.

The rule: no field takes a phone number, an openid, a name or a sentence. A code is lower-case and has no run of more
than six figures, so neither a phone number nor an openid passes for one; `tests/cdp/test_events.py` tries it on every
field of every event.
"""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from msgspec import Meta

# `$` alone would let a line break pass at the end of a text.
_END: Final = r"$(?!\n)"
_NO_LONG_NUMBER: Final = r"(?!.*[0-9]{7})"


def _code(pattern: str, longest: int) -> Meta:
    return Meta(pattern=f"^{_NO_LONG_NUMBER}(?:{pattern}){_END}", max_length=longest)


Id = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
ErrorNumber = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Percent = Annotated[int, Meta(ge=0, le=100)]
Milliseconds = Annotated[int, Meta(ge=0, le=7 * 24 * 3600 * 1000, description="Whole milliseconds, up to a week.")]
Seconds = Annotated[float, Meta(ge=0, le=7 * 24 * 3600, description="Seconds, up to a week.")]
Stars = Annotated[int, Meta(ge=1, le=5)]
Instant = Annotated[datetime, Meta(tz=True)]
Range = tuple[Seconds, Seconds]
Ranges = Annotated[list[Range], Meta(max_length=1000)]

Code = Annotated[str, _code("[a-z][a-z0-9_.-]*", 40)]
Kind = Annotated[str, _code("[a-z][a-z_]*", 32)]
Tag = Annotated[str, _code("[a-z0-9][a-z0-9_.:/-]*", 64)]
Tags = Annotated[tuple[Tag, ...], Meta(max_length=100)]
Version = Annotated[str, _code("(?:[a-z0-9][a-z0-9.-]*)?", 20)]
ShareId = Annotated[
    str, Meta(pattern=f"^[0-9A-Za-z]{{22}}{_END}", description="An id as `server.core.ids.opaque` makes.")
]
AppId = Annotated[str, Meta(pattern=f"^wx[0-9A-Za-z_-]{{2,22}}{_END}", description="The app id of a mini-program.")]
UuidText = Annotated[
    str, Meta(pattern=f"^[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}{_END}", description="A UUID.")
]
# Checked by whoever opens it, which is quicker than by the pattern.
UuidToCheck = Annotated[str, Meta(min_length=36, max_length=36, extra_json_schema={"format": "uuid"})]
Device = UUID

Page = Annotated[
    str,
    Meta(
        pattern=f"^/?[a-z][a-z_-]*[0-9]?(?:/[a-z][a-z_-]*[0-9]?){{0,7}}{_END}",
        max_length=100,
        description="The path of a page of the app, without its query.",
    ),
]
Portal = Literal["doctor", "patient"]
