"""The doors of verification: what a doctor hands in, what they see of it, and what never comes back out."""

import asyncio
import io
import logging
from typing import Any

import httpx
import pytest
from people_fixtures import People, Visitor
from PIL import Image
from professional_fixtures import LICENCE, NAME, Practice, jpeg

from cdp import hospital_lists, professional_sights
from server.core import clock
from server.core.db import connection

FIELDS = {
    "name": NAME,
    "licence": LICENCE,
    "hospital": "華西醫院",
    "department": "胃肠外科",
    "title": "attending_physician",
}
DOOR = "/api/doctor/professional"


@pytest.fixture
async def hospitals(database: None) -> None:
    await hospital_lists.take_in(rows=hospital_lists.standard(), dry_run=False, actor="command", at=clock.now())


async def hand_in(
    client: httpx.AsyncClient, doctor: Visitor, *, photo: bytes | None = None, name: str = "file", **changed: Any
) -> httpx.Response:
    fields = {key: value for key, value in {**FIELDS, **changed}.items() if value is not None}
    files = {name: ("IMG_0001.JPG", photo or jpeg(), "application/octet-stream")}
    return await client.post(DOOR, data=fields, files=files, headers=doctor.headers)


async def test_a_doctor_hands_in_and_sees_what_became_of_it(
    app: Any, practice: Practice, client: httpx.AsyncClient, hospitals: None
) -> None:
    chen = await practice.doctor()
    before = (await client.get(DOOR, headers=chen.headers)).json()
    assert (before["verified"], before["open"], before["consent_needed"], before["applications"]) == (
        False,
        False,
        False,
        [],
    )
    assert {"code": "attending_physician", "name": "主治医师"} in before["titles"]

    answer = await hand_in(client, chen)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    (one,) = told["applications"]
    assert (told["open"], one["state"], one["hospital"], one["title"]) == (
        True,
        "submitted",
        "四川大学华西医院",
        "主治医师",
    )
    assert one["licence"] == "***********7654"
    assert NAME not in answer.text
    assert LICENCE not in answer.text

    await practice.approve(one["id"], note="欢迎")
    told = (await client.get(DOOR, headers=chen.headers)).json()
    assert (told["verified"], told["open"], told["applications"][0]["note"]) == (True, False, "欢迎")


async def test_a_photo_keeps_nothing_but_its_pixels(app: Any, practice: Practice, client: httpx.AsyncClient) -> None:
    chen = await practice.doctor()
    exif = Image.Exif()
    exif[0x010F] = "PhoneMaker"
    exif[0x8825] = {1: "N", 2: (31.0, 14.0, 0.0)}
    assert (await hand_in(client, chen, photo=jpeg(side=2600, exif=exif.tobytes()))).status_code == 200
    application_id = await connection().value("SELECT id FROM professional_application")
    photo = await professional_sights.look_at_photo(
        sealer=app.ctx.sealer, application_id=application_id, actor="staff:1", at=clock.now()
    )
    assert b"PhoneMaker" not in photo.data
    with Image.open(io.BytesIO(photo.data)) as image:
        assert (image.format, max(image.size), len(image.getexif())) == ("JPEG", 2000, 0)


def bomb() -> bytes:
    written = io.BytesIO()
    Image.new("1", (11_000, 11_000)).save(written, "PNG")
    return written.getvalue()


@pytest.mark.parametrize(
    ("changed", "status", "code", "field"),
    [
        ({"name": ""}, 422, "professional_invalid", "name"),
        ({"licence": "123"}, 422, "professional_invalid", "licence"),
        ({"hospital": "院"}, 422, "professional_invalid", "hospital"),
        ({"department": ""}, 422, "professional_invalid", "department"),
        ({"title": "professor"}, 422, "professional_invalid", "title"),
        ({"title": None}, 422, "bad_field", "title"),
        ({"hospital": "x" * 201}, 422, "bad_field", "hospital"),
        ({"name": "a\0b"}, 422, "bad_field", "name"),
        ({"photo": b"GIF89a" + b"0" * 100}, 422, "file_unknown", None),
        ({"photo": b"<svg onload=alert(1)>"}, 422, "file_unknown", None),
        ({"photo": jpeg()[:-200]}, 422, "file_broken", None),
        ({"photo": jpeg() + b"<script>x</script>"}, 422, "file_ambiguous", None),
        ({"photo": bomb()}, 422, "image_too_large", None),
        ({"photo": b"\xff\xd8\xff" + b"0" * (10 * 1024 * 1024)}, 413, "file_too_large", None),
        ({"name_of_file": "photo"}, 422, "no_file_sent", "file"),
    ],
    ids=lambda value: str(value)[:40] if not isinstance(value, dict) else "-".join(value),
)
async def test_what_cannot_be_taken_is_named_and_nothing_of_it_stays(
    practice: Practice,
    client: httpx.AsyncClient,
    changed: dict[str, Any],
    status: int,
    code: str,
    field: str | None,
) -> None:
    chen = await practice.doctor()
    name = changed.pop("name_of_file", "file") if "name_of_file" in changed else "file"
    fields = {**FIELDS, **{key: value for key, value in changed.items() if key != "photo"}}
    fields = {key: value for key, value in fields.items() if value is not None}
    files = {name: ("a.jpg", changed.get("photo") or jpeg(), "image/jpeg")}
    answer = await client.post(DOOR, data=fields, files=files, headers=chen.headers)
    assert (answer.status_code, answer.json()["code"], answer.json().get("field")) == (status, code, field)
    assert await connection().value("SELECT count(*) FROM professional_application") == 0
    assert await connection().value("SELECT count(*) FROM professional_photo") == 0


async def test_the_door_is_for_doctors(people: People, client: httpx.AsyncClient) -> None:
    wang = await people.patient()
    for method, path in (("GET", DOOR), ("POST", DOOR), ("DELETE", DOOR), ("GET", "/api/doctor/hospitals?q=华西")):
        assert (await client.request(method, path)).status_code == 401
        assert (await client.request(method, path, headers=wang.headers)).status_code == 403


async def test_without_the_separate_consent_nothing_is_read(practice: Practice, client: httpx.AsyncClient) -> None:
    chen = await practice.doctor(consents=("service",))
    assert (await client.get(DOOR, headers=chen.headers)).json()["consent_needed"] is True
    answer = await hand_in(client, chen)
    assert (answer.status_code, answer.json()["code"], answer.json()["facts"]) == (
        403,
        "consent_needed",
        {"purpose": "verification"},
    )


async def test_two_taps_at_once_hand_in_once(practice: Practice, client: httpx.AsyncClient) -> None:
    chen = await practice.doctor()
    answers = await asyncio.gather(*(hand_in(client, chen) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"professional_open"}


async def test_a_doctor_takes_back_and_hands_in_anew(practice: Practice, client: httpx.AsyncClient) -> None:
    chen = await practice.doctor()
    await hand_in(client, chen)
    told = (await client.delete(DOOR, headers=chen.headers)).json()
    assert (told["open"], told["applications"][0]["state"], told["applications"][0]["licence"]) == (
        False,
        "withdrawn",
        "",
    )
    assert (await client.delete(DOOR, headers=chen.headers)).status_code == 200
    assert (await hand_in(client, chen)).status_code == 200


async def test_tries_are_counted(practice: Practice, client: httpx.AsyncClient) -> None:
    chen = await practice.doctor()
    answers = [await hand_in(client, chen, licence="1") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429]


async def test_how_a_hospital_was_found_is_kept_with_the_application(
    practice: Practice, client: httpx.AsyncClient, hospitals: None
) -> None:
    expected = []
    for number, (typed, picked, key, matched) in enumerate(
        [
            ("华西医院", "", "west-china", "alias"),
            ("四川大学华西医院", "west-china", "west-china", "exact"),
            ("我们医院", "pumch", "pumch", "alias"),
            ("第一医院", "", "", "ambiguous"),
            ("杏林演示医院", "no-such-key", "", "none"),
        ]
    ):
        doctor = await practice.doctor(f"doctor{number}")
        answer = await hand_in(client, doctor, hospital=typed, hospital_key=picked)
        assert answer.status_code == 200, answer.text
        expected.append((typed, key, matched))
    rows = await connection().fetch("SELECT hospital, hospital_key, matched FROM professional_application ORDER BY id")
    assert [tuple(row.values()) for row in rows] == expected


async def test_hospitals_are_offered_while_one_types(
    practice: Practice, client: httpx.AsyncClient, hospitals: None
) -> None:
    chen = await practice.doctor()
    told = (await client.get("/api/doctor/hospitals", params={"q": "華西"}, headers=chen.headers)).json()
    assert told["items"][0] | {"score": 0} == {
        "key": "west-china",
        "name": "四川大学华西医院",
        "province": "四川省",
        "city": "成都市",
        "level": "三级甲等",
        "score": 0,
        "by": "华西",
    }
    assert told["matched"] == "alias"
    for nothing in ("", "华", "\u200b"):
        told = (await client.get("/api/doctor/hospitals", params={"q": nothing}, headers=chen.headers)).json()
        assert told["items"] == []
    long = {"q": "x" * 101}
    assert (await client.get("/api/doctor/hospitals", params=long, headers=chen.headers)).status_code == 422


async def test_nothing_that_names_a_doctor_is_written_into_the_log_lines(
    practice: Practice, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    chen = await practice.doctor()
    with caplog.at_level(logging.DEBUG):
        await hand_in(client, chen, photo=b"no photo")
        await hand_in(client, chen, licence="12345")
        await hand_in(client, chen)
        await hand_in(client, chen)
    said = caplog.text + "".join(capfd.readouterr())
    assert NAME not in said
    assert LICENCE not in said


async def test_the_export_tells_the_owner_alone(practice: Practice, client: httpx.AsyncClient) -> None:
    chen, lin = await practice.doctor("chen"), await practice.doctor("lin")
    await hand_in(client, chen)
    await hand_in(client, lin, licence="110330000111111")
    mine = (await client.get("/api/doctor/me/export", headers=chen.headers)).text
    theirs = (await client.get("/api/doctor/me/export", headers=lin.headers)).text
    assert LICENCE in mine
    assert LICENCE not in theirs
    assert "110330000111111" not in mine
