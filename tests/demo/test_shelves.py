"""The written demo content, loaded into a real house: all of it once, by the staff whose part each deed is."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from content import (
    activity_plans,
    broadcast_questions,
    items,
    markup,
    polls,
    publishing,
    replays,
    review,
    review_notes,
)
from content.workflow import State
from server import demo
from server.core import audit, clock, staff
from server.core.clock import day_of
from server.core.db import connection
from server.core.roles import GUEST, Role
from server.demo import broadcasts, readers, shelves, texts
from server.demo.boards import ZONES
from server.demo.desk import Desk

HEARD: list[str] = []


async def state_of(slug: str) -> State:
    rows = (await items.listing(at=clock.now(), kind="article", text=slug)).rows
    return next(row.state for row in rows if row.slug == slug)


async def id_of(slug: str, kind: str = "article") -> int:
    return await connection().value("SELECT id FROM item WHERE kind = $1 AND slug = $2", kind, slug)


async def test_the_boards_are_filled_by_the_staff_whose_part_it_is(app: Any, database: None) -> None:
    await demo.seed(app.ctx, HEARD.append, script=())
    at = clock.now()
    rows = (await items.listing(at=at, size=500)).rows

    kinds = Counter(row.kind for row in rows if row.state == State.PUBLISHED)
    assert kinds["article"] >= 40
    assert kinds["activity"] >= 8
    assert min(kinds["video"], kinds["brand_account"], kinds["product"], kinds["document"]) >= 6
    # Every state of the workflow is there to be seen, but that of what is over.
    assert {row.state for row in rows} == set(State) - {State.EXPIRED, State.APPROVED}
    assert await state_of(shelves.TOMORROW) == State.SCHEDULED
    assert await state_of(shelves.WITHDRAWN) == State.WITHDRAWN
    assert {await state_of(slug) for slug in (*shelves.IN_REVIEW, shelves.SENT_BACK)} == {State.IN_REVIEW}
    (note,) = await review_notes.listing(item_id=await id_of(shelves.SENT_BACK))
    assert (note.field, note.current, note.settled_at) == ("body", True, None)
    ends = await connection().value("SELECT ends_at FROM publication WHERE item_id = $1", await id_of(shelves.EXPIRING))
    assert at < ends < at + timedelta(days=3)

    await everything_says_that_it_is_a_demonstration(rows)
    await nobody_judged_their_own(at)
    await nothing_speaks_against_publishing(rows, at)
    await the_lists_look_alive(at)
    await activities_are_past_now_and_to_come(at)
    await doctors_have_read_and_registered()
    await the_broadcast_has_a_replay_and_the_one_on_air_a_room(at)
    # The same again says nothing new, as after a start that was cut off at its very end.
    said = await connection().value("SELECT count(*) FROM event")
    desk = Desk(files=app.ctx.files, staff=await demo.staff.seed(at=at), boards={}, at=at)
    await desk.open()
    await readers.seed(issuer=app.ctx.issuer, codes=app.ctx.door_codes, desk=desk, at=at)
    assert await connection().value("SELECT count(*) FROM event") == said

    before = {
        name: await connection().value(f"SELECT count(*) FROM {name}")
        for name in ("item", "asset", "approval", "publication")
    }
    await demo.seed(app.ctx, HEARD.append, script=())
    assert before == {name: await connection().value(f"SELECT count(*) FROM {name}") for name in before}


async def everything_says_that_it_is_a_demonstration(rows: list[items.Row]) -> None:
    for row in rows:
        shape = (await items.draft_of(item_id=row.item_id)).shape
        assert "演示" in shape["summary"], row.slug
        assert "演示" in shape["cover"]["alt"], row.slug
        for person in [shape.get("author"), shape.get("reviewer"), *shape.get("speakers", [])]:
            assert person is None or "虚构" in person["hospital"], row.slug
        assert markup.plain(shape["body"]), row.slug


async def nobody_judged_their_own(at: Any) -> None:
    names = {member.id: member.roles for member in await staff.members()}
    rows = await connection().fetch(
        "SELECT a.role::text AS role, a.reviewer_id, v.author_id, p.created_by FROM approval a "
        "JOIN version v ON v.item_id = a.item_id AND v.content_hash = a.content_hash "
        "LEFT JOIN publication p ON p.version_id = v.id"
    )
    assert {row["role"] for row in rows} == {Role.MEDICAL, Role.LEGAL, Role.COMPLIANCE}
    for row in rows:
        assert row["reviewer_id"] not in {row["author_id"], row["created_by"]}
        assert row["role"] in names[row["reviewer_id"]]
    assert len({row["reviewer_id"] for row in rows}) == 3
    deeds = await audit.entries(deed="item.publish", limit=500)
    assert deeds
    assert all(Role.PUBLISHER in names[int(entry.actor.removeprefix("staff:"))] for entry in deeds)


async def nothing_speaks_against_publishing(rows: list[items.Row], at: Any) -> None:
    for row in rows:
        findings = await publishing.checks(item_id=row.item_id, at=at)
        assert [finding for finding in findings if finding.blocks] == [], row.slug
        text = await items.draft_of(item_id=row.item_id)
        if row.state in {State.PUBLISHED, State.SCHEDULED}:
            number = await review.material_of(item_id=row.item_id, content_hash=text.content_hash)
            assert number is not None, row.slug


async def the_lists_look_alive(at: Any) -> None:
    rows = await connection().fetch("SELECT DISTINCT began_at FROM publication WHERE began_at IS NOT NULL")
    days = {day_of(row["began_at"]) for row in rows}
    assert len(days) >= 40
    assert max(days) >= day_of(at) - timedelta(days=2)
    assert min(days) <= day_of(at) - timedelta(days=80)
    rows = await connection().fetch(
        "SELECT s.slug, count(i.id) AS here FROM section s LEFT JOIN item i ON i.section_id = s.id GROUP BY s.slug"
    )
    here = {row["slug"]: row["here"] for row in rows}
    assert set(here) == {zone.slug for zone in ZONES}
    empty = {slug for slug, count in here.items() if not count}
    assert empty == {zone.slug for zone in ZONES if not zone.board} | {"series"}


async def activities_are_past_now_and_to_come(at: Any) -> None:
    plans = [
        await activity_plans.plan_of(activity_id=await id_of(occasion.slug, "activity"))
        for occasion in texts.occasions()
    ]
    held = [plan for plan in plans if plan is not None]
    assert len(held) == len(texts.occasions())
    assert sum(plan.ends_at < at for plan in held) >= 3
    assert sum(plan.starts_at > at for plan in held) >= 4
    assert [plan.stream for plan in held if plan.starts_at <= at < plan.ends_at] == ["demo-night-call"]
    assert sum(plan.cancelled_at is not None for plan in held) == 1
    assert any(plan.registration_opens_at is not None and plan.registration_opens_at > at for plan in held)


async def doctors_have_read_and_registered() -> None:
    rows = await connection().fetch("SELECT name, count(*) AS count, max(flags) AS flags FROM event GROUP BY name")
    counts = {row["name"]: row["count"] for row in rows}
    assert counts["content_impression"] > counts["content_open"] > counts["content_finish"] > 20
    assert counts["content_favorite"] > 10
    assert counts["activity_register"] > 20
    books = await connection().row("SELECT sum(received) AS received, sum(stored) AS stored FROM intake_book")
    assert books["received"] == books["stored"] > 300
    rows = await connection().fetch("SELECT state, count(*) AS count FROM registration GROUP BY state")
    states = {row["state"]: row["count"] for row in rows}
    assert states["registered"] > 20
    assert await connection().value("SELECT count(*) FROM check_in") == len(readers.CAME)
    assert states["waiting"] == len(readers.REGISTERED["stoma-hands-on"]) - 6


async def the_broadcast_has_a_replay_and_the_one_on_air_a_room(at: Any) -> None:
    replay_id = await replays.replay_of(
        activity_id=await id_of("morning-reading-live", "activity"), reader=GUEST, at=at
    )
    assert (await items.draft_of(item_id=replay_id or 0)).shape["title"].startswith("回放")
    room = await id_of(broadcasts.ON_AIR, "activity")
    counts = await broadcast_questions.counts(activity_id=room)
    assert [counts[asked.state] for asked in broadcasts.QUESTIONS] == [1, 1, 1]
    (poll,) = await polls.listing(activity_id=room, opened=True)
    assert sum(poll.counts) == len(broadcasts.VOTES)
    assert poll.closed_at is None


async def test_writing_that_was_killed_again_and_again_is_finished_as_if_it_never_was(app: Any, database: None) -> None:
    for deeds in (3, 24, 61, 140):
        killed = asyncio.create_task(demo.seed(app.ctx, HEARD.append, script=()))
        while await connection().value("SELECT count(*) FROM audit_entry WHERE subject_kind = 'item'") < deeds:
            await asyncio.wait([killed], timeout=0.02)
        killed.cancel()
        with pytest.raises(asyncio.CancelledError):
            await killed
    half = await connection().value("SELECT count(*) FROM item")
    assert not await demo.is_there()

    await demo.seed(app.ctx, HEARD.append, script=())
    rows = (await items.listing(at=clock.now(), size=500)).rows
    assert len(rows) > half > 0
    expected = {shelves.TOMORROW: State.SCHEDULED, shelves.WITHDRAWN: State.WITHDRAWN, shelves.DRAFTED: State.DRAFT}
    expected |= dict.fromkeys((*shelves.IN_REVIEW, shelves.SENT_BACK), State.IN_REVIEW)
    assert {row.slug: row.state for row in rows} == {row.slug: expected.get(row.slug, State.PUBLISHED) for row in rows}
    twice = "SELECT count(*) FROM (SELECT name FROM asset GROUP BY name HAVING count(*) > 1) AS twice"
    assert await connection().value(twice) == 0
    assert await connection().value("SELECT count(*) FROM item WHERE section_id IS NULL") == 0
    assert len(await review_notes.listing(item_id=await id_of(shelves.SENT_BACK))) == 1
