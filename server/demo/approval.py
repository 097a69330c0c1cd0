"""Review and publishing of demo content: in every role that a kind requires, by whoever of the demo staff holds it.

The rule: the same workflow as for everything else; what a start that was cut off left half approved goes on from there.
"""

from datetime import datetime

from content import items, publishing, review, workflow
from content.workflow import State
from server.core import staff
from server.core.roles import Role

BEFORE = frozenset({State.DRAFT, State.IN_REVIEW, State.APPROVED})


async def reviewers() -> dict[Role, int]:
    """Give for each role somebody of the staff who holds it."""
    return {role: member.id for member in await staff.members() for role in member.roles}


async def publish(*, item_id: int, staff_id: int, at: datetime) -> None:
    """Have the draft of an item approved and publish it, unless that was done before."""
    standing = await workflow.standing(item_id=item_id, at=at)
    if standing.state not in BEFORE:
        return
    text = await items.draft_of(item_id=item_id)
    if standing.state == State.DRAFT and standing.required:
        await review.submit(item_id=item_id, revision=text.revision, staff_id=staff_id, at=at)
    held = await reviewers()
    for role in await publishing.roles_missing(item_id, text.kind, text.content_hash, at=at):
        await review.judge(
            item_id=item_id,
            content_hash=text.content_hash,
            role=Role(role),
            approved=True,
            staff_id=held[Role(role)],
            at=at,
        )
    await publishing.publish(item_id=item_id, staff_id=staff_id, at=at)
