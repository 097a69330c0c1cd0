"""What became of an application is told to its doctor by the queue of messages, once and without a name."""

from datetime import timedelta

import pytest
from messaging import DAY, NOON, Parts, parts
from professional_fixtures import LICENCE, NAME, PARTICULARS, PHOTO
from redis.asyncio import Redis
from wechat_fixtures import sandbox, wechat

from cdp import message_templates, professional_decisions, professional_upkeep, professionals
from cdp.message_sending import send_due
from server.core.changes import Changes
from server.core.db import connection
from server.demo.notices import REVIEWED, REVIEWED_PLACES
from server.sandbox.demo import DOCTOR_APPID, TEMPLATE_REVIEWED

__all__ = ["parts", "sandbox", "wechat"]


@pytest.fixture
async def account(parts: Parts) -> int:
    """A doctor who has agreed to be verified and to be told."""
    await message_templates.configure(
        app_id=DOCTOR_APPID,
        key=professional_decisions.DECIDED,
        template_id=TEMPLATE_REVIEWED,
        title=REVIEWED,
        places=REVIEWED_PLACES,
        actor="command",
        at=NOON - DAY,
    )
    return await parts.account(consents=("service", "verification"))


async def submitted(parts: Parts, account: int) -> int:
    return await professionals.submit(
        sealer=parts.sealer, account_id=account, particulars=PARTICULARS, photo=PHOTO, matched="none", at=NOON
    )


async def test_an_approval_is_told_once_and_names_nobody(parts: Parts, account: int, redis: Redis) -> None:
    await parts.accept(account, template_id=TEMPLATE_REVIEWED)
    application_id = await submitted(parts, account)
    await professional_decisions.approve(
        changes=Changes(redis),
        application_id=application_id,
        valid_until=NOON + 365 * DAY,
        note="欢迎加入",
        actor="staff:1",
        at=NOON,
    )
    for _ in range(2):
        await send_due(parts, NOON)
    (message,) = parts.sandbox.world.messages
    assert message.values == {
        "thing1": "专业人士认证",
        "phrase2": "已通过",
        "time3": "2026年11月3日 12:00",
        "thing4": "欢迎加入",
    }
    assert message.page == professional_decisions.PAGE
    assert not any(NAME in value or LICENCE in value for value in message.values.values())


async def test_a_refusal_and_an_expiry_are_told_too(parts: Parts, account: int, redis: Redis) -> None:
    await parts.accept(account, 3, template_id=TEMPLATE_REVIEWED)
    first = await submitted(parts, account)
    await professional_decisions.refuse(application_id=first, reason="photo_unclear", note="", actor="staff:1", at=NOON)
    second = await submitted(parts, account)
    await professional_decisions.approve(
        changes=Changes(redis), application_id=second, valid_until=NOON + DAY, actor="staff:1", at=NOON
    )
    await professional_upkeep.expire(parts, NOON + DAY)
    await send_due(parts, NOON + DAY)
    told = [(message.values["phrase2"], message.values["thing4"]) for message in parts.sandbox.world.messages]
    assert sorted(told) == sorted(
        [("未通过", "点击查看详情"), ("已通过", "点击查看详情"), ("已到期", "请重新提交认证")]
    )


async def test_without_a_credit_the_decision_stands_and_nothing_is_sent(
    parts: Parts, account: int, redis: Redis
) -> None:
    application_id = await submitted(parts, account)
    await professional_decisions.approve(
        changes=Changes(redis), application_id=application_id, valid_until=NOON + DAY, actor="staff:1", at=NOON
    )
    await send_due(parts, NOON + timedelta(hours=1))
    assert parts.sandbox.world.messages == []
    assert await connection().value("SELECT verdict FROM professional_application") == "approved"
