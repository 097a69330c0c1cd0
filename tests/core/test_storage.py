"""Files on disk."""

import asyncio
import hashlib
import os
import random
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.core.storage import Files, FileTooLarge

# The same on every worker, which must collect the same tests.
DATA = random.Random(7).randbytes(700_000)
HASH = hashlib.sha256(DATA).hexdigest()


async def pieces(data: bytes = DATA, size: int = 100_000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "files")


def aside(files: Files) -> list[Path]:
    return list((files.path_of(HASH).parents[3] / "incoming").glob("*"))


async def test_a_file_is_kept_under_the_hash_of_its_bytes(files: Files) -> None:
    incoming = await files.receive(pieces(), at_most=10**6)
    assert (incoming.sha256, incoming.bytes) == (HASH, len(DATA))
    place = await files.keep(incoming.path, incoming.sha256)
    assert place.read_bytes() == DATA
    assert aside(files) == []


async def test_a_part_of_a_file_is_read_in_pieces(files: Files) -> None:
    incoming = await files.receive(pieces(), at_most=10**6)
    place = await files.keep(incoming.path, incoming.sha256)
    read = [piece async for piece in files.read(place, start=5, length=600_000)]
    assert len(read) > 2
    assert b"".join(read) == DATA[5:600_005]
    assert b"".join([piece async for piece in files.read(place, start=699_999, length=50)]) == DATA[-1:]


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
    incoming = await asyncio.gather(*(files.receive(pieces(), at_most=10**6) for _ in range(4)))
    places = await asyncio.gather(*(files.keep(each.path, each.sha256) for each in incoming))
    assert len(set(places)) == 1
    assert places[0].read_bytes() == DATA


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", HASH + "/x", HASH.upper(), HASH + "\n", HASH[:-1], HASH + "-750.WEBP"]
)
def test_only_names_of_our_own_lead_to_a_place(files: Files, name: str) -> None:
    with pytest.raises(ValueError, match="is not the name"):
        files.path_of(name)


async def test_what_was_left_aside_long_ago_is_cleared(files: Files) -> None:
    old = (await files.receive(pieces(), at_most=10**6)).path
    fresh = (await files.receive(pieces(), at_most=10**6)).path
    os.utime(old, (time.time() - 90_000,) * 2)
    assert files.clear_leftovers() == 1
    assert (old.exists(), fresh.exists()) == (False, True)


async def test_the_files_that_are_kept_can_be_listed(files: Files) -> None:
    for shelf in ("originals", "renditions"):
        incoming = await files.receive(pieces(), at_most=10**6)
        await files.keep(incoming.path, HASH, shelf=shelf)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert sorted(files.names(before=tomorrow)) == [("originals", HASH), ("renditions", HASH)]
    assert files.names(before=tomorrow - timedelta(days=2)) == []
