"""Review: handing a text in, and the verdicts of reviewers on exactly that text.

The rule: a verdict is bound to the hash of the text; any edit makes another text. Nobody judges what they wrote.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from content import trail
from content.items import locked, stale
from content.kinds import kind_of
from content.publishing import refuse_unfit, roles_missing
from content.review_rules import REVIEWERS
from content.tables.items import Approval, Version
from content.versions import freeze
from content.workflow import Standing, standing
from server.core import clock
from server.core.db import connection, transaction
from server.core.errors import Conflict, Forbidden
from server.core.roles import Role
from server.core.wire import check_text


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


class MaterialRow(Struct, frozen=True):
    """The number of a text that all had approved, and until when the approvals hold."""

    number: str
    approved_at: datetime
    valid_until: datetime | None


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

    An approval holds for as long as the kind says. With the last one that was missing the text gets a material number.

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
            valid_until=at + timedelta(days=kind_of(draft.kind).approved_days) if approved else None,
        )
        if approved and not await roles_missing(item_id, draft.kind, content_hash, at=at):
            await _number(item_id, content_hash, at=at)
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


async def material_of(*, item_id: int, content_hash: str) -> MaterialRow | None:
    """Give the newest number of a text, or None where not all have approved it."""
    row = await connection().row(
        "SELECT number, approved_at, valid_until FROM material WHERE item_id = $1 AND content_hash = $2 "
        "ORDER BY id DESC LIMIT 1",
        item_id,
        content_hash,
    )
    return MaterialRow(*row.values()) if row else None


async def _number(item_id: int, content_hash: str, *, at: datetime) -> None:
    """Give a text its number; approved anew until another time, it gets another one."""
    until = await connection().value(
        "SELECT min(valid_until) FROM (SELECT DISTINCT ON (role) valid_until FROM approval WHERE item_id = $1 "
        "AND content_hash = $2 AND approved ORDER BY role, id DESC) AS latest",
        item_id,
        content_hash,
    )
    before = await material_of(item_id=item_id, content_hash=content_hash)
    if before is not None and before.valid_until == until:
        return
    await connection().execute(
        "INSERT INTO material (number, item_id, content_hash, approved_at, valid_until) "
        "VALUES ('XL-' || $4 || '-' || lpad(nextval('material_number')::text, 6, '0'), $1, $2, $3, $5)",
        item_id,
        content_hash,
        at,
        str(clock.day_of(at).year),
        until,
    )
