"""Pages of the lists of this portal: an entry more than was asked for says that there is another page.

The rule: a place in time is written into a cursor as whole microseconds since 1970, which fit every clock.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, TypeVar

from msgspec import Meta, Struct

from server.web.replies import Page, cursor

T = TypeVar("T")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

# Up to the end of the year 2199.
Microseconds = Annotated[int, Meta(ge=0, le=7_258_118_400_000_000)]
# As `server.web.replies.cursor` writes them.
CURSOR: Final = r"^[A-Za-z0-9_-]*$(?!\n)"
Id = Annotated[int, Meta(ge=1, le=2**63 - 1)]


class PageQuery(Struct, frozen=True):
    """Which page of a list."""

    cursor: Annotated[str, Meta(max_length=300, description="The `next` of the page before.")] = ""
    limit: Annotated[int, Meta(ge=1, le=50)] = 20


def page_of(entries: Sequence[T], limit: int, place: Callable[[T], tuple[Any, ...]]) -> Page[T]:
    """Make a page of up to ``limit`` entries, from one more than that where there are more."""
    shown = list(entries[:limit])
    return Page(shown, cursor(*place(shown[-1])) if len(entries) > limit else None)


def microseconds(at: datetime) -> int:
    """Write an instant into a cursor."""
    return (at - _EPOCH) // _MICROSECOND


def instant(since: int) -> datetime:
    """Read an instant from a cursor."""
    return _EPOCH + since * _MICROSECOND
