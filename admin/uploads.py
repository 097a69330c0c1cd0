"""Files that are sent in parts and go on after a break: the protocol tus 1.0.0, for the pages of the library.

The rule: what the protocol says is said here and nowhere else; what becomes of the bytes is `content.uploads`. The
extensions are creation, termination, checksum and expiration. What went wrong is a problem document as everywhere.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from email.utils import format_datetime
from functools import wraps
from typing import Any, Final

from sanic import Blueprint, HTTPResponse, Request

from admin.editing import shown
from admin.menu import PUBLISHERS, WRITERS
from admin.words import FILE_KINDS
from content import assets, uploads
from content.assets import AssetMissing
from content.upload_parts import DIGESTS, Checksum, Upload, upload_of
from server.core import clock
from server.core.errors import Invalid, Refusal, Unavailable
from server.core.images import FileUnknown
from server.core.staff_sessions import StaffReader
from server.core.wire import BadField, Malformed, check_text
from server.web.auth import WrongRole
from server.web.languages import told
from server.web.pages import page
from server.web.refusals import answer
from server.web.replies import reply
from server.web.request import HouseRequest

blueprint = Blueprint("admin_uploads", url_prefix="/admin/uploads")

SENDERS: Final = WRITERS | PUBLISHERS
VERSION: Final = "1.0.0"
PART_TYPE: Final = "application/offset+octet-stream"
EXTENSIONS: Final = "creation,termination,checksum,expiration"
# A line that says nothing for so long is dead; what has come is safe.
SILENT_S: Final = 30.0
MOST_METADATA: Final = 4096
_WHOLE: Final = re.compile(r"^(?:0|[1-9]\d{0,17})$(?!\n)")

Door = Callable[..., Awaitable[HTTPResponse]]


class VersionUnknown(Invalid):
    """The client speaks another version of the protocol."""

    code = "tus_version"
    title = "上传协议版本不符"
    status = 412


class PartTypeWrong(Invalid):
    """A part is sent as application/offset+octet-stream."""

    code = "upload_part_type"
    title = "上传内容类型不符"
    status = 415


def speaks_tus(door: Door) -> Door:
    """Let a door answer as the protocol wants it: the version is asked for, and said in every answer."""

    @wraps(door)
    async def spoken(request: Request, **path: Any) -> HTTPResponse:
        try:
            if request.headers.get("tus-resumable") != VERSION:
                raise VersionUnknown(f"This door speaks tus {VERSION}.")
            response = await door(request, **path)
        except (Refusal, Unavailable) as fault:
            response = answer(request, fault)
            if isinstance(fault, VersionUnknown):
                response.headers["tus-version"] = VERSION
        response.headers["tus-resumable"] = VERSION
        response.headers["cache-control"] = "no-store"
        return response

    return spoken


@blueprint.options("/", name="options")
@page(roles=SENDERS)
async def abilities(request: Request, reader: StaffReader) -> HTTPResponse:
    """Say what this door can do."""
    return HTTPResponse(
        b"",
        204,
        {
            "tus-resumable": VERSION,
            "tus-version": VERSION,
            "tus-extension": EXTENSIONS,
            "tus-checksum-algorithm": ",".join(DIGESTS),
            "tus-max-size": str(request.app.ctx.settings.max_upload_bytes),
        },
    )


@blueprint.post("/")
@page(roles=SENDERS)
@speaks_tus
async def begin(request: Request, reader: StaffReader) -> HTTPResponse:
    length = _number(request, "Upload-Length")
    if length == 0:
        raise FileUnknown("The file is empty.")
    metadata = request.headers.get("upload-metadata", "")
    values = _metadata(metadata)
    kind = values.get("kind", "")
    replaces = _id(values.get("replaces", ""))
    await _admit(reader, replaces)
    upload = await uploads.begin(
        files=request.app.ctx.files,
        length=length,
        name=values.get("filename", ""),
        wanted=kind if kind in FILE_KINDS else "",
        metadata=metadata,
        folder_id=_id(values.get("folder", "")),
        replaces=replaces,
        at_most=request.app.ctx.settings.max_upload_bytes,
        staff_id=reader.staff_id,
        at=clock.now(),
    )
    return HTTPResponse(b"", 201, {"location": f"/admin/uploads/{upload.id}", **_state(upload)})


@blueprint.head("/<upload_id:str>", name="head")
@page(roles=SENDERS)
@speaks_tus
async def offset(request: Request, reader: StaffReader, upload_id: str) -> HTTPResponse:
    """Say how much of a file is safe."""
    upload = await upload_of(upload_id=upload_id, staff_id=reader.staff_id, at=clock.now())
    headers = {**_state(upload), "upload-length": str(upload.length)}
    if upload.metadata:
        headers["upload-metadata"] = upload.metadata
    return HTTPResponse(b"", 200, headers)


@blueprint.patch("/<upload_id:str>", stream=True, name="patch")
@page(roles=SENDERS)
@speaks_tus
async def part(request: HouseRequest, reader: StaffReader, upload_id: str) -> HTTPResponse:
    return await _part(request, reader, upload_id)


@blueprint.delete("/<upload_id:str>", name="delete")
@page(roles=SENDERS)
@speaks_tus
async def cancel(request: Request, reader: StaffReader, upload_id: str) -> HTTPResponse:
    return await _cancel(request, reader, upload_id)


@blueprint.post("/<upload_id:str>", stream=True, name="override")
@page(roles=SENDERS)
@speaks_tus
async def overridden(request: HouseRequest, reader: StaffReader, upload_id: str) -> HTTPResponse:
    """Take the method from a header, where something on the way lets only POST through."""
    match request.headers.get("x-http-method-override", "").upper():
        case "PATCH":
            return await _part(request, reader, upload_id)
        case "DELETE":
            return await _cancel(request, reader, upload_id)
    raise BadField("Name the method.", field="X-HTTP-Method-Override")


@blueprint.get("/<upload_id:str>")
@page(roles=SENDERS)
async def outcome(request: HouseRequest, reader: StaffReader, upload_id: str) -> HTTPResponse:
    """Say, for our own page, what has become of an upload; one that a dying server left whole is taken in now."""
    at = clock.now()
    try:
        upload = await uploads.settle(
            files=request.app.ctx.files,
            upload_id=upload_id,
            staff_id=reader.staff_id,
            at=at,
            request_id=request.request_id,
        )
    except Refusal:
        # Also what was refused just now is told as what was refused before.
        upload = await upload_of(upload_id=upload_id, staff_id=reader.staff_id, at=at)
    said: dict[str, Any] = {"received": upload.received, "length": upload.length, "state": "receiving"}
    if upload.refused:
        said |= {"state": "refused", "problem": {"code": upload.refused, "title": told(request, upload.said)}}
    elif upload.asset_id is not None:
        try:
            asset = await assets.asset_of(asset_id=upload.asset_id)
        except AssetMissing:
            said["state"] = "removed"
        else:
            said |= {"state": "taken", "asset": shown(request, asset, at=at)}
    elif upload.is_whole:
        said["state"] = "checking"
    return reply(said)


async def _admit(reader: StaffReader, replaces: int | None) -> None:
    """Let only publishers put other bytes in the place of what readers see, and only writers add to the library."""
    if replaces is None:
        allowed = bool(reader.roles & WRITERS)
    else:
        await assets.asset_of(asset_id=replaces)
        is_live = any(use.place == "live" for use in await assets.uses(asset_id=replaces))
        allowed = bool(reader.roles & (PUBLISHERS if is_live else WRITERS | PUBLISHERS))
    if not allowed:
        raise WrongRole()


async def _part(request: HouseRequest, reader: StaffReader, upload_id: str) -> HTTPResponse:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != PART_TYPE:
        raise PartTypeWrong()
    upload = await uploads.write(
        files=request.app.ctx.files,
        upload_id=upload_id,
        staff_id=reader.staff_id,
        offset=_number(request, "Upload-Offset"),
        pieces=_pieces(request),
        checksum=_checksum(request.headers.get("upload-checksum")),
        at=clock.now(),
        request_id=request.request_id,
    )
    return HTTPResponse(b"", 204, _state(upload))


async def _cancel(request: Request, reader: StaffReader, upload_id: str) -> HTTPResponse:
    await uploads.cancel(files=request.app.ctx.files, upload_id=upload_id, staff_id=reader.staff_id, at=clock.now())
    return HTTPResponse(b"", 204)


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    stream: Any = request.stream
    while True:
        try:
            async with asyncio.timeout(SILENT_S):
                piece = await stream.read()
        except TimeoutError:
            raise Unavailable("The line was silent for too long.") from None
        if piece is None:
            return
        yield piece


def _state(upload: Upload) -> dict[str, str]:
    return {
        "upload-offset": str(upload.received),
        "upload-expires": format_datetime(upload.expires_at, usegmt=True),
    }


def _number(request: Request, name: str) -> int:
    given = request.headers.get(name.lower(), "")
    if not _WHOLE.match(given):
        raise Malformed(f"{name} must be a whole number.", field=name)
    return int(given)


def _id(text: str) -> int | None:
    return int(text) if _WHOLE.match(text) and text != "0" else None


def _metadata(text: str) -> dict[str, str]:
    """Read names and values, each value in base64: ``filename w6lhLmpwZw==,kind aW1hZ2U=``."""
    if len(text) > MOST_METADATA:
        raise Malformed("The metadata are too long.", field="Upload-Metadata")
    values: dict[str, str] = {}
    for pair in filter(None, map(str.strip, text.split(","))):
        name, _, value = pair.partition(" ")
        try:
            values[name] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise Malformed("The metadata cannot be read.", field="Upload-Metadata") from None
        check_text(values[name], "Upload-Metadata")
    return values


def _checksum(text: str | None) -> Checksum | None:
    if text is None:
        return None
    name, _, given = text.partition(" ")
    try:
        digest = base64.b64decode(given.strip(), validate=True)
    except binascii.Error:
        digest = b""
    if name not in DIGESTS or not digest:
        raise Malformed(f"A checksum is one of {', '.join(DIGESTS)} in base64.", field="Upload-Checksum")
    return Checksum(name, digest)
