"""What a file is, by its bytes alone: an image, a film, a sound, a document, or nothing that is taken in.

The rule: neither the name nor the type that the sender gave counts. A file that is two things at once is refused;
images are drawn anew, so that nothing hidden in them is kept (EXIF with places and names least of all); films and
sounds are opened in a process of their own (`content.probe`), so that a hostile one can break nothing.
"""

import asyncio
import sys
import zipfile
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from content.documents import check_document
from server.core.errors import Invalid
from server.core.images import MARKUP, FileAmbiguous, FileBroken, FileUnknown, drawing, media_type_of, redraw
from server.core.storage import FileTooLarge

MEBIBYTE: Final = 1024 * 1024
AT_MOST: Final = {"image": 30 * MEBIBYTE, "document": 50 * MEBIBYTE, "audio": 200 * MEBIBYTE}
LONGEST_S: Final = 6 * 3600
PROBE_S: Final = 60.0
HEAD: Final = 64 * 1024

# Films have a turn of their own, because a long one takes a minute, and readers wait for pictures.
_probing = asyncio.Semaphore(2)


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
    if media_type := media_type_of(head):
        return "image", media_type
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
    :raises DocumentUnfit: if a document is encrypted, or unpacks to too much.
    """
    kind, media_type = await asyncio.to_thread(_first_look, path)
    if kind == "image":
        async with drawing:
            width, height = await asyncio.to_thread(redraw, path, clean, media_type=media_type)
        return FileFound(kind, media_type, width, height)
    if kind == "document":
        await asyncio.to_thread(check_document, path)
        return FileFound(kind, media_type)
    if media_type != "audio/mpeg":
        await asyncio.to_thread(_boxes, path)
    return await _film(path, kind, media_type)


def _first_look(path: Path) -> tuple[str, str]:
    with path.open("rb") as file:
        head = file.read(HEAD)
    kind, media_type = sniff(head)
    if path.stat().st_size > AT_MOST.get(kind, sys.maxsize):
        raise FileTooLarge(at_most=AT_MOST[kind])
    if zipfile.is_zipfile(path) or MARKUP.search(head):
        raise FileAmbiguous()
    return kind, media_type


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
    answer = await confined("content.probe", str(path), "mp3" if media_type == "audio/mpeg" else "mp4")
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


async def confined(module: str, *arguments: str) -> bytes:
    """Run a module that opens a film in a process of its own, with little memory and time, and give what it says.

    :raises FileBroken: if it ends in any other way than well.
    """
    async with _probing:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, *arguments),
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
    return answer
