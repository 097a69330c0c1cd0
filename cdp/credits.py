"""Credits: how many messages an account may still be sent under each template of WeChat, and the ledger of that.

The rule: each accepted prompt grants one message of its template, whoever tells of it first. The client reports what
``wx.requestSubscribeMessage`` answered, and the platform pushes the same; the two have no common name, so that a
report and a push of the same account and template no more than `SAME_PROMPT` apart are one prompt, and each is matched
at most once. Where the two disagree fewer credits are counted rather than more. What only the client tells of is
believed `MOST_UNCONFIRMED` times in a day.

A credit is spent when a message is claimed for sending and returned when it certainly was not sent. When the platform
says that nothing is left, what was granted before that moment is cleared, and what was accepted since stays.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec import Struct

from cdp import consent
from server.core.db import connection, transaction
from server.core.errors import Invalid, TooMany

SAME_PROMPT: Final = timedelta(minutes=10)
LATEST_REPORT: Final = timedelta(days=1)
MOST_UNCONFIRMED: Final = 30
MOST_RESULTS: Final = 5

ACCEPTED: Final = frozenset({"accept", "acceptWithAudio", "acceptWithAlert"})
Side = Literal["client", "push"]


class TemplateUnknown(Invalid):
    """The mini-program has no such template."""

    code = "message_template_unknown"
    title = "未知的消息模板"


class TooManyReports(TooMany):
    """More prompts were reported than the platform has told of."""

    code = "message_reports_too_many"
    title = "订阅上报过于频繁，请稍后再试"


class Balance(Struct, frozen=True):
    """The credits of one account under one template: how many are left and how many messages wait for them.

    ``keys`` are the notices that are told by the template.
    """

    template_id: str
    title: str
    keys: list[str]
    remaining: int
    waiting: int


async def balances(*, account_id: int, at: datetime) -> list[Balance]:
    """Tell what an account may still be sent, for every template that its mini-program uses."""
    rows = await connection().fetch(
        """
        SELECT t.template_id, (array_agg(t.title ORDER BY t.key))[1] AS title, array_agg(t.key ORDER BY t.key) AS keys,
            coalesce(max(c.remaining), 0)::int AS remaining,
            (SELECT count(*)::int FROM message m WHERE m.account_id = a.id AND m.template_id = t.template_id
                AND m.state = 'planned' AND m.not_after > $2) AS waiting
        FROM account a
        JOIN message_template t ON t.app_id = a.app_id AND t.enabled
        LEFT JOIN message_credit c ON c.account_id = a.id AND c.template_id = t.template_id
        WHERE a.id = $1 AND a.erased_at IS NULL
        GROUP BY a.id, t.template_id ORDER BY title, t.template_id
        """,
        account_id,
        at,
    )
    return [Balance(**row) for row in rows]


async def report(
    *, account_id: int, results: Mapping[str, str], key: str, prompted_at: datetime | None = None, at: datetime
) -> list[Balance]:
    """Take the client's word for what a person answered to a prompt, and tell what is left.

    Only what was accepted grants something; a prompt that was declined takes nothing away, for what was accepted
    before it is still good.

    :param results: what ``wx.requestSubscribeMessage`` gave for each template.
    :param key: names the prompt, so that telling it twice grants once.
    :param prompted_at: when the prompt was answered, where that is not now.
    :raises ConsentNeeded: if the account has not agreed to the service.
    :raises TemplateUnknown: if the account's mini-program has no such template.
    :raises TooManyReports: if the client has told of too many prompts that the platform knows nothing of.
    """
    told_at = max(at - LATEST_REPORT, min(prompted_at or at, at))
    async with transaction():
        await consent.require(account_id=account_id)
        known = {balance.template_id for balance in await balances(account_id=account_id, at=at)}
        for template_id in sorted(results):
            if template_id not in known:
                raise TemplateUnknown(field=f"results.{template_id}")
        for template_id in sorted(results):
            if results[template_id] in ACCEPTED:
                await _note_prompt("client", account_id, template_id, f"client:{key}", told_at, at)
        return await balances(account_id=account_id, at=at)


async def confirm(*, account_id: int, template_id: str, source: str, prompted_at: datetime, at: datetime) -> None:
    """Take the platform's word that a person has accepted a prompt.

    :param source: names the push and the place in it, so that a repeat grants nothing.
    """
    async with transaction():
        # The platform's clock may be ahead of ours; a prompt has not been answered in the future.
        await _note_prompt("push", account_id, template_id, source, min(prompted_at, at), at)


async def reserve(*, account_id: int, template_id: str, message_id: int, tries: int, at: datetime) -> bool:
    """Spend a credit on a message that is about to be sent; false where none is left. In the claiming transaction."""
    spent = await connection().execute(
        "UPDATE message_credit SET remaining = remaining - 1, spent = spent + 1 "
        "WHERE account_id = $1 AND template_id = $2 AND remaining >= 1",
        account_id,
        template_id,
    )
    if spent:
        await _enter(account_id, template_id, "spend", 1, f"message:{message_id}:{tries}", at)
    return bool(spent)


async def give_back(
    *, account_id: int, template_id: str, message_id: int, tries: int, claimed_at: datetime, at: datetime
) -> None:
    """Return the credit of a message that certainly was not sent; one cleared meanwhile stays cleared."""
    cleared = await connection().value(
        "UPDATE message_credit SET spent = spent - 1, "
        "remaining = remaining + CASE WHEN cleared_at >= $3 THEN 0 ELSE 1 END, "
        "cleared = cleared + CASE WHEN cleared_at >= $3 THEN 1 ELSE 0 END "
        "WHERE account_id = $1 AND template_id = $2 RETURNING coalesce(cleared_at >= $3, false)",
        account_id,
        template_id,
        claimed_at,
    )
    await _enter(account_id, template_id, "return", 1, f"return:{message_id}:{tries}", at)
    if cleared:
        await _enter(account_id, template_id, "clear", 1, f"cleared:{message_id}:{tries}", at)


async def clear(*, account_id: int, template_id: str, before: datetime, source: str, at: datetime) -> int:
    """Take away what was granted before a moment, because the platform says that it is worth nothing; count it.

    :param source: names the occasion, so that a repeat takes nothing more.
    """
    async with transaction():
        remaining = await _lock(account_id, template_id)
        if await _is_entered(account_id, template_id, source):
            return 0
        since: int = await connection().value(
            "SELECT count(*)::int FROM message_credit_prompt "
            "WHERE account_id = $1 AND template_id = $2 AND prompted_at > $3",
            account_id,
            template_id,
            before,
        )
        gone = max(0, remaining - since)
        await connection().execute(
            "UPDATE message_credit SET remaining = remaining - $3, cleared = cleared + $3, "
            "cleared_at = greatest(cleared_at, $4) WHERE account_id = $1 AND template_id = $2",
            account_id,
            template_id,
            gone,
            at,
        )
        await _enter(account_id, template_id, "clear", gone, source, at)
        return gone


async def forget(*, account_ids: Sequence[int]) -> int:
    """Delete the prompts of accounts that are erased, and count them; the books stay, which name nobody."""
    return await connection().execute(
        "DELETE FROM message_credit_prompt WHERE account_id = ANY($1::bigint[])", list(account_ids)
    )


async def _note_prompt(
    side: Side, account_id: int, template_id: str, source: str, prompted_at: datetime, at: datetime
) -> None:
    by_client = side == "client"
    await _lock(account_id, template_id)
    told = await connection().value(
        "SELECT true FROM message_credit_prompt WHERE account_id = $1 AND template_id = $2 "
        "AND CASE WHEN $4 THEN client_source ELSE push_source END = $3",
        account_id,
        template_id,
        source,
        by_client,
    )
    if told or await _match(account_id, template_id, source, by_client, prompted_at):
        return
    if by_client:
        await _check_unconfirmed(account_id, template_id, at)
    await connection().execute(
        "INSERT INTO message_credit_prompt (account_id, template_id, prompted_at, client_source, push_source) "
        "VALUES ($1, $2, $3, CASE WHEN $5 THEN $4 END, CASE WHEN NOT $5 THEN $4 END)",
        account_id,
        template_id,
        prompted_at,
        source,
        by_client,
    )
    await connection().execute(
        "UPDATE message_credit SET granted = granted + 1, remaining = remaining + 1 "
        "WHERE account_id = $1 AND template_id = $2",
        account_id,
        template_id,
    )
    await _enter(account_id, template_id, "grant", 1, source, at)


async def _match(account_id: int, template_id: str, source: str, by_client: bool, prompted_at: datetime) -> bool:
    """Find the prompt that only the other side has told of so far, the nearest in time, and note that both have."""
    return bool(
        await connection().execute(
            "UPDATE message_credit_prompt SET client_source = CASE WHEN $4 THEN $3 ELSE client_source END, "
            "push_source = CASE WHEN $4 THEN push_source ELSE $3 END "
            "WHERE id = (SELECT id FROM message_credit_prompt WHERE account_id = $1 AND template_id = $2 "
            "AND CASE WHEN $4 THEN client_source ELSE push_source END IS NULL "
            "AND prompted_at BETWEEN $5::timestamptz - $6::interval AND $5::timestamptz + $6::interval "
            "ORDER BY abs(extract(epoch FROM prompted_at - $5::timestamptz)), id LIMIT 1)",
            account_id,
            template_id,
            source,
            by_client,
            prompted_at,
            SAME_PROMPT,
        )
    )


async def _check_unconfirmed(account_id: int, template_id: str, at: datetime) -> None:
    unconfirmed: int = await connection().value(
        "SELECT count(*)::int FROM message_credit_prompt "
        "WHERE account_id = $1 AND template_id = $2 AND push_source IS NULL AND prompted_at > $3",
        account_id,
        template_id,
        at - LATEST_REPORT,
    )
    if unconfirmed >= MOST_UNCONFIRMED:
        raise TooManyReports(retry_after_s=3600, field=f"results.{template_id}")


async def _lock(account_id: int, template_id: str) -> int:
    """Lock the balance, made if need be, and give what is left, so that grants and clearings come one by one."""
    remaining: int = await connection().value(
        "INSERT INTO message_credit (account_id, template_id) VALUES ($1, $2) "
        "ON CONFLICT (account_id, template_id) DO UPDATE SET template_id = excluded.template_id RETURNING remaining",
        account_id,
        template_id,
    )
    return remaining


async def _is_entered(account_id: int, template_id: str, source: str) -> bool:
    return bool(
        await connection().value(
            "SELECT true FROM message_credit_entry WHERE account_id = $1 AND template_id = $2 AND source = $3",
            account_id,
            template_id,
            source,
        )
    )


async def _enter(account_id: int, template_id: str, deed: str, amount: int, source: str, at: datetime) -> None:
    await connection().execute(
        "INSERT INTO message_credit_entry (account_id, template_id, deed, amount, source, at) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        account_id,
        template_id,
        deed,
        amount,
        source,
        at,
    )
