"""Activities as readers get them: what takes place when and where, and whether one may still register.

The rule: as everywhere, an answer is for one circle of readers and the same for all in it; how a reader stands to an
activity has calls of its own (`content.activity_registration`), and so has its text (the item's own page). ``until``
beside an answer is the first instant at which it may be another one without any deed.
"""

import enum
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from content import access
from content.activity_registration import State as Registration
from content.activity_registration import person_of
from content.activity_shapes import Form
from content.parts import Person
from content.pictures import Cover
from content.series_shapes import TagName
from server.core.db import connection
from server.core.roles import Reader


class Status(enum.StrEnum):
    """Where an activity stands in time."""

    UPCOMING = "upcoming"
    ON = "on"
    OVER = "over"
    CANCELLED = "cancelled"


class Window(enum.StrEnum):
    """Whether one may register: not yet, now, now for the waiting list, or not any more."""

    NOT_YET = "not_yet"
    OPEN = "open"
    FULL = "full"
    CLOSED = "closed"


class ActivityCard(Struct, frozen=True, kw_only=True):
    """An activity in a list. ``seats_left`` and ``capacity`` are missing where there is no limit.

    ``online`` tells whether it can be joined from wherever one is; ``replay_id`` is the film of it, once there is one.
    """

    id: int
    form: Form
    title: str
    summary: str
    cover: Cover | None
    tags: list[TagName]
    speakers: list[Person]
    starts_at: datetime
    ends_at: datetime
    place_name: str
    online: bool
    status: Status
    registration: Window
    capacity: int | None
    seats_left: int | None
    replay_id: int | None


class AgendaPoint(Struct, frozen=True, kw_only=True):
    """A point of the agenda; without an end of its own it lasts until the next one begins."""

    starts_at: datetime
    ends_at: datetime | None
    title: str
    speakers: list[str]


class ActivityPage(ActivityCard, frozen=True, kw_only=True):
    """When and where an activity takes place, on its own page; its text is the item's (``/items/{id}``)."""

    place_address: str
    organiser: str
    agenda: list[AgendaPoint]
    registration_opens_at: datetime | None
    registration_closes_at: datetime
    cancels_until: datetime
    moved_from: datetime | None
    cancel_reason: str
    open_to_all: bool


class MyActivity(ActivityCard, frozen=True, kw_only=True):
    """An activity that a reader has registered for, or waits for. ``place`` is where it stands in the list."""

    state: Registration
    checked_in_at: datetime | None


Place = tuple[datetime, int]


async def listing(
    *,
    reader: Reader,
    at: datetime,
    when: Literal["upcoming", "past"] = "upcoming",
    form: str = "",
    after: Place | None = None,
    limit: int = 20,
) -> tuple[list[ActivityCard], datetime | None]:
    """List the activities that a reader may see, the next first, or those that are over, the last first.

    Gives one more than ``limit`` where there are more, and until when this holds.

    :param after: when the last one of the page before began, and its id.
    """
    upcoming = when == "upcoming"
    rows = await connection().fetch(
        f"""
        SELECT {_CARD} AS card, {_CHANGES} FROM {_FROM}
        WHERE {_READABLE} AND (p.ends_at > $2) = $3 AND $4 IN ('', l.prepared ->> 'form')
            AND ($5::timestamptz IS NULL OR (p.starts_at, p.activity_id) {">" if upcoming else "<"} ($5, $6::bigint))
        ORDER BY p.starts_at {"ASC" if upcoming else "DESC"}, p.activity_id {"ASC" if upcoming else "DESC"} LIMIT $7
        """,  # noqa: S608  the parts are constants
        access.audience_values(reader),
        at,
        upcoming,
        form,
        *(after or (None, None)),
        limit + 1,
    )
    return [msgspec.json.decode(row["card"], type=ActivityCard) for row in rows], _until(rows, at)


async def page_of(*, activity_id: int, reader: Reader, at: datetime) -> tuple[ActivityPage, datetime | None]:
    """Give when and where an activity takes place, and until when this holds.

    :raises ItemMissing: if there is no such activity for this reader; also `Withdrawn`, `Expired`, `SignInNeeded`.
    """
    await access.readable(item_id=activity_id, reader=reader, at=at)
    row = await connection().row(
        f"""
        SELECT {_CARD} AS card, {_CHANGES}, p.place_address, p.cancel_reason, p.open_to_all, p.cancelled_at,
            p.previous_starts_at AS moved_from, {_LEAVES} AS leaves, l.prepared ->> 'organiser' AS organiser,
            l.prepared -> 'agenda' AS agenda
        FROM {_FROM} WHERE p.activity_id = $3 AND $1::text[] IS NOT NULL
        """,  # noqa: S608  the parts are constants
        access.audience_values(reader),
        at,
        activity_id,
    )
    if row is None:
        raise access.ItemMissing("This is no activity, or it has no time.")
    card = msgspec.json.decode(row["card"])
    starts_at = datetime.fromisoformat(card["starts_at"])
    page = {
        **card,
        "place_address": row["place_address"],
        "organiser": row["organiser"],
        "agenda": _agenda(msgspec.json.decode(row["agenda"]), starts_at),
        "registration_opens_at": row["registration_opens_at"],
        "registration_closes_at": row["closes"],
        "cancels_until": row["leaves"],
        "moved_from": row["moved_from"] if row["moved_from"] != starts_at else None,
        "cancel_reason": row["cancel_reason"],
        "open_to_all": row["open_to_all"],
    }
    return msgspec.convert(page, ActivityPage), _until([row], at)


async def mine(
    *,
    reader: Reader,
    at: datetime,
    when: Literal["upcoming", "past"] = "upcoming",
    after: Place | None = None,
    limit: int = 20,
) -> list[MyActivity]:
    """List the activities that a reader has a seat at or waits for, the next first, or those that are over.

    :param after: when the last one of the page before began, and its id.
    """
    upcoming = when == "upcoming"
    rows = await connection().fetch(
        f"""
        SELECT {_CARD}::jsonb || jsonb_build_object('state', r.state, 'checked_in_at', c.at) AS card
        FROM {_FROM} JOIN registration r ON r.activity_id = p.activity_id AND r.state <> 'cancelled'
            AND r.person_id = $3
        LEFT JOIN check_in c ON c.registration_id = r.id AND c.undone_at IS NULL
        WHERE {_READABLE} AND (p.ends_at > $2) = $4
            AND ($5::timestamptz IS NULL OR (p.starts_at, p.activity_id) {">" if upcoming else "<"} ($5, $6::bigint))
        ORDER BY p.starts_at {"ASC" if upcoming else "DESC"}, p.activity_id {"ASC" if upcoming else "DESC"} LIMIT $7
        """,  # noqa: S608  the parts are constants
        access.audience_values(reader),
        at,
        await person_of(reader.account_id),
        upcoming,
        *(after or (None, None)),
        limit + 1,
    )
    return [msgspec.json.decode(row["card"], type=MyActivity) for row in rows]


def _agenda(points: list[dict[str, Any]], starts_at: datetime) -> list[AgendaPoint]:
    begins = [starts_at + timedelta(minutes=point["starts_min"]) for point in points]
    following = [*begins[1:], None]
    return [
        AgendaPoint(
            starts_at=here,
            ends_at=here + timedelta(minutes=point["minutes"]) if point["minutes"] else then,
            title=point["title"],
            speakers=point["speakers"],
        )
        for point, here, then in zip(points, begins, following, strict=True)
    ]


def _until(rows: Any, at: datetime) -> datetime | None:
    names = ("valid_until", "starts", "ends", "registration_opens_at", "closes")
    times = [row[name] for row in rows for name in names]
    return min((time for time in times if time is not None and time > at), default=None)


# Of an activity's live row ``l`` and its plan ``p``, for the circle ``$1`` at the time ``$2``.
_FROM: Final = "activity_plan p JOIN live l ON l.item_id = p.activity_id"
_READABLE: Final = access.condition(row="l", audiences="$1", at="$2")
# The same rules as `content.activity_registration.closes_at` and `leaves_until`, here for many.
_CLOSES: Final = """coalesce(p.registration_closes_at,
    CASE WHEN l.prepared ->> 'form' = 'live' THEN p.ends_at ELSE p.starts_at END)"""
_LEAVES: Final = "coalesce(p.cancels_until, p.starts_at)"
_CHANGES: Final = f"""l.valid_until, p.starts_at AS starts, p.ends_at AS ends, p.registration_opens_at,
    {_CLOSES} AS closes"""
_CARD: Final = f"""json_build_object('id', p.activity_id, 'form', l.prepared -> 'form', 'title', l.title,
    'summary', coalesce(l.card ->> 'summary', ''), 'cover', l.card -> 'cover',
    'tags', (SELECT coalesce(json_agg(json_build_object('slug', t.slug, 'name', t.name_zh) ORDER BY o.place), '[]')
        FROM unnest(l.tags) WITH ORDINALITY AS o (slug, place) JOIN tag t ON t.slug = o.slug),
    'speakers', l.card -> 'speakers', 'starts_at', p.starts_at, 'ends_at', p.ends_at, 'place_name', p.place_name,
    'online', p.stream <> '',
    'status', CASE WHEN p.cancelled_at IS NOT NULL THEN 'cancelled' WHEN p.starts_at > $2 THEN 'upcoming'
        WHEN p.ends_at > $2 THEN 'on' ELSE 'over' END,
    'registration', CASE WHEN p.cancelled_at IS NOT NULL OR {_CLOSES} <= $2 THEN 'closed'
        WHEN p.registration_opens_at > $2 THEN 'not_yet' WHEN p.seats_left = 0 THEN 'full' ELSE 'open' END,
    'capacity', p.capacity, 'seats_left', p.seats_left, 'replay_id', (
        SELECT v.item_id FROM broadcast b JOIN live v ON v.item_id = b.replay_id
        WHERE b.activity_id = p.activity_id AND {access.condition(row="v", audiences="$1", at="$2")}))"""  # noqa: S608  the parts are constants
