"""The figures of items: the definitions counted by hand, and the counted log against them, in any order."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from people_fixtures import People

from cdp import metrics, metrics_folding, metrics_records, own_accounts
from cdp.intervals import wilson
from cdp.metrics import RATES, Figures
from cdp.people import person_of
from server.core.clock import SHANGHAI
from server.core.db import connection, transaction
from server.core.ids import uuid7

MONDAY = datetime(2026, 11, 16, tzinfo=SHANGHAI)
DAY = date(2026, 11, 16)
ITEM = 7
_numbers = count(1)


class Happened(NamedTuple):
    """An event as the log holds it, ``minutes`` after Monday began and received ``late`` minutes later."""

    name: str
    account: int = 1
    minutes: float = 600
    session: str | None = "s"
    body: Mapping[str, Any] = {}
    item: int = ITEM
    late: float = 0
    bot: bool = False

    @property
    def at(self) -> datetime:
        return MONDAY + timedelta(minutes=self.minutes)


async def log(events: Iterable[Happened], *, received_at: datetime | None = None) -> None:
    for event in events:
        await connection().execute(
            "INSERT INTO event (source, event_id, name, schema, account_id, session, created_at, received_at, "
            "derived_at, bot_reasons, body) VALUES (2, $1, $2, '1-0-0', $3, $4, $5, $6, $5, $7, $8)",
            uuid7().bytes,
            event.name,
            event.account or None,
            event.session,
            event.at,
            received_at or event.at + timedelta(minutes=event.late),
            ["user_agent"] if event.bot else None,
            json.dumps({"item_id": event.item, "kind": "article", **event.body}),
        )


async def counted(*, at: datetime | None = None) -> None:
    await metrics_folding.count(None, at or MONDAY + timedelta(days=40))


async def week(item: int = ITEM) -> Figures:
    return await metrics.of_item(item_id=item, since=DAY, until=DAY + timedelta(days=7))


def opened(account: int = 1, minutes: float = 600, session: str = "s", **more: Any) -> Happened:
    return Happened("content_open", account, minutes, session, **more)


def read(percent: int, active: int, expected: int = 60_000, **more: Any) -> Happened:
    body = {"max_percent": percent, "active_ms": active, "expected_ms": expected}
    return Happened("content_read_progress", body=body, **more)


def watched(*ranges: tuple[float, float], account: int = 1, minutes: float = 600) -> Happened:
    return Happened("video_heartbeat", account, minutes, None, {"ranges": ranges})


def begun(account: int = 1, minutes: float = 600, seconds: float = 100) -> Happened:
    return Happened("video_start", account, minutes, None, {"duration_s": seconds})


LIST = {"list": "home", "position": 1}
SHOWN = Happened("content_impression")
KEPT = Happened("content_favorite", session=None)
LEFT = Happened("content_unfavorite", session=None)
FINISHED = Happened("video_finish", session=None, body={"covered_s": 90, "duration_s": 100})

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize(
    ("events", "figures"),
    [
        ([SHOWN, SHOWN._replace(account=2), SHOWN._replace(session="t")], {"shown": 2}),
        ([SHOWN, opened(body=LIST)], {"shown": 1, "clicked": 1, "opened": 1}),
        # Opened from a share: no click. Clicked without having been seen for a second: not of those who were shown it.
        ([SHOWN, opened()], {"shown": 1, "opened": 1}),
        ([opened(body=LIST)], {"opened": 1}),
        ([opened(), read(90, 18_000)], {"opened": 1, "read": 1}),
        ([opened(), read(89, 60_000)], {"opened": 1}),
        ([opened(), read(100, 17_999)], {"opened": 1}),
        # Not by two halves: to the end in a hurry, and slowly to the middle.
        ([opened(), read(100, 1000), read(50, 60_000)], {"opened": 1}),
        ([read(100, 60_000)], {}),
        ([opened(), Happened("content_finish", session=None)], {"opened": 1, "read": 1}),
        ([opened(), KEPT], {"opened": 1, "favourite": 1}),
        ([opened(), KEPT, LEFT._replace(minutes=700)], {"opened": 1}),
        ([opened(), KEPT._replace(minutes=700), LEFT], {"opened": 1, "favourite": 1}),
        ([opened(), KEPT._replace(minutes=700, late=-90), LEFT], {"opened": 1, "favourite": 1}),
        ([opened(), LEFT, KEPT], {"opened": 1, "favourite": 1}),
        ([opened(), KEPT, LEFT], {"opened": 1}),
        ([opened(minutes=600), opened(minutes=630, session="t")], {"opened": 1, "returned": 1}),
        ([opened(minutes=600), opened(minutes=629, session="t")], {"opened": 1}),
        ([opened(minutes=600), opened(minutes=700)], {"opened": 1}),
        ([opened(minutes=600), opened(minutes=625), opened(minutes=640, session="t")], {"opened": 1}),
        # A visit over midnight is one visit.
        ([opened(minutes=1430), opened(minutes=1465)], {"opened": 1}),
        ([opened(minutes=1430), opened(minutes=1465, session="t")], {"opened": 1, "returned": 1}),
        ([begun(), watched((0, 89.9))], {"started": 1}),
        ([begun(), watched((0, 50)), watched((40, 90))], {"started": 1, "finished": 1}),
        ([begun(), watched((0, 50)), watched((0, 50)), watched((10, 45))], {"started": 1}),
        ([begun(), FINISHED], {"started": 1, "finished": 1}),
        ([FINISHED], {}),
        ([opened(bot=True), opened(account=0)], {}),
        ([opened(item=8)], {}),
        ([opened(minutes=-1), opened(minutes=7 * 1440)], {}),
    ],
)
async def test_the_figures_are_those_of_their_definitions(events: list[Happened], figures: dict[str, int]) -> None:
    await log(events)
    await counted()
    assert await week() == Figures(**figures)


async def test_people_are_counted_as_the_map_is_now(people: People) -> None:
    one = await people.sign_in("a")
    other = await people.sign_in("b")
    await log([opened(one.account_id), opened(other.account_id, minutes=640, session="t")])
    for account, half in ((one.account_id, (0, 50)), (other.account_id, (45, 95))):
        await log([begun(account), watched(half, account=account)])
    await counted()
    assert await week() == Figures(opened=2, started=2)
    await _join(one.account_id, other.account_id)
    assert await week() == Figures(opened=1, returned=1, started=1, finished=1)
    await own_accounts.mark(account_id=other.account_id, staff_id=1, at=MONDAY)
    assert await week() == Figures()
    await own_accounts.unmark(account_id=other.account_id, staff_id=1, at=MONDAY)
    assert (await week()).opened == 1


async def _join(one: int, other: int) -> None:
    person = await person_of(account_id=one)
    await connection().execute("UPDATE person_map SET person_id = $2 WHERE account_id = $1", other, person)


async def test_only_accounts_that_there_are_can_be_the_houses_own(people: People) -> None:
    with pytest.raises(own_accounts.AccountUnknown):
        await own_accounts.mark(account_id=999, staff_id=1, at=MONDAY)
    visitor = await people.sign_in("a")
    for _ in range(2):
        await own_accounts.mark(account_id=visitor.account_id, staff_id=1, at=MONDAY)
    assert [one.account_id for one in await own_accounts.listing()] == [visitor.account_id]
    deeds = await connection().fetch("SELECT deed FROM audit_entry WHERE subject_kind = 'own_account'")
    assert [row["deed"] for row in deeds] == ["own_account.mark"]


async def test_a_day_is_one_of_shanghai_and_a_late_event_belongs_to_its_own() -> None:
    await log([opened(minutes=1439), opened(2, minutes=1440), opened(3, minutes=10, late=3 * 1440)])
    await counted()
    days = await metrics.over_time(item_id=ITEM, since=DAY, until=DAY + timedelta(days=3))
    assert [one.figures.opened for one in days] == [2, 1, 0]
    assert [one.starts_on for one in days] == [DAY, DAY + timedelta(days=1), DAY + timedelta(days=2)]


async def test_a_week_counts_who_came_twice_once() -> None:
    await log([opened(), opened(minutes=3 * 1440), opened(2, minutes=9 * 1440), opened(3, minutes=-1440)])
    await counted()
    weeks = await metrics.over_time(
        item_id=ITEM, since=DAY + timedelta(days=1), until=DAY + timedelta(days=15), by="week"
    )
    assert [(one.starts_on, one.figures.opened) for one in weeks] == [
        (DAY, 1),
        (DAY + timedelta(days=7), 1),
        (DAY + timedelta(days=14), 0),
    ]


async def test_items_are_counted_apart() -> None:
    await log([opened(), opened(2), opened(item=9), SHOWN._replace(item=9, account=3)])
    await counted()
    found = await metrics.of_items(since=DAY, until=DAY + timedelta(days=1))
    assert [(one.item_id, one.figures.opened, one.figures.shown) for one in found] == [(7, 2, 0), (9, 1, 1)]
    only = await metrics.of_items(since=DAY, until=DAY + timedelta(days=1), item_ids=[9, 10])
    assert [one.item_id for one in only] == [9]


async def test_what_becomes_visible_late_is_counted_all_the_same() -> None:
    """A transaction that began before the turn and ends after it: its events lie behind what was counted."""
    at = MONDAY + timedelta(hours=12)
    await counted(at=at)
    await log([opened()], received_at=at - timedelta(minutes=9))
    await counted(at=at + timedelta(minutes=1))
    assert (await week()).opened == 1


async def test_whoever_writes_far_behind_has_it_counted_again() -> None:
    at = MONDAY + timedelta(days=2)
    await log([opened(2, minutes=60 * 24)])
    await counted(at=at)
    async with transaction():
        await log([opened()])
        await metrics_folding.count_again(since=MONDAY)
    await counted(at=at)
    assert (await week()).opened == 2
    assert await metrics_folding.counted_until() == at


async def test_an_empty_log_is_counted_in_one_step() -> None:
    assert await metrics_folding.counted_until() is None
    await counted(at=MONDAY)
    assert await metrics_folding.counted_until() == MONDAY
    assert await week() == Figures()


async def test_a_person_reads_what_is_counted_of_them_and_an_erasure_keeps_only_numbers() -> None:
    await log([opened(), opened(minutes=640, session="t"), begun(), watched((0, 50)), opened(2)])
    await counted()
    told = await metrics_records.export(account_ids=[1])
    assert [(row["item_id"], str(row["day"]), row["opened"], row["watched_s"]) for row in told] == [
        (ITEM, "2026-11-16", True, 50.0)
    ]
    receipt = await metrics_records.erase(account_ids=[1], at=MONDAY)
    assert (receipt.rows, receipt.kept) == (0, 3)
    assert (await week()).opened == 2


EVENTS = st.builds(
    Happened,
    name=st.sampled_from(["content_impression", "content_open", "content_favorite", "content_unfavorite"]),
    account=st.integers(1, 3),
    minutes=st.integers(0, 3 * 1440),
    session=st.sampled_from(["s", "t", "u"]),
    body=st.sampled_from([{}, LIST]),
    item=st.integers(7, 8),
    late=st.sampled_from([0, 1, 30, 20_000]),
    bot=st.booleans().filter(lambda bot: not bot) | st.booleans(),
) | st.one_of(
    st.builds(
        read,
        st.integers(80, 100),
        st.integers(0, 40_000),
        account=st.integers(1, 3),
        minutes=st.integers(0, 4000),
    ),
    st.builds(begun, st.integers(1, 3), st.integers(0, 4000)),
    st.builds(
        watched,
        st.tuples(st.integers(0, 60), st.integers(30, 100)).filter(lambda part: part[0] < part[1]),
        account=st.integers(1, 3),
        minutes=st.integers(0, 4000),
    ),
)


def by_hand(events: Sequence[Happened], days: range, item: int, people: Mapping[int, int]) -> Figures:
    """Count people by the definitions, event by event."""
    circles: defaultdict[str, set[int]] = defaultdict(set)
    visits: defaultdict[int, defaultdict[tuple[int, str], list[float]]] = defaultdict(lambda: defaultdict(list))
    kept: dict[int, tuple[float, int, bool]] = {}
    seconds: defaultdict[int, set[int]] = defaultdict(set)
    for number, event in enumerate(events):
        if event.bot or event.item != item or not event.account or int(event.minutes // 1440) not in days:
            continue
        person = people[event.account]
        if event.name == "content_impression":
            circles["shown"].add(person)
        elif event.name == "content_open":
            circles["opened"].add(person)
            circles["clicked"] |= {person} if event.body else set()
            visits[person][event.account, event.session or ""].append(event.minutes)
        elif event.name == "content_read_progress":
            if event.body["max_percent"] >= 90 and event.body["active_ms"] >= 18_000:
                circles["read"].add(person)
        elif event.name in {"content_favorite", "content_unfavorite"}:
            told = (event.minutes, number, event.name == "content_favorite")
            kept[event.account] = max(kept.get(event.account, told), told)
        elif event.name == "video_start":
            circles["started"].add(person)
        elif event.name == "video_heartbeat":
            for start, end in event.body["ranges"]:
                seconds[person] |= set(range(start, end))
    circles["favourite"] = {people[account] for account, (_, _, stands) in kept.items() if stands}
    circles["finished"] = {person for person, watched in seconds.items() if len(watched) >= 90}
    for person, opens in visits.items():
        apart = [(min(one), max(other)) for one in opens.values() for other in opens.values() if one is not other]
        if any(first - last >= 30 for first, last in apart):
            circles["returned"].add(person)
    for part, whole in RATES.values():
        circles[part] &= circles[whole]
    return Figures(**{name: len(circles[name]) for name in Figures.__struct_fields__})


@given(
    events=st.lists(EVENTS, max_size=25),
    order=st.randoms(use_true_random=False),
    one_person=st.booleans(),
    turns=st.lists(st.integers(0, 30_000), max_size=4),
)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
async def test_the_counted_log_is_what_counting_from_the_beginning_gives(
    events: list[Happened], order: Any, one_person: bool, turns: list[int]
) -> None:
    """Events come in any order, turns at any time, some parts twice: what is kept is the same."""
    await connection().execute("TRUNCATE event, item_visit, metric_cursor, person_map")
    people = {1: 1, 2: 1 if one_person else 2, 3: 3}
    for account, person in people.items():
        await connection().execute(
            "INSERT INTO person_map (account_id, version, person_id, from_at, reason, actor) "
            "VALUES ($1, 1, $2, $3, 'created', 'x')",
            account,
            person,
            MONDAY,
        )
    await log(events)
    end = MONDAY + timedelta(days=60)
    for minutes in sorted(turns):
        await counted(at=MONDAY + timedelta(minutes=minutes))
    await counted(at=end)
    for days in (range(3), range(1, 2)):
        since = DAY + timedelta(days=days.start)
        until = DAY + timedelta(days=days.stop)
        for item in (7, 8):
            assert await metrics.of_item(item_id=item, since=since, until=until) == by_hand(events, days, item, people)
    kept = await _all()
    if order.random() < 0.5:
        await metrics_folding.count_again(since=MONDAY + timedelta(minutes=order.randint(0, 4000)))
        await counted(at=end)
        assert await _all() == kept
    await connection().execute("TRUNCATE item_visit, metric_cursor")
    await counted(at=end)
    assert await _all() == kept


async def _all() -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await connection().fetch("SELECT * FROM item_visit ORDER BY 1, 2, 3, 4")]


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    # From a table of the score interval at 95 %.
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662), (0, 0, 0.0, 1.0)],
)
def test_an_interval_is_that_of_wilson(hits: int, of: int, low: float, high: float) -> None:
    assert wilson(hits, of) == pytest.approx((low, high), abs=5e-5)


@given(of=st.integers(1, 10_000), data=st.data())
def test_an_interval_holds_its_share_and_narrows(of: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, of))
    low, high = wilson(hits, of)
    assert 0 <= low <= hits / of <= high <= 1
    wider = wilson(hits * 4, of * 4)
    assert wider[1] - wider[0] < high - low
