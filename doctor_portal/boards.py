"""The doors of the boards: the tree of sections, and what stands in one of them."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from sanic import Blueprint, HTTPResponse, Request

from content import access, boards, displays
from content.boards import Board, CountedTag, Place
from content.item_cards import ItemCard, prescriptions_in
from content.kinds import KINDS
from content.sections import SectionMissing
from doctor_portal.paging import CURSOR
from server.core import clock
from server.core.changes import Changes
from server.core.roles import Reader
from server.web.kept import Answers
from server.web.operation import operation
from server.web.replies import CursorBroken, Page, cursor, place

blueprint = Blueprint("doctor_boards", url_prefix="/api/doctor")

TAGS = ("boards",)
# What changes a list of a section: a change of the sections and their pins, or of any item that stands in one.
TOPICS = ("section", *(f"{name}_list" for name, kind in KINDS.items() if kind.sectioned))


class Boards(Struct, frozen=True):
    """The boards, each with the sections below it."""

    items: list[Board]


class SectionTags(Struct, frozen=True):
    """The tags of what stands in a section, those that most items carry first."""

    items: list[CountedTag]


class SectionQuery(Struct, frozen=True):
    """Which of what stands in a section: those with a tag or one below it, those of a kind, and which page of them."""

    tag: Annotated[str, Meta(max_length=64, examples=["rectal-cancer"])] = ""
    kind: Annotated[str, Meta(max_length=32, examples=["article"])] = ""
    cursor: Annotated[str, Meta(max_length=500, pattern=CURSOR, description="The `next` of the page before.")] = ""
    limit: Annotated[int, Meta(ge=1, le=50)] = 20


class BoardAnswers:
    """What the doors of the boards keep in a worker."""

    def __init__(self, changes: Changes) -> None:
        self.tree = Answers(changes, "section", circle=access.circle_of)
        self.tags = Answers(changes, TOPICS, circle=access.circle_of)
        self.listing = Answers(
            changes, TOPICS, circle=access.circle_of, shown=lambda page: prescriptions_in(page.items)
        )


@blueprint.get("/sections")
@operation("The boards and their sections, as I may enter them", reply=Boards, cached=True, tags=TAGS)
async def tree(request: Request, reader: Reader) -> HTTPResponse:
    async def load() -> tuple[Boards, datetime | None]:
        return Boards(await boards.tree(reader=reader)), None

    answers: BoardAnswers = request.app.ctx.board_answers
    return await answers.tree.give(request, reader, "", load)


@blueprint.get("/sections/<slug:str>/tags")
@operation(
    "The tags of what stands in a section",
    reply=SectionTags,
    refuses=(SectionMissing, access.SignInNeeded, access.ProfessionalNeeded),
    cached=True,
    tags=TAGS,
)
async def tags_of(request: Request, reader: Reader, slug: str) -> HTTPResponse:
    async def load() -> tuple[SectionTags, datetime | None]:
        return SectionTags(await boards.tags_of(slug=slug, reader=reader, at=clock.now())), None

    answers: BoardAnswers = request.app.ctx.board_answers
    return await answers.tags.give(request, reader, slug, load)


@blueprint.get("/sections/<slug:str>/items")
@operation(
    "What stands in a section: held at the top first, then as the section says",
    reply=Page[ItemCard],
    query=SectionQuery,
    refuses=(SectionMissing, access.SignInNeeded, access.ProfessionalNeeded, CursorBroken),
    cached=True,
    tags=TAGS,
    description="Nothing comes twice on later pages, whatever appears or is held at the top meanwhile. Displays of "
    "prescription medicines are logged with the standing of the reader.",
)
async def listing(request: Request, reader: Reader, slug: str, query: SectionQuery) -> HTTPResponse:
    async def load() -> tuple[Page[ItemCard], datetime | None]:
        cards, following, until = await boards.listing(
            slug=slug,
            reader=reader,
            at=clock.now(),
            tag=query.tag,
            kind=query.kind,
            after=place(query.cursor, Place),
            limit=query.limit,
        )
        return Page(cards, cursor(*msgspec.structs.astuple(following)) if following else None), until

    async def note(item_ids: tuple[int, ...]) -> None:
        await displays.note(reader=reader, item_ids=item_ids, surface="list", at=clock.now())

    answers: BoardAnswers = request.app.ctx.board_answers
    key = (slug, query.tag, query.kind, query.cursor, query.limit)
    return await answers.listing.give(request, reader, key, load, note=note)
