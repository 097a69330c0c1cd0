"""What demo doctors have read, kept and registered for, so that "most read", figures and seats are not bare.

The rule: as in ``visits.py``; what only a client can see (a card on the screen, a page that was opened) comes in
through the intake as a phone would send it. Ids and times follow from who did what and from the day, so that a start
that was cut off and goes on the same day says the same again, which the log knows as duplicates.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import msgspec

from cdp import judging
from cdp.batches import Sender, open_batch
from cdp.intake import Intake
from cdp.profiles import Profile
from cdp.sessions import Issuer
from content import activity_plans, activity_registration, check_in, items, reactions, reading
from content.door_codes import DoorCodes
from content.parts import Audience
from server.core.clock import day_of, start_of
from server.core.roles import Reader, Role
from server.demo import broadcasts, gatherings, persons, shelves, texts
from server.demo.consent_texts import VERSION
from server.demo.desk import Desk
from server.demo.doctors import doctor
from server.demo.visits import VIEWERS
from server.sandbox import demo

# The log takes what happened on a device up to a month ago.
FARTHEST: Final = timedelta(days=28)
SEEN: Final = 20
# Whose cards are tapped, of so many that are seen, by how the reader's lot falls.
OPENED: Final = 0.5
NAMES: Final = ("甲", "乙", "丙", "丁", "戊", "己", "庚", "辛", "壬", "癸")
FORUM: Final = "lake-forum"
CAME: Final = (1, 3, 6, 7)
# Who of the viewers registers for what, and how many hours ago.
REGISTERED: Final = {
    "stoma-hands-on": range(1, 9),
    "reading-together": (1, 3, 4, 7, 8),
    "fasting-live": (2, 3, 5, 6),
    "walk-by-the-river": (1, 2, 4, 5, 6, 8),
    FORUM: (1, 2, 3, 6, 7),
    "night-call-live": (2, 4, 5, 7),
}


async def seed(*, issuer: Issuer, codes: DoorCodes, desk: Desk, at: datetime) -> None:
    """Let the demo doctors have read, registered and come, where they have not.

    :param codes: those of the house, which phones show at the door.
    :param desk: where the staff work who let them in and answer them.
    """
    ids = {(row.kind, row.slug): row.item_id for row in (await items.listing(at=at, size=1000)).rows}
    joined: list[Reader] = []
    intake = Intake()
    intake.start()
    try:
        for number, user in enumerate((demo.DOCTOR, *(f"demo-viewer-{n}" for n in range(1, VIEWERS + 1)))):
            reader = await doctor(issuer, user, at=at)
            await _read(reader, ids, intake, random.Random(f"reads {number}"), at=at)  # noqa: S311  no secret
            await _register(reader, ids, number, issuer, at=at)
            if number in CAME:
                await _come(reader, ids["activity", FORUM], codes, staff_id=desk.staff[Role.EDITOR], at=at)
            joined += [reader] if number % 3 != 1 else []
    finally:
        await intake.stop()
    await broadcasts.seed_room(desk, joined, at=at)


async def _read(
    reader: Reader, ids: dict[tuple[str, str], int], intake: Intake, rng: random.Random, *, at: datetime
) -> None:
    """See some cards, open some of them, and read some of those to their end."""
    client = _Client(reader, at)
    for place, article in enumerate(_chosen(rng), start=1):
        item_id = ids["article", article.slug]
        seen_at = _moment(article, rng, at=at)
        item = {"item_id": item_id, "kind": "article", "list": shelves.BOARDS[article.form], "position": place}
        client.saw("content_impression", seen_at, item)
        if rng.random() > OPENED:
            continue
        client.saw("content_open", seen_at + timedelta(seconds=2), item)
        percent, seconds = rng.choice(((100, 95), (100, 70), (96, 48), (60, 30), (25, 8)))
        read_at = seen_at + timedelta(seconds=2 + seconds)
        known = await reading.report(
            reader=reader,
            item_id=item_id,
            sitting=f"demo-{reader.account_id}-{item_id}",
            max_percent=percent,
            active_ms=seconds * 1000,
            at=read_at,
        )
        told = {"max_percent": percent, "active_ms": seconds * 1000, "expected_ms": known.expected_ms}
        client.saw("content_read_progress", read_at, {"item_id": item_id, "kind": "article", **told})
        if percent > 90 and rng.random() < 0.5:
            await reactions.like(reader=reader, item_id=item_id, at=read_at)
        if percent > 90 and rng.random() < 0.4:
            await reactions.favourite(reader=reader, item_id=item_id, at=read_at)
    batch = open_batch(client.batch())
    await intake.take(judging.judge(batch, client.sender, received_at=at))


def _chosen(rng: random.Random) -> Iterator[texts.Article]:
    """Choose some articles: every reader others, but the same ones often."""
    shown = [
        article
        for article in texts.articles()
        if article.audience != Audience.PROFESSIONAL
        and article.slug not in shelves.UNDER_WAY
        and article.slug != shelves.WITHDRAWN
    ]
    liking = {article.slug: 1 + sum(article.slug.encode()) % 7 for article in shown}
    yield from sorted(shown, key=lambda one: rng.random() ** (1 / liking[one.slug]), reverse=True)[:SEEN]


def _moment(article: texts.Article, rng: random.Random, *, at: datetime) -> datetime:
    """Say when somebody came across an article: after it came out, before today, and not too long ago."""
    today = start_of(day_of(at))
    earliest = max(shelves.came_out(article, at=at) + timedelta(minutes=20), today - FARTHEST)
    return earliest + (today - timedelta(minutes=10) - earliest) * rng.random() ** 2


async def _register(
    reader: Reader, ids: dict[tuple[str, str], int], number: int, issuer: Issuer, *, at: datetime
) -> None:
    profile = Profile(name=f"演示医生{NAMES[number]}", hospital=persons.HOSPITALS[number % len(persons.HOSPITALS)])
    for occasion in texts.occasions():
        if number not in REGISTERED.get(occasion.slug, ()):
            continue
        came_out = shelves.came_out(occasion, at=at)
        before = min(at, gatherings.starts_at(occasion, at=at)) - timedelta(hours=3)
        await activity_registration.register(
            reader=reader,
            activity_id=ids["activity", occasion.slug],
            sealer=issuer.sealer,
            at=came_out + (before - came_out) * (number / 10),
            profile=profile,
        )


async def _come(reader: Reader, activity_id: int, codes: DoorCodes, *, staff_id: int, at: datetime) -> None:
    """Come to the door of an activity that is over, some minutes early, and show the code."""
    plan = await activity_plans.plan_of(activity_id=activity_id)
    mine = await activity_registration.registration_of(reader=reader, activity_id=activity_id)
    if plan is None or plan.ends_at > at or mine.checked_in_at is not None:
        return
    came = plan.starts_at - timedelta(minutes=3 + reader.account_id % 20)
    code = await check_in.code_of(reader=reader, activity_id=activity_id, codes=codes, at=came)
    await check_in.enter_by_code(
        activity_id=activity_id,
        code=code.long,
        attempt=f"demo-{reader.account_id}",
        codes=codes,
        staff_id=staff_id,
        at=came + timedelta(seconds=20),
    )


class _Client:
    """A phone that has kept what was seen on it, until it sends all of it at once."""

    def __init__(self, reader: Reader, at: datetime) -> None:
        self.sender = Sender(
            account_id=reader.account_id,
            audience="doctor",
            app=reader.app_id,
            consent_version=VERSION,
            purposes=tuple(sorted(reader.consented)),
        )
        self._at = at
        self._who = f"demo:{reader.account_id}"
        self._events: list[dict[str, Any]] = []

    def saw(self, name: str, when: datetime, body: dict[str, Any]) -> None:
        """Keep an event."""
        self._events.append(
            {
                "event_id": self._id(name, body["item_id"]),
                "name": name,
                "schema": "1-0-0",
                "session": self._id("session", when.date()),
                "sequence": len(self._events) + 1,
                "created_at": when,
                "page": "pages/home/index" if name == "content_impression" else "pages/article/show",
                "body": body,
            }
        )

    def batch(self) -> bytes:
        """Write what was kept as a batch."""
        return msgspec.json.encode(
            {"events": self._events, "sent_at": self._at, "anonymous_id": self._id("device", "")}
        )

    def _id(self, *parts: object) -> str:
        return str(uuid5(NAMESPACE_URL, ":".join([self._who, *map(str, parts)])))
