"""How a doctor stands to the episodes of a series, by the calendar's own states."""

from datetime import timedelta

import httpx
from people_fixtures import People

from content import airings
from content.ranges import Ranges
from content.viewing import report_progress
from server.core import clock
from server.core.roles import Reader, Role
from tests.content.studio import a_tag, published_episode, published_series

HOUR = timedelta(hours=1)


async def test_a_doctor_sees_the_state_of_every_episode(client: httpx.AsyncClient, people: People) -> None:
    at = clock.now()
    await a_tag()
    series_id = await published_series(at=at - 3 * HOUR)
    times = {"missed": -2, "started": -2, "finished": -2, "upcoming": 2, "cancelled": 2}
    ids = {
        state: await published_episode(series_id, at=at - 3 * HOUR, airs_at=at + hours * HOUR)
        for state, hours in times.items()
    }
    await airings.cancel(episode_id=ids["cancelled"], staff_id=1, at=at)
    doctor = await people.doctor()
    reader = Reader(account_id=doctor.account_id, roles=frozenset({Role.DOCTOR}))
    for state, until in (("started", 8.0), ("finished", 720.0)):
        for sequence, (start, end, ago) in enumerate(((0.0, 4.0, HOUR), (4.0, until, HOUR / 2))):
            await report_progress(
                reader=reader,
                item_id=ids[state],
                session="one",
                sequence=sequence,
                position_s=end,
                watched=Ranges.of_seconds([(start, end)]),
                at=at - ago,
            )

    answer = await client.get(f"/api/doctor/series/{series_id}/progress", headers=doctor.headers)
    assert answer.status_code == 200
    assert {one["id"]: one["state"] for one in answer.json()["items"]} == {ids[state]: state for state in times}
    shares = {one["id"]: one["share"] for one in answer.json()["items"]}
    assert shares[ids["finished"]] == 1
    assert 0 < shares[ids["started"]] < 0.02
    assert shares[ids["missed"]] == 0


async def test_guests_patients_and_strange_series_are_refused(client: httpx.AsyncClient, people: People) -> None:
    series_id = await published_series(at=clock.now() - HOUR, tags=[])
    address = f"/api/doctor/series/{series_id}/progress"
    assert (await client.get(address)).status_code == 401
    patient = await people.patient()
    assert (await client.get(address, headers=patient.headers)).status_code == 403
    doctor = await people.doctor()
    missing = await client.get("/api/doctor/series/999999/progress", headers=doctor.headers)
    assert (missing.status_code, missing.json()["code"]) == (404, "item_missing")
