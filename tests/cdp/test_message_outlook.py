"""What becomes of messages is told the same to lists of other rooms, in SQL, as by the queue itself."""

import random
from datetime import timedelta

import pytest
from messaging import ANOTHER, DAY, HOUR, NOON, granted, notice, open_for_messages, planned, template

from cdp import messages
from cdp.message_outlook import states
from cdp.message_rules import Urgency
from server.core.db import connection
from server.core.keys import Sealer
from server.core.settings import Settings
from server.sandbox.demo import DOCTOR_APPID

pytestmark = pytest.mark.usefixtures("database")


async def account(number: int) -> int:
    account_id: int = await connection().value(
        "INSERT INTO account (app_id, audience, openid_hash, created_at) VALUES ($1, 'doctor', $2, $3) RETURNING id",
        DOCTOR_APPID,
        number.to_bytes(32, "big"),
        NOON - DAY,
    )
    await connection().execute(
        "INSERT INTO consent (account_id, purpose, version, granted, channel, at) "
        "VALUES ($1, 'service', '2026-11-01', true, 'mini_program', $2)",
        account_id,
        NOON - DAY,
    )
    return account_id


async def told(account_id: int) -> dict[str, str]:
    rows = await connection().fetch(
        states(account="$1", at="$2", since="$3"), account_id, NOON, NOON - messages.RECENT + timedelta(microseconds=1)
    )
    return {row["subject"]: row["state"] for row in rows}


@pytest.mark.parametrize("seed", range(12))
async def test_the_window_gives_credits_to_the_same_messages_as_the_line(settings: Settings, seed: int) -> None:
    chance = random.Random(seed)
    await open_for_messages(Sealer(settings.key_bytes[0]))
    await template("episode_apart", template_id=ANOTHER)
    account_id, other = await account(1), await account(2)
    for number in range(chance.randint(1, 14)):
        told_of = notice(
            f"episode:{number}:soon:0",
            key=chance.choice(["episode_soon", "episode_moved", "episode_apart"]),
            urgency=chance.choice([Urgency.CHANGED, Urgency.SOON, Urgency.CANCELLED]),
            due_at=NOON + chance.randint(-30, 30) * HOUR,
            lasts=chance.randint(1, 40) * HOUR,
        )
        await planned(account_id, told_of, at=NOON - 3 * DAY)
        await planned(other, told_of, at=NOON - 3 * DAY)
    await granted(other, 3, template_id=ANOTHER)
    await granted(account_id, chance.randint(0, 4), template_id=ANOTHER)
    await granted(account_id, chance.randint(0, 6))
    for subject in await connection().fetch("SELECT subject FROM message WHERE account_id = $1", account_id):
        if chance.random() < 0.3:
            await connection().execute(
                "UPDATE message SET state = $3, ended_at = now() WHERE account_id = $1 AND subject = $2",
                account_id,
                subject["subject"],
                chance.choice(["cancelled", "expired", "no_credit", "failed"]),
            )
    outlook = await messages.outlook(account_id=account_id, at=NOON)
    assert await told(account_id) == {subject: seen.state.value for subject, seen in outlook.items()}
    assert outlook
