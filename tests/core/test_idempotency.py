"""What was answered under a key is forgotten after a while."""

from datetime import timedelta

from server.core import clock, idempotency
from server.core.db import connection


async def test_old_replies_are_forgotten_and_young_ones_kept(database: None) -> None:
    at = clock.now()

    async def act() -> str:
        return "done"

    for key, age in (("old-old-old", idempotency.KEPT + timedelta(hours=1)), ("young-young", timedelta(hours=1))):
        await idempotency.once(account_id=1, key=key, deed="d", request={}, at=at - age, act=act, shape=str)
    for _ in range(2):
        await idempotency.purge(None, at)
        left = await connection().fetch("SELECT key FROM idempotency_key")
        assert [row["key"] for row in left] == ["young-young"]
