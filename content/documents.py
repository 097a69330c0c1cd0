"""Whether a PDF (ISO 32000) is only to be read: nothing in it acts, and none of it is a bomb.

The rule: names that make a reader's program do something are refused wherever they stand; long ones also within data,
where they do not occur by chance, short ones only where the structure of the file is written, which may itself be
packed (object streams). What is packed beyond all measure is refused before it is unpacked.
"""

import mmap
import re
import zlib
from pathlib import Path
from typing import Final

from server.core.errors import Invalid
from server.core.images import FileAmbiguous, FileBroken

_LONG: Final = re.compile(
    rb"/(?:JavaScript|Launch|EmbeddedFile|RichMedia|OpenAction|SubmitForm|ImportData)(?![A-Za-z])"
)
_SHORT: Final = re.compile(rb"/(?:JS|XFA|AA)(?![A-Za-z])")
# A sign of a name may be written as its number.
_ESCAPED: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM: Final = re.compile(rb">>\s{0,16}stream\r?\n")
_PIECE: Final = 1024 * 1024
_OVERLAP: Final = 128
# An honest page of a scan may unpack to 60 MB, and a white one to a thousand times its size, but hardly to both.
MOST_UNPACKED: Final = 64 * 1024 * 1024
MOST_RATIO: Final = 200
# Unpacking more than this is not worth the time; what acts stands in object streams, which are small.
ENOUGH: Final = 1024 * 1024 * 1024


class DocumentUnfit(Invalid):
    """The document is locked, or unpacks to far more than any page needs."""

    code = "document_unfit"
    title = "文档已加密，或展开后过大"


def check_document(path: Path) -> None:
    """Look through a PDF.

    :raises FileBroken: if it has no end.
    :raises FileAmbiguous: if something in it acts, or stands behind its end.
    :raises DocumentUnfit: if it is encrypted, or a bomb.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        end = data[-2048:]
        last = end.rfind(b"%%EOF")
        if last < 0:
            raise FileBroken()
        if end[last + 5 :].strip(b"\r\n\t \0"):
            raise FileAmbiguous()
        for place in range(0, len(data), _PIECE):
            _refuse_active(data[max(0, place - _OVERLAP) : place + _PIECE], _LONG)
        _walk(data)


def _walk(data: mmap.mmap) -> None:
    """Go from one stream to the next: look at what is written between, and unpack what is packed."""
    place, unpacked = 0, 0
    while True:
        found = _STREAM.search(data, place)
        between = data[place : found.end() if found else len(data)]
        _refuse_active(between, _SHORT)
        if re.search(rb"/Encrypt(?![A-Za-z])", between):
            raise DocumentUnfit("Encrypted documents are not taken in.")
        if found is None:
            return
        end = data.find(b"endstream", found.end())
        end = len(data) if end < 0 else end
        dictionary = between[between.rfind(b"obj") :]
        if dictionary.count(b"FlateDecode") > 1:
            raise DocumentUnfit("Data that are packed twice are not taken in.")
        holds_objects = b"/ObjStm" in dictionary
        if b"FlateDecode" in dictionary and (holds_objects or unpacked < ENOUGH):
            unpacked += _unpack(memoryview(data)[found.end() : end], look=holds_objects)
        place = end


def _unpack(packed: memoryview, *, look: bool) -> int:
    """Unpack a stream piece by piece, keeping nothing, and give its length; ``look`` for what acts in it."""
    try:
        inflate, length, tail = zlib.decompressobj(), 0, b""
        waiting: bytes | memoryview = packed
        while waiting:
            piece = inflate.decompress(waiting, _PIECE)
            waiting = inflate.unconsumed_tail
            length += len(piece)
            if look:
                _refuse_active(tail + piece, _LONG)
                _refuse_active(tail + piece, _SHORT)
                tail = piece[-_OVERLAP:]
            if length > MOST_UNPACKED and length > MOST_RATIO * len(packed):
                raise DocumentUnfit("The document unpacks to far more than it should.")
            if not piece:
                break
    except zlib.error:
        # Readers show what they can; nothing that can be read acts.
        pass
    finally:
        packed.release()
    return length


def _refuse_active(text: bytes, names: re.Pattern[bytes]) -> None:
    for written in (text, _ESCAPED.sub(lambda sign: bytes([int(sign[1], 16)]), text)) if b"#" in text else (text,):
        found = names.search(written)
        if found:
            raise FileAmbiguous(f"Documents with {found[0].decode()} are not taken in.")
