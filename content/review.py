"""Review: handing a text in, and the verdicts of reviewers on exactly that text.

The rule: a verdict is bound to the hash of the text; any edit makes another text. Nobody judges what they wrote.
"""

from datetime import datetime
from typing import Final

from content import trail
from content.items import locked, stale
from content.publishing import refuse_unfit
from content.tables.items import Approval, Version
from content.versions import freeze
from content.workflow import Standing, standing
from server.core.db import connection, transaction
from server.core.errors import Conflict, Forbidden
from server.core.roles import Role
from server.core.wire import check_text

REVIEWERS: Final = frozenset({Role.MEDICAL, Role.LEGAL, Role.COMPLIANCE})


class NotAReviewer(Forbidden):
    """Only medical, legal and compliance reviewers judge a text."""

    code = "not_a_reviewer"
    title = "没有审核权限"


class OwnText(Forbidden):
    """Nobody judges a text that they wrote themselves."""

    code = "own_text"
    title = "不能审核自己的内容"


class TextMoved(Conflict):
    """The text that was judged is not the one that is handed in any more."""

    code = "text_moved"
    title = "内容在审核期间已被修改"


async def submit(*, item_id: int, revision: int, staff_id: int, at: datetime, request_id: str = "") -> Standing:
    """Hand the draft in for review, as a version.

    :raises ItemMissing: if there is no such item.
    :raises DraftStale: if the draft has another revision by now.
    :raises ChecksFailed: if something speaks against publishing it.
    """
    async with transaction():
        draft = await locked(item_id)
        if draft.revision != revision:
            raise stale(draft, draft.shape)
        await refuse_unfit(draft, at=at)
        version = await freeze(item_id=item_id, at=at)
        await trail.note(
            "submit",
            "item",
            item_id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            after={"number": version.number, "content_hash": version.content_hash},
        )
        return await standing(item_id=item_id, at=at)


async def judge(
    *,
    item_id: int,
    content_hash: str,
    role: Role,
    approved: bool,
    staff_id: int,
    at: datetime,
    note: str = "",
    request_id: str = "",
) -> Standing:
    """Approve or refuse a text in one role; a later verdict in the role takes the place of an earlier one.

    :param content_hash: the text that was read.
    :raises NotAReviewer: if the role does not review.
    :raises ItemMissing: if there is no such item.
    :raises TextMoved: if the draft says something else by now, or was not handed in.
    :raises OwnText: if the reviewer wrote it.
    """
    if role not in REVIEWERS:
        raise NotAReviewer()
    check_text(note, "note")
    async with transaction():
        draft = await locked(item_id)
        version = await Version.filter(item_id=item_id).order_by("-number").first()
        if version is None or content_hash != draft.content_hash or version.content_hash != content_hash:
            raise TextMoved()
        wrote = await connection().value(
            "SELECT EXISTS (SELECT 1 FROM version WHERE item_id = $1 AND content_hash = $2 AND author_id = $3)",
            item_id,
            content_hash,
            staff_id,
        )
        if wrote:
            raise OwnText()
        await Approval.create(
            item_id=item_id,
            content_hash=content_hash,
            role=role.value,
            approved=approved,
            note=note[:2000],
            reviewer_id=staff_id,
            at=at,
        )
        await trail.note(
            "approve" if approved else "refuse",
            "item",
            item_id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            after={"role": role.value, "content_hash": content_hash, "note": note},
        )
        return await standing(item_id=item_id, at=at)
