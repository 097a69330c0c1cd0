"""The figures of items: how many people were shown an item, opened it, read it to its end, kept it, came back.

The rule: people are counted, not clicks: unique OneIDs by the map of people as it is now, bots and the house's own
people left out, guests too, who have none. A rate is the share of a smaller circle in a larger one, both within the
period, and never goes without the number it rests on and its interval. Days are those of Asia/Shanghai. Definitions:

- shown: the card was on the screen; clicked: the item was opened from a card.
- opened: the page was opened; read: scrolled to nine tenths and read for three tenths of the time that it takes.
- favourite: among the favourites at the end of the period; come back: opened in two visits half an hour apart.
- started and finished: a film was begun, and nine tenths of its distinct seconds were watched.
"""

from datetime import date, timedelta
from typing import Any, Final, Literal

from msgspec import Struct

from cdp.intervals import wilson
from server.core.db import connection

Circle = Literal["shown", "clicked", "opened", "read", "favourite", "returned", "started", "finished"]
RateName = Literal["click", "read", "favourite", "return", "completion"]

# Each rate: who is counted, and of whom.
RATES: Final[dict[RateName, tuple[Circle, Circle]]] = {
    "click": ("clicked", "shown"),
    "read": ("read", "opened"),
    "favourite": ("favourite", "opened"),
    "return": ("returned", "opened"),
    "completion": ("finished", "started"),
}
# Under so many people a share is marked as resting on few; it is shown all the same, with its interval.
FEW: Final = 30


class Rate(Struct, frozen=True):
    """A share of people: ``count`` of ``n``, and the interval that holds the true share in nineteen of twenty cases."""

    count: int
    n: int

    @property
    def share(self) -> float | None:
        return self.count / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.count, self.n)

    @property
    def rests_on_few(self) -> bool:
        return self.n < FEW


class Figures(Struct, frozen=True, kw_only=True):
    """How many people belong to each circle, and of those of a larger one to a smaller one as well."""

    shown: int = 0
    clicked: int = 0
    opened: int = 0
    read: int = 0
    favourite: int = 0
    returned: int = 0
    started: int = 0
    finished: int = 0

    @property
    def rates(self) -> dict[RateName, Rate]:
        return {name: Rate(getattr(self, part), getattr(self, whole)) for name, (part, whole) in RATES.items()}


class Stretch(Struct, frozen=True):
    """The figures of a day, or of a week from its Monday on, as far as it lies in the period."""

    starts_on: date
    figures: Figures


class ItemFigures(Struct, frozen=True):
    """The figures of one item."""

    item_id: int
    figures: Figures


_OF: Final = """
    FROM item_visit v LEFT JOIN person_map AS now ON now.account_id = v.account_id AND now.until_at IS NULL
    WHERE v.day >= $1 AND v.day < $2 AND ($3::bigint[] IS NULL OR v.item_id = ANY($3))
"""
_PERSON: Final = "coalesce(now.person_id, -v.account_id)"
# Placeholders: the key by which people are counted.
_FIGURES: Final = f"""
WITH visit AS (
    SELECT %(key)s AS key, {_PERSON} AS person, v.account_id, v.visit,
        bool_or(v.shown) AS shown, bool_or(v.clicked) AS clicked, bool_or(v.read) AS read,
        min(v.opened_first) AS opened_first, max(v.opened_last) AS opened_last,
        max(v.favourite) AS favourite, bool_or(v.started) AS started, bool_or(v.finished) AS finished,
        max(v.length_ms) AS length_ms
    {_OF} GROUP BY 1, 2, 3, 4
), watching AS (
    -- Whoever watched with two accounts may have finished with neither: their seconds are counted together.
    SELECT key, person, (SELECT sum(upper(part) - lower(part)) FROM unnest(seconds) AS part) AS covered_ms
    FROM (
        SELECT key, person, range_agg(part) AS seconds
        FROM (SELECT %(key)s AS key, {_PERSON} AS person, unnest(v.watched) AS part {_OF}) AS watched GROUP BY 1, 2
    ) AS joined
), own AS (
    SELECT coalesce(now.person_id, -v.account_id) AS person FROM own_account AS v
    LEFT JOIN person_map AS now ON now.account_id = v.account_id AND now.until_at IS NULL
), person AS (
    SELECT key, person, bool_or(shown) AS shown, bool_or(clicked) AS clicked,
        bool_or(opened_first IS NOT NULL) AS opened, bool_or(read) AS read, bool_or(favourite[3] = 1) AS favourite,
        coalesce(max(opened_first) - min(opened_last) >= interval '30 minutes', false) AS returned,
        bool_or(started) AS started, bool_or(finished) AS finished, max(length_ms) AS length_ms
    FROM visit WHERE person NOT IN (SELECT person FROM own) GROUP BY 1, 2
)
SELECT key, count(*) FILTER (WHERE shown) AS shown, count(*) FILTER (WHERE clicked AND shown) AS clicked,
    count(*) FILTER (WHERE opened) AS opened, count(*) FILTER (WHERE read AND opened) AS read,
    count(*) FILTER (WHERE favourite AND opened) AS favourite, count(*) FILTER (WHERE returned) AS returned,
    count(*) FILTER (WHERE started) AS started,
    count(*) FILTER (WHERE started AND (finished OR covered_ms * 10 >= length_ms * 9)) AS finished
FROM person LEFT JOIN watching USING (key, person) GROUP BY key ORDER BY key
"""  # noqa: S608  the parts are constants of this module


async def of_item(*, item_id: int, since: date, until: date) -> Figures:
    """Count the people of an item over the days ``[since, until)``."""
    rows = await _fetch("0", since, until, [item_id])
    return rows[0][1] if rows else Figures()


async def over_time(*, item_id: int, since: date, until: date, by: Literal["day", "week"] = "day") -> list[Stretch]:
    """Count the people of an item on each day, or in each week, of the days ``[since, until)``.

    Whoever came in two of them is counted in both.
    """
    key, length = ("v.day", 1) if by == "day" else ("date_trunc('week', v.day)::date", 7)
    found = dict(await _fetch(key, since, until, [item_id]))
    first = since if by == "day" else since - timedelta(days=since.weekday())
    starts = [first + timedelta(days=number) for number in range(0, (until - first).days, length)]
    return [Stretch(day, found.get(day, Figures())) for day in starts]


async def of_items(*, since: date, until: date, item_ids: list[int] | None = None) -> list[ItemFigures]:
    """Count the people of each item over the days ``[since, until)``; of all items that anybody had to do with."""
    return [ItemFigures(key, figures) for key, figures in await _fetch("v.item_id", since, until, item_ids)]


async def _fetch(key: str, since: date, until: date, item_ids: list[int] | None) -> list[tuple[Any, Figures]]:
    rows = await connection().fetch(_FIGURES % {"key": key}, since, until, item_ids)
    return [(row["key"], Figures(**{name: row[name] for name in Figures.__struct_fields__})) for row in rows]
