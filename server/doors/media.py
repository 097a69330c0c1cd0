"""The doors of files: films and documents by signed addresses, with Range; covers by public ones.

The rule: nothing is given out for what its address says alone: the item must be live and the file open at this moment,
and for a long film this is asked again while it is sent. Nothing is run or guessed: the type is the one that was found
when the file was taken in.
"""

import asyncio
import re
from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final, cast
from urllib.parse import quote

import structlog
from sanic import Blueprint, HTTPResponse, Request
from sanic.exceptions import RequestCancelled

from content import access, media, pictures, renditions
from content.media import FileMissing, MediaFile, OpenFiles
from content.pictures import WIDTHS, Asked, Spec
from content.viewing import NotAired
from server.core import clock
from server.core.changes import Changes, Kept
from server.core.errors import Missing, Unavailable
from server.core.images import FileUnknown
from server.core.signing import AddressBroken, AddressExpired, Signer
from server.core.storage import Files
from server.web.byte_range import RangeOutside, part_of, still_whole
from server.web.operation import operation
from server.web.refusals import problem, status_of
from server.web.replies import matches

blueprint = Blueprint("media", url_prefix="/media")
log = structlog.get_logger()

COVER: Final = re.compile(
    r"^(?P<asset>[1-9]\d{0,18})-(?P<hash>[0-9a-f]{16})-(?P<width>\d{2,4})\.(?P<suffix>[a-z]{3,4})$(?!\n)"
)
COVER_AGE_S: Final = 30 * 24 * 3600
# What a browser must not do with a file, whatever it thinks that it is.
SAFE: Final = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "cross-origin",
}


class MediaDesk:
    """What the doors of files need of a process: the signer, the files, and what is known of the items' files.

    :param key: the 32 bytes that sign access tokens; addresses get a key derived from it.
    """

    def __init__(self, key: bytes, files: Files, changes: Changes) -> None:
        self.signer = Signer(key, media.PURPOSE)
        self.files = files
        self.items: Kept[OpenFiles] = Kept(changes)
        self.library: Kept[MediaFile] = Kept(changes)
        self.key: Kept[bytes] = Kept(changes)
        changes.tell("item", self.items, int)
        changes.tell("media", self.items)
        changes.tell("media", self.library)

    async def find(self, item_id: int, asset_id: int, *, at: datetime) -> MediaFile:
        """Give a file that may be given out now.

        :raises Missing: if it may not, or the item is gone.
        :raises NotAired: if its time has not come.
        """
        if item_id == media.NO_ITEM:
            return await self.library.of(asset_id, lambda: media.file_of_library(asset_id=asset_id))
        opened = await self.items.of(item_id, lambda: media.open_files(item_id=item_id))
        return media.pick(opened, asset_id, at=at)


@blueprint.head("/<token:str>", name="signed_head")
@blueprint.get("/<token:str>")
@operation(
    "A film or document by its signed address",
    reply=bytes,
    public=True,
    content_type="application/octet-stream",
    refuses=(AddressBroken, AddressExpired, FileMissing, NotAired, RangeOutside, *access.REFUSALS),
    cached=True,
    also={206: "The part that was asked for."},
    headers={"Accept-Ranges": "bytes", "Content-Range": "The part that is sent, of how many bytes (status 206)."},
    tags=("media",),
    description="Takes Range with one part of bytes, If-Range and If-None-Match.",
)
async def signed(request: Request, token: str) -> HTTPResponse | None:
    desk: MediaDesk = request.app.ctx.media
    item_id, asset_id = media.addressed(desk.signer, token, at=clock.now())
    file = await desk.find(item_id, asset_id, at=clock.now())
    etag = f'"{file.sha256[:32]}"'
    headers = {
        **SAFE,
        "etag": etag,
        "last-modified": format_datetime(file.created_at, usegmt=True),
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "content-disposition": _disposition(file),
    }
    if matches(request, etag):
        return HTTPResponse(b"", 304, headers)
    part = None
    if still_whole(request.headers.get("if-range"), etag=etag, changed_at=file.created_at):
        try:
            part = part_of(request.headers.get("range"), file.bytes)
        except RangeOutside as outside:
            return problem(
                request,
                status_of(RangeOutside),
                outside.code,
                outside.title,
                headers={"content-range": f"bytes */{file.bytes}"},
            )

    async def still() -> bool:
        try:
            return (await desk.find(item_id, asset_id, at=clock.now())).sha256 == file.sha256
        except (Missing, NotAired):
            return False

    if request.method == "HEAD":
        start, end = part or (0, file.bytes)
        told = {**headers, **_extent(file, part), "content-length": str(end - start)}
        return HTTPResponse(b"", 206 if part else 200, told, file.media_type)
    await _send(request, file, headers, part, still)
    return None


@blueprint.get("/pictures/<item_id:int>/<name:str>")
@operation(
    "A picture of a live item, drawn as its address says",
    reply=bytes,
    public=True,
    content_type="image/webp",
    refuses=(FileMissing, FileUnknown, *access.REFUSALS),
    cached=True,
    tags=("media",),
    description="The address is signed: only those that the interface gives out are drawn.",
)
async def picture(request: Request, item_id: int, name: str) -> HTTPResponse:
    desk: MediaDesk = request.app.ctx.media
    asked = pictures.asked(await desk.key.of(0, pictures.key), item_id=item_id, name=name)
    if asked is None:
        raise FileMissing()
    return await _drawn(request, item_id, asked)


@blueprint.get("/covers/<item_id:int>/<name:str>")
@operation(
    "A picture of a live item in one of three widths",
    reply=bytes,
    public=True,
    content_type="image/webp",
    refuses=(FileMissing, FileUnknown, *access.REFUSALS),
    cached=True,
    tags=("media",),
    description="Addresses of this form were given out before those of /media/pictures, and are good as long.",
)
async def cover(request: Request, item_id: int, name: str) -> HTTPResponse:
    match = COVER.match(name)
    if match is None or int(match["width"]) not in WIDTHS.values():
        raise FileMissing()
    spec = Spec(int(match["width"]))
    return await _drawn(request, item_id, Asked(int(match["asset"]), match["hash"], spec, match["suffix"]))


async def _drawn(request: Request, item_id: int, asked: Asked) -> HTTPResponse:
    """Give a picture that an item shows now; one of a patient is asked for anew each time, should they withdraw."""
    desk: MediaDesk = request.app.ctx.media
    file = await desk.find(item_id, asked.asset_id, at=clock.now())
    if not file.is_cover or not file.sha256.startswith(asked.hash):
        raise FileMissing()
    etag = f'"{file.sha256[:32]}-{asked.spec.name}-{asked.suffix}"'
    kept = "no-cache, private" if file.shows_patient else f"public, max-age={COVER_AGE_S}, immutable"
    headers = {**SAFE, "etag": etag, "cache-control": kept}
    if matches(request, etag):
        return HTTPResponse(b"", 304, headers)
    try:
        body = await renditions.rendition(files=desk.files, sha256=file.sha256, spec=asked.spec, suffix=asked.suffix)
    except FileNotFoundError:
        log.warning("file_lost", asset_id=file.asset_id, sha256=file.sha256)
        raise FileMissing() from None
    return HTTPResponse(body, 200, headers, renditions.FORMATS[asked.suffix])


def _extent(file: MediaFile, part: tuple[int, int] | None) -> dict[str, str]:
    """Say which part of the file is sent, where it is not the whole."""
    return {"content-range": f"bytes {part[0]}-{part[1] - 1}/{file.bytes}"} if part else {}


async def _send(
    request: Request,
    file: MediaFile,
    headers: dict[str, str],
    part: tuple[int, int] | None,
    still: Callable[[], Any],
) -> None:
    """Send a file or a part of it piece by piece; break off when it may not be given out any more."""
    start, end = part or (0, file.bytes)
    files: Files = request.app.ctx.media.files
    async with aclosing(files.read(file.sha256, start=start, length=end - start)) as pieces:
        try:
            # The first piece is there before anything is said of it.
            piece = await anext(pieces, b"")
        except FileNotFoundError:
            log.warning("file_lost", asset_id=file.asset_id, sha256=file.sha256)
            raise FileMissing() from None
        headers = {**headers, **_extent(file, part), "content-length": str(end - start)}
        response = await request.respond(status=206 if part else 200, headers=headers, content_type=file.media_type)
        left = end - start
        try:
            while piece and await still():
                await response.send(piece)
                left -= len(piece)
                piece = await anext(pieces, b"")
        except Unavailable:
            log.warning("file_cut", asset_id=file.asset_id, left=left)
        if left:
            # Whoever receives it must not take the part for the whole.
            cast("asyncio.Transport", request.transport).abort()
            raise RequestCancelled
    await response.eof()


def _disposition(file: MediaFile) -> str:
    """Let films play in their place and documents be saved under their name (RFC 6266)."""
    if file.media_type.startswith(("video/", "audio/", "image/")):
        return "inline"
    return f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
