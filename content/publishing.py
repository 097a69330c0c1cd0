"""Publishing: from a draft to what readers see, and back.

The rule: one deed is one transaction, which holds the item's tree and writes the version, the publication, the live
rows, the audit and the events together; all surfaces read those rows, so they change together. A version is published
only when nothing speaks against it (`checks`) and every role that its kind requires has approved exactly its text.
"""

from datetime import date, datetime, timedelta

import msgspec
from msgspec import Struct

from content import live, trail
from content.checks import Finding
from content.items import DraftState, draft_of, locked, stale
from content.kinds import kind_of
from content.review_rules import roles_of
from content.surroundings import surroundings
from content.tables.items import Publication, Version
from content.tree import hold
from content.versions import freeze
from content.workflow import CURRENT, WAITING, Standing, standing
from server.core import clock
from server.core.db import connection, transaction
from server.core.errors import Conflict, Invalid

FARTHEST = timedelta(days=5 * 366)


class ChecksFailed(Invalid):
    """Something speaks against publishing the text; the facts list the fields, codes and sentences."""

    code = "checks_failed"
    title = "内容尚不能发布"


class ApprovalMissing(Conflict):
    """A role that must approve this text has not; the facts name the roles."""

    code = "approval_missing"
    title = "审核尚未全部通过"


class PeriodBad(Invalid):
    """The end is not after the beginning, or a time is too far away."""

    code = "period_bad"
    title = "发布时间有误"


class NotPublished(Conflict):
    """Nothing of the item is shown or waits to be shown."""

    code = "not_published"
    title = "内容没有在发布中"


class PublicationRow(Struct, frozen=True):
    """A decision to show a version, in the history of an item."""

    id: int
    number: int
    starts_at: datetime
    ends_at: datetime | None
    began_at: datetime | None
    replaced_at: datetime | None
    withdrawn_at: datetime | None
    expired_at: datetime | None
    reason: str
    created_at: datetime
    created_by: int
    withdrawn_by: int | None


async def checks(*, item_id: int, at: datetime) -> list[Finding]:
    """Say everything that speaks against publishing the draft of an item, or that its editor should know.

    :raises ItemMissing: if there is no such item.
    """
    return await _findings(await draft_of(item_id=item_id), at=at)


async def history(*, item_id: int) -> list[PublicationRow]:
    """List the publications of an item, the newest first."""
    rows = await connection().fetch(
        "SELECT p.*, v.number FROM publication p JOIN version v ON v.id = p.version_id WHERE p.item_id = $1 "
        "ORDER BY p.id DESC",
        item_id,
    )
    return [msgspec.convert(dict(row), PublicationRow) for row in rows]


async def publish(
    *,
    item_id: int,
    staff_id: int,
    at: datetime,
    revision: int | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    request_id: str = "",
) -> Standing:
    """Show the draft to readers, now or from ``starts_at``, for ever or until ``ends_at``.

    The period is narrowed to the days of the text's own validity and to the time for which its approvals hold.

    It takes the place of what is shown when its turn comes, and at once of what waited. Asking for what is so already
    changes nothing.

    :param revision: the revision of the draft that was looked at, where it matters.
    :raises ItemMissing: if there is no such item.
    :raises DraftStale: if the draft has another revision by now.
    :raises PeriodBad: if the period is empty or too far away.
    :raises ChecksFailed: if something speaks against it.
    :raises ApprovalMissing: if a required role has not approved this text.
    """
    begins = max(starts_at or at, at)
    if (ends_at is not None and ends_at <= begins) or any(
        time is not None and time > at + FARTHEST for time in (starts_at, ends_at)
    ):
        raise PeriodBad(field="ends_at" if ends_at is not None and ends_at <= begins else "starts_at")
    topics: set[str] = set()
    async with transaction():
        await hold(item_id)
        draft = await locked(item_id)
        if revision is not None and draft.revision != revision:
            raise stale(draft, draft.shape)
        await refuse_unfit(draft, at=at)
        await _refuse_unapproved(draft, at=at)
        begins, ends_at = await bounds(draft, begins=begins, ends_at=ends_at)
        version = await freeze(item_id=item_id, at=at)
        if not await _is_so(version, begins=begins, ends_at=ends_at, at=at):
            topics = await _decide(version, begins=begins, ends_at=ends_at, staff_id=staff_id, at=at)
            await trail.note(
                "publish" if begins == at else "schedule",
                "item",
                item_id,
                staff_id=staff_id,
                at=at,
                request_id=request_id,
                after={"number": version.number, "starts_at": begins, "ends_at": ends_at},
            )
        result = await standing(item_id=item_id, at=at)
    await trail.tell(*topics)
    return result


async def withdraw(*, item_id: int, reason: str, staff_id: int, at: datetime, request_id: str = "") -> Standing:
    """Take an item back from its readers at once, with everything under it, and what waits of it.

    :raises ItemMissing: if there is no such item.
    :raises NotPublished: if nothing of it is shown or waits.
    """
    async with transaction():
        await hold(item_id)
        topics = await take_back(item_id, reason=reason, staff_id=staff_id, at=at, request_id=request_id)
        result = await standing(item_id=item_id, at=at)
    await trail.tell(*topics)
    return result


async def unschedule(*, item_id: int, staff_id: int, at: datetime, request_id: str = "") -> Standing:
    """Take back what waits to be shown; what is shown stays.

    :raises ItemMissing: if there is no such item.
    :raises NotPublished: if nothing waits.
    """
    async with transaction():
        await hold(item_id)
        waiting = await end(item_id, WAITING, at=at, staff_id=staff_id, reason="")
        if not waiting:
            raise NotPublished()
        await trail.note("unschedule", "item", item_id, staff_id=staff_id, at=at, request_id=request_id)
        return await standing(item_id=item_id, at=at)


async def take_back(item_id: int, *, reason: str, staff_id: int, at: datetime, request_id: str = "") -> set[str]:
    """Withdraw an item whose tree is held, as part of a larger deed; gives what to tell after the commit.

    :raises NotPublished: if nothing of it is shown or waits.
    """
    shown = await end(item_id, f"{CURRENT} AND {{p}}.expired_at IS NULL", at=at, staff_id=staff_id, reason=reason)
    waited = await end(item_id, WAITING, at=at, staff_id=staff_id, reason=reason)
    if not shown and not waited:
        raise NotPublished()
    await trail.note(
        "withdraw", "item", item_id, staff_id=staff_id, at=at, request_id=request_id, after={"reason": reason}
    )
    return await live.refresh(item_id, at=at, why="withdrawn", staff_id=staff_id, request_id=request_id)


async def _findings(draft: DraftState, *, at: datetime) -> list[Finding]:
    around = await surroundings(
        item_id=draft.item_id, kind=draft.kind, parent_id=draft.parent_id, shape=draft.shape, at=at
    )
    return kind_of(draft.kind).check(draft.shape, around)


async def refuse_unfit(draft: DraftState, *, at: datetime) -> None:
    """Refuse a draft that something speaks against.

    :raises ChecksFailed: with all findings that block.
    """
    blocking = [finding for finding in await _findings(draft, at=at) if finding.blocks]
    if blocking:
        raise ChecksFailed(blocking[0].sentence, field=blocking[0].field, findings=msgspec.to_builtins(blocking))


async def _refuse_unapproved(draft: DraftState, *, at: datetime) -> None:
    missing = await roles_missing(draft.item_id, draft.kind, draft.content_hash, at=at)
    if missing:
        raise ApprovalMissing(roles=missing)


async def roles_missing(item_id: int, kind: str, content_hash: str, *, at: datetime) -> list[str]:
    """Name the roles that a kind requires and that have not approved this text, or whose approval is over."""
    approved = {role for role, holds in (await _verdicts(item_id, content_hash, at=at)).items() if holds}
    return sorted(role.value for role in await roles_of(kind) if role.value not in approved)


async def _verdicts(item_id: int, content_hash: str, *, at: datetime) -> dict[str, bool]:
    rows = await connection().fetch(
        "SELECT DISTINCT ON (role) role, approved AND (valid_until IS NULL OR valid_until > $3) AS holds "
        "FROM approval WHERE item_id = $1 AND content_hash = $2 ORDER BY role, id DESC",
        item_id,
        content_hash,
        at,
    )
    return {row["role"]: row["holds"] for row in rows}


async def bounds(draft: DraftState, *, begins: datetime, ends_at: datetime | None) -> tuple[datetime, datetime | None]:
    """Narrow a period to the one in which a text may be shown: its own days, and as long as its approvals hold.

    :raises PeriodBad: if nothing is left of it.
    """
    first, last = _day(draft.shape.get("valid_from")), _day(draft.shape.get("valid_until"))
    begins = max(begins, clock.start_of(first)) if first else begins
    approved = await connection().value(
        "SELECT min(valid_until) FROM (SELECT DISTINCT ON (role) valid_until FROM approval WHERE item_id = $1 "
        "AND content_hash = $2 AND approved AND role = ANY($3::text[]) ORDER BY role, id DESC) AS latest",
        draft.item_id,
        draft.content_hash,
        sorted(await roles_of(draft.kind)),
    )
    ends = [ends_at, clock.start_of(last + timedelta(days=1)) if last else None, approved]
    ends_at = min((end for end in ends if end is not None), default=None)
    if ends_at is not None and ends_at <= begins:
        raise PeriodBad("The text's validity or its approvals end before that.", field="ends_at")
    return begins, ends_at


def _day(given: object) -> date | None:
    return date.fromisoformat(given) if isinstance(given, str) and given else None


async def _is_so(version: Version, *, begins: datetime, ends_at: datetime | None, at: datetime) -> bool:
    """Tell whether this version is shown, or waits, just as it is asked for."""
    rows = await Publication.filter(
        item_id=version.item_id, replaced_at=None, withdrawn_at=None, expired_at=None
    ).order_by("id")
    if len(rows) != 1 or rows[0].version_id != version.id or rows[0].ends_at != ends_at:
        return False
    return rows[0].began_at is not None if begins == at else rows[0].starts_at == begins


async def _decide(
    version: Version, *, begins: datetime, ends_at: datetime | None, staff_id: int, at: datetime
) -> set[str]:
    item_id, now = version.item_id, begins == at
    replaced = f"({WAITING.format(p='publication')})"
    if now:
        replaced += f" OR ({CURRENT.format(p='publication')} AND expired_at IS NULL)"
    await connection().execute(
        f"UPDATE publication SET replaced_at = $2 WHERE item_id = $1 AND ({replaced})",  # noqa: S608  constants
        item_id,
        at,
    )
    await Publication.create(
        item_id=item_id,
        version_id=version.id,
        starts_at=begins,
        ends_at=ends_at,
        began_at=at if now else None,
        created_at=at,
        created_by=staff_id,
    )
    return await live.refresh(item_id, at=at, why="withdrawn", staff_id=staff_id) if now else set()


async def end(item_id: int, which: str, *, at: datetime, staff_id: int, reason: str) -> int:
    """Mark an item's publications of one sort (`CURRENT`, `WAITING`) as taken back, and count them."""
    return await connection().execute(
        f"UPDATE publication SET withdrawn_at = $2, withdrawn_by = $3, reason = $4 "  # noqa: S608  constants
        f"WHERE item_id = $1 AND {which.format(p='publication')}",
        item_id,
        at,
        staff_id,
        reason[:200],
    )
