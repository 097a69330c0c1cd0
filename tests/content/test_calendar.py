"""The calendar: days of Shanghai, and how each episode stands to a doctor."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from messaging import granted, notice, open_for_messages, planned

from content import calendar, following, items, publishing, viewing
from content.calendar import Calendar, CalendarEpisode, State
from content.ranges import Ranges
from content.series_shapes import Named
from server.core.db import connection
from server.core.keys import Sealer
from server.core.roles import GUEST, Reader, Role
from server.core.settings import Settings
from server.sandbox.demo import DOCTOR_APPID
from tests.content.studio import publish
from tests.viewing_fixtures import BEGAN, NOON, SECONDS, airing, cancelled, doctor, episode, series

pytestmark = pytest.mark.usefixtures("database")
SHANGHAI = timezone(timedelta(hours=8))
SECOND = timedelta(seconds=1)


async def month(reader: Reader, name: str = "2026-11", *, at: datetime = NOON) -> Calendar:
    # Strict: the bytes have every field of the shape and none that it does not know.
    written = await calendar.month_of(reader=reader, month=name, at=at)
    read = msgspec.json.decode(written, type=Calendar)
    assert names_in(msgspec.json.decode(written)) == names_in(msgspec.to_builtins(read))
    return read


def names_in(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: names_in(inner) for name, inner in value.items() if name != "cover"}
    return [names_in(inner) for inner in value] if isinstance(value, list) else None


async def only(reader: Reader, *, at: datetime, name: str = "2026-11") -> CalendarEpisode:
    [found] = [entry for day in (await month(reader, name, at=at)).days for entry in day.episodes]
    return found


async def watch(reader: Reader, episode_id: int, seconds: float, *, at: datetime) -> None:
    """Watch an episode from its beginning, as fast as is believed."""
    for number, moment in enumerate((at, at + timedelta(seconds=seconds))):
        await viewing.report_progress(
            reader=reader,
            item_id=episode_id,
            session="sitting",
            sequence=number,
            position_s=seconds,
            watched=Ranges.of_seconds([(0, seconds)]),
            at=moment,
        )


async def test_a_month_has_all_its_days_and_an_episode_is_on_its_own() -> None:
    reader, series_id = await doctor(), await series("医探究竟")
    episode_id = await episode(series_id, NOON, title="保肛")
    november = await month(reader)
    assert [day.date for day in november.days] == [date(2026, 11, number) for number in range(1, 31)]
    [[found]] = [day.episodes for day in november.days if day.episodes]
    assert november.days[14].episodes == [found]
    assert (found.id, found.series, found.title) == (episode_id, Named(series_id, "医探究竟"), "保肛")
    assert (found.airs_at, found.duration_s) == (NOON, SECONDS)
    assert found.cover is not None
    assert found.cover.alt == "手术室"


@pytest.mark.parametrize(
    ("airs_at", "on"),
    [
        (datetime(2026, 10, 31, 15, 59, 59, tzinfo=UTC), ("2026-10", date(2026, 10, 31))),
        (datetime(2026, 10, 31, 16, 0, tzinfo=UTC), ("2026-11", date(2026, 11, 1))),
        (datetime(2026, 11, 30, 15, 59, 59, 999_999, tzinfo=UTC), ("2026-11", date(2026, 11, 30))),
        (datetime(2026, 11, 30, 16, 0, tzinfo=UTC), ("2026-12", date(2026, 12, 1))),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), ("2027-01", date(2027, 1, 1))),
        (datetime(2028, 2, 29, 15, 0, tzinfo=UTC), ("2028-02", date(2028, 2, 29))),
        (datetime(2028, 2, 29, 17, 0, tzinfo=UTC), ("2028-03", date(2028, 3, 1))),
        (datetime(2026, 7, 1, 0, 30, tzinfo=timezone(timedelta(hours=14))), ("2026-06", date(2026, 6, 30))),
    ],
)
async def test_a_day_is_one_of_shanghai(airs_at: datetime, on: tuple[str, date]) -> None:
    reader = await doctor()
    await episode(await series(), airs_at)
    for name in ("2026-06", "2026-07", "2026-10", "2026-11", "2026-12", "2027-01", "2028-02", "2028-03"):
        days = [day.date for day in (await month(reader, name)).days if day.episodes]
        assert days == ([on[1]] if name == on[0] else [])


async def test_the_days_are_in_order_and_so_are_the_episodes_of_a_day() -> None:
    reader, series_id = await doctor(), await series()
    late = await episode(series_id, NOON + timedelta(hours=2))
    early = await episode(series_id, NOON - timedelta(hours=2))
    same = await episode(series_id, NOON - timedelta(hours=2))
    [day] = [day for day in (await month(reader)).days if day.episodes]
    assert [entry.id for entry in day.episodes] == [early, same, late]


@pytest.mark.parametrize(
    ("after", "state"),
    [
        (-SECOND, State.UPCOMING),
        (timedelta(microseconds=-1), State.UPCOMING),
        (timedelta(), State.ON_AIR),
        (timedelta(seconds=SECONDS) - timedelta(microseconds=1), State.ON_AIR),
        (timedelta(seconds=SECONDS), State.MISSED),
        (timedelta(days=90), State.MISSED),
    ],
)
async def test_an_episode_is_on_air_within_its_duration(after: timedelta, state: State) -> None:
    reader = await doctor()
    await episode(await series(), NOON)
    assert (await only(reader, at=NOON + after)).state == state


async def test_an_episode_on_air_is_on_air_whatever_was_watched_of_it() -> None:
    reader, episode_id = await doctor(), await episode(await series(), NOON)
    await watch(reader, episode_id, 60, at=NOON)
    found = await only(reader, at=NOON + timedelta(seconds=SECONDS) - SECOND)
    assert (found.state, found.share) == (State.ON_AIR, 0.1)
    found = await only(reader, at=NOON + timedelta(seconds=SECONDS))
    assert (found.state, found.share, found.resume_s) == (State.STARTED, 0.1, 57)


async def test_nine_tenths_are_finished() -> None:
    reader, episode_id = await doctor(), await episode(await series(), NOON)
    await watch(reader, episode_id, SECONDS * 0.9, at=NOON + timedelta(days=1))
    found = await only(reader, at=NOON + timedelta(days=2))
    assert (found.state, found.share) == (State.FINISHED, 0.9)


@pytest.mark.parametrize("position", [0, 9.999, 10, 300, 570, 570.001, 600])
async def test_the_calendar_and_the_player_go_on_at_the_same_place(position: float) -> None:
    reader, episode_id = await doctor(), await episode(await series(), NOON)
    progress = await viewing.report_progress(
        reader=reader,
        item_id=episode_id,
        session="sitting",
        sequence=0,
        position_s=position,
        watched=Ranges(),
        at=NOON,
    )
    assert (await only(reader, at=NOON)).resume_s == progress.resume_s


async def test_a_cancelled_airing_stays_and_says_so() -> None:
    reader, episode_id = await doctor(), await episode(await series(), NOON)
    await cancelled(episode_id, NOON - timedelta(days=1))
    for at in (NOON - SECOND, NOON, NOON + timedelta(days=1)):
        assert (await only(reader, at=at)).state == State.CANCELLED
    assert (await month(reader, at=NOON - SECOND)).next is None


async def test_a_moved_airing_says_from_when() -> None:
    reader, episode_id = await doctor(), await episode(await series(), NOON)
    await airing(episode_id, NOON + timedelta(days=1), at=BEGAN + timedelta(days=1))
    found = await only(reader, at=NOON)
    assert (found.state, found.airs_at, found.moved_from) == (State.UPCOMING, NOON + timedelta(days=1), NOON)


async def test_states_are_each_readers_own() -> None:
    one, other, series_id = await doctor(), await doctor(), await series()
    episode_id = await episode(series_id, NOON)
    await watch(one, episode_id, SECONDS, at=NOON)
    await following.follow(reader=other, series_id=series_id, at=NOON)
    later = NOON + timedelta(days=1)
    assert [(await only(reader, at=later)).state for reader in (one, other)] == [State.FINISHED, State.MISSED]
    assert [(await only(reader, at=later)).following for reader in (one, other)] == [False, True]


async def test_what_a_reader_may_not_read_is_not_there() -> None:
    reader, series_id = await doctor(), await series()
    await episode(series_id, NOON, audience="professional")
    await episode(await series(audience="patient"), NOON)
    gone = await episode(series_id, NOON)
    await publishing.withdraw(item_id=gone, reason="", staff_id=1, at=NOON)
    assert not any(day.episodes for day in (await month(reader)).days)
    verified = Reader(reader.account_id, frozenset({Role.DOCTOR, Role.PROFESSIONAL}))
    assert sum(len(day.episodes) for day in (await month(verified)).days) == 1


async def test_a_reader_without_an_account_sees_times_and_nothing_of_others() -> None:
    await doctor()
    await episode(await series(), NOON - timedelta(days=1))
    found = await only(GUEST, at=NOON)
    assert (found.state, found.following, found.reminder) == (State.MISSED, False, "not_following")


async def test_the_next_episode_is_one_that_is_followed_or_else_any() -> None:
    reader, followed, other = await doctor(), await series("followed"), await series("other")
    await following.follow(reader=reader, series_id=followed, at=BEGAN)
    await episode(followed, NOON)
    sooner = await episode(other, NOON + SECOND)
    assert (next_of := (await month(reader)).next) is not None
    assert next_of.id == sooner, "what airs at this moment is on air and not next"
    far_ahead = await episode(followed, NOON + timedelta(days=40))
    assert (next_of := (await month(reader, "2025-01")).next) is not None
    assert next_of.id == far_ahead
    assert (await month(reader, at=NOON + timedelta(days=50))).next is None


async def test_the_calendar_says_what_becomes_of_the_reminder(settings: Settings) -> None:
    await open_for_messages(Sealer(settings.key_bytes[0]), at=BEGAN)
    reader, series_id = await doctor("service", app_id=DOCTOR_APPID), await series()
    first, second, silent = [await episode(series_id, NOON + number * SECOND) for number in (1, 2, 3)]

    async def reminders(*, at: datetime = NOON) -> dict[int, str]:
        days = (await month(reader, at=at)).days
        return {entry.id: entry.reminder for day in days for entry in day.episodes}

    async def plan(*episode_ids: int) -> None:
        # Following may have planned some already, where the house listens to what happens.
        await connection().execute("DELETE FROM message")
        for episode_id in episode_ids:
            soon = notice(f"episode:{episode_id}:soon:0", due_at=NOON, lasts=timedelta(hours=1))
            await planned(reader.account_id, soon, at=BEGAN)

    assert set((await reminders()).values()) == {"not_following"}
    await following.follow(reader=reader, series_id=series_id, at=BEGAN)
    await plan(first, second)
    assert await reminders() == {first: "no_credit", second: "no_credit", silent: "none"}
    await granted(reader.account_id, 1, at=BEGAN)
    assert await reminders() == {first: "planned", second: "no_credit", silent: "none"}
    assert (ahead := (await month(reader)).next) is not None
    assert ahead.reminder == "planned"
    await connection().execute(
        "UPDATE message SET state = 'sent', sent_at = due_at, ended_at = due_at WHERE subject = $1",
        f"episode:{first}:soon:0",
    )
    assert await reminders() == {first: "sent", second: "planned", silent: "none"}
    assert await reminders(at=NOON + timedelta(days=1)) == {first: "sent", second: "none", silent: "none"}
    await airing(second, NOON + timedelta(days=2), at=BEGAN + timedelta(days=1))
    await plan(second)
    assert (await reminders())[second] == "none", "a reminder belongs to one time of airing"


@pytest.mark.parametrize(("seconds", "share"), [(SECONDS * 2, 0.15), (SECONDS // 2, 0.4), (240, 0.25), (60, 0)])
async def test_of_another_video_in_its_place_counts_what_lies_within_it(seconds: int, share: float) -> None:
    reader, episode_id = await doctor(), await episode(await series(), NOON - timedelta(days=1))
    for number, moment in enumerate((NOON, NOON + timedelta(hours=1))):
        await viewing.report_progress(
            reader=reader,
            item_id=episode_id,
            session="sitting",
            sequence=number,
            position_s=300,
            watched=Ranges.of_seconds([(180, 360)]),
            at=moment,
        )
    draft = await items.draft_of(item_id=episode_id)
    shape = {**draft.shape, "duration_s": seconds}
    await items.save_draft(item_id=episode_id, shape=shape, revision=draft.revision, staff_id=1, at=NOON)
    await publish(item_id=episode_id, staff_id=1, at=NOON)
    progress = await viewing.progress_of(reader=reader, item_id=episode_id, at=NOON)
    found = await only(reader, at=NOON)
    assert (found.share, found.resume_s) == (progress.share, progress.resume_s)
    assert found.share == share


async def test_the_same_question_gets_the_same_bytes() -> None:
    reader = await doctor()
    await episode(await series(), NOON)
    first = await calendar.month_of(reader=reader, month="2026-11", at=NOON)
    assert await calendar.month_of(reader=reader, month="2026-11", at=NOON + SECOND) == first
