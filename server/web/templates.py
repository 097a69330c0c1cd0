"""Templates: Jinja with everything escaped, dates in Asia/Shanghai, and the addresses of files with their version.

The rule: a template decides how something looks and nothing else. Names that it does not get are an error and not an
empty place.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from jinja2.ext import i18n
from markupsafe import Markup
from sanic import Request

from server.core.clock import SHANGHAI
from server.web.languages import LANGUAGES, SOURCE, translations

STATIC = Path(__file__).parent / "static"
ICONS = "vendor/icons/icons.svg"
WEEKDAYS = "一二三四五六日"


class Templates:
    """The templates of the areas of the house (``admin``, ``h5``), in every language."""

    def __init__(self, folders: Mapping[str, Path], **names: Any) -> None:
        """Open the folders, one an area; ``names`` are known to all templates."""
        loader = PrefixLoader({area: FileSystemLoader(folder) for area, folder in folders.items()})
        self.areas = frozenset(folders)
        self._environments = {language: self._environment(loader, language, names) for language in LANGUAGES}

    def render(self, name: str, /, *, language: str = SOURCE, **values: Any) -> str:
        """Write a page or a part of one."""
        return self._environments[language].get_template(name).render(**values)

    def _environment(self, loader: PrefixLoader, language: str, names: Mapping[str, Any]) -> Environment:
        environment = Environment(
            loader=loader,
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[i18n],
        )
        environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]  # added by the extension
        environment.globals.update(
            names,
            language=language,
            languages=LANGUAGES,
            static=static_address,
            icon=icon,
            is_chinese=language == SOURCE,
        )
        environment.tests["shared_with"] = lambda one, other: bool(one & other)
        environment.filters.update(
            day=day_text,
            time=time_text,
            clock=clock_text,
            size=size_text,
            month=lambda value: month_text(value, language),
            weekday=lambda value: weekday_text(value, language),
            local=local_value,
            written=json_text,
            address_with=address_with,
        )
        return environment


def day_text(value: datetime | date | None) -> str:
    """Write a day, as 2026-11-22."""
    if value is None:
        return ""
    return f"{value.astimezone(SHANGHAI) if isinstance(value, datetime) else value:%Y-%m-%d}"


def time_text(value: datetime | None, *, seconds: bool = False) -> str:
    """Write an instant as it is in Shanghai, 2026-11-22 16:30."""
    if value is None:
        return ""
    return value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def local_value(value: datetime | None) -> str:
    """Write an instant for an input of type datetime-local, in the time of Shanghai."""
    return "" if value is None else f"{value.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}"


def clock_text(seconds: float | None) -> str:
    """Write a length of time, as 12:05 or 1:02:05."""
    if seconds is None:
        return ""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def size_text(count: int | None) -> str:
    """Write a number of bytes, as 1.5 MB."""
    if count is None:
        return ""
    size = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError


def month_text(value: date, language: str) -> str:
    """Write a month, as 2026年11月 or November 2026."""
    return f"{value.year}年{value.month}月" if language == SOURCE else format_date(value, "MMMM y", locale=language)


def weekday_text(value: date, language: str) -> str:
    """Write the day of the week, as 周日 or Sun."""
    return f"周{WEEKDAYS[value.weekday()]}" if language == SOURCE else format_date(value, "EEE", locale=language)


def json_text(value: Any) -> str:
    """Write a value of JSON for reading."""
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)


def address_with(request: Request, **values: object) -> str:
    """Give the address of this page with some parts of its query replaced; None takes a part away."""
    asked = {name: given[-1] for name, given in request.args.items()}
    asked.update({name: str(value) for name, value in values.items()})
    kept = {name: value for name, value in asked.items() if values.get(name, "") is not None}
    return f"{request.path}?{urlencode(kept)}" if kept else request.path


def static_address(path: str) -> str:
    """Give the address of a file of the pages, with its version, so that a browser may keep it."""
    found = STATIC / path
    try:
        return f"/static/{path}?v={_version(found, found.stat().st_mtime_ns)}"
    except FileNotFoundError:
        return f"/static/{path}"


@lru_cache(maxsize=256)
def _version(path: Path, mtime_ns: int) -> str:
    return hashlib.blake2b(path.read_bytes(), digest_size=6).hexdigest()


@lru_cache(maxsize=256)
def icon(name: str) -> Markup:
    """Draw an icon of the set (``deploy/icons.txt``); it says nothing to a screen reader, the words stand beside it."""
    return Markup('<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>').format(
        static_address(ICONS), name
    )
