"""The doors of following: a series is followed and left, and the followed ones are listed."""

from sanic import Blueprint, Request

from content import access, following, keeping, watchlists
from content.following import Following
from content.watchlists import FollowedSeries
from doctor_portal.paging import Id, PageQuery, page_of
from server.core import clock
from server.core.roles import DOCTORS, Reader
from server.web.operation import operation
from server.web.replies import CursorBroken, Done, Page, place

blueprint = Blueprint("doctor_following", url_prefix="/api/doctor")


@blueprint.get("/series/<series_id:int>/follow")
@operation("Whether I follow a series", reply=Following, roles=DOCTORS, refuses=access.REFUSALS, tags=("following",))
async def following_of(request: Request, reader: Reader, series_id: int) -> Following:
    return await following.following_of(reader=reader, series_id=series_id, at=clock.now())


@blueprint.put("/series/<series_id:int>/follow")
@operation(
    "Follow a series",
    reply=Following,
    roles=DOCTORS,
    refuses=(*access.REFUSALS, *keeping.REFUSALS),
    tags=("following",),
)
async def follow(request: Request, reader: Reader, series_id: int) -> Following:
    return await following.follow(reader=reader, series_id=series_id, at=clock.now())


@blueprint.delete("/series/<series_id:int>/follow")
@operation("Follow a series no longer", reply=Done, roles=DOCTORS, tags=("following",))
async def unfollow(request: Request, reader: Reader, series_id: int) -> Done:
    await following.unfollow(reader=reader, series_id=series_id, at=clock.now())
    return Done()


@blueprint.get("/following")
@operation(
    "Series that I follow, the last followed first",
    reply=Page[FollowedSeries],
    query=PageQuery,
    roles=DOCTORS,
    refuses=(CursorBroken,),
    tags=("following",),
)
async def followed(request: Request, reader: Reader, query: PageQuery) -> Page[FollowedSeries]:
    read = place(query.cursor, tuple[Id])
    entries = await watchlists.following(
        reader=reader, at=clock.now(), after=read[0] if read else None, most=query.limit + 1
    )
    return page_of(entries, query.limit, lambda entry: (entry.place,))
