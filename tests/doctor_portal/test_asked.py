"""The doors of a doctor's questions: handing in, the list of one's own, and what is refused."""

from typing import Any

import httpx
import pytest
from people_fixtures import People, people

from doctor_portal.asked import MOST_AN_HOUR
from server.core.db import connection
from tests.viewing_fixtures import series

__all__ = ["people"]

WORDS = "放化疗后完全缓解，还要手术吗？"


async def test_a_question_is_handed_in_listed_and_taken_back(client: httpx.AsyncClient, people: People) -> None:
    one, other, series_id = await people.doctor(), await people.doctor("li"), await series("医探究竟")
    for _ in range(2):
        made = await client.post(f"/api/doctor/series/{series_id}/asked", json={"text": WORDS}, headers=one.headers)
        assert made.status_code == 200
    assert made.headers["cache-control"] == "no-store"
    [row] = (await client.get("/api/doctor/asked", headers=one.headers)).json()["items"]
    assert row == made.json()
    assert (row["text"], row["state"], row["series"]["title"]) == (WORDS, "open", "医探究竟")
    assert (await client.get("/api/doctor/asked", headers=other.headers)).json() == {"items": [], "next": None}
    path = f"/api/doctor/asked/{row['id']}"
    assert (await client.delete(path, headers=other.headers)).json()["code"] == "question_missing"
    assert (await client.delete(path, headers=one.headers)).status_code == 200
    assert (await client.delete(path, headers=one.headers)).status_code == 404


async def test_the_list_is_read_page_by_page(client: httpx.AsyncClient, people: People) -> None:
    one, series_id = await people.doctor(), await series()
    for number in range(5):
        body = {"text": f"{WORDS} {number}"}
        await client.post(f"/api/doctor/series/{series_id}/asked", json=body, headers=one.headers)
    seen: list[str] = []
    following: str | None = ""
    while following is not None:
        answer = await client.get("/api/doctor/asked", params={"limit": 2, "cursor": following}, headers=one.headers)
        seen += [row["text"][-1] for row in answer.json()["items"]]
        following = answer.json()["next"]
    assert seen == ["4", "3", "2", "1", "0"]
    broken = await client.get("/api/doctor/asked", params={"cursor": "WyJhIl0"}, headers=one.headers)
    assert (broken.status_code, broken.json()["code"]) == (422, "cursor_broken")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"text": ""}, 422, "bad_field"),
        ({"text": "长" * 501}, 422, "bad_field"),
        ({"text": "怎么办？"}, 422, "question_too_short"),
        ({"text": "请联系 138-0013-8000 这位患者"}, 422, "contact_given"),
        ({"text": "a\0bcdefg"}, 422, "bad_field"),
        ({"text": 7}, 422, "bad_field"),
        ({}, 422, "bad_field"),
    ],
)
async def test_what_is_no_question_is_refused(
    client: httpx.AsyncClient, people: People, body: Any, status: int, code: str
) -> None:
    one, series_id = await people.doctor(), await series()
    answer = await client.post(f"/api/doctor/series/{series_id}/asked", json=body, headers=one.headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await connection().value("SELECT count(*) FROM asked_question") == 0


async def test_who_asks_all_the_time_is_asked_to_wait(client: httpx.AsyncClient, people: People) -> None:
    one, other, series_id = await people.doctor(), await people.doctor("li"), await series()
    path = f"/api/doctor/series/{series_id}/asked"
    for number in range(MOST_AN_HOUR):
        answer = await client.post(path, json={"text": f"{WORDS} {number}"}, headers=one.headers)
        assert answer.status_code == 200
    refused = await client.post(path, json={"text": "再来一个问题"}, headers=one.headers)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_often")
    assert int(refused.headers["retry-after"]) > 3000
    assert (await client.post(path, json={"text": WORDS}, headers=other.headers)).status_code == 200
