"""What demo doctors have done so far: one whose calendar shows every state, and others, so that figures are not bare.

The rule: they sign in as the people of the stand-in would, agree to the demo texts, and watch in the time that it
takes, in the past; all of it goes through the functions that the doors call. A visit that is there is not made again.
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from cdp.sessions import Issuer
from content import airings, following, items, reactions, viewing, watchlists
from content.ranges import Ranges
from server.core.roles import Reader
from server.demo.doctors import doctor
from server.demo.programme import FILMED, Numbered, numbered
from server.demo.script import GASTRIC, STOMA
from server.demo.telling import Series
from server.sandbox import demo

VIEWERS: Final = 8


class Watched(NamedTuple):
    """How much of an episode was watched, from its start, as a share."""

    slug: str
    share: float


# Finished, begun and left out, so that with the coming, the cancelled and the one on air every state is there.
CHEN: Final = (
    Watched("questions-at-the-table-01", 1.0),
    Watched("questions-at-the-table-02", 0.95),
    Watched("questions-at-the-table-03", 0.42),
    Watched("questions-at-the-table-05", 1.0),
    Watched("a-place-for-a-stoma-01", 0.18),
    Watched("behind-the-nodule-02", 0.66),
)
FOLLOWED: Final = (GASTRIC.slug, STOMA.slug)
FAVOURITES: Final = ("questions-at-the-table-02", "behind-the-nodule-01")


async def seed(*, script: Sequence[Series], issuer: Issuer, at: datetime) -> None:
    """Let the demo doctors do what they have done, where they have not."""
    episodes = {show.slug: show for show in numbered(script)}
    ids = {row.slug: row.item_id for row in (await items.listing(at=at, size=1000)).rows}
    chen = await doctor(issuer, demo.DOCTOR, at=at)
    await _follow(chen, [ids[slug] for slug in FOLLOWED if slug in ids], at=at - timedelta(days=9))
    for watched in [one for one in CHEN if one.slug in episodes]:
        await _watch(chen, episodes[watched.slug], ids, watched.share, hours=1.5, at=at)
    for slug in [slug for slug in FAVOURITES if slug in ids]:
        await reactions.favourite(reader=chen, item_id=ids[slug], at=at - timedelta(days=3))
    for number in range(1, VIEWERS + 1):
        rng = random.Random(number)  # noqa: S311  what they watch is no secret
        viewer = await doctor(issuer, f"demo-viewer-{number}", at=at)
        followed = [ids[series.slug] for series in script if rng.random() < 0.6]
        await _follow(viewer, followed, at=at - timedelta(hours=31 * number))
        for show in episodes.values():
            share = rng.choice((0.0, 0.0, 0.3, 0.6, 0.96, 1.0))
            hours = rng.choice((0.5, 3.0, 20.0, 45.0, 70.0, 120.0, 190.0))
            if share and show.place != FILMED:
                seen_at = await _watch(viewer, show, ids, share, hours=hours, at=at)
                if seen_at is not None and share > 0.9 and rng.random() < 0.4:
                    await reactions.like(reader=viewer, item_id=ids[show.slug], at=seen_at)


async def _follow(reader: Reader, series_ids: list[int], *, at: datetime) -> None:
    followed = {series.id for series in await watchlists.following(reader=reader, at=at)}
    for series_id in series_ids:
        if series_id not in followed:
            await following.follow(reader=reader, series_id=series_id, at=at)


async def _watch(
    reader: Reader, show: Numbered, ids: dict[str, int], share: float, *, hours: float, at: datetime
) -> datetime | None:
    """Watch from the start, beginning some hours after the episode aired, as one sitting in front of one player.

    Gives when that was done; None where it would not be over yet.
    """
    airing = await airings.airing_of(episode_id=ids[show.slug])
    if airing is None or airing.cancelled_at is not None:
        return None
    began = airing.airs_at + timedelta(hours=hours)
    seconds = show.episode.minutes * 60
    until = share * seconds
    if began + timedelta(seconds=until) >= at:
        return None
    session = f"demo-{reader.account_id}-{ids[show.slug]}"
    for sequence, (start, end) in enumerate(((0.0, 5.0), (5.0, until))):
        await viewing.report_progress(
            reader=reader,
            item_id=ids[show.slug],
            session=session,
            sequence=sequence,
            position_s=end,
            watched=Ranges.of_seconds([(start, end)]),
            at=began + timedelta(seconds=end),
        )
    return began + timedelta(seconds=until)
