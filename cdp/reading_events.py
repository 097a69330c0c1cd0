"""The events of reading and asking that the server knows of its own; a part of the catalogue (`cdp.events`)."""

from typing import ClassVar, Literal

from cdp.event_fields import Id
from cdp.events import Event


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
