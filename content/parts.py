"""The parts that texts are made of: titles, keys, people, pictures, films and documents of the library."""

import enum
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

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


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a text rests on: a title, and where it is found."""

    title: Annotated[str, Meta(min_length=1, max_length=200)]
    url: Annotated[str, Meta(max_length=500)] = ""


Sources = Annotated[tuple[Source, ...], Meta(max_length=40)]


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


def files_in(value: Any, path: str = "") -> Iterator[tuple[int, str]]:
    """List the files that a text uses, each with the path of its field; a draft need not be valid for it."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            here = f"{path}.{name}" if path else str(name)
            if name == "asset" and isinstance(inner, int) and not isinstance(inner, bool) and 0 < inner < 2**63:
                yield inner, here
            else:
                yield from files_in(inner, here)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from files_in(inner, f"{path}[{index}]")
