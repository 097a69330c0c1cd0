"""The doors of reading: how far down a text one has come and for how long."""

from typing import Annotated

from msgspec import Meta, Struct
from sanic import Blueprint, Request

from cdp.event_fields import Milliseconds, Percent
from content import access, keeping, reading
from content.reading import Reading
from doctor_portal.viewing import SESSION
from server.core import clock
from server.core.roles import DOCTORS, Reader
from server.web.operation import operation

blueprint = Blueprint("doctor_reading", url_prefix="/api/doctor")

TAGS = ("reading",)


class ReadingReport(Struct, frozen=True):
    """How far down a text one has come, and how long this time with it has lasted so far, the page being in front.

    ``session`` names one time with the page, so that a report may be sent again and out of order: of what is known of
    a time the greatest counts. Send one now and then, and one when the page is left.
    """

    session: Annotated[str, Meta(pattern=SESSION, max_length=64, examples=["r-5f0c1a"])]
    max_percent: Percent
    active_ms: Milliseconds


@blueprint.put("/items/<item_id:int>/reading")
@operation(
    "Report how far and how long I have read a text",
    reply=Reading,
    body=ReadingReport,
    roles=DOCTORS,
    refuses=(*access.REFUSALS, *keeping.REFUSALS),
    tags=TAGS,
    example=ReadingReport(session="r-5f0c1a", max_percent=64, active_ms=48_000),
    description="Safe to repeat. How far and how long only grow; more than the clock has moved is not believed.",
)
async def report(request: Request, reader: Reader, item_id: int, body: ReadingReport) -> Reading:
    return await reading.report(
        reader=reader,
        item_id=item_id,
        sitting=body.session,
        max_percent=body.max_percent,
        active_ms=body.active_ms,
        at=clock.now(),
    )


@blueprint.get("/items/<item_id:int>/reading")
@operation("How far I have come with a text", reply=Reading, roles=DOCTORS, refuses=access.REFUSALS, tags=TAGS)
async def reading_of(request: Request, reader: Reader, item_id: int) -> Reading:
    return await reading.reading_of(reader=reader, item_id=item_id, at=clock.now())
