"""A publisher is killed in the middle: every item is shown whole or not at all, and the next turn ends the work."""

import asyncio
import signal
import sys
from datetime import timedelta

import pytest

from content import publishing, timing
from server.core.db import connection
from server.core.settings import Settings
from tests.content.studio import NOON, after, approve, draft, series_text

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.faults]

PUBLISHER = """
import asyncio, sys
from datetime import datetime
from content import timing
from server import wiring
from server.core import db

async def main():
    await db.open_database(sys.argv[1], wiring.MODELS)
    print("ready", flush=True)
    await timing.turn(at=datetime.fromisoformat(sys.argv[2]))

asyncio.run(main())
"""
ITEMS = 30
# What readers see of an item, and what says that it is shown, are there together or not at all.
TORN = """
    SELECT count(*) FROM publication p JOIN item i ON i.id = p.item_id
    LEFT JOIN live l ON l.item_id = i.id AND l.publication_id = p.id
    LEFT JOIN audit_entry a ON a.subject_id = i.id::text AND a.deed = 'item.begin'
    WHERE (p.began_at IS NOT NULL) <> (l.item_id IS NOT NULL) OR (p.began_at IS NOT NULL) <> (a.id IS NOT NULL)
"""


async def test_a_killed_publisher_leaves_nothing_half_shown(settings: Settings) -> None:
    due = after(hours=1)
    for number in range(ITEMS):
        item_id = await draft("series", await series_text(title=f"系列 {number}"))
        await approve(item_id)
        await publishing.publish(item_id=item_id, starts_at=due, staff_id=2, at=NOON)
    shown = 0
    for pause_s in (0.0, 0.04, 0.09):
        shown = await killed_publisher(settings, due.isoformat(), pause_s)
        assert await connection().value(TORN) == 0
    assert shown > 0
    await timing.turn(at=due)
    assert await connection().value("SELECT count(*) FROM live") == ITEMS
    assert await connection().value("SELECT count(*) FROM audit_entry WHERE deed = 'item.begin'") == ITEMS
    assert await connection().value("SELECT count(*) FROM event WHERE name = 'content_published'") == ITEMS
    assert await timing.turn(at=due + timedelta(seconds=1)) == 0


async def killed_publisher(settings: Settings, at: str, pause_s: float) -> int:
    """Let another process publish, kill it soon after it has begun, and count what is shown."""
    before = await connection().value("SELECT count(*) FROM live")
    publisher = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PUBLISHER, settings.database_url, at), stdout=asyncio.subprocess.PIPE
    )
    assert publisher.stdout is not None
    assert await publisher.stdout.readline() == b"ready\n"
    while await connection().value("SELECT count(*) FROM live") == before and publisher.returncode is None:
        await asyncio.sleep(0.005)
    await asyncio.sleep(pause_s)
    if publisher.returncode is None:
        publisher.send_signal(signal.SIGKILL)
    await publisher.wait()
    # The server ends the transaction of a client that is gone when it notices.
    while await connection().value(
        "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND state = 'active' AND query LIKE '%publication%')"
    ):
        await asyncio.sleep(0.01)
    return int(await connection().value("SELECT count(*) FROM live"))
