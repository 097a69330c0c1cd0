"""Files on disk: taken in as a stream, kept under the SHA-256 of their bytes, read in pieces.

The rule: nothing holds a whole file in memory, no piece is read or written on the loop, and a file appears under its
name only when it is complete and on the disk. Names come from hashes and ids, never from what somebody sent.
"""

import asyncio
import hashlib
import os
import re
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterable
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from server.core.errors import TooLarge

PIECE = 256 * 1024
LEFTOVER_S = 24 * 3600
NAME = re.compile(r"^[0-9a-f]{64}(?:-[0-9a-z]{1,12})?(?:\.[a-z0-9]{1,5})?$(?!\n)")


class FileTooLarge(TooLarge):
    """The file is larger than this kind may be."""

    code = "file_too_large"
    title = "文件过大"


class Incoming(Struct, frozen=True):
    """A file that has been received and is not kept yet."""

    path: Path
    sha256: str
    bytes: int


class Files:
    """The files of the house under one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def path_of(self, name: str, *, shelf: str = "originals") -> Path:
        """Give the place of a file by its name, a SHA-256 perhaps with a suffix.

        :raises ValueError: if it is no such name.
        """
        if not NAME.match(name) or not shelf.isalpha():
            raise ValueError(f"{name!r} is not the name of a file here.")
        return self._root / shelf / name[:2] / name[2:4] / name

    async def receive(self, pieces: AsyncIterable[bytes], *, at_most: int) -> Incoming:
        """Write a stream to a new file aside.

        :raises FileTooLarge: as soon as it is longer than ``at_most`` bytes; nothing is left of it.
        """
        path = await asyncio.to_thread(self.aside)
        digest, length, whole = hashlib.sha256(), 0, False
        try:
            with path.open("wb", buffering=0) as file:
                async for piece in pieces:
                    length += len(piece)
                    if length > at_most:
                        raise FileTooLarge(at_most=at_most)
                    await asyncio.to_thread(_append, file.fileno(), digest, piece)
            whole = True
        finally:
            if not whole:
                path.unlink(missing_ok=True)
        return Incoming(path, digest.hexdigest(), length)

    def aside(self) -> Path:
        """Make an empty file aside, on the same disk."""
        folder = self._root / "incoming"
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder)
        os.close(descriptor)
        return Path(name)

    async def keep(self, path: Path, name: str, *, shelf: str = "originals") -> Path:
        """Move a file from aside to its place; one that is there already is the same."""
        return await asyncio.to_thread(self._keep, path, self.path_of(name, shelf=shelf))

    def _keep(self, path: Path, place: Path) -> Path:
        with path.open("rb") as file:
            os.fsync(file.fileno())
        place.parent.mkdir(parents=True, exist_ok=True)
        path.chmod(0o640)
        path.replace(place)
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return place

    async def read(self, path: Path, *, start: int, length: int) -> AsyncGenerator[bytes, None]:
        """Read a part of a file piece by piece.

        :raises FileNotFoundError: if it is not there.
        """
        descriptor = await asyncio.to_thread(os.open, path, os.O_RDONLY)
        try:
            while length > 0:
                piece = await asyncio.to_thread(os.pread, descriptor, min(PIECE, length), start)
                if not piece:
                    return
                start, length = start + len(piece), length - len(piece)
                yield piece
        finally:
            os.close(descriptor)

    def clear_leftovers(self) -> int:
        """Remove what an upload that was cut off long ago left aside, and count it."""
        removed = 0
        for path in (self._root / "incoming").glob("*"):
            if time.time() - path.stat().st_mtime > LEFTOVER_S:
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    def names(self, *, before: datetime) -> list[tuple[str, str]]:
        """List the files that were kept before a time, each with its shelf."""
        return [
            (path.parents[2].name, path.name)
            for path in self._root.glob("*/??/??/*")
            if path.stat().st_mtime < before.timestamp() and NAME.match(path.name)
        ]


def _append(descriptor: int, digest: "hashlib._Hash", piece: bytes) -> None:
    digest.update(piece)
    view = memoryview(piece)
    while view:
        view = view[os.write(descriptor, view) :]
