"""The demo doctors: people of the stand-in who have signed in and agreed to the demo texts.

The rule: an account is made as a sign-in would make it, and one that is there is not made again.
"""

from datetime import datetime, timedelta
from typing import Final

from cdp import accounts, consent
from cdp.consent import Purpose
from cdp.sessions import Issuer
from server.core.roles import Audience, Reader, Role
from server.core.wechat import LoginSession
from server.demo.consent_texts import VERSION
from server.sandbox import demo
from server.sandbox.world import World

PURPOSES: Final[tuple[Purpose, ...]] = ("service", "analytics")
BEGAN: Final = timedelta(days=45)


async def doctor(issuer: Issuer, user: str, *, at: datetime, purposes: tuple[Purpose, ...] = PURPOSES) -> Reader:
    """Give the account of a person of the stand-in, made and agreed if need be."""
    world, began = World(), at - BEGAN
    openid = world.openid(demo.DOCTOR_APPID, user)
    account_id = await accounts.find(sealer=issuer.sealer, app_id=demo.DOCTOR_APPID, openid=openid)
    if not account_id:
        app = next(app for app in demo.demo_apps() if app.appid == demo.DOCTOR_APPID)
        shown = LoginSession(openid, "", world.unionid(app, user))
        pair = await accounts.admit(
            issuer=issuer, app_id=demo.DOCTOR_APPID, audience=Audience.DOCTOR, shown=shown, at=began
        )
        account_id = pair.account_id
    agreed = (await consent.purposes_of(account_id=account_id))[1]
    for purpose in purposes:
        if purpose not in agreed:
            await consent.grant(account_id=account_id, purpose=purpose, version=VERSION, at=began)
    return Reader(
        account_id=account_id,
        roles=frozenset({Role.DOCTOR}),
        app_id=demo.DOCTOR_APPID,
        audience=Audience.DOCTOR,
        consented=frozenset(purposes),
    )
