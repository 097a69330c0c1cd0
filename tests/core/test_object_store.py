"""Files in an object store: what is away, what is altered, and the copies on this machine."""

import asyncio
import hashlib
import random
import time
from pathlib import Path

import obstore
import pytest
from store_fixtures import Store

from server.core.errors import Misconfigured
from server.core.object_store import Address, Copies, ObjectFiles, StoreAway, files_of
from server.core.settings import Settings, from_environment
from server.core.storage import DiskFiles

LONG = random.Random(11).randbytes(24 * 1024 * 1024)
HASH = hashlib.sha256(LONG).hexdigest()


@pytest.fixture
def address(store: Store) -> Address:
    return store.bucket()


@pytest.fixture
def files(address: Address, tmp_path: Path) -> ObjectFiles:
    return ObjectFiles(tmp_path / "one", address.open(), cache_bytes=10**9)


@pytest.fixture
def elsewhere(address: Address, tmp_path: Path) -> ObjectFiles:
    """The same files seen from another machine, which has no copies yet."""
    return ObjectFiles(tmp_path / "other", address.open(), cache_bytes=10**9)


@pytest.fixture
def long(tmp_path: Path) -> Path:
    path = tmp_path / "long"
    path.write_bytes(LONG)
    return path


def copies(files: ObjectFiles) -> list[Path]:
    return list((files.root / "copies").glob("*/??/??/*"))


async def test_what_one_machine_keeps_another_reads(files: ObjectFiles, elsewhere: ObjectFiles, long: Path) -> None:
    await files.keep(long, HASH)
    read = [piece async for piece in elsewhere.read(HASH, start=1, length=len(LONG) - 2)]
    assert b"".join(read) == LONG[1:-1]
    # No piece is larger than a few of the disk's, and reading leaves no copy behind.
    assert max(map(len, read)) <= 256 * 1024
    assert copies(elsewhere) == []
    async with elsewhere.at_hand(HASH) as path:
        assert path.read_bytes() == LONG
    assert [path.name for path in copies(elsewhere)] == [HASH]


async def test_many_who_want_a_file_at_hand_fetch_it_once(
    files: ObjectFiles, elsewhere: ObjectFiles, long: Path
) -> None:
    await files.keep(long, HASH)

    async def length() -> int:
        async with elsewhere.at_hand(HASH) as path:
            return path.stat().st_size

    under_way = [asyncio.create_task(length()) for _ in range(6)]
    await asyncio.sleep(0.05)
    # Those who fetch have one file aside, besides the links of those who wait.
    assert sum(path.stat().st_size > 0 for path in (elsewhere.root / "incoming").glob("*")) <= 1
    assert await asyncio.gather(*under_way) == [len(LONG)] * 6
    assert list((elsewhere.root / "incoming").glob("*")) == []


async def test_an_altered_object_is_not_taken_for_the_file(
    files: ObjectFiles, elsewhere: ObjectFiles, address: Address, long: Path
) -> None:
    await files.keep(long, HASH)
    await obstore.put_async(address.open(), f"originals/{HASH[:2]}/{HASH[2:4]}/{HASH}", b"something else")
    with pytest.raises(StoreAway):
        await elsewhere.load(HASH)
    assert copies(elsewhere) == []
    assert list((elsewhere.root / "incoming").glob("*")) == []


@pytest.mark.faults
async def test_a_service_that_is_killed_breaks_off_what_is_under_way_and_loses_nothing_that_was_kept(
    store: Store, files: ObjectFiles, elsewhere: ObjectFiles, long: Path
) -> None:
    await files.keep(long, HASH)
    second = long.with_name("second")
    second.write_bytes(LONG[::-1])
    other = hashlib.sha256(LONG[::-1]).hexdigest()
    reading, received = elsewhere.read(HASH, start=0, length=len(LONG)), b""
    received += await anext(reading)
    keeping = asyncio.create_task(files.keep(second, other))
    await asyncio.sleep(0.1)
    assert not keeping.done()
    store.kill()

    with pytest.raises(StoreAway):
        await keeping
    with pytest.raises(StoreAway):
        async for piece in reading:
            received += piece
    assert LONG.startswith(received)
    assert len(received) < len(LONG)
    with pytest.raises(StoreAway):
        await elsewhere.load(HASH)
    with pytest.raises(StoreAway):
        await elsewhere.is_kept(HASH)
    # What is at hand already can still be had.
    assert await files.load(HASH) == LONG

    await asyncio.to_thread(store.start)
    assert not await elsewhere.is_kept(other)
    assert await elsewhere.load(HASH) == LONG
    await files.keep(second, other)
    assert await elsewhere.load(other) == LONG[::-1]


async def test_a_reader_does_not_notice_a_service_that_hesitates(
    store: Store, files: ObjectFiles, elsewhere: ObjectFiles, long: Path
) -> None:
    await files.keep(long, HASH)
    received = b""
    async for piece in elsewhere.read(HASH, start=0, length=len(LONG)):
        if not received:
            store.pause()
            asyncio.get_running_loop().call_later(1.5, store.go_on)
        received += piece
    assert received == LONG


async def test_a_wrong_key_is_a_store_that_is_away(store: Store, tmp_path: Path, long: Path) -> None:
    address = store.bucket()
    wrong = Address(address.url, address.bucket, address.region, address.key_id, "another secret")
    files = ObjectFiles(tmp_path / "wrong", wrong.open(), cache_bytes=10**9)
    with pytest.raises(StoreAway):
        await files.keep(long, HASH)
    with pytest.raises(StoreAway):
        await files.check()
    await ObjectFiles(tmp_path / "right", address.open(), cache_bytes=10**9).check()


def test_of_the_copies_those_used_last_stay(tmp_path: Path) -> None:
    kept = Copies(tmp_path / "copies", at_most=350)
    for number in range(6):
        name = f"originals/00/00/{number:064x}"
        (tmp_path / "file").write_bytes(bytes(100))
        kept.add(tmp_path / "file", name, tmp_path / "aside")
        (tmp_path / "file").unlink()
        # The first is used again and again.
        assert kept.lend(f"originals/00/00/{0:064x}", tmp_path / "link")
        time.sleep(0.01)
    left = sorted(int(path.name, 16) for path in (tmp_path / "copies").glob("*/*/*/*"))
    assert left == [0, 4, 5]
    assert not kept.lend(f"originals/00/00/{1:064x}", tmp_path / "link")
    assert not (tmp_path / "link").exists()


def test_the_settings_say_where_files_are_kept(tmp_path: Path) -> None:
    assert isinstance(files_of(Settings(home=tmp_path)), DiskFiles)
    named = {"s3_bucket": "media", "s3_key_id": "a", "s3_secret": "b"}
    assert isinstance(files_of(Settings(home=tmp_path, s3_url="https://s3.example.org", **named)), ObjectFiles)
    assert isinstance(files_of(Settings(home=tmp_path, s3_path_style=False, **named)), ObjectFiles)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"XINGLIN_S3_BUCKET": "media"}, "XINGLIN_S3_KEY_ID"),
        ({"XINGLIN_S3_BUCKET": "media", "XINGLIN_S3_KEY_ID": "a"}, "XINGLIN_S3_SECRET"),
        ({"XINGLIN_S3_URL": "https://s3.example.org"}, "XINGLIN_S3_BUCKET"),
        (
            {
                "XINGLIN_S3_URL": "s3.example.org",
                "XINGLIN_S3_BUCKET": "m",
                "XINGLIN_S3_KEY_ID": "a",
                "XINGLIN_S3_SECRET": "b",
            },
            "XINGLIN_S3_URL",
        ),
    ],
)
def test_half_an_address_stops_the_start(given: dict[str, str], named: str) -> None:
    with pytest.raises(Misconfigured, match=named):
        from_environment(given)
