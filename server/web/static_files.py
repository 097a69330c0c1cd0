"""The files of the pages: kept by browsers for good under a version, and asked for anew without one.

The rule: an address with ``?v=`` names certain bytes (`server.web.templates.static_address`) and is kept for a year.
Our scripts import each other without a version, so that a browser asks each time whether they have changed.
"""

from pathlib import Path
from typing import Final
from urllib.parse import unquote

from sanic import Blueprint, HTTPResponse, Request

from server.web.operation import NoSuchAddress

STATIC: Final = Path(__file__).parent / "static"
FOR_GOOD: Final = "public, max-age=31536000, immutable"
ASK_EACH_TIME: Final = "no-cache"

blueprint = Blueprint("static")
blueprint.static("/static", STATIC, name="files")


async def refuse_nul(request: Request) -> None:
    """Take an address with NUL in it for one of nothing; no file system could be asked for it."""
    if "\0" in unquote(request.path):
        raise NoSuchAddress()


async def say_how_long(request: Request, response: HTTPResponse) -> None:
    if response.status in {200, 206, 304}:
        response.headers["cache-control"] = FOR_GOOD if "v" in request.args else ASK_EACH_TIME
    response.headers.setdefault("x-content-type-options", "nosniff")


blueprint.middleware(refuse_nul, "request")
blueprint.middleware(say_how_long, "response")
