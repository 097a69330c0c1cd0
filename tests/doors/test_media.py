"""The doors of files: signed addresses, parts of files, and what closes them."""

import asyncio
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from content import airings, assets, filming, media, publishing
from content.assets import Asset
from server.core import clock
from server.core.db import connection
from server.core.storage import DiskFiles
from tests.content.files import film, picture, pieces
from tests.content.studio import (
    a_consent,
    draft,
    episode_text,
    publish,
    published_episode,
    published_series,
    series_text,
)

DATA = film()
SIZE = len(DATA)


class Shelf:
    """An episode with a real film and a real cover."""

    def __init__(self, series_id: int, episode_id: int, consent_id: int, kept: Asset) -> None:
        self.series_id, self.episode_id, self.consent_id, self.film = series_id, episode_id, consent_id, kept
        self.address = ""


async def take(app: Any, data: bytes, name: str = "film.mp4") -> Asset:
    files: DiskFiles = app.ctx.files
    return await assets.take_in(files=files, pieces=pieces(data), name=name, at_most=10**8, staff_id=1, at=clock.now())


@pytest.fixture
async def shelf(app: Any, client: httpx.AsyncClient) -> Shelf:
    now = clock.now()
    kept, consent_id = await take(app, DATA), await a_consent()
    series_id = await published_series(at=now)
    episode_id = await published_episode(
        series_id,
        at=now,
        airs_at=now,
        duration_s=2,
        chapters=[],
        questions=[],
        video={"asset": kept.id},
        filmed_patient=True,
        consent_id=consent_id,
    )
    shelf = Shelf(series_id, episode_id, consent_id, kept)
    shelf.address = (await client.get(f"/api/doctor/episodes/{episode_id}/video")).json()["url"]
    return shelf


async def test_a_film_is_sent_whole(client: httpx.AsyncClient, shelf: Shelf) -> None:
    answer = await client.get(shelf.address)
    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-length"] == str(SIZE)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["x-request-id"]


async def test_the_head_of_a_film_says_what_the_film_would(client: httpx.AsyncClient, shelf: Shelf) -> None:
    whole, head = await client.get(shelf.address), await client.head(shelf.address)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "content-type", "etag", "last-modified", "accept-ranges"):
        assert head.headers[name] == whole.headers[name]
    part = await client.head(shelf.address, headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.headers["content-length"]) == (206, "10")
    # The connection is still good for the next.
    assert (await client.get(shelf.address)).content == DATA


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-1", 0, 2),
        ("bytes=100-299", 100, 300),
        ("bytes=100-", 100, SIZE),
        ("bytes=-7", SIZE - 7, SIZE),
        (f"bytes={SIZE - 1}-{SIZE + 100}", SIZE - 1, SIZE),
        (f"bytes=-{SIZE * 2}", 0, SIZE),
    ],
)
async def test_a_part_of_a_film_is_sent(
    client: httpx.AsyncClient, shelf: Shelf, asked: str, start: int, end: int
) -> None:
    answer = await client.get(shelf.address, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, DATA[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "bytes=5-1", "lines=1-2", "bytes=x", "garbage"])
async def test_a_range_that_is_not_understood_gives_the_whole(
    client: httpx.AsyncClient, shelf: Shelf, asked: str
) -> None:
    answer = await client.get(shelf.address, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, DATA)


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE}", "bytes=-0"])
async def test_a_part_outside_the_film_is_refused(client: httpx.AsyncClient, shelf: Shelf, asked: str) -> None:
    answer = await client.get(shelf.address, headers={"Range": asked})
    assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{SIZE}"


async def test_a_part_is_sent_only_of_the_same_film(client: httpx.AsyncClient, shelf: Shelf) -> None:
    whole = await client.get(shelf.address)
    for if_range, status in (
        (whole.headers["etag"], 206),
        (whole.headers["last-modified"], 206),
        ('"other"', 200),
        (f"W/{whole.headers['etag']}", 200),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 200),
    ):
        answer = await client.get(shelf.address, headers={"Range": "bytes=0-9", "If-Range": if_range})
        assert answer.status_code == status, if_range
    same = await client.get(shelf.address, headers={"If-None-Match": whole.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


async def test_many_parts_at_once_are_each_right(client: httpx.AsyncClient, shelf: Shelf) -> None:
    starts = range(0, SIZE - 1000, 997)
    answers = await asyncio.gather(
        *(client.get(shelf.address, headers={"Range": f"bytes={start}-{start + 999}"}) for start in starts)
    )
    for start, answer in zip(starts, answers, strict=True):
        assert answer.content == DATA[start : start + 1000]


@pytest.mark.parametrize(
    "token",
    ["x", "AAAA", "a" * 300, "..%2f..%2fetc%2fpasswd", "%00", "汉字", "AGr5NUgAAAAAAAAAAAAAAAAAAAAAECO48rH5CI1S"],
)
async def test_an_address_that_was_not_given_out_opens_nothing(client: httpx.AsyncClient, token: str) -> None:
    assert (await client.get(f"/media/{token}")).status_code == 404


async def test_an_address_for_one_item_does_not_open_the_files_of_another(
    app: Any, client: httpx.AsyncClient, shelf: Shelf
) -> None:
    other = await take(app, picture("JPEG"), "other.jpg")
    soon = clock.now() + timedelta(minutes=1)
    for item_id, asset_id in ((shelf.episode_id, other.id), (shelf.series_id, shelf.film.id), (999, shelf.film.id)):
        address = media.address(app.ctx.media.signer, item_id=item_id, asset_id=asset_id, expires_at=soon)
        assert (await client.get(address)).status_code == 404


async def test_an_address_ends(app: Any, client: httpx.AsyncClient, shelf: Shelf) -> None:
    over = media.address(app.ctx.media.signer, item_id=shelf.episode_id, asset_id=shelf.film.id, expires_at=clock.now())
    answer = await client.get(over)
    assert (answer.status_code, answer.json()["code"]) == (410, "address_expired")


async def test_a_withdrawn_consent_closes_an_address_that_was_given_out(
    client: httpx.AsyncClient, shelf: Shelf
) -> None:
    assert (await client.get(shelf.address)).status_code == 200
    await filming.withdraw(consent_id=shelf.consent_id, staff_id=1, at=clock.now())
    assert (await client.get(shelf.address)).status_code == 410


async def test_an_address_closes_with_the_consent_alone(app: Any, client: httpx.AsyncClient, shelf: Shelf) -> None:
    # Another episode shows the same film and knows of no consent; nothing but the file itself is bound to it.
    await connection().execute("UPDATE live SET consent_id = NULL")
    await connection().execute("UPDATE filmed_consent SET withdrawn_at = now()")
    for kept in app.ctx.changes.kept:
        kept.clear()
    assert (await client.get(shelf.address)).status_code == 404
    video = await client.get(f"/api/doctor/episodes/{shelf.episode_id}/video")
    assert (video.status_code, video.json()["code"]) == (404, "film_missing")


async def test_a_withdrawn_consent_closes_the_editors_address_too(
    app: Any, client: httpx.AsyncClient, shelf: Shelf
) -> None:
    address = media.staff_address(app.ctx.media.signer, asset_id=shelf.film.id, at=clock.now())
    assert (await client.get(address)).content == DATA
    await filming.withdraw(consent_id=shelf.consent_id, staff_id=1, at=clock.now())
    assert (await client.get(address)).status_code == 404


async def test_a_withdrawn_consent_closes_the_film_wherever_else_it_is_used(
    client: httpx.AsyncClient, shelf: Shelf
) -> None:
    await filming.withdraw(consent_id=shelf.consent_id, staff_id=1, at=clock.now())
    item_id = await draft(
        "episode",
        await episode_text(duration_s=2, chapters=[], questions=[], video={"asset": shelf.film.id}),
        parent_id=shelf.series_id,
    )
    with pytest.raises(publishing.ChecksFailed):
        await publish(item_id=item_id, staff_id=1, at=clock.now())


@pytest.mark.parametrize("deed", ["withdraw", "withdraw the series", "expire", "move the airing", "cancel the airing"])
async def test_an_address_closes_with_its_item(client: httpx.AsyncClient, shelf: Shelf, deed: str) -> None:
    assert (await client.get(shelf.address)).status_code == 200
    now = clock.now()
    if deed == "withdraw":
        await publishing.withdraw(item_id=shelf.episode_id, reason="", staff_id=1, at=now)
    elif deed == "withdraw the series":
        await publishing.withdraw(item_id=shelf.series_id, reason="", staff_id=1, at=now)
    elif deed == "expire":
        await publish(item_id=shelf.episode_id, ends_at=now + timedelta(milliseconds=50), staff_id=1, at=now)
        await asyncio.sleep(0.06)
    elif deed == "move the airing":
        await airings.schedule(episode_id=shelf.episode_id, airs_at=now + timedelta(days=1), staff_id=1, at=now)
    else:
        await airings.schedule(episode_id=shelf.episode_id, airs_at=now + timedelta(days=1), staff_id=1, at=now)
        await airings.cancel(episode_id=shelf.episode_id, staff_id=1, at=now)
    assert (await client.get(shelf.address)).status_code in {404, 409, 410}


async def test_a_film_that_is_being_sent_breaks_off_when_its_consent_is_withdrawn(
    app: Any, client: httpx.AsyncClient, shelf: Shelf
) -> None:
    # A long film, of which the receiver takes a little at a time.
    files: DiskFiles = app.ctx.files
    place = files.path_of(shelf.film.sha256)
    long = 64 * 1024 * 1024
    await connection().execute("UPDATE asset SET bytes = $2 WHERE id = $1", shelf.film.id, long)
    with place.open("r+b") as file:
        file.truncate(long)
    for kept in app.ctx.changes.kept:
        kept.clear()
    received = 0
    with pytest.raises(httpx.RemoteProtocolError):
        async with client.stream("GET", shelf.address) as answer:
            async for piece in answer.aiter_raw(64 * 1024):
                received += len(piece)
                if received == len(piece):
                    await filming.withdraw(consent_id=shelf.consent_id, staff_id=1, at=clock.now())
    place.write_bytes(DATA)
    assert received < long


async def test_a_reader_who_leaves_in_the_middle_harms_nobody(
    app: Any, client: httpx.AsyncClient, shelf: Shelf
) -> None:
    for _ in range(5):
        async with client.stream("GET", shelf.address) as answer:
            async for _ in answer.aiter_raw(100):
                break
    assert (await client.get(shelf.address)).content == DATA


async def test_a_file_that_is_lost_is_missing_and_no_fault(app: Any, client: httpx.AsyncClient, shelf: Shelf) -> None:
    place: Path = app.ctx.files.path_of(shelf.film.sha256)
    place.rename(place.with_suffix(".away"))
    answer = await client.get(shelf.address)
    place.with_suffix(".away").rename(place)
    assert (answer.status_code, answer.json()["code"]) == (404, "file_missing")


@pytest.fixture
async def covered(app: Any, client: httpx.AsyncClient) -> dict[str, Any]:
    kept = await take(app, picture("PNG", (1600, 900)), "cover.png")
    item_id = await draft("series", await series_text(cover={"asset": kept.id, "alt": "手术室"}))
    await publish(item_id=item_id, staff_id=1, at=clock.now())
    page = (await client.get(f"/api/doctor/series/{item_id}")).json()
    return {"item": item_id, "asset": kept, **page["cover"]}


@pytest.mark.parametrize(("name", "width"), [("small", 375), ("medium", 750), ("large", 1125)])
async def test_a_cover_is_public_in_three_widths(
    client: httpx.AsyncClient, covered: dict[str, Any], tmp_path: Path, name: str, width: int
) -> None:
    for suffix, form in (("webp", "WEBP"), ("jpg", "JPEG")):
        answer = await client.get(covered[name].replace(".webp", f".{suffix}"))
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=2592000, immutable"
        (tmp_path / "cover").write_bytes(answer.content)
        with Image.open(tmp_path / "cover") as image:
            assert (image.width, image.format) == (width, form)
    same = await client.get(covered[name], headers={"If-None-Match": (await client.get(covered[name])).headers["etag"]})
    assert same.status_code == 304


async def test_a_cover_has_only_its_own_addresses(client: httpx.AsyncClient, covered: dict[str, Any]) -> None:
    good = covered["medium"]
    mark = good.rsplit("-", 1)[-1].removesuffix(".webp")
    for bad in (
        good.replace("-w750q80-", "-w751q80-"),
        good.replace("-w750q80-", "-w750q81-"),
        good.replace("-w750q80-", "-w750h750x50y50q80-"),
        good.replace(".webp", ".svg"),
        good.replace(covered["asset"].sha256[:16], "0" * 16),
        good.replace(".webp", ".webp%0a"),
        good.replace(mark, mark[::-1]),
        good.replace(mark, covered["large"].rsplit("-", 1)[-1].removesuffix(".webp")),
        good.replace(f"-{mark}", ""),
        good.replace(f"/{covered['item']}/", "/999/"),
        f"/media/pictures/{covered['item']}/..%2f..%2fpasswd",
    ):
        assert bad != good
        assert (await client.get(bad)).status_code in {404, 422}, bad


@pytest.mark.parametrize(("name", "size"), [("square", (375, 375)), ("share", (500, 400))])
async def test_a_cover_is_cut_for_where_it_is_shown(
    client: httpx.AsyncClient, covered: dict[str, Any], name: str, size: tuple[int, int]
) -> None:
    with Image.open(io.BytesIO((await client.get(covered[name])).content)) as image:
        assert image.size == size


async def test_addresses_of_before_are_good(client: httpx.AsyncClient, covered: dict[str, Any]) -> None:
    old = f"/media/covers/{covered['item']}/{covered['asset'].id}-{covered['asset'].sha256[:16]}-{{}}"
    assert (await client.get(old.format("750.webp"))).content == (await client.get(covered["medium"])).content
    assert (await client.get(old.format("750.jpg"))).status_code == 200
    for bad in ("751.webp", "750.svg", "w750q80.webp"):
        assert (await client.get(old.format(bad))).status_code in {404, 422}


async def test_a_picture_that_many_ask_for_at_once_is_right_for_each(
    client: httpx.AsyncClient, covered: dict[str, Any]
) -> None:
    answers = await asyncio.gather(*(client.get(covered["large"]) for _ in range(30)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1


async def test_the_cover_of_a_withdrawn_item_is_gone(client: httpx.AsyncClient, covered: dict[str, Any]) -> None:
    assert (await client.get(covered["medium"])).status_code == 200
    await publishing.withdraw(item_id=covered["item"], reason="", staff_id=1, at=clock.now())
    assert (await client.get(covered["medium"])).status_code == 410
