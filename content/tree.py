"""The tree that items stand in: an episode in a season, a season in a series.

The rule: whatever changes what readers see of an item holds its tree first (`hold`), so that a series cannot be
withdrawn while one of its episodes is being published. Moving and ordering are fields of operation: audited, and no
part of the text.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from content import live, trail
from content.access import ItemMissing
from content.items import SlugTaken, check_parent, check_slug, draft_of
from server.core.db import connection, transaction
from server.core.errors import Conflict

UP = """
    WITH RECURSIVE up AS (
        SELECT id, parent_id, 0 AS height FROM item WHERE id = $1
        UNION ALL SELECT i.id, i.parent_id, up.height + 1 FROM item i JOIN up ON i.id = up.parent_id
    ) SELECT id FROM up ORDER BY height DESC
"""


class OrderStale(Conflict):
    """The items to be ordered are not the ones that stand there."""

    code = "order_stale"
    title = "列表已变化，请刷新后再排序"


async def path_of(item_id: int) -> list[int]:
    """List the ids from the top of the tree down to an item.

    :raises ItemMissing: if there is no such item.
    """
    path = [row["id"] for row in await connection().fetch(UP, item_id)]
    if not path:
        raise ItemMissing()
    return path


async def hold(item_id: int) -> list[int]:
    """Keep others from the tree of an item until the transaction ends, and give the path down to it.

    :raises ItemMissing: if there is no such item.
    """
    path = await path_of(item_id)
    while True:
        await connection().value("SELECT id FROM item WHERE id = $1 FOR NO KEY UPDATE", path[0])
        again = await path_of(item_id)
        if again[0] == path[0]:
            return again
        # It was moved to another tree before this one was held.
        path = again


async def by_tree(item_ids: Iterable[int]) -> list[int]:
    """Put items into the order in which whoever holds several trees takes them."""
    roots = {item_id: (await path_of(item_id))[0] for item_id in item_ids}
    return sorted(roots, key=lambda item_id: (roots[item_id], item_id))


async def move(
    *,
    item_id: int,
    parent_id: int | None,
    staff_id: int,
    at: datetime,
    position: int | None = None,
    request_id: str = "",
) -> None:
    """Put an item under a parent, as the last or at a position (from 1).

    :raises ItemMissing: if there is no such item.
    :raises ParentUnfit: if its kind does not stand there.
    """
    async with transaction():
        # Two moves across each other take the trees in the same order.
        for root in sorted({(await path_of(one))[0] for one in (item_id, parent_id) if one is not None}):
            await hold(root)
        before = await draft_of(item_id=item_id)
        await check_parent(before.kind, parent_id)
        siblings = [
            row["id"]
            for row in await connection().fetch(
                "SELECT id FROM item WHERE parent_id IS NOT DISTINCT FROM $1 AND kind = $2 AND id <> $3 "
                "ORDER BY position, id",
                parent_id,
                before.kind,
                item_id,
            )
        ]
        siblings.insert(len(siblings) if position is None else max(0, position - 1), item_id)
        await connection().execute("UPDATE item SET parent_id = $2 WHERE id = $1", item_id, parent_id)
        await _number(siblings)
        await trail.note(
            "move",
            "item",
            item_id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before={"parent_id": before.parent_id, "position": before.position},
            after={"parent_id": parent_id, "position": siblings.index(item_id) + 1},
        )
        top_id = item_id if parent_id is None else parent_id
        topics = await live.refresh(top_id, at=at, why="withdrawn", staff_id=staff_id, request_id=request_id)
        topics |= live.topics_of([before.parent_id] if before.parent_id else [], [before.kind])
    await trail.tell(*topics)


async def rename(*, item_id: int, slug: str, staff_id: int, at: datetime, request_id: str = "") -> None:
    """Give an item another slug.

    :raises ItemMissing: if there is no such item.
    :raises SlugBad: if the slug is none.
    :raises SlugTaken: if another item of the kind has it.
    """
    check_slug(slug)
    async with transaction():
        await hold(item_id)
        before = await draft_of(item_id=item_id)
        if before.slug == slug:
            return
        # Two who want the same slug wait for each other here, and not at an error of the index.
        await connection().value("SELECT pg_advisory_xact_lock(hashtext('slug'), hashtext($1))", slug)
        if await connection().value("SELECT true FROM item WHERE kind = $1 AND slug = $2", before.kind, slug):
            raise SlugTaken(field="slug")
        await connection().execute("UPDATE item SET slug = $2 WHERE id = $1", item_id, slug)
        await trail.note(
            "rename",
            "item",
            item_id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before={"slug": before.slug},
            after={"slug": slug},
        )
        topics = await live.refresh(item_id, at=at, why="withdrawn", staff_id=staff_id, request_id=request_id)
    await trail.tell(*topics)


async def order(
    *, parent_id: int | None, kind: str, item_ids: Sequence[int], staff_id: int, at: datetime, request_id: str = ""
) -> None:
    """Put all items of a kind under a parent into an order.

    :raises OrderStale: if these are not exactly the items that stand there.
    """
    topics: set[str] = set()
    async with transaction():
        if parent_id is not None:
            await hold(parent_id)
        rows = await connection().fetch(
            "SELECT id FROM item WHERE parent_id IS NOT DISTINCT FROM $1 AND kind = $2 "
            "ORDER BY position, id FOR NO KEY UPDATE",
            parent_id,
            kind,
        )
        before = [row["id"] for row in rows]
        if sorted(before) != sorted(item_ids):
            raise OrderStale()
        await _number(item_ids)
        await trail.note(
            "order",
            "item",
            parent_id or 0,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before={"kind": kind, "item_ids": before},
            after={"kind": kind, "item_ids": list(item_ids)},
        )
        for item_id in [parent_id] if parent_id is not None else item_ids:
            topics |= await live.refresh(item_id, at=at, why="withdrawn", staff_id=staff_id, request_id=request_id)
    await trail.tell(*topics)


async def _number(item_ids: Sequence[int]) -> None:
    await connection().execute(
        "UPDATE item SET position = o.position FROM unnest($1::bigint[]) WITH ORDINALITY AS o (id, position) "
        "WHERE item.id = o.id AND item.position <> o.position",
        list(item_ids),
    )
