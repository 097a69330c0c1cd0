"""The card of one item: as much as a share or a phone's calendar shows of it."""

from datetime import datetime

import msgspec
from msgspec import Struct

from content import access
from content.parts import Audience
from content.pictures import Cover
from server.core.db import connection
from server.core.roles import Reader


class Card(Struct, frozen=True, kw_only=True):
    """What an item is. ``series`` is the title of the series it belongs to."""

    item_id: int
    kind: str
    title: str
    summary: str
    series: str
    cover: Cover | None
    seconds: int | None
    airs_at: datetime | None
    cancelled: bool
    for_professionals: bool


async def card_of(*, item_id: int, reader: Reader, at: datetime) -> Card:
    """Give the card of an item that this reader may read.

    :raises ItemMissing: if there is no such item for this reader; also `Withdrawn`, `Expired`, `SignInNeeded`.
    """
    row = await connection().row(
        "SELECT l.item_id, l.kind, l.title, coalesce(l.card ->> 'summary', '') AS summary, s.title AS series, "  # noqa: S608  constants
        "l.card -> 'cover' AS cover, l.seconds, a.airs_at, "
        f"a.cancelled_at IS NOT NULL AS cancelled, {access.ACCESS_COLUMNS} "
        "FROM live l JOIN live s ON s.item_id = l.root_id LEFT JOIN airing a ON a.episode_id = l.item_id "
        "WHERE l.item_id = $1",
        item_id,
    )
    if row is None:
        await access.refuse_absent(item_id)
    access.check(access.access_of(item_id, row), reader, at=at)
    return msgspec.convert(
        {
            **row,
            "cover": msgspec.json.decode(row["cover"] or "null"),
            "for_professionals": row["audience"] == Audience.PROFESSIONAL
            or row["product_class"] == access.FOR_PROFESSIONALS,
        },
        Card,
    )
