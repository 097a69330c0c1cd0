"""The doors of files where these are kept in an object store: the same answers, and what happens when it is away."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from store_fixtures import Store, started

from content import assets
from content.assets import Asset
from server.core import clock
from server.core.db import connection
from server.core.object_store import ObjectFiles
from tests.content.files import film, picture, pieces
from tests.content.studio import published_episode, published_series

DATA = film()
# The file in the store is made longer than a film need be, so that it can be cut off on the way.
LONG = DATA + bytes(24 * 1024 * 1024)


def files_in(app: Any, store: Store, home: Path) -> Iterator[ObjectFiles]:
    """Let the house keep its files in a bucket of a store."""
    files = ObjectFiles(home, store.bucket().open(), cache_bytes=10**9)
    before = app.ctx.files
    app.ctx.files = app.ctx.media.files = files
    yield files
    app.ctx.files = app.ctx.media.files = before


@pytest.fixture
def files(app: Any, store: Store, tmp_path: Path) -> Iterator[ObjectFiles]:
    yield from files_in(app, store, tmp_path / "files")


async def take(files: ObjectFiles, data: bytes, name: str = "film.mp4") -> Asset:
    return await assets.take_in(files=files, pieces=pieces(data), name=name, at_most=10**8, staff_id=1, at=clock.now())


async def film_address(client: httpx.AsyncClient, asset_id: int) -> str:
    now = clock.now()
    series_id = await published_series(at=now)
    episode_id = await published_episode(
        series_id, at=now, airs_at=now, duration_s=2, chapters=[], questions=[], video={"asset": asset_id}
    )
    return str((await client.get(f"/api/doctor/episodes/{episode_id}/video")).json()["url"])


async def test_a_film_and_its_parts_are_sent(client: httpx.AsyncClient, files: ObjectFiles) -> None:
    address = await film_address(client, (await take(files, DATA)).id)
    whole = await client.get(address)
    assert (whole.status_code, whole.content) == (200, DATA)
    assert whole.headers["content-length"] == str(len(DATA))
    for asked, start, end in (("0-0", 0, 1), ("100-299", 100, 300), ("-7", len(DATA) - 7, len(DATA))):
        part = await client.get(address, headers={"Range": f"bytes={asked}"})
        assert (part.status_code, part.content) == (206, DATA[start:end])
    assert (await client.get(address, headers={"Range": f"bytes={len(DATA)}-"})).status_code == 416


async def test_a_picture_is_drawn_and_kept_in_the_store(
    client: httpx.AsyncClient, files: ObjectFiles, tmp_path: Path
) -> None:
    kept = await take(files, picture("PNG", (1600, 900)), "cover.png")
    item_id = await published_series(at=clock.now(), cover={"asset": kept.id, "alt": "手术室"})
    address = (await client.get(f"/api/doctor/series/{item_id}")).json()["cover"]["medium"]
    drawn = (await client.get(address)).content
    with Image.open(io.BytesIO(drawn)) as image:
        assert image.size == (750, 422)
    # Another machine finds it drawn.
    elsewhere = ObjectFiles(tmp_path / "elsewhere", files._store, cache_bytes=10**9)
    assert await elsewhere.load(f"{kept.sha256}-w750q80.webp", shelf="renditions") == drawn


async def test_a_file_that_is_lost_is_missing_and_no_fault(client: httpx.AsyncClient, files: ObjectFiles) -> None:
    kept = await take(files, DATA)
    address = await film_address(client, kept.id)
    await files.remove(kept.sha256)
    answer = await client.get(address)
    assert (answer.status_code, answer.json()["code"]) == (404, "file_missing")


@pytest.mark.faults
async def test_a_store_that_is_killed_breaks_off_what_is_sent_and_is_away_for_the_next(
    app: Any, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    (tmp_path / "store").mkdir()
    store = started(tmp_path / "store")
    for files in files_in(app, store, tmp_path / "files"):
        kept = await take(files, DATA)
        address = await film_address(client, kept.id)
        (tmp_path / "long").write_bytes(LONG)
        await files.keep(tmp_path / "long", kept.sha256)
        await connection().execute("UPDATE asset SET bytes = $2 WHERE id = $1", kept.id, len(LONG))
        for answers in app.ctx.changes.kept:
            answers.clear()
        received = b""
        with pytest.raises(httpx.RemoteProtocolError):
            async with client.stream("GET", address, timeout=60) as answer:
                assert answer.status_code == 200
                async for piece in answer.aiter_raw(64 * 1024):
                    if not received:
                        store.kill()
                    received += piece
        assert LONG.startswith(received)
        assert len(received) < len(LONG)

        away = await client.get(address, timeout=60)
        assert (away.status_code, away.json()["code"]) == (503, "away")
        assert away.headers["retry-after"]
