"""When a message may go out and which one gets the last credit: pure rules, no clock and no store.

The credit rule. Credits belong to an account and a WeChat template; several kinds of notices may share a template, and
then they share its credits. The messages that wait for a template's credits stand in a line: the more urgent first (a
cancellation before a start reminder before a change of time, marketing last), then the one that is due first, then the
one that was planned first. With n credits left the first n in the line have one each, whether they are due now or
later, and nobody else may take it. So with one credit left a change of time is not told while a start reminder waits;
it goes out as soon as another credit is granted in time. A message whose time has passed leaves the line.

The rule of peace. Quiet hours (21:00 to 08:00 in Asia/Shanghai) and caps (one in 24 hours, two in seven days, counted
back from the moment of sending) bind marketing only; a service message is never held.
"""

import enum
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta

from msgspec import Struct

from server.core.clock import SHANGHAI

QUIET_FROM = time(21)
QUIET_UNTIL = time(8)
CAPS: tuple[tuple[timedelta, int], ...] = ((timedelta(hours=24), 1), (timedelta(days=7), 2))
LONGEST_CAP = timedelta(days=7)

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)


class Kind(enum.StrEnum):
    """Why a message is sent: because the person asked for the service, or because we would like them to come."""

    SERVICE = "service"
    MARKETING = "marketing"


class Urgency(enum.IntEnum):
    """Which message goes before which when credits are short; the higher first."""

    MARKETING = 0
    CHANGED = 10
    SOON = 20
    CANCELLED = 30


class Waiting(Struct, frozen=True):
    """A message in the line for a credit; ``number`` is that of its planning."""

    number: int
    pool: str
    urgency: int
    due_at: datetime


def line(waiting: Iterable[Waiting]) -> list[Waiting]:
    """Put messages in the order in which they get credits."""
    return sorted(waiting, key=lambda message: (-message.urgency, message.due_at, message.number))


def allotted(waiting: Iterable[Waiting], remaining: Mapping[str, int]) -> set[int]:
    """Tell which messages have a credit, by their numbers.

    :param waiting: all messages of one account that wait for credits.
    :param remaining: the credits left by pool; none where a pool is not named.
    """
    left = dict(remaining)
    having: set[int] = set()
    for message in line(waiting):
        if left.get(message.pool, 0) > 0:
            left[message.pool] -= 1
            having.add(message.number)
    return having


def peaceful_from(at: datetime, *, sent: Sequence[datetime]) -> datetime:
    """Give the first instant, ``at`` or later, when a marketing message may go out to someone.

    :param sent: when the marketing messages of the last seven days went out to them.
    """
    moment = at
    while True:
        later = _out_of_quiet(_under_caps(moment, sent))
        if later == moment:
            return moment
        moment = later


def next_try(at: datetime, *, tries: int, retry_after_s: float = 0) -> datetime:
    """Give the instant of the next try after so many: pauses of 5, 15, 45 … seconds, up to five minutes."""
    # The exponent is bounded because a power of 3 soon exceeds what a timedelta holds.
    pause = min(FIRST_PAUSE * int(3 ** min(max(tries, 1) - 1, 8)), LONGEST_PAUSE)
    return at + max(pause, timedelta(seconds=retry_after_s))


def _under_caps(moment: datetime, sent: Sequence[datetime]) -> datetime:
    for span, most in CAPS:
        within = sorted(past for past in sent if past > moment - span)
        if len(within) >= most:
            # Free again when the one that fills the cap has left the span.
            moment = max(moment, within[len(within) - most] + span)
    return moment


def _out_of_quiet(moment: datetime) -> datetime:
    local = moment.astimezone(SHANGHAI)
    if QUIET_UNTIL <= local.time() < QUIET_FROM:
        return moment
    day = local.date() + timedelta(days=1) if local.time() >= QUIET_FROM else local.date()
    morning = datetime.combine(day, QUIET_UNTIL, tzinfo=SHANGHAI)
    return morning.astimezone(moment.tzinfo)
