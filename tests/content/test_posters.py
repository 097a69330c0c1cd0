"""Pictures taken from films."""

import io
from pathlib import Path

import pytest
from PIL import Image

from content import assets, changing, posters
from content.assets import Asset, WrongKind
from server.core.images import FileBroken
from server.core.storage import DiskFiles
from tests.content.files import film, picture, pieces
from tests.content.studio import NOON, a_consent

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def files(tmp_path: Path) -> DiskFiles:
    return DiskFiles(tmp_path / "files")


async def taken(files: DiskFiles, data: bytes, name: str = "手术录像.mp4") -> Asset:
    return await assets.take_in(files=files, pieces=pieces(data), name=name, at_most=10**8, staff_id=1, at=NOON)


async def poster(files: DiskFiles, asset_id: int, second: float) -> Asset:
    return await posters.poster(files=files, asset_id=asset_id, second=second, staff_id=1, at=NOON)


@pytest.mark.parametrize(("second", "shade"), [(0.0, 0), (1.0, 35), (1.3, 42), (2.0, 63)])
async def test_the_picture_is_the_one_of_that_second(files: DiskFiles, second: float, shade: int) -> None:
    # The film grows lighter by 7 with each of its five pictures a second.
    kept = await taken(files, film())
    still = await poster(files, kept.id, second)
    assert (still.kind, still.width, still.height, still.derived_from) == ("image", 160, 96, kept.id)
    with Image.open(io.BytesIO(await files.load(still.sha256))) as image:
        assert all(abs(value - shade) <= 6 for value in image.convert("RGB").getpixel((80, 48)))


async def test_it_is_named_after_the_film_and_shows_whom_the_film_shows(files: DiskFiles) -> None:
    kept, consent_id = await taken(files, film()), await a_consent()
    early = await poster(files, kept.id, 0.0)
    await changing.bind(asset_id=kept.id, shows_patient=True, consent_id=consent_id, staff_id=1, at=NOON)
    late = await poster(files, kept.id, 1.2)
    assert late.name == "手术录像 0'01.2.jpg"
    for still in (early, late):
        assert (await assets.asset_of(asset_id=still.id)).consent_id == consent_id
    assert (await assets.newest_derived([kept.id]))[kept.id].id == late.id


async def test_there_is_no_picture_where_no_film_is(files: DiskFiles) -> None:
    kept, image = await taken(files, film()), await taken(files, picture("JPEG"), "a.jpg")
    for second in (-0.1, 2.1, 1e9):
        with pytest.raises(posters.SecondOutside):
            await poster(files, kept.id, second)
    with pytest.raises(WrongKind):
        await poster(files, image.id, 0)
    with pytest.raises(assets.AssetMissing):
        await poster(files, 999, 0)
    files.path_of(kept.sha256).unlink()
    with pytest.raises(FileBroken):
        await poster(files, kept.id, 0)


async def test_a_film_that_shows_nothing_there_breaks_only_its_own_process(files: DiskFiles) -> None:
    kept = await taken(files, film())
    files.path_of(kept.sha256).write_bytes(film()[:300] + bytes(2000))
    with pytest.raises(FileBroken):
        await poster(files, kept.id, 1.0)
