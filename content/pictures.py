"""The pictures of items as readers get them: by addresses that say how they are drawn, signed at publishing.

The rule: an address names the item, the file, its bytes and the spec, and is signed, so that nobody has the house draw
what no page of it shows. Other bytes, or another point to keep, get another address, so that one may be kept for long;
the picture of an item that is not live is not given out.
"""

import base64
import hmac
import re
import secrets
from typing import Final

from msgspec import Struct

from server.core.db import connection

_NAME: Final = re.compile(
    r"^(?P<drawn>(?P<asset>[1-9]\d{0,18})-(?P<hash>[0-9a-f]{16})-(?P<spec>[0-9a-z]{4,30}))"
    r"-(?P<mark>[0-9A-Za-z_-]{16})\.(?P<suffix>[a-z]{3,4})$(?!\n)"
)
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

    ``square`` and ``share`` are cut around the point that matters: 1:1 at 375 pixels, and 5:4 at 500 pixels as a card
    that is shared wants it. The addresses are paths of this interface and give WebP; ending in ``.jpg`` instead they
    give JPEG.
    """

    alt: str = ""
    width: int | None = None
    height: int | None = None
    small: str = ""
    medium: str = ""
    large: str = ""
    square: str = ""
    share: str = ""


class Picture(Struct, frozen=True):
    """An image of the library, as far as its addresses need it."""

    asset_id: int
    sha256: str
    focus_x: int = 50
    focus_y: int = 50


async def key() -> bytes:
    """Give the key that signs specs; it is made when it is first needed, and the same for all of the house."""
    made: bytes | None = await connection().value("SELECT key FROM picture_key WHERE id = 1")
    while made is None:
        await connection().execute(
            "INSERT INTO picture_key (id, key) VALUES (1, $1) ON CONFLICT DO NOTHING", secrets.token_bytes(32)
        )
        made = await connection().value("SELECT key FROM picture_key WHERE id = 1")
    return made


def addresses(key: bytes, *, item_id: int, picture: Picture) -> dict[str, str]:
    """Write the addresses of a picture at an item, by the names of `Cover`."""
    x, y = picture.focus_x, picture.focus_y
    specs = {name: Spec(width) for name, width in WIDTHS.items()}
    specs |= {"square": Spec(375, 375, x, y), "share": Spec(500, 400, x, y)}
    return {name: address(key, item_id=item_id, picture=picture, spec=spec) for name, spec in specs.items()}


def address(key: bytes, *, item_id: int, picture: Picture, spec: Spec) -> str:
    """Write the address under which a picture at an item is drawn by a spec."""
    drawn = f"{picture.asset_id}-{picture.sha256[:16]}-{spec.name}"
    return f"/media/pictures/{item_id}/{drawn}-{_mark(key, item_id, drawn)}.webp"


class Asked(Struct, frozen=True):
    """A picture that is asked for: the file, the beginning of its hash, how, and in which format."""

    asset_id: int
    hash: str
    spec: Spec
    suffix: str


def asked(key: bytes, *, item_id: int, name: str) -> Asked | None:
    """Read the last part of an address; None where it was not written here."""
    match = _NAME.match(name)
    if match is None or not hmac.compare_digest(_mark(key, item_id, match["drawn"]), match["mark"]):
        return None
    spec = Spec.read(match["spec"])
    return Asked(int(match["asset"]), match["hash"], spec, match["suffix"]) if spec else None


def _mark(key: bytes, item_id: int, drawn: str) -> str:
    digest = hmac.digest(key, f"{item_id}/{drawn}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest[:12]).decode()
