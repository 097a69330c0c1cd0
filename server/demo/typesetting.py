"""Chinese text on the demo pictures: the font, and where lines may break.

The rule (避头尾): no line begins with a closing sign and none ends with an opening one; a word of Latin letters or
figures is not torn apart. Of the ways that need the fewest lines the most even one is taken, best after a comma and
between two words.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Final

import rjieba
from PIL import ImageFont

_VENDOR: Final = Path(__file__).parent.parent / "web" / "static" / "vendor" / "fonts"
_SYSTEM: Final = Path("/usr/share/fonts")
_FILES: Final = {
    False: ("NotoSansSC_400Regular.ttf", "NotoSansCJK-Regular.ttc", "NotoSansSC-Regular.otf", "wqy-microhei.ttc"),
    True: ("NotoSansSC_700Bold.ttf", "NotoSansCJK-Bold.ttc", "NotoSansSC-Bold.otf", "wqy-microhei.ttc"),
}
# In the collections of Noto Sans CJK the faces are in the order JP, KR, SC.
_SIMPLIFIED: Final = 2

NOT_FIRST: Final = frozenset("、，。！？；：”’』」）】》〉…—·％℃,.!?;:)]}%")
NOT_LAST: Final = frozenset("（“‘「『《【〈([{")
_PIECE: Final = re.compile(r"[A-Za-z0-9]+|\s+|.", re.DOTALL)
_COMMA: Final = 0.35
_TORN: Final = 0.6


class FontMissing(Exception):
    """No font with Chinese characters is at hand; the message says where one is expected."""


@lru_cache(maxsize=64)
def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Open the font of the pages, or one of the system's.

    :raises FontMissing: if there is neither.
    """
    path = _font_file(bold)
    return ImageFont.truetype(path, size, index=_SIMPLIFIED if path.name.startswith("NotoSansCJK") else 0)


@lru_cache(maxsize=2)
def _font_file(bold: bool) -> Path:
    for name in _FILES[bold]:
        if (_VENDOR / name).is_file():
            return _VENDOR / name
        found = sorted(_SYSTEM.rglob(name)) if _SYSTEM.is_dir() else []
        if found:
            return found[0]
    raise FontMissing(f"No Chinese font in {_VENDOR.name}/ or {_SYSTEM}: run `make` again, or install Noto Sans CJK.")


def wrap(text: str, *, most: float, width: Callable[[str], float]) -> list[str]:
    """Break a text into lines of at most ``most``, by the width that ``width`` gives; a single piece may be wider."""
    pieces = _pieces(text)
    if not pieces:
        return []
    ends = [0, *accumulate(len(piece) for piece in pieces)]
    borders = _borders(text)
    # best[n]: fewest lines for the first n pieces, how uneven they are, and where the last of them begins.
    best: list[tuple[int, float, int]] = [(0, 0.0, 0)]
    for end in range(1, len(pieces) + 1):
        ways = []
        for start in range(end - 1, -1, -1):
            line = "".join(pieces[start:end]).strip()
            taken = width(line)
            if taken > most and start < end - 1:
                break
            lines, uneven, _ = best[start]
            slack = 0.0 if end == len(pieces) and lines == 0 else max(0.0, 1 - taken / most) ** 2
            if end < len(pieces) and line[-1:] not in NOT_FIRST:
                slack += _COMMA if ends[end] in borders else _COMMA + _TORN
            ways.append((lines + 1, uneven + slack, start))
        best.append(min(ways))
    lines_found: list[str] = []
    end = len(pieces)
    while end:
        start = best[end][2]
        lines_found.insert(0, "".join(pieces[start:end]).strip())
        end = start
    return lines_found


@lru_cache(maxsize=1024)
def _borders(text: str) -> frozenset[int]:
    """Say after how many characters of a text a word ends."""
    return frozenset(accumulate(len(word) for word in rjieba.cut(text.strip())))


def _pieces(text: str) -> list[str]:
    """Cut a text where a line may break."""
    pieces: list[str] = []
    for match in _PIECE.finditer(text.strip()):
        piece = match[0]
        sticks = pieces and (piece[0] in NOT_FIRST or piece.isspace() or pieces[-1].rstrip()[-1] in NOT_LAST)
        if sticks:
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces
