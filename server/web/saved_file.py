"""A file to be saved under its name (RFC 6266), which may be Chinese."""

from urllib.parse import quote

from sanic import HTTPResponse


def saved(data: bytes, *, name: str, media_type: str) -> HTTPResponse:
    """Give a file to be saved; browsers that know no Chinese names save it as ``file`` with its suffix."""
    plain = f"file.{name.rpartition('.')[2]}"
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return HTTPResponse(data, 200, {"content-disposition": disposition}, media_type)
