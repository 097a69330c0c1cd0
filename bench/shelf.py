"""Publishing for benchmarks: a draft approved in every role that its kind requires, by people who did not write it."""

from datetime import datetime

from content import items, publishing, review, review_rules

AUTHOR = 1
FIRST_REVIEWER = 901


async def publish(*, item_id: int, at: datetime) -> None:
    """Have the draft of an item approved, and publish it."""
    text = await items.draft_of(item_id=item_id)
    roles = sorted(await review_rules.roles_of(text.kind))
    if roles:
        await review.submit(item_id=item_id, revision=text.revision, staff_id=AUTHOR, at=at)
    for staff_id, role in enumerate(roles, start=FIRST_REVIEWER):
        await review.judge(
            item_id=item_id, content_hash=text.content_hash, role=role, approved=True, staff_id=staff_id, at=at
        )
    await publishing.publish(item_id=item_id, staff_id=AUTHOR, at=at)
