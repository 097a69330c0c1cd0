"""Pushes: what the WeChat platform tells of its own, kept before anything else and followed once.

The rule: a push that was answered has been committed. What it says is followed at once if that works and by a job if it
does not. Each way of following is safe to repeat, so that the same push delivered twice, or followed again after a
crash, changes nothing. Its content names people and is sealed; it is forgotten when it has been followed.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec
import structlog

from cdp import accounts, credits, erasure, message_receipts, message_templates, mini_programs
from server.core import wechat_push_body as kinds
from server.core.changes import Changes
from server.core.db import connection
from server.core.keys import Sealer
from server.core.wechat_push import Channel
from server.core.wechat_push_body import Push

KEPT: Final = timedelta(days=7)
TRIED_FOR: Final = timedelta(days=30)
FIRST_PAUSE: Final = timedelta(seconds=10)
LONGEST_PAUSE: Final = timedelta(hours=1)

events = structlog.get_logger()


class Parts(Protocol):
    """What a process needs to follow pushes."""

    sealer: Sealer
    changes: Changes


async def channel_of(*, sealer: Sealer, app_id: str) -> Channel:
    """Give what the pushes of a mini-program are checked and opened with.

    :raises AppUnknown: if there is no such mini-program, or it takes no pushes.
    """
    secrets = await mini_programs.push_secrets(sealer=sealer, app_id=app_id)
    return Channel(appid=app_id, token=secrets.token, encoding_aes_key=secrets.aes_key)


async def receive(parts: Parts, push: Push, *, at: datetime) -> None:
    """Keep a push for good, then follow it; one that is known and has been followed is left alone."""
    await connection().execute(
        "INSERT INTO wechat_push (dedupe_key, app_id, kind, content, received_at, next_try_at) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (dedupe_key) DO NOTHING",
        push.dedupe_key,
        push.appid,
        push.kind[:64],
        _sealed(parts.sealer, push),
        at,
        at + FIRST_PAUSE,
    )
    await _follow(parts, push.dedupe_key, at)


async def follow_up(parts: Parts, at: datetime) -> None:
    """Follow the pushes that could not be followed when they came. A job.

    Each is put off before it is tried: one that fails ends this run, and the next run begins with the one after it.
    """
    while dedupe_key := await connection().value(_NEXT, at, FIRST_PAUSE, LONGEST_PAUSE):
        await _follow(parts, dedupe_key, at)


async def purge(parts: Parts, at: datetime) -> None:
    """Forget pushes that nobody will repeat any more. A job."""
    await connection().execute("DELETE FROM wechat_push WHERE followed_at IS NOT NULL AND received_at < $1", at - KEPT)


async def _follow(parts: Parts, dedupe_key: str, at: datetime) -> None:
    content = await connection().value(
        "SELECT content FROM wechat_push WHERE dedupe_key = $1 AND followed_at IS NULL", dedupe_key
    )
    if content is None:
        return
    push = msgspec.json.decode(parts.sealer.open_secret(_name(dedupe_key), content), type=Push)
    if await _ways.get(push.kind, _leave)(parts, push, at):
        await connection().execute(
            "UPDATE wechat_push SET followed_at = $2, content = NULL, next_try_at = NULL WHERE dedupe_key = $1",
            dedupe_key,
            at,
        )


async def _grant(parts: Parts, push: Push, at: datetime) -> bool:
    """A prompt was answered; only what was accepted counts."""
    account_id = await accounts.find(sealer=parts.sealer, app_id=push.appid, openid=push.openid)
    known = await _templates(push.appid)
    for number, item in enumerate(push.subscriptions):
        if account_id and item.status in credits.ACCEPTED and item.template_id in known:
            await credits.confirm(
                account_id=account_id,
                template_id=item.template_id,
                source=f"push:{push.dedupe_key}:{number}",
                prompted_at=push.created_at,
                at=at,
            )
    return True


async def _clear(parts: Parts, push: Push, at: datetime) -> bool:
    """A subscription was switched off in the settings: what was granted before is worth nothing."""
    account_id = await accounts.find(sealer=parts.sealer, app_id=push.appid, openid=push.openid)
    known = await _templates(push.appid)
    for item in push.subscriptions:
        if account_id and item.status == "reject" and item.template_id in known:
            await credits.clear(
                account_id=account_id,
                template_id=item.template_id,
                before=min(push.created_at, at),
                source=f"push:{push.dedupe_key}",
                at=at,
            )
    return True


async def _receipt(parts: Parts, push: Push, at: datetime) -> bool:
    """A message arrived, or did not. It may be told of before its sender has written down that it was sent."""
    account_id = await accounts.find(sealer=parts.sealer, app_id=push.appid, openid=push.openid)
    found = [
        await message_receipts.note(account_id=account_id, receipt=item, told_at=push.created_at, at=at)
        for item in push.subscriptions
        if account_id and len(item.message_id) <= message_receipts.LONGEST_ID
    ]
    return all(found) or at - push.created_at > message_receipts.WAITED_FOR


async def _revoke(parts: Parts, push: Push, at: datetime) -> bool:
    await erasure.authorization_revoked(
        sealer=parts.sealer, changes=parts.changes, app_id=push.appid, openid=push.openid, at=at
    )
    return True


async def _erase(parts: Parts, push: Push, at: datetime) -> bool:
    await erasure.authorization_cancelled(
        sealer=parts.sealer, changes=parts.changes, app_id=push.appid, openid=push.openid, at=at
    )
    return True


async def _leave(parts: Parts, push: Push, at: datetime) -> bool:
    """Nothing follows from this; that it came stays in the log."""
    events.info("wechat_push_left", app_id=push.appid, kind=push.kind)
    return True


async def _warn(parts: Parts, push: Push, at: datetime) -> bool:
    """The platform punishes the app: somebody has to look."""
    events.error("wechat_app_punished", app_id=push.appid)
    return True


_ways: dict[str, Callable[[Parts, Push, datetime], Awaitable[bool]]] = {
    kinds.SUBSCRIBE_POPUP: _grant,
    kinds.SUBSCRIBE_CHANGE: _clear,
    kinds.SUBSCRIBE_SENT: _receipt,
    kinds.AUTHORIZATION_REVOKED: _revoke,
    kinds.AUTHORIZATION_CANCELLED: _erase,
    kinds.APP_PUNISHED: _warn,
}


async def _templates(app_id: str) -> set[str]:
    """Name the templates of WeChat by which an app tells anything; of others no books are kept."""
    return {template.template_id for template in await message_templates.templates(app_id=app_id)}


def _sealed(sealer: Sealer, push: Push) -> bytes:
    return sealer.seal_secret(_name(push.dedupe_key), msgspec.json.encode(push).decode())


def _name(dedupe_key: str) -> str:
    return f"wechat_push:{dedupe_key}"


_NEXT: Final = """
UPDATE wechat_push SET tries = tries + 1,
    next_try_at = $1::timestamptz + least($3::interval, $2::interval * power(2, least(tries, 20)))
WHERE dedupe_key = (
    SELECT dedupe_key FROM wechat_push WHERE followed_at IS NULL AND next_try_at <= $1
    ORDER BY next_try_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING dedupe_key
"""
