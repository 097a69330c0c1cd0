"""From a draft to what readers see, and back."""

import asyncio
from datetime import datetime
from typing import Any

import msgspec
import pytest

from content import airings, filming, items, live, publishing, timing, tree
from content.access import Expired, ItemMissing, Withdrawn, readable
from content.items import DraftStale
from content.parts import Audience
from content.publishing import ChecksFailed, NotPublished, PeriodBad
from content.workflow import State, standing
from server.core.db import connection
from server.core.roles import GUEST, Reader, Role
from tests.content.studio import (
    NOON,
    a_consent,
    a_file,
    a_tag,
    after,
    draft,
    episode_text,
    publish,
    published_episode,
    published_series,
    series_text,
)

pytestmark = pytest.mark.usefixtures("database")
DOCTOR = Reader(account_id=1, roles=frozenset({Role.DOCTOR}))
PATIENT = Reader(account_id=2, roles=frozenset({Role.PATIENT}))


async def is_readable(item_id: int, reader: Reader = GUEST, at: datetime = NOON) -> bool:
    try:
        await readable(item_id=item_id, reader=reader, at=at)
    except (ItemMissing, Withdrawn, Expired):
        return False
    return True


async def state(item_id: int, at: datetime = NOON) -> tuple[State, bool, bool]:
    stands = await standing(item_id=item_id, at=at)
    return stands.state, stands.changed, stands.visible


async def saved(item_id: int, at: datetime = NOON, **changes: Any) -> int:
    before = await items.draft_of(item_id=item_id)
    return (
        await items.save_draft(
            item_id=item_id, shape={**before.shape, **changes}, revision=before.revision, staff_id=1, at=at
        )
    ).revision


async def events() -> list[str]:
    rows = await connection().fetch("SELECT name FROM event ORDER BY sequence")
    return [row["name"] for row in rows if row["name"].startswith("content_")]


async def test_a_draft_is_published_at_once() -> None:
    series_id = await draft("series", await series_text())
    assert await state(series_id) == (State.DRAFT, False, False)
    stands = await publish(item_id=series_id, staff_id=2, at=NOON)
    assert (stands.state, stands.number, stands.visible) == (State.PUBLISHED, 1, True)
    assert await is_readable(series_id)


async def test_a_draft_that_is_not_fit_is_refused_with_every_reason() -> None:
    series_id = await draft("series", {"title": "", "cover": {"asset": 99}})
    with pytest.raises(ChecksFailed) as refused:
        await publish(item_id=series_id, staff_id=2, at=NOON)
    found: Any = refused.value.facts["findings"]
    assert {(finding["field"], finding["code"]) for finding in found} == {("title", "missing")}
    await saved(series_id, title="有了")
    with pytest.raises(ChecksFailed) as refused:
        await publish(item_id=series_id, staff_id=2, at=NOON)
    found = refused.value.facts["findings"]
    assert {(finding["field"], finding["code"]) for finding in found} == {
        ("cover.asset", "asset_unknown"),
        ("cover.alt", "alt_missing"),
    }
    assert await connection().value("SELECT count(*) FROM version") == 0


async def test_an_episode_without_a_series_is_not_published() -> None:
    episode_id = await draft("episode", await episode_text())
    with pytest.raises(ChecksFailed) as refused:
        await publish(item_id=episode_id, staff_id=2, at=NOON)
    assert refused.value.field == "parent_id"


async def test_what_was_looked_at_is_what_is_published() -> None:
    series_id = await draft("series", await series_text())
    await saved(series_id, title="改过")
    with pytest.raises(DraftStale):
        await publish(item_id=series_id, revision=1, staff_id=2, at=NOON)


async def test_publishing_twice_changes_nothing() -> None:
    series_id = await published_series()
    again = await publish(item_id=series_id, staff_id=2, at=after(minutes=1))
    assert again.since == NOON
    assert len(await publishing.history(item_id=series_id)) == 1


async def test_two_who_publish_at_once_make_one_publication() -> None:
    series_id = await draft("series", await series_text())
    await asyncio.gather(*(publish(item_id=series_id, staff_id=2, at=NOON) for _ in range(4)))
    assert len(await publishing.history(item_id=series_id)) == 1


async def test_readers_keep_the_old_version_until_the_new_one_is_published() -> None:
    series_id = await published_series(title="旧")
    await saved(series_id, title="新")
    assert await state(series_id) == (State.PUBLISHED, True, True)
    assert await connection().value("SELECT title FROM live WHERE item_id = $1", series_id) == "旧"
    await publish(item_id=series_id, staff_id=2, at=after(minutes=1))
    assert await connection().value("SELECT title FROM live WHERE item_id = $1", series_id) == "新"
    assert [row.replaced_at for row in await publishing.history(item_id=series_id)] == [None, after(minutes=1)]


async def test_what_is_scheduled_begins_on_time() -> None:
    series_id = await draft("series", await series_text())
    await publish(item_id=series_id, starts_at=after(hours=1), staff_id=2, at=NOON)
    assert await state(series_id) == (State.SCHEDULED, False, False)
    assert await timing.turn(at=after(minutes=59)) == 0
    assert await timing.turn(at=after(hours=1)) == 1
    assert await state(series_id, after(hours=1)) == (State.PUBLISHED, False, True)
    assert await timing.turn(at=after(hours=1)) == 0


async def test_a_new_version_waits_behind_the_one_that_is_shown() -> None:
    series_id = await published_series(title="旧")
    await saved(series_id, title="新")
    await publish(item_id=series_id, starts_at=after(hours=1), staff_id=2, at=NOON)
    stands = await standing(item_id=series_id, at=NOON)
    assert (stands.state, stands.number, stands.next_at) == (State.PUBLISHED, 1, after(hours=1))
    await timing.turn(at=after(hours=1))
    assert await connection().value("SELECT title FROM live WHERE item_id = $1", series_id) == "新"


async def test_what_is_edited_while_it_waits_is_not_what_begins() -> None:
    series_id = await draft("series", await series_text(title="批准过的"))
    await publish(item_id=series_id, starts_at=after(hours=1), staff_id=2, at=NOON)
    await saved(series_id, title="后来的")
    await timing.turn(at=after(hours=1))
    assert await connection().value("SELECT title FROM live WHERE item_id = $1", series_id) == "批准过的"


async def test_publishing_now_takes_the_place_of_what_waits() -> None:
    series_id = await draft("series", await series_text())
    await publish(item_id=series_id, starts_at=after(hours=1), staff_id=2, at=NOON)
    await publish(item_id=series_id, staff_id=2, at=after(minutes=1))
    assert await timing.turn(at=after(hours=2)) == 0
    assert (await standing(item_id=series_id, at=after(hours=2))).since == after(minutes=1)


async def test_what_waits_can_be_taken_back_alone() -> None:
    series_id = await published_series()
    await saved(series_id, title="新")
    await publish(item_id=series_id, starts_at=after(hours=1), staff_id=2, at=NOON)
    stands = await publishing.unschedule(item_id=series_id, staff_id=2, at=after(minutes=1))
    assert (stands.state, stands.next_at) == (State.PUBLISHED, None)
    with pytest.raises(NotPublished):
        await publishing.unschedule(item_id=series_id, staff_id=2, at=after(minutes=2))


async def test_an_item_past_its_end_is_gone_before_any_job_runs() -> None:
    series_id = await draft("series", await series_text())
    await publish(item_id=series_id, ends_at=after(hours=1), staff_id=2, at=NOON)
    await readable(item_id=series_id, reader=GUEST, at=after(minutes=59, seconds=59))
    with pytest.raises(Expired):
        await readable(item_id=series_id, reader=GUEST, at=after(hours=1))
    assert await state(series_id, after(hours=1)) == (State.EXPIRED, False, False)
    await timing.turn(at=after(hours=1, seconds=2))
    with pytest.raises(Expired):
        await readable(item_id=series_id, reader=GUEST, at=after(hours=2))
    assert await state(series_id, after(hours=2)) == (State.EXPIRED, False, False)
    assert await events() == ["content_published", "content_expired"]


@pytest.mark.parametrize(
    ("starts", "ends"),
    [
        pytest.param(None, {"hours": -1}, id="an end in the past"),
        pytest.param({"hours": 2}, {"hours": 2}, id="no time at all"),
        pytest.param({"days": 4000}, None, id="far away"),
        pytest.param(None, {"days": 4000}, id="nearly for ever"),
    ],
)
async def test_a_period_that_is_none_is_refused(starts: dict[str, float] | None, ends: dict[str, float] | None) -> None:
    series_id = await draft("series", await series_text())
    with pytest.raises(PeriodBad):
        await publish(
            item_id=series_id,
            starts_at=after(**starts) if starts else None,
            ends_at=after(**ends) if ends else None,
            staff_id=2,
            at=NOON,
        )


async def test_what_was_withdrawn_says_so_at_its_address() -> None:
    series_id = await published_series()
    stands = await publishing.withdraw(item_id=series_id, reason="有误", staff_id=2, at=after(minutes=1))
    assert stands.state == State.WITHDRAWN
    with pytest.raises(Withdrawn):
        await readable(item_id=series_id, reader=GUEST, at=after(minutes=1))
    with pytest.raises(NotPublished):
        await publishing.withdraw(item_id=series_id, reason="", staff_id=2, at=after(minutes=2))


async def test_a_withdrawn_item_that_is_edited_is_a_draft_again() -> None:
    series_id = await published_series()
    await publishing.withdraw(item_id=series_id, reason="", staff_id=2, at=after(minutes=1))
    await saved(series_id, title="改好了")
    assert await state(series_id, after(minutes=2)) == (State.DRAFT, False, False)
    await publish(item_id=series_id, staff_id=2, at=after(minutes=3))
    assert await is_readable(series_id, at=after(minutes=3))
    assert await connection().value("SELECT count(*) FROM tombstone") == 0


async def test_withdrawing_a_series_takes_its_episodes_away_and_publishing_it_brings_them_back() -> None:
    series_id = await published_series()
    season_id = await draft("season", {"title": "第一季"}, parent_id=series_id)
    await publish(item_id=season_id, staff_id=2, at=NOON)
    episode_id = await published_episode(season_id)
    assert await is_readable(episode_id)
    await publishing.withdraw(item_id=series_id, reason="", staff_id=2, at=after(minutes=1))
    with pytest.raises(Withdrawn):
        await readable(item_id=episode_id, reader=GUEST, at=after(minutes=1))
    assert await state(episode_id, after(minutes=1)) == (State.PUBLISHED, False, False)
    await publish(item_id=series_id, staff_id=2, at=after(minutes=2))
    assert await is_readable(episode_id, at=after(minutes=2))
    assert await events() == ["content_published"] * 3 + ["content_withdrawn"] * 3 + ["content_published"] * 3


@pytest.mark.parametrize("level", ["series", "season", "episode"])
async def test_what_goes_before_it_airs_has_its_airing_cancelled(level: str) -> None:
    series_id = await published_series()
    season_id = await draft("season", {"title": "第一季"}, parent_id=series_id)
    await publish(item_id=season_id, staff_id=2, at=NOON)
    coming = await published_episode(season_id, airs_at=after(hours=1))
    aired = await published_episode(season_id, airs_at=after(seconds=60))
    for item_id in {"series": [series_id], "season": [season_id], "episode": [coming, aired]}[level]:
        await publishing.withdraw(item_id=item_id, reason="", staff_id=2, at=after(minutes=1), request_id="r-1")
    fallen, past = await airings.airing_of(episode_id=coming), await airings.airing_of(episode_id=aired)
    assert fallen is not None and past is not None
    assert (fallen.cancelled_at, fallen.changed_at, fallen.sequence) == (after(minutes=1), after(minutes=1), 1)
    assert (past.cancelled_at, past.sequence) == (None, 0)
    assert (await events()).count("content_rescheduled") == 1
    noted = await connection().fetch("SELECT * FROM audit_entry WHERE deed = 'airing.cancelled'")
    assert [(row["actor"], row["subject_id"], row["request_id"]) for row in noted] == [("staff:2", str(coming), "r-1")]


async def test_a_time_that_is_set_after_a_withdrawal_stays() -> None:
    series_id = await published_series()
    episode_id = await published_episode(series_id, airs_at=after(hours=1))
    await publishing.withdraw(item_id=episode_id, reason="", staff_id=2, at=NOON)
    await airings.schedule(episode_id=episode_id, airs_at=after(hours=2), staff_id=2, at=NOON)
    await publishing.withdraw(item_id=series_id, reason="", staff_id=2, at=NOON)
    await publish(item_id=series_id, staff_id=2, at=NOON)
    await publish(item_id=episode_id, staff_id=2, at=NOON)
    airing = await airings.airing_of(episode_id=episode_id)
    assert airing is not None
    assert (airing.cancelled_at, airing.sequence) == (None, 2)


async def test_an_episode_under_a_series_that_is_not_out_waits_for_it() -> None:
    series_id = await draft("series", await series_text())
    episode_id = await draft("episode", await episode_text(), parent_id=series_id)
    stands = await publish(item_id=episode_id, staff_id=2, at=NOON)
    assert (stands.state, stands.visible) == (State.PUBLISHED, False)
    with pytest.raises(ItemMissing) as missing:
        await readable(item_id=episode_id, reader=GUEST, at=NOON)
    assert type(missing.value) is ItemMissing
    await publish(item_id=series_id, staff_id=2, at=after(minutes=1))
    assert await is_readable(episode_id, at=after(minutes=1))


async def test_an_episode_is_for_no_more_readers_than_its_series_and_no_longer() -> None:
    series_id = await draft("series", await series_text(audience="doctor"))
    await publish(item_id=series_id, ends_at=after(hours=1), staff_id=2, at=NOON)
    episode_id = await published_episode(series_id)
    row = await connection().row("SELECT audience, valid_until, root_id FROM live WHERE item_id = $1", episode_id)
    assert row is not None
    assert tuple(row) == ("doctor", after(hours=1), series_id)
    assert not await is_readable(episode_id, PATIENT)
    assert await is_readable(episode_id, DOCTOR)
    with pytest.raises(Expired):
        await readable(item_id=episode_id, reader=DOCTOR, at=after(hours=1))


async def test_a_wider_series_does_not_widen_what_a_patient_agreed_to() -> None:
    series_id = await published_series(audience="doctor")
    consent_id = await a_consent(scope=Audience.DOCTOR)
    episode_id = await published_episode(series_id, filmed_patient=True, consent_id=consent_id)
    await saved(series_id, audience="everyone")
    await publish(item_id=series_id, staff_id=2, at=after(minutes=1))
    assert await connection().value("SELECT audience FROM live WHERE item_id = $1", series_id) == "everyone"
    assert await connection().value("SELECT audience FROM live WHERE item_id = $1", episode_id) == "doctor"


async def test_new_tags_are_told() -> None:
    await a_tag("rectal-cancer")
    await a_tag("colon-cancer", "结肠癌")
    series_id = await published_series(tags=["rectal-cancer"])
    await saved(series_id, tags=["colon-cancer"])
    await publish(item_id=series_id, staff_id=2, at=after(minutes=1))
    assert await events() == ["content_published", "content_published", "content_retagged"]
    assert await connection().value("SELECT tags FROM live WHERE item_id = $1", series_id) == ["colon-cancer"]


async def test_a_withdrawn_consent_takes_everything_away_that_rests_on_it() -> None:
    series_id = await published_series()
    consent_id = await a_consent()
    film = await a_file("video")
    filmed = await published_episode(series_id, filmed_patient=True, consent_id=consent_id, video={"asset": film})
    waits = await draft("episode", await episode_text(consent_id=consent_id), parent_id=series_id)
    await publish(item_id=waits, starts_at=after(hours=1), staff_id=2, at=NOON)
    other = await published_episode(series_id)
    await filming.withdraw(consent_id=consent_id, staff_id=2, at=after(minutes=1))
    with pytest.raises(Withdrawn):
        await readable(item_id=filmed, reader=GUEST, at=after(minutes=1))
    assert await is_readable(other, at=after(minutes=1))
    assert await timing.turn(at=after(hours=1)) == 0
    with pytest.raises(ChecksFailed):
        await publish(item_id=filmed, staff_id=2, at=after(minutes=2))
    await saved(filmed, filmed_patient=False, consent_id=None)
    with pytest.raises(ChecksFailed) as refused:
        await publish(item_id=filmed, staff_id=2, at=after(minutes=3))
    assert refused.value.field == "video.asset"


async def test_a_consent_covers_every_copy_of_its_film() -> None:
    series_id = await published_series()
    first, copy = await a_file("video", sha256="5" * 64), await a_file("video", sha256="5" * 64)
    unaware = await published_episode(series_id, video={"asset": copy})
    consent_id = await a_consent()
    await published_episode(series_id, filmed_patient=True, consent_id=consent_id, video={"asset": first})
    await filming.withdraw(consent_id=consent_id, staff_id=2, at=after(minutes=1))
    assert not await is_readable(unaware, at=after(minutes=1))


async def test_nothing_that_rests_on_a_withdrawn_consent_is_made_live_again() -> None:
    series_id = await published_series()
    consent_id = await a_consent()
    episode_id = await published_episode(series_id, filmed_patient=True, consent_id=consent_id)
    await connection().execute("UPDATE filmed_consent SET withdrawn_at = $1", NOON)
    await live.refresh_all(at=NOON)
    assert not await is_readable(episode_id)


async def test_publishing_while_the_consent_is_withdrawn_leaves_nothing_live() -> None:
    series_id = await published_series()
    for _ in range(5):
        consent_id = await a_consent()
        episode_id = await draft("episode", await episode_text(consent_id=consent_id), parent_id=series_id)
        await asyncio.gather(
            publish(item_id=episode_id, staff_id=2, at=NOON),
            filming.withdraw(consent_id=consent_id, staff_id=2, at=NOON),
            return_exceptions=True,
        )
        assert not await is_readable(episode_id)


async def test_an_episode_published_while_its_series_is_withdrawn_does_not_stay() -> None:
    for _ in range(5):
        series_id = await published_series()
        episode_id = await draft("episode", await episode_text(), parent_id=series_id)
        await asyncio.gather(
            publish(item_id=episode_id, staff_id=2, at=NOON),
            publishing.withdraw(item_id=series_id, reason="", staff_id=2, at=NOON),
        )
        assert not await is_readable(episode_id)


async def test_what_something_speaks_against_by_now_does_not_begin() -> None:
    series_id = await published_series()
    tag = await a_tag("short-lived")
    episode_id = await draft("episode", await episode_text(tags=[tag]), parent_id=series_id)
    await publish(item_id=episode_id, starts_at=after(hours=1), staff_id=2, at=NOON)
    await connection().execute("DELETE FROM tag")
    await timing.turn(at=after(hours=1))
    assert not await is_readable(episode_id, at=after(hours=1))
    (row,) = await publishing.history(item_id=episode_id)
    assert row.reason == "checks_failed: tag_unknown"
    assert await timing.turn(at=after(hours=2)) == 0


async def test_an_episode_moves_to_another_series_with_what_readers_see() -> None:
    one, other = await published_series(audience="doctor"), await published_series(audience="patient")
    first, second = await published_episode(other), await published_episode(one)
    await tree.move(item_id=second, parent_id=other, position=1, staff_id=2, at=after(minutes=1))
    rows = await connection().fetch(
        "SELECT item_id, root_id, audience FROM live WHERE parent_id = $1 ORDER BY position", other
    )
    assert [tuple(row) for row in rows] == [(second, other, "patient"), (first, other, "patient")]


async def test_an_order_names_exactly_those_who_stand_there() -> None:
    series_id = await published_series()
    one, two = await published_episode(series_id), await published_episode(series_id)
    await tree.order(parent_id=series_id, kind="episode", item_ids=[two, one], staff_id=2, at=after(minutes=1))
    rows = await connection().fetch("SELECT item_id FROM live WHERE parent_id = $1 ORDER BY position", series_id)
    assert [row["item_id"] for row in rows] == [two, one]
    with pytest.raises(tree.OrderStale):
        await tree.order(parent_id=series_id, kind="episode", item_ids=[two], staff_id=2, at=after(minutes=1))


async def test_the_live_rows_can_be_made_again_from_the_rest() -> None:
    series_id = await published_series()
    await published_episode(series_id)
    gone = await published_series()
    await publishing.withdraw(item_id=gone, reason="", staff_id=2, at=NOON)
    told = await events()

    async def rows() -> list[Any]:
        found = await connection().fetch("SELECT * FROM live ORDER BY item_id")
        uses = await connection().fetch("SELECT asset_id, item_id, place, field FROM asset_use ORDER BY 1, 2, 3, 4")
        return [dict(row) for row in [*found, *uses]]

    before = await rows()
    await connection().execute("UPDATE live SET prepared = '{}', card = '{}', title = 'x'")
    await live.refresh_all(at=NOON)
    assert await rows() == before
    assert await events() == told


async def test_no_text_of_a_person_and_no_address_of_a_film_reaches_a_live_row() -> None:
    series_id = await published_series()
    consent_id = await a_consent()
    episode_id = await published_episode(
        series_id,
        filmed_patient=True,
        consent_id=consent_id,
        duration_s=700,
        video={"url": "https://media.example.com/film.mp4"},
    )
    prepared = msgspec.json.decode(await connection().value("SELECT prepared FROM live WHERE item_id = $1", episode_id))
    assert not {"video", "consent_id", "filmed_patient"} & set(prepared)
    assert prepared["cover"]["medium"].startswith(f"/media/pictures/{episode_id}/")
    assert "-w750q80-" in prepared["cover"]["medium"]
    assert "asset" not in prepared["cover"]


async def test_every_deed_of_an_editor_is_in_the_audit() -> None:
    series_id = await published_series()
    episode_id = await published_episode(series_id, airs_at=after(days=1))
    await airings.cancel(episode_id=episode_id, staff_id=2, at=NOON)
    await publishing.withdraw(item_id=series_id, reason="", staff_id=2, at=NOON)
    deeds = [row["deed"] for row in await connection().fetch("SELECT deed FROM audit_entry ORDER BY id")]
    assert deeds == [
        *("item.create", "item.submit", "item.approve", "item.approve", "item.publish"),
        *("item.create", "airing.set", "item.submit", "item.approve", "item.approve", "item.publish"),
        "airing.cancelled",
        "item.withdraw",
    ]
