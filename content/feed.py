"""The personal calendar feed of a reader: its secret address, and what is in it.

In it are the episodes of the series that they follow and the activities that they have registered for.

The rule: who knows the address sees the feed, so it has at least 128 bits, lies here only as a hash, is shown once, and
is taken back by forgetting it. What was cancelled, also by being taken back before its time, stays for thirty days, so
that every calendar hears of it; what a reader may not read is not in it.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct

from cdp import consent
from content import access, activity_notices, ical, keeping
from content.activity_registration import person_of
from content.falling_away import GONE
from content.ical import FeedActivity, FeedEpisode
from server.core.db import connection, transaction
from server.core.errors import Missing
from server.core.ids import opaque
from server.core.roles import Audience, Reader, Role

PAST: Final = timedelta(days=180)
CANCELLED_FOR: Final = timedelta(days=30)
MOST_EPISODES: Final = 1000
MOST_ACTIVITIES: Final = 200


class FeedMissing(Missing):
    """There is no feed at this address, or its address was taken back."""

    code = "feed_missing"
    title = "日历订阅地址不存在或已失效"


class FeedAddress(Struct, frozen=True, kw_only=True):
    """A new address; its token cannot be shown again."""

    token: str
    created_at: datetime

    def __repr__(self) -> str:
        return f"FeedAddress(created_at={self.created_at})"


async def renew(*, reader: Reader, at: datetime) -> FeedAddress:
    """Make the address of a reader's feed; the one before leads nowhere from now on.

    :raises ConsentNeeded: if the reader has not agreed to anything being kept.
    """
    token = opaque(128)
    async with transaction():
        await keeping.check(reader)
        await connection().execute(
            "INSERT INTO feed_address (account_id, token_hash, created_at) VALUES ($1, $2, $3) "
            "ON CONFLICT (account_id) DO UPDATE SET token_hash = excluded.token_hash, created_at = excluded.created_at",
            reader.account_id,
            _hash(token),
            at,
        )
    return FeedAddress(token=token, created_at=at)


async def revoke(*, reader: Reader) -> None:
    """Take the address of a reader's feed back, if there is one."""
    await erase([reader.account_id])


async def made_at(*, reader: Reader) -> datetime | None:
    """Tell since when a reader has had the address that is good now."""
    since: datetime | None = await connection().value(
        "SELECT created_at FROM feed_address WHERE account_id = $1", reader.account_id
    )
    return since


async def feed_of(*, token: str, at: datetime) -> bytes:
    """Write the feed at an address.

    :raises FeedMissing: if there is none, or if its owner has taken back their consent.
    """
    account_id = await connection().value("SELECT account_id FROM feed_address WHERE token_hash = $1", _hash(token))
    if account_id is None or await consent.is_withdrawn(account_id=account_id):
        raise FeedMissing()
    # Whoever holds the address has shown no more than that: what only verified professionals may see stays out.
    reader = Reader(account_id=account_id, roles=frozenset({Role.DOCTOR}), audience=Audience.DOCTOR)
    rows = await connection().fetch(
        _EPISODES, account_id, access.audience_values(reader), at, at - PAST, at - CANCELLED_FOR, MOST_EPISODES
    )
    episodes = [msgspec.convert(dict(row), FeedEpisode) for row in rows]
    return ical.feed(
        sorted(
            [*episodes, *await _activities(reader, at)], key=lambda one: (_begins(one), isinstance(one, FeedActivity))
        )
    )


async def export_of(account_ids: Sequence[int]) -> list[dict[str, Any]]:
    """List since when accounts have had a feed, for their owner."""
    rows = await connection().fetch(
        "SELECT account_id, created_at AS since FROM feed_address WHERE account_id = ANY($1)", list(account_ids)
    )
    return [dict(row) for row in rows]


async def erase(account_ids: Sequence[int]) -> int:
    """Take the addresses of accounts' feeds back, and count them."""
    return await connection().execute("DELETE FROM feed_address WHERE account_id = ANY($1)", list(account_ids))


async def _activities(reader: Reader, at: datetime) -> list[FeedActivity]:
    rows = await connection().fetch(
        _ACTIVITIES,
        await person_of(reader.account_id),
        access.audience_values(reader),
        at,
        at - PAST,
        at - CANCELLED_FOR,
        MOST_ACTIVITIES,
    )
    leads = {"live": activity_notices.LEAD}
    return [
        msgspec.convert({**row, "lead": leads.get(row["form"], activity_notices.LEAD_TO_PLACE)}, FeedActivity)
        for row in rows
    ]


def _begins(entry: FeedEpisode | FeedActivity) -> datetime:
    return entry.airs_at if isinstance(entry, FeedEpisode) else entry.starts_at


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


# The newest where there are too many, and then in the order of their times. What was taken back before it aired is gone
# from what readers see and stays here as cancelled.
_EPISODES: Final = f"""
SELECT * FROM (
    SELECT l.item_id AS episode_id, s.title AS series, l.title, coalesce(l.card ->> 'summary', '') AS summary,
        a.airs_at, l.seconds, a.sequence, greatest(a.changed_at, l.changed_at) AS changed_at,
        a.cancelled_at IS NOT NULL AS cancelled
    FROM follow f JOIN live l ON l.root_id = f.series_id JOIN live s ON s.item_id = l.root_id
    JOIN airing a ON a.episode_id = l.item_id
    WHERE f.account_id = $1 AND l.kind = 'episode' AND a.airs_at > $4
        AND (a.cancelled_at IS NULL OR a.cancelled_at > $5) AND {access.condition(row="l", audiences="$2", at="$3")}
    UNION ALL
    SELECT g.item_id, g.series, g.title, '', a.airs_at, g.seconds, a.sequence, greatest(a.changed_at, g.gone_at), true
    FROM follow f JOIN {GONE} g ON g.root_id = f.series_id JOIN airing a ON a.episode_id = g.item_id
    WHERE f.account_id = $1 AND a.airs_at > $4 AND a.cancelled_at > $5 AND g.audience = ANY($2::text[])
    ORDER BY airs_at DESC, episode_id DESC LIMIT $6
) AS newest ORDER BY airs_at, episode_id
"""  # noqa: S608  the parts are constants
_SHOWN: Final = """p.activity_id, p.starts_at, p.ends_at, p.sequence,
    concat_ws(' ', nullif(p.place_name, ''), nullif(p.place_address, '')) AS place"""
_ACTIVITIES: Final = f"""
SELECT * FROM (
    SELECT {_SHOWN}, l.title, coalesce(l.card ->> 'summary', '') AS summary, l.prepared ->> 'form' AS form,
        greatest(p.changed_at, l.changed_at, r.changed_at) AS changed_at, p.cancelled_at IS NOT NULL AS cancelled
    FROM registration r JOIN activity_plan p ON p.activity_id = r.activity_id JOIN live l ON l.item_id = p.activity_id
    WHERE r.person_id = $1 AND r.state = 'registered' AND p.ends_at > $4
        AND (p.cancelled_at IS NULL OR p.cancelled_at > $5) AND {access.condition(row="l", audiences="$2", at="$3")}
    UNION ALL
    SELECT {_SHOWN}, g.title, '', '', greatest(p.changed_at, g.gone_at), true
    FROM registration r JOIN activity_plan p ON p.activity_id = r.activity_id JOIN {GONE} g ON g.item_id = p.activity_id
    WHERE r.person_id = $1 AND r.state = 'registered' AND p.ends_at > $4 AND p.cancelled_at > $5
        AND g.audience = ANY($2::text[])
    ORDER BY starts_at DESC, activity_id DESC LIMIT $6
) AS newest ORDER BY starts_at, activity_id
"""  # noqa: S608  the parts are constants
