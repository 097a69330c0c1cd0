"""The pictures of items as readers get them: addresses in three widths, made when the item is published.

The rule: an address names the item, the file and its bytes; other bytes get another address, so that it may be kept for
long, and the picture of an item that is not live is not given out.
"""

import re
from typing import Final

from msgspec import Struct

_SPEC: Final = re.compile(r"^w(\d{2,4})(?:h(\d{2,4})x(\d{1,3})y(\d{1,3}))?q(\d{1,3})$(?!\n)")

WIDTHS: Final = {"small": 375, "medium": 750, "large": 1125}


class Spec(Struct, frozen=True):
    """How an image is drawn: how wide and, where it is cut, how high, around which point, and how finely.

    ``x`` and ``y`` are hundredths of the width and height from the left and from the top: the point that a cut keeps.
    A small image is not blown up.
    """

    width: int
    height: int | None = None
    x: int = 50
    y: int = 50
    quality: int = 80

    @property
    def name(self) -> str:
        cut = f"h{self.height}x{self.x}y{self.y}" if self.height is not None else ""
        return f"w{self.width}{cut}q{self.quality}"

    @classmethod
    def read(cls, name: str) -> "Spec | None":
        """Read the name of a spec; None where it is none."""
        match = _SPEC.match(name)
        if match is None:
            return None
        width, height, x, y, quality = (int(part) if part else None for part in match.groups())
        spec = cls(width or 0, height, x if x is not None else 50, y if y is not None else 50, quality or 0)
        return spec if spec.name == name and max(spec.x, spec.y, spec.quality) <= 100 else None

    def box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Give the part of an image of this size that is shown: left, top, right, bottom."""
        if self.height is None:
            return 0, 0, width, height
        shown_width = min(width, max(1, round(height * self.width / self.height)))
        shown_height = min(height, max(1, round(width * self.height / self.width)))
        left = min(max(round(width * self.x / 100 - shown_width / 2), 0), width - shown_width)
        top = min(max(round(height * self.y / 100 - shown_height / 2), 0), height - shown_height)
        return left, top, left + shown_width, top + shown_height

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Give the width and height in which an image of this size is drawn."""
        left, top, right, bottom = self.box(width, height)
        across = min(self.width, right - left)
        return across, max(1, round((bottom - top) * across / (right - left)))


class Cover(Struct, frozen=True, kw_only=True):
    """A picture and what it shows; ``small``, ``medium`` and ``large`` are its addresses at 375, 750 and 1125 pixels.

    The addresses are paths of this interface and give WebP; ending in ``.jpg`` instead they give JPEG.
    """

    alt: str = ""
    width: int | None = None
    height: int | None = None
    small: str = ""
    medium: str = ""
    large: str = ""


def addresses(*, item_id: int, asset_id: int, sha256: str) -> dict[str, str]:
    """Write the addresses of a picture at an item, by the names of their widths."""
    return {name: f"/media/covers/{item_id}/{asset_id}-{sha256[:16]}-{width}.webp" for name, width in WIDTHS.items()}
