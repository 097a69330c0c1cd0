"""The calendar of a doctor: a month of days in Asia/Shanghai, each with its episodes and how far the doctor has come.

The rule: an episode is on air within its duration from ``airs_at``, whatever has been watched of it; after that it is
finished, started or missed, and can still be watched for as long as it is published. A cancelled airing stays in its
place and says so. The whole answer is made by PostgreSQL in one statement; `Calendar` is its shape.
"""

import enum
from datetime import date, datetime
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from cdp.message_outlook import states
from content import access
from content.parts import Stage
from content.pictures import Cover
from content.series_shapes import Named
from server.core.clock import month_bounds
from server.core.db import connection
from server.core.roles import Reader

# A month from 1990 to 2199; empty stands for the present one.
MONTH_PATTERN: Final = "^(?:(?:199[0-9]|20[0-9]{2}|21[0-9]{2})-(?:0[1-9]|1[0-2]))?$"
Month = Annotated[str, Meta(pattern=MONTH_PATTERN, max_length=7, examples=["2026-11"])]


class State(enum.StrEnum):
    """How an episode stands to a reader."""

    UPCOMING = "upcoming"
    ON_AIR = "on_air"
    STARTED = "started"
    FINISHED = "finished"
    MISSED = "missed"
    CANCELLED = "cancelled"


class ListedEpisode(Struct, frozen=True, kw_only=True):
    """An episode in a list, with how far the reader has come: the ``share`` of its distinct seconds that was watched.

    ``resume_s`` is where to go on.
    """

    id: int
    series: Named
    title: str
    stage: Stage | None
    duration_s: int
    cover: Cover | None
    airs_at: datetime | None
    state: State
    share: Annotated[float, Meta(ge=0, le=1)]
    resume_s: float
    following: bool


class CalendarEpisode(ListedEpisode, frozen=True, kw_only=True):
    """An episode in the calendar, with what becomes of the reminder of its beginning.

    ``reminder`` is ``none`` where the reader follows the series and there is nothing to be reminded of (any more).
    """

    airs_at: datetime
    moved_from: datetime | None
    reminder: Literal["planned", "sent", "no_credit", "not_following", "none"]


class Day(Struct, frozen=True, kw_only=True):
    """A day in Asia/Shanghai."""

    date: date
    episodes: list[CalendarEpisode]


class Calendar(Struct, frozen=True, kw_only=True):
    """A month, all days of it; ``next`` is the next episode of a followed series, or else of any, in any month."""

    month: str
    days: list[Day]
    next: CalendarEpisode | None


# The parts of a statement about episodes: of a live row ``l`` and its series ``s``, its airing ``a``, and, where there
# are any, the reader's viewing ``v`` and following ``f``. ``$1`` is the account, ``$3`` the time.
STATE: Final = """CASE WHEN a.cancelled_at IS NOT NULL THEN 'cancelled' WHEN a.airs_at > $3 THEN 'upcoming'
    WHEN a.airs_at + make_interval(secs => l.seconds) > $3 THEN 'on_air' WHEN v.finished_at IS NOT NULL THEN 'finished'
    WHEN v.account_id IS NOT NULL THEN 'started' ELSE 'missed' END"""
# Where another video has taken the place of the one that was watched, what counts is what lies within it.
SHARE: Final = """round(coalesce(CASE WHEN v.length_ms = l.seconds * 1000 THEN v.covered_ms ELSE (
    SELECT sum(upper(part) - lower(part))
    FROM unnest(v.ranges * int8multirange(int8range(0, l.seconds * 1000))) AS part
    ) END, 0) / (l.seconds * 1000.0), 4)"""
# The same rule as `content.viewing.resume_at`, here for many.
RESUME: Final = """CASE WHEN v.position_ms >= 10000 AND v.position_ms <= l.seconds * 950 THEN
    (v.position_ms - 3000) / 1000.0 ELSE 0 END"""
LISTED: Final = f"""'id', l.item_id, 'series', json_build_object('id', l.root_id, 'title', s.title),
    'title', l.title, 'stage', l.card -> 'stage', 'duration_s', l.seconds, 'cover', l.card -> 'cover',
    'airs_at', a.airs_at, 'state', {STATE}, 'share', {SHARE}, 'resume_s', {RESUME},
    'following', f.account_id IS NOT NULL"""
JOINED: Final = """live l JOIN live s ON s.item_id = l.root_id LEFT JOIN airing a ON a.episode_id = l.item_id
    LEFT JOIN viewing v ON v.account_id = $1 AND v.episode_id = l.item_id
    LEFT JOIN follow f ON f.account_id = $1 AND f.series_id = l.root_id"""
READABLE: Final = access.condition(row="l", audiences="$2", at="$3")

_EPISODE: Final = f"""json_build_object({LISTED}, 'moved_from', a.previous_airs_at,
    'reminder', CASE WHEN f.account_id IS NULL THEN 'not_following'
        WHEN m.state IN ('planned', 'no_credit') AND a.airs_at > $3 AND a.cancelled_at IS NULL THEN m.state
        WHEN m.state IN ('sending', 'sent', 'unknown') THEN 'sent' ELSE 'none' END)"""
_REMINDER: Final = "LEFT JOIN reminder m ON m.subject = 'episode:' || l.item_id || ':soon:' || a.sequence"
MONTH_OF: Final = f"""
WITH reminder AS MATERIALIZED ({states(account="$1", at="$3", since="$4")}),
day AS (
    SELECT (a.airs_at AT TIME ZONE 'Asia/Shanghai')::date AS date,
        json_agg({_EPISODE} ORDER BY a.airs_at, l.item_id) AS episodes
    FROM {JOINED} {_REMINDER}
    WHERE a.airs_at >= $4 AND a.airs_at < $5 AND {READABLE} GROUP BY 1
)
SELECT json_build_object('month', $6::text, 'days', (
    SELECT json_agg(json_build_object('date', d::date, 'episodes', coalesce(day.episodes, '[]')) ORDER BY d)
    FROM generate_series($7::date, $8::date, '1 day') d LEFT JOIN day ON day.date = d::date
), 'next', (
    SELECT {_EPISODE} FROM {JOINED} {_REMINDER}
    WHERE a.airs_at > $3 AND a.cancelled_at IS NULL AND {READABLE}
    ORDER BY f.account_id IS NULL, a.airs_at, l.item_id LIMIT 1
))::text
"""  # noqa: S608  the parts are constants


async def month_of(*, reader: Reader, month: str, at: datetime) -> bytes:
    """Give a month (``2026-11``) as the JSON of a `Calendar`.

    :raises ValueError: if there is no such month.
    """
    year, number = (int(part) for part in month.split("-"))
    starts_at, ends_at = month_bounds(year, number)
    written: str = await connection().value(
        MONTH_OF,
        reader.account_id,
        access.audience_values(reader),
        at,
        starts_at,
        ends_at,
        month,
        starts_at.date(),
        date.fromordinal(ends_at.date().toordinal() - 1),
    )
    return written.encode()
