"""The time: aware, read only at doors and in jobs, shown in Asia/Shanghai."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """Read the clock, in UTC."""
    return datetime.now(UTC)


def day_of(at: datetime) -> date:
    """Name the day in Asia/Shanghai that an instant belongs to."""
    return at.astimezone(SHANGHAI).date()


def start_of(day: date) -> datetime:
    """Give the instant at which a day begins in Asia/Shanghai."""
    return datetime.combine(day, time(), tzinfo=SHANGHAI)


def month_bounds(year: int, month: int) -> tuple[datetime, datetime]:
    """Give the half-open bounds of a month in Asia/Shanghai.

    :raises ValueError: if there is no such month.
    """
    first = date(year, month, 1)
    return start_of(first), start_of((first + timedelta(days=32)).replace(day=1))
