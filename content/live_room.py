"""The live room of a broadcast: what everybody in it sees, and what is a reader's own.

The rule: what everybody sees is the same for all and is asked for every two seconds under an ETag; a worker makes it
once a second however many ask. What is a reader's own (their questions and votes) has a call of its own, after each
deed.
"""

from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec import Struct

from content import access, broadcast_questions, polls, replays
from content.broadcast import NoBroadcast, air_of
from content.broadcast_questions import Question
from content.polls import Poll
from content.time_online import online_of
from server.core.db import connection
from server.core.roles import Reader

# Who was heard of within this time is there.
PRESENT: Final = timedelta(seconds=45)


class Room(Struct, frozen=True, kw_only=True):
    """What everybody in the room sees. ``viewers`` is how many are there; ``polls`` are those that have opened.

    ``replay_id`` is the film of the broadcast, once it can be watched.
    """

    activity_id: int
    phase: Literal["none", "before", "on", "over"]
    opens_at: datetime
    closes_at: datetime
    viewers: int
    questions: list[Question]
    polls: list[Poll]
    replay_id: int | None


class MyRoom(Struct, frozen=True, kw_only=True):
    """What is mine in the room: what I asked, what I chose by the id of the poll, and how long I have been there."""

    activity_id: int
    questions: list[Question]
    choices: dict[int, int]
    online_s: float


async def room_of(*, activity_id: int, reader: Reader, at: datetime) -> tuple[Room, datetime | None]:
    """Give what everybody in the room sees, and until when this holds.

    :raises ItemMissing: if there is no such activity for this reader; also the other refusals of `content.access`.
    :raises NoBroadcast: if it has no stream.
    """
    await access.readable(item_id=activity_id, reader=reader, at=at)
    air = await air_of(activity_id=activity_id)
    if air is None or not air.stream:
        raise NoBroadcast()
    room = Room(
        activity_id=activity_id,
        phase=air.phase(at),
        opens_at=air.opens_at,
        closes_at=air.closes_at,
        viewers=await viewers_of(activity_id=activity_id, at=at),
        questions=await broadcast_questions.shown(activity_id=activity_id),
        polls=await polls.listing(activity_id=activity_id, opened=True),
        replay_id=await replays.replay_of(activity_id=activity_id, reader=reader, at=at),
    )
    turns = [time for time in (air.opens_at, air.closes_at) if time > at]
    return room, min(turns, default=None)


async def viewers_of(*, activity_id: int, at: datetime) -> int:
    """Count who is there."""
    there: int = await connection().value(
        "SELECT count(DISTINCT account_id) FROM live_sitting "
        "WHERE activity_id = $1 AND ended_at IS NULL AND heard_at > $2",
        activity_id,
        at - PRESENT,
    )
    return there


async def mine_of(*, activity_id: int, reader: Reader, at: datetime) -> MyRoom:
    """Give what is a reader's own in the room.

    :raises ItemMissing: if there is no such activity for this reader; also the other refusals of `content.access`.
    """
    await access.readable(item_id=activity_id, reader=reader, at=at)
    online = await online_of(reader=reader, activity_id=activity_id, at=at)
    return MyRoom(
        activity_id=activity_id,
        questions=await broadcast_questions.mine(reader=reader, activity_id=activity_id),
        choices=await polls.choices_of(reader=reader, activity_id=activity_id),
        online_s=online.online_s,
    )
