"""The typed shapes of the kinds: what the text of an item is made of.

The rule: a shape is what editors write and reviewers approve, and nothing else; times of airing, pins and places in the
tree are fields of operation and stand in side tables. Bounds that one field can be held to stand here; what takes more
than one field, or a look at other rows, is a check (``content/checks.py``).
"""

import enum
from typing import Annotated

from msgspec import Meta, Struct

Title = Annotated[str, Meta(min_length=1, max_length=80)]
Line = Annotated[str, Meta(min_length=1, max_length=120)]
Name = Annotated[str, Meta(min_length=1, max_length=40)]
Summary = Annotated[str, Meta(max_length=2000)]
Key = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,38}$", description="Lower-case letters, digits and hyphens.")]
Second = Annotated[float, Meta(ge=0, le=86_400)]
RowId = Annotated[int, Meta(ge=1, le=2**63 - 1)]
TagSlug = Annotated[str, Meta(pattern="^(?!.*[0-9]{7})[a-z0-9][a-z0-9-]{0,62}$", max_length=63)]
Tags = Annotated[tuple[TagSlug, ...], Meta(max_length=20)]


class Audience(enum.StrEnum):
    """Who may read an item; doctors' and patients' exclude each other, professionals are doctors who were verified."""

    EVERYONE = "everyone"
    DOCTOR = "doctor"
    PATIENT = "patient"
    PROFESSIONAL = "professional"


class Stage(enum.StrEnum):
    """The four stages of the course of an operation."""

    CONSULTATION = "consultation"
    PLAN = "plan"
    DIFFICULTY = "difficulty"
    NURSING = "nursing"


STAGE_NAMES = {
    Stage.CONSULTATION: "面诊要点",
    Stage.PLAN: "手术方案",
    Stage.DIFFICULTY: "术中难点",
    Stage.NURSING: "术后护理团队配合",
}


class Shape(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all kinds have."""

    title: Title
    summary: Summary = ""
    tags: Tags = ()
    audience: Audience = Audience.EVERYONE


class Picture(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An image of the library and what it shows, for who cannot see it."""

    asset: RowId
    alt: Annotated[str, Meta(max_length=200)] = ""


class Film(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A film: a file of the library, or an address elsewhere; exactly one of them."""

    asset: RowId | None = None
    url: Annotated[str, Meta(max_length=500)] = ""


class Attachment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document of the library under a title."""

    asset: RowId
    title: Line


class Person(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who appears: their name, title and hospital, and what they do here."""

    name: Name
    title: Annotated[str, Meta(max_length=60)] = ""
    hospital: Annotated[str, Meta(max_length=80)] = ""
    role: Annotated[str, Meta(max_length=40)] = ""


People = Annotated[tuple[Person, ...], Meta(max_length=40)]


class Chapter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a film, from ``starts_at_s`` to the beginning of the next."""

    key: Key
    title: Line
    starts_at_s: Second
    stage: Stage | None = None


class Question(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question that is answered, and the key of the chapter that answers it."""

    text: Line
    chapter: Annotated[str, Meta(max_length=40)] = ""


class Series(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A series of episodes about one problem of practice."""

    problem: Annotated[str, Meta(max_length=120)] = ""
    cover: Picture | None = None
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
    cover: Picture | None = None
    video: Film | None = None
    documents: Annotated[tuple[Attachment, ...], Meta(max_length=20)] = ()
    filmed_patient: bool = False
    consent_id: RowId | None = None
