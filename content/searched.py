"""What was looked for: how often, and how often in vain, by day; and what enough people look for to suggest it.

The rule: nobody can read here who looked for what. Texts are noted without a person and only if nothing in them looks
like a number of somebody; what looks like a name is shown to editors only once it comes often. Different people are
counted by hashes whose key is destroyed with the week, and only those who agreed to analytics; a text is suggested to
others once `ENOUGH` of them looked for it in one week. What is kept has bounds in number and in time.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from cdp.envelope import ANALYTICS
from content import lexicon, trail
from content.tables.search import SearchDismissal
from server.core import clock
from server.core.db import connection, transaction
from server.core.roles import Audience, Reader
from server.core.words import fold

LONGEST: Final = 40
MOST_A_DAY: Final = 5000
ENOUGH: Final = 5
NAMES_FROM: Final = 5
KEPT: Final = timedelta(days=90)
POPULAR_KEPT: Final = timedelta(days=56)
DISMISSED_KEPT: Final = timedelta(days=180)
COUNT_EVERY_S: Final = 1800.0
LISTED: Final = timedelta(days=30)
DAYS: Final = 7

# Telephones, papers, accounts elsewhere, addresses: seven figures in all, four beside letters, or the signs of them.
_PRIVATE: Final = re.compile(
    r"(?:\d\D*){7}|[零〇一二三四五六七八九幺两]{7}|@|https?:|www\.|(?=[\w-]{6})(?=[\w-]*[A-Za-z])(?:[\w-]*?\d){4}",
    re.ASCII,
)

_NOTE: Final = """
    WITH known AS (
        UPDATE searched SET times = times + 1, unfound = unfound + $4
        WHERE day = $1 AND portal = $2 AND text = $3 RETURNING 1
    )
    INSERT INTO searched (day, portal, text, times, unfound) SELECT $1, $2, $3, 1, $4
    WHERE NOT EXISTS (SELECT 1 FROM known) AND (SELECT count(*) FROM searched WHERE day = $1) < $5
    ON CONFLICT (day, portal, text) DO UPDATE SET times = searched.times + 1, unfound = searched.unfound + $4
"""


class Unfound(Struct, frozen=True):
    """A text that found nothing: how often of late, on how many days, and on each of the last days, today first."""

    text: str
    times: int
    last_on: date
    by_day: list[int]


def is_private(text: str) -> bool:
    """Tell whether something in a text looks like a number of somebody, or is too long for words."""
    return len(text) > LONGEST or _PRIVATE.search(text) is not None


async def note(*, typed: str, text: str, found: int, reader: Reader, portal: Audience, at: datetime) -> None:
    """Count a search.

    :param typed: what was typed, ``text`` what was understood; only that is kept.
    """
    if not text or is_private(fold(typed).text) or is_private(text):
        return
    day = clock.day_of(at)
    async with transaction():
        # Counts may be lost with the machine; searches must not wait for its disk.
        await connection().execute("SET LOCAL synchronous_commit = off")
        await connection().execute(_NOTE, day, portal.value, text, int(found == 0), MOST_A_DAY)
        if reader.known and ANALYTICS in reader.consented and found:
            await _count_person(_week_of(day), portal, text, reader.account_id)


async def _count_person(week: date, portal: Audience, text: str, account_id: int) -> None:
    salt = await connection().value("SELECT salt FROM search_week WHERE week = $1", week)
    if salt is None:
        await connection().execute(
            "INSERT INTO search_week (week, salt) VALUES ($1, $2) ON CONFLICT DO NOTHING", week, secrets.token_bytes(32)
        )
        salt = await connection().value("SELECT salt FROM search_week WHERE week = $1", week)
    await connection().execute(
        "INSERT INTO searcher (week, portal, text, who) SELECT $1, $2::varchar, $3::varchar, $4 WHERE EXISTS "
        "(SELECT 1 FROM searched WHERE portal = $2::varchar AND text = $3::varchar) ON CONFLICT DO NOTHING",
        week,
        portal.value,
        text,
        _who(salt, account_id),
    )


def _week_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _who(salt: bytes, account_id: int) -> bytes:
    return hmac.digest(salt, str(account_id).encode(), hashlib.sha256)[:16]


async def count_people(ctx: Any, at: datetime) -> None:
    """Note what enough people look for, and forget what is too old, as a job; safe to repeat."""
    today = clock.day_of(at)
    week = _week_of(today)
    async with transaction():
        await connection().execute(
            "INSERT INTO popular_search (portal, text, people, week) "
            "SELECT portal, text, count(*), week FROM searcher GROUP BY week, portal, text HAVING count(*) >= $1 "
            "ORDER BY week ON CONFLICT (portal, text) DO UPDATE SET people = excluded.people, week = excluded.week "
            "WHERE popular_search.week <= excluded.week",
            ENOUGH,
        )
        # With the key of a week go its searchers, by the foreign key.
        await connection().execute("DELETE FROM search_week WHERE week < $1", week)
        await connection().execute("DELETE FROM searched WHERE day < $1", today - KEPT)
        await connection().execute("DELETE FROM popular_search WHERE week < $1", today - POPULAR_KEPT)
        await connection().execute("DELETE FROM search_dismissal WHERE dismissed_at < $1", at - DISMISSED_KEPT)


async def unfound(*, at: datetime, limit: int = 100) -> list[Unfound]:
    """List for editors what was looked for in vain of late, the most frequent first."""
    today = clock.day_of(at)
    rows = await connection().fetch(
        """
        SELECT text, sum(unfound)::int AS times, max(day) AS last_on,
            ARRAY(SELECT coalesce(sum(o.unfound), 0)::int FROM generate_series(0, $4::int - 1) ago
                LEFT JOIN searched o ON o.text = s.text AND o.day = $2::date - ago GROUP BY ago ORDER BY ago) AS by_day
        FROM searched s WHERE unfound > 0 AND day > $1
            AND NOT EXISTS (SELECT 1 FROM search_dismissal x WHERE x.text = s.text)
        GROUP BY text ORDER BY times DESC, last_on DESC, text LIMIT $3
        """,
        today - LISTED,
        today,
        limit,
        DAYS,
    )
    words = await lexicon.current()
    listed = [Unfound(row["text"], row["times"], row["last_on"], list(row["by_day"])) for row in rows]
    return [one for one in listed if one.times >= NAMES_FROM or not words.cutter.names_somebody(one.text)]


async def dismiss(*, text: str, staff_id: int, at: datetime, request_id: str = "") -> None:
    """Take a text off the list of what was looked for in vain; it may come again when the dismissal is old."""
    async with transaction():
        known = await connection().value("SELECT EXISTS (SELECT 1 FROM searched WHERE text = $1)", text)
        if known and not await SearchDismissal.exists(text=text):
            await connection().execute(
                "INSERT INTO search_dismissal (text, dismissed_at, dismissed_by) VALUES ($1, $2, $3) "
                "ON CONFLICT DO NOTHING",
                text,
                at,
                staff_id,
            )
            await trail.note("dismiss", "search", text, staff_id=staff_id, at=at, request_id=request_id)


async def popular(*, portal: Audience, containing: str = "", limit: int = 12) -> list[str]:
    """List what enough people look for, the most frequent first: what contains some units, written without spaces."""
    rows = await connection().fetch(
        "SELECT text FROM popular_search WHERE portal = $1 AND strpos(replace(text, ' ', ''), $2) > 0 "
        "ORDER BY people DESC, text LIMIT $3",
        portal.value,
        containing,
        limit,
    )
    return [row["text"] for row in rows]


async def export_of(account_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Tell what some accounts looked for in the weeks whose keys are still there."""
    rows = []
    for week, who in await _hashes(account_ids):
        rows += await connection().fetch(
            "SELECT text, portal FROM searcher WHERE week = $1 AND who = ANY($2::bytea[]) ORDER BY id", week, who
        )
    return [{"text": row["text"], "portal": row["portal"]} for row in rows]


async def erase(account_ids: Sequence[int]) -> int:
    """Forget that some accounts looked for anything, in the transaction that is open."""
    return sum(
        [
            await connection().execute("DELETE FROM searcher WHERE week = $1 AND who = ANY($2::bytea[])", week, who)
            for week, who in await _hashes(account_ids)
        ]
    )


async def _hashes(account_ids: Sequence[int]) -> list[tuple[date, list[bytes]]]:
    weeks = await connection().fetch("SELECT week, salt FROM search_week ORDER BY week")
    return [(row["week"], [_who(row["salt"], account_id) for account_id in account_ids]) for row in weeks]
