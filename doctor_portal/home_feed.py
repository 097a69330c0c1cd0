"""The door of the home feed."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from sanic import Blueprint, Request

from content import displays, home_feed
from content.home_feed import FeedEntry, Place
from content.item_cards import prescriptions_in
from doctor_portal.paging import CURSOR
from server.core import clock
from server.core.roles import Reader
from server.web.operation import operation
from server.web.replies import CursorBroken, Page, cursor, place

blueprint = Blueprint("doctor_home_feed", url_prefix="/api/doctor")


class FeedQuery(Struct, frozen=True):
    """Which page of the feed; without a cursor it is begun anew."""

    cursor: Annotated[str, Meta(max_length=560, pattern=CURSOR, description="The `next` of the page before.")] = ""
    limit: Annotated[int, Meta(ge=1, le=50)] = 20


@blueprint.get("/feed")
@operation(
    "My home feed: held at the top, begun, new of what I follow, then all that is new",
    reply=Page[FeedEntry],
    query=FeedQuery,
    refuses=(CursorBroken,),
    tags=("boards",),
    description="Nothing comes twice on later pages; what appears meanwhile is seen when the feed is begun anew. "
    "Guests get what is held at the top and what is new. Displays of prescription medicines are logged with the "
    "standing of the reader.",
)
async def feed(request: Request, reader: Reader, query: FeedQuery) -> Page[FeedEntry]:
    at = clock.now()
    entries, following = await home_feed.feed_of(
        reader=reader, at=at, after=place(query.cursor, Place), limit=query.limit
    )
    shown = prescriptions_in(entry.item for entry in entries)
    await displays.note(reader=reader, item_ids=shown, surface="feed", at=at)
    return Page(entries, cursor(*msgspec.structs.astuple(following)) if following else None)
