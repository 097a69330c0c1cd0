"""The doors of the live room: the gate, being there, questions to the speakers, polls.

What everybody in the room sees is asked for every two seconds; a worker keeps it for less than one, so that it costs
the database the same for ten viewers and for five thousand, and an unchanged answer is 304 without a body. One way to
stream to sockets comes later, for contests, where a second matters; here it would be a second mechanism for little.
"""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct
from sanic import Blueprint, HTTPResponse, Request

from content import access, broadcast, broadcast_questions, keeping, live_gate, live_room, polls, time_online
from content.broadcast import NoBroadcast, NotOnAir
from content.broadcast_questions import AskedTooSoon, EnoughAsked, Question, QuestionBad
from content.live_gate import HEARTBEAT_S
from content.live_room import MyRoom, Room
from content.polls import OptionUnknown, PollClosed, PollMissing
from content.ranges import Ranges
from content.time_online import SittingMissing, SittingOver
from server.core import clock, idempotency
from server.core.changes import Changes
from server.core.idempotency import KeyReused
from server.core.roles import DOCTORS, Reader
from server.core.signing import Signer
from server.core.wire import BadField
from server.web.kept import Answers
from server.web.operation import operation
from server.web.replies import Done, reply

blueprint = Blueprint("doctor_live", url_prefix="/api/doctor")

TAGS = ("live",)
Second = Annotated[float, Meta(ge=0, le=86_400)]


class Gate(Struct, frozen=True, kw_only=True):
    """What lets me watch: the sitting that my reports name, and the address of the stream (HLS), a path of this house.

    Report every ``heartbeat_s`` seconds; each report brings a fresh address before ``expires_at``.
    """

    sitting: str
    joined_at: datetime
    heartbeat_s: int
    url: str
    expires_at: datetime


class OnlineReport(Struct, frozen=True):
    """When I was there: half-open ranges in seconds since the sitting began, by the device's own clock.

    ``sequence`` numbers the reports of a sitting from 0, so that one may be sent again.
    """

    sitting: Annotated[str, Meta(pattern="^[0-9A-Za-z]{22}$", max_length=22)]
    sequence: Annotated[int, Meta(ge=0, le=2**31 - 1)]
    ranges: Annotated[list[tuple[Second, Second]], Meta(max_length=50, examples=[[[0, 14.9]]])] = []

    @property
    def there(self) -> Ranges:
        """The ranges as a set.

        :raises BadField: if one runs backwards.
        """
        for number, (start, end) in enumerate(self.ranges):
            if end < start:
                raise BadField("A range must not end before it begins.", field=f"ranges[{number}]")
        return Ranges.of_seconds(self.ranges)


class Presence(Struct, frozen=True, kw_only=True):
    """How long I have been there in all, whether it is on, and a fresh address where it is."""

    online_s: float
    on: bool
    url: str | None
    expires_at: datetime | None


class NewQuestion(Struct, frozen=True):
    """A question to the speakers."""

    text: Annotated[str, Meta(min_length=2, max_length=1000, examples=["吻合口距肛缘多少时您会做预防性造口？"])]


class Choice(Struct, frozen=True):
    """The option that I choose, counted from 0."""

    option: Annotated[int, Meta(ge=0, le=7)]


class RoomAnswers:
    """What the door of the live room keeps in a worker."""

    def __init__(self, changes: Changes) -> None:
        self.rooms = Answers(changes, "room", circle=access.circle_of, key=int)


@blueprint.post("/activities/<activity_id:int>/join")
@operation(
    "Come through the gate of a broadcast",
    reply=Gate,
    roles=DOCTORS,
    refuses=broadcast.REFUSALS,
    tags=TAGS,
    description="An account watches in two places at the most; a third ends the oldest.",
)
async def join(request: Request, reader: Reader, activity_id: int) -> HTTPResponse:
    at = clock.now()
    joined = await live_gate.join(reader=reader, activity_id=activity_id, at=at)
    address = live_gate.address_of(_signer(request), sitting=joined.sitting, at=at)
    gate = Gate(
        sitting=joined.sitting,
        joined_at=joined.joined_at,
        heartbeat_s=HEARTBEAT_S,
        url=address.url,
        expires_at=address.expires_at,
    )
    return reply(gate, headers={"cache-control": "no-store"})


@blueprint.post("/activities/<activity_id:int>/online")
@operation(
    "Report that I am there",
    reply=Presence,
    body=OnlineReport,
    roles=DOCTORS,
    refuses=(*access.REFUSALS, *keeping.REFUSALS, SittingMissing, SittingOver),
    tags=TAGS,
    example=OnlineReport(sitting="4bPq1mZx9TnR7cVd2WkEs0", sequence=3, ranges=[(30.0, 45.0)]),
    description="Safe to repeat. No more is believed than what the clock of the house has moved, and of the last two "
    "minutes.",
)
async def online(request: Request, reader: Reader, activity_id: int, body: OnlineReport) -> HTTPResponse:
    return await _report(request, reader, activity_id, body, leaving=False)


@blueprint.post("/activities/<activity_id:int>/leave")
@operation(
    "Leave a broadcast",
    reply=Presence,
    body=OnlineReport,
    roles=DOCTORS,
    refuses=(*keeping.REFUSALS, SittingMissing, SittingOver),
    tags=TAGS,
    example=OnlineReport(sitting="4bPq1mZx9TnR7cVd2WkEs0", sequence=4, ranges=[(45.0, 52.5)]),
    description="The last report of a sitting. Who just goes away has left when nothing was heard for a minute and a "
    "half.",
)
async def leave(request: Request, reader: Reader, activity_id: int, body: OnlineReport) -> HTTPResponse:
    return await _report(request, reader, activity_id, body, leaving=True)


@blueprint.get("/activities/<activity_id:int>/room")
@operation(
    "What everybody in the live room sees",
    reply=Room,
    refuses=(*access.REFUSALS, NoBroadcast),
    cached=True,
    tags=TAGS,
    description="Ask every two seconds with If-None-Match.",
)
async def room(request: Request, reader: Reader, activity_id: int) -> HTTPResponse:
    async def load() -> tuple[Room, Any]:
        return await live_room.room_of(activity_id=activity_id, reader=reader, at=clock.now())

    answers: RoomAnswers = request.app.ctx.room_answers
    return await answers.rooms.give(request, reader, activity_id, load)


@blueprint.get("/activities/<activity_id:int>/room/mine")
@operation("What is mine in the live room", reply=MyRoom, roles=DOCTORS, refuses=access.REFUSALS, tags=TAGS)
async def mine(request: Request, reader: Reader, activity_id: int) -> MyRoom:
    return await live_room.mine_of(activity_id=activity_id, reader=reader, at=clock.now())


@blueprint.post("/activities/<activity_id:int>/questions")
@operation(
    "Ask the speakers",
    reply=Question,
    body=NewQuestion,
    roles=DOCTORS,
    idempotent=True,
    refuses=(*broadcast.REFUSALS, QuestionBad, EnoughAsked, AskedTooSoon, KeyReused),
    tags=TAGS,
    description="A moderator looks at it before others see it, and nobody sees who asked.",
)
async def ask(request: Request, reader: Reader, activity_id: int, body: NewQuestion, idempotency_key: str) -> Question:
    at = clock.now()
    return await idempotency.once(
        account_id=reader.account_id,
        key=idempotency_key,
        deed="live.ask",
        request=[activity_id, body],
        at=at,
        act=lambda: broadcast_questions.ask(reader=reader, activity_id=activity_id, text=body.text, at=at),
        shape=Question,
    )


@blueprint.put("/activities/<activity_id:int>/polls/<poll_id:int>/vote")
@operation(
    "Choose in a poll, in the place of what I chose before",
    reply=Done,
    body=Choice,
    roles=DOCTORS,
    refuses=(*broadcast.REFUSALS, NotOnAir, PollMissing, PollClosed, OptionUnknown),
    tags=TAGS,
)
async def vote(request: Request, reader: Reader, activity_id: int, poll_id: int, body: Choice) -> Done:
    await polls.vote(reader=reader, activity_id=activity_id, poll_id=poll_id, option=body.option, at=clock.now())
    return Done()


async def _report(
    request: Request, reader: Reader, activity_id: int, body: OnlineReport, *, leaving: bool
) -> HTTPResponse:
    at = clock.now()
    told = await time_online.report(
        reader=reader,
        activity_id=activity_id,
        sitting=body.sitting,
        sequence=body.sequence,
        there=body.there,
        at=at,
        leaving=leaving,
    )
    goes_on = told.on and not leaving
    address = live_gate.address_of(_signer(request), sitting=body.sitting, at=at) if goes_on else None
    presence = Presence(
        online_s=told.online_s,
        on=told.on,
        url=address.url if address else None,
        expires_at=address.expires_at if address else None,
    )
    return reply(presence, headers={"cache-control": "no-store"})


def _signer(request: Request) -> Signer:
    signer: Signer = request.app.ctx.live_signer
    return signer
