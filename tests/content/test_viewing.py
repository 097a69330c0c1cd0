"""Watching an episode: what counts, what does not, and what stays for ever."""

import asyncio
from datetime import datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp.accounts import AccountGone
from cdp.consent import ConsentNeeded
from content import items, publishing, viewing
from content.access import ItemMissing, ProfessionalNeeded, Withdrawn
from content.ranges import Ranges
from content.viewing import NotAired, Progress
from server.core.db import connection
from server.core.roles import Reader, Role
from tests.content.studio import publish
from tests.viewing_fixtures import NOON, SECONDS, airing, cancelled, doctor, episode, events, series, without_consent

pytestmark = pytest.mark.usefixtures("database")


async def report(
    reader: Reader,
    episode_id: int,
    *pairs: tuple[float, float],
    sequence: int = 0,
    session: str = "sitting",
    position: float | None = None,
    at: datetime = NOON,
) -> Progress:
    watched = Ranges.of_seconds(pairs)
    stands = position if position is not None else (watched.pairs[-1][1] / 1000 if watched else 0)
    return await viewing.report_progress(
        reader=reader,
        item_id=episode_id,
        session=session,
        sequence=sequence,
        position_s=stands,
        watched=watched,
        at=at,
    )


async def watch(
    reader: Reader, episode_id: int, until: float, *, at: datetime = NOON, session: str = "sitting"
) -> Progress:
    """Begin, and tell of everything after so long that all of it can be believed."""
    await report(reader, episode_id, session=session, at=at)
    later = at + timedelta(seconds=until)
    return await report(reader, episode_id, (0, until), sequence=1, session=session, at=later)


async def test_what_is_watched_adds_up_and_nothing_counts_twice() -> None:
    reader, episode_id = await doctor(), await episode(await series())
    await report(reader, episode_id, (0, 10), sequence=0)
    await report(reader, episode_id, (5, 20), sequence=1, at=NOON + timedelta(seconds=10))
    progress = await report(reader, episode_id, (30, 40), (0, 3), sequence=2, at=NOON + timedelta(seconds=30))
    assert progress.covered_s == 30
    assert progress.share == 0.05
    assert progress.position_s == 40
    assert progress.resume_s == 37
    assert await viewing.progress_of(reader=reader, item_id=episode_id, at=NOON) == progress


async def test_a_report_counts_once_however_often_it_comes() -> None:
    reader, episode_id = await doctor(), await episode(await series())
    first = await report(reader, episode_id, (0, 10))
    again = await report(reader, episode_id, (0, 10), (10, 15), at=NOON + timedelta(seconds=60))
    assert again == first
    assert len(await events("video_heartbeat")) == 1
    assert len(await events("video_start")) == 1


async def test_reports_count_in_whatever_order_they_come() -> None:
    reader, series_id = await doctor(), await series()
    parts = [(0, (0, 5)), (1, (5, 10)), (2, (10, 15))]
    for order in permutations(parts):
        episode_id = await episode(series_id)
        for sequence, pair in order:
            progress = await report(reader, episode_id, pair, sequence=sequence, at=NOON)
        assert (progress.covered_s, progress.position_s) == (15, 15)


async def test_two_reports_at_once_both_count() -> None:
    reader, episode_id = await doctor(), await episode(await series())
    await asyncio.gather(*(report(reader, episode_id, (n, n + 1), sequence=n) for n in range(12)))
    progress = await viewing.progress_of(reader=reader, item_id=episode_id, at=NOON)
    assert progress.covered_s == 12
    assert len(await events("video_start")) == 1
    assert len(await events("video_heartbeat")) == 12


async def test_the_same_report_twice_at_once_counts_once() -> None:
    reader, episode_id = await doctor(), await episode(await series())
    answers = await asyncio.gather(*(report(reader, episode_id, (0, 5)) for _ in range(8)))
    assert len(set(map(repr, answers))) == 1
    assert len(await events("video_heartbeat")) == 1


async def test_an_episode_is_finished_once_at_nine_tenths() -> None:
    reader, episode_id = await doctor(), await episode(await series())
    almost = await watch(reader, episode_id, SECONDS * 0.9 - 0.001)
    assert almost.finished_at is None
    at = NOON + timedelta(hours=1)
    done = await report(reader, episode_id, (0, SECONDS * 0.9), sequence=2, at=at)
    assert done.finished_at == at
    await report(reader, episode_id, (0, SECONDS), sequence=3, at=at + timedelta(hours=1))
    [finish] = await events("video_finish")
    assert finish["account_id"] == reader.account_id
    assert (finish["body"]["covered_s"], finish["body"]["duration_s"]) == (540, SECONDS)


async def test_finishing_at_once_from_two_devices_is_told_once() -> None:
    reader, episode_id = await doctor(), await episode(await series())
    await report(reader, episode_id)
    later = NOON + timedelta(hours=1)
    await asyncio.gather(*(report(reader, episode_id, (0, SECONDS), session=f"device {n}", at=later) for n in range(4)))
    assert len(await events("video_finish")) == 1


async def test_watching_again_undoes_nothing() -> None:
    reader, episode_id = await doctor(), await episode(await series())
    done = await watch(reader, episode_id, SECONDS)
    again = await report(reader, episode_id, (0, 12), session="second", at=NOON + timedelta(days=1))
    assert again.finished_at == done.finished_at
    assert again.share == 1
    assert again.resume_s == 9


async def test_another_video_in_its_place_undoes_nothing() -> None:
    reader, episode_id = await doctor(), await episode(await series())
    done = await watch(reader, episode_id, SECONDS)
    for seconds, share in ((SECONDS * 2, 0.5), (60, 1.0)):
        draft = await items.draft_of(item_id=episode_id)
        await items.save_draft(
            item_id=episode_id,
            shape={**draft.shape, "duration_s": seconds},
            revision=draft.revision,
            staff_id=1,
            at=NOON,
        )
        await publish(item_id=episode_id, staff_id=1, at=NOON)
        after = await viewing.progress_of(reader=reader, item_id=episode_id, at=NOON)
        assert (after.finished_at, after.duration_s, after.share) == (done.finished_at, seconds, share)
        assert after.position_s <= seconds


async def test_what_lies_beyond_the_end_is_cut() -> None:
    reader, episode_id = await doctor(), await episode(await series(), seconds=12)
    progress = await report(reader, episode_id, (5, 500), (600, 700), position=700)
    assert (progress.covered_s, progress.position_s) == (7, 12)


async def test_nobody_watches_faster_than_twice_the_clock() -> None:
    reader, episode_id = await doctor(), await episode(await series())
    first = await report(reader, episode_id, (0, SECONDS))
    assert first.covered_s == 20, "a heartbeat's worth is believed at the beginning"
    second = await report(reader, episode_id, (0, SECONDS), sequence=1, at=NOON + timedelta(seconds=5))
    assert second.covered_s == 30
    nothing = await report(reader, episode_id, (0, SECONDS), sequence=2, at=NOON + timedelta(seconds=5))
    assert nothing.covered_s == 30


async def test_a_clock_that_runs_backwards_gives_nothing() -> None:
    reader, episode_id = await doctor(), await episode(await series())
    first = await report(reader, episode_id, (0, 20))
    second = await report(reader, episode_id, (20, 40), sequence=1, at=NOON - timedelta(seconds=5))
    assert second.covered_s == 20
    assert second.updated_at == first.updated_at


async def test_a_long_pause_is_no_credit_for_leaps_afterwards() -> None:
    reader, episode_id = await doctor(), await episode(await series())
    await report(reader, episode_id, (0, 5))
    paused = NOON + timedelta(hours=3)
    await report(reader, episode_id, (5, 10), sequence=1, at=paused)
    leapt = await report(reader, episode_id, (10, SECONDS), sequence=2, at=paused + timedelta(seconds=1))
    assert leapt.covered_s == 10 + 120 + 2


async def test_reports_held_up_on_the_way_are_believed_in_a_burst() -> None:
    reader, episode_id = await doctor(), await episode(await series())
    await report(reader, episode_id, (0, 10))
    arrives = NOON + timedelta(seconds=60)
    for number in range(1, 7):
        progress = await report(reader, episode_id, (number * 10, number * 10 + 10), sequence=number, at=arrives)
    assert progress.covered_s == 70


@pytest.mark.parametrize(
    ("position", "resume"),
    [(0, 0), (9.999, 0), (10, 7), (300, 297), (570, 567), (570.001, 0), (600, 0)],
)
def test_one_goes_on_a_little_before_where_one_stopped(position: float, resume: float) -> None:
    assert viewing.resume_at(position, SECONDS) == resume


@pytest.mark.parametrize(
    ("after", "allowed"), [(timedelta(seconds=-1), False), (timedelta(), True)], ids=["a second before", "on time"]
)
async def test_an_episode_can_be_watched_from_the_moment_it_airs(after: timedelta, allowed: bool) -> None:
    reader, episode_id = await doctor(), await episode(await series(), NOON)
    if allowed:
        assert (await report(reader, episode_id, (0, 5), at=NOON + after)).covered_s == 5
    else:
        with pytest.raises(NotAired) as refused:
            await report(reader, episode_id, (0, 5), at=NOON + after)
        assert refused.value.facts == {"airs_at": NOON}


async def test_an_episode_without_a_time_can_be_watched_once_published() -> None:
    reader, episode_id = await doctor(), await episode(await series(), None)
    assert (await report(reader, episode_id, (0, 5))).covered_s == 5


async def test_what_cannot_be_seen_cannot_be_watched() -> None:
    reader, series_id = await doctor(), await series()
    with pytest.raises(ItemMissing):
        await report(reader, series_id)
    with pytest.raises(ItemMissing):
        await report(reader, 999_999)
    with pytest.raises(ItemMissing):
        await report(reader, await episode(series_id, audience="patient"))
    with pytest.raises(ProfessionalNeeded):
        await report(reader, await episode(series_id, audience="professional"))
    off_air = await episode(series_id)
    await cancelled(off_air, NOON - timedelta(days=2))
    with pytest.raises(NotAired):
        await report(reader, off_air)
    gone = await episode(series_id)
    await publishing.withdraw(item_id=gone, reason="", staff_id=1, at=NOON)
    with pytest.raises(Withdrawn):
        await report(reader, gone)
    assert await connection().value("SELECT count(*) FROM viewing") == 0


async def test_a_verified_professional_sees_more() -> None:
    reader = await doctor(roles=frozenset({Role.DOCTOR, Role.PROFESSIONAL}))
    episode_id = await episode(await series(), audience="professional")
    assert (await report(reader, episode_id, (0, 5))).covered_s == 5


async def test_nothing_is_kept_before_consent_and_nothing_after_erasure() -> None:
    episode_id = await episode(await series())
    with pytest.raises(ConsentNeeded):
        await report(await without_consent(), episode_id, (0, 5))
    gone = await doctor()
    await connection().execute(
        "UPDATE account SET erased_at = now(), openid_hash = NULL WHERE id = $1", gone.account_id
    )
    with pytest.raises(AccountGone):
        await report(gone, episode_id, (0, 5))
    assert await connection().value("SELECT count(*) FROM viewing") == 0


async def test_without_consent_to_the_log_the_progress_is_kept_and_the_log_holds_nothing() -> None:
    reader, episode_id = await doctor("service"), await episode(await series())
    assert (await report(reader, episode_id, (0, 5))).covered_s == 5
    assert await events("video_start", "video_heartbeat") == []


async def test_every_sitting_begins_once() -> None:
    reader, episode_id = await doctor(), await episode(await series())
    for session in ("morning", "evening", "morning"):
        for sequence in range(2):
            await report(reader, episode_id, (0, 5), session=session, sequence=sequence)
    assert len(await events("video_start")) == 2


async def test_a_late_report_does_not_move_the_place() -> None:
    reader, episode_id = await doctor(), await episode(await series())
    await report(reader, episode_id, position=100, sequence=5)
    progress = await report(reader, episode_id, position=50, sequence=4)
    assert progress.position_s == 100


async def test_one_viewing_takes_up_little_however_it_is_reported() -> None:
    reader, episode_id = await doctor(), await episode(await series())
    for number in range(80):
        await report(reader, episode_id, sequence=number * 2)
    heard = await connection().value("SELECT heard FROM viewing_session")
    assert len(heard) <= viewing.MOST_GAPS
    for number in range(40):
        await report(reader, episode_id, session=f"sitting {number}", at=NOON + timedelta(seconds=number))
    assert await connection().value("SELECT count(*) FROM viewing_session") == viewing.MOST_SITTINGS
    crumbs = [(second / 100, second / 100 + 0.001) for second in range(2000)]
    await report(reader, episode_id, *crumbs, session="crumbs", at=NOON + timedelta(hours=1))
    assert len(await connection().value("SELECT ranges FROM viewing")) <= viewing.MOST_PIECES


async def test_old_sittings_are_forgotten_and_what_they_covered_is_not() -> None:
    reader, episode_id = await doctor(), await episode(await series())
    await report(reader, episode_id, (0, 5), session="old")
    await report(reader, episode_id, (5, 10), session="new", at=NOON + timedelta(days=2))
    await viewing.forget_sessions(None, NOON + viewing.REMEMBERED + timedelta(days=1))
    assert await connection().value("SELECT array_agg(session) FROM viewing_session") == ["new"]
    again = await report(reader, episode_id, (0, 5), session="old", at=NOON + timedelta(days=3))
    assert again.covered_s == 10


async def test_progress_is_each_readers_own() -> None:
    one, other, episode_id = await doctor(), await doctor(), await episode(await series())
    await report(one, episode_id, (0, 10))
    nothing = await viewing.progress_of(reader=other, item_id=episode_id, at=NOON)
    assert nothing == Progress(item_id=episode_id, duration_s=SECONDS)


bounds = st.tuples(st.floats(0, 700), st.floats(0, 700)).map(lambda pair: (min(pair), max(pair)))
reports = st.lists(st.tuples(st.lists(bounds, max_size=4), st.integers(0, 60)), max_size=6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=reports)
async def test_whatever_is_reported_completion_only_grows(told: list[tuple[list[tuple[float, float]], int]]) -> None:
    reader = await doctor("service")
    episode_id = await episode(await series(), NOON - timedelta(days=1))
    at, covered, finished = NOON, 0.0, None
    for number, (pairs, pause) in enumerate(told):
        at += timedelta(seconds=pause)
        progress = await report(reader, episode_id, *pairs, sequence=number, at=at)
        assert covered <= progress.covered_s <= SECONDS
        assert progress.covered_s <= 20 + 2 * (at - NOON).total_seconds()
        assert progress.resume_s <= progress.position_s <= SECONDS
        assert finished is None or progress.finished_at == finished
        covered, finished = progress.covered_s, progress.finished_at


async def test_airing_can_be_given_later() -> None:
    reader, episode_id = await doctor(), await episode(await series(), None)
    await airing(episode_id, NOON + timedelta(hours=1))
    with pytest.raises(NotAired):
        await report(reader, episode_id)
