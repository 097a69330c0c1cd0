"""Versions: what an item said at one moment, for ever, and the way back.

The rule: a version is never changed. Going back makes the old text the draft and a version of its own.
"""

from datetime import datetime
from typing import Any

from msgspec import Struct

from content import trail
from content.access import ItemMissing
from content.items import DraftState, draft_of, locked, stale, write
from content.tables.items import Version
from server.core.db import transaction


class VersionMissing(ItemMissing):
    """The item has no version of this number."""

    code = "version_missing"
    title = "没有这个版本"


class VersionRow(Struct, frozen=True):
    """A version in the list of versions. ``restores`` is the number of the version it went back to."""

    number: int
    content_hash: str
    author_id: int
    created_at: datetime
    restores: int | None


async def versions(*, item_id: int) -> list[VersionRow]:
    """List the versions of an item, the newest first.

    :raises ItemMissing: if there is no such item.
    """
    await draft_of(item_id=item_id)
    rows = await Version.filter(item_id=item_id).order_by("-number")
    return [VersionRow(row.number, row.content_hash, row.author_id, row.created_at, row.restores) for row in rows]


async def version(*, item_id: int, number: int) -> dict[str, Any]:
    """Give what an item said in one of its versions.

    :raises VersionMissing: if there is none of this number.
    """
    row = await Version.get_or_none(item_id=item_id, number=number)
    if row is None:
        raise VersionMissing()
    return dict(row.shape)


async def roll_back(
    *, item_id: int, number: int, revision: int, staff_id: int, at: datetime, request_id: str = ""
) -> DraftState:
    """Go back to a version: it becomes the draft, and a version of its own.

    :raises VersionMissing: if there is none of this number.
    :raises DraftStale: if the draft has another revision by now.
    """
    async with transaction():
        before = await locked(item_id)
        shape = await version(item_id=item_id, number=number)
        if before.revision != revision:
            raise stale(before, shape)
        await write(before, shape, staff_id=staff_id, at=at)
        made = await freeze(item_id=item_id, at=at, restores=number)
        await trail.note(
            "roll_back",
            "item",
            item_id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before={"revision": before.revision},
            after={"restores": number, "number": made.number},
        )
        return await draft_of(item_id=item_id)


async def freeze(*, item_id: int, at: datetime, restores: int | None = None) -> Version:
    """Make a version of the draft as it is, or give the newest one where it says the same; part of a larger deed."""
    draft = await locked(item_id)
    newest = await Version.filter(item_id=item_id).order_by("-number").first()
    if newest is not None and newest.content_hash == draft.content_hash and restores is None:
        return newest
    return await Version.create(
        item_id=item_id,
        number=newest.number + 1 if newest else 1,
        shape=draft.shape,
        content_hash=draft.content_hash,
        author_id=draft.updated_by,
        created_at=at,
        restores=restores,
    )
