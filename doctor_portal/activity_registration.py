"""The doors of registration: one tap in, one out, how I stand to an activity, and the code for the door."""

import asyncio
from datetime import datetime
from typing import Annotated, Literal

import segno
from msgspec import Meta, Struct
from sanic import Blueprint, HTTPResponse, Request

from cdp.profiles import Profile
from content import access, activities, activity_registration, check_in
from content.activities import MyActivity
from content.activity_registration import Mine, TooLateToCancel
from content.check_in import AlreadyIn, DoorClosed, NoDoor, NotSeated
from content.door_codes import WINDOW, DoorCodes
from doctor_portal.activities import after, place_of
from doctor_portal.paging import page_of
from server.core import clock, idempotency
from server.core.idempotency import KeyReused
from server.core.roles import DOCTORS, Reader
from server.web.operation import operation
from server.web.replies import CursorBroken, Page, reply

blueprint = Blueprint("doctor_registration", url_prefix="/api/doctor")

TAGS = ("activities",)


class NewRegistration(Struct, frozen=True):
    """A tap. Who has no profile yet hands it in with it; for who has one it is left out."""

    profile: Profile | None = None


class MineQuery(Struct, frozen=True):
    """Which of my activities, and which page of them."""

    when: Literal["upcoming", "past"] = "upcoming"
    cursor: Annotated[str, Meta(max_length=300)] = ""
    limit: Annotated[int, Meta(ge=1, le=50)] = 20


class MyCode(Struct, frozen=True, kw_only=True):
    """The code that lets me in, once. ``picture`` is it as a square picture (PNG in a data address).

    ``short`` is it for typing. Ask again every ``refresh_s`` seconds; at ``expires_at`` this one is over.
    """

    picture: str
    short: str
    expires_at: datetime
    refresh_s: int


@blueprint.get("/registrations")
@operation(
    "Activities that I have a seat at or wait for",
    reply=Page[MyActivity],
    query=MineQuery,
    roles=DOCTORS,
    refuses=(CursorBroken,),
    tags=TAGS,
)
async def mine(request: Request, reader: Reader, query: MineQuery) -> Page[MyActivity]:
    found = await activities.mine(
        reader=reader, at=clock.now(), when=query.when, after=after(query.cursor), limit=query.limit
    )
    return page_of(found, query.limit, place_of)


@blueprint.get("/activities/<activity_id:int>/registration")
@operation("How I stand to an activity", reply=Mine, roles=DOCTORS, refuses=access.REFUSALS, tags=TAGS)
async def registration(request: Request, reader: Reader, activity_id: int) -> Mine:
    await access.readable(item_id=activity_id, reader=reader, at=clock.now())
    return await activity_registration.registration_of(reader=reader, activity_id=activity_id)


@blueprint.post("/activities/<activity_id:int>/registration")
@operation(
    "Register for an activity",
    reply=Mine,
    body=NewRegistration,
    roles=DOCTORS,
    idempotent=True,
    refuses=(*activity_registration.REFUSALS, KeyReused),
    tags=TAGS,
    example=NewRegistration(),
    description="Where no seat is left one is put on the waiting list and moves up by oneself. Registered already, "
    "also by another account of the same person, nothing changes.",
)
async def register(
    request: Request, reader: Reader, activity_id: int, body: NewRegistration, idempotency_key: str
) -> Mine:
    at = clock.now()
    return await idempotency.once(
        account_id=reader.account_id,
        key=idempotency_key,
        deed="activities.register",
        # The answer is kept; who one is, is not.
        request=[activity_id, body.profile is not None],
        at=at,
        act=lambda: activity_registration.register(
            reader=reader, activity_id=activity_id, sealer=request.app.ctx.sealer, profile=body.profile, at=at
        ),
        shape=Mine,
    )


@blueprint.delete("/activities/<activity_id:int>/registration")
@operation("Leave an activity, or its waiting list", reply=Mine, roles=DOCTORS, refuses=(TooLateToCancel,), tags=TAGS)
async def leave(request: Request, reader: Reader, activity_id: int) -> Mine:
    return await activity_registration.cancel(reader=reader, activity_id=activity_id, at=clock.now())


@blueprint.get("/activities/<activity_id:int>/code")
@operation(
    "The code that lets me in at the door",
    reply=MyCode,
    roles=DOCTORS,
    refuses=(NotSeated, AlreadyIn, NoDoor, DoorClosed),
    tags=TAGS,
)
async def code(request: Request, reader: Reader, activity_id: int) -> HTTPResponse:
    codes: DoorCodes = request.app.ctx.door_codes
    made = await check_in.code_of(reader=reader, activity_id=activity_id, codes=codes, at=clock.now())
    picture = await asyncio.to_thread(_picture, made.long)
    shown = MyCode(
        picture=picture,
        short=made.short,
        expires_at=made.expires_at,
        refresh_s=int(WINDOW.total_seconds()),
    )
    return reply(shown, headers={"cache-control": "no-store"})


def _picture(text: str) -> str:
    return str(segno.make_qr(text, error="m").png_data_uri(scale=6, border=2))
