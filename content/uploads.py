"""Files that are sent in parts and go on after a break (tus 1.0): begun, gone on with, taken in when they are whole.

The rule: what counts of a file is `content.upload_parts`. A whole file goes through the same `assets.take_in` as any
other, once, whoever asks for it: what became of it is noted in the transaction that takes it in.
"""

import asyncio
import os
from collections.abc import AsyncIterable
from datetime import datetime
from typing import Any, Final

import msgspec
import structlog

from content import assets, replacing
from content.assets import Asset, Entry
from content.upload_parts import (
    LIFE,
    Checksum,
    OffsetWrong,
    Upload,
    UploadBusy,
    UploadExpired,
    UploadMissing,
    begun,
    hold,
    make,
    older,
    place_of,
    to_the_end,
    upload_of,
)
from server.core import ids
from server.core.db import connection, transaction
from server.core.errors import Refusal, TooMany
from server.core.storage import Files, FileTooLarge

log = structlog.get_logger()

OPEN_AT_MOST: Final = 20
SWEEP_EVERY_S: Final = 30.0


class TooManyUploads(TooMany):
    """So many of one's uploads are open already: finish or cancel some."""

    code = "too_many_uploads"
    title = "未完成的上传太多，请先完成或取消一些"


async def begin(
    *,
    files: Files,
    length: int,
    name: str,
    at_most: int,
    staff_id: int,
    at: datetime,
    wanted: str = "",
    metadata: str = "",
    folder_id: int | None = None,
    replaces: int | None = None,
) -> Upload:
    """Begin to receive a file of a length.

    :param metadata: what the client wants to be told again.
    :param folder_id: the folder of the library that it goes to.
    :param replaces: the file of the library whose bytes it takes the place of.
    :raises FileTooLarge: if it is longer than ``at_most`` bytes.
    :raises DiskFull: if there is no room for it.
    :raises NameBad: if its name is too long.
    :raises TooManyUploads: if this person has `OPEN_AT_MOST` open.
    """
    if length > at_most:
        raise FileTooLarge(at_most=at_most)
    name = assets.plain_name(name)
    upload_id = ids.opaque()
    path = place_of(files, upload_id)
    await asyncio.to_thread(make, path, length)
    async with transaction():
        # Two at once wait for each other here, so that they count each other.
        await connection().value("SELECT pg_advisory_xact_lock(hashtext('upload'), $1)", staff_id)
        count = await connection().value(
            "SELECT count(*) FROM upload WHERE staff_id = $1 AND finished_at IS NULL AND expires_at > $2", staff_id, at
        )
        if count >= OPEN_AT_MOST:
            await asyncio.to_thread(path.unlink)
            raise TooManyUploads(retry_after_s=60, at_most=OPEN_AT_MOST)
        row = await connection().row(
            "INSERT INTO upload (id, staff_id, name, wanted, metadata, length, created_at, expires_at, folder_id, "
            "replaces) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING *",
            upload_id,
            staff_id,
            name,
            wanted,
            metadata,
            length,
            at,
            at + LIFE,
            folder_id,
            replaces,
        )
    return msgspec.convert(dict(row or {}), Upload)


async def write(
    *,
    files: Files,
    upload_id: str,
    staff_id: int,
    offset: int,
    pieces: AsyncIterable[bytes],
    at: datetime,
    checksum: Checksum | None = None,
    request_id: str = "",
) -> Upload:
    """Go on with a file at an offset; when it is whole, take it in.

    What has come counts also when the line breaks; of a part with a checksum only the whole does.

    :raises UploadMissing: if there is no such upload of this person.
    :raises UploadExpired: if its time is over, or its bytes are lost.
    :raises UploadBusy: if another part of it is being written.
    :raises OffsetWrong: if the file does not end there.
    :raises FileTooLarge: if more comes than was said at the beginning.
    :raises DiskFull: if there is no room.
    :raises ChecksumWrong: if the part has another checksum.
    :raises Refusal: of `assets.take_in`, if the whole file is not taken in.
    """
    upload = await upload_of(upload_id=upload_id, staff_id=staff_id, at=at)
    if upload.finished_at is not None:
        if offset != upload.length:
            raise OffsetWrong(offset=upload.length)
        return upload
    held = hold(files, upload_id)
    try:
        part = await begun(held, upload_id, staff_id, offset, checksum, at=at)
        try:
            async for piece in pieces:
                await part.add(piece)
        except BaseException:
            await to_the_end(part.save(whole=False))
            raise
        upload = await to_the_end(part.save(whole=True))
        return await _take_in(files, upload, at=at, request_id=request_id) if upload.is_whole else upload
    finally:
        os.close(held)


async def settle(*, files: Files, upload_id: str, staff_id: int, at: datetime, request_id: str = "") -> Upload:
    """Say how far an upload is; one that is whole and was not taken in, since the server died, is taken in now.

    :raises UploadMissing: if there is no such upload of this person.
    :raises UploadExpired: if its time is over, or its bytes are lost.
    :raises Refusal: of `assets.take_in`, if the whole file is not taken in.
    """
    upload = await upload_of(upload_id=upload_id, staff_id=staff_id, at=at)
    if not upload.is_whole or upload.finished_at is not None:
        return upload
    try:
        held = hold(files, upload_id)
    except UploadBusy:
        return upload
    try:
        upload = await upload_of(upload_id=upload_id, staff_id=staff_id, at=at)
        return upload if upload.finished_at else await _take_in(files, upload, at=at, request_id=request_id)
    finally:
        os.close(held)


async def cancel(*, files: Files, upload_id: str, staff_id: int, at: datetime) -> None:
    """Throw an upload away with all that has come of it; what was taken into the library stays there.

    :raises UploadMissing: if there is no such upload of this person.
    :raises UploadExpired: if its time is over.
    :raises UploadBusy: if a part of it is being written.
    """
    upload = await upload_of(upload_id=upload_id, staff_id=staff_id, at=at)
    await _throw_away(files, upload.id)


async def sweep(ctx: Any, at: datetime) -> None:
    """Take in, as a job, what is whole and was left by a server that died, and throw away what nobody goes on with."""
    files: Files = ctx.files
    rows = await connection().fetch(
        "SELECT id, staff_id, expires_at <= $1 AS over FROM upload "
        "WHERE expires_at <= $1 OR (finished_at IS NULL AND received = length) ORDER BY id LIMIT 100",
        at,
    )
    for row in rows:
        try:
            if row["over"]:
                await _throw_away(files, row["id"])
            elif await asyncio.to_thread(place_of(files, row["id"]).exists):
                await settle(files=files, upload_id=row["id"], staff_id=row["staff_id"], at=at)
        except Refusal as refused:
            log.info("upload_swept", upload_id=row["id"], code=refused.code)
    await _clear_strays(files, at)


async def _clear_strays(files: Files, at: datetime) -> None:
    """Remove the bytes of uploads of which no row is left."""
    paths = await asyncio.to_thread(older, files, (at - LIFE).timestamp())
    rows = await connection().fetch("SELECT id FROM upload WHERE id = ANY($1::text[])", [path.name for path in paths])
    known = {row["id"] for row in rows}
    for path in paths:
        if path.name not in known:
            await asyncio.to_thread(path.unlink, missing_ok=True)


async def _take_in(files: Files, upload: Upload, *, at: datetime, request_id: str) -> Upload:
    """Take the whole file into the library, and note what became of it, both in one transaction."""
    path = place_of(files, upload.id)

    async def note(asset: Asset) -> None:
        await _finish(upload.id, asset_id=asset.id, at=at)

    try:
        entry = Entry(
            name=upload.name,
            wanted=upload.wanted,
            folder_id=upload.folder_id,
            staff_id=upload.staff_id,
            at=at,
            request_id=request_id,
        )
        incoming = await asyncio.to_thread(assets.described, path)
        if upload.replaces is None:
            await assets.take_file(files=files, incoming=incoming, entry=entry, also=note)
        else:
            await replacing.replace_file(
                files=files, asset_id=upload.replaces, incoming=incoming, entry=entry, also=note
            )
    except Refusal as refused:
        await _finish(upload.id, refused=refused.code, said=refused.title, at=at)
        await asyncio.to_thread(path.unlink, missing_ok=True)
        raise
    await asyncio.to_thread(path.unlink, missing_ok=True)
    return await upload_of(upload_id=upload.id, staff_id=upload.staff_id, at=at)


async def _finish(
    upload_id: str, *, at: datetime, asset_id: int | None = None, refused: str = "", said: str = ""
) -> None:
    done = await connection().execute(
        "UPDATE upload SET finished_at = $2, asset_id = $3, refused = $4, said = $5 "
        "WHERE id = $1 AND finished_at IS NULL",
        upload_id,
        at,
        asset_id,
        refused,
        said,
    )
    if not done:
        raise UploadMissing()


async def _throw_away(files: Files, upload_id: str) -> None:
    path = place_of(files, upload_id)
    try:
        held = hold(files, upload_id)
    except UploadExpired:
        held = None
    try:
        await connection().execute("DELETE FROM upload WHERE id = $1", upload_id)
        await asyncio.to_thread(path.unlink, missing_ok=True)
    finally:
        if held is not None:
            os.close(held)
