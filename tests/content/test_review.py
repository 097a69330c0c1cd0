"""Review: verdicts on exactly one text, and what a kind that requires them waits for."""

from collections.abc import Iterator
from typing import Any

import pytest

from content import airings, checks, items, publishing, review, timing
from content.kinds import KINDS, Kind
from content.publishing import ApprovalMissing, ChecksFailed
from content.review import NotAReviewer, OwnText, TextMoved
from content.shapes import Shape
from content.workflow import Standing, State, standing
from server.core.db import connection
from server.core.roles import Role
from tests.content.studio import NOON, after, draft

pytestmark = pytest.mark.usefixtures("database")


class Bulletin(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind that two roles must approve."""


@pytest.fixture(autouse=True)
def bulletin() -> Iterator[None]:
    """Add a kind, which is adding one entry."""
    KINDS["bulletin"] = Kind(
        name="bulletin",
        name_zh="通告",
        name_en="Bulletin",
        shape=Bulletin,
        checks=(checks.texts, checks.tags, checks.place),
        card=("title", "summary", "tags"),
        reviewers=frozenset({Role.MEDICAL, Role.LEGAL}),
    )
    yield
    del KINDS["bulletin"]


async def a_bulletin(**changes: Any) -> int:
    return await draft("bulletin", {"title": "通告", "summary": "一句话", **changes})


async def judged(item_id: int, role: Role, *, approved: bool = True, staff_id: int = 7) -> Standing:
    text = await items.draft_of(item_id=item_id)
    return await review.judge(
        item_id=item_id, content_hash=text.content_hash, role=role, approved=approved, staff_id=staff_id, at=NOON
    )


async def edited(item_id: int, title: str) -> None:
    before = await items.draft_of(item_id=item_id)
    await items.save_draft(
        item_id=item_id, shape={**before.shape, "title": title}, revision=before.revision, staff_id=1, at=NOON
    )


async def submitted(item_id: int) -> Standing:
    before = await items.draft_of(item_id=item_id)
    return await review.submit(item_id=item_id, revision=before.revision, staff_id=1, at=NOON)


async def test_a_text_goes_through_review_to_readers() -> None:
    item_id = await a_bulletin()
    assert (await standing(item_id=item_id, at=NOON)).state == State.DRAFT
    assert (await submitted(item_id)).state == State.IN_REVIEW
    assert (await judged(item_id, Role.MEDICAL)).state == State.IN_REVIEW
    with pytest.raises(ApprovalMissing) as refused:
        await publishing.publish(item_id=item_id, staff_id=2, at=NOON)
    assert refused.value.facts == {"roles": ["legal"]}
    stands = await judged(item_id, Role.LEGAL, staff_id=8)
    assert (stands.state, stands.approved_by) == (State.APPROVED, ("legal", "medical"))
    assert (await publishing.publish(item_id=item_id, staff_id=2, at=NOON)).state == State.PUBLISHED


async def test_any_edit_of_the_text_voids_the_verdicts() -> None:
    item_id = await a_bulletin()
    await submitted(item_id)
    await judged(item_id, Role.MEDICAL)
    await judged(item_id, Role.LEGAL)
    await edited(item_id, "改了一个字")
    assert (await standing(item_id=item_id, at=NOON)).state == State.DRAFT
    with pytest.raises(ApprovalMissing):
        await publishing.publish(item_id=item_id, staff_id=2, at=NOON)
    # The very same text is approved, whichever way it came back.
    await edited(item_id, "通告")
    assert (await standing(item_id=item_id, at=NOON)).state == State.APPROVED


async def test_a_later_verdict_takes_the_place_of_an_earlier_one() -> None:
    item_id = await a_bulletin()
    await submitted(item_id)
    await judged(item_id, Role.MEDICAL)
    await judged(item_id, Role.LEGAL)
    assert (await judged(item_id, Role.LEGAL, approved=False)).state == State.IN_REVIEW
    with pytest.raises(ApprovalMissing):
        await publishing.publish(item_id=item_id, staff_id=2, at=NOON)


async def test_nobody_judges_their_own_text() -> None:
    item_id = await a_bulletin()
    await submitted(item_id)
    with pytest.raises(OwnText):
        await judged(item_id, Role.MEDICAL, staff_id=1)


async def test_only_what_was_handed_in_is_judged() -> None:
    item_id = await a_bulletin()
    with pytest.raises(TextMoved):
        await judged(item_id, Role.MEDICAL)
    await submitted(item_id)
    old = await items.draft_of(item_id=item_id)
    await edited(item_id, "后来的")
    for content_hash in (old.content_hash, (await items.draft_of(item_id=item_id)).content_hash):
        with pytest.raises(TextMoved):
            await review.judge(
                item_id=item_id, content_hash=content_hash, role=Role.LEGAL, approved=True, staff_id=7, at=NOON
            )


@pytest.mark.parametrize("role", [Role.EDITOR, Role.PUBLISHER, Role.ADMINISTRATOR, Role.DOCTOR])
async def test_only_reviewers_judge(role: Role) -> None:
    item_id = await a_bulletin()
    await submitted(item_id)
    with pytest.raises(NotAReviewer):
        await judged(item_id, role)


async def test_what_is_not_fit_is_not_handed_in() -> None:
    item_id = await a_bulletin(title=" ")
    with pytest.raises(ChecksFailed):
        await submitted(item_id)


async def test_a_refusal_while_it_waits_keeps_a_text_from_beginning() -> None:
    item_id = await a_bulletin()
    await submitted(item_id)
    await judged(item_id, Role.MEDICAL)
    await judged(item_id, Role.LEGAL)
    await publishing.publish(item_id=item_id, starts_at=after(hours=1), staff_id=2, at=NOON)
    await judged(item_id, Role.LEGAL, approved=False)
    await timing.turn(at=after(hours=1))
    assert not (await standing(item_id=item_id, at=after(hours=1))).visible
    (row,) = await publishing.history(item_id=item_id)
    assert row.reason == "checks_failed: approval_missing:legal"


async def test_a_verdict_cannot_be_changed_even_by_hand() -> None:
    item_id = await a_bulletin()
    await submitted(item_id)
    await judged(item_id, Role.LEGAL, approved=False)
    with pytest.raises(Exception, match="append-only"):
        await connection().execute("UPDATE approval SET approved = true")


async def test_a_field_of_operation_voids_nothing() -> None:
    series_id = await draft("series", {})
    episode_id = await draft("episode", {"title": "一"}, parent_id=series_id)
    before = (await items.draft_of(item_id=episode_id)).content_hash
    await airings.schedule(episode_id=episode_id, airs_at=after(days=1), staff_id=2, at=NOON)
    assert (await items.draft_of(item_id=episode_id)).content_hash == before
