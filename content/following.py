"""Following: whose episodes a reader wants in the calendar feed and to be reminded of.

The rule: one follows a series, never a single episode; following twice changes nothing. A series that is not to be read
any more can still be left.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from cdp import log
from cdp.events import SeriesFollowed, SeriesUnfollowed
from content import access, keeping
from server.core.db import connection, transaction
from server.core.roles import Reader


class Following(Struct, frozen=True, kw_only=True):
    """Whether, and since when, a reader follows a series, and how many readers do."""

    series_id: int
    following: bool
    since: datetime | None
    followers: int


async def follow(*, reader: Reader, series_id: int, at: datetime) -> Following:
    """Follow a series.

    :raises ItemMissing: if there is no such series for this reader; also `Withdrawn`, `Expired`.
    :raises ConsentNeeded: if the reader has not agreed to anything being kept.
    """
    async with transaction():
        await keeping.check(reader)
        await check_series(reader=reader, series_id=series_id, at=at)
        made = await connection().execute(
            "INSERT INTO follow (account_id, series_id, created_at) VALUES ($1, $2, $3) "
            "ON CONFLICT (account_id, series_id) DO NOTHING",
            reader.account_id,
            series_id,
            at,
        )
        if made:
            await log.record(SeriesFollowed(at=at, account_id=reader.account_id, item_id=series_id))
        return await _following(reader.account_id, series_id)


async def unfollow(*, reader: Reader, series_id: int, at: datetime) -> None:
    """Follow a series no longer."""
    async with transaction():
        gone = await connection().execute(
            "DELETE FROM follow WHERE account_id = $1 AND series_id = $2", reader.account_id, series_id
        )
        if gone:
            await log.record(SeriesUnfollowed(at=at, account_id=reader.account_id, item_id=series_id))


async def following_of(*, reader: Reader, series_id: int, at: datetime) -> Following:
    """Tell whether a reader follows a series.

    :raises ItemMissing: if there is no such series for this reader; also `Withdrawn`, `Expired`.
    """
    await check_series(reader=reader, series_id=series_id, at=at)
    return await _following(reader.account_id, series_id)


async def check_series(*, reader: Reader, series_id: int, at: datetime) -> None:
    """Let a reader go on with what is theirs of a series, if they may read it.

    :raises ItemMissing: if there is no such series for this reader; also `Withdrawn`, `Expired`.
    """
    await access.readable(item_id=series_id, reader=reader, at=at)
    if await connection().value("SELECT kind FROM live WHERE item_id = $1", series_id) != "series":
        raise access.ItemMissing("This is no series.")


async def export_of(account_ids: Sequence[int]) -> list[dict[str, Any]]:
    """List the series that accounts follow, for their owner."""
    rows = await connection().fetch(
        "SELECT account_id, series_id, created_at AS since FROM follow WHERE account_id = ANY($1) ORDER BY id",
        list(account_ids),
    )
    return [dict(row) for row in rows]


async def erase(account_ids: Sequence[int]) -> int:
    """Forget the series that accounts follow, and count them."""
    return await connection().execute("DELETE FROM follow WHERE account_id = ANY($1)", list(account_ids))


async def _following(account_id: int, series_id: int) -> Following:
    row = await connection().row(
        "SELECT count(*) AS followers, max(created_at) FILTER (WHERE account_id = $1) AS since "
        "FROM follow WHERE series_id = $2",
        account_id,
        series_id,
    )
    assert row is not None, "an aggregate always has a row"
    return Following(
        series_id=series_id, following=row["since"] is not None, since=row["since"], followers=row["followers"]
    )
