"""Consent, the same doors on both portals: what may be agreed to, where one stands, and a word given or taken back."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct
from sanic import Blueprint, HTTPResponse, Request

from cdp import consent
from cdp.consent import ConsentNeeded, Purpose, PurposeMissing, TextOutdated, Word
from server.core import clock
from server.core.roles import Audience, Reader, Role
from server.doors.portal import NO_STORE, people_of
from server.web.operation import operation
from server.web.replies import reply


class ConsentWord(Struct, frozen=True):
    """A word given or taken back. The version is that of the text that was shown; to take back, none is needed."""

    purpose: Purpose
    granted: bool
    version: Annotated[str, Meta(max_length=16, examples=["2026-11-22"])] = ""


class ConsentView(Struct, frozen=True):
    """A purpose, its present text, and where the account stands with it.

    ``agreed_version`` is what was agreed to, empty for nothing; ``must_ask`` is set where the text has changed so much
    since then that it has to be asked again. ``separate`` ones are asked where they are needed, and not on signing in.
    """

    purpose: Purpose
    required: bool
    separate: bool
    title: str
    body: str
    version: str
    language: str
    published_at: datetime
    granted: bool
    agreed_version: str
    must_ask: bool
    decided_at: datetime | None


class Consents(Struct, frozen=True):
    """All purposes that there are texts for."""

    items: list[ConsentView]


class Language(Struct, frozen=True):
    """The language of the texts; where there is none in it, Chinese."""

    language: Annotated[str, Meta(max_length=8, examples=["zh-CN", "en"])] = consent.LANGUAGE


def add_to(doors: Blueprint, audience: Audience) -> None:
    """Add the doors to those of a portal."""
    roles = people_of(audience)

    @doors.get("/consents")
    @operation(
        "What I may agree to, and where I stand",
        query=Language,
        reply=Consents,
        roles=roles | {Role.GUEST},
        description="Guests may read the texts too.",
        tags=("people",),
    )
    async def consents(request: Request, reader: Reader, query: Language) -> HTTPResponse:
        return await _consents(reader.account_id, audience, query.language)

    @doors.post("/consents")
    @operation(
        "Agree to a purpose, or take that back",
        body=ConsentWord,
        reply=Consents,
        roles=roles,
        refuses=(PurposeMissing, TextOutdated, ConsentNeeded),
        description="The purpose `service` comes first and cannot be missing; taking it back takes back all others. "
        "What is taken back has no effect any more from then on.",
        tags=("people",),
    )
    async def say(request: Request, reader: Reader, body: ConsentWord) -> HTTPResponse:
        if body.granted:
            await consent.grant(
                account_id=reader.account_id, purpose=body.purpose, version=body.version, at=clock.now()
            )
        else:
            await consent.withdraw(account_id=reader.account_id, purpose=body.purpose, at=clock.now())
        await request.app.ctx.changes.publish(f"account:{reader.account_id}")
        return await _consents(reader.account_id, audience, consent.LANGUAGE)


async def _consents(account_id: int, audience: Audience, language: str) -> HTTPResponse:
    words = await consent.words(account_id=account_id, audience=audience, language=language)
    return reply(Consents([_consent_view(word) for word in words]), headers=NO_STORE)


def _consent_view(word: Word) -> ConsentView:
    return ConsentView(
        purpose=word.text.purpose,
        required=word.text.purpose == consent.SERVICE,
        separate=word.text.purpose in consent.SEPARATE,
        title=word.text.title,
        body=word.text.body,
        version=word.text.version,
        language=word.text.language,
        published_at=word.text.published_at,
        granted=word.granted,
        agreed_version=word.version,
        must_ask=word.outdated,
        decided_at=word.at,
    )
