"""Series, seasons and episodes as readers get them."""

from datetime import datetime

from msgspec import Struct

from content.parts import Person, Stage
from content.pictures import Cover


class TagName(Struct, frozen=True):
    """A tag and its Chinese name."""

    slug: str
    name: str


class Named(Struct, frozen=True):
    """An item by its title."""

    id: int
    title: str


class SeriesCard(Struct, frozen=True, kw_only=True):
    """A series in a list. ``next_airs_at`` is the next airing of one of its episodes."""

    id: int
    slug: str
    title: str
    problem: str
    summary: str
    cover: Cover | None
    tags: list[TagName]
    episodes: int
    next_airs_at: datetime | None
    pinned: bool
    published_at: datetime


class EpisodeCard(Struct, frozen=True, kw_only=True):
    """An episode in a list. Without ``airs_at`` it may be watched at once; cancelled, not at all."""

    id: int
    title: str
    summary: str
    stage: Stage | None
    duration_s: int
    cover: Cover | None
    tags: list[TagName]
    airs_at: datetime | None
    cancelled: bool


class SeasonCard(Struct, frozen=True, kw_only=True):
    """A season with its episodes in their order."""

    id: int
    title: str
    summary: str
    episodes: list[EpisodeCard]


class SeriesPage(Struct, frozen=True, kw_only=True):
    """A series on its own page. ``episodes`` are those that stand in no season."""

    id: int
    slug: str
    title: str
    problem: str
    summary: str
    cover: Cover | None
    team: list[Person]
    tags: list[TagName]
    seasons: list[SeasonCard]
    episodes: list[EpisodeCard]
    published_at: datetime
    changed_at: datetime


class ChapterView(Struct, frozen=True, kw_only=True):
    """A chapter: ``[starts_at_s, ends_at_s)`` of the film. Without a stage of its own it has the episode's."""

    key: str
    title: str
    starts_at_s: float
    ends_at_s: float
    stage: Stage | None


class QuestionView(Struct, frozen=True, kw_only=True):
    """A question that the episode answers, and where."""

    text: str
    chapter: str
    starts_at_s: float


class DocumentView(Struct, frozen=True, kw_only=True):
    """A document; its address comes from a call of its own by its number."""

    number: int
    title: str
    media_type: str
    bytes: int


class EpisodePage(Struct, frozen=True, kw_only=True):
    """An episode on its own page; the address of its film comes from a call of its own."""

    id: int
    slug: str
    title: str
    summary: str
    series: Named
    season: Named | None
    stage: Stage | None
    duration_s: int
    questions: list[QuestionView]
    chapters: list[ChapterView]
    team: list[Person]
    cover: Cover | None
    tags: list[TagName]
    documents: list[DocumentView]
    airs_at: datetime | None
    cancelled: bool
    previous: Named | None
    next: Named | None
    published_at: datetime
    changed_at: datetime


class FoundQuestion(Struct, frozen=True, kw_only=True):
    """A question that was found, with the place that answers it; ``share`` is that of the words looked for."""

    text: str
    episode: Named
    series: Named
    chapter: str
    starts_at_s: float
    airs_at: datetime | None
    share: float
