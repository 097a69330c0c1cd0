"""The doors of items of any kind: the page, short-lived addresses of its files, and the answer to a quiz within it."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct
from sanic import Blueprint, HTTPResponse, Request

from content import access, displays, item_pages, media, quiz_blocks
from content.item_pages import ItemPage
from content.media import FileMissing, MediaFile
from content.quiz_blocks import BlockMissing, OptionUnknown, Verdict
from doctor_portal.series import DocumentAddress
from server.core import clock
from server.core.changes import Changes
from server.core.roles import Reader
from server.web.kept import Answers
from server.web.operation import operation

blueprint = Blueprint("doctor_items", url_prefix="/api/doctor")

TAGS = ("boards",)


class Choice(Struct, frozen=True):
    """The options that were chosen, by their places from 0."""

    chosen: Annotated[list[Annotated[int, Meta(ge=0, le=7)]], Meta(min_length=1, max_length=8)]


class ItemAnswers:
    """What the doors of items keep in a worker."""

    def __init__(self, changes: Changes) -> None:
        self.pages = Answers(changes, "item", circle=access.circle_of, key=int, shown=item_pages.prescriptions_on)


@blueprint.get("/items/<item_id:int>")
@operation(
    "An item of any kind on its own page",
    reply=ItemPage,
    refuses=access.REFUSALS,
    cached=True,
    tags=TAGS,
    description="The text comes in parts: safe HTML, blocks by their type, and cards of products. Displays of "
    "prescription medicines are logged with the standing of the reader.",
)
async def item_page(request: Request, reader: Reader, item_id: int) -> HTTPResponse:
    async def load() -> tuple[ItemPage, datetime | None]:
        return await item_pages.item_page(item_id=item_id, reader=reader, at=clock.now())

    async def note(shown: dict[Any, tuple[int, ...]]) -> None:
        for surface, item_ids in shown.items():
            await displays.note(reader=reader, item_ids=item_ids, surface=surface, at=clock.now())

    answers: ItemAnswers = request.app.ctx.item_answers
    return await answers.pages.give(request, reader, item_id, load, note=note)


@blueprint.get("/items/<item_id:int>/documents/<number:int>")
@operation(
    "A short-lived address of a document of an item",
    reply=DocumentAddress,
    refuses=(*access.REFUSALS, FileMissing),
    tags=TAGS,
)
async def document(request: Request, reader: Reader, item_id: int, number: int) -> DocumentAddress:
    at = clock.now()
    found = await media.document_of(item_id=item_id, number=number, reader=reader, at=at)
    return address_of(request, item_id, found, at)


@blueprint.get("/items/<item_id:int>/blocks/<key:str>/file")
@operation(
    "A short-lived address of the film or document of a block within a text",
    reply=DocumentAddress,
    refuses=(*access.REFUSALS, FileMissing),
    tags=TAGS,
)
async def block_file(request: Request, reader: Reader, item_id: int, key: str) -> DocumentAddress:
    at = clock.now()
    found = await media.block_file_of(item_id=item_id, key=key, reader=reader, at=at)
    return address_of(request, item_id, found, at)


@blueprint.post("/items/<item_id:int>/quizzes/<key:str>")
@operation(
    "Whether what I chose in a quiz within a text is right",
    reply=Verdict,
    body=Choice,
    refuses=(*access.REFUSALS, BlockMissing, OptionUnknown),
    tags=TAGS,
    example=Choice(chosen=[1]),
    description="Nothing is kept of it.",
)
async def quiz(request: Request, reader: Reader, item_id: int, key: str, body: Choice) -> Verdict:
    return await quiz_blocks.judge(item_id=item_id, key=key, chosen=body.chosen, reader=reader, at=clock.now())


def address_of(request: Request, item_id: int, file: MediaFile, at: datetime) -> DocumentAddress:
    """Write the short-lived address of a file of an item."""
    expires_at = (at + media.LIFE).replace(microsecond=0)
    url = media.address(request.app.ctx.media.signer, item_id=item_id, asset_id=file.asset_id, expires_at=expires_at)
    return DocumentAddress(url, file.name, file.media_type, file.bytes, expires_at)
