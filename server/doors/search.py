"""The doors of the search: finding items, and suggestions while somebody types; the same doors on both portals.

The rule: guests may search too; what a reader may not read is neither found nor counted nor suggested.
"""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from sanic import Blueprint, Request

from content import displays, search, searched, suggestions
from content.hits import Hit
from content.matching import Filters, Place
from content.search import Counts
from content.suggestions import Suggestion
from server.core import clock
from server.core.roles import DOCTORS, PATIENTS, Audience, Reader, Role
from server.web.operation import operation
from server.web.replies import CursorBroken, cursor, place

Listed = Annotated[
    str,
    Meta(
        pattern=r"^(?:[a-z0-9][a-z0-9_-]{0,62}(?:,[a-z0-9][a-z0-9_-]{0,62}){0,4})?$(?!\n)",
        max_length=320,
    ),
]


class SearchQuery(Struct, frozen=True):
    """What is looked for, in which kinds (any of them), with which tags (all of them), where and of which days."""

    text: Annotated[str, Meta(min_length=1, max_length=100, examples=["人工肛门护理"])]
    kind: Annotated[Listed, Meta(description="Up to five kinds, parted by commas.", examples=["article,episode"])] = ""
    tag: Annotated[Listed, Meta(description="Up to five tags, parted by commas; those under a tag count as it.")] = ""
    section: Annotated[str, Meta(max_length=64)] = ""
    since: Annotated[date | None, Meta(description="The first day of publication, in Shanghai.")] = None
    until: Annotated[date | None, Meta(description="The last day of publication, in Shanghai.")] = None
    cursor: Annotated[str, Meta(max_length=300, description="The `next` of the page before.")] = ""
    limit: Annotated[int, Meta(ge=1, le=50)] = 20


class SuggestionQuery(Struct, frozen=True):
    """What has been typed so far; nothing asks for what many look for."""

    text: Annotated[str, Meta(max_length=100, examples=["造口"])] = ""
    limit: Annotated[int, Meta(ge=1, le=12)] = 8


class SearchPage(Struct, frozen=True):
    """A page of what was found, the best first. ``counts`` come with the first page.

    ``text`` is what was understood, ``meant`` what was looked for as well, because it sounds or looks like it.
    """

    text: str
    items: list[Hit]
    next: str | None
    counts: Counts | None
    meant: str | None


class Suggestions(Struct, frozen=True):
    """What may be meant."""

    items: list[Suggestion]


def blueprint(portal: Audience) -> Blueprint:
    """Make the doors of one portal."""
    doors = Blueprint(f"{portal}_search", url_prefix=f"/api/{portal}")
    roles = (DOCTORS if portal is Audience.DOCTOR else PATIENTS) | {Role.GUEST}

    @doors.get("/search")
    @operation(
        "Items found by a text",
        reply=SearchPage,
        query=SearchQuery,
        roles=roles,
        refuses=(CursorBroken,),
        tags=("search",),
        description="Titles and passages come in parts, of which those with `hit` were looked for.",
    )
    async def find(request: Request, reader: Reader, query: SearchQuery) -> SearchPage:
        at = clock.now()
        found = await search.search(
            text=query.text,
            reader=reader,
            at=at,
            filters=Filters(
                kinds=_listed(query.kind),
                tags=_listed(query.tag),
                section=query.section,
                since=query.since,
                until=query.until,
            ),
            after=place(query.cursor, Place),
            limit=query.limit,
        )
        await displays.note(reader=reader, item_ids=displays.among(found.hits), surface="search", at=at)
        if found.counts is not None and not (query.kind or query.tag or query.section or query.since or query.until):
            await searched.note(
                typed=query.text, text=found.text, found=found.counts.total, reader=reader, portal=portal, at=at
            )
        following = cursor(*msgspec.structs.astuple(found.following)) if found.following else None
        return SearchPage(found.text, found.hits, following, found.counts, found.meant)

    @doors.get("/search/suggestions")
    @operation(
        "What may be meant, while somebody types",
        reply=Suggestions,
        query=SuggestionQuery,
        roles=roles,
        tags=("search",),
    )
    async def suggest(request: Request, reader: Reader, query: SuggestionQuery) -> Suggestions:
        return Suggestions(
            await suggestions.suggestions(
                text=query.text, reader=reader, portal=portal, at=clock.now(), limit=query.limit
            )
        )

    return doors


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for part in text.split(",") if part))
