"""Doctors with consent, and published series with episodes, for tests of what readers do with them."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from content import airings, items
from server.core.db import connection
from server.core.roles import Audience, Reader, Role
from tests.content.studio import publish

BEGAN = datetime(2026, 10, 1, tzinfo=UTC)
NOON = datetime(2026, 11, 15, 4, tzinfo=UTC)
SECONDS = 600
_numbers = count(1)


async def doctor(*purposes: str, roles: frozenset[Role] = frozenset({Role.DOCTOR}), app_id: str = "wx-test") -> Reader:
    """Make an account of a doctor who has agreed to purposes; to the service and the log if none are named."""
    granted = purposes or ("service", "analytics")
    audience = Audience.PATIENT if Role.PATIENT in roles else Audience.DOCTOR
    account_id = await connection().value(
        "INSERT INTO account (app_id, audience, openid_hash, created_at) VALUES ($4, $3, $1, $2) RETURNING id",
        next(_numbers).to_bytes(32, "big"),
        BEGAN,
        audience,
        app_id,
    )
    for purpose in granted:
        await connection().execute(
            "INSERT INTO consent (account_id, purpose, version, granted, channel, at) "
            "VALUES ($1, $2, '2026-11-01', true, 'mini_program', $3)",
            account_id,
            purpose,
            BEGAN,
        )
    return Reader(account_id=account_id, roles=roles, app_id=app_id, audience=audience, consented=frozenset(granted))


async def without_consent() -> Reader:
    """Make an account of a doctor who has agreed to nothing."""
    reader = await doctor("marketing")
    return Reader(account_id=reader.account_id, roles=reader.roles, audience=reader.audience)


async def series(title: str = "医探究竟", **shape: Any) -> int:
    """Publish a series."""
    made = await items.create(
        kind="series", staff_id=1, at=BEGAN, shape={"title": title, "cover": await cover(), **shape}
    )
    await publish(item_id=made.item_id, staff_id=1, at=BEGAN)
    return made.item_id


async def episode(
    series_id: int,
    airs_at: datetime | None = NOON - timedelta(days=1),
    *,
    title: str = "直肠癌保肛",
    seconds: int = SECONDS,
    **shape: Any,
) -> int:
    """Publish an episode, with a time of airing if there is to be one."""
    text = {
        "title": title,
        "duration_s": seconds,
        "cover": await cover(),
        "video": {"url": "https://films.example.org/film.mp4"},
        **shape,
    }
    made = await items.create(kind="episode", staff_id=1, at=BEGAN, parent_id=series_id, shape=text)
    if airs_at is not None:
        await airing(made.item_id, airs_at)
    await publish(item_id=made.item_id, staff_id=1, at=BEGAN)
    return made.item_id


async def airing(episode_id: int, airs_at: datetime, *, at: datetime = BEGAN) -> None:
    """Say when an episode airs."""
    await airings.schedule(episode_id=episode_id, airs_at=airs_at, staff_id=1, at=at)


async def cancelled(episode_id: int, at: datetime) -> None:
    """Cancel the airing of an episode before it has begun."""
    await airings.cancel(episode_id=episode_id, staff_id=1, at=at)


async def cover() -> dict[str, Any]:
    """Take in a picture that is not really there."""
    asset_id = await connection().value(
        "INSERT INTO asset (kind, name, sha256, bytes, media_type, width, height, created_at, created_by) "
        "VALUES ('image', 'cover.jpg', $1, 1000, 'image/jpeg', 1200, 675, $2, 1) RETURNING id",
        f"{next(_numbers):064x}",
        BEGAN,
    )
    return {"asset": asset_id, "alt": "手术室"}


async def events(*names: str) -> list[dict[str, Any]]:
    """List what the log holds under these names, in order: account, name and body."""
    rows = await connection().fetch(
        "SELECT name, account_id, body::text AS body FROM event WHERE name = ANY($1) ORDER BY event_id", list(names)
    )
    return [{**row, "body": json.loads(row["body"])} for row in rows]
