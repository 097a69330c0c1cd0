"""Images in the widths and cuts that readers need, and the clearing of files that nobody knows any more.

The rule: a rendition is drawn when it is first asked for, once however many ask, off the loop, and kept; what is not
asked for any more is cleared and drawn again should somebody ask.
"""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from PIL import Image

from content.pictures import WIDTHS, Spec
from server.core.db import connection
from server.core.images import FileUnknown, drawing, on_white
from server.core.once import Once
from server.core.storage import ORIGINALS, Files

FORMATS: Final = {"webp": "image/webp", "jpg": "image/jpeg"}
SHELF: Final = "renditions"
# Of an image that takes long to read, a smaller drawing is kept from which all that readers get can be drawn.
MASTER: Final = "master.webp"
MASTER_SIDE: Final = max(WIDTHS.values())
WORTH_IT: Final = 0.7
GRACE: Final = timedelta(days=1)
UNUSED: Final = timedelta(days=30)
WITHDRAWN: Final = timedelta(days=30)
CLEAR_EVERY_S: Final = 6 * 3600.0

_under_way: Once[bytes] = Once()


async def rendition(*, files: Files, sha256: str, spec: Spec, suffix: str) -> bytes:
    """Give an image as a spec says, in a format (`FORMATS`).

    :raises FileUnknown: if it is not drawn in this format.
    :raises FileNotFoundError: if the bytes of the image are lost.
    """
    if suffix not in FORMATS:
        raise FileUnknown()
    name = f"{sha256}-{spec.name}.{suffix}"
    try:
        return await files.load(name, shelf=SHELF)
    except FileNotFoundError:
        return await _under_way.of((id(files), name), lambda: _draw(files, sha256, spec, suffix, name))


async def prepare(*, files: Files, sha256: str, media_type: str) -> None:
    """Make the first rendition of a large image as quick as the next; call it when the image is taken in.

    A JPEG is read at an eighth of its size and needs nothing; PNG and WebP have to be read whole each time.
    """
    if media_type == "image/jpeg":
        return
    aside = await asyncio.to_thread(files.aside)
    try:
        async with files.at_hand(sha256) as path, drawing:
            drawn = await asyncio.to_thread(_draw_master, path, aside)
        if drawn:
            await files.keep(aside, f"{sha256}-{MASTER}", shelf=SHELF)
    finally:
        aside.unlink(missing_ok=True)


def _draw_master(path: Path, place: Path) -> bool:
    with Image.open(path, formats=["PNG", "WEBP"]) as image:
        share = MASTER_SIDE / min(image.size)
        if share > WORTH_IT:
            return False
        width, height = (max(MASTER_SIDE, round(side * share)) for side in image.size)
        drawn = image.convert("RGBA" if image.has_transparency_data else "RGB")
    drawn = drawn.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
    drawn.save(place, format="WEBP", quality=95, method=2)
    return True


async def _draw(files: Files, sha256: str, spec: Spec, suffix: str, name: str) -> bytes:
    aside = await asyncio.to_thread(files.aside)
    try:
        # Both sides of a smaller drawing are at least as long as those of what is drawn from it.
        small = max(spec.width, spec.height or 0) <= MASTER_SIDE
        found = small and await files.is_kept(f"{sha256}-{MASTER}", shelf=SHELF)
        source = (f"{sha256}-{MASTER}", SHELF) if found else (sha256, ORIGINALS)
        async with files.at_hand(source[0], shelf=source[1]) as path, drawing:
            await asyncio.to_thread(draw, path, aside, spec, suffix)
        await files.keep(aside, name, shelf=SHELF)
        return await asyncio.to_thread(aside.read_bytes)
    finally:
        aside.unlink(missing_ok=True)


def draw(path: Path, place: Path, spec: Spec, suffix: str) -> None:
    """Draw the image in a file into another as a spec says."""
    with Image.open(path, formats=["JPEG", "PNG", "WEBP"]) as image:
        left, top, right, bottom = spec.box(image.width, image.height)
        width, height = spec.size(image.width, image.height)
        # JPEG can be read at an eighth of its size, which saves most of the time; the cut is then as much smaller.
        whole = image.size
        image.draft("RGB", (whole[0] * width // (right - left), whole[1] * height // (bottom - top)))
        drawn = image.convert("RGBA" if image.has_transparency_data else "RGB")
    across, down = drawn.width / whole[0], drawn.height / whole[1]
    box = (left * across, top * down, min(right * across, drawn.width), min(bottom * down, drawn.height))
    drawn = drawn.resize((width, height), Image.Resampling.LANCZOS, box=box, reducing_gap=2.0)
    if suffix == "jpg":
        on_white(drawn).save(place, format="JPEG", quality=spec.quality, progressive=True)
    else:
        drawn.save(place, format="WEBP", quality=spec.quality, method=4)


async def clear_files(ctx: Any, at: datetime) -> None:
    """Remove, as a job, what uploads that were cut off left behind and the files that no row of the library names.

    Renditions go a month after they were drawn; those that are still asked for are drawn again. What shows a patient
    who has withdrawn, and is closed since, goes after a month; its row stays, so that the same bytes are known again.
    """
    files: Files = ctx.files
    await asyncio.to_thread(files.clear_leftovers)
    found: dict[str, list[tuple[str, str]]] = {}
    async for shelf, name in files.names(before=at - GRACE):
        found.setdefault(name[:64], []).append((shelf, name))
    # What a file was before is kept with it; what a patient does not agree to any more is not kept for long.
    rows = await connection().fetch(
        "SELECT a.sha256 FROM (SELECT sha256, consent_id FROM asset UNION ALL SELECT v.sha256, b.consent_id "
        "FROM asset_version v JOIN asset b ON b.id = v.asset_id) AS a "
        "LEFT JOIN filmed_consent c ON c.id = a.consent_id "
        "WHERE a.sha256 = ANY($1::text[]) AND (c.withdrawn_at IS NULL OR c.withdrawn_at > $2)",
        sorted(found),
        at - WITHDRAWN,
    )
    known = {row["sha256"] for row in rows}
    for sha256, names in found.items():
        for shelf, name in names:
            if sha256 not in known:
                await files.remove(name, shelf=shelf, before=at - GRACE)
            elif shelf == SHELF and not name.endswith(MASTER):
                await files.remove(name, shelf=shelf, before=at - UNUSED)
