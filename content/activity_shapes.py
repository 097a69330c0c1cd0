"""The typed shape of an activity: a meeting, an official event or a live broadcast, its agenda and its speakers.

The rule: the text never says when or where. The agenda counts in minutes from the beginning, and the beginning, the
end, the seats, the window of registration and the place are the plan (`content.activity_plans`), a field of operation:
an activity that is moved or gets another hall needs no new approval.
"""

import enum
from typing import Annotated, Final

from msgspec import Meta, Struct

from content.parts import Line, Name, People
from content.written import Written

# As far into an activity as an item of its agenda can begin: a week of meetings.
LONGEST_MIN: Final = 7 * 24 * 60


class Form(enum.StrEnum):
    """What kind of activity it is; a live broadcast has a stream and no place."""

    MEETING = "meeting"
    OFFICIAL = "official"
    LIVE = "live"


FORM_NAMES: Final = {Form.MEETING: "学术会议", Form.OFFICIAL: "官方活动", Form.LIVE: "直播"}


class AgendaItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A point of the agenda: ``starts_min`` minutes after the beginning, for ``minutes``, by speakers named here."""

    starts_min: Annotated[int, Meta(ge=0, le=LONGEST_MIN)]
    minutes: Annotated[int, Meta(ge=1, le=24 * 60)] | None = None
    title: Line
    speakers: Annotated[tuple[Name, ...], Meta(max_length=12)] = ()


Agenda = Annotated[tuple[AgendaItem, ...], Meta(max_length=100)]


class Activity(Written, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that takes place once, for which one registers."""

    form: Form
    agenda: Agenda = ()
    speakers: People = ()
    organiser: Annotated[str, Meta(max_length=80)] = ""
