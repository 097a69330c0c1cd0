"""Films of other kinds than episodes: watched by the same rules, and continued from what was seen elsewhere."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from content import media, viewing
from content.access import ItemMissing
from content.ranges import Ranges
from server.core.db import connection, transaction
from tests.content.studio import NOON, a_file, draft, publish, published_series
from tests.viewing_fixtures import doctor
from tests.written_fixtures import article

pytestmark = pytest.mark.usefixtures("database")
SECOND = timedelta(seconds=1)


async def published_video(*, seconds: int = 100, **changes: Any) -> int:
    shape = {
        "title": "术中吻合的三个细节",
        "summary": "一段剪辑。",
        "cover": {"asset": await a_file(), "alt": "手术台"},
        "duration_s": seconds,
        "video": {"asset": await a_file("video", seconds=float(seconds))},
        **changes,
    }
    item_id = await draft("video", shape)
    await publish(item_id=item_id, staff_id=2, at=NOON)
    return item_id


async def report(reader: Any, item_id: int, start: float, end: float, sequence: int = 0) -> viewing.Progress:
    return await viewing.report_progress(
        reader=reader,
        item_id=item_id,
        session="sitting",
        sequence=sequence,
        position_s=end,
        watched=Ranges.of_seconds([(start, end)]),
        at=NOON + sequence * 60 * SECOND,
    )


async def test_a_video_is_watched_by_the_rules_of_episodes_and_belongs_to_no_series() -> None:
    reader, video_id = await doctor(), await published_video()
    await report(reader, video_id, 0, 15)
    progress = await report(reader, video_id, 15, 92, sequence=1)
    assert (progress.item_id, progress.share, progress.finished_at) == (video_id, 0.92, NOON + 60 * SECOND)
    rows = await connection().fetch(
        "SELECT name, body::text AS body FROM event WHERE name LIKE 'video_%' ORDER BY number"
    )
    assert [row["name"] for row in rows] == ["video_start", "video_heartbeat", "video_heartbeat", "video_finish"]
    assert all(msgspec.json.decode(row["body"])["series_id"] is None for row in rows)
    assert (await media.film_of(item_id=video_id, reader=reader, at=NOON)).seconds == 100


async def test_what_has_no_film_cannot_be_watched() -> None:
    reader = await doctor()
    for item_id in (await published_series(), await article(at=NOON)):
        with pytest.raises(ItemMissing):
            await report(reader, item_id, 0, 1)


async def test_what_was_seen_elsewhere_counts_and_the_next_report_finishes() -> None:
    reader, video_id = await doctor(), await published_video()
    async with transaction():
        await viewing.add(
            account_id=reader.account_id,
            item_id=video_id,
            seconds=100,
            watched=Ranges.of_seconds([(0, 60), (55, 95), (99, 300)]),
            at=NOON,
        )
    before = await viewing.progress_of(reader=reader, item_id=video_id, at=NOON)
    assert (before.covered_s, before.finished_at) == (96, None)
    after = await report(reader, video_id, 96, 97, sequence=1)
    assert (after.covered_s, after.finished_at) == (97, NOON + 60 * SECOND)


async def test_what_was_seen_elsewhere_never_undoes_what_was_watched() -> None:
    reader, video_id = await doctor(), await published_video()
    await report(reader, video_id, 0, 15)
    done = await report(reader, video_id, 15, 95, sequence=1)
    async with transaction():
        await viewing.add(
            account_id=reader.account_id, item_id=video_id, seconds=100, watched=Ranges.of_seconds([(0, 5)]), at=NOON
        )
    now = await viewing.progress_of(reader=reader, item_id=video_id, at=NOON)
    assert (now.covered_s, now.finished_at) == (done.covered_s, done.finished_at)
