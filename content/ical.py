"""Episodes and activities as an iCalendar feed (RFC 5545, RFC 7986) that phones subscribe to.

The rule: the same entries always make the same bytes, so that the feed can be compared by its ETag: DTSTAMP and
LAST-MODIFIED say when an entry was last changed and never when the feed was asked for. An entry keeps its UID for ever;
a change of time or place or a cancellation raises its SEQUENCE.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from icalendar import Alarm, Calendar, Event, Timezone, TimezoneStandard
from icalendar.prop import vDuration, vText
from msgspec import Struct

from server.core.clock import SHANGHAI

CONTENT_TYPE: Final = "text/calendar; charset=utf-8"
PRODUCT: Final = "-//Xinglin//Calendar of series//ZH"
NAME: Final = "杏林追剧日历"
REFRESH: Final = timedelta(hours=1)
# The same half hour as the reminder that WeChat brings.
ALARM_BEFORE: Final = timedelta(minutes=30)

# A text may hold no control character but the tab (3.1); what other standards take for an end of line becomes ours.
_ENDS: Final = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


class FeedEpisode(Struct, frozen=True, kw_only=True):
    """What the feed says of an episode; ``changed_at`` is the last change of its time or its text."""

    episode_id: int
    series: str
    title: str
    summary: str
    airs_at: datetime
    seconds: int
    sequence: int
    changed_at: datetime
    cancelled: bool = False


class FeedActivity(Struct, frozen=True, kw_only=True):
    """What the feed says of an activity that its owner has registered for; ``place`` is empty for one on line."""

    activity_id: int
    title: str
    summary: str
    starts_at: datetime
    ends_at: datetime
    place: str
    lead: timedelta
    sequence: int
    changed_at: datetime
    cancelled: bool = False


def feed(entries: Iterable[FeedEpisode | FeedActivity]) -> bytes:
    """Write the feed, in the order given."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    # RFC 7986 gave the name and the interval names of their own; older readers know only the others.
    calendar.add("name", NAME)
    calendar.add("x-wr-calname", vText(NAME))
    calendar.add("x-wr-timezone", vText(SHANGHAI.key))
    calendar.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(REFRESH))
    calendar.add_component(_shanghai())
    for entry in entries:
        calendar.add_component(_episode(entry) if isinstance(entry, FeedEpisode) else _activity(entry))
    return bytes(calendar.to_ical(sorted=False))


def uid(episode_id: int) -> str:
    """Name an episode for all calendars and for ever; nothing that may move, like a host, is part of it."""
    return f"episode-{episode_id}@xinglin"


def activity_uid(activity_id: int) -> str:
    """Name an activity for all calendars and for ever."""
    return f"activity-{activity_id}@xinglin"


def _episode(episode: FeedEpisode) -> Event:
    ends_at = episode.airs_at + timedelta(seconds=episode.seconds)
    event = _event(episode, uid(episode.episode_id), episode.airs_at, ends_at)
    # Not every calendar shows the status.
    event.add("summary", _text(f"{'【已取消】' if episode.cancelled else ''}{episode.series}｜{episode.title}"))
    if episode.summary:
        event.add("description", _text(episode.summary))
    event.add("status", "CANCELLED" if episode.cancelled else "CONFIRMED")
    # An episode can be watched at any later time, so it keeps nobody busy.
    event.add("transp", "TRANSPARENT")
    if not episode.cancelled:
        event.add_component(_alarm(f"{episode.title} 即将开播", ALARM_BEFORE))
    return event


def _activity(activity: FeedActivity) -> Event:
    event = _event(activity, activity_uid(activity.activity_id), activity.starts_at, activity.ends_at)
    event.add("summary", _text(f"{'【已取消】' if activity.cancelled else ''}{activity.title}"))
    if activity.summary:
        event.add("description", _text(activity.summary))
    if activity.place:
        event.add("location", _text(activity.place))
    event.add("status", "CANCELLED" if activity.cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if activity.cancelled else "OPAQUE")
    if not activity.cancelled:
        event.add_component(_alarm(f"{activity.title} 即将开始", activity.lead))
    return event


def _event(entry: FeedEpisode | FeedActivity, name: str, starts_at: datetime, ends_at: datetime) -> Event:
    event = Event()
    event.add("uid", name)
    event.add("dtstamp", _second(entry.changed_at))
    event.add("last-modified", _second(entry.changed_at))
    event.add("sequence", entry.sequence)
    event.add("dtstart", starts_at.astimezone(SHANGHAI))
    event.add("dtend", ends_at.astimezone(SHANGHAI))
    return event


def _alarm(words: str, before: timedelta) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", _text(words))
    alarm.add("trigger", -before)
    return alarm


def _shanghai() -> Timezone:
    """Say that Shanghai has had one offset since the end of its last summer time, on 15 September 1991."""
    since = TimezoneStandard()
    since.add("dtstart", datetime(1991, 9, 15, 2))  # noqa: DTZ001  the onset is in the local time before it (3.6.5)
    since.add("tzoffsetfrom", timedelta(hours=9))
    since.add("tzoffsetto", timedelta(hours=8))
    since.add("tzname", "CST")
    zone = Timezone()
    zone.add("tzid", SHANGHAI.key)
    zone.add_component(since)
    return zone


def _text(text: str) -> str:
    return _CONTROLS.sub("", _ENDS.sub("\n", text))


def _second(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)
