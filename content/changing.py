"""Changing a file of the library that readers are shown: whom it shows, its bytes, and the point that cuts keep.

The rule: what readers see follows in the same transaction. The trees of all items that show the file are held first,
as publishing holds them, then the file; so no text is published meanwhile with what the file was before.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from content import filming, live, trail
from content.assets import Asset, AssetMissing, asset_of
from content.tree import by_tree, hold
from server.core.db import connection, transaction
from server.core.errors import Invalid

# The file, every other with the same bytes, and the images that were taken from any of them: they show the same people.
SAME = """
    WITH same AS (
        SELECT b.id FROM asset a JOIN asset b ON b.sha256 = a.sha256 OR b.id = a.derived_from
            OR b.derived_from = a.derived_from WHERE a.id = $1
    )
    SELECT id FROM same UNION SELECT id FROM asset WHERE derived_from IN (SELECT id FROM same) ORDER BY id
"""


class FocusBad(Invalid):
    """The point lies outside the image, or the file is none."""

    code = "focus_bad"
    title = "焦点不在图片范围内"


async def bind(
    *,
    asset_id: int,
    shows_patient: bool,
    consent_id: int | None,
    staff_id: int,
    at: datetime,
    request_id: str = "",
) -> Asset:
    """Say whether a file shows a patient, and to what this patient agreed.

    It holds for all files with the same bytes and for what was taken from them. Items that show them reach from now on
    only those whom the patient agreed to; with a consent that was withdrawn they are taken back.

    :raises AssetMissing: if there is no such file.
    :raises ConsentMissing: if there is no such consent.
    :raises ConsentWithdrawn: if the file is bound to a consent that was withdrawn; it stays so for ever.
    """
    consent = await filming.consent_of(consent_id=consent_id) if consent_id is not None else None
    same = [row["id"] for row in await connection().fetch(SAME, asset_id)]
    if not same:
        raise AssetMissing()

    async def change(item_ids: list[int]) -> set[str]:
        before = await asset_of(asset_id=asset_id)
        if before.consent_id is not None and before.consent_id != consent_id:
            bound = await filming.consent_of(consent_id=before.consent_id)
            if bound.withdrawn_at is not None:
                raise filming.ConsentWithdrawn()
        await connection().execute(
            "UPDATE asset SET consent_id = $2, shows_patient = $3 WHERE id = ANY($1::bigint[])",
            same,
            consent_id,
            shows_patient or consent_id is not None,
        )
        await trail.note(
            "bind",
            "asset",
            asset_id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before={"consent_id": before.consent_id, "shows_patient": before.shows_patient},
            after={"consent_id": consent_id, "shows_patient": shows_patient, "files": same, "items": item_ids},
        )
        return await refreshed(item_ids, staff_id=staff_id, at=at, request_id=request_id)

    await with_items_held(same, change)
    if consent is not None and consent.withdrawn_at is not None:
        # What rests on it now is taken back for good, also what waited.
        await filming.withdraw(consent_id=consent.id, staff_id=staff_id, at=at, request_id=request_id)
    return await asset_of(asset_id=asset_id)


async def focus(*, asset_id: int, x: int, y: int, staff_id: int, at: datetime, request_id: str = "") -> Asset:
    """Say which point of an image its cuts keep, in hundredths from the left and from the top.

    :raises AssetMissing: if there is no such file.
    :raises FocusBad: if the point lies outside, or the file is no image.
    """

    async def change(item_ids: list[int]) -> set[str]:
        before = await asset_of(asset_id=asset_id)
        if before.kind != "image" or not (0 <= x <= 100 and 0 <= y <= 100):
            raise FocusBad()
        await connection().execute("UPDATE asset SET focus_x = $2, focus_y = $3 WHERE id = $1", asset_id, x, y)
        await trail.note(
            "focus",
            "asset",
            asset_id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before={"x": before.focus_x, "y": before.focus_y},
            after={"x": x, "y": y},
        )
        return await refreshed(item_ids, staff_id=staff_id, at=at, request_id=request_id, anew=True)

    await with_items_held([asset_id], change)
    return await asset_of(asset_id=asset_id)


async def with_items_held(asset_ids: Sequence[int], change: Callable[[list[int]], Awaitable[set[str]]]) -> None:
    """Change files while all items that show them are held; ``change`` gets these and gives what to tell."""
    while True:
        item_ids = await _showing(asset_ids)
        topics: set[str] | None = None
        async with transaction():
            for item_id in item_ids:
                await hold(item_id)
            await connection().fetch(
                "SELECT id FROM asset WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE", list(asset_ids)
            )
            # Whatever came to show them meanwhile begins this anew.
            if await _showing(asset_ids) == item_ids:
                topics = {"media:*"} | await change(item_ids)
        if topics is not None:
            await trail.tell(*topics)
            return


async def _showing(asset_ids: Sequence[int]) -> list[int]:
    rows = await connection().fetch(
        "SELECT DISTINCT item_id FROM asset_use WHERE place = 'live' AND asset_id = ANY($1::bigint[])", list(asset_ids)
    )
    return await by_tree(row["item_id"] for row in rows)


async def refreshed(
    item_ids: list[int], *, staff_id: int, at: datetime, request_id: str, anew: bool = False
) -> set[str]:
    """Bring what readers see of items that are held up to date, and say what has to be told."""
    topics: set[str] = set()
    for item_id in item_ids:
        topics |= await live.refresh(
            item_id, at=at, why="withdrawn", staff_id=staff_id, request_id=request_id, anew=anew
        )
    return topics
