"""Which roles must approve what, what reviewers say at a field, the number of a material, and for how long it holds."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest

from content import items, publishing, review, review_notes, review_rules, timing
from content.publishing import ApprovalMissing, PeriodBad
from content.review_notes import NoteBad, NoteMissing, NoteSettled
from content.review_rules import RolesBad
from content.workflow import State, standing
from server.core.db import connection
from server.core.roles import Role
from tests.content.studio import NOON, after, approve, draft, series_text

pytestmark = pytest.mark.usefixtures("database")
YEAR = timedelta(days=365)


async def a_series(**changes: Any) -> int:
    return await draft("series", await series_text(**changes))


async def text_of(item_id: int) -> str:
    return (await items.draft_of(item_id=item_id)).content_hash


async def judged(item_id: int, role: Role, **how: Any) -> None:
    given = {"approved": True, "staff_id": 902, "at": NOON, **how}
    await review.judge(item_id=item_id, content_hash=await text_of(item_id), role=role, **given)


# The roles.


async def test_the_house_may_ask_other_roles_than_the_kind_does() -> None:
    item_id = await a_series()
    await review_rules.change(kind="series", roles=[Role.LEGAL], staff_id=1, at=NOON)
    assert (await standing(item_id=item_id, at=NOON)).required == ("legal",)
    await approve(item_id)
    assert (await standing(item_id=item_id, at=NOON)).state == State.APPROVED
    await review_rules.change(kind="series", roles=[Role.LEGAL, Role.MEDICAL], staff_id=1, at=NOON)
    assert (await standing(item_id=item_id, at=NOON)).state == State.IN_REVIEW
    with pytest.raises(ApprovalMissing) as refused:
        await publishing.publish(item_id=item_id, staff_id=2, at=NOON)
    assert refused.value.facts == {"roles": ["medical"]}


async def test_what_waits_is_held_back_when_more_roles_are_asked_meanwhile() -> None:
    item_id = await a_series()
    await approve(item_id)
    await publishing.publish(item_id=item_id, starts_at=after(hours=1), staff_id=2, at=NOON)
    await review_rules.change(kind="series", roles=list(review_rules.REVIEWERS), staff_id=1, at=NOON)
    await timing.turn(at=after(hours=1))
    (row,) = await publishing.history(item_id=item_id)
    assert (row.began_at, row.reason) == (None, "checks_failed: approval_missing:legal")


async def test_without_roles_a_draft_is_published_as_it_is() -> None:
    await review_rules.change(kind="series", roles=[], staff_id=1, at=NOON)
    item_id = await a_series()
    assert (await publishing.publish(item_id=item_id, staff_id=2, at=NOON)).state == State.PUBLISHED


@pytest.mark.parametrize("role", [Role.EDITOR, Role.PUBLISHER, Role.ADMINISTRATOR, Role.DOCTOR])
async def test_only_reviewers_can_be_asked(role: Role) -> None:
    with pytest.raises(RolesBad):
        await review_rules.change(kind="series", roles=[role], staff_id=1, at=NOON)


async def test_a_rule_is_in_the_audit() -> None:
    await review_rules.change(kind="season", roles=[], staff_id=3, at=NOON)
    row = await connection().row("SELECT actor, deed, before FROM audit_entry")
    assert row is not None
    assert (row["actor"], row["deed"]) == ("staff:3", "review_rule.change")


# The number and its time.


async def test_the_last_approval_gives_the_text_its_number() -> None:
    item_id = await a_series()
    text = await items.draft_of(item_id=item_id)
    await review.submit(item_id=item_id, revision=text.revision, staff_id=1, at=NOON)
    await judged(item_id, Role.MEDICAL)
    assert await review.material_of(item_id=item_id, content_hash=text.content_hash) is None
    await judged(item_id, Role.COMPLIANCE, at=after(hours=1))
    made = await review.material_of(item_id=item_id, content_hash=text.content_hash)
    assert made is not None
    assert re.fullmatch(r"XL-2026-\d{6}", made.number)
    assert (made.approved_at, made.valid_until) == (after(hours=1), NOON + YEAR)
    # Approved once more in the same role and at the same time, it keeps its number.
    await judged(item_id, Role.COMPLIANCE, at=after(hours=1))
    assert await review.material_of(item_id=item_id, content_hash=text.content_hash) == made


async def test_what_is_shown_ends_with_its_approvals() -> None:
    item_id = await a_series()
    await approve(item_id)
    shown = await publishing.publish(item_id=item_id, staff_id=2, at=NOON)
    assert shown.until == NOON + YEAR
    assert (await standing(item_id=item_id, at=NOON + YEAR)).state == State.EXPIRED
    await timing.turn(at=NOON + YEAR)
    assert await connection().value("SELECT why FROM tombstone WHERE item_id = $1", item_id) == "expired"


async def test_an_expired_approval_publishes_nothing_and_can_be_given_anew() -> None:
    item_id = await a_series()
    await approve(item_id)
    first = await review.material_of(item_id=item_id, content_hash=await text_of(item_id))
    late = NOON + YEAR
    with pytest.raises(ApprovalMissing):
        await publishing.publish(item_id=item_id, staff_id=2, at=late)
    for role in (Role.MEDICAL, Role.COMPLIANCE):
        await judged(item_id, role, at=late)
    assert (await publishing.publish(item_id=item_id, staff_id=2, at=late)).until == late + YEAR
    made = await review.material_of(item_id=item_id, content_hash=await text_of(item_id))
    assert first is not None
    assert made is not None
    assert (made.number[:8], made.number != first.number) == ("XL-2027-", True)


async def test_approved_anew_in_time_it_is_shown_for_longer() -> None:
    item_id = await a_series()
    await approve(item_id)
    await publishing.publish(item_id=item_id, staff_id=2, at=NOON)
    later = after(days=300)
    for role in (Role.MEDICAL, Role.COMPLIANCE):
        await judged(item_id, role, at=later)
    assert (await publishing.publish(item_id=item_id, staff_id=2, at=later)).until == later + YEAR


async def test_the_days_of_a_text_bound_when_it_is_shown() -> None:
    item_id = await a_series(valid_from="2026-11-20", valid_until="2026-11-30")
    await approve(item_id)
    planned = await publishing.publish(item_id=item_id, staff_id=2, at=NOON)
    assert planned.state == State.SCHEDULED
    (row,) = await publishing.history(item_id=item_id)
    assert (row.starts_at.isoformat(), row.ends_at and row.ends_at.isoformat()) == (
        "2026-11-19T16:00:00+00:00",
        "2026-11-30T16:00:00+00:00",
    )


async def test_a_period_outside_of_the_days_of_a_text_is_none() -> None:
    item_id = await a_series(valid_until="2026-11-30")
    await approve(item_id)
    with pytest.raises(PeriodBad):
        await publishing.publish(item_id=item_id, starts_at=after(days=30), staff_id=2, at=NOON)


# Notes at a field.


async def test_a_reviewer_speaks_at_a_field_and_somebody_settles_it_once() -> None:
    item_id = await a_series()
    note = await review_notes.add(item_id=item_id, field="summary", text=" 请补充来源。 ", staff_id=8, at=NOON)
    (listed,) = await review_notes.listing(item_id=item_id)
    assert (listed.field, listed.text, listed.current) == ("summary", "请补充来源。", True)
    settled = await asyncio.gather(
        *(review_notes.settle(item_id=item_id, note_id=note.id, staff_id=1, at=NOON) for _ in range(4)),
        return_exceptions=True,
    )
    assert sum(one is None for one in settled) == 1
    assert sum(isinstance(one, NoteSettled) for one in settled) == 3
    assert await review_notes.listing(item_id=item_id, only_open=True) == []


async def test_a_note_tells_whether_the_text_is_still_the_one_it_speaks_of() -> None:
    item_id = await a_series()
    await review_notes.add(item_id=item_id, field="title", text="标题过长", staff_id=8, at=NOON)
    before = await items.draft_of(item_id=item_id)
    await items.save_draft(
        item_id=item_id, shape={**before.shape, "title": "短"}, revision=before.revision, staff_id=1, at=NOON
    )
    (listed,) = await review_notes.listing(item_id=item_id)
    assert not listed.current


@pytest.mark.parametrize("text", ["", "   ", "字" * 2001])
async def test_a_note_says_something(text: str) -> None:
    item_id = await a_series()
    with pytest.raises(NoteBad):
        await review_notes.add(item_id=item_id, field="title", text=text, staff_id=8, at=NOON)


async def test_a_note_is_settled_at_its_own_item_only() -> None:
    one, other = await a_series(), await a_series()
    note = await review_notes.add(item_id=one, field="title", text="x", staff_id=8, at=NOON)
    with pytest.raises(NoteMissing):
        await review_notes.settle(item_id=other, note_id=note.id, staff_id=1, at=NOON)
