"""The doors of boards, items and the home feed: what each reader gets, what is logged, and what is refused."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from people_fixtures import People, people
from professional_fixtures import Practice, practice

from cdp import consent
from content import pins, publishing, reactions
from server.core import clock
from server.core.db import connection
from tests.content.studio import a_file, a_tag
from tests.viewing_fixtures import events
from tests.written_fixtures import article, section, written

__all__ = ["people", "practice"]

MINUTE = timedelta(minutes=1)
SECTION = "/api/doctor/sections/service/items"


@pytest.fixture
async def shelf(people: People) -> dict[str, int]:
    """A board with a text for everybody, one for doctors and a prescription medicine."""
    at = clock.now() - 10 * MINUTE
    top = await section("service", name_zh="易服务", summary="产品与服务", look={"layout": "grid"})
    await section("products", parent_id=top, name_zh="产品")
    return {
        "section": top,
        "text": await article("给所有人", section_id=top, at=at),
        "inside": await article("给医生", section_id=top, audience="doctor", at=at + MINUTE),
        "medicine": await written("product", "示例片", section_id=top, at=at + 2 * MINUTE),
    }


async def ids(client: httpx.AsyncClient, path: str, headers: dict[str, str] | None = None) -> list[int]:
    answer = await client.get(path, headers=headers or {})
    assert answer.status_code == 200, answer.text
    return [(entry.get("item") or entry)["id"] for entry in answer.json()["items"]]


async def displayed() -> list[tuple[int | None, int, str, str]]:
    """List the displays that the log holds: whose, what, where and with which standing."""
    return [
        (one["account_id"], one["body"]["item_id"], one["body"]["surface"], one["body"]["standing"])
        for one in await events("product_displayed")
    ]


async def test_the_boards_are_a_tree_with_its_look(client: httpx.AsyncClient, shelf: dict[str, int]) -> None:
    answer = await client.get("/api/doctor/sections")
    [board] = answer.json()["items"]
    assert (board["slug"], board["name"], board["summary"], board["order"]) == (
        "service",
        "易服务",
        "产品与服务",
        "newest",
    )
    assert board["look"] == {"layout": "grid", "icon": "", "tone": ""}
    assert [one["name"] for one in board["sections"]] == ["产品"]
    again = await client.get("/api/doctor/sections", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    await section("later", name_zh="新专区")
    assert [one["name"] for one in (await client.get("/api/doctor/sections")).json()["items"]] == ["易服务", "新专区"]


async def test_each_reader_gets_the_list_that_is_theirs(
    client: httpx.AsyncClient, shelf: dict[str, int], people: People, practice: Practice
) -> None:
    doctor, patient = await people.doctor("li"), await people.patient()
    professional, _ = await practice.verified()
    assert await ids(client, SECTION) == [shelf["text"]]
    assert await ids(client, SECTION, patient.headers) == [shelf["text"]]
    assert await ids(client, SECTION, doctor.headers) == [shelf["inside"], shelf["text"]]
    assert await ids(client, SECTION, professional.headers) == [shelf["medicine"], shelf["inside"], shelf["text"]]
    for path, expected in (("/api/doctor/feed", 1), ("/api/doctor/feed?limit=1", 1)):
        assert len(await ids(client, path)) == expected
    assert await ids(client, "/api/doctor/feed", professional.headers) == [
        shelf["medicine"],
        shelf["inside"],
        shelf["text"],
    ]


async def test_each_display_of_a_medicine_is_logged_with_the_standing_also_from_what_is_kept(
    client: httpx.AsyncClient, shelf: dict[str, int], people: People, practice: Practice
) -> None:
    professional, _ = await practice.verified()
    doctor = await people.doctor("li")
    await client.get(SECTION, headers=doctor.headers)
    await client.get(f"/api/doctor/items/{shelf['medicine']}", headers=doctor.headers)
    assert await displayed() == []
    first = await client.get(SECTION, headers=professional.headers)
    await client.get(SECTION, headers=professional.headers)
    same = await client.get(SECTION, headers={**professional.headers, "if-none-match": first.headers["etag"]})
    assert same.status_code == 304
    who, what = professional.account_id, shelf["medicine"]
    assert await displayed() == [(who, what, "list", "professional")] * 3
    await client.get(f"/api/doctor/items/{what}", headers=professional.headers)
    await client.get("/api/doctor/feed", headers=professional.headers)
    text = await article(
        "带卡片",
        body="[[card]]",
        blocks=[{"type": "product", "key": "card", "product": what}],
        audience="professional",
        related=[what],
    )
    await client.get(f"/api/doctor/items/{text}", headers=professional.headers)
    reader = await practice.reader(professional)
    await reactions.favourite(reader=reader, item_id=what, at=clock.now())
    await client.get("/api/doctor/favourites", headers=professional.headers)
    assert [surface for _, _, surface, _ in await displayed()][3:] == ["page", "feed", "body", "related", "favourites"]


async def test_a_display_is_logged_without_the_person_where_there_is_no_consent_to_the_log(
    client: httpx.AsyncClient, shelf: dict[str, int], practice: Practice
) -> None:
    professional, _ = await practice.verified()
    await consent.withdraw(account_id=professional.account_id, purpose="analytics", at=clock.now())
    await client.get(f"/api/doctor/items/{shelf['medicine']}", headers=professional.headers)
    assert await displayed() == [(None, shelf["medicine"], "page", "professional")]


@pytest.mark.parametrize(
    ("what", "who", "status", "code"),
    [
        ("inside", "guest", 401, "sign_in_needed"),
        ("medicine", "guest", 401, "sign_in_needed"),
        ("medicine", "doctor", 403, "professional_needed"),
        ("medicine", "patient", 404, "item_missing"),
        ("inside", "patient", 404, "item_missing"),
    ],
)
async def test_who_may_not_read_gets_a_gate_without_a_word_of_it(
    client: httpx.AsyncClient, shelf: dict[str, int], people: People, what: str, who: str, status: int, code: str
) -> None:
    headers = {
        "guest": {},
        "doctor": (await people.doctor("li")).headers,
        "patient": (await people.patient()).headers,
    }[who]
    for path in ("", "/documents/1", "/blocks/card/file"):
        answer = await client.get(f"/api/doctor/items/{shelf[what]}{path}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
        assert "示例" not in answer.text
        assert "给医生" not in answer.text
    judged = await client.post(f"/api/doctor/items/{shelf[what]}/quizzes/q", json={"chosen": [0]}, headers=headers)
    assert judged.status_code == status


async def test_a_professional_whose_standing_is_over_reads_no_more(
    client: httpx.AsyncClient, shelf: dict[str, int], practice: Practice
) -> None:
    professional, application = await practice.verified()
    path = f"/api/doctor/items/{shelf['medicine']}"
    assert (await client.get(path, headers=professional.headers)).status_code == 200
    await practice.revoke(application)
    assert (await client.get(path, headers=professional.headers)).json()["code"] == "professional_needed"
    assert shelf["medicine"] not in await ids(client, SECTION, professional.headers)


async def test_what_is_gone_is_a_tombstone(client: httpx.AsyncClient, shelf: dict[str, int]) -> None:
    path = f"/api/doctor/items/{shelf['text']}"
    assert (await client.get(path)).status_code == 200
    await publishing.withdraw(item_id=shelf["text"], reason="", staff_id=1, at=clock.now())
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (410, "withdrawn")
    assert (await client.get("/api/doctor/items/424242")).json()["code"] == "item_missing"


async def test_a_document_is_had_by_an_address_for_a_while(client: httpx.AsyncClient) -> None:
    item_id = await article(documents=[{"asset": await a_file("document"), "title": "随访表"}])
    answer = await client.get(f"/api/doctor/items/{item_id}/documents/1")
    assert answer.json()["url"].startswith("/media/")
    assert answer.json()["media_type"] == "application/pdf"
    assert (await client.get(f"/api/doctor/items/{item_id}/documents/2")).json()["code"] == "file_missing"


async def test_a_quiz_is_judged_and_nothing_kept(client: httpx.AsyncClient) -> None:
    block = {
        "type": "quiz",
        "key": "q",
        "question": "看什么？",
        "options": [{"text": "甲", "right": True}, {"text": "乙"}],
    }
    item_id = await article(body="[[q]]", blocks=[block])
    path = f"/api/doctor/items/{item_id}/quizzes"
    assert (await client.post(f"{path}/q", json={"chosen": [0]})).json()["right"] is True
    for key, chosen, status, code in (
        ("q", [5], 422, "option_unknown"),
        ("q", [], 422, "bad_field"),
        ("q", [-1], 422, "bad_field"),
        ("other", [0], 404, "block_missing"),
        ("%00", [0], 404, "block_missing"),
    ):
        answer = await client.post(f"{path}/{key}", json={"chosen": chosen})
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_list_is_read_page_by_page_while_new_items_appear(
    client: httpx.AsyncClient, shelf: dict[str, int]
) -> None:
    at = clock.now() - 5 * MINUTE
    made = [await article(f"{number}", section_id=shelf["section"], at=at) for number in range(5)]
    await pins.arrange(place=f"section:{shelf['section']}", item_ids=[shelf["text"]], staff_id=1, at=at)
    for path in (SECTION, "/api/doctor/feed"):
        seen: list[int] = []
        following: str | None = ""
        while following is not None:
            answer = await client.get(path, params={"limit": 2, "cursor": following})
            assert answer.status_code == 200, answer.text
            seen += [(entry.get("item") or entry)["id"] for entry in answer.json()["items"]]
            following = answer.json()["next"]
            await article("new", section_id=shelf["section"], at=clock.now())
        assert set(seen) >= {*made, shelf["text"]}
        assert len(seen) == len(set(seen))


@pytest.mark.parametrize("path", [SECTION, "/api/doctor/feed"])
@pytest.mark.parametrize("cursor", ["x", "W10", "WzEsMl0", "bnVsbA", "W1tdXQ"])
async def test_a_broken_cursor_is_refused(
    client: httpx.AsyncClient, shelf: dict[str, int], path: str, cursor: str
) -> None:
    answer = await client.get(path, params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor_broken")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/doctor/sections/none/items", 404),
        ("/api/doctor/sections/none/tags", 404),
        ("/api/doctor/sections/%00/items", 404),
        (f"{SECTION}?limit=0", 422),
        (f"{SECTION}?limit=51", 422),
        (f"{SECTION}?tag=" + "x" * 65, 422),
        (f"{SECTION}?tag=%00", 422),
        ("/api/doctor/items/0", 404),
        (f"/api/doctor/items/{2**63}", 404),
        ("/api/doctor/items/x", 404),
        ("/api/doctor/feed?limit=x", 422),
    ],
)
async def test_odd_questions_have_plain_answers(
    client: httpx.AsyncClient, shelf: dict[str, int], path: str, status: int
) -> None:
    assert (await client.get(path)).status_code == status


async def test_tags_of_a_section_are_counted_for_the_reader(client: httpx.AsyncClient, shelf: dict[str, int]) -> None:
    await a_tag()
    await article(section_id=shelf["section"], tags=["rectal-cancer"], at=clock.now() - MINUTE)
    await article(section_id=shelf["section"], tags=["rectal-cancer"], audience="doctor", at=clock.now() - MINUTE)
    [tag] = (await client.get("/api/doctor/sections/service/tags")).json()["items"]
    assert tag == {"slug": "rectal-cancer", "name": "直肠癌", "facet": "disease", "items": 1}


async def test_a_shared_medicine_says_nothing_of_itself(
    client: httpx.AsyncClient, shelf: dict[str, int], people: People, practice: Practice
) -> None:
    professional, _ = await practice.verified()
    made = await client.post(
        f"/api/doctor/items/{shelf['medicine']}/shares",
        json={"channel": "friend"},
        headers={**professional.headers, "Idempotency-Key": "a-key-of-a-share"},
    )
    assert made.json()["title"] == "一份面向专业人士的内容"
    assert made.json()["cover"] is None
    opened = await client.post(f"/api/shares/{made.json()['share_id']}/opened", json={"visitor": "phone-1"})
    assert "示例" not in opened.text
    gate = await client.get(f"/api/doctor/items/{opened.json()['item_id']}")
    assert (gate.status_code, gate.json()["code"]) == (401, "sign_in_needed")


@pytest.fixture
async def everywhere(client: httpx.AsyncClient, people: People) -> dict[str, Any]:
    """A text that stands on every surface, and a doctor who has it among the favourites and has begun it."""
    doctor = await people.doctor()
    top = await section("innovation")
    item_id = await article("到处都在", section_id=top, at=clock.now() - MINUTE)
    other = await article("另一篇", related=[item_id], at=clock.now() - MINUTE)
    await client.put(f"/api/doctor/items/{item_id}/favourite", headers=doctor.headers)
    report = {"session": "r", "max_percent": 30, "active_ms": 9000}
    await client.put(f"/api/doctor/items/{item_id}/reading", json=report, headers=doctor.headers)
    return {"doctor": doctor, "item": item_id, "other": other}


async def test_what_is_withdrawn_is_gone_from_every_surface_at_once(
    client: httpx.AsyncClient, everywhere: dict[str, Any]
) -> None:
    headers, item_id = everywhere["doctor"].headers, everywhere["item"]
    lists = [
        "/api/doctor/sections/innovation/items",
        "/api/doctor/feed",
        "/api/doctor/favourites",
        "/api/doctor/continue",
    ]
    related = f"/api/doctor/items/{everywhere['other']}"
    for path in lists:
        assert item_id in await ids(client, path, headers), path
    page = (await client.get(f"/api/doctor/items/{item_id}", headers=headers)).json()
    assert [card["id"] for card in (await client.get(related, headers=headers)).json()["related"]] == [item_id]
    picture = page["cover"]["small"]
    await publishing.withdraw(item_id=item_id, reason="", staff_id=1, at=clock.now())
    assert (await client.get(f"/api/doctor/items/{item_id}", headers=headers)).status_code == 410
    for path in lists:
        assert item_id not in await ids(client, path, headers), path
    assert (await client.get(picture)).status_code == 410
    assert (await client.get(f"/api/doctor/items/{item_id}/reactions", headers=headers)).status_code == 410
    # The page of another item heard nothing; what it kept is less than a second old.
    await connection().value("SELECT pg_sleep(1)")
    assert (await client.get(related, headers=headers)).json()["related"] == []
