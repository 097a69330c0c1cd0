"""Other bytes in the place of a file of the library, under the same id, and what it was before.

The rule: new bytes are looked at as any that come in, and are of the same kind. Every item that shows the file shows
the new bytes with the commit, under new addresses; the old bytes are in no address any more. Whom the old bytes showed,
the new ones are held to show: the consent stays with the file.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec
from msgspec import Struct

from content import changing, filming, trail
from content.assets import Asset, Entry, asset_of, looked_at
from content.inspection import FileFound
from server.core.db import connection
from server.core.errors import Conflict, Missing
from server.core.storage import Files, Incoming


class SameBytes(Conflict):
    """The file has these bytes already."""

    code = "asset_same_bytes"
    title = "与现有文件完全相同"


class OtherPatient(Conflict):
    """The bytes are bound to the consent of another patient than the file is."""

    code = "asset_other_consent"
    title = "新文件登记的是另一份知情同意"


class VersionMissing(Missing):
    """The file was never this, or the bytes are not kept any more."""

    code = "asset_version_missing"
    title = "没有这个历史版本"


class Former(Struct, frozen=True):
    """What a file was before."""

    number: int
    name: str
    sha256: str
    bytes: int
    media_type: str
    width: int | None
    height: int | None
    seconds: float | None
    replaced_at: datetime
    replaced_by: int


async def history(*, asset_id: int) -> list[Former]:
    """List what a file was before, the newest first."""
    rows = await connection().fetch("SELECT * FROM asset_version WHERE asset_id = $1 ORDER BY number DESC", asset_id)
    return [msgspec.convert(dict(row), Former) for row in rows]


async def replace_file(
    *,
    files: Files,
    asset_id: int,
    incoming: Incoming,
    entry: Entry,
    also: Callable[[Asset], Awaitable[None]] | None = None,
) -> Asset:
    """Put a file that has been received in the place of one of the library.

    :param also: what is done in the same transaction.
    :raises AssetMissing: if there is no such file.
    :raises SameBytes: if it is the same already.
    :raises OtherPatient: if the new bytes are bound to another consent.
    :raises Refusal: those of `content.assets.take_in` that speak of the bytes; of another kind it is `WrongKind`.
    """
    kind = (await asset_of(asset_id=asset_id)).kind
    async with looked_at(files, incoming, wanted=kind) as (kept, found):
        return await _put(asset_id, kept, found, entry, also)


async def restore(
    *, files: Files, asset_id: int, number: int, staff_id: int, at: datetime, request_id: str = ""
) -> Asset:
    """Let a file be again what it was before.

    :raises AssetMissing: if there is no such file.
    :raises VersionMissing: if it was never this, or the bytes are gone.
    :raises SameBytes: if it is the same already.
    :raises OtherPatient: if the bytes are bound to another consent.
    """
    former = next((row for row in await history(asset_id=asset_id) if row.number == number), None)
    if former is None or not await files.is_kept(former.sha256):
        raise VersionMissing()
    kind = (await asset_of(asset_id=asset_id)).kind
    found = FileFound(kind, former.media_type, former.width, former.height, former.seconds)
    entry = Entry(name=former.name, staff_id=staff_id, at=at, request_id=request_id)
    kept = Incoming(files.root, former.sha256, former.bytes)
    return await _put(asset_id, kept, found, entry, None)


async def _put(
    asset_id: int,
    kept: Incoming,
    found: FileFound,
    entry: Entry,
    also: Callable[[Asset], Awaitable[None]] | None,
) -> Asset:
    async def change(item_ids: list[int]) -> set[str]:
        before = await asset_of(asset_id=asset_id)
        if before.sha256 == kept.sha256:
            raise SameBytes()
        consent_id, shows_patient = await _shown_by(kept.sha256)
        if consent_id is not None and before.consent_id is not None and consent_id != before.consent_id:
            raise OtherPatient()
        consent_id = before.consent_id if consent_id is None else consent_id
        if consent_id is not None and (await filming.consent_of(consent_id=consent_id)).withdrawn_at is not None:
            raise filming.ConsentWithdrawn()
        await _remember(before, entry)
        await connection().execute(
            "UPDATE asset SET name = $2, sha256 = $3, bytes = $4, media_type = $5, width = $6, height = $7, "
            "seconds = $8, consent_id = $9, shows_patient = shows_patient OR $10, created_at = $11 WHERE id = $1",
            asset_id,
            entry.name,
            kept.sha256,
            kept.bytes,
            found.media_type,
            found.width,
            found.height,
            found.seconds,
            consent_id,
            shows_patient,
            entry.at,
        )
        after = await asset_of(asset_id=asset_id)
        await trail.note(
            "replace",
            "asset",
            asset_id,
            staff_id=entry.staff_id,
            at=entry.at,
            request_id=entry.request_id,
            before=before,
            after={"file": after, "items": item_ids},
        )
        if also is not None:
            await also(after)
        return await changing.refreshed(
            item_ids, staff_id=entry.staff_id, at=entry.at, request_id=entry.request_id, anew=True
        )

    await changing.with_items_held([asset_id], change)
    return await asset_of(asset_id=asset_id)


async def _shown_by(sha256: str) -> tuple[int | None, bool]:
    """Tell to which consent bytes are bound that the library had before, and whether they show a patient."""
    row = await connection().row(
        "SELECT max(b.consent_id) AS consent_id, coalesce(bool_or(b.shows_patient), false) AS shows_patient "
        "FROM asset b WHERE b.sha256 = $1 OR b.id IN (SELECT v.asset_id FROM asset_version v WHERE v.sha256 = $1)",
        sha256,
    )
    return (row["consent_id"], row["shows_patient"]) if row else (None, False)


async def _remember(before: Asset, entry: Entry) -> None:
    await connection().execute(
        "INSERT INTO asset_version (asset_id, number, name, sha256, bytes, media_type, width, height, seconds, "
        "replaced_at, replaced_by) SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10 "
        "FROM asset_version WHERE asset_id = $1",
        before.id,
        before.name,
        before.sha256,
        before.bytes,
        before.media_type,
        before.width,
        before.height,
        before.seconds,
        entry.at,
        entry.staff_id,
    )
