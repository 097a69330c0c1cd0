"""Sending: what has been claimed goes out over the network, and what came of it is written down.

The rule: a message is sent at most once, never more than granted, whatever is killed and however many send. The claim
and the record are transactions; the network lies between them. A sender that dies in between leaves a message
``sending``, which becomes ``unknown`` when its lease is over: its credit counts as spent and it is not sent again, for
the service has no way to ask. Whatever certainly was not sent gives its credit back.
"""

import asyncio
import time
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Protocol

import structlog

from cdp import accounts, credits, log, message_templates, mini_programs
from cdp.accounts import AccountGone
from cdp.events import MessageFailed, MessageSent
from cdp.message_claims import Claimed, claim, due
from cdp.message_outcomes import APP_PAUSE_S, Failed, Gone, Later, Outcome, Sent, Unknown, outcome_of
from cdp.message_rules import next_try
from cdp.message_values import ValueUnfit, fitted
from cdp.messages import State
from cdp.mini_programs import AppUnknown
from server.core.db import connection, transaction
from server.core.errors import Unavailable
from server.core.keys import KeyDestroyed, Sealer
from server.core.wechat import WeChat
from server.core.wechat_errors import WeChatError

LOOK_AHEAD: Final = 1_000
AT_ONCE: Final = 20
RUN_S: Final = 45.0
SEND_S: Final = 60.0
LEASE: Final = timedelta(minutes=3)

events = structlog.get_logger()


class Parts(Protocol):
    """What a process needs to send."""

    wechat: WeChat
    sealer: Sealer


async def send_due(parts: Parts, at: datetime) -> None:
    """Send what is due, until nothing is or the run has lasted `RUN_S`. A job; several at once are as good as one."""
    started = time.monotonic()
    while True:
        waiting = await due(at=_later(at, started), most=LOOK_AHEAD)
        claimed = 0
        for first in range(0, len(waiting), AT_ONCE):
            batch = await claim(message_ids=waiting[first : first + AT_ONCE], at=_later(at, started))
            await _to_the_end([_send(parts, message, at, started) for message in batch])
            claimed += len(batch)
            if time.monotonic() - started > RUN_S:
                return
        if not claimed:
            return


async def release_stale(parts: Parts, at: datetime) -> None:
    """Give up on what a sender that died has left, and end what can go out no more. A job."""
    async with transaction():
        left = await connection().fetch(
            "UPDATE message SET state = 'unknown', reason = 'sender_lost', ended_at = $1 WHERE id IN "
            "(SELECT id FROM message WHERE state = 'sending' AND claimed_at < $2 FOR UPDATE SKIP LOCKED) "
            "RETURNING id, account_id, kind, key, item_id",
            at,
            at - LEASE,
        )
        for row in left:
            await log.record(_failure(at=at, error=0, **_named(row)))
    await connection().execute(_END, at)


async def deliver(parts: Parts, message: Claimed) -> Outcome:
    """Send one claimed message, and tell what came of it. No transaction may be open."""
    try:
        values = fitted(message.places, message.texts)
    except ValueUnfit as refusal:
        return Failed(f"value_unfit:{refusal.field}")
    try:
        app = await mini_programs.credentials(sealer=parts.sealer, app_id=message.app_id)
        openid = await accounts.openid_of(sealer=parts.sealer, account_id=message.account_id)
    except AppUnknown:
        return Later("app_disabled", APP_PAUSE_S)
    except (KeyDestroyed, AccountGone):
        return Gone("account_erased")
    except ValueError:
        # The house runs with another master key than the one that this was sealed with.
        events.error("message_unreadable", message_id=message.id)
        return Later("sealed_otherwise", APP_PAUSE_S)
    try:
        async with asyncio.timeout(SEND_S):
            sent = await parts.wechat.send_subscribe_message(
                app, openid=openid, template_id=message.template_id, values=values, page=message.page
            )
    except TimeoutError:
        return Unknown("cut_off")
    except (WeChatError, Unavailable) as fault:
        events.warning("message_not_sent", message_id=message.id, fault=str(fault))
        return outcome_of(fault)
    return Sent(sent)


async def record(message: Claimed, outcome: Outcome, *, at: datetime) -> None:
    """Write down what came of a claimed message: its state, its credit and its event."""
    async with transaction():
        held = await connection().value(
            "SELECT true FROM message WHERE id = $1 AND state = 'sending' AND claim = $2 FOR UPDATE",
            message.id,
            message.claim,
        )
        if not held:
            events.warning("message_claim_lost", message_id=message.id, outcome=type(outcome).__name__)
            return
        match outcome:
            case Sent():
                await _end(message, State.SENT, "", at, wechat_msg_id=outcome.wechat_msg_id)
                await log.record(
                    MessageSent(
                        at=at,
                        account_id=message.account_id,
                        message_id=message.id,
                        kind=message.kind.value,
                        template=message.key,
                        item_id=message.item_id,
                    )
                )
            case Failed():
                await _fail(message, outcome, at)
            case Unknown():
                await _end(message, State.UNKNOWN, outcome.reason, at)
                await log.record(_failure_of(message, at, 0))
            case Gone():
                await _give_back(message, at)
                await _end(message, State.CANCELLED, outcome.reason, at)
            case Later():
                await _put_off(message, outcome, at)


async def _send(parts: Parts, message: Claimed, at: datetime, started: float) -> None:
    outcome = await deliver(parts, message)
    await record(message, outcome, at=_later(at, started))


def _later(at: datetime, started: float) -> datetime:
    """Give the time now, in a run that was started at a time: the clock of a test may be another one."""
    return at + timedelta(seconds=time.monotonic() - started)


async def _to_the_end(sending: list[Coroutine[Any, Any, None]]) -> None:
    """Do a batch to its end, also where one of it fails or the process is told to stop in the middle.

    What has been claimed and is not sent to its end is lost, and worth the second that it takes.
    """
    batch = asyncio.gather(*sending, return_exceptions=True)
    try:
        done = await asyncio.shield(batch)
    except asyncio.CancelledError:
        await asyncio.wait([batch])
        raise
    for result in done:
        if isinstance(result, BaseException):
            raise result


async def _fail(message: Claimed, outcome: Failed, at: datetime) -> None:
    await _end(message, State.FAILED, outcome.reason, at)
    if outcome.clears:
        await credits.clear(
            account_id=message.account_id,
            template_id=message.template_id,
            before=message.claimed_at,
            source=f"refused:{message.id}:{message.tries}",
            at=at,
        )
    else:
        await _give_back(message, at)
    await log.record(_failure_of(message, at, outcome.error))


async def _put_off(message: Claimed, outcome: Later, at: datetime) -> None:
    await _give_back(message, at)
    ready_at = next_try(at, tries=message.tries, retry_after_s=outcome.retry_after_s)
    if outcome.pauses:
        ready_at = await message_templates.pause(app_id=message.app_id, template_ids=[message.template_id], at=at)
    if ready_at >= message.not_after:
        await _end(message, State.EXPIRED, outcome.reason, at)
        return
    await connection().execute(
        "UPDATE message SET state = 'planned', reason = $2, ready_at = $3, claim = NULL WHERE id = $1",
        message.id,
        outcome.reason,
        ready_at,
    )


async def _give_back(message: Claimed, at: datetime) -> None:
    await credits.give_back(
        account_id=message.account_id,
        template_id=message.template_id,
        message_id=message.id,
        tries=message.tries,
        claimed_at=message.claimed_at,
        at=at,
    )


async def _end(message: Claimed, state: State, reason: str, at: datetime, *, wechat_msg_id: str = "") -> None:
    await connection().execute(
        "UPDATE message SET state = $2, reason = $3, ended_at = $4, sent_at = $5, wechat_msg_id = $6 WHERE id = $1",
        message.id,
        state.value,
        reason,
        at,
        at if state is State.SENT else None,
        wechat_msg_id or None,
    )


def _named(row: Any) -> dict[str, Any]:
    return {name: row[name] for name in ("id", "account_id", "kind", "key", "item_id")}


def _failure_of(message: Claimed, at: datetime, error: int) -> MessageFailed:
    return _failure(
        at=at,
        error=error,
        id=message.id,
        account_id=message.account_id,
        kind=message.kind.value,
        key=message.key,
        item_id=message.item_id,
    )


def _failure(
    *,
    at: datetime,
    error: int,
    id: int,
    account_id: int,
    kind: Literal["service", "marketing"],
    key: str,
    item_id: int | None,
) -> MessageFailed:
    return MessageFailed(
        at=at, account_id=account_id, message_id=id, kind=kind, template=key, item_id=item_id, error=error
    )


# A message that was never tried and has no credit ended for want of one, whether there was none or a more urgent
# message had it; everything else ended because its time was over.
_END: Final = """
UPDATE message m SET ended_at = $1, state = CASE WHEN m.tries = 0 AND m.kind = 'service' AND (
        SELECT coalesce(max(c.remaining), 0) FROM message_credit c
        WHERE c.account_id = m.account_id AND c.template_id = m.template_id
    ) <= (
        SELECT count(*) FROM message o
        WHERE o.account_id = m.account_id AND o.template_id = m.template_id AND o.state = 'planned'
            AND o.not_after > $1 AND o.urgency > m.urgency
    ) THEN 'no_credit' ELSE 'expired' END
WHERE m.id IN (SELECT id FROM message WHERE state = 'planned' AND not_after <= $1 FOR UPDATE SKIP LOCKED)
"""
