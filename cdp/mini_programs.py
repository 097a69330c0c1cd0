"""Mini-programs: rows with their audience and their sealed secrets, registered and rotated by their app id.

The rule: a secret goes in and comes out only as the `App` that the WeChat client takes; it is never shown. What a
mini-program is for does not change, for its accounts are of that audience.
"""

import re
from datetime import datetime
from typing import Final

from asyncpg import Record
from msgspec import Struct

from server.core import audit
from server.core.db import connection, transaction
from server.core.errors import Conflict, Invalid, Missing
from server.core.keys import Sealer
from server.core.roles import Audience
from server.core.wechat_token import App

APP_ID: Final = re.compile(r"[A-Za-z0-9_-]{4,40}")
PUSH_KEY_LENGTH: Final = 43


class AppUnknown(Missing):
    """No such mini-program is registered here, or it is for another audience."""

    code = "app_unknown"
    title = "小程序未登记"


class AppInvalid(Invalid):
    """The mini-program cannot be registered like this."""

    code = "app_invalid"
    title = "小程序登记信息有误"


class AudienceFixed(Conflict):
    """A mini-program keeps the audience that it was registered for."""

    code = "audience_fixed"
    title = "小程序的受众不可更改"


class MiniProgram(Struct, frozen=True):
    """What may be known of a mini-program; ``takes_pushes`` is whether it has what pushes are checked with."""

    app_id: str
    audience: Audience
    name: str
    takes_pushes: bool
    enabled: bool
    created_at: datetime
    updated_at: datetime


class PushSecrets(Struct, frozen=True):
    """What pushes are checked and opened with; ``aes_key`` is empty where they come in the clear."""

    token: str
    aes_key: str

    def __repr__(self) -> str:
        return "PushSecrets(…)"


async def register(
    *,
    sealer: Sealer,
    app_id: str,
    audience: Audience,
    name: str,
    at: datetime,
    secret: str = "",
    push_token: str = "",
    push_key: str = "",
    actor: str,
    request_id: str = "",
) -> MiniProgram:
    """Register a mini-program, or rotate what is given of one that is registered; an empty secret stays as it was.

    A mini-program that was disabled is enabled again.

    :raises AppInvalid: if the app id or the push key has the wrong form, or a new one comes without a secret.
    :raises AudienceFixed: if it is registered for another audience.
    """
    if not APP_ID.fullmatch(app_id):
        raise AppInvalid("AppID 为 4 到 40 个字母、数字、连字符或下划线。", field="app_id")
    if not 0 < len(name) <= 80:
        raise AppInvalid("名称为 1 到 80 个字。", field="name")
    if push_key and len(push_key) != PUSH_KEY_LENGTH:
        raise AppInvalid("EncodingAESKey 为 43 个字符。", field="push_key")
    sealed = {
        column: sealer.seal_secret(_name(app_id, column), text) if text else None
        for column, text in (("secret", secret), ("push_token", push_token), ("push_key", push_key))
    }
    async with transaction():
        before = await connection().row("SELECT * FROM mini_program WHERE app_id = $1 FOR UPDATE", app_id)
        if before is None and not secret:
            raise AppInvalid("新的小程序须填写 AppSecret。", field="secret")
        if before is not None and before["audience"] != audience:
            raise AudienceFixed(field="audience")
        row = await connection().row(
            "INSERT INTO mini_program AS m "
            "(app_id, audience, name, secret, push_token, push_key, created_at, updated_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (app_id) DO UPDATE SET name = excluded.name, "
            "secret = coalesce($4, m.secret), push_token = coalesce($5, m.push_token), "
            "push_key = coalesce($6, m.push_key), updated_at = $7, disabled_at = NULL RETURNING *",
            app_id,
            audience,
            name,
            # The column takes no null, so that a rotation without a secret brings the old one along.
            sealed["secret"] or (before["secret"] if before else None),
            sealed["push_token"],
            sealed["push_key"],
            at,
        )
        assert row is not None
        await audit.note(
            actor=actor,
            deed="mini_program.register",
            subject_kind="mini_program",
            subject_id=app_id,
            before=None if before is None else {"name": before["name"], "enabled": before["disabled_at"] is None},
            after={
                "name": name,
                "audience": audience,
                "rotated": sorted(column for column, value in sealed.items() if value is not None),
            },
            at=at,
            request_id=request_id,
        )
    return _shown(row)


async def disable(*, app_id: str, actor: str, at: datetime, request_id: str = "") -> None:
    """Let nobody sign in to a mini-program any more; sessions that stand run on until they end.

    :raises AppUnknown: if there is none.
    """
    async with transaction():
        done = await connection().execute(
            "UPDATE mini_program SET disabled_at = coalesce(disabled_at, $2) WHERE app_id = $1", app_id, at
        )
        if not done:
            raise AppUnknown(field="app_id")
        await audit.note(
            actor=actor,
            deed="mini_program.disable",
            subject_kind="mini_program",
            subject_id=app_id,
            at=at,
            request_id=request_id,
        )


async def listed() -> list[MiniProgram]:
    """List the mini-programs by audience and name."""
    return [
        _shown(row) for row in await connection().fetch("SELECT * FROM mini_program ORDER BY audience, name, app_id")
    ]


async def first(*, audience: Audience) -> str:
    """Name the mini-program of an audience that was registered first.

    :raises AppUnknown: if none is enabled.
    """
    app_id: str | None = await connection().value(
        "SELECT app_id FROM mini_program WHERE audience = $1 AND disabled_at IS NULL "
        "ORDER BY created_at, app_id LIMIT 1",
        audience,
    )
    if app_id is None:
        raise AppUnknown(field="app_id")
    return app_id


async def credentials(*, sealer: Sealer, app_id: str, audience: Audience | None = None) -> App:
    """Give what the WeChat client speaks with for a mini-program.

    :param audience: whom it has to be for; none to take any.
    :raises AppUnknown: if there is no such mini-program, it is disabled, or it is for another audience.
    """
    row = await connection().row(
        "SELECT secret, audience FROM mini_program WHERE app_id = $1 AND disabled_at IS NULL", app_id
    )
    if row is None or (audience is not None and row["audience"] != audience):
        raise AppUnknown(field="app_id")
    return App(app_id, sealer.open_secret(_name(app_id, "secret"), row["secret"]))


async def push_secrets(*, sealer: Sealer, app_id: str) -> PushSecrets:
    """Give what the pushes of a mini-program are checked and opened with.

    :raises AppUnknown: if there is no such mini-program, or it takes no pushes.
    """
    row = await connection().row("SELECT push_token, push_key FROM mini_program WHERE app_id = $1", app_id)
    if row is None or row["push_token"] is None:
        raise AppUnknown(field="app_id")
    opened = {
        column: sealer.open_secret(_name(app_id, column), row[column]) if row[column] is not None else ""
        for column in ("push_token", "push_key")
    }
    return PushSecrets(opened["push_token"], opened["push_key"])


def _name(app_id: str, column: str) -> str:
    return f"mini_program:{app_id}:{column}"


def _shown(row: Record) -> MiniProgram:
    return MiniProgram(
        app_id=row["app_id"],
        audience=Audience(row["audience"]),
        name=row["name"],
        takes_pushes=row["push_token"] is not None,
        enabled=row["disabled_at"] is None,
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
