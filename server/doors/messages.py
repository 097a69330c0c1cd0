"""Messages to me: the credits that I have given, and what will be sent; the same doors on both portals.

The rule: the client tells what a prompt was answered with, under a key of its own, so that telling it again changes
nothing; what is left comes back with every answer.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from msgspec import Meta, Struct
from sanic import Blueprint, Request

from cdp import credits, messages
from cdp.consent import ConsentNeeded
from cdp.credits import MOST_RESULTS, Balance, TemplateUnknown, TooManyReports
from cdp.messages import Upcoming
from server.core import clock, idempotency
from server.core.idempotency import KeyReused
from server.core.roles import DOCTORS, PATIENTS, Audience, Reader
from server.core.wire import Instant, RowId
from server.web.operation import operation
from server.web.replies import CursorBroken, Page, cursor, place

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

TemplateId = Annotated[str, Meta(min_length=1, max_length=64)]
Microseconds = Annotated[int, Meta(ge=0, le=2**52)]
Outcome = Literal["accept", "acceptWithAudio", "acceptWithAlert", "reject", "ban", "filter"]


class Prompt(Struct, frozen=True):
    """What ``wx.requestSubscribeMessage`` gave, without ``errMsg``: for each template what the person answered.

    ``prompted_at`` is when, where that is not now.
    """

    results: Annotated[
        dict[TemplateId, Outcome],
        Meta(min_length=1, max_length=MOST_RESULTS, examples=[{"demo-template-starts-soon-000": "accept"}]),
    ]
    prompted_at: Instant | None = None


class CreditView(Struct, frozen=True):
    """How many messages of a template may still be sent to me, and how many wait to be.

    ``notices`` are the kinds of messages that are told by the template; to be told more, prompt for it again.
    """

    template_id: str
    title: str
    notices: list[str]
    left: int
    waiting: int


class Credits(Struct, frozen=True):
    """The credits for every template that my mini-program may prompt for."""

    items: list[CreditView]


class MessageView(Struct, frozen=True):
    """A message that waits for its time. ``will_be_sent`` is whether there is a credit for it so far."""

    id: int
    notice: str
    kind: Literal["service", "marketing"]
    title: str
    texts: dict[str, str]
    page: str
    item_id: int | None
    due_at: datetime
    will_be_sent: bool


class Listing(Struct, frozen=True):
    """How many at once, and where to go on."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    cursor: Annotated[str, Meta(max_length=200)] | None = None


def blueprint(audience: Audience) -> Blueprint:
    """Make the doors of a portal."""
    doors = Blueprint(f"messages_{audience}", url_prefix=f"/api/{audience}")
    roles = DOCTORS if audience is Audience.DOCTOR else PATIENTS

    @doors.get("/messages/credits")
    @operation("How many messages may still be sent to me", reply=Credits, roles=roles, tags=("messages",))
    async def my_credits(request: Request, reader: Reader) -> Credits:
        return _credits(await credits.balances(account_id=reader.account_id, at=clock.now()))

    @doors.post("/messages/credits")
    @operation(
        "Tell what a prompt for subscriptions was answered with",
        body=Prompt,
        reply=Credits,
        roles=roles,
        idempotent=True,
        refuses=(ConsentNeeded, TemplateUnknown, TooManyReports, KeyReused),
        description="Each accepted prompt lets one message of its template be sent. A prompt that was declined takes "
        "nothing away. The platform tells of the same prompt by itself; it is counted once.",
        example={"results": {"demo-template-starts-soon-000": "accept"}},
        tags=("messages",),
    )
    async def report(request: Request, reader: Reader, body: Prompt, idempotency_key: str) -> Credits:
        at = clock.now()

        async def act() -> Credits:
            return _credits(
                await credits.report(
                    account_id=reader.account_id,
                    results=body.results,
                    key=idempotency_key,
                    prompted_at=body.prompted_at,
                    at=at,
                )
            )

        return await idempotency.once(
            account_id=reader.account_id,
            key=idempotency_key,
            deed="messages.credits",
            request=body,
            at=at,
            act=act,
            shape=Credits,
        )

    @doors.get("/messages")
    @operation(
        "What will be sent to me",
        query=Listing,
        reply=Page[MessageView],
        roles=roles,
        refuses=(CursorBroken,),
        description="What waits for its time, the next first. A message without a credit goes out if one is granted "
        "in time.",
        tags=("messages",),
    )
    async def upcoming(request: Request, reader: Reader, query: Listing) -> Page[MessageView]:
        found = await messages.upcoming(
            account_id=reader.account_id,
            at=clock.now(),
            most=query.limit + 1,
            after=_after(query.cursor),
        )
        shown = found[: query.limit]
        further = _place_of(shown[-1]) if len(found) > query.limit else None
        return Page([_message(one) for one in shown], further)

    return doors


def _place_of(last: Upcoming) -> str:
    # A number is bounded by its shape; a time that comes back from outside could be anything.
    return cursor((last.due_at - EPOCH) // timedelta(microseconds=1), last.id)


def _after(text: str | None) -> tuple[datetime, int] | None:
    found = place(text, tuple[Microseconds, RowId])
    return (EPOCH + timedelta(microseconds=found[0]), found[1]) if found else None


def _credits(balances: list[Balance]) -> Credits:
    return Credits([CreditView(one.template_id, one.title, one.keys, one.remaining, one.waiting) for one in balances])


def _message(one: Upcoming) -> MessageView:
    return MessageView(
        id=one.id,
        notice=one.key,
        kind=one.kind.value,
        title=one.title,
        texts=one.texts,
        page=one.page,
        item_id=one.item_id,
        due_at=one.due_at,
        will_be_sent=one.has_credit,
    )
