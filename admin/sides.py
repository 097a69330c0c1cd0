"""What stands beside the form of an item and is no part of its text: a time of airing, a plan.

The rule: a side is a template and the facts that it needs; a kind names those that it has (``admin/kind_forms.py``).
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from content import airings
from content.items import DraftState


class Side(Struct, frozen=True):
    """A part of the page beside the form."""

    template: str
    facts: Callable[[DraftState, datetime], Awaitable[dict[str, Any]]]


async def _airing(item: DraftState, at: datetime) -> dict[str, Any]:
    return {"airing": await airings.airing_of(episode_id=item.item_id)}


async def _plan(item: DraftState, at: datetime) -> dict[str, Any]:
    return {}


SIDES: Final[dict[str, Side]] = {
    "airing": Side("admin/items/airing.html", _airing),
    "plan": Side("admin/activities/beside.html", _plan),
}
