"""What the index is asked: the conditions of a search as SQL, and the newest items that meet a step.

The rule: what differs between readers and requests is a value and never part of a statement.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from content.access import audience_values, condition
from content.lexicon import Lexicon
from content.query import Step
from server.core import clock
from server.core.db import connection
from server.core.roles import Reader

# Days that no item can be of; arithmetic on days far away would overflow.
FIRST_DAY: Final = date(1990, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)
# Beyond so many, items are not counted any further.
MOST_COUNTED: Final = 5000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Place(Struct, frozen=True, array_like=True):
    """A place in what was found: how wide was looked, the step, the time of publishing (microseconds) and the id."""

    width: Annotated[int, Meta(ge=0, le=2)]
    step: Annotated[int, Meta(ge=0, le=40)]
    published_us: Annotated[int, Meta(ge=0, le=2**53)]
    id: Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Filters(Struct, frozen=True):
    """What an item must be as well: of one of these kinds, with all of these tags or tags under them, of these days.

    ``section`` is the slug of the section that it stands in, or that is above that.
    """

    kinds: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    section: str = ""
    since: date | None = None
    until: date | None = None


ANY: Final = Filters()


class Asked(Struct, frozen=True):
    """The values and the condition that every statement of a search has in common."""

    where: str
    of_kinds: str
    values: tuple[Any, ...]


def asked_of(reader: Reader, at: datetime, filters: Filters, words: Lexicon) -> Asked:
    values: list[Any] = [audience_values(reader), at]
    where = [condition(row="w", audiences="$1", at="$2")]
    for tag in filters.tags:
        values.append(list(words.below.get(tag, (tag,))))
        where.append(f"w.tags && ${len(values)}::text[]")
    if filters.section:
        values.append(filters.section)
        where.append(f"w.section_ids && ARRAY(SELECT id FROM section WHERE slug = ${len(values)}::text)")  # noqa: S608  a number
    for day, is_first in ((filters.since, True), (filters.until, False)):
        if day is not None:
            begins = clock.start_of(min(max(day, FIRST_DAY), LAST_DAY))
            values.append(begins if is_first else begins + timedelta(days=1))
            where.append(f"w.published_at {'>=' if is_first else '<'} ${len(values)}::timestamptz")
    values.append(list(filters.kinds))
    of_kinds = f"(cardinality(${len(values)}::text[]) = 0 OR w.kind = ANY(${len(values)}::text[]))"
    return Asked(" AND ".join(where), of_kinds, tuple(values))


class Values:
    """The values of a statement, numbered as they are named."""

    def __init__(self, values: Sequence[Any]) -> None:
        self.all = list(values)

    def name(self, value: object, kind: str) -> str:
        self.all.append(value)
        return f"${len(self.all)}::{kind}"


def meets(step: Step, values: Values, *, but: Sequence[Step] = ()) -> str:
    """Write as SQL that an item meets a step and none of those before it."""
    plain = [one.asked for one in but if not one.contains and not one.like]
    asked = f"({step.asked}) & !({' | '.join(plain)})" if plain else step.asked
    parts = [f"w.found @@ {values.name(asked, 'tsquery')}"]
    if step.contains:
        parts.append(f"strpos(w.title, {values.name(step.contains, 'text')}) > 0")
    if step.like:
        parts.append(f"w.title ~ {values.name(step.like, 'text')}")
    for one in but:
        if one.contains and one.asked == step.asked:
            parts.append(f"strpos(w.title, {values.name(one.contains, 'text')}) = 0")
        elif one.like:
            parts.append(
                f"NOT (w.title ~ {values.name(one.like, 'text')} AND w.found @@ {values.name(one.asked, 'tsquery')})"
            )
    return " AND ".join(parts)


async def newest(
    step: Step, but: Sequence[Step], asked: Asked, behind: Place | None, limit: int
) -> list[tuple[int, datetime]]:
    """Give the newest items of a step, behind a place."""
    values = Values(asked.values)
    met = meets(step, values, but=but)
    where = f"{asked.where} AND {asked.of_kinds}"
    if behind is not None:
        published = values.name(EPOCH + timedelta(microseconds=behind.published_us), "timestamptz")
        where += f" AND (w.published_at, w.item_id) < ({published}, {values.name(behind.id, 'bigint')})"
    size = values.name(limit, "int")
    rows = await connection().fetch(
        f"""
        WITH hit AS MATERIALIZED (
            SELECT w.item_id, w.published_at FROM live_words w WHERE {met} AND {where} LIMIT {MOST_COUNTED + 1}
        )
        SELECT item_id, published_at, (SELECT count(*) FROM hit) AS seen FROM hit
        ORDER BY published_at DESC, item_id DESC LIMIT {size}
        """,  # noqa: S608  the parts are constants and names of values
        *values.all,
    )
    if rows and rows[0]["seen"] > MOST_COUNTED:
        # So many meet it that the newest are soon met when all are looked through from the newest on.
        rows = await connection().fetch(
            f"SELECT w.item_id, w.published_at FROM live_words w WHERE ({met}) IS TRUE AND {where} "  # noqa: S608  constants
            f"ORDER BY w.published_at DESC, w.item_id DESC LIMIT {size}",
            *values.all,
        )
    return [(row["item_id"], row["published_at"]) for row in rows]
