"""The demo message templates: how the doctor app tells of episodes that begin, are moved or cancelled."""

from datetime import datetime
from typing import Final

from cdp import message_templates
from content import reminders
from server.sandbox import demo

_TEMPLATES: Final = (
    (
        reminders.STARTS,
        demo.TEMPLATE_STARTS_SOON,
        "节目开播提醒",
        {"thing1": "title", "time2": "starts", "thing3": "note"},
    ),
    (
        reminders.MOVED,
        demo.TEMPLATE_TIME_CHANGED,
        "日程变更通知",
        {"thing1": "title", "thing2": "series", "time3": "starts", "thing4": "note"},
    ),
    (
        reminders.CANCELLED,
        demo.TEMPLATE_CANCELLED,
        "活动取消通知",
        {"thing1": "title", "time2": "starts", "thing3": "note"},
    ),
)


async def seed(*, at: datetime) -> None:
    """Configure the templates that are missing."""
    known = {template.key for template in await message_templates.templates(app_id=demo.DOCTOR_APPID)}
    for key, template_id, title, places in _TEMPLATES:
        if key not in known:
            await message_templates.configure(
                app_id=demo.DOCTOR_APPID,
                key=key,
                template_id=template_id,
                title=title,
                places=places,
                actor="command",
                at=at,
            )
