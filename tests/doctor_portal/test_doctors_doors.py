"""The doors of what a doctor does with content: who may come in, what is refused, and what comes back."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from people_fixtures import People, people

from content import publishing
from server.core import clock
from server.core.db import connection
from tests import ical_rules
from tests.viewing_fixtures import airing, cancelled, episode, events, series
from tests.written_fixtures import article

__all__ = ["people"]

DAY = timedelta(days=1)
REPORT = {"session": "sitting", "sequence": 0, "position_s": 10, "ranges": [[0, 10]]}
KEY = {"Idempotency-Key": "a-key-of-a-share"}

# Every door, with a body that it takes.
DOORS: list[tuple[str, str, Any]] = [
    ("POST", "/api/doctor/episodes/{episode}/progress", REPORT),
    ("GET", "/api/doctor/episodes/{episode}/progress", None),
    ("GET", "/api/doctor/episodes/{coming}/phone-calendar", None),
    ("GET", "/api/doctor/continue", None),
    ("GET", "/api/doctor/catch-up", None),
    ("GET", "/api/doctor/calendar", None),
    ("GET", "/api/doctor/calendar/feed", None),
    ("POST", "/api/doctor/calendar/feed", None),
    ("DELETE", "/api/doctor/calendar/feed", None),
    ("GET", "/api/doctor/series/{series}/follow", None),
    ("PUT", "/api/doctor/series/{series}/follow", None),
    ("DELETE", "/api/doctor/series/{series}/follow", None),
    ("GET", "/api/doctor/following", None),
    ("GET", "/api/doctor/favourites", None),
    ("GET", "/api/doctor/items/{episode}/reactions", None),
    ("PUT", "/api/doctor/items/{episode}/favourite", None),
    ("DELETE", "/api/doctor/items/{episode}/favourite", None),
    ("PUT", "/api/doctor/items/{episode}/like", None),
    ("DELETE", "/api/doctor/items/{episode}/like", None),
    ("PUT", "/api/doctor/items/{episode}/rating", {"stars": 4}),
    ("DELETE", "/api/doctor/items/{episode}/rating", None),
    ("POST", "/api/doctor/items/{episode}/shares", {"channel": "friend"}),
    ("GET", "/api/doctor/shares", None),
    ("POST", "/api/doctor/series/{series}/asked", {"text": "放化疗后完全缓解，还要手术吗？"}),
    ("GET", "/api/doctor/asked", None),
    ("PUT", "/api/doctor/items/{article}/reading", {"session": "r", "max_percent": 40, "active_ms": 9000}),
    ("GET", "/api/doctor/items/{article}/reading", None),
]
# Those that leave something behind.
KEEPING = [
    (method, path, body)
    for method, path, body in DOORS
    if method in {"PUT", "POST"} and not path.startswith("/api/shares")
]
IDS = [f"{method} {path}" for method, path, _ in DOORS]


@pytest.fixture
async def shelf(people: People) -> dict[str, int]:
    """A series with an episode that has aired and one that is to come."""
    series_id, now = await series(), clock.now()
    return {
        "series": series_id,
        "episode": await episode(series_id, now - DAY),
        "coming": await episode(series_id, now + DAY, title="下一集"),
        "article": await article(at=now - DAY),
    }


async def ask(
    client: httpx.AsyncClient, door: tuple[str, str, Any], ids: dict[str, int], **kwargs: Any
) -> httpx.Response:
    method, path, body = door
    headers = {**KEY, **kwargs.pop("headers", {})}
    extra = {} if body is None else {"json": body}
    return await client.request(method, path.format(**ids), headers=headers, **extra, **kwargs)


@pytest.mark.parametrize("door", DOORS, ids=IDS)
async def test_a_door_is_for_doctors_who_have_signed_in(
    client: httpx.AsyncClient, people: People, shelf: dict[str, int], door: tuple[str, str, Any]
) -> None:
    guest = await ask(client, door, shelf)
    assert (guest.status_code, guest.json()["code"]) == (401, "not_signed_in")
    patient = await ask(client, door, shelf, headers=(await people.patient()).headers)
    assert (patient.status_code, patient.json()["code"]) == (403, "wrong_role")
    doctor = await ask(client, door, shelf, headers=(await people.doctor()).headers)
    assert doctor.status_code == 200, doctor.text


@pytest.mark.parametrize("door", KEEPING, ids=[f"{method} {path}" for method, path, _ in KEEPING])
async def test_nothing_is_kept_before_consent(
    client: httpx.AsyncClient, people: People, shelf: dict[str, int], door: tuple[str, str, Any]
) -> None:
    newcomer = await people.doctor("newcomer", consents=())
    answer = await ask(client, door, shelf, headers=newcomer.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "consent_needed")


@pytest.mark.parametrize("door", [door for door in DOORS if "{" in door[1]], ids=[name for name in IDS if "{" in name])
async def test_what_is_not_there_is_missing_and_numbers_are_numbers(
    client: httpx.AsyncClient, people: People, shelf: dict[str, int], door: tuple[str, str, Any]
) -> None:
    headers = (await people.doctor()).headers
    for wrong in (424_242, 2**63, 0, "x", "1e3"):
        ids = dict.fromkeys(shelf, wrong)
        answer = await ask(client, door, ids, headers=headers)  # type: ignore[arg-type]  # wrong on purpose
        assert answer.status_code == (200 if door[0] == "DELETE" and wrong == 424_242 else 404), answer.text


async def test_watching_from_the_first_report_to_the_end(
    client: httpx.AsyncClient, people: People, shelf: dict[str, int]
) -> None:
    headers = (await people.doctor()).headers
    short = await episode(shelf["series"], clock.now() - DAY, seconds=15)
    path = f"/api/doctor/episodes/{short}/progress"
    begun = await client.post(path, json={"session": "s", "sequence": 0, "position_s": 0}, headers=headers)
    assert begun.json()["share"] == 0
    report = {"session": "s", "sequence": 1, "position_s": 9, "ranges": [[0, 9]]}
    for _ in range(3):
        answer = await client.post(path, json=report, headers=headers)
        assert answer.json()["share"] == 0.6
        assert answer.json()["finished_at"] is None
    [going_on] = (await client.get("/api/doctor/continue", headers=headers)).json()["items"]
    assert (going_on["id"], going_on["kind"], going_on["share"]) == (short, "episode", 0.6)
    report = {"session": "s", "sequence": 2, "position_s": 15, "ranges": [[9, 15]]}
    done = (await client.post(path, json=report, headers=headers)).json()
    assert (done["share"], done["resume_s"]) == (1, 0)
    assert done["finished_at"]
    assert (await client.get(path, headers=headers)).json() == done
    assert (await client.get("/api/doctor/continue", headers=headers)).json()["items"] == []
    assert [event["name"] for event in await events("video_start", "video_heartbeat", "video_finish")] == [
        "video_start",
        "video_heartbeat",
        "video_heartbeat",
        "video_finish",
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"session": ""}, "session"),
        ({"session": "x" * 65}, "session"),
        ({"session": "a b"}, "session"),
        ({"session": "a\n"}, "session"),
        ({"session": 7}, "session"),
        ({"sequence": -1}, "sequence"),
        ({"sequence": 2**31}, "sequence"),
        ({"sequence": 1.5}, "sequence"),
        ({"position_s": -0.001}, "position_s"),
        ({"position_s": 86_401}, "position_s"),
        ({"position_s": "10"}, "position_s"),
        ({"position_s": None}, "position_s"),
        ({"ranges": [[0, 1], [9, 8]]}, "ranges[1]"),
        ({"ranges": [[0]]}, "ranges[0]"),
        ({"ranges": [[0, 1, 2]]}, "ranges[0]"),
        ({"ranges": [[-1, 1]]}, "ranges[0][0]"),
        ({"ranges": [[0, 1e300]]}, "ranges[0][1]"),
        ({"ranges": [[0, 1]] * 201}, "ranges"),
        ({"ranges": "0-1"}, "ranges"),
    ],
)
async def test_a_report_that_cannot_be_names_its_field(
    client: httpx.AsyncClient, people: People, shelf: dict[str, int], change: dict[str, Any], field: str
) -> None:
    headers = (await people.doctor()).headers
    path = f"/api/doctor/episodes/{shelf['episode']}/progress"
    answer = await client.post(path, json={**REPORT, **change}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_field"), answer.text
    assert answer.json()["field"] == field
    assert await connection().value("SELECT count(*) FROM viewing") == 0


async def test_an_episode_to_come_is_not_watched_yet(
    client: httpx.AsyncClient, people: People, shelf: dict[str, int]
) -> None:
    headers = (await people.doctor()).headers
    answer = await client.post(f"/api/doctor/episodes/{shelf['coming']}/progress", json=REPORT, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_aired")
    assert answer.json()["facts"]["airs_at"]


async def test_what_was_taken_back_is_gone(client: httpx.AsyncClient, people: People, shelf: dict[str, int]) -> None:
    headers = (await people.doctor()).headers
    await publishing.withdraw(item_id=shelf["episode"], reason="", staff_id=1, at=clock.now())
    answer = await client.post(f"/api/doctor/episodes/{shelf['episode']}/progress", json=REPORT, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (410, "withdrawn")


async def test_the_calendar_is_the_present_month_unless_another_is_named(
    client: httpx.AsyncClient, people: People, shelf: dict[str, int]
) -> None:
    headers = (await people.doctor()).headers
    present = await client.get("/api/doctor/calendar", headers=headers)
    assert present.json()["month"] == f"{clock.day_of(clock.now()):%Y-%m}"
    assert present.json()["next"]["id"] == shelf["coming"]
    assert present.headers["cache-control"] == "private, no-cache"
    leap = await client.get("/api/doctor/calendar?month=2028-02", headers=headers)
    assert len(leap.json()["days"]) == 29


@pytest.mark.parametrize(
    "month",
    [
        "",
        "2026-13",
        "2026-00",
        "0000-01",
        "1989-12",
        "2200-01",
        "9999-12",
        "2026-1",
        "2026-11-01",
        "202611",
        "2026-11%0A",
        "%00",
        "２０２６-11",
        "-001-11",
        "x",
    ],
)
async def test_a_month_that_is_none_is_a_bad_field(client: httpx.AsyncClient, people: People, month: str) -> None:
    headers = (await people.doctor()).headers
    answer = await client.get(f"/api/doctor/calendar?month={month}", headers=headers)
    if month == "":
        assert answer.status_code == 200, "a parameter without a value counts as not given"
        return
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "bad_field", "month")


async def test_the_calendar_is_sent_only_when_it_has_changed(
    client: httpx.AsyncClient, people: People, shelf: dict[str, int]
) -> None:
    headers = (await people.doctor()).headers
    path = "/api/doctor/calendar"
    first = await client.get(path, headers=headers)
    same = await client.get(path, headers={**headers, "If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["etag"] == first.headers["etag"]
    await client.put(f"/api/doctor/series/{shelf['series']}/follow", headers=headers)
    changed = await client.get(path, headers={**headers, "If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    other = await client.get(
        path, headers={**(await people.doctor("li")).headers, "If-None-Match": changed.headers["etag"]}
    )
    assert other.status_code == 200, "another doctor's calendar is another one"


async def test_a_feed_is_made_read_and_taken_back(
    client: httpx.AsyncClient, people: People, shelf: dict[str, int]
) -> None:
    headers = (await people.doctor()).headers
    assert (await client.get("/api/doctor/calendar/feed", headers=headers)).json() == {"active": False, "since": None}
    await client.put(f"/api/doctor/series/{shelf['series']}/follow", headers=headers)
    made = await client.post("/api/doctor/calendar/feed", headers=headers)
    assert made.headers["cache-control"] == "no-store"
    url = made.json()["url"]
    assert url.endswith(".ics")
    assert made.json()["webcal_url"] == "webcal" + url.removeprefix("http")
    state = (await client.get("/api/doctor/calendar/feed", headers=headers)).json()
    assert state == {"active": True, "since": made.json()["since"]}
    path = url[url.index("/calendar/") :]

    feed = await client.get(path)
    assert feed.headers["content-type"] == "text/calendar; charset=utf-8"
    uids = [event.text("UID") for event in ical_rules.read(feed.content).all("VEVENT")]
    assert uids == [f"episode-{shelf['episode']}@xinglin", f"episode-{shelf['coming']}@xinglin"]
    same = await client.get(path, headers={"If-None-Match": feed.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    await airing(shelf["coming"], clock.now() + 2 * DAY, at=clock.now())
    moved = await client.get(path, headers={"If-None-Match": feed.headers["etag"]})
    assert moved.status_code == 200
    await cancelled(shelf["coming"], clock.now())
    last = ical_rules.read((await client.get(path)).content).all("VEVENT")[-1]
    assert (last.text("STATUS"), last.values["SEQUENCE"][0]) == ("CANCELLED", "2")

    assert (await client.delete("/api/doctor/calendar/feed", headers=headers)).status_code == 200
    gone = await client.get(path)
    assert (gone.status_code, gone.json()["code"]) == (404, "feed_missing")


@pytest.mark.parametrize("token", ["x", "x" * 22, "%E6%9D%8F", "%00", "..%2F..", "a.b", "x" * 3000])
async def test_an_address_that_is_none_leads_nowhere(client: httpx.AsyncClient, token: str) -> None:
    answer = await client.get(f"/calendar/{token}.ics")
    assert answer.status_code == 404
    assert answer.json()["code"] in {"feed_missing", "missing"}


async def test_of_an_erased_doctor_the_feed_and_all_else_is_gone(
    client: httpx.AsyncClient, people: People, shelf: dict[str, int]
) -> None:
    doctor = await people.doctor()
    url = (await client.post("/api/doctor/calendar/feed", headers=doctor.headers)).json()["url"]
    for door in DOORS:
        if door[0] in {"PUT", "POST"} and "feed" not in door[1]:
            assert (await ask(client, door, shelf, headers=doctor.headers)).status_code == 200
    told = (await client.get("/api/doctor/me/export", headers=doctor.headers)).json()
    assert [len(told["content"][part]) for part in ("viewing", "following", "reactions", "calendar_feed")] == [
        1,
        1,
        3,
        1,
    ]
    assert len(told["sharing"]) == 1
    assert (await client.delete("/api/doctor/me", headers=doctor.headers)).status_code == 200
    assert (await client.get(url[url.index("/calendar/") :])).status_code == 404
    for table in ("viewing", "viewing_session", "follow", "reaction", "feed_address", "share"):
        assert await connection().value(f"SELECT count(*) FROM {table}") == 0
    again = await ask(client, DOORS[0], shelf, headers=doctor.headers)
    assert again.status_code == 401


async def test_lists_are_read_page_by_page_and_each_entry_once(
    client: httpx.AsyncClient, people: People, shelf: dict[str, int]
) -> None:
    headers = (await people.doctor()).headers
    aired = [shelf["episode"]] + [await episode(shelf["series"], clock.now() - n * DAY) for n in (2, 3, 4)]
    followed = [shelf["series"], *[await series(f"series {n}") for n in range(3)]]
    for series_id in followed:
        await client.put(f"/api/doctor/series/{series_id}/follow", headers=headers)
    for episode_id in aired:
        await client.put(f"/api/doctor/items/{episode_id}/favourite", headers=headers)
        await client.post(f"/api/doctor/episodes/{episode_id}/progress", json=REPORT, headers=headers)
        await client.post(
            f"/api/doctor/items/{episode_id}/shares",
            json={"channel": "link"},
            headers={**headers, "Idempotency-Key": f"share-of-{episode_id}"},
        )
    expected = {
        "continue": aired[::-1],
        "catch-up": aired,
        "favourites": aired[::-1],
        "following": followed[::-1],
        "shares": aired[::-1],
    }
    for name, ids in expected.items():
        found, cursor = [], ""
        for _ in range(10):
            page = (await client.get(f"/api/doctor/{name}?limit=3&cursor={cursor}", headers=headers)).json()
            found += [entry["item_id" if name == "shares" else "id"] for entry in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert found == ids, name


@pytest.mark.parametrize("name", ["continue", "catch-up", "favourites", "following", "shares"])
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("cursor=x", "cursor_broken"),
        ("cursor=W10", "cursor_broken"),
        ("cursor=WzEsMiwzXQ", "cursor_broken"),
        ("cursor=Wy0xLC0xXQ", "cursor_broken"),
        ("cursor=WzFlMzAwLDFd", "cursor_broken"),
        ("cursor=bnVsbA", "cursor_broken"),
        ("limit=0", "bad_field"),
        ("limit=51", "bad_field"),
        ("limit=x", "bad_field"),
        ("cursor=" + "A" * 301, "bad_field"),
    ],
)
async def test_a_page_that_cannot_be_is_refused(
    client: httpx.AsyncClient, people: People, name: str, query: str, code: str
) -> None:
    headers = (await people.doctor()).headers
    answer = await client.get(f"/api/doctor/{name}?{query}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text


@pytest.mark.parametrize("stars", [0, 6, -1, 2.5, "5", None, True])
async def test_stars_are_from_one_to_five(
    client: httpx.AsyncClient, people: People, shelf: dict[str, int], stars: Any
) -> None:
    headers = (await people.doctor()).headers
    answer = await client.put(f"/api/doctor/items/{shelf['episode']}/rating", json={"stars": stars}, headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (422, "stars")


async def test_a_share_is_made_once_under_a_key(
    client: httpx.AsyncClient, people: People, shelf: dict[str, int]
) -> None:
    headers = {**(await people.doctor()).headers, **KEY}
    path = f"/api/doctor/items/{shelf['episode']}/shares"
    answers = await asyncio.gather(*(client.post(path, json={"channel": "friend"}, headers=headers) for _ in range(5)))
    assert [answer.status_code for answer in answers] == [200] * 5
    assert len({answer.json()["share_id"] for answer in answers}) == 1
    assert await connection().value("SELECT count(*) FROM share") == 1
    assert len(await events("content_share")) == 1
    other = await client.post(path, json={"channel": "poster"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    without = await client.post(path, json={"channel": "friend"}, headers={"authorization": headers["authorization"]})
    assert (without.status_code, without.json()["code"]) == (422, "idempotency_key_needed")
    wrong = await client.post(path, json={"channel": "moments"}, headers={**headers, "Idempotency-Key": "another-one"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "channel")


async def test_whoever_opens_a_share_is_counted_and_not_told(
    client: httpx.AsyncClient, people: People, shelf: dict[str, int]
) -> None:
    sharer, friend, patient = await people.doctor(), await people.doctor("li"), await people.patient()
    made = await client.post(
        f"/api/doctor/items/{shelf['episode']}/shares",
        json={"channel": "friend"},
        headers={**sharer.headers, **KEY},
    )
    path = f"/api/shares/{made.json()['share_id']}/opened"
    for _ in range(2):
        for headers in ({}, friend.headers, patient.headers, sharer.headers):
            answer = await client.post(path, json={"visitor": "phone-1"}, headers=headers)
            assert (answer.status_code, answer.json()) == (200, {"item_id": shelf["episode"]})
    [row] = (await client.get("/api/doctor/shares", headers=sharer.headers)).json()["items"]
    assert row["openings"] == 3
    assert set(row) == {"share_id", "item_id", "channel", "created_at", "openings"}
    assert (await client.get("/api/doctor/shares", headers=friend.headers)).json()["items"] == []


@pytest.mark.parametrize(
    ("share_id", "body", "status", "code"),
    [
        ("0" * 22, {"visitor": "phone-1"}, 404, "share_missing"),
        ("%00", {"visitor": "phone-1"}, 404, "share_missing"),
        ("0" * 22, {}, 422, "visitor_needed"),
        ("0" * 22, {"visitor": "x" * 65}, 422, "bad_field"),
        ("0" * 22, {"visitor": 7}, 422, "bad_field"),
        ("0" * 22, {"visitor": "a\0b"}, 422, "bad_field"),
    ],
)
async def test_an_opening_that_cannot_be_is_refused(
    client: httpx.AsyncClient, share_id: str, body: Any, status: int, code: str
) -> None:
    answer = await client.post(f"/api/shares/{share_id}/opened", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_openings_from_one_place_are_limited(client: httpx.AsyncClient) -> None:
    answers = [await client.post(f"/api/shares/{'0' * 22}/opened", json={"visitor": "p"}) for _ in range(125)]
    assert {answer.status_code for answer in answers[:120]} == {404}
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0
