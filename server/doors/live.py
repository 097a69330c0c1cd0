"""The door behind the gate of a broadcast: a short-lived address leads on to the stream, as long as it may be had.

The rule: the answer is a redirection that no page of ours shows and nobody else keeps; where it leads to is signed for
a short time by the live service's own rule.
"""

from sanic import Blueprint, HTTPResponse, Request

from content import live_gate
from content.broadcast import NotOnAir, RegistrationNeeded
from content.streams import Streams
from server.core import clock
from server.core.signing import AddressBroken, AddressExpired, Signer
from server.web.operation import operation
from server.web.replies import Done

blueprint = Blueprint("live", url_prefix="/live")


@blueprint.get("/<token:str>")
@operation(
    "On to the stream, by its short-lived address",
    reply=Done,
    public=True,
    status=302,
    refuses=(AddressBroken, AddressExpired, NotOnAir, RegistrationNeeded),
    tags=("live",),
    headers={"Location": "Where the stream is had for now (HLS)."},
)
async def stream(request: Request, token: str) -> HTTPResponse:
    ctx = request.app.ctx
    signer: Signer = ctx.live_signer
    streams: Streams = ctx.streams
    at = clock.now()
    name = await live_gate.stream_of(signer, token, at=at)
    headers = {"location": streams.address_of(name, at=at), "cache-control": "private, no-store"}
    return HTTPResponse(b"", 302, headers)
