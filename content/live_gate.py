"""The gate of a broadcast: coming through it, and the short-lived address that leads on to the stream.

The rule: nobody is shown where the stream is. Who comes through the gate begins a sitting and gets an address of this
house that is signed for it and good for two minutes; every report of being there brings a fresh one. At each use the
sitting is looked at again: it has to stand, the broadcast to be on and the seat to be kept. An account sits in two
places at the most; who comes through a third time ends the oldest sitting.
"""

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from cdp import log
from cdp.activity_events import LiveJoined
from content import keeping
from content.broadcast import NotOnAir, RegistrationNeeded, admitted, air_of, has_seat
from content.time_online import end_oldest
from server.core.db import connection, transaction
from server.core.ids import opaque
from server.core.roles import Reader
from server.core.signing import AddressBroken, Signer

PURPOSE: Final = "live"
LIFE: Final = timedelta(minutes=2)
HEARTBEAT_S: Final = 15
MOST_SITTINGS: Final = 2
_SITTING: Final = 22


class Joined(Struct, frozen=True, kw_only=True):
    """A sitting that has begun: its reports name it, and count seconds from ``joined_at``."""

    sitting: str
    activity_id: int
    joined_at: datetime
    first: bool


class Address(Struct, frozen=True, kw_only=True):
    """Where the stream is had until a time: a path of this house."""

    url: str
    expires_at: datetime


async def join(*, reader: Reader, activity_id: int, at: datetime) -> Joined:
    """Come through the gate of a broadcast that is on.

    :raises ItemMissing: if there is no such activity for this reader; also the other refusals of `content.access`.
    :raises NoBroadcast: if it has no stream.
    :raises ActivityCancelled: if it was cancelled.
    :raises NotOnAir: if it is not on.
    :raises RegistrationNeeded: if the reader has no seat and needs one.
    :raises ConsentNeeded: if the reader has not agreed to anything being kept.
    """
    async with transaction():
        await keeping.check(reader)
        await admitted(reader=reader, activity_id=activity_id, at=at)
        first = await connection().execute(
            "INSERT INTO attendance (account_id, activity_id, joined_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            reader.account_id,
            activity_id,
            at,
        )
        await end_oldest(account_id=reader.account_id, activity_id=activity_id, kept=MOST_SITTINGS - 1, at=at)
        sitting = opaque(128)
        await connection().execute(
            "INSERT INTO live_sitting (id, account_id, activity_id, joined_at, heard_at) VALUES ($1, $2, $3, $4, $4)",
            sitting,
            reader.account_id,
            activity_id,
            at,
        )
        await log.record(LiveJoined(at=at, account_id=reader.account_id, item_id=activity_id, first=bool(first)))
    return Joined(sitting=sitting, activity_id=activity_id, joined_at=at, first=bool(first))


def address_of(signer: Signer, *, sitting: str, at: datetime) -> Address:
    """Write the address of the stream for a sitting."""
    expires_at = (at + LIFE).replace(microsecond=0)
    return Address(url=f"/live/{signer.sign(sitting.encode(), expires_at=expires_at)}", expires_at=expires_at)


async def stream_of(signer: Signer, token: str, *, at: datetime) -> str:
    """Say to which stream an address leads: its name at the house's live service, or where it is elsewhere.

    :raises AddressBroken: if the address was not given out here, or its sitting has ended.
    :raises AddressExpired: if its time is over.
    :raises NotOnAir: if the broadcast is not on any more.
    :raises RegistrationNeeded: if the seat was given up.
    """
    payload = signer.read(token, at=at)
    if len(payload) != _SITTING:
        raise AddressBroken()
    row = await connection().row(
        "SELECT account_id, activity_id FROM live_sitting WHERE id = $1 AND ended_at IS NULL", payload.decode()
    )
    if row is None:
        raise AddressBroken()
    air = await air_of(activity_id=row["activity_id"])
    # It was asked whether the reader may read the activity when the address was given out, which is not long ago.
    if air is None or not air.is_on(at):
        raise NotOnAir()
    if not air.open_to_all and not await has_seat(account_id=row["account_id"], activity_id=row["activity_id"]):
        raise RegistrationNeeded()
    return air.stream
