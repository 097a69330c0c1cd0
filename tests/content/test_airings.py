"""When episodes are first shown: set, moved, cancelled."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from cdp import log
from cdp.events import ContentRescheduled
from content import airings
from content.access import ItemMissing
from content.airings import AirsAtBad, AlreadyAired, NotScheduled
from content.kinds import content_hash
from server.core.db import connection
from tests.content.studio import NOON, after, draft, episode_text, published_episode, published_series

pytestmark = pytest.mark.usefixtures("database")
MONDAY = NOON + timedelta(days=1)
TUESDAY = NOON + timedelta(days=2)


async def told() -> list[tuple[str, int]]:
    rows = await connection().fetch("SELECT body FROM event WHERE name = 'content_rescheduled' ORDER BY sequence")
    bodies = [msgspec.json.decode(row["body"]) for row in rows]
    return [(body["change"], body["sequence"]) for body in bodies]


async def test_every_change_raises_the_sequence_and_is_told() -> None:
    episode_id = await published_episode(await published_series())
    first = await airings.schedule(episode_id=episode_id, airs_at=MONDAY, staff_id=3, at=NOON)
    moved = await airings.schedule(episode_id=episode_id, airs_at=TUESDAY, staff_id=3, at=after(minutes=1))
    cancelled = await airings.cancel(episode_id=episode_id, staff_id=3, at=after(minutes=2))
    again = await airings.schedule(episode_id=episode_id, airs_at=TUESDAY, staff_id=3, at=after(minutes=3))
    assert [each.sequence for each in (first, moved, cancelled, again)] == [0, 1, 2, 3]
    assert (moved.airs_at, moved.previous_airs_at) == (TUESDAY, MONDAY)
    assert (cancelled.cancelled_at, again.cancelled_at) == (after(minutes=2), None)
    assert await told() == [("set", 0), ("moved", 1), ("cancelled", 2), ("set", 3)]


async def test_what_is_so_already_changes_nothing() -> None:
    episode_id = await published_episode(await published_series(), airs_at=MONDAY)
    again = await airings.schedule(episode_id=episode_id, airs_at=MONDAY, staff_id=3, at=after(minutes=1))
    assert (again.sequence, again.changed_at) == (0, NOON)
    once = await airings.cancel(episode_id=episode_id, staff_id=3, at=after(minutes=2))
    assert await airings.cancel(episode_id=episode_id, staff_id=3, at=after(minutes=3)) == once


async def test_readers_are_not_told_of_an_episode_that_they_cannot_see() -> None:
    episode_id = await draft("episode", await episode_text(), parent_id=await published_series())
    await airings.schedule(episode_id=episode_id, airs_at=MONDAY, staff_id=3, at=NOON)
    assert await told() == []
    assert await connection().value("SELECT count(*) FROM audit_entry WHERE deed = 'airing.set'") == 1


async def test_a_time_of_airing_is_no_part_of_the_text() -> None:
    text = await episode_text()
    episode_id = await draft("episode", text, parent_id=await published_series())
    await airings.schedule(episode_id=episode_id, airs_at=MONDAY, staff_id=3, at=NOON)
    stored = await connection().value("SELECT content_hash FROM draft WHERE item_id = $1", episode_id)
    assert stored == content_hash("episode", text)


async def test_what_has_been_shown_cannot_be_cancelled() -> None:
    episode_id = await published_episode(await published_series(), airs_at=MONDAY)
    with pytest.raises(AlreadyAired):
        await airings.cancel(episode_id=episode_id, staff_id=3, at=MONDAY)


async def test_only_episodes_air() -> None:
    series_id = await published_series()
    for item_id in (series_id, 999):
        with pytest.raises(ItemMissing):
            await airings.schedule(episode_id=item_id, airs_at=MONDAY, staff_id=3, at=NOON)
        with pytest.raises(ItemMissing):
            await airings.cancel(episode_id=item_id, staff_id=3, at=NOON)
    episode_id = await draft("episode", {}, parent_id=series_id)
    with pytest.raises(NotScheduled):
        await airings.cancel(episode_id=episode_id, staff_id=3, at=NOON)


@pytest.mark.parametrize("airs_at", [datetime(1900, 1, 1, tzinfo=UTC), datetime(2300, 1, 1, tzinfo=UTC)])
async def test_a_time_far_away_is_refused(airs_at: datetime) -> None:
    episode_id = await draft("episode", {})
    with pytest.raises(AirsAtBad):
        await airings.schedule(episode_id=episode_id, airs_at=airs_at, staff_id=3, at=NOON)


async def test_a_change_that_cannot_be_told_does_not_happen() -> None:
    episode_id = await published_episode(await published_series(), airs_at=MONDAY)

    async def refuse(event: ContentRescheduled) -> None:
        raise RuntimeError("no room")

    before = dict(log._reactions)
    log.react({ContentRescheduled: [refuse]})
    try:
        with pytest.raises(RuntimeError):
            await airings.schedule(episode_id=episode_id, airs_at=TUESDAY, staff_id=3, at=NOON)
    finally:
        log.react(before)
    airing = await airings.airing_of(episode_id=episode_id)
    assert airing is not None
    assert (airing.airs_at, airing.sequence) == (MONDAY, 0)
