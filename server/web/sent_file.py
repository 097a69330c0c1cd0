"""One file that a reader sends, as `wx.uploadFile` does: a multipart form (RFC 7578) with one part that is a file.

The rule: what is longer than the door takes is refused as soon as that is known, and the type and the name that the
sender gave count for nothing; whoever gets the bytes looks at them (`server.core.images.clean`).
"""

import re
from typing import Any, Final

from msgspec import Struct
from sanic import Request
from sanic.headers import parse_content_header

from server.core.errors import Invalid
from server.core.storage import FileTooLarge
from server.core.wire import BadField, Malformed, check_text

MULTIPART: Final = "multipart/form-data"
# What stands around the file: boundaries, headers and the other fields of the form.
AROUND: Final = 64 * 1024
MOST_PARTS: Final = 20
_BOUNDARY = re.compile(r"^[0-9A-Za-z'()+_,./:=? -]{1,70}$(?!\n)")


class NoFileSent(Invalid):
    """The form holds no file under the name that the door reads, or more than one."""

    code = "no_file_sent"
    title = "请选择一个文件"


REFUSALS: Final = (Malformed, BadField, NoFileSent, FileTooLarge)
"""What a door that takes a file may answer; with those of whatever looks at the bytes."""


class Sent(Struct, frozen=True):
    """A file as it was sent, and the other fields of its form."""

    data: bytes
    fields: dict[str, str]


async def sent_file(request: Request, *, at_most: int, name: str = "file") -> Sent:
    """Read the one file of a form; the door is declared with ``stream=True``.

    :param at_most: bytes that the file may have.
    :raises FileTooLarge: if it has more.
    :raises Malformed: if the body is no multipart form.
    :raises NoFileSent: if there is not exactly one file, under this name.
    :raises BadField: if another field holds what cannot be stored.
    """
    given, parameters = parse_content_header(request.headers.get("content-type", ""))
    boundary = str(parameters.get("boundary", ""))
    if given.lower() != MULTIPART or not _BOUNDARY.match(boundary):
        raise Malformed(f"Send the file as {MULTIPART} with a boundary.")
    body = bytearray()
    stream: Any = request.stream
    while (piece := await stream.read()) is not None:
        body += piece
        if len(body) > at_most + AROUND:
            raise FileTooLarge(at_most=at_most)
    files: list[tuple[str, bytes]] = []
    fields: dict[str, str] = {}
    for part_name, is_file, content in _parts(bytes(body), boundary.encode()):
        if is_file:
            files.append((part_name, content))
        else:
            fields[part_name] = _text(part_name, content)
    if len(files) != 1 or files[0][0] != name or not files[0][1]:
        raise NoFileSent(field=name)
    if len(files[0][1]) > at_most:
        raise FileTooLarge(at_most=at_most)
    return Sent(files[0][1], fields)


def _parts(body: bytes, boundary: bytes) -> list[tuple[str, bool, bytes]]:
    """List the parts of a form: the name, whether it is a file, and what it holds (RFC 2046, section 5.1.1)."""
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary, MOST_PARTS + 2)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise Malformed("The form ends before its last boundary, or has too many parts.")
    parts = []
    for piece in pieces[1:-1]:
        padding, found, rest = piece.partition(b"\r\n")
        head, _, content = rest.partition(b"\r\n\r\n")
        if not found or padding.strip(b" \t") or len(head) > 4096:
            raise Malformed("A part of the form cannot be read.")
        parts.append((*_named(head), content))
    return parts


def _named(head: bytes) -> tuple[str, bool]:
    for line in head.decode("utf-8", "replace").split("\r\n"):
        header, _, value = line.partition(":")
        if header.strip().lower() == "content-disposition":
            kind, parameters = parse_content_header(value.strip())
            if kind.lower() == "form-data" and parameters.get("name"):
                name = str(parameters["name"])
                check_text(name, "")
                return name, "filename" in parameters or "filename*" in parameters
    raise Malformed("A part of the form has no name.")


def _text(name: str, content: bytes) -> str:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise BadField("A field is not UTF-8.", field=name) from None
    check_text(text, name)
    return text
