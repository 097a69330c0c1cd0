"""Keys for trying: made on the first start and kept in the house's folder, readable by its owner alone.

The rule: never in production, where the keys come from settings; a key that is lost makes what it sealed unreadable.
"""

import base64
import json
import os
from pathlib import Path

from server.core.settings import Settings

FILE = "keys.json"


def complete(settings: Settings) -> dict[str, str]:
    """Give the settings of the keys that are not set, as environment variables, making them on the first start."""
    wanted = {
        name: variable
        for name, variable in (("master_key", "XINGLIN_MASTER_KEY"), ("token_key", "XINGLIN_TOKEN_KEY"))
        if not getattr(settings, name)
    }
    if not wanted or settings.production:
        return {}
    kept = _read(settings.home / FILE)
    missing = [name for name in wanted if name not in kept]
    if missing:
        kept |= {name: base64.b64encode(os.urandom(32)).decode() for name in missing}
        _write(settings.home / FILE, kept)
    return {variable: kept[name] for name, variable in wanted.items()}


def _read(path: Path) -> dict[str, str]:
    try:
        return dict(json.loads(path.read_text("ascii")))
    except FileNotFoundError:
        return {}


def _write(path: Path, keys: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        json.dump(keys, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
