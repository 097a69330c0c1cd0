"""Pictures taken from films, to stand for them until they play.

The rule: such a picture is an image of the library as any other; it shows whom the film shows, and is bound to the same
consent.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

from content import assets
from content.assets import Asset, Entry, WrongKind, plain_name
from content.inspection import AT_MOST, confined
from server.core.errors import Invalid
from server.core.images import FileBroken
from server.core.storage import Files


class SecondOutside(Invalid):
    """The second lies outside the film."""

    code = "poster_second_outside"
    title = "时间超出视频时长"


async def poster(
    *, files: Files, asset_id: int, second: float, staff_id: int, at: datetime, request_id: str = ""
) -> Asset:
    """Take the picture of a film at a second into the library.

    :raises AssetMissing: if there is no such file.
    :raises WrongKind: if it is no film.
    :raises SecondOutside: if it is shorter.
    :raises FileBroken: if its bytes are lost, or show nothing there.
    """
    film = await assets.asset_of(asset_id=asset_id)
    if film.kind != "video":
        raise WrongKind(wanted="video", found=film.kind)
    if not 0 <= second <= (film.seconds or 0):
        raise SecondOutside(field="second")
    try:
        async with files.at_hand(film.sha256) as path:
            data = await confined("content.still", str(path), f"{second:.3f}")
    except FileNotFoundError:
        raise FileBroken() from None
    stem = film.name.rsplit(".", 1)[0][:160]
    entry = Entry(
        name=plain_name(f"{stem} {int(second) // 60}'{second % 60:04.1f}.jpg"),
        wanted="image",
        folder_id=film.folder_id,
        derived_from=film.id,
        staff_id=staff_id,
        at=at,
        request_id=request_id,
    )
    incoming = await files.receive(_whole(data), at_most=AT_MOST["image"])
    try:
        return await assets.take_file(files=files, incoming=incoming, entry=entry)
    finally:
        await asyncio.to_thread(incoming.path.unlink, missing_ok=True)


async def _whole(data: bytes) -> AsyncIterator[bytes]:
    yield data
