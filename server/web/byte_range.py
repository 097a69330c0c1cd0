"""Parts of a file, as the header Range asks for them (RFC 9110, section 14).

The rule: what is not understood is ignored and answered with the whole; several parts at once are, too, as section 14.2
allows; only one part that lies outside the file is refused.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from server.core.errors import Invalid

_ONE = re.compile(r"^\s*(?P<first>\d{0,400})\s*-\s*(?P<last>\d{0,400})\s*$")


class RangeOutside(Invalid):
    """The part that was asked for lies outside the file."""

    code = "range_not_satisfiable"
    title = "请求的范围无法满足"
    status = 416


def part_of(header: str | None, size: int) -> tuple[int, int] | None:
    """Give the half-open part of a file that a Range header asks for; None means the whole.

    :raises RangeOutside: if it asks for one part and that lies outside.
    """
    if not header:
        return None
    unit, equals, asked = header.partition("=")
    if unit.strip().lower() != "bytes" or not equals or "," in asked:
        return None
    match = _ONE.match(asked)
    if match is None or not (match["first"] or match["last"]) or not asked.isascii():
        return None
    if not match["first"]:
        length = min(int(match["last"]), size)
        if length == 0:
            raise RangeOutside()
        return size - length, size
    first = int(match["first"])
    last = int(match["last"]) if match["last"] else size - 1
    if match["last"] and last < first:
        return None
    if first >= size:
        raise RangeOutside()
    return first, min(last, size - 1) + 1


def still_whole(if_range: str | None, *, etag: str, changed_at: datetime) -> bool:
    """Tell whether the part may be given: the client's copy is of this very file (RFC 9110, section 13.1.5)."""
    if not if_range:
        return True
    given = if_range.strip()
    if given.startswith(('"', "W/")):
        # A weak tag never matches here.
        return given == etag
    try:
        date = parsedate_to_datetime(given)
    except (ValueError, TypeError, IndexError, OverflowError):
        return False
    return date.replace(tzinfo=date.tzinfo or UTC) == changed_at.replace(microsecond=0)
