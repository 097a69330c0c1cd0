"""Items held at the top of a list by the editors: a field of operation, audited."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from content import trail
from content.access import ItemMissing
from content.kinds import KINDS
from content.tables.items import Pin
from server.core.db import connection, transaction
from server.core.errors import Invalid

MOST: Final = 20
SECTION: Final = re.compile(r"^section:[1-9][0-9]{0,17}$(?!\n)")
SECTIONED: Final = frozenset(name for name, kind in KINDS.items() if kind.sectioned)
# The lists that can have something held at their top, each with the kinds of its items; so can that of every section.
PLACES: Final = {"series": frozenset({"series"}), "home": SECTIONED}


class PlaceUnknown(Invalid):
    """There is no such list."""

    code = "place_unknown"
    title = "没有这个列表"


class TooManyPins(Invalid):
    """A list has at most twenty items held at its top, each once."""

    code = "too_many_pins"
    title = "置顶数量超出限制或有重复"


class PinRow(Struct, frozen=True):
    """An item held at the top, with the title of its draft."""

    item_id: int
    title: str
    pinned_at: datetime
    pinned_by: int


async def listing(*, place: str) -> list[PinRow]:
    """List what is held at the top of a list, in its order."""
    rows = await connection().fetch(
        "SELECT p.item_id, coalesce(d.shape ->> 'title', '') AS title, p.pinned_at, p.pinned_by FROM pin p "
        "JOIN draft d ON d.item_id = p.item_id WHERE p.place = $1 ORDER BY p.position, p.id",
        place,
    )
    return [PinRow(*row.values()) for row in rows]


async def arrange(
    *, place: str, item_ids: Sequence[int], staff_id: int, at: datetime, request_id: str = ""
) -> list[PinRow]:
    """Hold exactly these items at the top of a list, in this order.

    :raises PlaceUnknown: if there is no such list.
    :raises TooManyPins: if there are more than `MOST`, or one twice.
    :raises ItemMissing: if one is not an item of the list's kind.
    """
    kinds = await _kinds_of(place)
    if len(item_ids) > MOST or len(set(item_ids)) != len(item_ids):
        raise TooManyPins(field="item_ids")
    async with transaction():
        await connection().value("SELECT pg_advisory_xact_lock(hashtext('pin'), hashtext($1))", place)
        known = await connection().value(
            "SELECT count(*) FROM item WHERE id = ANY($1::bigint[]) AND kind = ANY($2::text[])",
            list(item_ids),
            sorted(kinds),
        )
        if known != len(item_ids):
            raise ItemMissing(field="item_ids")
        before = {row.item_id: row for row in await Pin.filter(place=place).order_by("position")}
        await Pin.filter(place=place).delete()
        await Pin.bulk_create(
            [
                Pin(
                    place=place,
                    item_id=item_id,
                    position=position,
                    pinned_at=before[item_id].pinned_at if item_id in before else at,
                    pinned_by=before[item_id].pinned_by if item_id in before else staff_id,
                )
                for position, item_id in enumerate(item_ids, start=1)
            ]
        )
        await trail.note(
            "arrange",
            "pin",
            place,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before=list(before),
            after=list(item_ids),
        )
    await trail.tell("series_list:*" if place == "series" else "section:*")
    return await listing(place=place)


async def _kinds_of(place: str) -> frozenset[str]:
    if SECTION.match(place):
        section_id = int(place.removeprefix("section:"))
        if await connection().value("SELECT true FROM section WHERE id = $1", section_id):
            return SECTIONED
    if place not in PLACES:
        raise PlaceUnknown(field="place")
    return PLACES[place]
