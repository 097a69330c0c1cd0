"""The doors of a doctor's questions: one is handed in for a series, and what became of one's own is listed."""

from typing import Annotated, Final

from msgspec import Meta, Struct
from sanic import Blueprint, HTTPResponse, Request

from content import access, asked, keeping
from content.asked import Asked, QuestionMissing, QuestionsWaiting, QuestionTooShort
from content.personal_words import ContactGiven
from doctor_portal.paging import Id, PageQuery, page_of
from server.core import clock, limits
from server.core.limits import TooOften
from server.core.roles import DOCTORS, Reader
from server.web.operation import operation
from server.web.replies import CursorBroken, Done, Page, place, reply

blueprint = Blueprint("doctor_asked", url_prefix="/api/doctor")

TAGS = ("questions",)
# Enough for whoever has much to ask, and not for who fills the editors' desk.
MOST_AN_HOUR: Final = 10
HOUR_S: Final = 3600


class NewQuestion(Struct, frozen=True):
    """A question in the doctor's own words, without names, numbers and addresses of people."""

    text: Annotated[
        str,
        Meta(min_length=1, max_length=asked.LONGEST, examples=["肿瘤距肛缘 3 厘米，放化疗后完全缓解，还要手术吗？"]),
    ]


@blueprint.post("/series/<series_id:int>/asked")
@operation(
    "Hand in a question for a series",
    reply=Asked,
    body=NewQuestion,
    roles=DOCTORS,
    refuses=(
        *access.REFUSALS,
        *keeping.REFUSALS,
        QuestionTooShort,
        ContactGiven,
        QuestionsWaiting,
        TooOften,
    ),
    tags=TAGS,
    description="Safe to repeat: the same words for the same series are one question.",
)
async def ask(request: Request, reader: Reader, series_id: int, body: NewQuestion) -> HTTPResponse:
    await limits.spend(
        request.app.ctx.redis, name="asked", whose=str(reader.account_id), most=MOST_AN_HOUR, within_s=HOUR_S
    )
    made = await asked.ask(reader=reader, series_id=series_id, text=body.text, at=clock.now())
    return reply(made, headers={"cache-control": "no-store"})


@blueprint.get("/asked")
@operation(
    "Questions that I have handed in, the newest first, and what became of them",
    reply=Page[Asked],
    query=PageQuery,
    roles=DOCTORS,
    refuses=(CursorBroken,),
    tags=TAGS,
)
async def asked_by_me(request: Request, reader: Reader, query: PageQuery) -> Page[Asked]:
    read = place(query.cursor, tuple[Id])
    entries = await asked.asked_by(reader=reader, at=clock.now(), after=read[0] if read else None, most=query.limit + 1)
    return page_of(entries, query.limit, lambda entry: (entry.id,))


@blueprint.delete("/asked/<question_id:int>")
@operation("Take a question of mine back", reply=Done, roles=DOCTORS, refuses=(QuestionMissing,), tags=TAGS)
async def take_back(request: Request, reader: Reader, question_id: int) -> Done:
    await asked.take_back(reader=reader, question_id=question_id, at=clock.now())
    return Done()
