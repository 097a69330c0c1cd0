"""Files on disk and in an object store: the same promises."""

import asyncio
import errno
import hashlib
import os
import random
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from server.core import storage
from server.core.storage import DiskFiles, DiskFull, Files, FileTooLarge

# The same on every worker, which must collect the same tests.
DATA = random.Random(7).randbytes(700_000)
HASH = hashlib.sha256(DATA).hexdigest()


async def pieces(data: bytes = DATA, size: int = 100_000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@pytest.fixture(params=["disk", "object store"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    if request.param == "disk":
        return DiskFiles(tmp_path / "files")
    from server.core.object_store import ObjectFiles

    address = request.getfixturevalue("store").bucket()
    return ObjectFiles(tmp_path / "files", address.open(), cache_bytes=10**8)


def aside(files: Files) -> list[Path]:
    return list((files.root / "incoming").glob("*"))


async def kept(files: Files, name: str = HASH, shelf: str = "originals", data: bytes = DATA) -> None:
    incoming = await files.receive(pieces(data), at_most=10**6)
    await files.keep(incoming.path, name, shelf=shelf)
    incoming.path.unlink()


async def read(files: Files, **part: Any) -> bytes:
    return b"".join([piece async for piece in files.read(HASH, **part)])


async def listed(files: Files, before: datetime) -> list[tuple[str, str]]:
    return sorted([each async for each in files.names(before=before)])


async def test_a_file_is_kept_under_the_hash_of_its_bytes(files: Files) -> None:
    assert not await files.is_kept(HASH)
    incoming = await files.receive(pieces(), at_most=10**6)
    assert (incoming.sha256, incoming.bytes) == (HASH, len(DATA))
    await files.keep(incoming.path, incoming.sha256)
    assert incoming.path.read_bytes() == DATA
    incoming.path.unlink()
    assert await files.is_kept(HASH)
    assert await files.load(HASH) == DATA
    async with files.at_hand(HASH) as path:
        assert path.read_bytes() == DATA
    assert aside(files) == []


async def test_a_part_of_a_file_is_read_in_pieces(files: Files) -> None:
    await kept(files)
    parts = [piece async for piece in files.read(HASH, start=5, length=600_000)]
    assert len(parts) > 2
    assert b"".join(parts) == DATA[5:600_005]
    assert await read(files, start=699_999, length=50) == DATA[-1:]
    assert await read(files, start=0, length=0) == b""


async def test_what_is_not_there_is_named_as_missing(files: Files) -> None:
    with pytest.raises(FileNotFoundError):
        await read(files, start=0, length=10)
    with pytest.raises(FileNotFoundError):
        await files.load(HASH)
    with pytest.raises(FileNotFoundError):
        async with files.at_hand(HASH):
            pass
    assert aside(files) == []


async def test_a_file_that_is_too_long_leaves_nothing(files: Files) -> None:
    with pytest.raises(FileTooLarge):
        await files.receive(pieces(), at_most=len(DATA) - 1)
    assert aside(files) == []


async def test_an_upload_that_is_cut_off_leaves_nothing(files: Files) -> None:
    async def cut() -> AsyncIterator[bytes]:
        yield DATA[:1000]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await files.receive(cut(), at_most=10**6)
    assert aside(files) == []


async def test_the_same_file_twice_at_once_is_one(files: Files) -> None:
    await asyncio.gather(*(kept(files) for _ in range(4)))
    assert await read(files, start=0, length=len(DATA)) == DATA
    assert await listed(files, datetime.now(UTC) + timedelta(days=1)) == [("originals", HASH)]
    assert aside(files) == []


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", HASH + "/x", HASH.upper(), HASH + "\n", HASH[:-1], HASH + "-750.WEBP"]
)
async def test_only_names_of_our_own_lead_to_a_place(files: Files, name: str) -> None:
    with pytest.raises(ValueError, match="is not the name"):
        await files.is_kept(name)
    with pytest.raises(ValueError, match="is not the name"):
        await files.load(name)


async def test_what_was_left_aside_long_ago_is_cleared(files: Files) -> None:
    old = (await files.receive(pieces(), at_most=10**6)).path
    fresh = (await files.receive(pieces(), at_most=10**6)).path
    os.utime(old, (time.time() - 90_000,) * 2)
    assert files.clear_leftovers() == 1
    assert (old.exists(), fresh.exists()) == (False, True)


async def test_the_files_that_are_kept_can_be_listed(files: Files) -> None:
    for shelf in ("originals", "renditions"):
        await kept(files, shelf=shelf)
    now = datetime.now(UTC)
    assert await listed(files, now + timedelta(days=1)) == [("originals", HASH), ("renditions", HASH)]
    assert await listed(files, now - timedelta(days=1)) == []


async def test_a_removed_file_is_gone_and_removing_it_again_is_no_fault(files: Files) -> None:
    await kept(files)
    await files.remove(HASH)
    await files.remove(HASH)
    assert not await files.is_kept(HASH)
    with pytest.raises(FileNotFoundError):
        await files.load(HASH)


async def test_a_file_that_was_kept_again_meanwhile_is_not_removed(files: Files) -> None:
    await kept(files)
    await files.remove(HASH, before=datetime.now(UTC) - timedelta(hours=1))
    await files.remove("0" * 64, before=datetime.now(UTC))
    assert await files.is_kept(HASH)
    await files.remove(HASH, before=datetime.now(UTC) + timedelta(hours=1))
    assert not await files.is_kept(HASH)


async def test_a_full_disk_is_named(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    # There is no small disk to fill; the kernel's answer stands for it.
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(storage.os, "write", full)
    with pytest.raises(DiskFull):
        await files.receive(pieces(), at_most=10**6)
    monkeypatch.undo()
    assert aside(files) == []
