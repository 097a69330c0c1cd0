"""What a visitor without WeChat does by hand: answering a prompt, pressing the phone-number button; for trying only.

The rule: it only moves the stand-in. What follows from it in the house is told to the house by the client, as from a
real phone. In production mode, and without demo sign-ins, these doors are not there.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct
from sanic import Blueprint, Request

from cdp import accounts, demo
from cdp.accounts import AccountGone
from cdp.demo import DemoUserMissing
from server.core.roles import DOCTORS, PATIENTS, Audience, Reader
from server.doors.portal import NoDemo
from server.web.operation import operation
from server.web.replies import Done

TemplateId = Annotated[str, Meta(min_length=1, max_length=64)]


class PromptAnswer(Struct, frozen=True):
    """What is answered to a prompt, for each template."""

    results: Annotated[dict[TemplateId, Literal["accept", "reject"]], Meta(min_length=1, max_length=5)]


class PhoneButton(Struct, frozen=True):
    """The code that the phone-number button gives; it works once."""

    code: str


def blueprint(audience: Audience) -> Blueprint:
    """Make the doors of a portal."""
    doors = Blueprint(f"demo_{audience}", url_prefix=f"/api/{audience}/demo")
    roles = DOCTORS if audience is Audience.DOCTOR else PATIENTS

    @doors.post("/prompts")
    @operation(
        "Answer a prompt for subscriptions in the WeChat stand-in; only for trying",
        body=PromptAnswer,
        reply=Done,
        roles=roles,
        refuses=(NoDemo, DemoUserMissing, AccountGone),
        tags=("demo",),
    )
    async def prompts(request: Request, reader: Reader, body: PromptAnswer) -> Done:
        base_url, app_id, user = await _person(request, reader)
        await demo.answer_prompt(base_url=base_url, app_id=app_id, user=user, results=body.results)
        return Done()

    @doors.post("/phone-code")
    @operation(
        "Press the phone-number button in the WeChat stand-in; only for trying",
        reply=PhoneButton,
        roles=roles,
        refuses=(NoDemo, DemoUserMissing, AccountGone),
        tags=("demo",),
    )
    async def phone_code(request: Request, reader: Reader) -> PhoneButton:
        base_url, app_id, user = await _person(request, reader)
        return PhoneButton(await demo.phone_code(base_url=base_url, app_id=app_id, user=user))

    return doors


async def _person(request: Request, reader: Reader) -> tuple[str, str, str]:
    """Give the stand-in's address, the mini-program, and who signed in is there."""
    ctx = request.app.ctx
    if not ctx.settings.demo or ctx.settings.production:
        raise NoDemo()
    address = await accounts.address_of(sealer=ctx.sealer, account_id=reader.account_id)
    base_url = str(ctx.settings.wechat_url)
    user = await demo.person(base_url=base_url, app_id=address.app_id, openid=address.openid)
    return base_url, address.app_id, user
