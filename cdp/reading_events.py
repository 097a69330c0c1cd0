"""The events of reading and asking that the server knows of its own; a part of the catalogue (`cdp.events`)."""

from typing import ClassVar, Literal

from cdp.event_fields import Id, Kind, Milliseconds
from cdp.events import Event

Surface = Literal["list", "page", "search", "feed", "favourites", "unfinished", "related", "body", "share"]


class QuestionAsked(Event, frozen=True, kw_only=True):
    """A doctor handed in a question for a series; what was asked stands nowhere in the log."""

    name: ClassVar[str] = "question_asked"

    item_id: Id
    question_id: Id


class QuestionAnswered(Event, frozen=True, kw_only=True):
    """A doctor's question has an answer in words, was turned into an episode, or that episode can be seen now."""

    name: ClassVar[str] = "question_answered"

    item_id: Id
    question_id: Id
    by: Literal["text", "episode_planned", "episode"]
    episode_id: Id | None = None


class ContentFinished(Event, frozen=True, kw_only=True):
    """A reader has read a text: nine tenths of it, in at least three tenths of the time that it takes, once for all."""

    name: ClassVar[str] = "content_finish"

    item_id: Id
    kind: Kind
    active_ms: Milliseconds
    expected_ms: Milliseconds


class ProductDisplayed(Event, frozen=True, kw_only=True):
    """A prescription medicine was shown to a reader, who had this standing then."""

    name: ClassVar[str] = "product_displayed"
    necessary: ClassVar[bool] = True

    item_id: Id
    surface: Surface
    standing: Literal["professional", "doctor", "patient", "guest"]
