"""A hall for tests: activities that may be published, their plans, and doctors with a profile who register."""

from datetime import datetime, timedelta
from typing import Any

from cdp import profiles
from cdp.profiles import Profile
from content import activity_plans, activity_registration
from content.activity_plans import Plan, Terms
from content.activity_registration import Mine
from server.core.db import connection
from server.core.keys import Sealer
from server.core.roles import Reader, Role
from tests.content.studio import NOON, a_file, draft, publish
from tests.viewing_fixtures import BEGAN, doctor

HOUR = timedelta(hours=1)
# The key of the tests' settings, so that what is sealed here opens at the doors.
SEALER = Sealer(b"t" * 32)
STARTS = NOON + timedelta(days=3)


async def activity_text(**changes: Any) -> dict[str, Any]:
    return {
        "title": "低位直肠癌保肛手术研讨会",
        "summary": "一天三场手术，一场讨论。",
        "form": "meeting",
        "organiser": "江城示范医院",
        "cover": {"asset": await a_file(), "alt": "会场"},
        "speakers": [{"name": "陈一川", "title": "主任医师", "hospital": "江城示范医院"}],
        "agenda": [
            {"starts_min": 0, "minutes": 30, "title": "开幕", "speakers": ["陈一川"]},
            {"starts_min": 30, "minutes": 60, "title": "手术演示"},
        ],
        **changes,
    }


def terms(**changes: Any) -> Terms:
    """Plan three hours in three days, in a hall with two seats."""
    given = {"starts_at": STARTS, "ends_at": STARTS + 3 * HOUR, "capacity": 2, "place_name": "示范会议中心"}
    if "starts_at" in changes and "ends_at" not in changes:
        given["ends_at"] = changes["starts_at"] + 3 * HOUR
    return Terms(**{**given, **changes})


async def planned(activity_id: int, *, at: datetime = NOON, **changes: Any) -> Plan:
    return await activity_plans.plan(activity_id=activity_id, terms=terms(**changes), staff_id=1, at=at)


async def published_activity(*, at: datetime = NOON, plan: dict[str, Any] | None = None, **changes: Any) -> int:
    """Publish an activity with its plan, as `terms` has it unless ``plan`` says otherwise."""
    item_id = await draft("activity", await activity_text(**changes), at=at)
    await planned(item_id, at=at, **(plan or {}))
    await publish(item_id=item_id, staff_id=2, at=at)
    return item_id


async def published_broadcast(*, at: datetime = NOON, plan: dict[str, Any] | None = None, **changes: Any) -> int:
    """Publish a live broadcast with a stream and without a limit of seats."""
    live = {"capacity": None, "place_name": "", "stream": "hall-one", **(plan or {})}
    return await published_activity(at=at, plan=live, **{"form": "live", "title": "保肛手术直播", **changes})


async def guest_of(*, name: str = "周明", profile: bool = True, roles: frozenset[Role] | None = None) -> Reader:
    """Make a doctor who is a person of their own, with a profile unless told otherwise."""
    reader = await doctor(roles=roles or frozenset({Role.DOCTOR}))
    person_id = await connection().value(
        "INSERT INTO person (audience, created_at) VALUES ('doctor', $1) RETURNING id", BEGAN
    )
    await belongs(reader, person_id)
    if profile:
        await profiles.keep(
            sealer=SEALER, account_id=reader.account_id, profile=Profile(name=name, hospital="江城示范医院"), at=NOON
        )
    return reader


async def belongs(reader: Reader, person_id: int) -> None:
    """Say whose an account is, in the place of whose it was."""
    await connection().execute(
        "UPDATE person_map SET until_at = $2 WHERE account_id = $1 AND until_at IS NULL", reader.account_id, NOON
    )
    await connection().execute(
        "INSERT INTO person_map (account_id, version, person_id, from_at, reason, actor) "
        "SELECT $1, count(*) + 1, $2, $3, 'created', 'test' FROM person_map WHERE account_id = $1",
        reader.account_id,
        person_id,
        NOON,
    )


async def registered(reader: Reader, activity_id: int, *, at: datetime = NOON) -> Mine:
    return await activity_registration.register(reader=reader, activity_id=activity_id, sealer=SEALER, at=at)


async def left(reader: Reader, activity_id: int, *, at: datetime = NOON) -> Mine:
    return await activity_registration.cancel(reader=reader, activity_id=activity_id, at=at)


async def states(activity_id: int) -> dict[int, str]:
    """Tell the state of each account's newest registration."""
    rows = await connection().fetch(
        "SELECT DISTINCT ON (account_id) account_id, state FROM registration WHERE activity_id = $1 "
        "ORDER BY account_id, id DESC",
        activity_id,
    )
    return {row["account_id"]: row["state"] for row in rows}
