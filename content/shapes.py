"""The typed shapes of the kinds: what the text of an item is made of.

The rule: a shape is what editors write and reviewers approve, and nothing else; times of airing, pins and places in the
tree are fields of operation and stand in side tables. Bounds that one field can be held to stand here; what takes more
than one field, or a look at other rows, is a check (``content/checks.py``).
"""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from content.parts import (
    Attachment,
    Audience,
    Chapter,
    Film,
    People,
    Person,
    Picture,
    Question,
    RowId,
    Sources,
    Stage,
    Summary,
    Tags,
    Title,
)


class Shape(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all kinds have.

    ``valid_from`` and ``valid_until`` are the first and the last day (Asia/Shanghai) on which the text may be shown;
    ``approval_number`` is one that an authority gave; ``entitlement`` is a right that readers need beside belonging to
    the audience.
    """

    title: Title
    summary: Summary = ""
    tags: Tags = ()
    audience: Audience = Audience.EVERYONE
    cover: Picture | None = None
    author: Person | None = None
    reviewer: Person | None = None
    sources: Sources = ()
    valid_from: date | None = None
    valid_until: date | None = None
    approval_number: Annotated[str, Meta(max_length=60)] = ""
    entitlement: Annotated[str, Meta(pattern="^(?:[a-z][a-z0-9-]{1,38})?$", max_length=39)] = ""


class Series(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A series of episodes about one problem of practice."""

    problem: Annotated[str, Meta(max_length=120)] = ""
    team: People = ()


class Season(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a series."""


class Episode(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A film that answers questions, chapter by chapter."""

    questions: Annotated[tuple[Question, ...], Meta(max_length=30)] = ()
    chapters: Annotated[tuple[Chapter, ...], Meta(max_length=60)] = ()
    stage: Stage | None = None
    team: People = ()
    duration_s: Annotated[int, Meta(ge=1, le=86_400)]
    video: Film | None = None
    documents: Annotated[tuple[Attachment, ...], Meta(max_length=20)] = ()
    filmed_patient: bool = False
    consent_id: RowId | None = None
