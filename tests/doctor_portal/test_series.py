"""The doors of the series: what guests, doctors and others get, and when."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from people_fixtures import People, people

from content import airings, assets, filming, items, pins, publishing
from content.parts import Audience
from server.core import clock
from server.core.db import connection
from server.core.storage import Files
from tests.content.files import DOCUMENT, pieces
from tests.content.studio import a_consent, a_tag, draft, episode_text, publish, published_episode, published_series

__all__ = ["people"]

HOUR = timedelta(hours=1)


@pytest.fixture
async def shelf(client: httpx.AsyncClient) -> dict[str, int]:
    """A series with a season of two episodes, and one beside it."""
    at = clock.now() - HOUR
    await a_tag()
    series_id = await published_series(at=at, tags=["rectal-cancer"])
    beside = await published_episode(series_id, at=at, title="先导")
    season_id = await draft("season", {"title": "第一季", "summary": "术前"}, parent_id=series_id, at=at)
    await publish(item_id=season_id, staff_id=2, at=at)
    first = await published_episode(season_id, at=at, airs_at=at, title="面诊", tags=["rectal-cancer"])
    second = await published_episode(season_id, at=at, airs_at=at + 3 * HOUR, title="手术", stage="difficulty")
    return {"series": series_id, "season": season_id, "beside": beside, "first": first, "second": second}


async def change(item_id: int, **changes: Any) -> None:
    before = await items.draft_of(item_id=item_id)
    await items.save_draft(
        item_id=item_id, shape={**before.shape, **changes}, revision=before.revision, staff_id=1, at=clock.now()
    )
    await publish(item_id=item_id, staff_id=1, at=clock.now())


async def test_a_guest_reads_the_page_of_a_series(client: httpx.AsyncClient, shelf: dict[str, int]) -> None:
    answer = await client.get(f"/api/doctor/series/{shelf['series']}")
    assert answer.status_code == 200
    page = answer.json()
    assert (page["title"], page["problem"]) == ("医探究竟", "低位直肠癌如何保肛？")
    assert page["tags"] == [{"slug": "rectal-cancer", "name": "直肠癌"}]
    assert [episode["id"] for episode in page["episodes"]] == [shelf["beside"]]
    assert [(season["title"], [each["id"] for each in season["episodes"]]) for season in page["seasons"]] == [
        ("第一季", [shelf["first"], shelf["second"]])
    ]
    assert page["cover"]["alt"] == "手术室里的主刀医生"
    assert page["cover"]["medium"].startswith(f"/media/pictures/{shelf['series']}/")


async def test_a_guest_reads_the_page_of_an_episode(client: httpx.AsyncClient, shelf: dict[str, int]) -> None:
    page = (await client.get(f"/api/doctor/episodes/{shelf['first']}")).json()
    assert page["series"] == {"id": shelf["series"], "title": "医探究竟"}
    assert page["season"] == {"id": shelf["season"], "title": "第一季"}
    assert page["questions"] == [{"text": "肿瘤距肛缘 4 厘米还能保肛吗？", "chapter": "image", "starts_at_s": 240.0}]
    assert [(part["key"], part["starts_at_s"], part["ends_at_s"], part["stage"]) for part in page["chapters"]] == [
        ("exam", 0.0, 240.0, "consultation"),
        ("image", 240.0, 720.0, "plan"),
    ]
    assert page["team"][0] == {"name": "陈一川", "title": "主任医师", "hospital": "江城示范医院", "role": "主讲"}
    assert page["previous"] == {"id": shelf["beside"], "title": "先导"}
    assert page["next"] == {"id": shelf["second"], "title": "手术"}
    assert page["cancelled"] is False
    assert "video" not in page


async def test_a_stage_of_the_whole_episode_is_that_of_its_chapters(
    client: httpx.AsyncClient, shelf: dict[str, int]
) -> None:
    await change(shelf["second"], chapters=[{"key": "all", "title": "全程", "starts_at_s": 0}], questions=[])
    page = (await client.get(f"/api/doctor/episodes/{shelf['second']}")).json()
    assert [part["stage"] for part in page["chapters"]] == ["difficulty"]


async def test_the_list_has_what_is_pinned_first_then_the_newest(client: httpx.AsyncClient) -> None:
    now = clock.now()
    made = [await published_series(at=now - number * HOUR) for number in range(4)]
    await pins.arrange(place="series", item_ids=[made[2]], staff_id=1, at=now)
    seen: list[int] = []
    cursor = ""
    for _ in range(4):
        page = (await client.get("/api/doctor/series", params={"limit": 1, "cursor": cursor})).json()
        seen += [card["id"] for card in page["items"]]
        cursor = page["next"]
    assert seen == [made[2], made[0], made[1], made[3]]
    assert cursor is None


async def test_the_list_counts_episodes_and_knows_the_next_airing(
    client: httpx.AsyncClient, shelf: dict[str, int]
) -> None:
    (card,) = (await client.get("/api/doctor/series", params={"tag": "rectal-cancer"})).json()["items"]
    airing = await airings.airing_of(episode_id=shelf["second"])
    assert airing is not None
    assert card["episodes"] == 3
    assert card["next_airs_at"].replace("Z", "+00:00") == airing.airs_at.isoformat()
    assert (await client.get("/api/doctor/series", params={"tag": "other"})).json()["items"] == []


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "W10",
        "WzEsMl0",
        "WzEsIjAwMDEtMDEtMDFUMDA6MDA6MDArMTQ6MDAiLDFd",
        "Wzk5OTk5OTk5OTk5OTk5OTk5LDEsMV0",
        "汉字",
        "-",
    ],
)
async def test_a_cursor_that_was_not_given_out_is_refused(client: httpx.AsyncClient, cursor: str) -> None:
    answer = await client.get("/api/doctor/series", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor_broken")


@pytest.mark.parametrize(
    "path",
    [
        "/series/999",
        "/episodes/999",
        "/episodes/999/video",
        "/episodes/999/documents/1",
        "/episodes/0",
        "/episodes/99999999999999999999",
        "/episodes/-1",
        "/episodes/1.5",
        "/episodes/x",
        "/series/%00",
    ],
)
async def test_what_was_never_there_is_missing(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get("/api/doctor" + path)).status_code == 404


async def test_a_draft_is_missing_to_everybody(
    client: httpx.AsyncClient, shelf: dict[str, int], people: People
) -> None:
    draft_id = await draft("episode", await episode_text(), parent_id=shelf["series"])
    doctor = await people.doctor()
    for headers in ({}, doctor.headers):
        for path in ("", "/video"):
            answer = await client.get(f"/api/doctor/episodes/{draft_id}{path}", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (404, "item_missing")


async def test_an_item_is_found_only_as_what_it_is(client: httpx.AsyncClient, shelf: dict[str, int]) -> None:
    assert (await client.get(f"/api/doctor/series/{shelf['first']}")).status_code == 404
    assert (await client.get(f"/api/doctor/episodes/{shelf['series']}")).status_code == 404


async def test_what_is_for_doctors_wants_a_doctor(client: httpx.AsyncClient, people: People) -> None:
    now = clock.now()
    series_id = await published_series(at=now, audience="doctor")
    episode_id = await published_episode(series_id, at=now)
    doctor, patient = await people.doctor(), await people.patient()
    for path in (f"/series/{series_id}", f"/episodes/{episode_id}", f"/episodes/{episode_id}/video"):
        guest = await client.get("/api/doctor" + path)
        assert (guest.status_code, guest.json()["code"]) == (401, "sign_in_needed")
        assert (await client.get("/api/doctor" + path, headers=patient.headers)).status_code == 404
        assert (await client.get("/api/doctor" + path, headers=doctor.headers)).status_code == 200
        assert (await client.get("/api/doctor" + path)).status_code == 401
    for headers, count in (({}, 0), (patient.headers, 0), (doctor.headers, 1)):
        answer = (await client.get("/api/doctor/series", headers=headers)).json()
        assert len(answer["items"]) == count
        found = (await client.get("/api/doctor/questions", params={"text": "保肛"}, headers=headers)).json()
        assert len(found["items"]) == count


async def test_what_a_reader_may_not_see_is_in_no_list_of_a_page(client: httpx.AsyncClient, people: People) -> None:
    now = clock.now()
    series_id = await published_series(at=now)
    open_to_all = await published_episode(series_id, at=now)
    for_doctors = await published_episode(series_id, at=now, audience="doctor")
    doctor = await people.doctor()
    for headers, seen in (({}, [open_to_all]), (doctor.headers, [open_to_all, for_doctors])):
        page = (await client.get(f"/api/doctor/series/{series_id}", headers=headers)).json()
        assert [episode["id"] for episode in page["episodes"]] == seen
        page = (await client.get(f"/api/doctor/episodes/{open_to_all}", headers=headers)).json()
        assert (page["next"] is None) == (len(seen) == 1)


async def test_the_same_bytes_are_not_sent_twice(client: httpx.AsyncClient, shelf: dict[str, int]) -> None:
    path = f"/api/doctor/episodes/{shelf['first']}"
    first = await client.get(path)
    assert first.headers["cache-control"] == "no-cache"
    again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    await change(shelf["first"], title="改名")
    changed = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (changed.status_code, changed.json()["title"]) == (200, "改名")


async def test_a_deed_is_seen_at_once_on_every_surface(client: httpx.AsyncClient, shelf: dict[str, int]) -> None:
    async def titles() -> list[str]:
        series = (await client.get(f"/api/doctor/series/{shelf['series']}")).json()
        episode = (await client.get(f"/api/doctor/episodes/{shelf['first']}")).json()
        found = (await client.get("/api/doctor/questions", params={"text": "保肛"})).json()["items"]
        in_season = series["seasons"][0]["episodes"][0]
        return [
            in_season["title"],
            episode["title"],
            *(q["episode"]["title"] for q in found if q["episode"]["id"] == shelf["first"]),
        ]

    assert await titles() == ["面诊"] * 3
    await change(shelf["first"], title="改名")
    assert await titles() == ["改名"] * 3
    await airings.cancel(episode_id=shelf["second"], staff_id=1, at=clock.now())
    assert (await client.get(f"/api/doctor/episodes/{shelf['second']}")).json()["cancelled"] is True


async def test_what_is_withdrawn_is_gone_from_every_surface(client: httpx.AsyncClient, shelf: dict[str, int]) -> None:
    episode = f"/api/doctor/episodes/{shelf['first']}"
    await client.get(episode)
    await publishing.withdraw(item_id=shelf["first"], reason="", staff_id=1, at=clock.now())
    for path in (episode, f"{episode}/video", f"{episode}/documents/1"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (410, "withdrawn")
    page = (await client.get(f"/api/doctor/series/{shelf['series']}")).json()
    assert [each["id"] for each in page["seasons"][0]["episodes"]] == [shelf["second"]]
    found = (await client.get("/api/doctor/questions", params={"text": "保肛"})).json()["items"]
    assert shelf["first"] not in [question["episode"]["id"] for question in found]
    await publishing.withdraw(item_id=shelf["series"], reason="", staff_id=1, at=clock.now())
    assert (await client.get("/api/doctor/series")).json()["items"] == []
    assert (await client.get(f"/api/doctor/episodes/{shelf['second']}")).status_code == 410


async def test_what_ends_is_gone_at_that_instant_also_from_what_is_kept(client: httpx.AsyncClient) -> None:
    series_id = await published_series(at=clock.now())
    episode_id = await draft("episode", await episode_text(), parent_id=series_id)
    ends_at = clock.now() + timedelta(milliseconds=400)
    await publish(item_id=episode_id, ends_at=ends_at, staff_id=1, at=clock.now())
    path, page = f"/api/doctor/episodes/{episode_id}", f"/api/doctor/series/{series_id}"
    while clock.now() < ends_at - timedelta(milliseconds=50):
        assert (await client.get(path)).status_code in {200, 410}
        await client.get(page)
    while clock.now() < ends_at:
        pass
    assert (await client.get(path)).json()["code"] == "expired"
    assert (await client.get(page)).json()["episodes"] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("保肛", True),
        ("能不能保肛", True),
        ("距肛缘4厘米", True),
        ("ｋm 4 厘米 保肛", True),
        ("肿瘤", True),
        ("肛", True),
        ("胃", False),
        ("胃癌早筛", False),
        ("%", False),
        ("_", False),
        ("！？", False),
        ("' OR 1=1 --", False),
    ],
)
async def test_an_episode_is_found_by_a_question_like_its_own(
    client: httpx.AsyncClient, shelf: dict[str, int], text: str, found: bool
) -> None:
    answer = await client.get("/api/doctor/questions", params={"text": text})
    assert answer.status_code == 200
    assert bool(answer.json()["items"]) is found
    for question in answer.json()["items"]:
        assert (question["chapter"], question["starts_at_s"]) == ("image", 240.0)


@pytest.mark.parametrize("query", ["", "text=", "text=" + "x" * 101, "text=a&limit=0", "text=a&limit=51", "text=%00"])
async def test_a_search_that_is_none_is_refused(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/api/doctor/questions?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_field")


async def test_a_film_is_to_be_had_once_it_has_aired(client: httpx.AsyncClient, shelf: dict[str, int]) -> None:
    aired = await client.get(f"/api/doctor/episodes/{shelf['first']}/video")
    assert aired.json()["url"].startswith("/media/")
    assert (aired.json()["media_type"], aired.json()["duration_s"]) == ("video/mp4", 720)
    coming = await client.get(f"/api/doctor/episodes/{shelf['second']}/video")
    assert (coming.status_code, coming.json()["code"]) == (409, "not_aired")
    assert (await client.get(f"/api/doctor/episodes/{shelf['beside']}/video")).status_code == 200


async def test_a_film_elsewhere_is_named_only_by_its_own_call(client: httpx.AsyncClient) -> None:
    now = clock.now()
    series_id = await published_series(at=now)
    url = "https://media.example.com/film.mp4"
    episode_id = await published_episode(series_id, at=now, video={"url": url})
    assert url not in (await client.get(f"/api/doctor/episodes/{episode_id}")).text
    answer = (await client.get(f"/api/doctor/episodes/{episode_id}/video")).json()
    assert (answer["url"], answer["expires_at"]) == (url, None)


async def test_a_document_has_an_address_of_its_own(app: Any, client: httpx.AsyncClient) -> None:
    files: Files = app.ctx.files
    now = clock.now()
    kept = await assets.take_in(
        files=files, pieces=pieces(DOCUMENT), name="讲义.pdf", at_most=10**6, staff_id=1, at=now
    )
    series_id = await published_series(at=now)
    documents = [{"asset": kept.id, "title": "手术讲义"}]
    episode_id = await published_episode(series_id, at=now, documents=documents)
    page = (await client.get(f"/api/doctor/episodes/{episode_id}")).json()
    assert page["documents"] == [
        {"number": 1, "title": "手术讲义", "media_type": "application/pdf", "bytes": len(DOCUMENT)}
    ]
    address = (await client.get(f"/api/doctor/episodes/{episode_id}/documents/1")).json()
    got = await client.get(address["url"])
    assert got.content == DOCUMENT
    assert got.headers["content-disposition"] == "attachment; filename*=UTF-8''%E8%AE%B2%E4%B9%89.pdf"
    assert (await client.get(f"/api/doctor/episodes/{episode_id}/documents/2")).json()["code"] == "file_missing"


async def test_a_withdrawn_consent_closes_the_film(app: Any, client: httpx.AsyncClient) -> None:
    now = clock.now()
    series_id = await published_series(at=now)
    consent_id = await a_consent(scope=Audience.EVERYONE)
    episode_id = await published_episode(series_id, at=now, consent_id=consent_id, filmed_patient=True)
    path = f"/api/doctor/episodes/{episode_id}"
    assert (await client.get(f"{path}/video")).status_code == 200
    await filming.withdraw(consent_id=consent_id, staff_id=1, at=clock.now())
    for address in (path, f"{path}/video"):
        assert (await client.get(address)).status_code == 410
    assert await connection().value("SELECT count(*) FROM live WHERE item_id = $1", episode_id) == 0
