"""What a file is, by its bytes alone: an image, a film, a sound, a document, or nothing that is taken in.

The rule: neither the name nor the type that the sender gave counts. A file that is two things at once is refused;
images are drawn anew, so that nothing hidden in them is kept (EXIF with places and names least of all); films and
sounds are opened in a process of their own (`content.probe`), so that a hostile one can break nothing.
"""

import asyncio
import io
import re
import sys
import warnings
import zipfile
import zlib
from pathlib import Path
from struct import error as struct_error
from typing import Final

import msgspec
from msgspec import Struct
from PIL import Image, ImageCms, ImageOps

from server.core.errors import Invalid
from server.core.storage import FileTooLarge

MEBIBYTE: Final = 1024 * 1024
AT_MOST: Final = {"image": 30 * MEBIBYTE, "document": 50 * MEBIBYTE, "audio": 200 * MEBIBYTE}
MOST_PIXELS: Final = 40_000_000
LONGEST_SIDE: Final = 12_000
LONGEST_S: Final = 6 * 3600
PROBE_S: Final = 60.0
HEAD: Final = 64 * 1024
QUALITY: Final = 90

# An image of 40 million pixels takes half a gigabyte while it is drawn. Films have a turn of their own, because a long
# one takes a minute, and readers wait for pictures.
drawing = asyncio.Semaphore(2)
_probing = asyncio.Semaphore(2)

# Pillow warns from here and refuses from twice as many on; here both are refused.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS
warnings.simplefilter("ignore", Image.DecompressionBombWarning)

_MARKUP = re.compile(rb"(?i)<(?:!doctype|html|head|body|script|iframe|object|\?php)[\s>/]|<svg\s")
_ACTIVE = re.compile(rb"/(?:JavaScript|JS|Launch|EmbeddedFile|RichMedia|XFA|OpenAction|AA)(?![A-Za-z])")
# What the parsers of images raise at hostile input.
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, OverflowError, IndexError, KeyError, TypeError)


class FileUnknown(Invalid):
    """The bytes are of no kind that is taken in: JPEG, PNG, WebP, MP4, M4A, MP3 and PDF are."""

    code = "file_unknown"
    title = "不支持的文件类型"


class FileBroken(Invalid):
    """The file begins like one of its kind and cannot be read to its end."""

    code = "file_broken"
    title = "文件已损坏"


class FileAmbiguous(Invalid):
    """The file is, or carries, something else as well."""

    code = "file_ambiguous"
    title = "文件中夹带了其他内容"


class ImageTooLarge(Invalid):
    """The image has more than 40 million pixels, or a side of more than 12,000."""

    code = "image_too_large"
    title = "图片尺寸过大"


class FilmUnfit(Invalid):
    """The film or sound cannot be played by the readers' phones, or is too long."""

    code = "film_unfit"
    title = "音视频格式不符合要求"


class FileFound(Struct, frozen=True):
    """What a file was found to be."""

    kind: str
    media_type: str
    width: int | None = None
    height: int | None = None
    seconds: float | None = None


def sniff(head: bytes) -> tuple[str, str]:
    """Tell the kind and the media type by the first bytes.

    :raises FileUnknown: if they are those of nothing that is taken in.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return "image", "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image", "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image", "image/webp"
    if head.startswith((b"%PDF-1.", b"%PDF-2.")):
        return "document", "application/pdf"
    if head[4:8] == b"ftyp":
        return ("audio", "audio/mp4") if head[8:12] in {b"M4A ", b"M4B "} else ("video", "video/mp4")
    if head.startswith(b"ID3") or (len(head) > 2 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2):
        return "audio", "audio/mpeg"
    raise FileUnknown()


async def inspect(path: Path, *, clean: Path) -> FileFound:
    """Find out what a file is, all of it; of an image a clean drawing is written to ``clean``.

    :raises FileUnknown: if it is nothing that is taken in.
    :raises FileTooLarge: if it is longer than its kind may be.
    :raises FileBroken: if it cannot be read to its end.
    :raises FileAmbiguous: if it is or carries something else as well.
    :raises ImageTooLarge: if an image has too many pixels.
    :raises FilmUnfit: if a film or sound cannot be played, or is too long.
    """
    kind, media_type = await asyncio.to_thread(_first_look, path)
    if kind == "image":
        async with drawing:
            return await asyncio.to_thread(_image, path, media_type, clean)
    if kind == "document":
        await asyncio.to_thread(_document, path)
        return FileFound(kind, media_type)
    if media_type != "audio/mpeg":
        await asyncio.to_thread(_boxes, path)
    async with _probing:
        return await _film(path, kind, media_type)


def _first_look(path: Path) -> tuple[str, str]:
    with path.open("rb") as file:
        head = file.read(HEAD)
    kind, media_type = sniff(head)
    if path.stat().st_size > AT_MOST.get(kind, sys.maxsize):
        raise FileTooLarge(at_most=AT_MOST[kind])
    if zipfile.is_zipfile(path) or _MARKUP.search(head):
        raise FileAmbiguous()
    return kind, media_type


def _image(path: Path, media_type: str, clean: Path) -> FileFound:
    name = media_type.removeprefix("image/").upper()
    if _MARKUP.search(path.read_bytes()):
        raise FileAmbiguous()
    try:
        with Image.open(path, formats=[name]) as image:
            if image.width * image.height > MOST_PIXELS or max(image.size) > LONGEST_SIDE:
                raise ImageTooLarge()
            if getattr(image, "n_frames", 1) > 1 and name != "JPEG":
                raise FileUnknown("Moving pictures are not taken in.")
            image.load()
            drawn = plain(image)
    except Image.DecompressionBombError:
        raise ImageTooLarge() from None
    except (*_BROKEN, zlib.error, struct_error):
        raise FileBroken() from None
    options = {"JPEG": {"quality": QUALITY, "progressive": True}, "WEBP": {"quality": QUALITY}, "PNG": {}}[name]
    drawn.save(clean, format=name, **options)
    return FileFound("image", media_type, drawn.width, drawn.height)


def plain(image: Image.Image) -> Image.Image:
    """Give the image upright, in sRGB, with nothing but its pixels."""
    profile = image.info.get("icc_profile")
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I"):
        # 16 bits of grey, as from a scanner; a screen shows eight.
        upright = upright.convert("I").point(lambda grey: grey * (1 / 256)).convert("L")
    mode = "RGBA" if upright.has_transparency_data else "RGB"
    if profile and upright.mode in {"RGB", "CMYK", "L"}:
        upright = _in_srgb(upright, profile)
    drawn = upright.convert(mode)
    drawn.info = {}
    return drawn


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        converted = ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        # A profile that cannot be used is as good as none.
        return image
    return converted or image


def _document(path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        tail = b""
        while piece := file.read(1024 * 1024):
            found = _ACTIVE.search(tail + piece)
            if found:
                raise FileAmbiguous(f"Documents with {found[0].decode()} are not taken in.")
            tail = (tail + piece)[-64:]
        file.seek(max(0, size - 2048))
        end = file.read()
    last = end.rfind(b"%%EOF")
    if last < 0:
        raise FileBroken()
    if end[last + 5 :].strip(b"\r\n\t \0"):
        raise FileAmbiguous()


def _boxes(path: Path) -> None:
    """Walk over the boxes of a film (ISO/IEC 14496-12, section 4.2), which fill the file exactly."""
    size = path.stat().st_size
    names: list[bytes] = []
    with path.open("rb") as file:
        place = 0
        while place < size:
            file.seek(place)
            header = file.read(16)
            length, name = int.from_bytes(header[:4], "big"), header[4:8]
            if length == 1 and len(header) == 16:
                length = int.from_bytes(header[8:16], "big")
            elif length == 0 and name == b"mdat":
                length = size - place
            if length < 8 or place + length > size:
                raise FileBroken()
            names.append(name)
            place += length
            if len(names) > 10_000:
                raise FileBroken()
    if b"moov" not in names or (b"mdat" not in names and b"moof" not in names):
        raise FileBroken()


class Probed(Struct, frozen=True):
    """What the probe found out of a film or a sound."""

    seconds: float
    video: str | None = None
    audio: str | None = None
    width: int | None = None
    height: int | None = None


async def _film(path: Path, kind: str, media_type: str) -> FileFound:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "content.probe",
        str(path),
        "mp3" if media_type == "audio/mpeg" else "mp4",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=Path(__file__).parents[1],
    )
    try:
        answer, _ = await asyncio.wait_for(process.communicate(), PROBE_S)
    except TimeoutError:
        raise FileBroken() from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise FileBroken()
    probed = msgspec.json.decode(answer, type=Probed)
    if kind == "video" and probed.video is None and probed.audio == "aac":
        kind, media_type = "audio", "audio/mp4"
    if kind == "audio" and probed.video is not None:
        raise FileAmbiguous()
    if kind == "video" and probed.video not in {"h264", "hevc"}:
        raise FilmUnfit("Films are taken in with H.264 or H.265 pictures.")
    if probed.audio not in {None, "aac", "mp3"} or (kind == "audio" and probed.audio is None):
        raise FilmUnfit("Sound is taken in as AAC or MP3.")
    if not 0 < probed.seconds <= LONGEST_S:
        raise FilmUnfit("Films and sounds are taken in up to six hours.")
    return FileFound(kind, media_type, probed.width, probed.height, round(probed.seconds, 3))
