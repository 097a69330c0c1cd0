"""Images in the widths that readers need, and the clearing of files that nobody knows any more.

The rule: a rendition is drawn when it is first asked for, off the loop, in one of few widths and formats, and kept.
"""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from PIL import Image

from content.pictures import WIDTHS
from server.core.db import connection
from server.core.images import FileUnknown, drawing, on_white
from server.core.storage import Files

FORMATS: Final = {"webp": "image/webp", "jpg": "image/jpeg"}
GRACE: Final = timedelta(days=1)
CLEAR_EVERY_S: Final = 6 * 3600.0


async def rendition(*, files: Files, sha256: str, width: int, suffix: str) -> Path:
    """Give an image in a width and format (`content.pictures.WIDTHS`, `FORMATS`), drawn when it is first asked for.

    :raises FileUnknown: if it is not drawn in this width or format.
    """
    if width not in WIDTHS.values() or suffix not in FORMATS:
        raise FileUnknown()
    name = f"{sha256}-{width}.{suffix}"
    place = files.path_of(name, shelf="renditions")
    if not await asyncio.to_thread(place.exists):
        async with drawing:
            aside = await asyncio.to_thread(_draw, files, sha256, width, suffix)
        await files.keep(aside, name, shelf="renditions")
    return place


def _draw(files: Files, sha256: str, width: int, suffix: str) -> Path:
    aside = files.aside()
    with Image.open(files.path_of(sha256), formats=["JPEG", "PNG", "WEBP"]) as image:
        # JPEG can be read at an eighth of its size, which saves most of the time.
        image.draft("RGB", (width, width * image.height // max(image.width, 1)))
        drawn = image.convert("RGBA" if image.has_transparency_data else "RGB")
        if drawn.width > width:
            drawn = drawn.resize((width, max(1, round(drawn.height * width / drawn.width))), Image.Resampling.LANCZOS)
        if suffix == "jpg":
            on_white(drawn).save(aside, format="JPEG", quality=82, progressive=True)
        else:
            drawn.save(aside, format="WEBP", quality=80, method=4)
    return aside


async def clear_files(ctx: Any, at: datetime) -> None:
    """Remove, as a job, what uploads that were cut off left behind and the files that no row of the library names."""
    files: Files = ctx.files
    await asyncio.to_thread(files.clear_leftovers)
    found = await asyncio.to_thread(files.names, before=at - GRACE)
    hashes = sorted({name[:64] for _, name in found})
    rows = await connection().fetch("SELECT DISTINCT sha256 FROM asset WHERE sha256 = ANY($1::text[])", hashes)
    known = {row["sha256"] for row in rows}
    for shelf, name in found:
        if name[:64] not in known:
            await asyncio.to_thread(files.path_of(name, shelf=shelf).unlink, missing_ok=True)
