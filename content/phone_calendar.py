"""An episode or an activity as an event of the phone's own calendar: what ``wx.addPhoneCalendar`` takes.

The rule: the fields are named and typed as the platform documents them; times are whole seconds since 1970, and the
end, unlike the beginning, is a string. What it makes on the phone is out of reach afterwards: only the feed follows
changes.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from content import activities, activity_notices
from content.activity_shapes import Form
from content.airings import NotScheduled
from content.cards import card_of
from content.ical import ALARM_BEFORE
from server.core.errors import Conflict
from server.core.roles import Reader


class AirsNoMore(Conflict):
    """The episode or activity has begun, so that there is nothing to be reminded of; it can be watched at once."""

    code = "airs_no_more"
    title = "节目已开播，可直接观看"


class PhoneEvent(Struct, frozen=True, kw_only=True, rename="camel"):
    """The argument of ``wx.addPhoneCalendar``; ``alarm_offset`` is in seconds before the beginning."""

    title: str
    start_time: int
    end_time: str
    description: str
    all_day: bool = False
    alarm: bool = True
    alarm_offset: int = 0


async def phone_event_of(*, episode_id: int, reader: Reader, at: datetime) -> PhoneEvent:
    """Give an episode that has not aired yet as an event of a phone's calendar.

    :raises ItemMissing: if there is no such episode for this reader; also `Withdrawn`, `Expired`, `SignInNeeded`.
    :raises NotScheduled: if it has no time of airing, or was cancelled.
    :raises AirsNoMore: if it airs already.
    """
    card = await card_of(item_id=episode_id, reader=reader, at=at)
    if card.airs_at is None or card.cancelled:
        raise NotScheduled()
    if card.airs_at <= at:
        raise AirsNoMore()
    ends_at = card.airs_at + timedelta(seconds=card.seconds or 0)
    # An alarm whose moment has passed would never ring.
    lead = ALARM_BEFORE if card.airs_at - ALARM_BEFORE > at else timedelta()
    return PhoneEvent(
        title=f"{card.series}｜{card.title}",
        start_time=int(card.airs_at.timestamp()),
        end_time=str(int(ends_at.timestamp())),
        description=card.summary,
        alarm_offset=int(lead.total_seconds()),
    )


class PlacedEvent(PhoneEvent, frozen=True, kw_only=True, rename="camel"):
    """An activity as the argument of ``wx.addPhoneCalendar``, with the place where there is one."""

    location: str = ""


async def activity_event_of(*, activity_id: int, reader: Reader, at: datetime) -> PlacedEvent:
    """Give an activity that has not begun as an event of a phone's calendar.

    :raises ItemMissing: if there is no such activity for this reader; also `Withdrawn`, `Expired`, `SignInNeeded`.
    :raises NotScheduled: if it was cancelled.
    :raises AirsNoMore: if it has begun.
    """
    page, _ = await activities.page_of(activity_id=activity_id, reader=reader, at=at)
    if page.status is activities.Status.CANCELLED:
        raise NotScheduled()
    if page.starts_at <= at:
        raise AirsNoMore()
    lead = activity_notices.LEAD if page.form is Form.LIVE else activity_notices.LEAD_TO_PLACE
    return PlacedEvent(
        title=page.title,
        start_time=int(page.starts_at.timestamp()),
        end_time=str(int(page.ends_at.timestamp())),
        description=page.summary,
        location=f"{page.place_name} {page.place_address}".strip(),
        alarm_offset=int(lead.total_seconds()) if page.starts_at - lead > at else 0,
    )
