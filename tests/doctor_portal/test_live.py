"""The doors of the live room: who comes in, where the stream is and is not told, questions, polls, being there."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import httpx
import pytest
from people_fixtures import People, Visitor, people

from content import broadcast_questions, polls
from content.broadcast_questions import State
from content.streams import Streams
from server.core import clock
from server.core.db import connection
from tests.content import hall

__all__ = ["people"]

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
STREAM = "https://live.example.com/xinglin/{name}.m3u8"
ROOM = "/api/doctor/activities/{activity}"
REPORT = {"sitting": "0" * 22, "sequence": 0, "ranges": [[0, 1]]}
DOORS: list[tuple[str, str, Any]] = [
    ("POST", f"{ROOM}/join", None),
    ("POST", f"{ROOM}/online", REPORT),
    ("POST", f"{ROOM}/leave", REPORT),
    ("GET", f"{ROOM}/room/mine", None),
    ("POST", f"{ROOM}/questions", {"text": "吻合口距肛缘多少？"}),
    ("PUT", f"{ROOM}/polls/1/vote", {"option": 0}),
]
_keys = count(1)


@pytest.fixture(autouse=True)
def live_service(app: Any) -> Iterator[None]:
    """Give the house a live service that nobody asks."""
    before = app.ctx.streams
    app.ctx.streams = Streams(STREAM, "key")
    yield
    app.ctx.streams = before


async def on_air(**plan: Any) -> int:
    now = clock.now()
    times = {"starts_at": now - HOUR, "ends_at": now + HOUR, "open_to_all": True}
    return await hall.published_broadcast(at=now - DAY, plan={**times, **plan})


async def ask(
    client: httpx.AsyncClient, door: tuple[str, str, Any], activity_id: int, **headers: str
) -> httpx.Response:
    method, path, body = door
    extra = {} if body is None else {"json": body}
    given = {"idempotency-key": f"key-{next(_keys):08}", **headers}
    return await client.request(method, path.format(activity=activity_id), headers=given, **extra)


async def join(client: httpx.AsyncClient, visitor: Visitor, activity_id: int) -> Any:
    answer = await client.post(f"/api/doctor/activities/{activity_id}/join", headers=visitor.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("door", DOORS, ids=[f"{method} {path}" for method, path, _ in DOORS])
async def test_each_door_is_for_doctors_alone(client: httpx.AsyncClient, people: People, door: Any) -> None:
    activity_id = await on_air()
    assert (await ask(client, door, activity_id)).status_code == 401
    assert (await ask(client, door, activity_id, **(await people.patient()).headers)).status_code == 403
    answer = await ask(client, door, activity_id, **(await people.doctor()).headers)
    assert answer.status_code == 200 or answer.json()["code"] in {"sitting_missing", "poll_missing"}, answer.text


async def test_the_gate_leads_to_the_stream_and_its_place_is_told_to_nobody(
    client: httpx.AsyncClient, people: People
) -> None:
    doctor, activity_id = await people.doctor(), await on_air()
    gate = await join(client, doctor, activity_id)
    assert gate["url"].startswith("/live/")
    answer = await client.get(gate["url"])
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("https://live.example.com/xinglin/hall-one.m3u8?txSecret=")
    assert "no-store" in answer.headers["cache-control"]
    told = [
        (await client.get(path, headers=doctor.headers)).text
        for path in (
            f"/api/doctor/activities/{activity_id}",
            f"/api/doctor/activities/{activity_id}/room",
            "/api/doctor/activities",
            f"/api/doctor/items/{activity_id}",
        )
    ]
    assert not [text for text in told if "hall-one" in text or "live.example.com" in text]
    for broken in ("/live/x", f"{gate['url']}x", f"/live/{'A' * 300}"):
        assert (await client.get(broken)).json()["code"] == "address_broken"


async def test_without_a_live_service_the_way_on_is_away_and_not_a_fault(
    app: Any, client: httpx.AsyncClient, people: People
) -> None:
    gate = await join(client, await people.doctor(), await on_air())
    app.ctx.streams = Streams()
    answer = await client.get(gate["url"])
    assert (answer.status_code, answer.json()["code"]) == (503, "away")


async def test_being_there_is_reported_and_brings_a_fresh_address(client: httpx.AsyncClient, people: People) -> None:
    doctor, activity_id = await people.doctor(), await on_air()
    gate = await join(client, doctor, activity_id)
    path = f"/api/doctor/activities/{activity_id}"
    body = {"sitting": gate["sitting"], "sequence": 0, "ranges": [[0, 0.001]]}
    told = (await client.post(f"{path}/online", headers=doctor.headers, json=body)).json()
    assert told["on"] is True
    assert told["url"].startswith("/live/")
    assert 0 <= told["online_s"] < 5
    left = (await client.post(f"{path}/leave", headers=doctor.headers, json={**body, "sequence": 1})).json()
    assert left["url"] is None
    names = await connection().fetch("SELECT name FROM event WHERE name LIKE 'live_%' ORDER BY number")
    assert [row["name"] for row in names] == ["live_join", "live_leave"]
    for bad in (
        {**body, "ranges": [[5, 1]]},
        {**body, "ranges": [[-1, 1]]},
        {**body, "sitting": "x"},
        {**body, "sequence": -1},
        {"sequence": 0},
    ):
        answer = await client.post(f"{path}/online", headers=doctor.headers, json=bad)
        assert answer.status_code == 422, answer.text


async def test_the_room_is_the_same_for_all_and_unchanged_without_a_body(
    client: httpx.AsyncClient, people: People
) -> None:
    doctor, activity_id = await people.doctor(), await on_air()
    path = f"/api/doctor/activities/{activity_id}"
    asked = await client.post(
        f"{path}/questions",
        headers={**doctor.headers, "idempotency-key": "question-0001"},
        json={"text": "吻合口距肛缘多少？"},
    )
    again = await client.post(
        f"{path}/questions",
        headers={**doctor.headers, "idempotency-key": "question-0001"},
        json={"text": "吻合口距肛缘多少？"},
    )
    assert asked.json() == again.json()
    await broadcast_questions.judge(
        activity_id=activity_id, question_id=asked.json()["id"], state=State.APPROVED, staff_id=1, at=clock.now()
    )
    poll = await polls.make(
        activity_id=activity_id, question="常规造口吗？", options=["是", "否"], staff_id=1, at=clock.now()
    )
    await polls.open_poll(activity_id=activity_id, poll_id=poll.id, staff_id=1, at=clock.now())
    for option in (0, 1):
        answer = await client.put(f"{path}/polls/{poll.id}/vote", headers=doctor.headers, json={"option": option})
        assert answer.status_code == 200
    first = await client.get(f"{path}/room")
    room = first.json()
    assert (room["phase"], [question["text"] for question in room["questions"]]) == ("on", ["吻合口距肛缘多少？"])
    assert room["polls"][0]["counts"] == [0, 1]
    assert "account" not in first.text
    same = await client.get(f"{path}/room", headers={"if-none-match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    mine = (await client.get(f"{path}/room/mine", headers=doctor.headers)).json()
    assert mine["choices"] == {str(poll.id): 1}
    wrong = await client.put(f"{path}/polls/{poll.id}/vote", headers=doctor.headers, json={"option": 7})
    assert wrong.json()["code"] == "poll_option_unknown"


async def test_an_export_tells_what_one_did_at_a_broadcast(client: httpx.AsyncClient, people: People) -> None:
    doctor, activity_id = await people.doctor(), await on_air()
    await join(client, doctor, activity_id)
    told = (await client.get("/api/doctor/me/export", headers=doctor.headers)).json()["content"]
    assert [row["activity_id"] for row in told["broadcasts"]] == [activity_id]
    assert (told["broadcast_questions"], told["poll_votes"]) == ([], [])
