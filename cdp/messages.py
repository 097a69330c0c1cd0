"""Messages to people: the one queue, what is planned in it, and what becomes of it.

The rule: a message is planned in the transaction of what it tells of, once for each account and subject; planning it
again renews what has not gone out and never touches what has. What waits is ``planned``; it goes out when it is due, if
it has a credit (`cdp.message_rules`), and ends ``no_credit`` or ``expired`` when its time is over. Messages name
nobody: their texts tell of content, and whom they go to is an account's number.
"""

import enum
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct

from cdp import consent, credits
from cdp.erasure import Erased
from cdp.events import ConsentWithdrawn
from cdp.message_rules import Kind, Waiting, allotted
from server.core.db import connection

RECENT: Final = timedelta(days=1)


class State(enum.StrEnum):
    """What has become of a message; see `cdp.message_sending` for how it moves."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    NO_CREDIT = "no_credit"


class Notice(Struct, frozen=True, kw_only=True):
    """What is to be told: ``key`` names the kind of notice, ``subject`` this one, ``topic`` what it is about.

    It may go out in ``[due_at, not_after)``. ``texts`` are by name; the template says which goes where. ``page`` is
    where a tap leads, without a slash before it. It goes to accounts of its ``audience`` only, unless that is
    ``everyone``.
    """

    key: str
    topic: str
    subject: str
    urgency: int
    due_at: datetime
    not_after: datetime
    texts: Mapping[str, str]
    page: str = ""
    item_id: int | None = None
    audience: str = "everyone"


class Outlook(Struct, frozen=True):
    """What can be told of a message now. ``state`` is ``no_credit`` also for one that waits and has none so far."""

    subject: str
    key: str
    state: State
    due_at: datetime


class Upcoming(Struct, frozen=True):
    """A message that waits for its time, as its receiver may see it."""

    id: int
    key: str
    kind: Kind
    title: str
    texts: dict[str, str]
    page: str
    item_id: int | None
    due_at: datetime
    has_credit: bool


async def plan(*, notices: Sequence[Notice], account_ids: Sequence[int], at: datetime, renewing: bool = True) -> int:
    """Plan notices for accounts, each for all, in one statement; count what was planned or renewed.

    Planned is what the accounts' mini-programs have a template for, for those who have not taken their consent back;
    what could not go out in time any more is not.

    :param renewing: whether what waits already is renewed, or left as it is.
    """
    telling = [notice for notice in notices if notice.not_after > max(notice.due_at, at)]
    if not telling or not account_ids:
        return 0
    return await connection().execute(
        _PLAN,
        sorted(set(account_ids)),
        msgspec.json.encode(telling).decode(),
        at,
        renewing,
    )


async def cancel(
    *,
    topics: Sequence[str],
    account_ids: Sequence[int] | None = None,
    keys: Sequence[str] | None = None,
    reason: str,
    at: datetime,
) -> int:
    """Cancel what waits on some topics, and count it: for all accounts or some, all kinds of notices or some."""
    return await connection().execute(
        "UPDATE message SET state = 'cancelled', reason = $4, ended_at = $5 WHERE state = 'planned' "
        "AND topic = ANY($1::text[]) AND ($2::bigint[] IS NULL OR account_id = ANY($2::bigint[])) "
        "AND ($3::text[] IS NULL OR key = ANY($3::text[]))",
        list(topics),
        None if account_ids is None else list(account_ids),
        None if keys is None else list(keys),
        reason,
        at,
    )


async def cancel_for(*, account_ids: Sequence[int], kind: Kind | None = None, reason: str, at: datetime) -> int:
    """Cancel what waits for accounts, because they do not want it any more, and count it.

    What somebody else holds at this moment is passed over rather than waited for; who is asked again before a message
    goes out is its receiver (`cdp.message_claims`), so that it is not sent either.
    """
    return await connection().execute(
        "UPDATE message SET state = 'cancelled', reason = $3, ended_at = $4 WHERE id IN (SELECT id FROM message "
        "WHERE state = 'planned' AND account_id = ANY($1::bigint[]) AND ($2::text IS NULL OR kind = $2) "
        "FOR UPDATE SKIP LOCKED)",
        list(account_ids),
        None if kind is None else kind.value,
        reason,
        at,
    )


async def heed_withdrawal(event: ConsentWithdrawn) -> None:
    """Cancel what nobody may send any more, now that a consent has been taken back. A reaction."""
    if event.purpose == consent.SERVICE:
        await cancel_for(account_ids=[event.account_id], reason="consent_withdrawn", at=event.at)
    elif event.purpose == Kind.MARKETING:
        await cancel_for(account_ids=[event.account_id], kind=Kind.MARKETING, reason="consent_withdrawn", at=event.at)


async def erase(*, account_ids: Sequence[int], at: datetime) -> Erased:
    """Erase what the queue knows of accounts: what waits is cancelled, and the texts and ids of all messages go.

    The books of credits and what became of each message stay: they hold numbers only. In the transaction that is open.
    """
    await cancel_for(account_ids=account_ids, reason="account_erased", at=at)
    forgotten = await credits.forget(account_ids=account_ids)
    emptied = await connection().execute(
        "UPDATE message SET texts = '{}', page = '', wechat_msg_id = NULL WHERE account_id = ANY($1::bigint[])",
        list(account_ids),
    )
    return Erased(forgotten + emptied)


async def export(*, account_ids: Sequence[int]) -> dict[str, Any]:
    """Tell everything that the queue and the books hold of accounts."""
    rows = await connection().fetch(
        "SELECT account_id, key, subject, texts::text AS texts, state, due_at, sent_at FROM message "
        "WHERE account_id = ANY($1::bigint[]) ORDER BY id",
        list(account_ids),
    )
    kept = await connection().fetch(
        "SELECT account_id, template_id, granted, spent, cleared, remaining FROM message_credit "
        "WHERE account_id = ANY($1::bigint[]) ORDER BY account_id, template_id",
        list(account_ids),
    )
    return {
        "messages": [{**row, "texts": msgspec.json.decode(row["texts"])} for row in rows],
        "credits": [dict(row) for row in kept],
    }


async def outlook(*, account_id: int, at: datetime) -> dict[str, Outlook]:
    """Tell by subject what becomes of an account's messages that wait, or were due within the last day."""
    rows = await connection().fetch(
        "SELECT m.id, m.subject, m.key, m.template_id, m.urgency, m.due_at, m.not_after, m.state, "
        "coalesce(c.remaining, 0) AS remaining FROM message m "
        "LEFT JOIN message_credit c ON c.account_id = m.account_id AND c.template_id = m.template_id "
        "WHERE m.account_id = $1 AND (m.state = 'planned' OR m.due_at > $2)",
        account_id,
        at - RECENT,
    )
    waiting = [
        Waiting(row["id"], row["template_id"], row["urgency"], row["due_at"])
        for row in rows
        if row["state"] == State.PLANNED and row["not_after"] > at
    ]
    having = allotted(waiting, {row["template_id"]: row["remaining"] for row in rows})
    return {row["subject"]: _outlook(row, having) for row in rows}


async def upcoming(
    *, account_id: int, at: datetime, most: int = 50, after: tuple[datetime, int] | None = None
) -> list[Upcoming]:
    """List what waits to be sent to an account, the next first.

    :param after: when the last one of the page before is due, and its id.
    """
    rows = await connection().fetch(
        "SELECT m.id, m.key, m.kind, t.title, m.texts::text AS texts, m.page, m.item_id, m.due_at FROM message m "
        "JOIN message_template t ON t.app_id = m.app_id AND t.key = m.key "
        "WHERE m.account_id = $1 AND m.state = 'planned' AND m.not_after > $2 "
        "AND ($3::timestamptz IS NULL OR (m.due_at, m.id) > ($3::timestamptz, $4::bigint)) "
        "ORDER BY m.due_at, m.id LIMIT $5",
        account_id,
        at,
        *(after or (None, None)),
        most,
    )
    if not rows:
        return []
    waiting, remaining = await _line(account_id, at)
    having = allotted(waiting, remaining)
    return [
        msgspec.convert(
            {**row, "texts": msgspec.json.decode(row["texts"]), "has_credit": row["id"] in having},
            Upcoming,
        )
        for row in rows
    ]


async def _line(account_id: int, at: datetime) -> tuple[list[Waiting], dict[str, int]]:
    rows = await connection().fetch(
        "SELECT m.id, m.template_id, m.urgency, m.due_at, coalesce(c.remaining, 0) AS remaining FROM message m "
        "LEFT JOIN message_credit c ON c.account_id = m.account_id AND c.template_id = m.template_id "
        "WHERE m.account_id = $1 AND m.state = 'planned' AND m.not_after > $2",
        account_id,
        at,
    )
    waiting = [Waiting(row["id"], row["template_id"], row["urgency"], row["due_at"]) for row in rows]
    return waiting, {row["template_id"]: row["remaining"] for row in rows}


def _outlook(row: Mapping[str, Any], having: set[int]) -> Outlook:
    state = State(row["state"])
    if state is State.PLANNED and row["id"] not in having:
        state = State.NO_CREDIT
    return Outlook(row["subject"], row["key"], state, row["due_at"])


# Each account is looked up by itself (OFFSET 0 keeps it so): joined the other way round, in a plan made for few, ten
# thousand followers take as many passes over all accounts. What has not gone out is renewed, also where it was
# cancelled or its time had passed; what has gone out, or may have, is not touched: who was told is not told again.
_PLAN: Final = """
INSERT INTO message AS known (account_id, app_id, key, template_id, kind, topic, item_id, subject, urgency,
    due_at, not_after, ready_at, texts, page, planned_at)
SELECT a.id, a.app_id, n.key, t.template_id, t.kind, n.topic, n.item_id, n.subject,
    CASE t.kind WHEN 'marketing' THEN 0 ELSE n.urgency END,
    n.due_at, n.not_after, n.due_at, n.texts, n.page, $3
FROM unnest($1::bigint[]) AS told (id)
CROSS JOIN LATERAL (
    SELECT id, app_id, audience FROM account WHERE id = told.id AND erased_at IS NULL AND coalesce((
        SELECT granted FROM consent WHERE account_id = told.id AND purpose = 'service' ORDER BY consent.id DESC LIMIT 1
    ), true) OFFSET 0
) AS a
CROSS JOIN jsonb_to_recordset($2::jsonb) AS n (key text, topic text, item_id bigint, subject text, urgency smallint,
    due_at timestamptz, not_after timestamptz, texts jsonb, page text, audience text)
JOIN message_template t ON t.app_id = a.app_id AND t.key = n.key AND t.enabled
WHERE n.audience IN ('everyone', a.audience) AND ($4 OR NOT EXISTS (
    SELECT FROM message k WHERE k.account_id = a.id AND k.subject = n.subject AND k.state <> 'cancelled'
))
ORDER BY a.id, n.subject
ON CONFLICT (account_id, subject) DO UPDATE SET key = excluded.key, template_id = excluded.template_id,
    kind = excluded.kind, topic = excluded.topic, item_id = excluded.item_id, urgency = excluded.urgency,
    due_at = excluded.due_at, not_after = excluded.not_after, ready_at = excluded.ready_at, texts = excluded.texts,
    page = excluded.page, state = 'planned', reason = '', ended_at = NULL
WHERE known.state IN ('cancelled', 'expired', 'no_credit') OR known.state = 'planned' AND
    (known.due_at, known.not_after, known.texts, known.page, known.template_id, known.urgency) IS DISTINCT FROM
    (excluded.due_at, excluded.not_after, excluded.texts, excluded.page, excluded.template_id, excluded.urgency)
"""
