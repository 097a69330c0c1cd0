"""Unpacking of what was compressed, never to more than was agreed on."""

import zlib

from server.core.errors import TooLarge
from server.core.wire import Malformed


class UnpackedTooLarge(TooLarge):
    """What was compressed is larger than may be taken."""

    code = "unpacked_too_large"
    title = "解压后内容过大"


def gunzip(data: bytes, *, most: int) -> bytes:
    """Unpack gzip (RFC 1952), but never more than ``most`` bytes.

    :raises UnpackedTooLarge: if there would be more.
    :raises Malformed: if it is no gzip, is cut off, or has something behind it.
    """
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        unpacked = unpacking.decompress(data, most + 1)
    except zlib.error as fault:
        raise Malformed(f"The body is no gzip: {fault}.") from None
    if len(unpacked) > most:
        raise UnpackedTooLarge(f"The body has more than {most} bytes when it is unpacked.")
    if not unpacking.eof or unpacking.unused_data:
        raise Malformed("The compressed body is cut off, or has something behind it.")
    return unpacked
