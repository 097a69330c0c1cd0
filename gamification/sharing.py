"""Sharing: a reader hands an item on, and sees how often it was opened.

The rule: a share brings nobody anything. There are no points for it, nothing is kept back from who does not share, and
the card says what the item is and neither praises nor promises (微信小程序平台运营规范, 5.1). The sharer sees a
number and never who it was: a visitor counts once a day, by a keyed hash that says nothing without the key of the house
and is forgotten when the day is over. The sharer's own openings are none.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from msgspec import Struct

from cdp import log
from cdp.erasure import Erased
from cdp.events import ContentShared, ShareOpened
from content import keeping
from content.cards import Card, card_of
from content.pictures import Cover
from server.core import clock
from server.core.db import connection, transaction
from server.core.errors import Invalid, Missing
from server.core.ids import opaque
from server.core.keys import Sealer
from server.core.roles import Reader

Channel = Literal["friend", "timeline", "poster", "link"]
KEPT_DAYS: Final = 1
# The pages of the mini-program; what has none of its own is shown by one for all.
PAGES: Final = {kind: kind for kind in ("series", "episode", "activity")}
NAMELESS: Final = "一份面向专业人士的内容"


class ShareMissing(Missing):
    """There is no such share."""

    code = "share_missing"
    title = "分享不存在或已失效"


class VisitorNeeded(Invalid):
    """A guest's device has to be named, so that its visits of a day count once."""

    code = "visitor_needed"
    title = "缺少访客标识"


class ShareCard(Struct, frozen=True, kw_only=True):
    """What the client hands on. ``path`` is the page of the mini-program, with the query that leads back here."""

    share_id: str
    item_id: int
    title: str
    cover: Cover | None
    path: str


class ShareRow(Struct, frozen=True, kw_only=True):
    """A share and how many visitors opened it, each counted once a day."""

    share_id: str
    item_id: int
    channel: Channel
    created_at: datetime
    openings: int


class Opened(Struct, frozen=True, kw_only=True):
    """What a share leads to."""

    item_id: int


async def share(*, reader: Reader, item_id: int, channel: Channel, at: datetime) -> ShareCard:
    """Make a share of an item.

    :raises ItemMissing: if there is no such item for this reader; also `Withdrawn`, `Expired`.
    :raises ConsentNeeded: if the reader has not agreed to anything being kept.
    """
    share_id = opaque(128)
    async with transaction():
        await keeping.check(reader)
        card = await card_of(item_id=item_id, reader=reader, at=at)
        await connection().execute(
            "INSERT INTO share (id, account_id, item_id, kind, channel, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
            share_id,
            reader.account_id,
            item_id,
            card.kind,
            channel,
            at,
        )
        await log.record(
            ContentShared(
                at=at,
                account_id=reader.account_id,
                item_id=item_id,
                kind=card.kind,
                share_id=share_id,
                channel=channel,
            )
        )
    return _card(share_id, card)


async def open_share(*, share_id: str, reader: Reader, visitor: str, sealer: Sealer, at: datetime) -> Opened:
    """Count that a share was opened, once a visitor and day in Asia/Shanghai, and say what it leads to.

    :param visitor: names the device of a guest; a reader who is signed in is known by the account.
    :raises ShareMissing: if there is no such share.
    :raises VisitorNeeded: if neither an account nor a device says who opened it.
    """
    if not reader.known and not visitor:
        raise VisitorNeeded(field="visitor")
    day = clock.day_of(at)
    who = f"account:{reader.account_id}" if reader.known else f"visitor:{visitor}"
    async with transaction():
        # Held, so that the share cannot vanish before the opening is counted.
        row = await connection().row(
            "SELECT account_id, item_id, kind FROM share WHERE id = $1 FOR KEY SHARE", share_id
        )
        if row is None:
            raise ShareMissing(field="share_id")
        if row["account_id"] != reader.account_id:
            first = await _count(share_id, day, sealer.hash("share visitor", f"{share_id}:{day}:{who}"))
            await log.record(
                ShareOpened(
                    at=at,
                    account_id=reader.account_id,
                    item_id=row["item_id"],
                    kind=row["kind"],
                    share_id=share_id,
                    first=first,
                )
            )
    return Opened(item_id=row["item_id"])


async def shares_of(*, reader: Reader, after: tuple[datetime, str] | None = None, most: int = 20) -> list[ShareRow]:
    """List a reader's shares, the last made first.

    :param after: when the last one of the page before was made, and its id.
    """
    rows = await connection().fetch(
        "SELECT id AS share_id, item_id, channel, created_at, openings FROM share WHERE account_id = $1 "
        "AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::text)) ORDER BY created_at DESC, id DESC LIMIT $4",
        reader.account_id,
        *(after or (None, None)),
        most,
    )
    return [ShareRow(**row) for row in rows]


async def forget_visitors(ctx: object, at: datetime) -> None:
    """Forget who had opened what on days that are over. A job."""
    await connection().execute("DELETE FROM share_opening WHERE day < $1", clock.day_of(at) - timedelta(days=KEPT_DAYS))


async def export(*, account_ids: Sequence[int]) -> list[dict[str, Any]]:
    """List what accounts have shared, for their owner."""
    rows = await connection().fetch(
        "SELECT account_id, id AS share_id, item_id, channel, created_at, openings FROM share "
        "WHERE account_id = ANY($1) ORDER BY created_at, id",
        list(account_ids),
    )
    return [dict(row) for row in rows]


async def erase(*, account_ids: Sequence[int], at: datetime) -> Erased:
    """Forget what accounts have shared, in the transaction that is open; the shares lead nowhere from then on."""
    return Erased(await connection().execute("DELETE FROM share WHERE account_id = ANY($1)", list(account_ids)))


async def _count(share_id: str, day: date, visitor: bytes) -> bool:
    """Count an opening unless this visitor was counted today; tell whether it was counted."""
    first = await connection().execute(
        "INSERT INTO share_opening (share_id, day, visitor) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        share_id,
        day,
        visitor,
    )
    if first:
        await connection().execute("UPDATE share SET openings = openings + 1 WHERE id = $1", share_id)
    return bool(first)


def _card(share_id: str, card: Card) -> ShareCard:
    """Give what is handed on; of what is for professionals alone neither title nor picture leave the house."""
    return ShareCard(
        share_id=share_id,
        item_id=card.item_id,
        title=NAMELESS if card.for_professionals else card.title,
        cover=None if card.for_professionals else card.cover,
        path=f"pages/{PAGES.get(card.kind, 'item')}?id={card.item_id}&share={share_id}",
    )
