"""Figures of the engagement log for the people who run the house.

The rule: a day is one of Asia/Shanghai; an event counts on the day that it happened on, not on the one it came in.
"""

from datetime import date, datetime, timedelta

from msgspec import Struct

from server.core.clock import day_of, start_of
from server.core.db import connection

# A device that was off line brings its events later; the intake closes its books after this many days.
LATEST_DAYS = 31


class DailyEvents(Struct, frozen=True):
    """How many events happened on each of ``days``: of each name the counts in their order, the most frequent first."""

    days: list[date]
    counts: dict[str, list[int]]

    @property
    def totals(self) -> list[int]:
        """Give the count of all names together, day by day."""
        return [sum(counts[place] for counts in self.counts.values()) for place in range(len(self.days))]


async def daily(*, days: int, at: datetime) -> DailyEvents:
    """Count the events of the last days, today included.

    :param days: how many days, at least 1.
    """
    today = day_of(at)
    shown = [today - timedelta(days=back) for back in reversed(range(days))]
    since, until = start_of(shown[0]), start_of(today + timedelta(days=1))
    rows = await connection().fetch(
        "SELECT name, (derived_at AT TIME ZONE 'Asia/Shanghai')::date AS day, count(*) AS count FROM event "
        # An event cannot come in before it happens, so older partitions are not read; the day after is for clocks.
        "WHERE received_at >= $1 AND received_at < $2::timestamptz + make_interval(days => $3) "
        "AND derived_at >= $1 AND derived_at < $2 GROUP BY 1, 2",
        since,
        until,
        LATEST_DAYS,
    )
    place = {day: index for index, day in enumerate(shown)}
    counts: dict[str, list[int]] = {}
    for row in rows:
        counts.setdefault(row["name"], [0] * days)[place[row["day"]]] += row["count"]
    return DailyEvents(shown, dict(sorted(counts.items(), key=lambda entry: (-sum(entry[1]), entry[0]))))
