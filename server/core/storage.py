"""The files of the house: taken in as a stream, kept under the SHA-256 of their bytes, read in pieces.

The rule: nothing holds a whole film in memory, no piece is read or written on the loop, and a file appears under its
name only when it is complete and safe. Names come from hashes and ids, never from what somebody sent. Files are taken
in on the disk of this machine and kept there too, or in an object store (`server.core.object_store`).
"""

import asyncio
import errno
import hashlib
import os
import re
import shutil
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from server.core.errors import TooLarge

PIECE = 256 * 1024
LEFTOVER_S = 24 * 3600
ORIGINALS = "originals"
NAME = re.compile(r"^[0-9a-f]{64}(?:-[0-9a-z]{1,40})?(?:\.[a-z0-9]{1,5})?$(?!\n)")


class FileTooLarge(TooLarge):
    """The file is larger than this kind may be."""

    code = "file_too_large"
    title = "文件过大"


class DiskFull(TooLarge):
    """There is no room for the file."""

    code = "disk_full"
    title = "存储空间不足"
    status = 507


class Incoming(Struct, frozen=True):
    """A file that has been received and is not kept yet."""

    path: Path
    sha256: str
    bytes: int


class Files(ABC):
    """The files of the house; what is taken in lies under a folder of this machine until it is kept."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    async def receive(self, pieces: AsyncIterable[bytes], *, at_most: int) -> Incoming:
        """Write a stream to a new file aside.

        :raises FileTooLarge: as soon as it is longer than ``at_most`` bytes; nothing is left of it.
        :raises DiskFull: if there is no room for it.
        """
        path = await asyncio.to_thread(self.aside)
        digest, length, whole = hashlib.sha256(), 0, False
        try:
            with path.open("wb", buffering=0) as file:
                async for piece in pieces:
                    length += len(piece)
                    if length > at_most:
                        raise FileTooLarge(at_most=at_most)
                    await asyncio.to_thread(append, file.fileno(), piece, digest)
            whole = True
        finally:
            if not whole:
                path.unlink(missing_ok=True)
        return Incoming(path, digest.hexdigest(), length)

    def aside(self) -> Path:
        """Make an empty file aside, on the same disk."""
        folder = self.root / "incoming"
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder)
        os.close(descriptor)
        return Path(name)

    @abstractmethod
    async def keep(self, path: Path, name: str, *, shelf: str = ORIGINALS) -> None:
        """Keep a file from aside under its name; one that is there already is the same.

        The file aside stays, perhaps as another name of the same bytes: it is only to be removed.
        """

    @abstractmethod
    def read(self, name: str, *, start: int, length: int, shelf: str = ORIGINALS) -> AsyncGenerator[bytes, None]:
        """Read a part of a file piece by piece; at the end of the file it ends early.

        :raises FileNotFoundError: at the first piece, if the file is not there.
        """

    @abstractmethod
    def at_hand(self, name: str, *, shelf: str = ORIGINALS) -> AbstractAsyncContextManager[Path]:
        """Give a file as one on this machine, for what can only read those; it is not to be changed.

        :raises FileNotFoundError: if it is not there.
        """

    @abstractmethod
    async def is_kept(self, name: str, *, shelf: str = ORIGINALS) -> bool:
        """Tell whether there is a file of this name."""

    @abstractmethod
    async def remove(self, name: str, *, shelf: str = ORIGINALS, before: datetime | None = None) -> None:
        """Remove a file, unless it was kept again since a time; one that is not there is removed already."""

    @abstractmethod
    def names(self, *, before: datetime) -> AsyncIterator[tuple[str, str]]:
        """List the files that were kept before a time, each with its shelf."""

    async def load(self, name: str, *, shelf: str = ORIGINALS) -> bytes:
        """Read a small file whole.

        :raises FileNotFoundError: if it is not there.
        """
        async with self.at_hand(name, shelf=shelf) as path:
            return await asyncio.to_thread(path.read_bytes)

    def clear_leftovers(self) -> int:
        """Remove what an upload that was cut off long ago left aside, and count it."""
        removed = 0
        for path in (self.root / "incoming").glob("*"):
            if time.time() - path.stat().st_mtime > LEFTOVER_S:
                path.unlink(missing_ok=True)
                removed += 1
        return removed


class DiskFiles(Files):
    """Files that are kept under the folder in which they are taken in."""

    def path_of(self, name: str, *, shelf: str = ORIGINALS) -> Path:
        """Give the place of a file by its name.

        :raises ValueError: if it is no name of a file here.
        """
        check_name(name, shelf)
        return self.root / shelf / name[:2] / name[2:4] / name

    async def keep(self, path: Path, name: str, *, shelf: str = ORIGINALS) -> None:
        await asyncio.to_thread(self._keep, path, self.path_of(name, shelf=shelf))

    def _keep(self, path: Path, place: Path) -> None:
        with path.open("rb") as file:
            os.fsync(file.fileno())
        path.chmod(0o640)
        os.utime(path)
        link_over(path, place, aside=self.aside())
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    async def read(self, name: str, *, start: int, length: int, shelf: str = ORIGINALS) -> AsyncGenerator[bytes, None]:
        descriptor = await asyncio.to_thread(os.open, self.path_of(name, shelf=shelf), os.O_RDONLY)
        try:
            while length > 0:
                piece = await asyncio.to_thread(os.pread, descriptor, min(PIECE, length), start)
                if not piece:
                    return
                start, length = start + len(piece), length - len(piece)
                yield piece
        finally:
            os.close(descriptor)

    @asynccontextmanager
    async def at_hand(self, name: str, *, shelf: str = ORIGINALS) -> AsyncIterator[Path]:
        path = self.path_of(name, shelf=shelf)
        if not await asyncio.to_thread(path.is_file):
            raise FileNotFoundError(name)
        yield path

    async def is_kept(self, name: str, *, shelf: str = ORIGINALS) -> bool:
        return await asyncio.to_thread(self.path_of(name, shelf=shelf).is_file)

    async def remove(self, name: str, *, shelf: str = ORIGINALS, before: datetime | None = None) -> None:
        await asyncio.to_thread(_remove, self.path_of(name, shelf=shelf), before)

    async def names(self, *, before: datetime) -> AsyncIterator[tuple[str, str]]:
        for shelf, name in await asyncio.to_thread(self._names, before):
            yield shelf, name

    def _names(self, before: datetime) -> list[tuple[str, str]]:
        return [
            (path.parents[2].name, path.name)
            for path in self.root.glob("*/??/??/*")
            if NAME.match(path.name) and _is_older(path, before)
        ]


def check_name(name: str, shelf: str) -> None:
    """Refuse what is no name of a file of the house: a SHA-256, perhaps with a suffix.

    :raises ValueError: if it is none.
    """
    if not NAME.match(name) or not shelf.isalpha():
        raise ValueError(f"{name!r} is not the name of a file here.")


def link_over(path: Path, place: Path, *, aside: Path) -> None:
    """Let a file appear at another place at once and whole; ``aside`` is a name on the same disk that may be used."""
    place.parent.mkdir(parents=True, exist_ok=True)
    aside.unlink(missing_ok=True)
    try:
        os.link(path, aside)
    except OSError as fault:
        if fault.errno not in {errno.EPERM, errno.EXDEV, errno.ENOTSUP, errno.EMLINK}:
            raise
        shutil.copyfile(path, aside)
    aside.replace(place)
    # Where both names are the same file already, neither went away.
    aside.unlink(missing_ok=True)


def append(descriptor: int, piece: bytes, digest: "hashlib._Hash | None" = None) -> None:
    """Write a piece where the file stands, all of it.

    :raises DiskFull: if there is no room for it.
    """
    if digest is not None:
        digest.update(piece)
    view = memoryview(piece)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except OSError as fault:
            if fault.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                raise DiskFull() from None
            raise


def _is_older(path: Path, before: datetime) -> bool:
    try:
        return path.stat().st_mtime < before.timestamp()
    except FileNotFoundError:
        return False


def _remove(path: Path, before: datetime | None) -> None:
    if before is None or _is_older(path, before):
        path.unlink(missing_ok=True)
