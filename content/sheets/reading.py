"""Reading sheets: what somebody sent, as rows of cells.

The rule: what a file is its bytes tell, and not its name. A workbook is opened in a process of its own, so that a
hostile one can break nothing and a large one keeps nobody waiting; text with columns is read in a thread.
"""

import asyncio
import re
import sys
from pathlib import Path
from typing import Final

import msgspec

from content.sheets import csv_text, grids
from content.sheets.csv_text import Known
from content.sheets.grids import MOST_BYTES, Grid, SheetBroken, SheetLocked, SheetTooLarge, SheetUnknown
from content.sheets.opening import Opened
from content.sheets.writing import NOTES
from server.core.errors import Refusal

OPENING_S: Final = 60.0
_OLD: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NO_TEXT: Final = re.compile(
    rb"%PDF-|\x89PNG|\xff\xd8\xff|GIF8|RIFF|ID3|<\?xml|<!DOCTYPE|<html|Rar!|7z\xbc\xaf|\x1f\x8b", re.I
)

_REFUSALS: Final[dict[str, type[Refusal]]] = {
    kind.code: kind
    for kind in vars(grids).values()
    if isinstance(kind, type) and issubclass(kind, Refusal) and kind.__module__ == grids.__name__
}
# Each opening takes a process and much of its memory.
_opening = asyncio.Semaphore(2)


async def read(data: bytes, *, known: Known) -> list[Grid]:
    """Read the sheets of a file that can be seen; that of our own notes is left out.

    :param known: whether a heading is one of the house's.
    :raises SheetUnknown: if it is neither a workbook nor text; also the other refusals of `content.sheets.grids`.
    """
    if len(data) > MOST_BYTES:
        raise SheetTooLarge("文件最大 20 MB。")
    if data.startswith(_OLD):
        raise SheetLocked()
    if data.startswith(b"PK"):
        async with _opening:
            found = await _opened(data)
        return [grid for grid in found if grid.name != NOTES]
    if _NO_TEXT.match(data.lstrip()[:16]):
        raise SheetUnknown()
    return await asyncio.to_thread(csv_text.read, data, known=known)


async def _opened(data: bytes) -> list[Grid]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "content.sheets.opening",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
    )
    try:
        answer, _ = await asyncio.wait_for(process.communicate(data), OPENING_S)
    except (TimeoutError, BrokenPipeError, ConnectionResetError):
        raise SheetBroken() from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise SheetBroken()
    said = await asyncio.to_thread(msgspec.json.decode, answer, type=Opened)
    if said.refused:
        raise _REFUSALS[said.refused](said.detail)
    return said.grids
