"""Pictures and films: how long a large image takes to be drawn small, and how fast a part of a film is sent.

The bound of drawing is half a second for 24 million pixels. The floor of sending is a handler of the same app that
reads the same part of the same file and asks nothing: no signature, no item, no consent, no age.
"""

import asyncio
import hashlib
import os
import random
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from PIL import Image, ImageFilter
from sanic import Request

from bench.episode import BEGAN, _published, prepare, settings
from bench.harness import Figures, Load, Row, get, in_turns, run, server, unpin
from bench.intake import stores
from content import media, renditions
from content.pictures import Spec
from server import wiring
from server.app import create_app
from server.core import clock, db
from server.core.images import redraw
from server.core.storage import DiskFiles, Incoming
from server.web.request import House

DRAWN_IN_S: Final = 0.5
SIZE: Final = (6000, 4000)
FILM_BYTES: Final = 64 * 1024 * 1024
PART: Final = 1024 * 1024
CONNECTIONS: Final = 8
AT_LEAST: Final = 0.8


def house() -> House:
    """Make the server as it is, with the floor as one more door."""
    app = create_app(settings(), name="bench_media")
    place = os.environ["BENCH_FILM"]

    @app.get("/floor/<start:int>")
    async def floor(request: Request, start: int) -> None:
        headers = {"content-length": str(PART), "content-range": f"bytes {start}-{start + PART - 1}/{FILM_BYTES}"}
        response = await request.respond(status=206, headers=headers, content_type="video/mp4")
        descriptor = await asyncio.to_thread(os.open, place, os.O_RDONLY)
        try:
            for at in range(start, start + PART, 256 * 1024):
                await response.send(await asyncio.to_thread(os.pread, descriptor, 256 * 1024, at))
        finally:
            os.close(descriptor)
        await response.eof()

    return app


def photograph() -> Image.Image:
    """Make an image that is as hard to pack as a photograph."""
    noise = Image.frombytes("RGB", (1500, 1000), random.Random(5).randbytes(1500 * 1000 * 3))
    return noise.filter(ImageFilter.GaussianBlur(1.5)).resize(SIZE, Image.Resampling.BICUBIC)


async def drawing(folder: Path, form: str, image: Image.Image) -> tuple[list[float], float]:
    """Draw an image of the library 750 wide, several times; gives the seconds, and how long the loop stood at most."""
    files = DiskFiles(folder / form)
    sent, kept = folder / f"sent.{form}", folder / f"kept.{form}"
    image.save(sent, form.upper(), quality=90)
    redraw(sent, kept, media_type=f"image/{form}")
    sha256 = hashlib.sha256(kept.read_bytes()).hexdigest()
    await files.keep(kept, sha256)
    await renditions.prepare(files=files, sha256=sha256, media_type=f"image/{form}")
    stood, done = 0.0, False

    async def watch() -> None:
        nonlocal stood
        while not done:
            before = time.perf_counter()
            await asyncio.sleep(0.002)
            stood = max(stood, time.perf_counter() - before - 0.002)

    watching = asyncio.create_task(watch())
    seconds = []
    for quality in range(76, 81):
        began = time.perf_counter()
        await renditions.rendition(files=files, sha256=sha256, spec=Spec(750, quality=quality), suffix="webp")
        seconds.append(time.perf_counter() - began)
    done = True
    await watching
    return seconds, stood


def drawn() -> list[Row]:
    """Measure the drawing of images of 24 million pixels."""
    unpin()
    image = photograph()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for form in ("jpeg", "png", "webp"):
            seconds, stood = asyncio.run(drawing(Path(folder), form, image))
            usual = statistics.median(seconds)
            rows.append(
                Row(
                    f"24 million pixels, {form.upper()} to 750 px WebP",
                    Figures(rate=1 / usual, p50=usual * 1000, p99=max(seconds) * 1000),
                    Figures(rate=1 / DRAWN_IN_S, p50=0, p99=0),
                    1.0,
                    unit="pictures/s",
                    notes=f"the loop stood {stood * 1000:.0f} ms at most",
                )
            )
    return rows


async def film(url: str) -> str:
    """Publish an episode with a film on disk; gives the film's signed address."""
    await prepare(url)
    given = settings()
    files = DiskFiles(given.home / "files")
    aside = files.aside()
    aside.write_bytes(random.Random(9).randbytes(FILM_BYTES))
    incoming = Incoming(aside, hashlib.sha256(aside.read_bytes()).hexdigest(), FILM_BYTES)
    await files.keep(aside, incoming.sha256)
    aside.unlink()
    os.environ["BENCH_FILM"] = str(files.path_of(incoming.sha256))
    await db.open_database(os.environ["BENCH_DATABASE_URL"], wiring.MODELS)
    asset_id: Any = await db.connection().value(
        "INSERT INTO asset (kind, name, sha256, bytes, media_type, seconds, created_at, created_by) "
        "VALUES ('video', 'film.mp4', $1, $2, 'video/mp4', 720, $3, 1) RETURNING id",
        incoming.sha256,
        FILM_BYTES,
        BEGAN,
    )
    cover = {"asset": 1, "alt": "手术室"}
    series_id = await _published("series", None, {"title": "医探究竟", "cover": cover})
    shape = {"title": "第一集", "duration_s": 720, "cover": cover, "video": {"asset": asset_id}}
    item_id = await _published("episode", series_id, shape)
    await db.close_database()
    signer = media.Signer(given.key_bytes[1], media.PURPOSE)
    soon = clock.now() + timedelta(hours=1)
    return media.address(signer, item_id=item_id, asset_id=asset_id, expires_at=soon)


def sent() -> Row:
    """Measure the sending of parts of a film."""
    with stores() as (database_url, redis_url):
        os.environ["BENCH_REDIS_URL"] = redis_url
        address = asyncio.run(film(database_url))
        starts = range(0, FILM_BYTES, PART)
        subject = Load([get(address, range=f"bytes={at}-{at + PART - 1}") for at in starts], connections=CONNECTIONS)
        floor = Load([get(f"/floor/{at}") for at in starts], connections=CONNECTIONS)
        with server("bench.media:house") as port:
            part = httpx.get(f"http://127.0.0.1:{port}{address}", headers={"Range": f"bytes=0-{PART - 1}"})
            if part.status_code != 206 or part.content != httpx.get(f"http://127.0.0.1:{port}/floor/0").content:
                raise RuntimeError("the floor does not give the same part")
            figures, floor_figures = in_turns([lambda: run(port, subject), lambda: run(port, floor)])
    Path(os.environ["BENCH_FILM"]).unlink()
    return Row("parts of a film", figures, floor_figures, AT_LEAST, unit="MiB/s", notes="1 MiB each, from disk")


def main() -> list[Row]:
    """Measure pictures and films."""
    return [*drawn(), sent()]
