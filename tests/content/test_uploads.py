"""Files that are sent in parts: what counts, what is cut off, and what becomes of the whole."""

import asyncio
import fcntl
import hashlib
import itertools
import os
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from content import assets, upload_parts, uploads
from content.upload_parts import Checksum, Upload
from server.core.db import connection
from server.core.images import FileBroken
from server.core.storage import DiskFiles, DiskFull, FileTooLarge
from tests.content.files import film, picture, pieces
from tests.content.studio import NOON, after

pytestmark = pytest.mark.usefixtures("database")
DATA = film()
MEBIBYTE = 1024 * 1024


@pytest.fixture
def files(tmp_path: Path) -> DiskFiles:
    return DiskFiles(tmp_path / "files")


async def begun(files: DiskFiles, length: int = len(DATA), **given: Any) -> Upload:
    asked = {"name": "film.mp4", "at_most": 10**9, "staff_id": 1, "at": NOON, **given}
    return await uploads.begin(files=files, length=length, **asked)


async def sent(
    files: DiskFiles, upload: Upload, data: bytes, *, offset: int = 0, at: datetime = NOON, **given: Any
) -> Upload:
    asked = {"pieces": pieces(data), "staff_id": 1, **given}
    return await uploads.write(files=files, upload_id=upload.id, offset=offset, at=at, **asked)


async def state(upload: Upload, at: datetime = NOON) -> Upload:
    return await upload_parts.upload_of(upload_id=upload.id, staff_id=1, at=at)


def bytes_of(files: DiskFiles, upload: Upload) -> Path:
    return files.root / "uploads" / upload.id


async def test_a_file_that_comes_in_parts_enters_the_library_once_it_is_whole(files: DiskFiles) -> None:
    upload = await begun(files)
    upload = await sent(files, upload, DATA[:1000])
    assert (upload.received, upload.finished_at, upload.asset_id) == (1000, None, None)
    upload = await sent(files, upload, DATA[1000:], offset=1000)
    assert (upload.received, upload.finished_at) == (len(DATA), NOON)
    asset = await assets.asset_of(asset_id=upload.asset_id or 0)
    assert (asset.kind, asset.name, asset.created_by) == ("video", "film.mp4", 1)
    assert await files.load(asset.sha256) == DATA
    assert not bytes_of(files, upload).exists()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, len(DATA)), max_size=6), size=st.integers(500, 70_000))
async def test_wherever_it_is_cut_the_file_is_the_same(tmp_path: Path, cuts: list[int], size: int) -> None:
    files = DiskFiles(tmp_path / "files")
    upload = await begun(files)
    places = sorted({0, *cuts, len(DATA)})
    for start, end in itertools.pairwise(places):
        upload = await sent(files, upload, b"", pieces=pieces(DATA[start:end], size), offset=start)
    asset = await assets.asset_of(asset_id=upload.asset_id or 0)
    assert asset.sha256 == hashlib.sha256(DATA).hexdigest()


@pytest.mark.parametrize("offset", [1, 999, 1001, len(DATA), 10**12])
async def test_a_part_at_a_wrong_place_changes_nothing(files: DiskFiles, offset: int) -> None:
    upload = await sent(files, await begun(files), DATA[:1000])
    with pytest.raises(upload_parts.OffsetWrong) as refused:
        await sent(files, upload, b"x" * 10, offset=offset)
    assert refused.value.facts == {"offset": 1000}
    assert (await state(upload)).received == 1000
    assert (await sent(files, upload, DATA[1000:], offset=1000)).asset_id


async def test_what_has_come_when_the_line_breaks_counts(files: DiskFiles) -> None:
    upload = await begun(files)

    async def breaking() -> AsyncIterator[bytes]:
        yield DATA[:700]
        yield DATA[700:900]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await sent(files, upload, b"", pieces=breaking())
    assert (await state(upload)).received == 900
    assert (await sent(files, upload, DATA[900:], offset=900)).asset_id


async def test_who_sends_may_be_cancelled_at_any_moment(files: DiskFiles) -> None:
    for moment in range(1, 40, 3):
        upload = await begun(files, name=f"{moment}.mp4")

        async def slowly() -> AsyncIterator[bytes]:
            for start in range(0, len(DATA), 4000):
                yield DATA[start : start + 4000]
                await asyncio.sleep(0)

        sending = asyncio.create_task(sent(files, upload, b"", pieces=slowly()))
        await asyncio.sleep(moment / 2000)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        now = await state(upload)
        if now.finished_at is None:
            assert bytes_of(files, upload).read_bytes()[: now.received] == DATA[: now.received]
            now = await sent(files, upload, DATA[now.received :], offset=now.received)
        if now.finished_at is None:
            # It was whole, and cancelled while it was looked at.
            now = await uploads.settle(files=files, upload_id=upload.id, staff_id=1, at=NOON)
        asset = await assets.asset_of(asset_id=now.asset_id or 0)
        assert asset.sha256 == hashlib.sha256(DATA).hexdigest()
    assert await connection().value("SELECT count(*) FROM asset") == 13


async def test_what_was_written_and_not_counted_is_cut_off(files: DiskFiles) -> None:
    # As a server leaves it that was killed: more lies on the disk than was ever said to be safe.
    upload = await sent(files, await begun(files), DATA[:1000])
    with bytes_of(files, upload).open("ab") as file:
        file.write(b"half of another part")
    assert (await state(upload)).received == 1000
    done = await sent(files, upload, DATA[1000:], offset=1000)
    assert (await assets.asset_of(asset_id=done.asset_id or 0)).sha256 == hashlib.sha256(DATA).hexdigest()


async def test_a_long_part_is_made_safe_on_the_way(files: DiskFiles) -> None:
    upload = await begun(files, length=100 * MEBIBYTE)
    seen = []

    async def long() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield bytes(MEBIBYTE)
            seen.append((await state(upload)).received)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await sent(files, upload, b"", pieces=long())
    assert max(number - safe // MEBIBYTE for number, safe in enumerate(seen, start=1)) < 8
    assert (await state(upload)).received == 40 * MEBIBYTE


async def test_two_parts_at_once_do_not_mix(files: DiskFiles) -> None:
    upload = await begun(files)
    outcomes = await asyncio.gather(
        *(sent(files, upload, DATA, pieces=pieces(DATA, 700)) for _ in range(5)), return_exceptions=True
    )
    done = [outcome for outcome in outcomes if isinstance(outcome, Upload)]
    assert len(done) == 1
    assert {type(outcome) for outcome in outcomes} <= {Upload, upload_parts.UploadBusy, upload_parts.OffsetWrong}
    asset = await assets.asset_of(asset_id=done[0].asset_id or 0)
    assert asset.sha256 == hashlib.sha256(DATA).hexdigest()
    assert await connection().value("SELECT count(*) FROM asset") == 1


async def test_a_part_that_another_process_writes_is_left_to_it(files: DiskFiles) -> None:
    upload = await begun(files)
    with bytes_of(files, upload).open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(upload_parts.UploadBusy):
            await sent(files, upload, DATA)
        with pytest.raises(upload_parts.UploadBusy):
            await uploads.cancel(files=files, upload_id=upload.id, staff_id=1, at=NOON)
    assert (await sent(files, upload, DATA)).asset_id


@pytest.mark.parametrize("name", upload_parts.DIGESTS)
async def test_a_part_with_its_checksum_counts(files: DiskFiles, name: str) -> None:
    upload = await begun(files)
    right = Checksum(name, hashlib.new(name, DATA[:5000]).digest())
    assert (await sent(files, upload, DATA[:5000], checksum=right)).received == 5000


async def test_nothing_counts_of_a_part_with_another_checksum_or_cut_off(files: DiskFiles) -> None:
    upload = await sent(files, await begun(files), DATA[:1000])
    wrong = Checksum("sha1", hashlib.sha1(b"something else").digest())
    with pytest.raises(upload_parts.ChecksumWrong):
        await sent(files, upload, DATA[1000:5000], offset=1000, checksum=wrong)
    assert (await state(upload)).received == 1000

    async def breaking() -> AsyncIterator[bytes]:
        yield DATA[1000:3000]
        raise ConnectionResetError

    right = Checksum("sha1", hashlib.sha1(DATA[1000:5000]).digest())
    with pytest.raises(ConnectionResetError):
        await sent(files, upload, b"", pieces=breaking(), offset=1000, checksum=right)
    assert (await state(upload)).received == 1000
    assert bytes_of(files, upload).stat().st_size == 1000
    assert (await sent(files, upload, DATA[1000:], offset=1000)).asset_id


async def test_more_than_was_said_is_refused(files: DiskFiles) -> None:
    upload = await begun(files, length=1000)
    with pytest.raises(FileTooLarge):
        await sent(files, upload, DATA, pieces=pieces(DATA, 600))
    assert (await state(upload)).received == 600
    with pytest.raises(FileTooLarge):
        await begun(files, length=10**10)


async def test_a_whole_file_that_is_refused_is_remembered_as_that(files: DiskFiles) -> None:
    cut = DATA[:-9]
    upload = await begun(files, length=len(cut))
    with pytest.raises(FileBroken):
        await sent(files, upload, cut)
    now = await state(upload)
    assert (now.refused, now.said, now.asset_id) == ("file_broken", FileBroken.title, None)
    assert not bytes_of(files, upload).exists()
    # Asking again gives the same and takes nothing in.
    assert (await uploads.settle(files=files, upload_id=upload.id, staff_id=1, at=NOON)).refused == "file_broken"
    assert await connection().value("SELECT count(*) FROM asset") == 0


async def test_an_upload_is_its_owners_alone(files: DiskFiles) -> None:
    upload = await begun(files)
    for upload_id, staff_id in ((upload.id, 2), ("0" * 22, 1), ("../../etc/passwd", 1), ("", 1), ("x" * 300, 1)):
        with pytest.raises(upload_parts.UploadMissing):
            await upload_parts.upload_of(upload_id=upload_id, staff_id=staff_id, at=NOON)
        with pytest.raises(upload_parts.UploadMissing):
            await uploads.write(
                files=files, upload_id=upload_id, staff_id=staff_id, offset=0, pieces=pieces(DATA), at=NOON
            )


async def test_a_person_has_only_so_many_open(files: DiskFiles) -> None:
    outcomes = await asyncio.gather(*(begun(files) for _ in range(30)), return_exceptions=True)
    assert sum(isinstance(outcome, Upload) for outcome in outcomes) == uploads.OPEN_AT_MOST
    assert sum(isinstance(outcome, uploads.TooManyUploads) for outcome in outcomes) == 30 - uploads.OPEN_AT_MOST
    # Nothing is left of those that were refused, and others are not hindered.
    assert len(list((files.root / "uploads").iterdir())) == uploads.OPEN_AT_MOST
    await begun(files, staff_id=2)
    first = next(outcome for outcome in outcomes if isinstance(outcome, Upload))
    await uploads.cancel(files=files, upload_id=first.id, staff_id=1, at=NOON)
    await begun(files)


async def test_an_upload_for_which_there_is_no_room_is_not_begun(files: DiskFiles) -> None:
    with pytest.raises(DiskFull):
        await begun(files, length=2**60, at_most=2**61)
    assert list((files.root / "uploads").iterdir()) == []


async def test_a_cancelled_upload_is_gone_with_its_bytes(files: DiskFiles) -> None:
    upload = await sent(files, await begun(files), DATA[:1000])
    await uploads.cancel(files=files, upload_id=upload.id, staff_id=1, at=NOON)
    with pytest.raises(upload_parts.UploadMissing):
        await state(upload)
    assert not bytes_of(files, upload).exists()


async def test_an_upload_that_nobody_goes_on_with_ends_after_a_day(files: DiskFiles) -> None:
    upload = await begun(files)
    await sent(files, upload, DATA[:1000], at=after(hours=23))
    # Going on with it gives it another day.
    assert (await state(upload, after(hours=46))).received == 1000
    with pytest.raises(upload_parts.UploadExpired):
        await state(upload, after(hours=48))
    await uploads.sweep(SimpleNamespace(files=files), after(hours=46))
    assert bytes_of(files, upload).exists()
    await uploads.sweep(SimpleNamespace(files=files), after(hours=48))
    assert not bytes_of(files, upload).exists()
    with pytest.raises(upload_parts.UploadMissing):
        await state(upload, after(hours=48))


async def test_an_upload_whose_bytes_are_lost_is_over(files: DiskFiles) -> None:
    upload = await sent(files, await begun(files), DATA[:1000])
    os.truncate(bytes_of(files, upload), 500)
    with pytest.raises(upload_parts.UploadExpired):
        await sent(files, upload, DATA[1000:], offset=1000)
    with pytest.raises(upload_parts.UploadExpired):
        await state(upload)
    other = await begun(files)
    bytes_of(files, other).unlink()
    with pytest.raises(upload_parts.UploadExpired):
        await sent(files, other, DATA)
    await uploads.cancel(files=files, upload_id=other.id, staff_id=1, at=NOON)


async def test_a_file_that_was_whole_when_the_server_died_is_taken_in_by_the_job_and_only_once(
    files: DiskFiles,
) -> None:
    data = picture("JPEG")
    upload = await begun(files, length=len(data), name="封面.jpg")
    bytes_of(files, upload).write_bytes(data)
    await connection().execute("UPDATE upload SET received = length")
    await asyncio.gather(*(uploads.sweep(SimpleNamespace(files=files), NOON) for _ in range(3)))
    now = await uploads.settle(files=files, upload_id=upload.id, staff_id=1, at=NOON)
    assert (await assets.asset_of(asset_id=now.asset_id or 0)).name == "封面.jpg"
    assert await connection().value("SELECT count(*) FROM asset") == 1


async def test_bytes_without_an_upload_are_cleared(files: DiskFiles) -> None:
    upload = await begun(files)
    stray = files.root / "uploads" / "stray"
    stray.write_bytes(b"x")
    for path in (stray, bytes_of(files, upload)):
        os.utime(path, (NOON.timestamp(),) * 2)
    await uploads.sweep(SimpleNamespace(files=files), after(hours=23))
    assert stray.exists()
    await connection().execute("UPDATE upload SET expires_at = $1", after(days=9))
    await uploads.sweep(SimpleNamespace(files=files), after(hours=25))
    assert (stray.exists(), bytes_of(files, upload).exists()) == (False, True)
