"""Whatever happens in whatever order, the books of credits agree, and no more is sent than was granted."""

from datetime import timedelta
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from messaging import AIRING, DAY, NOON, Parts, books, claimed, notice, parts, planned
from wechat_fixtures import sandbox, wechat

from cdp import credits
from cdp.message_claims import Claimed
from cdp.message_outcomes import Failed, Gone, Later, Outcome, Sent, Unknown
from cdp.message_rules import Urgency
from cdp.message_sending import LEASE, record, release_stale
from server.core.db import connection
from server.sandbox.world import User

__all__ = ["parts", "sandbox", "wechat"]

OUTCOMES: list[Outcome] = [
    Sent("1"),
    Failed("refused", 43101, clears=True),
    Failed("argument_invalid", 47003),
    Later("busy", 1),
    Unknown("timed_out"),
    Gone("account_erased"),
]
DEEDS = st.one_of(
    st.just(("client",)),
    st.just(("push",)),
    st.just(("both",)),
    st.tuples(st.just("plan"), st.sampled_from([Urgency.CHANGED, Urgency.SOON, Urgency.CANCELLED])),
    st.tuples(st.just("claim"), st.integers(1, 4)),
    st.tuples(st.just("record"), st.integers(0, 1), st.sampled_from(OUTCOMES)),
    st.tuples(st.just("send"), st.sampled_from(OUTCOMES)),
    st.tuples(st.just("clear"), st.integers(0, 30)),
    st.just(("release",)),
    st.tuples(st.just("wait"), st.integers(1, 400)),
)


class Story:
    """One account, what was told of its prompts, and what its senders hold."""

    def __init__(self, parts: Parts, account_id: int) -> None:
        self.parts = parts
        self.account_id = account_id
        self.at = NOON
        self.prompts = 0
        self.held: list[Claimed] = []

    async def tell(self, side: str) -> None:
        name = str(uuid4())
        if side == "client":
            await credits.report(account_id=self.account_id, results={AIRING: "accept"}, key=name, at=self.at)
        else:
            await credits.confirm(
                account_id=self.account_id, template_id=AIRING, source=name, prompted_at=self.at, at=self.at
            )

    async def do(self, deed: tuple) -> None:  # type: ignore[type-arg]  # each deed has parts of its own
        match deed:
            case ("client" | "push" as side,):
                self.prompts += 1
                await self.tell(side)
            case ("both",):
                self.prompts += 1
                await self.tell("client")
                await self.tell("push")
            case ("plan", urgency):
                told = notice(f"episode:1:{uuid4()}", urgency=urgency, due_at=self.at, lasts=2 * DAY)
                await planned(self.account_id, told, at=self.at)
            case ("claim", most):
                self.held += await claimed(self.at, most=most)
            case ("record", number, outcome):
                if number < len(self.held):
                    await record(self.held.pop(number), outcome, at=self.at)
            case ("send", outcome):
                await self.do(("plan", Urgency.SOON))
                await self.do(("claim", 1))
                await self.do(("record", 0, outcome))
            case ("clear", minutes):
                await credits.clear(
                    account_id=self.account_id,
                    template_id=AIRING,
                    before=self.at - timedelta(minutes=minutes),
                    source=str(uuid4()),
                    at=self.at,
                )
            case ("release",):
                self.at += LEASE + timedelta(seconds=1)
                # The senders that were given up on may still come back.
                await release_stale(self.parts, self.at)
            case ("wait", seconds):
                self.at += timedelta(seconds=seconds)

    async def check(self) -> None:
        granted, spent, cleared, remaining = await books(self.account_id)
        assert granted <= self.prompts
        assert remaining == granted - spent - cleared >= 0
        entries = await connection().fetch(
            "SELECT deed, sum(amount)::int AS amount FROM message_credit_entry WHERE account_id = $1 GROUP BY deed",
            self.account_id,
        )
        ledger = {row["deed"]: row["amount"] for row in entries}
        assert ledger.get("grant", 0) == granted
        assert ledger.get("spend", 0) - ledger.get("return", 0) == spent
        assert ledger.get("clear", 0) == cleared
        paid = await connection().value(
            "SELECT count(*)::int FROM message WHERE account_id = $1 "
            "AND (state IN ('sent', 'sending', 'unknown') OR state = 'failed' AND reason = 'refused')",
            self.account_id,
        )
        assert paid == spent <= granted


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(DEEDS, max_size=20))
async def test_the_books_agree_after_any_story(parts: Parts, deeds: list[tuple]) -> None:  # type: ignore[type-arg]  # as above
    user = f"doctor-{uuid4()}"
    parts.sandbox.world.add(User(user, "医生"))
    await connection().execute("UPDATE message SET state = 'cancelled' WHERE state IN ('planned', 'sending')")
    story = Story(parts, await parts.account(user))
    for deed in [("both",), ("push",), *deeds]:
        await story.do(deed)
    await story.check()
