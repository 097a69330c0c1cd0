"""The doors of the search: guests and each portal's people, pages, and queries that are refused."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from people_fixtures import People

from content import dictionary
from server.core import clock
from server.core.db import connection
from tests.content.studio import a_tag, published_episode, published_series

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def shelf(client: httpx.AsyncClient) -> dict[str, int]:
    """Items for everyone, for doctors and for patients, of the same subject."""
    at = clock.now() - timedelta(hours=1)
    await dictionary.plant(staff_id=1, at=at)
    await a_tag()
    everyone = await published_series(at=at, title="人工肛门的护理", tags=["rectal-cancer"])
    return {
        "everyone": everyone,
        "episode": await published_episode(everyone, at=at, title="造口护理面诊"),
        "doctor": await published_series(at=at, title="造口手术要点", audience="doctor"),
        "patient": await published_series(at=at, title="造口在家怎么护理", audience="patient"),
    }


async def asked(client: httpx.AsyncClient, portal: str = "doctor", **query: Any) -> httpx.Response:
    headers = query.pop("headers", {})
    return await client.get(f"/api/{portal}/search", params=query, headers=headers)


async def test_a_guest_finds_by_a_synonym_what_is_for_everyone(
    client: httpx.AsyncClient, shelf: dict[str, int]
) -> None:
    answer = await asked(client, text="造口")
    assert answer.status_code == 200
    page = answer.json()
    assert {item["id"] for item in page["items"]} == {shelf["everyone"], shelf["episode"]}
    assert page["counts"]["total"] == 2
    assert {"kind": "episode", "count": 1} in page["counts"]["kinds"]
    assert page["counts"]["tags"] == [{"slug": "rectal-cancer", "name": "直肠癌", "count": 1}]
    first = next(item for item in page["items"] if item["id"] == shelf["everyone"])
    assert first["title"] == [{"text": "人工肛门", "hit": True}, {"text": "的护理"}]
    assert (page["next"], page["meant"], first["by"]) == (None, None, "text")


async def test_each_portal_finds_what_is_for_its_people(
    client: httpx.AsyncClient, shelf: dict[str, int], people: People
) -> None:
    for portal, person, own, other in (
        ("doctor", await people.doctor(), "doctor", "patient"),
        ("patient", await people.patient(), "patient", "doctor"),
    ):
        page = (await asked(client, portal, text="造口", headers=person.headers)).json()
        found = {item["id"] for item in page["items"]}
        assert shelf[own] in found
        assert shelf[other] not in found
        assert page["counts"]["total"] == len(found) == 3
        refused = await asked(
            client, "patient" if portal == "doctor" else "doctor", text="造口", headers=person.headers
        )
        assert (refused.status_code, refused.json()["code"]) == (403, "wrong_role")


async def test_pages_follow_each_other(client: httpx.AsyncClient, shelf: dict[str, int]) -> None:
    first = (await asked(client, text="造口", limit=1)).json()
    second = (await asked(client, text="造口", limit=1, cursor=first["next"])).json()
    assert {first["items"][0]["id"], second["items"][0]["id"]} == {shelf["everyone"], shelf["episode"]}
    assert (second["next"], second["counts"]) == (None, None)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "bad_field"),
        ({"text": ""}, "bad_field"),
        ({"text": "长" * 101}, "bad_field"),
        ({"text": "a\0b"}, "bad_field"),
        ({"text": "a", "kind": "Ä"}, "bad_field"),
        ({"text": "a", "tag": "a,b,c,d,e,f"}, "bad_field"),
        ({"text": "a", "since": "yesterday"}, "bad_field"),
        ({"text": "a", "limit": "51"}, "bad_field"),
        ({"text": "a", "cursor": "x"}, "cursor_broken"),
        ({"text": "a", "cursor": "WzksMSwxLDFd"}, "cursor_broken"),
    ],
)
async def test_a_query_that_does_not_fit_is_refused(
    client: httpx.AsyncClient, query: dict[str, str], code: str
) -> None:
    answer = await asked(client, **query)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_half_of_a_character_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/doctor/search?text=%ED%A0%80")
    assert answer.status_code in {200, 400}


async def test_an_odd_but_valid_query_finds_nothing(client: httpx.AsyncClient, shelf: dict[str, int]) -> None:
    for query in (
        {"text": "！？"},
        {"text": "造口", "kind": "nothing"},
        {"text": "造口", "tag": "nothing"},
        {"text": "造口", "section": "nowhere"},
        {"text": "造口", "since": "9999-12-31"},
        {"text": "造口", "until": "0001-01-01"},
    ):
        page = (await asked(client, **query)).json()
        assert (page["items"], page["counts"]["total"], page["next"]) == ([], 0, None), query


async def test_searches_in_vain_are_counted_once_a_search_and_not_for_filters_or_pages(
    client: httpx.AsyncClient, shelf: dict[str, int]
) -> None:
    await asked(client, text="完全没有的词")
    await asked(client, text="完全没有的词", kind="article")
    await asked(client, text="造口")
    rows = await connection().fetch("SELECT text, portal, times, unfound FROM searched ORDER BY unfound")
    assert [(row["portal"], row["times"], row["unfound"]) for row in rows] == [("doctor", 1, 0), ("doctor", 1, 1)]


async def test_suggestions_are_for_guests_too(client: httpx.AsyncClient, shelf: dict[str, int]) -> None:
    answer = await client.get("/api/doctor/search/suggestions", params={"text": "造口"})
    assert answer.status_code == 200
    assert [(one["of"], one["text"], one["item_id"]) for one in answer.json()["items"]] == [
        ("title", "造口护理面诊", shelf["episode"])
    ]
    assert (await client.get("/api/patient/search/suggestions")).json() == {"items": []}
