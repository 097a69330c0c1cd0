"""The replay of a broadcast: its recording becomes a video, and what one saw live counts as watched of it.

The rule: attaching a recording makes the draft of a video, which goes through the workflow like any other. Once the
video is shown, a job adds to each viewing what its reader saw live, shifted to the time of the film, for those who
still agree to anything being kept; it is safe to be killed at any moment, because each viewing is a transaction of its
own.
"""

from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from cdp import accounts, consent
from cdp.accounts import AccountGone
from cdp.consent import ConsentNeeded
from content import access, items, trail, viewing
from content.broadcast import NoBroadcast, air_of
from content.items import DraftState
from content.ranges import Ranges
from server.core.db import connection, transaction
from server.core.errors import Conflict, Invalid
from server.core.roles import Reader

MOST_CARRIED: Final = 200
MOST_TITLE: Final = 80
ENDING: Final = "（回放）"


class RecordingUnfit(Invalid):
    """The file is no video of the library, or nobody knows how long it is."""

    code = "recording_unfit"
    title = "请选择素材库中的视频文件"


class RecordedBad(Invalid):
    """The beginning of the recording lies after the end of the broadcast, or long before its beginning."""

    code = "recorded_from_bad"
    title = "录制开始时间与直播时间不符"


class StillOnAir(Conflict):
    """The broadcast is not over yet; close it first."""

    code = "still_on_air"
    title = "直播尚未结束"


class ReplayThere(Conflict):
    """The broadcast has a replay; the facts name it."""

    code = "replay_there"
    title = "这个直播已有回放"


class Replay(Struct, frozen=True, kw_only=True):
    """What became of a broadcast's recording."""

    activity_id: int
    recording_id: int
    recorded_from: datetime
    replay_id: int | None


async def attach(
    *,
    activity_id: int,
    recording_id: int,
    recorded_from: datetime,
    staff_id: int,
    at: datetime,
    request_id: str = "",
) -> DraftState:
    """Take a recording as that of a broadcast that is over, and make the draft of its video.

    :param recorded_from: the instant that the first second of the film shows.
    :raises NoBroadcast: if the activity has no stream.
    :raises StillOnAir: if the broadcast is not over.
    :raises RecordedBad: if the recording cannot be of this broadcast.
    :raises RecordingUnfit: if the file is none that can be shown.
    :raises ReplayThere: if there is a replay already.
    """
    async with transaction():
        air = await air_of(activity_id=activity_id)
        if air is None or not air.stream:
            raise NoBroadcast()
        if at < air.closes_at:
            raise StillOnAir()
        film = await connection().row(
            "SELECT seconds FROM asset WHERE id = $1 AND kind = 'video' AND seconds >= 1", recording_id
        )
        if film is None:
            raise RecordingUnfit(field="recording_id")
        if not (air.opens_at - (air.closes_at - air.opens_at)) <= recorded_from < air.closes_at:
            raise RecordedBad(field="recorded_from")
        await connection().execute(
            "INSERT INTO broadcast (activity_id) VALUES ($1) ON CONFLICT (activity_id) DO NOTHING", activity_id
        )
        there = await connection().value(
            "SELECT replay_id FROM broadcast WHERE activity_id = $1 FOR UPDATE", activity_id
        )
        if there is not None:
            raise ReplayThere(replay_id=there)
        video = await items.create(
            kind="video",
            shape=await _shape(activity_id, recording_id, round(film["seconds"])),
            staff_id=staff_id,
            at=at,
            request_id=request_id,
        )
        await connection().execute(
            "UPDATE broadcast SET recording_id = $2, recorded_from = $3, replay_id = $4 WHERE activity_id = $1",
            activity_id,
            recording_id,
            recorded_from,
            video.item_id,
        )
        # What was carried into an earlier replay, since thrown away, is carried into this one again.
        await connection().execute("UPDATE attendance SET carried_at = NULL WHERE activity_id = $1", activity_id)
        await trail.note(
            "attach",
            "broadcast",
            activity_id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            after={"recording_id": recording_id, "recorded_from": recorded_from, "replay_id": video.item_id},
        )
        return video


async def attached(*, activity_id: int) -> Replay | None:
    """Tell what became of the recording of an activity's broadcast; None where there is none."""
    row = await connection().row(
        "SELECT activity_id, recording_id, recorded_from, replay_id FROM broadcast "
        "WHERE activity_id = $1 AND recording_id IS NOT NULL",
        activity_id,
    )
    return msgspec.convert(dict(row), Replay) if row else None


async def replay_of(*, activity_id: int, reader: Reader, at: datetime) -> int | None:
    """Name the replay of an activity's broadcast that a reader may watch."""
    found: int | None = await connection().value(
        f"SELECT l.item_id FROM broadcast b JOIN live l ON l.item_id = b.replay_id "  # noqa: S608  constants
        f"WHERE b.activity_id = $3 AND {READABLE}",
        access.audience_values(reader),
        at,
        activity_id,
    )
    return found


async def activity_of(*, item_id: int, reader: Reader, at: datetime) -> int | None:
    """Name the activity whose replay an item is, if the reader may see it; None for everything else."""
    found: int | None = await connection().value(
        f"SELECT l.item_id FROM broadcast b JOIN live l ON l.item_id = b.activity_id "  # noqa: S608  constants
        f"WHERE b.replay_id = $3 AND {READABLE}",
        access.audience_values(reader),
        at,
        item_id,
    )
    return found


async def carry(ctx: object, at: datetime) -> None:
    """Add what people saw live to their viewings of the replays that are shown by now. A job."""
    rows = await connection().fetch(_TO_CARRY, MOST_CARRIED)
    for row in rows:
        async with transaction():
            try:
                await accounts.hold(row["account_id"])
                await consent.require(account_id=row["account_id"])
            except (AccountGone, ConsentNeeded):
                # Nothing may be kept of them; what was is theirs to keep or to have erased.
                await _carried(row, at)
                continue
            known: Any = await connection().row(
                "SELECT ranges FROM attendance WHERE account_id = $1 AND activity_id = $2 AND carried_at IS NULL "
                "FOR UPDATE",
                row["account_id"],
                row["activity_id"],
            )
            if known is None:
                continue
            watched = shifted(Ranges(tuple((part.lower, part.upper) for part in known["ranges"])), row["recorded_from"])
            if watched:
                await viewing.add(
                    account_id=row["account_id"],
                    item_id=row["replay_id"],
                    seconds=row["seconds"],
                    watched=watched,
                    at=at,
                )
            await _carried(row, at)


def shifted(instants: Ranges, recorded_from: datetime) -> Ranges:
    """Turn milliseconds since 1970 into those of a film that begins at an instant; what lies before it is lost."""
    zero = round(recorded_from.timestamp() * 1000)
    return Ranges.of((max(start - zero, 0), end - zero) for start, end in instants if end > zero)


async def _shape(activity_id: int, recording_id: int, seconds: int) -> dict[str, Any]:
    """Write the draft of the video from what the activity says of itself."""
    draft = (await items.draft_of(item_id=activity_id)).shape
    names = ("summary", "cover", "tags", "audience", "entitlement")
    kept: dict[str, Any] = {name: draft[name] for name in names if name in draft}
    title = str(draft.get("title", ""))[: MOST_TITLE - len(ENDING)]
    speakers = draft.get("speakers")
    return {
        **kept,
        "title": f"{title}{ENDING}",
        "team": speakers if isinstance(speakers, list) else [],
        "duration_s": seconds,
        "video": {"asset": recording_id},
    }


async def _carried(row: Any, at: datetime) -> None:
    await connection().execute(
        "UPDATE attendance SET carried_at = $3 WHERE account_id = $1 AND activity_id = $2",
        row["account_id"],
        row["activity_id"],
        at,
    )


READABLE: Final = access.condition(row="l", audiences="$1", at="$2")
_TO_CARRY: Final = """
SELECT a.account_id, a.activity_id, b.replay_id, b.recorded_from, l.seconds FROM broadcast b
JOIN live l ON l.item_id = b.replay_id AND l.seconds IS NOT NULL
JOIN attendance a ON a.activity_id = b.activity_id AND a.carried_at IS NULL
ORDER BY a.activity_id, a.account_id LIMIT $1
"""
