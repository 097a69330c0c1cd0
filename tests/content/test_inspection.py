"""What a file is, by its bytes alone."""

import io
import zipfile
import zlib
from pathlib import Path
from struct import pack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from content import inspection
from content.inspection import FileFound, FilmUnfit
from server.core.errors import Refusal
from server.core.images import FileAmbiguous, FileBroken, FileUnknown, ImageTooLarge
from server.core.storage import FileTooLarge
from tests.content.files import DOCUMENT, film, picture

pytestmark = pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
SCRIPT = b"<script>alert(document.cookie)</script>"


async def inspected(folder: Path, data: bytes) -> tuple[FileFound, bytes]:
    """Inspect bytes; gives the findings and the clean drawing."""
    path, clean = folder / "given", folder / "clean"
    path.write_bytes(data)
    clean.write_bytes(b"")
    found = await inspection.inspect(path, clean=clean)
    return found, clean.read_bytes()


def png(width: int, height: int, rows: bytes = b"") -> bytes:
    """Write a PNG that says it has a size, and perhaps has nothing of it."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + name + data + pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def zipped() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("index.html", "<p>")
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "found"),
    [
        pytest.param(picture("JPEG"), FileFound("image", "image/jpeg", 640, 360), id="JPEG"),
        pytest.param(picture("JPEG", mode="CMYK"), FileFound("image", "image/jpeg", 640, 360), id="JPEG for print"),
        pytest.param(
            picture("PNG", mode="RGBA"), FileFound("image", "image/png", 640, 360), id="PNG with transparency"
        ),
        pytest.param(picture("PNG", mode="L"), FileFound("image", "image/png", 640, 360), id="grey PNG"),
        pytest.param(picture("WEBP"), FileFound("image", "image/webp", 640, 360), id="WebP"),
        pytest.param(DOCUMENT, FileFound("document", "application/pdf"), id="PDF"),
        pytest.param(film(), FileFound("video", "video/mp4", 160, 96, 2.0), id="MP4"),
        pytest.param(film(faststart=False), FileFound("video", "video/mp4", 160, 96, 2.0), id="MP4, head last"),
        pytest.param(film(sound=False), FileFound("video", "video/mp4", 160, 96, 2.0), id="MP4 without sound"),
        pytest.param(film(pictures=False), FileFound("audio", "audio/mp4", seconds=1.985), id="MP4 of sound"),
        pytest.param(film(container="mp3", pictures=False), FileFound("audio", "audio/mpeg", seconds=1.985), id="MP3"),
    ],
)
async def test_a_file_is_known_by_its_bytes(tmp_path: Path, data: bytes, found: FileFound) -> None:
    assert (await inspected(tmp_path, data))[0] == found


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        pytest.param(b"", FileUnknown, id="nothing"),
        pytest.param(b"hello", FileUnknown, id="text"),
        pytest.param(SVG, FileUnknown, id="SVG"),
        pytest.param(b"<?xml version='1.0'?>" + SVG, FileUnknown, id="SVG with a prologue"),
        pytest.param(b"<!doctype html><html></html>", FileUnknown, id="HTML"),
        pytest.param(picture("GIF"), FileUnknown, id="GIF"),
        pytest.param(b"GIF89a/*" + b"\0" * 10 + b"*/=1;" + SCRIPT, FileUnknown, id="GIF and JavaScript"),
        pytest.param(zipped(), FileUnknown, id="ZIP"),
        pytest.param(b"\x7fELF\x02\x01\x01", FileUnknown, id="a program"),
        pytest.param(b"#!/bin/sh\nrm -rf /\n", FileUnknown, id="a shell script"),
        pytest.param(picture("JPEG") + SCRIPT, FileAmbiguous, id="JPEG and HTML"),
        pytest.param(picture("JPEG") + zipped(), FileAmbiguous, id="JPEG and ZIP"),
        pytest.param(picture("PNG") + b"<?php system($_GET[0]); ?>", FileAmbiguous, id="PNG and PHP"),
        pytest.param(picture("WEBP") + SVG, FileAmbiguous, id="WebP and SVG"),
        pytest.param(DOCUMENT + SCRIPT, FileAmbiguous, id="PDF and HTML"),
        pytest.param(DOCUMENT + b"more", FileAmbiguous, id="PDF and more"),
        pytest.param(DOCUMENT + zipped(), FileAmbiguous, id="PDF and ZIP"),
        pytest.param(DOCUMENT.replace(b"/Catalog", b"/Catalog/OpenAction 3 0 R"), FileAmbiguous, id="PDF that acts"),
        pytest.param(DOCUMENT.replace(b"/Catalog", b"/Catalog/JS(app.alert)"), FileAmbiguous, id="PDF with a script"),
        pytest.param(b"%PDF-1.7\nnothing", FileBroken, id="PDF without an end"),
        pytest.param(film() + zipped(), FileAmbiguous, id="MP4 and ZIP"),
        pytest.param(film() + SCRIPT, FileAmbiguous, id="MP4 and HTML"),
        pytest.param(
            film()[:32] + pack(">I", 8 + len(SCRIPT)) + b"free" + SCRIPT + film()[32:],
            FileAmbiguous,
            id="MP4 with HTML",
        ),
        pytest.param(picture("JPEG")[:2000], FileBroken, id="a cut JPEG"),
        pytest.param(picture("PNG")[:500], FileBroken, id="a cut PNG"),
        pytest.param(b"\xff\xd8\xff\xe0" + b"\0" * 100, FileBroken, id="a JPEG of nothing"),
        pytest.param(b"RIFF\x10\0\0\0WEBPVP8 ", FileBroken, id="a WebP of nothing"),
        pytest.param(film() + b"more", FileBroken, id="MP4 and more"),
        pytest.param(film()[:-1], FileBroken, id="a cut MP4"),
        pytest.param(film()[: len(film()) // 2], FileBroken, id="half an MP4"),
        pytest.param(film()[:40], FileBroken, id="the head of an MP4"),
        pytest.param(b"\0\0\0\x20ftypisom" + b"\0" * 20, FileBroken, id="an MP4 of nothing"),
        pytest.param(film().replace(b"moov", b"moox"), FileBroken, id="an MP4 without a table"),
        pytest.param(b"ID3\x04" + b"\0" * 200, FileBroken, id="an MP3 of nothing"),
        pytest.param(film(codec="mpeg4"), FilmUnfit, id="pictures that phones do not play"),
        pytest.param(png(12_001, 2), ImageTooLarge, id="a side too long"),
        pytest.param(png(8000, 8000), ImageTooLarge, id="too many pixels"),
        pytest.param(png(65_000, 65_000, b"\0" * 100_000), ImageTooLarge, id="a bomb"),
    ],
)
async def test_what_is_not_taken_in_is_refused_by_name(tmp_path: Path, data: bytes, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal) as refused:
        await inspected(tmp_path, data)
    assert type(refused.value) is refusal


async def test_a_film_whose_data_are_missing_is_broken(tmp_path: Path) -> None:
    # The table of the film is whole and the boxes add up, but most of what they promise is not there.
    whole = film(sound=False, faststart=True)
    place = whole.index(b"mdat") - 4
    cut = whole[:place] + pack(">I", 200) + whole[place + 4 : place + 200]
    with pytest.raises(FileBroken):
        await inspected(tmp_path, cut)


async def test_moving_pictures_are_no_covers(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (10, 10), colour) for colour in ("red", "blue")]
    data = io.BytesIO()
    frames[0].save(data, "WEBP", save_all=True, append_images=frames[1:], duration=100)
    with pytest.raises(FileUnknown):
        await inspected(tmp_path, data.getvalue())


async def test_an_image_longer_than_its_kind_may_be_is_not_even_opened(tmp_path: Path) -> None:
    with pytest.raises(FileTooLarge):
        await inspected(tmp_path, picture("JPEG") + b"\0" * inspection.AT_MOST["image"])


async def test_nothing_of_the_photographer_is_kept(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Camera of Dr. Chen"
    exif[0x0112] = 6
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 14.0, 0.0)})
    found, clean = await inspected(tmp_path, picture("JPEG", (300, 200), exif=exif.tobytes(), comment=b"patient 7"))
    # The orientation is in the pixels now.
    assert (found.width, found.height) == (200, 300)
    assert b"Chen" not in clean
    assert b"patient 7" not in clean
    with Image.open(io.BytesIO(clean)) as image:
        assert not image.getexif()
        assert not {"exif", "comment", "icc_profile"} & set(image.info)


async def test_sixteen_bits_of_grey_are_shown_as_eight(tmp_path: Path) -> None:
    image = Image.new("I;16", (4, 4), 0x8000)
    data = io.BytesIO()
    image.save(data, "PNG")
    _, clean = await inspected(tmp_path, data.getvalue())
    with Image.open(io.BytesIO(clean)) as shown:
        assert shown.getpixel((0, 0)) == (128, 128, 128)


SEEDS = [picture("JPEG", (32, 32)), picture("PNG", (32, 32)), picture("WEBP", (32, 32)), DOCUMENT]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(seed=st.sampled_from(SEEDS), place=st.integers(0, 2000), junk=st.binary(max_size=12))
async def test_whatever_is_broken_is_refused_and_never_a_fault(
    tmp_path: Path, seed: bytes, place: int, junk: bytes
) -> None:
    place %= len(seed)
    try:
        found, _ = await inspected(tmp_path, seed[:place] + junk + seed[place + len(junk) :])
    except Refusal:
        return
    assert found.kind in {"image", "document"}
