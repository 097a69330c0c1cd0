"""The languages of the pages: what is written in the code and the templates is Chinese, the rest are catalogues.

The rule: the Chinese sentence itself is the key of the catalogue (``locale/<language>.po``), which is read and compiled
in memory when the pages are opened; a sentence that it lacks is shown in Chinese. A test keeps the catalogues complete.
"""

from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from sanic import Request

SOURCE = "zh-CN"
LOCALES = Path(__file__).parent / "locale"
LANGUAGES = {"zh-CN": "简体中文", "en": "English"}
COOKIE = "xinglin_language"


@lru_cache(maxsize=len(LANGUAGES))
def translations(language: str) -> NullTranslations:
    """Give the catalogue of a language; that of the source is empty."""
    if language == SOURCE:
        return NullTranslations()
    with (LOCALES / f"{language}.po").open("rb") as written:
        catalogue = read_po(written, locale=language.replace("-", "_"))
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def language_of(request: Request) -> str:
    """Tell the language of a request: that of the member of staff, else that of the cookie, else Chinese."""
    staff = getattr(request.ctx, "staff", None)
    chosen = staff.language if staff is not None else request.cookies.get(COOKIE)
    return chosen if chosen in LANGUAGES else SOURCE


def told(request: Request, sentence: str, **values: object) -> str:
    """Say a sentence in the language of the request, its ``%(name)s`` filled in."""
    translated = translations(language_of(request)).gettext(sentence) if sentence else ""
    return translated % values if values else translated


def marked(sentence: str) -> str:
    """Mark a sentence for the catalogues that is translated where it is shown."""
    return sentence
