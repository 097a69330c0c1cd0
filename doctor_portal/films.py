"""The doors of a film, of whatever kind its item is: its address, reports of what is watched, and where to go on."""

from sanic import Blueprint, Request

from content import access, keeping, media, viewing
from content.media import FilmMissing
from content.viewing import NotAired, Progress
from doctor_portal.series import FilmAddress
from doctor_portal.viewing import ProgressReport
from server.core import clock
from server.core.roles import DOCTORS, Reader
from server.web.operation import operation

blueprint = Blueprint("doctor_films", url_prefix="/api/doctor")

REFUSALS = (*access.REFUSALS, NotAired)
TAGS = ("viewing",)


@blueprint.get("/items/<item_id:int>/video")
@operation(
    "A short-lived address of the film of an item",
    reply=FilmAddress,
    refuses=(*REFUSALS, FilmMissing),
    tags=TAGS,
    description="Ask when the film is about to be played, and again when the address has expired.",
)
async def film(request: Request, reader: Reader, item_id: int) -> FilmAddress:
    at = clock.now()
    found = await media.film_of(item_id=item_id, reader=reader, at=at)
    if found.asset_id is None:
        return FilmAddress(found.url, found.media_type, found.seconds, None)
    expires_at = (at + media.LIFE).replace(microsecond=0)
    url = media.address(request.app.ctx.media.signer, item_id=item_id, asset_id=found.asset_id, expires_at=expires_at)
    return FilmAddress(url, found.media_type, found.seconds, expires_at)


@blueprint.post("/items/<item_id:int>/progress")
@operation(
    "Report what is watched of a film",
    reply=Progress,
    body=ProgressReport,
    roles=DOCTORS,
    refuses=(*REFUSALS, *keeping.REFUSALS),
    tags=TAGS,
    example=ProgressReport(session="p-5f0c1a", sequence=3, position_s=40.0, ranges=[(31.2, 40.0)]),
    description="Safe to repeat, as for episodes.",
)
async def report_progress(request: Request, reader: Reader, item_id: int, body: ProgressReport) -> Progress:
    return await viewing.report_progress(
        reader=reader,
        item_id=item_id,
        session=body.session,
        sequence=body.sequence,
        position_s=body.position_s,
        watched=body.watched,
        at=clock.now(),
    )


@blueprint.get("/items/<item_id:int>/progress")
@operation(
    "How far I have come with a film, and where to go on", reply=Progress, roles=DOCTORS, refuses=REFUSALS, tags=TAGS
)
async def progress(request: Request, reader: Reader, item_id: int) -> Progress:
    return await viewing.progress_of(reader=reader, item_id=item_id, at=clock.now())
