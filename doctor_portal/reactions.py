"""The doors of reactions: favourites, likes and ratings of items."""

from typing import Annotated

from msgspec import Meta, Struct
from sanic import Blueprint, Request

from content import access, displays, keeping, reactions, watchlists
from content.reactions import Reactions
from content.watchlists import Favourite
from doctor_portal.paging import Id, PageQuery, page_of
from server.core import clock
from server.core.roles import DOCTORS, Reader
from server.web.operation import operation
from server.web.replies import CursorBroken, Done, Page, place

blueprint = Blueprint("doctor_reactions", url_prefix="/api/doctor")

REFUSALS = (*access.REFUSALS, *keeping.REFUSALS)
TAGS = ("reactions",)


class FavouritesQuery(PageQuery, frozen=True):
    """Which page of my favourites, of one kind or of all."""

    kind: Annotated[str, Meta(max_length=32, examples=["article"])] = ""


class Rating(Struct, frozen=True):
    """From 1 to 5 stars."""

    stars: Annotated[int, Meta(ge=1, le=5, examples=[5])]


@blueprint.get("/items/<item_id:int>/reactions")
@operation(
    "What I and all readers think of an item", reply=Reactions, roles=DOCTORS, refuses=access.REFUSALS, tags=TAGS
)
async def reactions_of(request: Request, reader: Reader, item_id: int) -> Reactions:
    return await reactions.reactions_of(reader=reader, item_id=item_id, at=clock.now())


@blueprint.put("/items/<item_id:int>/favourite")
@operation("Put an item among my favourites", reply=Reactions, roles=DOCTORS, refuses=REFUSALS, tags=TAGS)
async def favourite(request: Request, reader: Reader, item_id: int) -> Reactions:
    return await reactions.favourite(reader=reader, item_id=item_id, at=clock.now())


@blueprint.delete("/items/<item_id:int>/favourite")
@operation("Take an item out of my favourites", reply=Done, roles=DOCTORS, tags=TAGS)
async def unfavourite(request: Request, reader: Reader, item_id: int) -> Done:
    await reactions.unfavourite(reader=reader, item_id=item_id, at=clock.now())
    return Done()


@blueprint.put("/items/<item_id:int>/like")
@operation("Like an item", reply=Reactions, roles=DOCTORS, refuses=REFUSALS, tags=TAGS)
async def like(request: Request, reader: Reader, item_id: int) -> Reactions:
    return await reactions.like(reader=reader, item_id=item_id, at=clock.now())


@blueprint.delete("/items/<item_id:int>/like")
@operation("Take my like back", reply=Done, roles=DOCTORS, tags=TAGS)
async def unlike(request: Request, reader: Reader, item_id: int) -> Done:
    await reactions.unlike(reader=reader, item_id=item_id, at=clock.now())
    return Done()


@blueprint.put("/items/<item_id:int>/rating")
@operation("Give an item stars", reply=Reactions, body=Rating, roles=DOCTORS, refuses=REFUSALS, tags=TAGS)
async def rate(request: Request, reader: Reader, item_id: int, body: Rating) -> Reactions:
    return await reactions.rate(reader=reader, item_id=item_id, stars=body.stars, at=clock.now())


@blueprint.delete("/items/<item_id:int>/rating")
@operation("Take my stars back", reply=Done, roles=DOCTORS, tags=TAGS)
async def unrate(request: Request, reader: Reader, item_id: int) -> Done:
    await reactions.unrate(reader=reader, item_id=item_id, at=clock.now())
    return Done()


@blueprint.get("/favourites")
@operation(
    "My favourites, the last added first",
    reply=Page[Favourite],
    query=FavouritesQuery,
    roles=DOCTORS,
    refuses=(CursorBroken,),
    tags=TAGS,
)
async def favourites(request: Request, reader: Reader, query: FavouritesQuery) -> Page[Favourite]:
    read, at = place(query.cursor, tuple[Id]), clock.now()
    entries = await watchlists.favourites(
        reader=reader, at=at, kind=query.kind, after=read[0] if read else None, most=query.limit + 1
    )
    page = page_of(entries, query.limit, lambda entry: (entry.place,))
    await displays.note(reader=reader, item_ids=displays.among(page.items), surface="favourites", at=at)
    return page
