"""The doors of viewing: reports of what is watched, where to go on, and what to catch up on."""

from typing import Annotated

from msgspec import Meta, Struct
from sanic import Blueprint, Request

from content import access, displays, keeping, viewing, watchlists
from content.calendar import ListedEpisode
from content.ranges import Ranges
from content.viewing import NotAired, Progress
from content.watchlists import Unfinished
from doctor_portal.paging import Id, Microseconds, PageQuery, instant, microseconds, page_of
from server.core import clock
from server.core.roles import DOCTORS, Reader
from server.core.wire import BadField
from server.web.operation import operation
from server.web.replies import CursorBroken, Page, place

blueprint = Blueprint("doctor_viewing", url_prefix="/api/doctor")

REFUSALS = (*access.REFUSALS, NotAired)
# `$` alone would let a line break pass at the end.
SESSION = r"^[A-Za-z0-9._:-]{1,64}$(?!\n)"
Second = Annotated[float, Meta(ge=0, le=86_400)]


class Place(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where the next page begins: after the entry with this time and id."""

    since: Microseconds
    id: Id


class ProgressReport(Struct, frozen=True):
    """What was watched since the last report: half-open ranges in seconds from the start, in any order.

    ``session`` names one sitting in front of one player and ``sequence`` numbers its reports from 0, so that a report
    may be sent again. The first one, with no ranges, goes out when the player starts, the next every 5 to 10 seconds;
    a client that was off line sends all that it has in one. More than twice what the clock has moved is not believed.
    """

    session: Annotated[str, Meta(pattern=SESSION, max_length=64, examples=["p-5f0c1a"])]
    sequence: Annotated[int, Meta(ge=0, le=2**31 - 1)]
    position_s: Second
    ranges: Annotated[list[tuple[Second, Second]], Meta(max_length=200, examples=[[[0, 9.8], [31.2, 40]]])] = []

    @property
    def watched(self) -> Ranges:
        """The ranges as a set.

        :raises BadField: if one runs backwards.
        """
        for number, (start, end) in enumerate(self.ranges):
            if end < start:
                raise BadField("A range must not end before it begins.", field=f"ranges[{number}]")
        return Ranges.of_seconds(self.ranges)


@blueprint.post("/episodes/<episode_id:int>/progress")
@operation(
    "Report what is watched of an episode",
    reply=Progress,
    body=ProgressReport,
    roles=DOCTORS,
    refuses=(*REFUSALS, *keeping.REFUSALS),
    tags=("viewing",),
    example=ProgressReport(session="p-5f0c1a", sequence=3, position_s=40.0, ranges=[(31.2, 40.0)]),
    description="Safe to repeat: a report counts once by its session and sequence. An episode is finished at nine "
    "tenths of its distinct seconds, once and for all.",
)
async def report_progress(request: Request, reader: Reader, episode_id: int, body: ProgressReport) -> Progress:
    return await viewing.report_progress(
        reader=reader,
        item_id=episode_id,
        session=body.session,
        sequence=body.sequence,
        position_s=body.position_s,
        watched=body.watched,
        at=clock.now(),
    )


@blueprint.get("/episodes/<episode_id:int>/progress")
@operation(
    "How far I have come with an episode, and where to go on",
    reply=Progress,
    roles=DOCTORS,
    refuses=REFUSALS,
    tags=("viewing",),
)
async def progress(request: Request, reader: Reader, episode_id: int) -> Progress:
    return await viewing.progress_of(reader=reader, item_id=episode_id, at=clock.now())


@blueprint.get("/continue")
@operation(
    "Episodes, videos and texts that I have begun and not finished, the last first",
    reply=Page[Unfinished],
    query=PageQuery,
    roles=DOCTORS,
    refuses=(CursorBroken,),
    tags=("viewing",),
)
async def unfinished(request: Request, reader: Reader, query: PageQuery) -> Page[Unfinished]:
    at = clock.now()
    entries = await watchlists.unfinished(reader=reader, at=at, after=_after(query.cursor), most=query.limit + 1)
    page = page_of(entries, query.limit, lambda entry: (microseconds(entry.last_at), entry.id))
    await displays.note(reader=reader, item_ids=displays.among(page.items), surface="unfinished", at=at)
    return page


@blueprint.get("/catch-up")
@operation(
    "Aired episodes of series that I follow and have not finished, the last aired first",
    reply=Page[ListedEpisode],
    query=PageQuery,
    roles=DOCTORS,
    refuses=(CursorBroken,),
    tags=("viewing",),
)
async def catch_up(request: Request, reader: Reader, query: PageQuery) -> Page[ListedEpisode]:
    entries = await watchlists.catch_up(reader=reader, at=clock.now(), after=_after(query.cursor), most=query.limit + 1)
    return page_of(entries, query.limit, lambda entry: (microseconds(entry.airs_at) if entry.airs_at else 0, entry.id))


def _after(written: str) -> watchlists.Place | None:
    read = place(written, Place)
    return (instant(read.since), read.id) if read else None
