"""The demo message templates: how the doctor app tells of episodes that begin or change, and of answered questions.

The rule: all are told by one template of WeChat, whose last field says which it is, so that a doctor accepts one
prompt and its credits go where they are needed most.
"""

from datetime import datetime
from typing import Final

from cdp import message_templates
from cdp.professional_decisions import DECIDED
from content import activity_notices, inquiries, reminders
from server.sandbox import demo

TITLE: Final = "节目动态提醒"
PLACES: Final = {"thing1": "title", "time2": "starts", "thing3": "note"}
REVIEWED: Final = "审核结果通知"
REVIEWED_PLACES: Final = {"thing1": "matter", "phrase2": "result", "time3": "decided", "thing4": "note"}
KEYS: Final = (reminders.STARTS, reminders.MOVED, reminders.CANCELLED, *inquiries.NOTES, *activity_notices.KEYS)


async def seed(*, at: datetime) -> None:
    """Configure the templates that are missing."""
    known = {template.key for template in await message_templates.templates(app_id=demo.DOCTOR_APPID)}
    for key in KEYS:
        if key not in known:
            await message_templates.configure(
                app_id=demo.DOCTOR_APPID,
                key=key,
                template_id=demo.TEMPLATE_STARTS_SOON,
                title=TITLE,
                places=PLACES,
                actor="command",
                at=at,
            )
    if DECIDED not in known:
        await message_templates.configure(
            app_id=demo.DOCTOR_APPID,
            key=DECIDED,
            template_id=demo.TEMPLATE_REVIEWED,
            title=REVIEWED,
            places=REVIEWED_PLACES,
            actor="command",
            at=at,
        )
