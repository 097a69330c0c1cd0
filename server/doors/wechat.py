"""The address that the WeChat platform pushes to, one for each mini-program.

The rule: whoever cannot prove that they are the platform gets 403 and changes nothing. A push is answered ``success``
when it is kept for good; if it cannot be kept, or has not been followed within `ANSWERED_WITHIN_S`, the answer is 503
and the platform sends it again.
"""

import asyncio
from typing import Annotated, Any

from msgspec import Meta, Struct
from sanic import Blueprint, HTTPResponse, Request, text

from cdp import pushes
from cdp.mini_programs import AppUnknown
from server.core import clock
from server.core.errors import TooLarge
from server.core.wechat_push import PushForged, PushMalformed, answer_url_check, open_push
from server.core.wechat_push_body import LARGEST_BODY
from server.web.operation import operation

ANSWERED_WITHIN_S = 4.0
"""The platform waits for five seconds."""

blueprint = Blueprint("wechat", url_prefix="/wechat")

# Together they fit into an address, whatever they are made of.
Text = Annotated[str, Meta(max_length=64)]
Echo = Annotated[str, Meta(max_length=128)]


class Signed(Struct, frozen=True):
    """What the platform signs a request with; an encrypted push has ``msg_signature`` beside it."""

    signature: Text = ""
    timestamp: Text = ""
    nonce: Text = ""
    msg_signature: Text = ""
    encrypt_type: Text = ""
    openid: Text = ""
    echostr: Echo = ""

    def as_given(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in self.__struct_fields__}


@blueprint.get("/<app_id:str>/push")
@operation(
    "Prove that this address is ours: the platform's check",
    reply=str,
    query=Signed,
    public=True,
    content_type="text/plain",
    refuses=(AppUnknown, PushForged, PushMalformed),
    tags=("wechat",),
)
async def check_address(request: Request, app_id: str, query: Signed) -> HTTPResponse:
    channel = await pushes.channel_of(sealer=request.app.ctx.sealer, app_id=app_id)
    return text(answer_url_check(query.as_given(), channel=channel, at=clock.now()))


@blueprint.post("/<app_id:str>/push")
@operation(
    "Take a push of the platform",
    reply=str,
    query=Signed,
    raw_body="application/json",
    public=True,
    content_type="text/plain",
    refuses=(AppUnknown, PushForged, PushMalformed, TooLarge),
    description="Plain or encrypted, JSON or XML, as it was agreed with the platform for the app. A repeat changes "
    "nothing.",
    tags=("wechat",),
)
async def take_push(request: Request, app_id: str, query: Signed) -> HTTPResponse:
    ctx: Any = request.app.ctx
    if len(request.body) > LARGEST_BODY:
        raise TooLarge("No push of the platform is as large as this.")
    at = clock.now()
    async with asyncio.timeout(ANSWERED_WITHIN_S):
        channel = await pushes.channel_of(sealer=ctx.sealer, app_id=app_id)
        push = open_push(request.body, query.as_given(), channel=channel, at=at)
        await pushes.receive(ctx, push, at=at)
    return text("success")
