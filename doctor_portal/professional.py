"""The doors of verification: handing in what is needed, taking it back, where I stand, and hospitals to pick from.

The rule: what names a doctor comes in here and goes out to its owner alone, and is kept nowhere on the way.
"""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct
from sanic import Blueprint, HTTPResponse, Request

from cdp import consent, hospitals, professional_records, professionals
from cdp.accounts import AccountGone
from cdp.consent import ConsentNeeded
from cdp.hospital_matching import Candidate
from cdp.professional_events import Match
from cdp.professional_particulars import TITLES, Particulars, Title
from cdp.professional_records import Application, Overview
from cdp.professionals import REASONS, Reason, State
from server.core import clock, images, limits
from server.core.limits import TooOften
from server.core.roles import DOCTORS, Reader
from server.core.wire import convert
from server.web import sent_file
from server.web.operation import operation
from server.web.replies import reply

blueprint = Blueprint("doctor_professional", url_prefix="/api/doctor")

TAGS = ("professional",)
NO_STORE = {"cache-control": "no-store"}
MOST_PHOTO_BYTES = 10 * 1024 * 1024
LONGEST_SIDE = 2000
TRIES, TRIES_WITHIN_S = 10, 3600
SUGGESTIONS_A_MINUTE = 120

Words = Annotated[str, Meta(max_length=200)]


class ApplicationForm(Struct, frozen=True):
    """The fields that go beside the photo of the licence, which is the file ``file``.

    ``hospital`` is as it was typed, ``hospital_key`` that of a suggestion that was picked; ``licence`` the fifteen
    digits of 医师执业证书编码; ``title`` one of the titles.
    """

    name: Words
    licence: Words
    hospital: Words
    department: Words
    title: Annotated[str, Meta(max_length=40, examples=[Title.ATTENDING.value])]
    hospital_key: Annotated[str, Meta(max_length=64)] = ""


class TitleView(Struct, frozen=True):
    """A title to choose."""

    code: Title
    name: str


class ApplicationView(Struct, frozen=True):
    """An application. ``licence`` shows its last four digits and is empty once the number has been deleted.

    ``reason`` and ``note`` say why it was refused, ``end_note`` why a standing was revoked.
    """

    id: int
    state: State
    submitted_at: datetime
    hospital: str
    department: str
    title: str
    licence: Annotated[str, Meta(examples=["***********8001"])]
    reason: Reason | None
    reason_name: str
    note: str
    decided_at: datetime | None
    valid_until: datetime | None
    ended_at: datetime | None
    end_reason: str
    end_note: str


class ProfessionalView(Struct, frozen=True):
    """Where I stand. ``open`` tells that an application waits; while it does, no other can be handed in.

    While ``consent_needed``, the purpose ``verification`` has to be agreed to first.
    """

    verified: bool
    verified_until: datetime | None
    open: bool
    consent_needed: bool
    applications: list[ApplicationView]
    titles: list[TitleView]


class HospitalQuery(Struct, frozen=True):
    """What was typed so far."""

    q: Annotated[str, Meta(max_length=100, examples=["华西"])] = ""


class HospitalView(Struct, frozen=True):
    """A hospital, how well it fits (to 100), and by which of its names."""

    key: str
    name: str
    province: str
    city: str
    level: str
    score: int
    by: str


class HospitalsView(Struct, frozen=True):
    """Hospitals to pick from, the likeliest first; ``matched`` is how certain the first one is, were it typed so."""

    items: list[HospitalView]
    matched: Match


@blueprint.get("/professional")
@operation(
    "Whether I am verified, and my applications",
    reply=ProfessionalView,
    roles=DOCTORS,
    refuses=(AccountGone,),
    tags=TAGS,
)
async def standing(request: Request, reader: Reader) -> HTTPResponse:
    return await _standing(request, reader)


@blueprint.post("/professional", stream=True)
@operation(
    "Hand in an application to be verified as a professional",
    reply=ProfessionalView,
    form=ApplicationForm,
    roles=DOCTORS,
    refuses=(*professionals.SUBMIT_REFUSALS, *sent_file.REFUSALS, *images.REFUSALS, TooOften),
    tags=TAGS,
    description="One multipart form with the photo of the licence, as `wx.uploadFile` sends it: a JPEG, PNG or WebP of "
    "up to 10 MB under the name `file`, and the fields as `formData`. The photo is drawn anew, so that where and when "
    "it was taken goes; name, number and photo are sealed. Wants consent to the purpose `verification`.",
)
async def submit(request: Request, reader: Reader) -> HTTPResponse:
    ctx = request.app.ctx
    if consent.VERIFICATION not in reader.consented:
        # Asked before anything is read, so that without consent it does not even reach the house.
        raise ConsentNeeded(purpose=consent.VERIFICATION)
    await limits.spend(
        ctx.redis, name="professional", whose=str(reader.account_id), most=TRIES, within_s=TRIES_WITHIN_S
    )
    sent = await sent_file.sent_file(request, at_most=MOST_PHOTO_BYTES)
    given = convert(dict(sent.fields), ApplicationForm)
    photo = await images.clean(sent.data, at_most=MOST_PHOTO_BYTES, longest=LONGEST_SIDE)
    key, matched = hospitals.placed(await ctx.hospitals.dictionary(), typed=given.hospital, picked=given.hospital_key)
    await professionals.submit(
        sealer=ctx.sealer,
        account_id=reader.account_id,
        particulars=Particulars(given.name, given.licence, given.hospital, given.department, given.title, key),
        photo=photo,
        matched=matched,
        at=clock.now(),
    )
    return await _standing(request, reader)


@blueprint.delete("/professional")
@operation(
    "Take back the application that waits",
    reply=ProfessionalView,
    roles=DOCTORS,
    refuses=(AccountGone,),
    tags=TAGS,
    description="What was handed in is deleted at once. Where none waits, nothing changes.",
)
async def withdraw(request: Request, reader: Reader) -> HTTPResponse:
    await professionals.withdraw(account_id=reader.account_id, at=clock.now())
    return await _standing(request, reader)


@blueprint.get("/hospitals")
@operation(
    "Hospitals that I may mean",
    query=HospitalQuery,
    reply=HospitalsView,
    roles=DOCTORS,
    refuses=(TooOften,),
    tags=TAGS,
    description="By name, alias, sound or likeness, from two characters on. What is not there may be typed in full.",
)
async def suggestions(request: Request, reader: Reader, query: HospitalQuery) -> HospitalsView:
    ctx = request.app.ctx
    await limits.spend(
        ctx.redis, name="hospitals", whose=str(reader.account_id), most=SUGGESTIONS_A_MINUTE, within_s=60
    )
    dictionary = await ctx.hospitals.dictionary()
    return HospitalsView([_hospital(one) for one in dictionary.suggest(query.q)], dictionary.match(query.q).kind)


async def _standing(request: Request, reader: Reader) -> HTTPResponse:
    at = clock.now()
    held: Overview = await professional_records.overview(
        sealer=request.app.ctx.sealer, account_id=reader.account_id, at=at
    )
    _, purposes = await consent.purposes_of(account_id=reader.account_id)
    view = ProfessionalView(
        verified=held.verified_until is not None,
        verified_until=held.verified_until,
        open=held.open,
        consent_needed=consent.VERIFICATION not in purposes,
        applications=[_application(one) for one in held.applications],
        titles=[TitleView(title, name) for title, name in TITLES.items()],
    )
    return reply(view, headers=NO_STORE)


def _application(one: Application) -> ApplicationView:
    reason = Reason(one.reason) if one.reason else None
    return ApplicationView(
        id=one.id,
        state=one.state,
        submitted_at=one.submitted_at,
        hospital=one.hospital,
        department=one.department,
        title=TITLES[Title(one.title)],
        licence=one.licence,
        reason=reason,
        reason_name=REASONS[reason] if reason else "",
        note=one.note,
        decided_at=one.decided_at,
        valid_until=one.valid_until,
        ended_at=one.ended_at,
        end_reason=one.end_reason,
        end_note=one.end_note,
    )


def _hospital(one: Candidate) -> HospitalView:
    found = one.hospital
    return HospitalView(found.key, found.name, found.province, found.city, found.level, one.score, one.by)
