"""The engagement log, as the house itself writes it: an event is recorded in the transaction of the deed it tells of."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from cdp.events import Event

Reaction = Callable[[Any], Awaitable[None]]
_reactions: dict[type[Event], tuple[Reaction, ...]] = {}


def react(reactions: Mapping[type[Event], Sequence[Reaction]]) -> None:
    """Say what follows from which event; a reaction runs in the recording transaction and touches only the database."""
    _reactions.clear()
    _reactions.update({event: tuple(follow) for event, follow in reactions.items()})


async def record(event: Event) -> None:
    """Record an event, and let what follows from it follow, in the transaction that is open."""
    for reaction in _reactions.get(type(event), ()):
        await reaction(event)
