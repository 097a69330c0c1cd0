"""The doors of the series: lists, pages, the film of an episode and its documents, and finding by a question."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from sanic import Blueprint, HTTPResponse, Request

from content import media, series
from content.access import REFUSALS, circle_of
from content.media import FileMissing, FilmMissing
from content.series import Place
from content.series_shapes import EpisodePage, FoundQuestion, SeriesCard, SeriesPage
from content.viewing import NotAired
from server.core import clock
from server.core.changes import Changes
from server.core.roles import Reader
from server.web.kept import Answers
from server.web.operation import operation
from server.web.replies import CursorBroken, Page, cursor, place

blueprint = Blueprint("doctor_series", url_prefix="/api/doctor")


class SeriesQuery(Struct, frozen=True):
    """Which series: those with a tag, and which page of them."""

    tag: Annotated[str, Meta(max_length=64, examples=["rectal-cancer"])] = ""
    cursor: Annotated[str, Meta(max_length=300)] = ""
    limit: Annotated[int, Meta(ge=1, le=50)] = 20


class QuestionQuery(Struct, frozen=True):
    """What is looked for, in the words of a doctor."""

    text: Annotated[str, Meta(min_length=1, max_length=100, examples=["肿瘤距肛缘 4 厘米还能保肛吗"])]
    limit: Annotated[int, Meta(ge=1, le=50)] = 20


class Found(Struct, frozen=True):
    """The questions that were found, the likest first."""

    items: list[FoundQuestion]


class FilmAddress(Struct, frozen=True):
    """Where the film is. An address of this house is a path, opens until ``expires_at``, and takes Range."""

    url: str
    media_type: str
    duration_s: int
    expires_at: datetime | None


class DocumentAddress(Struct, frozen=True):
    """Where a document is: a path of this house that opens until ``expires_at``."""

    url: str
    title: str
    media_type: str
    bytes: int
    expires_at: datetime


class SeriesAnswers:
    """What the doors of the series keep in a worker."""

    def __init__(self, changes: Changes) -> None:
        self.listing = Answers(changes, "series_list", circle=circle_of)
        self.series = Answers(changes, "item", circle=circle_of, key=_id_of)
        self.episodes = Answers(changes, "item", circle=circle_of, key=_id_of)


def _id_of(topic: str) -> int:
    return int(topic)


@blueprint.get("/series")
@operation(
    "Series: pinned first, then the newest",
    reply=Page[SeriesCard],
    query=SeriesQuery,
    refuses=(CursorBroken,),
    cached=True,
    tags=("series",),
)
async def listing(request: Request, reader: Reader, query: SeriesQuery) -> HTTPResponse:
    async def load() -> tuple[Page[SeriesCard], datetime | None]:
        cards, following, until = await series.listing(
            reader=reader,
            at=clock.now(),
            tag=query.tag,
            after=place(query.cursor, Place),
            limit=query.limit,
        )
        return Page(cards, cursor(*msgspec.structs.astuple(following)) if following else None), until

    answers: SeriesAnswers = request.app.ctx.series_answers
    return await answers.listing.give(request, reader, (query.tag, query.cursor, query.limit), load)


@blueprint.get("/series/<series_id:int>")
@operation("A series with its seasons and episodes", reply=SeriesPage, refuses=REFUSALS, cached=True, tags=("series",))
async def series_page(request: Request, reader: Reader, series_id: int) -> HTTPResponse:
    async def load() -> tuple[SeriesPage, datetime | None]:
        return await series.series_page(series_id=series_id, reader=reader, at=clock.now())

    answers: SeriesAnswers = request.app.ctx.series_answers
    return await answers.series.give(request, reader, series_id, load)


@blueprint.get("/episodes/<episode_id:int>")
@operation("An episode", reply=EpisodePage, refuses=REFUSALS, cached=True, tags=("series",))
async def episode_page(request: Request, reader: Reader, episode_id: int) -> HTTPResponse:
    async def load() -> tuple[EpisodePage, datetime | None]:
        return await series.episode_page(episode_id=episode_id, reader=reader, at=clock.now())

    answers: SeriesAnswers = request.app.ctx.series_answers
    return await answers.episodes.give(request, reader, episode_id, load)


@blueprint.get("/episodes/<episode_id:int>/video")
@operation(
    "A short-lived address of the film",
    reply=FilmAddress,
    refuses=(*REFUSALS, NotAired, FilmMissing),
    tags=("series",),
    description="Ask when the film is about to be played, and again when the address has expired.",
)
async def film(request: Request, reader: Reader, episode_id: int) -> FilmAddress:
    at = clock.now()
    found = await media.film_of(item_id=episode_id, reader=reader, at=at)
    if found.asset_id is None:
        return FilmAddress(found.url, found.media_type, found.seconds, None)
    expires_at = (at + media.LIFE).replace(microsecond=0)
    url = media.address(
        request.app.ctx.media.signer, item_id=episode_id, asset_id=found.asset_id, expires_at=expires_at
    )
    return FilmAddress(url, found.media_type, found.seconds, expires_at)


@blueprint.get("/episodes/<episode_id:int>/documents/<number:int>")
@operation(
    "A short-lived address of a document",
    reply=DocumentAddress,
    refuses=(*REFUSALS, FileMissing),
    tags=("series",),
)
async def document(request: Request, reader: Reader, episode_id: int, number: int) -> DocumentAddress:
    at = clock.now()
    found = await media.document_of(item_id=episode_id, number=number, reader=reader, at=at)
    expires_at = (at + media.LIFE).replace(microsecond=0)
    url = media.address(
        request.app.ctx.media.signer, item_id=episode_id, asset_id=found.asset_id, expires_at=expires_at
    )
    return DocumentAddress(url, found.name, found.media_type, found.bytes, expires_at)


@blueprint.get("/questions")
@operation("Episodes found by a question that they answer", reply=Found, query=QuestionQuery, tags=("series",))
async def questions(request: Request, reader: Reader, query: QuestionQuery) -> Found:
    return Found(await series.questions(text=query.text, reader=reader, at=clock.now(), limit=query.limit))
