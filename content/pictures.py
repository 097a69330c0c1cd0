"""The pictures of items as readers get them: addresses in three widths, made when the item is published.

The rule: an address names the item, the file and its bytes; other bytes get another address, so that it may be kept for
long, and the picture of an item that is not live is not given out.
"""

from typing import Final

from msgspec import Struct

WIDTHS: Final = {"small": 375, "medium": 750, "large": 1125}


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
