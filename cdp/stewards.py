"""What stewards decide about people: whether two known people are one, and the undoing of it.

The rule: a steward's word is a link between two accounts, audited and with a reason; undone, the link is ended and the
people part again, unless something else still holds them together. The reasons are kept with the link and the question,
not in the audit: they may name somebody, and an erasure blanks them.
"""

from datetime import datetime
from typing import Literal

from asyncpg import Record
from msgspec import Struct

from cdp import people
from server.core import audit
from server.core.db import connection, transaction
from server.core.errors import Conflict, Invalid, Missing
from server.core.roles import Audience

Verdict = Literal["merged", "apart"]
LONGEST_NOTE = 400


class ReviewMissing(Missing):
    """There is no such question about two people."""

    code = "review_missing"
    title = "没有该合并审核"


class ReviewDecided(Conflict):
    """The question was decided before, or has become moot."""

    code = "review_decided"
    title = "该合并审核已处理"


class LinkMissing(Missing):
    """There is no such link, or it has been ended."""

    code = "link_missing"
    title = "没有该合并记录"


class AccountMissing(Missing):
    """There is no such account, or it has been erased."""

    code = "account_missing"
    title = "没有该账号"


class AudiencesDiffer(Conflict):
    """A doctor and a patient are never one person here."""

    code = "audiences_differ"
    title = "医生账号与患者账号不可合并"


class OneAlready(Conflict):
    """The two accounts are one person's already."""

    code = "one_already"
    title = "两个账号已属同一人"


class StillOne(Conflict):
    """Something else holds the accounts together: a shared unionid, or another link."""

    code = "still_one"
    title = "两个账号仍有其他关联，无法拆分"


class ReasonNeeded(Invalid):
    """A steward says why, in 1 to 400 characters."""

    code = "reason_needed"
    title = "请填写理由（不超过 400 字）"


class Side(Struct, frozen=True):
    """One side of a question: an account, whose it is and how many accounts that person has."""

    account_id: int
    person_id: int
    app_id: str
    audience: Audience
    created_at: datetime
    accounts: int


class Review(Struct, frozen=True):
    """Two people who show the same key. ``verdict`` is empty while nobody has decided."""

    id: int
    kind: str
    one: Side
    other: Side
    opened_at: datetime
    verdict: str
    note: str
    decided_at: datetime | None
    decided_by: str


class Link(Struct, frozen=True):
    """A steward's word that two accounts are one person's."""

    id: int
    account_a: int
    account_b: int
    reason: str
    made_at: datetime
    made_by: str


_SIDE = """
    {x}.id AS {x}_id, {x}.app_id AS {x}_app, {x}.audience AS {x}_audience, {x}.created_at AS {x}_created,
    {x}_map.person_id AS {x}_person,
    (SELECT count(*) FROM person_map AS m WHERE m.person_id = {x}_map.person_id AND m.until_at IS NULL) AS {x}_accounts
"""
_REVIEWS = (
    "SELECT review.*, "
    + _SIDE.format(x="a")
    + ","
    + _SIDE.format(x="b")
    + """
FROM merge_review AS review
JOIN account AS a ON a.id = review.account_a JOIN account AS b ON b.id = review.account_b
JOIN person_map AS a_map ON a_map.account_id = a.id AND a_map.until_at IS NULL
JOIN person_map AS b_map ON b_map.account_id = b.id AND b_map.until_at IS NULL
"""
)


async def reviews(*, undecided: bool = True, after: int = 0, limit: int = 50) -> list[Review]:
    """List the questions, the oldest first, or those that have been answered.

    :param after: the id of the last one seen; 0 to begin.
    """
    rows = await connection().fetch(
        _REVIEWS + "WHERE (review.verdict = '') = $1 AND review.id > $2 ORDER BY review.id LIMIT $3",
        undecided,
        after,
        limit,
    )
    return [_review(row) for row in rows]


async def decide(
    *, review_id: int, verdict: Verdict, note: str, actor: str, at: datetime, request_id: str = ""
) -> Review:
    """Answer a question: the two are one, or they are to be kept apart.

    :raises ReviewMissing: if there is no such question.
    :raises ReviewDecided: if it has been answered.
    :raises ReasonNeeded: if the note is empty or too long.
    """
    _check_reason(note)
    async with transaction():
        audience = await connection().value(
            "SELECT audience FROM account JOIN merge_review ON account_a = account.id WHERE merge_review.id = $1",
            review_id,
        )
        if audience is None:
            raise ReviewMissing()
        await people.hold(Audience(audience))
        row = await connection().row(
            "SELECT account_a, account_b FROM merge_review WHERE id = $1 AND verdict = '' FOR UPDATE", review_id
        )
        if row is None:
            raise ReviewDecided()
        if verdict == "merged":
            await _link(row["account_a"], row["account_b"], reason=note, actor=actor, at=at)
        await connection().execute(
            "UPDATE merge_review SET verdict = $2, note = $3, decided_at = $4, decided_by = $5 WHERE id = $1",
            review_id,
            verdict,
            note,
            at,
            actor,
        )
        await _note("people.decide", "merge_review", review_id, actor, at, request_id, verdict=verdict)
        decided = await connection().row(_REVIEWS + "WHERE review.id = $1", review_id)
        assert decided is not None
    return _review(decided)


async def merge(*, account_a: int, account_b: int, reason: str, actor: str, at: datetime, request_id: str = "") -> Link:
    """Say that two accounts of one audience are one person's.

    :raises AccountMissing: if one of them is not there or has been erased.
    :raises AudiencesDiffer: if one is a doctor's and the other a patient's.
    :raises OneAlready: if they are one person's already.
    :raises ReasonNeeded: if the reason is empty or too long.
    """
    _check_reason(reason)
    account_a, account_b = sorted((account_a, account_b))
    async with transaction():
        await _hold_both(account_a, account_b)
        link = await _link(account_a, account_b, reason=reason, actor=actor, at=at)
        await _note("people.merge", "person_link", link.id, actor, at, request_id, accounts=[account_a, account_b])
    return link


async def unmerge(*, link_id: int, reason: str, actor: str, at: datetime, request_id: str = "") -> None:
    """Undo a merge: the people part as they would stand without it.

    :raises LinkMissing: if there is no such link, or it has been ended.
    :raises StillOne: if they would stay one person without it.
    :raises ReasonNeeded: if the reason is empty or too long.
    """
    _check_reason(reason)
    async with transaction():
        row = await connection().row("SELECT account_a, account_b FROM person_link WHERE id = $1", link_id)
        if row is None:
            raise LinkMissing()
        audience = await _hold_both(row["account_a"], row["account_b"])
        ended = await connection().execute(
            "UPDATE person_link SET ended_at = $2, ended_by = $3, end_reason = $4 WHERE id = $1 AND ended_at IS NULL",
            link_id,
            at,
            actor,
            reason,
        )
        if not ended:
            raise LinkMissing()
        pair = (row["account_a"], row["account_b"])
        await people.settle(pair, audience=audience, reason="unmerge", actor=actor, at=at)
        if await people.person_of(account_id=pair[0]) == await people.person_of(account_id=pair[1]):
            raise StillOne()
        await _note("people.unmerge", "person_link", link_id, actor, at, request_id, accounts=list(pair))


async def links_of(*, account_id: int) -> list[Link]:
    """List the links that hold now between the accounts of the person whose an account is."""
    rows = await connection().fetch(
        "SELECT id, account_a, account_b, reason, made_at, made_by FROM person_link "
        "WHERE ended_at IS NULL AND account_a = ANY($1) ORDER BY id",
        await people.accounts_of(account_id=account_id),
    )
    return [Link(**row) for row in rows]


async def _hold_both(account_a: int, account_b: int) -> Audience:
    audiences = [
        await connection().value("SELECT audience FROM account WHERE id = $1 AND erased_at IS NULL", account)
        for account in (account_a, account_b)
    ]
    if None in audiences:
        raise AccountMissing()
    if audiences[0] != audiences[1]:
        raise AudiencesDiffer()
    audience = Audience(audiences[0])
    await people.hold(audience)
    alive = await connection().value(
        "SELECT count(*) FROM account WHERE id IN ($1, $2) AND erased_at IS NULL", account_a, account_b
    )
    if alive != len({account_a, account_b}):
        raise AccountMissing()
    return audience


async def _link(account_a: int, account_b: int, *, reason: str, actor: str, at: datetime) -> Link:
    if await people.person_of(account_id=account_a) == await people.person_of(account_id=account_b):
        raise OneAlready()
    row = await connection().row(
        "INSERT INTO person_link (account_a, account_b, reason, made_at, made_by) VALUES ($1, $2, $3, $4, $5) "
        "RETURNING id, account_a, account_b, reason, made_at, made_by",
        account_a,
        account_b,
        reason,
        at,
        actor,
    )
    audience = await connection().value("SELECT audience FROM account WHERE id = $1", account_a)
    await people.settle((account_a, account_b), audience=Audience(audience), reason="merge", actor=actor, at=at)
    assert row is not None
    return Link(**row)


async def _note(deed: str, kind: str, subject: int, actor: str, at: datetime, request_id: str, **after: object) -> None:
    await audit.note(
        actor=actor, deed=deed, subject_kind=kind, subject_id=subject, after=after, at=at, request_id=request_id
    )


def _check_reason(text: str) -> None:
    if not 0 < len(text.strip()) <= LONGEST_NOTE:
        raise ReasonNeeded(field="reason")


def _review(row: Record) -> Review:
    one, other = (
        Side(
            account_id=row[f"{x}_id"],
            person_id=row[f"{x}_person"],
            app_id=row[f"{x}_app"],
            audience=Audience(row[f"{x}_audience"]),
            created_at=row[f"{x}_created"],
            accounts=row[f"{x}_accounts"],
        )
        for x in "ab"
    )
    return Review(
        id=row["id"],
        kind=row["kind"],
        one=one,
        other=other,
        opened_at=row["opened_at"],
        verdict=row["verdict"],
        note=row["note"],
        decided_at=row["decided_at"],
        decided_by=row["decided_by"],
    )
