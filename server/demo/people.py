"""The demo mini-programs and texts of consent: what has to be there before anybody can sign in for trying."""

from datetime import datetime

from cdp import consent, mini_programs
from cdp.consent import TextPublished
from server.core.keys import Sealer
from server.core.roles import Audience
from server.demo.consent_texts import TEXTS, VERSION
from server.sandbox import demo

ACTOR = "command"


async def seed(*, sealer: Sealer, at: datetime) -> None:
    """Register the stand-in's mini-programs and publish the demo texts, where that has not been done."""
    known = {app.app_id for app in await mini_programs.listed()}
    apps = (
        (demo.DOCTOR_APPID, demo.DOCTOR_SECRET, Audience.DOCTOR, "杏林医生（演示）"),
        (demo.PATIENT_APPID, demo.PATIENT_SECRET, Audience.PATIENT, "杏林患者（演示）"),
    )
    for app_id, secret, audience, name in apps:
        if app_id not in known:
            await mini_programs.register(
                sealer=sealer,
                app_id=app_id,
                audience=audience,
                name=name,
                secret=secret,
                push_token=demo.PUSH_TOKEN,
                push_key=demo.PUSH_AES_KEY,
                actor=ACTOR,
                at=at,
            )
    for text in TEXTS:
        present = {there.purpose for there in await consent.texts(audience=text.audience)}
        if text.purpose in present:
            continue
        try:
            await consent.publish_text(
                audience=text.audience,
                purpose=text.purpose,
                version=VERSION,
                title=text.title,
                body=text.body,
                material=True,
                actor=ACTOR,
                at=at,
            )
        except TextPublished:
            # Somebody else who seeds at the same time was faster.
            continue
