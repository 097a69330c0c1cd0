"""The door of a doctor's progress in a series."""

from msgspec import Struct
from sanic import Blueprint, Request

from content import access
from content.series_progress import EpisodeProgress, series_progress
from server.core import clock
from server.core.roles import DOCTORS, Reader
from server.web.operation import operation

blueprint = Blueprint("doctor_series_progress", url_prefix="/api/doctor")


class SeriesProgress(Struct, frozen=True):
    """How every episode of a series stands to me, in the order of their places."""

    items: list[EpisodeProgress]


@blueprint.get("/series/<series_id:int>/progress")
@operation(
    "How far I have come with a series, episode by episode",
    reply=SeriesProgress,
    roles=DOCTORS,
    refuses=access.REFUSALS,
    tags=("viewing",),
)
async def progress(request: Request, reader: Reader, series_id: int) -> SeriesProgress:
    return SeriesProgress(await series_progress(reader=reader, series_id=series_id, at=clock.now()))
