"""The doors of sharing: a doctor makes a share and sees its figure; whoever opens one is counted, guests too."""

from typing import Annotated

from msgspec import Meta, Struct
from sanic import Blueprint, Request

from content import access, keeping
from doctor_portal.paging import Microseconds, PageQuery, instant, microseconds, page_of
from gamification import sharing
from gamification.sharing import Channel, Opened, ShareCard, ShareMissing, ShareRow, VisitorNeeded
from server.core import clock, idempotency, limits
from server.core.idempotency import KeyReused
from server.core.limits import TooOften
from server.core.roles import DOCTORS, Reader
from server.web.operation import operation
from server.web.replies import CursorBroken, Page, place

blueprint = Blueprint("doctor_shares", url_prefix="/api/doctor")
openings = Blueprint("shares", url_prefix="/api/shares")

OPENINGS_A_MINUTE = 120
ShareId = Annotated[str, Meta(pattern="^[0-9A-Za-z]{22}$", max_length=22)]


class Place(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where the next page begins: after the share with this time and id."""

    since: Microseconds
    share_id: ShareId


class NewShare(Struct, frozen=True):
    """By what way an item is handed on."""

    channel: Channel


class Opening(Struct, frozen=True):
    """Who opened a share: for a guest the device's anonymous id, which is kept only as a keyed hash, for a day."""

    visitor: Annotated[str, Meta(max_length=64, examples=["0190b0c4-7e5f-7d3c-9b64-1d1f9d0a5c11"])] = ""


@blueprint.post("/items/<item_id:int>/shares")
@operation(
    "Make a share of an item",
    reply=ShareCard,
    body=NewShare,
    roles=DOCTORS,
    idempotent=True,
    refuses=(*access.REFUSALS, *keeping.REFUSALS, KeyReused),
    tags=("sharing",),
    description="Ask before the share sheet opens. There is no reward for sharing, and nothing depends on it.",
)
async def share(request: Request, reader: Reader, item_id: int, body: NewShare, idempotency_key: str) -> ShareCard:
    at = clock.now()
    return await idempotency.once(
        account_id=reader.account_id,
        key=idempotency_key,
        deed="share",
        request=[item_id, body],
        at=at,
        act=lambda: sharing.share(reader=reader, item_id=item_id, channel=body.channel, at=at),
        shape=ShareCard,
    )


@blueprint.get("/shares")
@operation(
    "My shares, each with how many visitors opened it",
    reply=Page[ShareRow],
    query=PageQuery,
    roles=DOCTORS,
    refuses=(CursorBroken,),
    tags=("sharing",),
)
async def shares(request: Request, reader: Reader, query: PageQuery) -> Page[ShareRow]:
    read = place(query.cursor, Place)
    after = (instant(read.since), read.share_id) if read else None
    entries = await sharing.shares_of(reader=reader, after=after, most=query.limit + 1)
    return page_of(entries, query.limit, lambda entry: (microseconds(entry.created_at), entry.share_id))


@openings.post("/<share_id:str>/opened")
@operation(
    "Tell that a share was opened",
    reply=Opened,
    body=Opening,
    refuses=(ShareMissing, VisitorNeeded, TooOften),
    tags=("sharing",),
    description="Counts once a visitor and day. The sharer sees the number and never who it was.",
)
async def opened(request: Request, reader: Reader, share_id: str, body: Opening) -> Opened:
    ctx = request.app.ctx
    whose = limits.place_of(request.client_ip)
    await limits.spend(ctx.redis, name="share_opened", whose=whose, most=OPENINGS_A_MINUTE, within_s=60)
    return await sharing.open_share(
        share_id=share_id, reader=reader, visitor=body.visitor, sealer=ctx.sealer, at=clock.now()
    )
