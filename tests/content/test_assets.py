"""The library of files."""

import asyncio
import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image, ImageColor

from content import assets, items, library, renditions
from content.assets import AssetInUse, AssetMissing, NameBad, WrongKind
from content.library import Sought
from content.pictures import Spec
from server.core.db import connection
from server.core.images import FileBroken, FileUnknown
from server.core.storage import DiskFiles, FileTooLarge
from tests.content.files import DOCUMENT, film, picture, pieces
from tests.content.studio import NOON, a_consent, after, draft, published_episode, published_series

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def files(tmp_path: Path) -> DiskFiles:
    return DiskFiles(tmp_path / "files")


async def taken(files: DiskFiles, data: bytes, **given: Any) -> assets.Asset:
    asked = {"name": "file", "at_most": 10**8, "staff_id": 1, "at": NOON, **given}
    return await assets.take_in(files=files, pieces=pieces(data), **asked)


def leftovers(files: DiskFiles) -> list[Path]:
    return list((files.root / "incoming").glob("*"))


async def test_an_image_enters_the_library_as_its_clean_drawing(files: DiskFiles) -> None:
    asset = await taken(files, picture("JPEG"), name="C:\\photos\\封面.jpg", alt="手术室")
    assert (asset.kind, asset.name, asset.alt) == ("image", "封面.jpg", "手术室")
    kept = files.path_of(asset.sha256)
    assert kept.stat().st_size == asset.bytes
    with Image.open(kept) as image:
        assert image.size == (asset.width, asset.height) == (640, 360)
    assert leftovers(files) == []
    assert await connection().value("SELECT deed FROM audit_entry") == "asset.take_in"


async def test_a_film_is_kept_byte_for_byte(files: DiskFiles) -> None:
    asset = await taken(files, film())
    assert files.path_of(asset.sha256).read_bytes() == film()
    assert (asset.kind, asset.seconds) == ("video", 2.0)


@pytest.mark.parametrize(
    ("data", "given", "refusal"),
    [
        pytest.param(film()[:-9], {}, FileBroken, id="a cut film"),
        pytest.param(b"<svg onload=alert(1)>", {}, FileUnknown, id="SVG"),
        pytest.param(b"", {}, FileUnknown, id="nothing"),
        pytest.param(picture("JPEG"), {"at_most": 1000}, FileTooLarge, id="too long"),
        pytest.param(picture("JPEG"), {"wanted": "video"}, WrongKind, id="an image for a film"),
        pytest.param(picture("JPEG"), {"name": "x" * 300}, NameBad, id="a long name"),
        pytest.param(picture("JPEG"), {"alt": "x" * 300}, NameBad, id="long words"),
    ],
)
async def test_what_is_refused_leaves_nothing(
    files: DiskFiles, data: bytes, given: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await taken(files, data, **given)
    assert leftovers(files) == []
    assert [each async for each in files.names(before=datetime.now(UTC) + timedelta(days=1))] == []
    assert await connection().value("SELECT count(*) FROM asset") == 0


async def test_a_name_is_only_a_name(files: DiskFiles) -> None:
    asset = await taken(files, DOCUMENT, name="../../\x1b[2Jetc/讲\u202e义.pdf")
    assert asset.name == "讲义.pdf"
    assert (await taken(files, DOCUMENT, name="\x00\x01")).name == "file"


async def test_the_same_film_taken_in_again_is_bound_to_the_same_consent(files: DiskFiles) -> None:
    first = await taken(files, film())
    consent_id = await a_consent()
    series_id = await published_series()
    await published_episode(
        series_id, consent_id=consent_id, duration_s=2, video={"asset": first.id}, chapters=[], questions=[]
    )
    again = await taken(files, film())
    assert again.id != first.id
    assert again.consent_id == consent_id


async def test_the_library_is_searched_by_name_and_words(files: DiskFiles) -> None:
    one = await taken(files, picture("JPEG"), name="a.jpg", alt="造口袋")
    await taken(files, DOCUMENT, name="讲义.pdf")
    assert [row.id for row in (await library.listing(sought=Sought(text="造口"))).rows] == [one.id]
    assert (await library.listing(sought=Sought(kind="document"))).total == 1
    assert (await library.listing(sought=Sought(text="%"))).total == 0


async def test_a_file_in_use_stays_in_the_library(files: DiskFiles) -> None:
    asset = await taken(files, picture("JPEG"))
    item_id = await draft("series", {"title": "一", "cover": {"asset": asset.id}})
    with pytest.raises(AssetInUse) as refused:
        await assets.remove(asset_id=asset.id, staff_id=1, at=NOON)
    assert refused.value.facts == {"item_ids": [item_id]}
    assert [(use.title, use.place, use.field) for use in await assets.uses(asset_id=asset.id)] == [
        ("一", "draft", "cover.asset")
    ]
    await items.save_draft(item_id=item_id, shape={}, revision=1, staff_id=1, at=NOON)
    await assets.remove(asset_id=asset.id, staff_id=1, at=NOON)
    with pytest.raises(AssetMissing):
        await assets.asset_of(asset_id=asset.id)


async def test_a_file_can_be_described(files: DiskFiles) -> None:
    asset = await taken(files, picture("JPEG"))
    changed = await assets.describe(asset_id=asset.id, name="封面", alt="看片", staff_id=1, at=after(minutes=1))
    assert (changed.name, changed.alt) == ("封面", "看片")
    with pytest.raises(AssetMissing):
        await assets.describe(asset_id=999, name="x", alt="", staff_id=1, at=NOON)


@pytest.mark.parametrize(("suffix", "form"), [("webp", "WEBP"), ("jpg", "JPEG")])
async def test_a_picture_is_drawn_in_the_width_that_is_asked_for(files: DiskFiles, suffix: str, form: str) -> None:
    asset = await taken(files, picture("PNG", (1600, 900), mode="RGBA"))
    drawn = await asyncio.gather(
        *(renditions.rendition(files=files, sha256=asset.sha256, spec=Spec(750), suffix=suffix) for _ in range(3))
    )
    assert len(set(drawn)) == 1
    with Image.open(io.BytesIO(drawn[0])) as image:
        assert (image.size, image.format) == ((750, 422), form)
    assert leftovers(files) == []


async def test_a_small_picture_is_not_blown_up(files: DiskFiles) -> None:
    asset = await taken(files, picture("JPEG", (200, 100)))
    drawn = await renditions.rendition(files=files, sha256=asset.sha256, spec=Spec(375), suffix="webp")
    with Image.open(io.BytesIO(drawn)) as image:
        assert image.size == (200, 100)


@pytest.mark.parametrize("suffix", ["png", "svg", "gif"])
async def test_only_two_formats_are_drawn(files: DiskFiles, suffix: str) -> None:
    asset = await taken(files, picture("JPEG"))
    with pytest.raises(FileUnknown):
        await renditions.rendition(files=files, sha256=asset.sha256, spec=Spec(750), suffix=suffix)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(("x", "shown"), [(0, "red"), (50, "lime"), (100, "blue")])
async def test_a_cut_keeps_the_point_that_matters(files: DiskFiles, form: str, x: int, shown: str) -> None:
    # Three stripes side by side, of which a square shows one.
    image = Image.new("RGB", (2400, 800))
    for number, colour in enumerate(("red", "lime", "blue")):
        image.paste(colour, (800 * number, 0, 800 * (number + 1), 800))
    data = io.BytesIO()
    image.save(data, form)
    asset = await taken(files, data.getvalue())
    drawn = await renditions.rendition(
        files=files, sha256=asset.sha256, spec=Spec(200, 200, x=x, y=50, quality=90), suffix="jpg"
    )
    with Image.open(io.BytesIO(drawn)) as square:
        assert square.size == (200, 200)
        wanted = ImageColor.getrgb(shown)
        for place in ((4, 4), (100, 100), (195, 195)):
            assert all(abs(one - other) < 30 for one, other in zip(square.getpixel(place), wanted, strict=True))


@pytest.mark.parametrize(("form", "size"), [("PNG", (2400, 3600)), ("WEBP", (3000, 1700)), ("PNG", (6000, 1200))])
async def test_a_large_image_is_drawn_from_a_smaller_one_just_as_sharp(
    files: DiskFiles, form: str, size: tuple[int, int]
) -> None:
    asset = await taken(files, picture(form, size))
    master = f"{asset.sha256}-{renditions.MASTER}"
    assert await files.is_kept(master, shelf="renditions") == (min(size) > 1125 / 0.7)
    for spec in (Spec(1125), Spec(375, 375), Spec(500, 400, 0, 100)):
        drawn = await renditions.rendition(files=files, sha256=asset.sha256, spec=spec, suffix="webp")
        with Image.open(io.BytesIO(drawn)) as image:
            assert image.width == spec.width
            assert abs(image.height - (spec.height or spec.width * size[1] / size[0])) <= 1
    # It stays as long as the image does, whoever asks for it or not.
    if await files.is_kept(master, shelf="renditions"):
        os.utime(files.path_of(master, shelf="renditions"), (NOON.timestamp(),) * 2)
        await renditions.clear_files(SimpleNamespace(files=files), after(days=99))
        assert await files.is_kept(master, shelf="renditions")


async def test_an_image_that_many_ask_for_at_once_is_drawn_once(
    files: DiskFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = await taken(files, picture("JPEG", (1600, 900)))
    drawn = []
    draw = renditions.draw
    monkeypatch.setattr(renditions, "draw", lambda *given: (drawn.append(given), draw(*given)))
    asking = [
        asyncio.create_task(renditions.rendition(files=files, sha256=asset.sha256, spec=Spec(750), suffix="webp"))
        for _ in range(20)
    ]
    await asyncio.sleep(0)
    # Who leaves does not take it from the others.
    asking[0].cancel()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert len(set(answers[1:])) == 1
    assert len(drawn) == 1


async def test_a_rendition_that_nobody_asks_for_any_more_is_cleared(files: DiskFiles) -> None:
    asset = await taken(files, picture("JPEG"))
    await renditions.rendition(files=files, sha256=asset.sha256, spec=Spec(375), suffix="webp")
    name = f"{asset.sha256}-w375q80.webp"
    os.utime(files.path_of(name, shelf="renditions"), (NOON.timestamp(),) * 2)
    await renditions.clear_files(SimpleNamespace(files=files), after(days=29))
    assert await files.is_kept(name, shelf="renditions")
    await renditions.clear_files(SimpleNamespace(files=files), after(days=31))
    assert not await files.is_kept(name, shelf="renditions")
    assert await files.is_kept(asset.sha256)
    assert await renditions.rendition(files=files, sha256=asset.sha256, spec=Spec(375), suffix="webp")


async def test_the_bytes_of_removed_files_are_cleared_a_day_later(files: DiskFiles) -> None:
    kept, gone = await taken(files, picture("JPEG")), await taken(files, DOCUMENT)
    await assets.remove(asset_id=gone.id, staff_id=1, at=NOON)
    for path in (files.path_of(kept.sha256), files.path_of(gone.sha256)):
        os.utime(path, (NOON.timestamp(),) * 2)
    await renditions.clear_files(SimpleNamespace(files=files), after(hours=23))
    assert files.path_of(gone.sha256).exists()
    await renditions.clear_files(SimpleNamespace(files=files), after(hours=25))
    assert not files.path_of(gone.sha256).exists()
    assert files.path_of(kept.sha256).exists()
