"""Staff see what will be sent, what was, and what became of it."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from messaging import (
    AIRING,
    ANOTHER,
    DAY,
    HOUR,
    MINUTE,
    NOON,
    Parts,
    granted,
    notice,
    parts,
    planned,
    template,
)
from wechat_fixtures import sandbox, wechat

from cdp import messages
from cdp.message_claims import due
from cdp.message_listing import Listed, listing, tally
from cdp.message_rules import Urgency
from cdp.message_sending import send_due
from cdp.messages import State
from server.core.db import connection
from server.sandbox.demo import SECOND_DOCTOR

__all__ = ["parts", "sandbox", "wechat"]


async def listed(**only: object) -> list[Listed]:
    return await listing(at=NOON, starts_at=NOON - DAY, ends_at=NOON + DAY, **only)  # type: ignore[arg-type]  # filters by name


async def test_what_will_be_sent_is_listed_with_what_has_a_credit(parts: Parts) -> None:
    first, second = await parts.account(), await parts.account(SECOND_DOCTOR)
    await parts.accept(first)
    await planned(first, notice(due_at=NOON + HOUR), notice("episode:18:soon:0", due_at=NOON + 2 * HOUR))
    await planned(second, notice(due_at=NOON + HOUR))
    assert [(one.account_id, one.subject, one.state, one.has_credit) for one in await listed()] == [
        (first, "episode:17:soon:0", State.PLANNED, True),
        (second, "episode:17:soon:0", State.PLANNED, False),
        (first, "episode:18:soon:0", State.PLANNED, False),
    ]


async def test_the_listing_is_narrowed_and_goes_on_where_it_stopped(parts: Parts) -> None:
    account = await parts.account()
    await parts.accept(account)
    await planned(account, *(notice(f"episode:{number}:soon:0", due_at=NOON + number * MINUTE) for number in range(5)))
    await send_due(parts, NOON)
    assert [one.subject for one in await listed(states=[State.SENT])] == ["episode:0:soon:0"]
    assert await listed(keys=["episode_moved"]) == []
    assert await listed(account_id=account + 1) == []
    assert len(await listed(item_id=17)) == 5
    page = await listed(most=2)
    rest = await listed(after=(page[-1].due_at, page[-1].id))
    assert [one.subject for one in page + rest] == [f"episode:{number}:soon:0" for number in range(5)]


async def test_the_messages_about_an_item_are_counted(parts: Parts) -> None:
    first, second = await parts.account(), await parts.account(SECOND_DOCTOR)
    await parts.accept(first)
    for account in (first, second):
        await planned(account, notice())
    assert [(one.state, one.has_credit, one.messages) for one in await tally(item_id=17, at=NOON)] == [
        (State.PLANNED, True, 1),
        (State.PLANNED, False, 1),
    ]
    await send_due(parts, NOON)
    assert [(one.state, one.messages) for one in await tally(item_id=17, at=NOON)] == [("planned", 1), ("sent", 1)]


WAITING = st.lists(
    st.tuples(
        st.sampled_from([Urgency.CHANGED, Urgency.SOON, Urgency.CANCELLED]),
        st.integers(-2, 2),
        st.sampled_from(["episode_soon", "apart"]),
    ),
    max_size=8,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(waiting=WAITING, left=st.integers(0, 3), apart=st.integers(0, 3))
async def test_the_database_tells_the_line_as_the_rule_does(
    parts: Parts, waiting: list[tuple[Urgency, int, str]], left: int, apart: int
) -> None:
    account = await parts.account()
    await template("apart", template_id=ANOTHER)
    for table in ("message", "message_credit", "message_credit_prompt"):
        await connection().execute(f"DELETE FROM {table}")  # the ledger takes additions only
    await connection().execute("TRUNCATE message_credit_entry")
    await granted(account, left, template_id=AIRING)
    await granted(account, apart, template_id=ANOTHER)
    told = [
        notice(f"episode:{number}:x", key=key, urgency=urgency, due_at=NOON + hours * HOUR, lasts=DAY)
        for number, (urgency, hours, key) in enumerate(waiting)
    ]
    await planned(account, *told)
    having = {
        subject
        for subject, outlook in (await messages.outlook(account_id=account, at=NOON)).items()
        if outlook.state == State.PLANNED
    }
    assert {one.subject for one in await listed() if one.has_credit} == having
    going = {row["id"]: row["subject"] for row in await connection().fetch("SELECT id, subject FROM message")}
    now = {one.subject for one in told if one.due_at <= NOON}
    assert {going[message_id] for message_id in await due(at=NOON, most=100)} == having & now
