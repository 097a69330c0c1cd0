"""The description of the interface: the OpenAPI document and a page to read and try it."""

import json
from typing import Any

from sanic import Blueprint, HTTPResponse, Request, html

from server.web.openapi import document
from server.web.operation import operation
from server.web.replies import etag_of, tagged

blueprint = Blueprint("interface")


@blueprint.get("/openapi.json")
@operation("This document", reply=dict[str, Any], public=True, cached=True, tags=("house",))
async def openapi(request: Request) -> HTTPResponse:
    ctx = request.app.ctx
    if not hasattr(ctx, "openapi"):
        body = json.dumps(document(request.app), ensure_ascii=False).encode()
        ctx.openapi = (body, etag_of(body))
    return tagged(request, *ctx.openapi)


PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Xinglin API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/static/vendor/swagger-ui/swagger-ui.css">
<div id="swagger-ui"></div>
<script src="/static/vendor/swagger-ui/swagger-ui-bundle.js"></script>
<script src="/static/house/docs.js"></script></html>"""


@blueprint.get("/docs")
async def docs(request: Request) -> HTTPResponse:
    return html(
        PAGE,
        headers={
            "content-security-policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
        },
    )
