"""The books of credits: each accepted prompt once, whoever tells of it, and never below nothing."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from messaging import AIRING, ANOTHER, DAY, HOUR, MINUTE, NOON, Parts, books, granted, notice, parts, planned
from wechat_fixtures import sandbox, wechat

from cdp import credits
from cdp.consent import ConsentNeeded
from cdp.credits import MOST_UNCONFIRMED, SAME_PROMPT, TemplateUnknown, TooManyReports
from server.core.db import connection, transaction

__all__ = ["parts", "sandbox", "wechat"]


async def confirmed(account_id: int, source: str, *, at: object = NOON) -> None:
    await credits.confirm(account_id=account_id, template_id=AIRING, source=source, prompted_at=at, at=at)  # type: ignore[arg-type]


async def test_each_accepted_prompt_grants_one_message(parts: Parts) -> None:
    account = await parts.account()
    left = await credits.report(
        account_id=account, results={AIRING: "accept", ANOTHER: "acceptWithAudio"}, key="prompt-one", at=NOON
    )
    assert {balance.template_id: balance.remaining for balance in left} == {AIRING: 1, ANOTHER: 1}
    assert (await books(account)) == (1, 0, 0, 1)


@pytest.mark.parametrize("answer", ["reject", "ban", "filter"])
async def test_a_prompt_that_was_not_accepted_grants_nothing_and_takes_nothing(parts: Parts, answer: str) -> None:
    account = await parts.account()
    await granted(account)
    left = await credits.report(account_id=account, results={AIRING: answer}, key="prompt-two", at=NOON)
    assert [balance.remaining for balance in left if balance.template_id == AIRING] == [1]


async def test_the_same_prompt_reported_twice_grants_once(parts: Parts) -> None:
    account = await parts.account()
    for _ in range(2):
        await credits.report(account_id=account, results={AIRING: "accept"}, key="prompt-one", at=NOON)
    assert (await books(account)) == (1, 0, 0, 1)


@pytest.mark.parametrize("client_first", [True, False])
async def test_a_prompt_told_by_the_client_and_by_the_platform_grants_once(parts: Parts, client_first: bool) -> None:
    account = await parts.account()
    if client_first:
        await granted(account, at=NOON)
        await confirmed(account, "push:one:0", at=NOON + SAME_PROMPT)
    else:
        await confirmed(account, "push:one:0", at=NOON)
        await granted(account, at=NOON + SAME_PROMPT)
    assert (await books(account)) == (1, 0, 0, 1)


async def test_two_prompts_within_a_minute_told_by_both_sides_grant_two(parts: Parts) -> None:
    account = await parts.account()
    await granted(account, at=NOON)
    await confirmed(account, "push:one:0", at=NOON + timedelta(seconds=1))
    await confirmed(account, "push:two:0", at=NOON + timedelta(seconds=30))
    await granted(account, at=NOON + timedelta(seconds=31))
    assert (await books(account)) == (2, 0, 0, 2)


async def test_a_repeated_push_grants_nothing_more(parts: Parts) -> None:
    account = await parts.account()
    for _ in range(3):
        await confirmed(account, "push:one:0")
    assert (await books(account)) == (1, 0, 0, 1)


async def test_what_client_and_platform_tell_at_once_is_one_prompt(parts: Parts) -> None:
    account = await parts.account()
    await asyncio.gather(granted(account), confirmed(account, "push:one:0"))
    assert (await books(account)) == (1, 0, 0, 1)


async def test_a_prompt_long_after_another_is_another(parts: Parts) -> None:
    account = await parts.account()
    await confirmed(account, "push:one:0", at=NOON)
    await granted(account, at=NOON + SAME_PROMPT + timedelta(seconds=1))
    assert (await books(account)) == (2, 0, 0, 2)


async def test_a_report_that_comes_late_is_matched_by_when_the_prompt_was(parts: Parts) -> None:
    account = await parts.account()
    await confirmed(account, "push:one:0", at=NOON)
    await credits.report(
        account_id=account, results={AIRING: "accept"}, key="late", prompted_at=NOON, at=NOON + 5 * HOUR
    )
    assert (await books(account)) == (1, 0, 0, 1)


async def test_the_client_alone_is_believed_only_so_often(parts: Parts) -> None:
    account = await parts.account()
    await granted(account, MOST_UNCONFIRMED)
    with pytest.raises(TooManyReports):
        await credits.report(account_id=account, results={AIRING: "accept"}, key="one-more", at=NOON)
    assert (await books(account)) == (MOST_UNCONFIRMED, 0, 0, MOST_UNCONFIRMED)
    await granted(account, at=NOON + DAY + MINUTE)


async def test_a_template_of_another_app_is_refused_by_name(parts: Parts) -> None:
    account = await parts.account()
    with pytest.raises(TemplateUnknown) as refused:
        await credits.report(account_id=account, results={AIRING: "accept", "nowhere-0": "accept"}, key="k", at=NOON)
    assert refused.value.field == "results.nowhere-0"
    assert (await books(account)) == (0, 0, 0, 0)


async def test_nothing_is_kept_before_consent(parts: Parts) -> None:
    account = await parts.account(consents=())
    with pytest.raises(ConsentNeeded):
        await granted(account)


async def test_the_books_say_how_many_messages_wait(parts: Parts) -> None:
    account = await parts.account()
    await granted(account)
    await planned(account, notice("episode:1:soon:0"), notice("episode:2:soon:0"))
    (airing,) = [b for b in await credits.balances(account_id=account, at=NOON) if b.template_id == AIRING]
    assert (airing.remaining, airing.waiting) == (1, 2)
    assert airing.keys == ["episode_cancelled", "episode_moved", "episode_soon"]


async def test_clearing_takes_what_was_granted_before_and_leaves_what_came_since(parts: Parts) -> None:
    account = await parts.account()
    await granted(account, 3, at=NOON)
    await granted(account, at=NOON + HOUR)
    for _ in range(2):
        await credits.clear(
            account_id=account, template_id=AIRING, before=NOON + 30 * MINUTE, source="push:x:0", at=NOON + 2 * HOUR
        )
    assert (await books(account)) == (4, 0, 3, 1)


async def test_a_credit_given_back_after_a_clearing_stays_cleared(parts: Parts) -> None:
    account = await parts.account()
    await granted(account, 2)
    spent = {"account_id": account, "template_id": AIRING, "message_id": 1, "tries": 1}
    async with transaction():
        assert await credits.reserve(**spent, at=NOON + MINUTE)  # type: ignore[arg-type]
    await credits.clear(account_id=account, template_id=AIRING, before=NOON + 2 * MINUTE, source="s", at=NOON + HOUR)
    async with transaction():
        await credits.give_back(**spent, claimed_at=NOON + MINUTE, at=NOON + HOUR)  # type: ignore[arg-type]
    assert (await books(account)) == (2, 0, 2, 0)


async def test_nothing_is_spent_that_is_not_there(parts: Parts) -> None:
    account = await parts.account()
    await granted(account)

    async def spend(message_id: int) -> bool:
        async with transaction():
            return await credits.reserve(
                account_id=account, template_id=AIRING, message_id=message_id, tries=1, at=NOON
            )

    assert sorted(await asyncio.gather(*(spend(number) for number in range(8)))) == [False] * 7 + [True]
    assert (await books(account)) == (1, 1, 0, 0)


async def test_the_database_itself_keeps_the_books(parts: Parts) -> None:
    account = await parts.account()
    await granted(account)
    with pytest.raises(asyncpg.CheckViolationError):
        await connection().execute("UPDATE message_credit SET remaining = remaining - 2, spent = spent + 2")
    with pytest.raises(asyncpg.CheckViolationError):
        await connection().execute("UPDATE message_credit SET remaining = 5")
    with pytest.raises(asyncpg.RestrictViolationError):
        await connection().execute("DELETE FROM message_credit_entry")
