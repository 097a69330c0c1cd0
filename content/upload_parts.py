"""What has come of a file that is sent in parts: on the disk of this machine, and counted in its row.

The rule: bytes count only when they are on the disk and the row says so; whatever came after that, when the server or
the line died, is cut off and sent again. One part of a file is written at a time, kept by a lock on the file that falls
free with its process.
"""

import asyncio
import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Coroutine
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from server.core.db import connection
from server.core.errors import Conflict, Gone, Invalid, Missing
from server.core.storage import DiskFull, Files, FileTooLarge, append

V = TypeVar("V")

LIFE: Final = timedelta(days=1)
# As much of a part may have to be sent again when the server is killed.
SAFE_EVERY: Final = 8 * 1024 * 1024
# What is left of the disk for everything else.
RESERVE: Final = 256 * 1024 * 1024
DIGESTS: Final = ("sha1", "sha256", "md5")
_ID: Final = re.compile(r"^[0-9A-Za-z]{20,32}$(?!\n)")


class UploadMissing(Missing):
    """There is no such upload, or it is somebody else's."""

    code = "upload_missing"
    title = "没有这个上传任务"


class UploadExpired(Gone):
    """The upload was not gone on with for a day, or what had come of it was lost; send the file anew."""

    code = "upload_expired"
    title = "上传已过期，请重新上传"


class OffsetWrong(Conflict):
    """The part does not begin where the file ends so far; the facts say where that is."""

    code = "upload_offset_wrong"
    title = "上传位置不符"


class UploadBusy(Conflict):
    """Another part of the same file is being written."""

    code = "upload_busy"
    title = "这个文件正在另一处上传"
    status = 423


class ChecksumWrong(Invalid):
    """The part does not have the checksum that was given for it; nothing of it counts."""

    code = "upload_checksum_wrong"
    title = "校验失败，请重新上传这一段"
    status = 460


class Upload(Struct, frozen=True):
    """An upload and how far it is."""

    id: str
    staff_id: int
    name: str
    wanted: str
    folder_id: int | None
    replaces: int | None
    metadata: str
    length: int
    received: int
    created_at: datetime
    expires_at: datetime
    finished_at: datetime | None
    asset_id: int | None
    refused: str
    said: str

    @property
    def is_whole(self) -> bool:
        return self.received == self.length


class Checksum(Struct, frozen=True):
    """What a part must hash to: a name of `DIGESTS` and the digest."""

    name: str
    digest: bytes


async def upload_of(*, upload_id: str, staff_id: int, at: datetime) -> Upload:
    """Say how far an upload is.

    :raises UploadMissing: if there is none, or it is somebody else's.
    :raises UploadExpired: if its time is over.
    """
    row = None
    if _ID.match(upload_id):
        row = await connection().row("SELECT * FROM upload WHERE id = $1 AND staff_id = $2", upload_id, staff_id)
    if row is None:
        raise UploadMissing()
    upload = msgspec.convert(dict(row), Upload)
    if upload.expires_at <= at:
        raise UploadExpired()
    return upload


class Part:
    """A part of a file that is being written, at the end of what is safe."""

    def __init__(self, held: int, upload: Upload, checksum: Checksum | None, *, at: datetime) -> None:
        self._held, self._upload, self._checksum, self._at = held, upload, checksum, at
        self._digest = hashlib.new(checksum.name, usedforsecurity=False) if checksum else None
        self._unsafe = 0

    async def add(self, piece: bytes) -> None:
        """Write a piece; from time to time make what has come safe.

        :raises FileTooLarge: if the file would be longer than was said.
        """
        if self._upload.received + self._unsafe + len(piece) > self._upload.length:
            raise FileTooLarge("More has come than was said at the beginning.", at_most=self._upload.length)
        await to_the_end(asyncio.to_thread(append, self._held, piece, self._digest))
        self._unsafe += len(piece)
        if self._digest is None and self._unsafe >= SAFE_EVERY:
            await to_the_end(self.save(whole=False))

    async def save(self, *, whole: bool) -> Upload:
        """Make what has come safe and count it.

        :param whole: whether the part is all there; else nothing counts of one with a checksum.
        :raises ChecksumWrong: if the part has another than was given.
        """
        right = self._checksum is None or (self._digest is not None and self._digest.digest() == self._checksum.digest)
        counts = right and (whole or self._checksum is None)
        received = self._upload.received + (self._unsafe if counts else 0)
        await asyncio.to_thread(_make_safe, self._held, received)
        self._unsafe = 0
        row = await connection().row(
            "UPDATE upload SET received = $3, expires_at = greatest(expires_at, $4) "
            "WHERE id = $1 AND received = $2 AND finished_at IS NULL RETURNING *",
            self._upload.id,
            self._upload.received,
            received,
            self._at + LIFE,
        )
        if row is None:
            raise UploadMissing()
        self._upload = msgspec.convert(dict(row), Upload)
        if whole and not right:
            raise ChecksumWrong()
        return self._upload


async def begun(
    held: int, upload_id: str, staff_id: int, offset: int, checksum: Checksum | None, *, at: datetime
) -> Part:
    """Begin a part of a file that is held: at the end of what is safe, cutting off what is not."""
    upload = await upload_of(upload_id=upload_id, staff_id=staff_id, at=at)
    if upload.received != offset:
        raise OffsetWrong(offset=upload.received)
    if os.fstat(held).st_size < upload.received:
        await connection().execute("UPDATE upload SET expires_at = $2 WHERE id = $1", upload_id, at)
        raise UploadExpired()
    await to_the_end(asyncio.to_thread(_make_safe, held, upload.received))
    return Part(held, upload, checksum, at=at)


def hold(files: Files, upload_id: str) -> int:
    """Keep everybody else from the bytes of an upload until the descriptor is closed.

    :raises UploadBusy: if somebody has them.
    :raises UploadExpired: if they are not here.
    """
    # Neither waits for the disk; in a thread, a cancelled request would leave the lock with nobody.
    try:
        held = os.open(place_of(files, upload_id), os.O_RDWR)
    except FileNotFoundError:
        raise UploadExpired() from None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        raise UploadBusy() from None
    return held


async def to_the_end(work: Coroutine[Any, Any, V]) -> V:
    """Do work to its end also where whoever waits for it is sent away meanwhile."""
    task = asyncio.get_running_loop().create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({task})
        if not task.cancelled():
            task.exception()
        raise


def place_of(files: Files, upload_id: str) -> Path:
    """Give the place of the bytes of an upload."""
    return files.root / "uploads" / upload_id


def make(path: Path, length: int) -> None:
    """Make the empty file of an upload of a length.

    :raises DiskFull: if there is no room for it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(path.parent).free < length + RESERVE:
        raise DiskFull()
    path.touch(mode=0o600, exist_ok=False)


def _make_safe(held: int, length: int) -> None:
    """Cut a file off at a length, bring it to the disk and stand at its end."""
    os.ftruncate(held, length)
    os.fsync(held)
    os.lseek(held, length, os.SEEK_SET)


def older(files: Files, stamp: float) -> list[Path]:
    """List the bytes of uploads that were not written to since a time."""
    return [path for path in (files.root / "uploads").glob("*") if path.stat().st_mtime < stamp]
