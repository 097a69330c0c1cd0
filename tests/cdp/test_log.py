"""What the house records of its own: in the transaction of the deed, with the person only where there is consent."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cdp import log
from cdp.events import AccountCreated, ContentFavorited, ContentPublished, EpisodeFinished, SeriesFollowed
from server.core.db import connection, transaction

AT = datetime(2026, 11, 3, 12, 0, 0, 123456, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("database")


async def account(*purposes: str) -> int:
    """Make an account that has agreed to some purposes."""
    number: int = await connection().value(
        "INSERT INTO account (app_id, audience, openid_hash, created_at) "
        "VALUES ('wx00000000000000aa', 'doctor', '\\x00', $1) RETURNING id",
        AT,
    )
    for purpose in purposes:
        await connection().execute(
            "INSERT INTO consent (account_id, purpose, version, granted, channel, at) "
            "VALUES ($1, $2, '2026-11', true, 'app', $3)",
            number,
            purpose,
            AT,
        )
    return number


async def rows() -> list[dict[str, Any]]:
    return [dict(row) for row in await connection().fetch("SELECT * FROM event ORDER BY number")]


async def test_an_event_is_written_with_its_key_its_person_and_what_was_agreed_to() -> None:
    reader = await account("service", "analytics")
    async with transaction():
        await log.record(EpisodeFinished(at=AT, account_id=reader, item_id=7, covered_s=590.5, duration_s=600))
    (row,) = await rows()
    assert (row["name"], row["schema"], row["source"]) == ("video_finish", "1-0-0", 1)
    assert (row["account_id"], row["audience"], row["app"]) == (reader, "doctor", "wx00000000000000aa")
    assert (row["consent_version"], row["purposes"]) == ("2026-11", ["analytics", "service"])
    assert json.loads(row["body"]) == {"item_id": 7, "series_id": None, "covered_s": 590.5, "duration_s": 600}
    whole = AT.replace(microsecond=123000)
    assert row["created_at"] == row["received_at"] == row["derived_at"] == whole
    key = await connection().row("SELECT * FROM event_key")
    assert key is not None
    assert (key["source"], key["id"], len(key["fingerprint"])) == (1, row["event_id"], 32)


async def test_what_is_rolled_back_has_no_event() -> None:
    with pytest.raises(ZeroDivisionError):
        async with transaction():
            await log.record(AccountCreated(at=AT, app_id="wx00000000000000aa", audience="doctor"))
            raise ZeroDivisionError
    assert await rows() == []
    assert await connection().value("SELECT count(*) FROM event_key") == 0


async def test_an_event_outside_of_a_transaction_is_a_fault() -> None:
    with pytest.raises(log.Unrecordable, match="outside"):
        await log.record(SeriesFollowed(at=AT, item_id=7))
    assert await rows() == []


@pytest.mark.parametrize("purposes", [(), ("service",), ("analytics",)], ids=["nothing", "service", "no service"])
async def test_without_consent_to_analytics_an_event_is_not_written(purposes: tuple[str, ...]) -> None:
    reader = await account(*purposes)
    async with transaction():
        await log.record(SeriesFollowed(at=AT, account_id=reader, item_id=7))
    assert await rows() == []


async def test_without_consent_a_necessary_event_is_written_without_the_person() -> None:
    reader = await account("service")
    async with transaction():
        await log.record(AccountCreated(at=AT, account_id=reader, app_id="wx00000000000000aa", audience="doctor"))
    (row,) = await rows()
    assert (row["name"], row["account_id"], row["flags"]) == ("account_created", None, 4)


async def test_what_follows_from_an_event_follows_without_consent_too() -> None:
    reader = await account()
    seen = []

    async def follow(event: ContentFavorited) -> None:
        seen.append(event.item_id)

    log.react({ContentFavorited: [follow]})
    try:
        async with transaction():
            await log.record(ContentFavorited(at=AT, account_id=reader, item_id=7, kind="episode"))
    finally:
        log.react({})
    assert seen == [7]
    assert await rows() == []


async def test_an_event_of_the_house_needs_no_person() -> None:
    async with transaction():
        await log.record(
            ContentPublished(
                at=AT, item_id=7, root_id=7, kind="series", version=1, tags=("disease/lung",), audience="doctor",
                valid_from=AT, valid_until=None,
            )
        )  # fmt: skip
    (row,) = await rows()
    assert (row["account_id"], row["audience"], row["flags"]) == (None, None, 0)
    assert json.loads(row["body"])["tags"] == ["disease/lung"]


@pytest.mark.parametrize(
    "event",
    [
        ContentFavorited(at=AT, item_id=7, kind="13812345678"),
        ContentFavorited(at=AT, item_id=7, kind="张医生"),
        ContentFavorited(at=AT, item_id=0, kind="episode"),
        ContentFavorited(at=AT.replace(tzinfo=None), item_id=7, kind="episode"),
        EpisodeFinished(at=AT, item_id=7, covered_s=float("inf"), duration_s=600),
    ],
    ids=["a phone number", "a name", "no item", "a time without offset", "no number"],
)
async def test_an_event_that_does_not_fit_its_shape_is_a_fault(event: Any) -> None:
    with pytest.raises(log.Unrecordable):
        async with transaction():
            await log.record(event)
    assert await rows() == []


async def test_a_month_long_past_is_kept_in_the_partition_for_the_rest() -> None:
    long_ago = AT - timedelta(days=4000)
    async with transaction():
        await log.record(AccountCreated(at=long_ago, app_id="wx00000000000000aa", audience="doctor"))
    assert await connection().value("SELECT count(*) FROM event_default") == 1
