"""Senders are killed in the middle: no message goes out twice, and what nobody knows of is not sent again."""

import asyncio
import signal
import sys
from collections import Counter
from datetime import timedelta

import pytest
from messaging import NOON, Parts, books, notice, parts, planned
from wechat_fixtures import sandbox, wechat

from cdp.message_sending import LEASE, release_stale, send_due
from server.core.db import connection
from server.core.settings import Settings

__all__ = ["parts", "sandbox", "wechat"]

SENDER = """
import asyncio, sys
from datetime import datetime
from types import SimpleNamespace
from cdp.message_sending import send_due
from server import wiring
from server.core import db
from server.core.keys import Sealer
from server.core.redis import open_redis
from server.core.wechat import WeChat

async def main():
    database_url, redis_url, wechat_url, at = sys.argv[1:]
    await db.open_database(database_url, wiring.MODELS)
    parts = SimpleNamespace(wechat=WeChat(wechat_url, open_redis(redis_url)), sealer=Sealer(b"t" * 32))
    print("ready", flush=True)
    await send_due(parts, datetime.fromisoformat(at))

asyncio.run(main())
"""


@pytest.mark.faults
async def test_killed_senders_leave_nothing_sent_twice(parts: Parts, settings: Settings) -> None:
    account = await parts.account()
    subjects = [f"episode:{number}:x" for number in range(120)]
    await parts.accept(account, len(subjects) + 5)
    await planned(account, *(notice(subject, lasts=timedelta(days=1)) for subject in subjects))
    await parts.sandbox.pull("faults", kind="slow", seconds=0.05, path="/cgi-bin/message")
    for after_s in (0.12, 0.2, 0.31):
        await killed_sender(parts, settings, after_s)
    await parts.sandbox.pull("faults", method="DELETE")
    await send_due(parts, NOON + timedelta(seconds=30))
    await release_stale(parts, NOON + LEASE + timedelta(minutes=1))
    await send_due(parts, NOON + LEASE + timedelta(minutes=2))

    sent = Counter(parts.sent)
    assert max(sent.values()) == 1
    rows = await connection().fetch("SELECT subject, state FROM message")
    states = {row["subject"]: row["state"] for row in rows}
    assert set(states.values()) <= {"sent", "unknown"}
    assert {subject for subject, state in states.items() if state == "sent"} <= set(sent)
    assert 0 < Counter(states.values())["unknown"] <= 60
    assert await books(account) == (125, 120, 0, 5)


async def killed_sender(parts: Parts, settings: Settings, after_s: float) -> None:
    """Let another process send, and kill it after a while."""
    sender = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SENDER, settings.database_url, settings.redis_url, parts.sandbox.base_url),
        NOON.isoformat(),
        stdout=asyncio.subprocess.PIPE,
    )
    assert sender.stdout is not None
    assert await sender.stdout.readline() == b"ready\n"
    before = parts.sandbox.calls("/cgi-bin/message/subscribe/send")
    while parts.sandbox.calls("/cgi-bin/message/subscribe/send") == before:
        await asyncio.sleep(0.01)
    await asyncio.sleep(after_s)
    sender.send_signal(signal.SIGKILL)
    await sender.wait()
