"""Images from outside: known by their bytes, bounded, and drawn anew.

The rule: nothing of what was sent is kept but its pixels, upright and in sRGB. What the camera wrote beside them (EXIF
with places and names least of all), profiles, comments and hidden parts are gone. Drawing is done off the loop, and by
few at a time, since an image of 40 million pixels takes half a gigabyte meanwhile.
"""

import asyncio
import io
import re
import warnings
import zipfile
import zlib
from pathlib import Path
from struct import error as struct_error
from typing import Final

from msgspec import Struct
from PIL import Image, ImageCms, ImageOps

from server.core.errors import Invalid
from server.core.storage import FileTooLarge

MOST_PIXELS: Final = 40_000_000
LONGEST_SIDE: Final = 12_000
# A usual progressive JPEG comes in ten scans; each one more goes over all pixels again.
MOST_SCANS: Final = 50
QUALITY: Final = 90

drawing = asyncio.Semaphore(2)

# Pillow warns from here and refuses from twice as many on; here both are refused.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS
warnings.simplefilter("ignore", Image.DecompressionBombWarning)

MARKUP: Final = re.compile(rb"(?i)<(?:!doctype|html|head|body|script|iframe|object|\?php)[\s>/]|<svg\s")
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
    """The image has more than 40 million pixels, a side of more than 12,000, or is packed to take for ever."""

    code = "image_too_large"
    title = "图片尺寸过大"


# What may become of an image that somebody sends.
REFUSALS: Final = (FileTooLarge, FileUnknown, FileBroken, FileAmbiguous, ImageTooLarge)


class Clean(Struct, frozen=True):
    """An image of which nothing but the pixels is left, as a JPEG."""

    data: bytes
    width: int
    height: int
    media_type: str = "image/jpeg"


def media_type_of(head: bytes) -> str:
    """Tell the media type of an image by its first bytes; empty where it is none that is taken in."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return ""


async def clean(data: bytes, *, at_most: int, longest: int = LONGEST_SIDE) -> Clean:
    """Draw an image that somebody sent anew, as a JPEG.

    :param at_most: bytes that it may have.
    :param longest: pixels that its longer side has at most afterwards.
    :raises FileTooLarge: if it has more bytes.
    :raises FileUnknown: if it is no JPEG, PNG or WebP, or moves.
    :raises FileBroken: if it cannot be read to its end.
    :raises FileAmbiguous: if it is or carries something else as well.
    :raises ImageTooLarge: if it has too many pixels.
    """
    if len(data) > at_most:
        raise FileTooLarge(at_most=at_most)
    media_type = media_type_of(data)
    if not media_type:
        raise FileUnknown()
    async with drawing:
        return await asyncio.to_thread(_clean, data, media_type, longest)


def _clean(data: bytes, media_type: str, longest: int) -> Clean:
    if zipfile.is_zipfile(io.BytesIO(data)):
        raise FileAmbiguous()
    drawn = read(data, media_type)
    drawn.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    written = io.BytesIO()
    on_white(drawn).save(written, "JPEG", quality=QUALITY, progressive=True)
    return Clean(written.getvalue(), drawn.width, drawn.height)


def redraw(source: Path, place: Path, *, media_type: str) -> tuple[int, int]:
    """Draw the image in a file anew into another, in its own format, and give its width and height.

    :raises FileUnknown: if it moves.
    :raises FileBroken: if it cannot be read to its end.
    :raises FileAmbiguous: if it carries something else as well.
    :raises ImageTooLarge: if it has too many pixels.
    """
    drawn = read(source.read_bytes(), media_type)
    name = media_type.removeprefix("image/").upper()
    # Kept in one scan, a JPEG is later read at an eighth of its size ten times as quickly.
    drawn.save(place, format=name, **({} if name == "PNG" else {"quality": QUALITY}))
    return drawn.size


def read(data: bytes, media_type: str) -> Image.Image:
    """Read an image of the type that its first bytes say, and give nothing but its pixels.

    :raises FileUnknown: if it moves.
    :raises FileBroken: if it cannot be read to its end.
    :raises FileAmbiguous: if it carries something else as well.
    :raises ImageTooLarge: if it has too many pixels, or more scans than any honest one.
    """
    if MARKUP.search(data):
        raise FileAmbiguous()
    # Within a scan of a JPEG these two bytes do not occur.
    if media_type == "image/jpeg" and data.count(b"\xff\xda") > MOST_SCANS:
        raise ImageTooLarge()
    name = media_type.removeprefix("image/").upper()
    try:
        with Image.open(io.BytesIO(data), formats=[name]) as image:
            if image.width * image.height > MOST_PIXELS or max(image.size) > LONGEST_SIDE:
                raise ImageTooLarge()
            if getattr(image, "n_frames", 1) > 1 and name != "JPEG":
                raise FileUnknown("Moving pictures are not taken in.")
            image.load()
            return plain(image)
    except Image.DecompressionBombError:
        raise ImageTooLarge() from None
    except (*_BROKEN, zlib.error, struct_error):
        raise FileBroken() from None


def plain(image: Image.Image) -> Image.Image:
    """Give an image upright, in sRGB, with nothing but its pixels."""
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


def on_white(image: Image.Image) -> Image.Image:
    """Give an image without transparency, as JPEG needs it."""
    if image.mode != "RGBA":
        return image
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        converted = ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        # A profile that cannot be used is as good as none.
        return image
    return converted or image
