"""Lay out the parts of the pages that other people wrote, from the npm packages that the lock file names.

The rule: the house serves every byte itself, so that a page needs no other address; only what is used is copied, each
part with its licence. Icons become one sprite of those that ``icons.txt`` names.
"""

import re
import shutil
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parent.parent
PACKAGES = ROOT / "node_modules"
VENDOR = ROOT / "server" / "web" / "static" / "vendor"

PARTS = {
    "htmx/htmx.min.js": "htmx.org/dist/htmx.min.js",
    "htmx/LICENSE": "htmx.org/LICENSE",
    "tabler/tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler/tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "icons/LICENSE": "@tabler/icons/LICENSE",
    "echarts/echarts.common.min.js": "echarts/dist/echarts.common.min.js",
    "echarts/LICENSE": "echarts/LICENSE",
    "hls/hls.light.min.js": "hls.js/dist/hls.light.min.js",
    "hls/LICENSE": "hls.js/LICENSE",
    "overtype/overtype.min.js": "overtype/dist/overtype.min.js",
    "overtype/LICENSE": "overtype/LICENSE",
    "sortable/Sortable.min.js": "sortablejs/Sortable.min.js",
    "sortable/LICENSE": "sortablejs/LICENSE",
    "tus/tus.min.js": "tus-js-client/dist/tus.min.js",
    "tus/LICENSE": "tus-js-client/LICENSE",
    "swagger-ui/swagger-ui.css": "swagger-ui-dist/swagger-ui.css",
    "swagger-ui/swagger-ui-bundle.js": "swagger-ui-dist/swagger-ui-bundle.js",
    "swagger-ui/LICENSE": "swagger-ui-dist/LICENSE",
    # Pillow draws Chinese covers with these on machines that have no Chinese font.
    "fonts/NotoSansSC_400Regular.ttf": "@expo-google-fonts/noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf",
    "fonts/NotoSansSC_700Bold.ttf": "@expo-google-fonts/noto-sans-sc/700Bold/NotoSansSC_700Bold.ttf",
    "fonts/LICENSE": "@expo-google-fonts/noto-sans-sc/LICENSE_FONT",
}

_SVG = "http://www.w3.org/2000/svg"
_SOURCE_MAP = re.compile(rb"(?m)^(//# sourceMappingURL=.*|/\*# sourceMappingURL=.*\*/)\n?")


def lay_out() -> None:
    """Copy the parts to a new folder, then put it in the place of the former one."""
    fresh = VENDOR.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for place, source in PARTS.items():
        target = fresh / place
        target.parent.mkdir(parents=True, exist_ok=True)
        content = (PACKAGES / source).read_bytes()
        # The maps stay behind, and a browser's tools would ask for them in vain.
        target.write_bytes(_SOURCE_MAP.sub(b"", content) if target.suffix in {".js", ".css"} else content)
    (fresh / "icons" / "icons.svg").write_bytes(_sprite())
    shutil.rmtree(VENDOR, ignore_errors=True)
    fresh.rename(VENDOR)


def _sprite() -> bytes:
    ElementTree.register_namespace("", _SVG)
    sprite = ElementTree.Element(f"{{{_SVG}}}svg")
    lines = (ROOT / "deploy" / "icons.txt").read_text(encoding="utf-8").split("\n")
    for name in (line for line in lines if line and not line.startswith("#")):
        style = "filled" if name.endswith("-filled") else "outline"
        file = PACKAGES / "@tabler" / "icons" / "icons" / style / f"{name.removesuffix('-filled')}.svg"
        icon = ElementTree.parse(file).getroot()  # noqa: S314  the lock file names the package's hash
        symbol = ElementTree.SubElement(sprite, f"{{{_SVG}}}symbol", {"id": name, "viewBox": icon.attrib["viewBox"]})
        for attribute in ("fill", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin"):
            if attribute in icon.attrib:
                symbol.set(attribute, icon.attrib[attribute])
        # The first path of every icon is an unseen square of the icon's size.
        symbol.extend(path for path in icon if path.get("d") != "M0 0h24v24H0z")
    return ElementTree.tostring(sprite, encoding="utf-8")


if __name__ == "__main__":
    try:
        lay_out()
    except FileNotFoundError as fault:
        sys.exit(f"A front-end part is missing: {fault.filename}; `rm -r node_modules`, then `make` fetches them anew.")
