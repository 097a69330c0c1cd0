"""Changing a file that readers are shown: whom it shows, its bytes, its focus; what they see follows at once."""

import asyncio
import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from content import assets, changing, filming, publishing, replacing, workflow
from content.assets import Asset, Entry, WrongKind
from content.parts import Audience
from content.publishing import ChecksFailed
from server.core.db import connection
from server.core.storage import DiskFiles, Incoming
from tests.content.files import DOCUMENT, film, pieces
from tests.content.studio import (
    NOON,
    a_consent,
    a_file,
    after,
    approve,
    draft,
    published_episode,
    published_series,
    series_text,
)
from tests.content.studio import publish as published

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def files(tmp_path: Path) -> DiskFiles:
    return DiskFiles(tmp_path / "files")


def drawn(colour: str, form: str = "JPEG") -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (800, 600), colour).save(data, form)
    return data.getvalue()


async def taken(files: DiskFiles, data: bytes, name: str = "file") -> Asset:
    return await assets.take_in(files=files, pieces=pieces(data), name=name, at_most=10**8, staff_id=1, at=NOON)


async def replaced(files: DiskFiles, asset_id: int, data: bytes, name: str = "new.jpg", **given: Any) -> Asset:
    incoming: Incoming = await files.receive(pieces(data), at_most=10**8)
    entry = Entry(name=name, staff_id=3, at=after(hours=1))
    return await replacing.replace_file(files=files, asset_id=asset_id, incoming=incoming, entry=entry, **given)


async def bound(asset_id: int, consent_id: int | None, *, shows_patient: bool = True) -> Asset:
    return await changing.bind(
        asset_id=asset_id, shows_patient=shows_patient, consent_id=consent_id, staff_id=3, at=after(hours=1)
    )


async def audience_of(item_id: int) -> str | None:
    return await connection().value("SELECT audience FROM live WHERE item_id = $1", item_id)


async def cover_of(item_id: int) -> dict[str, Any]:
    text = await connection().value("SELECT prepared -> 'cover' FROM live WHERE item_id = $1", item_id)
    return dict(msgspec.json.decode(text))


def article(**changes: Any) -> dict[str, Any]:
    return {
        "title": "造口护理的三个要点",
        "summary": "写给新上岗的护士。",
        "body": "正文。\n\n[[one]]",
        "sources": [{"title": "教科书第三版"}],
        "author": {"name": "陈一川", "title": "主任医师", "hospital": "江城示范医院"},
        **changes,
    }


IN_BODY = {
    "image": lambda asset: {"key": "one", "type": "image", "picture": {"asset": asset, "alt": "图"}},
    "document": lambda asset: {"key": "one", "type": "document", "document": {"asset": asset, "title": "讲义"}},
    "film": lambda asset: {"key": "one", "type": "video", "film": {"asset": asset}},
}


async def published_article(sort: str, asset_id: int) -> int:
    cover = {"asset": asset_id if sort == "cover" else await a_file(), "alt": "封面"}
    block = IN_BODY["image" if sort == "cover" else sort](await a_file() if sort == "cover" else asset_id)
    item_id = await draft("article", article(cover=cover, blocks=[block]))
    await published(item_id=item_id, staff_id=2, at=NOON)
    return item_id


@pytest.mark.parametrize(
    ("sort", "kind"), [("cover", "image"), ("image", "image"), ("document", "document"), ("film", "video")]
)
async def test_wherever_a_patient_is_shown_a_withdrawn_consent_takes_it_away(sort: str, kind: str) -> None:
    consent_id, asset_id = await a_consent(), await a_file(kind)
    await bound(asset_id, consent_id)
    item_id = await published_article(sort, asset_id)
    other = await published_article("cover", await a_file())
    assert (await filming.consent_of(consent_id=consent_id)).uses == 1
    await filming.withdraw(consent_id=consent_id, staff_id=3, at=after(hours=2))
    assert await audience_of(item_id) is None
    assert (await workflow.standing(item_id=item_id, at=after(hours=2))).state == workflow.State.WITHDRAWN
    assert await audience_of(other) is not None
    with pytest.raises(ChecksFailed) as refused:
        await publishing.publish(item_id=item_id, staff_id=2, at=after(hours=3))
    assert "consent_withdrawn" in {finding["code"] for finding in refused.value.facts["findings"]}


async def test_a_file_reaches_at_once_only_those_whom_its_patient_agreed_to() -> None:
    asset_id = await a_file()
    series_id = await published_series(cover={"asset": asset_id, "alt": "病区"})
    episode_id = await published_episode(series_id)
    assert (await audience_of(series_id), await audience_of(episode_id)) == ("everyone", "everyone")
    consent_id = await a_consent(scope=Audience.PROFESSIONAL)
    assert (await bound(asset_id, consent_id)).consent_id == consent_id
    assert (await audience_of(series_id), await audience_of(episode_id)) == ("professional", "professional")
    # Freed of it, it reaches everybody again.
    await bound(asset_id, None, shows_patient=False)
    assert await audience_of(episode_id) == "everyone"


async def test_nobody_sees_what_two_patients_agreed_to_for_different_circles() -> None:
    one, two = await a_file(), await a_file()
    item_id = await published_article("image", one)
    await bound(one, await a_consent(scope=Audience.DOCTOR))
    assert await audience_of(item_id) == "doctor"
    both = await draft(
        "article",
        article(cover={"asset": two, "alt": "封面"}, blocks=[IN_BODY["image"](one)], audience="doctor"),
    )
    await published(item_id=both, staff_id=2, at=NOON)
    assert await audience_of(both) == "doctor"
    await bound(two, await a_consent(scope=Audience.PATIENT))
    assert await audience_of(both) is None


async def test_a_file_found_to_show_a_patient_who_has_withdrawn_is_taken_away() -> None:
    asset_id, consent_id = await a_file(), await a_consent()
    await filming.withdraw(consent_id=consent_id, staff_id=3, at=NOON)
    item_id = await published_article("image", asset_id)
    await bound(asset_id, consent_id)
    assert await audience_of(item_id) is None
    assert (await workflow.standing(item_id=item_id, at=after(hours=2))).state == workflow.State.WITHDRAWN
    # It stays so: there is no way back from a withdrawal.
    with pytest.raises(filming.ConsentWithdrawn):
        await bound(asset_id, None, shows_patient=False)
    with pytest.raises(filming.ConsentWithdrawn):
        await bound(asset_id, await a_consent())


async def test_the_same_bytes_and_what_was_taken_from_them_show_the_same_patient(files: DiskFiles) -> None:
    one, again = await taken(files, film()), await taken(files, film())
    poster = await a_file(derived_from=again.id)
    other = await a_file()
    consent_id = await a_consent()
    await bound(one.id, consent_id)
    for asset_id in (one.id, again.id, poster):
        assert (await assets.asset_of(asset_id=asset_id)).consent_id == consent_id
    assert (await assets.asset_of(asset_id=other)).consent_id is None
    later = await taken(files, film())
    assert (later.consent_id, later.shows_patient) == (consent_id, True)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({}, "consent_missing"),
        ({"scope": Audience.DOCTOR}, "consent_scope"),
        ({"de_identified": False}, "not_de_identified"),
    ],
)
@pytest.mark.parametrize("sort", ["cover", "image", "document", "film"])
async def test_a_text_with_a_patient_is_published_only_with_a_consent_that_covers_it(
    sort: str, facts: dict[str, Any], code: str
) -> None:
    kind = {"cover": "image", "image": "image", "document": "document", "film": "video"}[sort]
    asset_id = await a_file(kind)
    await bound(asset_id, await a_consent(**facts) if facts else None)
    with pytest.raises(ChecksFailed) as refused:
        await published_article(sort, asset_id)
    assert code in {finding["code"] for finding in refused.value.facts["findings"]}


async def test_binding_and_publishing_at_once_leave_nobody_beyond_the_scope() -> None:
    for _ in range(6):
        asset_id, consent_id = await a_file(), await a_consent(scope=Audience.PROFESSIONAL)
        item_id = await draft("series", await series_text(cover={"asset": asset_id, "alt": "病区"}))
        await approve(item_id)
        outcomes = await asyncio.gather(
            publishing.publish(item_id=item_id, staff_id=2, at=NOON),
            bound(asset_id, consent_id),
            return_exceptions=True,
        )
        assert not isinstance(outcomes[1], BaseException)
        assert await audience_of(item_id) in ({None} if isinstance(outcomes[0], ChecksFailed) else {"professional"})


async def test_withdrawing_and_binding_at_once_leave_nothing_shown() -> None:
    asset_id, consent_id = await a_file(), await a_consent()
    item_id = await published_article("cover", asset_id)
    await asyncio.gather(
        bound(asset_id, consent_id), filming.withdraw(consent_id=consent_id, staff_id=3, at=after(hours=1))
    )
    assert await audience_of(item_id) is None


async def test_new_bytes_are_shown_by_every_item_at_once(files: DiskFiles) -> None:
    kept = await taken(files, drawn("red"), "封面.jpg")
    shows = [await published_series(cover={"asset": kept.id, "alt": "病区"}) for _ in range(3)]
    before = [await cover_of(item_id) for item_id in shows]
    after_it = await replaced(files, kept.id, drawn("blue"), "新封面.jpg")
    assert (after_it.id, after_it.name, after_it.kind) == (kept.id, "新封面.jpg", "image")
    assert after_it.sha256 != kept.sha256
    for item_id, was in zip(shows, before, strict=True):
        now = await cover_of(item_id)
        assert all(now[name] != was[name] for name in ("small", "medium", "large", "square", "share"))
        assert after_it.sha256[:16] in now["medium"]
    formers = await replacing.history(asset_id=kept.id)
    assert [(row.number, row.sha256, row.name, row.replaced_by) for row in formers] == [(1, kept.sha256, "封面.jpg", 3)]
    assert "asset.replace" in [row["deed"] for row in await connection().fetch("SELECT deed FROM audit_entry")]


async def test_what_a_file_was_can_be_put_back(files: DiskFiles) -> None:
    kept = await taken(files, drawn("red"), "一.jpg")
    await replaced(files, kept.id, drawn("blue"), "二.jpg")
    back = await replacing.restore(files=files, asset_id=kept.id, number=1, staff_id=3, at=after(hours=2))
    assert (back.sha256, back.name, back.width) == (kept.sha256, "一.jpg", 800)
    assert [row.name for row in await replacing.history(asset_id=kept.id)] == ["二.jpg", "一.jpg"]
    with pytest.raises(replacing.VersionMissing):
        await replacing.restore(files=files, asset_id=kept.id, number=9, staff_id=3, at=after(hours=2))


async def test_only_bytes_of_the_same_kind_take_a_place(files: DiskFiles) -> None:
    kept = await taken(files, drawn("red"))
    for data, refusal in (
        (film(), WrongKind),
        (DOCUMENT, WrongKind),
        (drawn("red"), replacing.SameBytes),
    ):
        with pytest.raises(refusal):
            await replaced(files, kept.id, data)
    with pytest.raises(assets.AssetMissing):
        await replaced(files, 999, drawn("blue"))
    assert (await assets.asset_of(asset_id=kept.id)).sha256 == kept.sha256
    assert await replacing.history(asset_id=kept.id) == []
    # Another format of an image is an image.
    assert (await replaced(files, kept.id, drawn("blue", "PNG"))).media_type == "image/png"


async def test_the_consent_stays_with_the_file_and_with_the_bytes(files: DiskFiles) -> None:
    kept, consent_id = await taken(files, drawn("red")), await a_consent()
    await bound(kept.id, consent_id)
    assert (await replaced(files, kept.id, drawn("blue"))).consent_id == consent_id
    # The bytes that were replaced are known again when they come back.
    assert (await taken(files, drawn("red"))).consent_id == consent_id
    other = await taken(files, drawn("green"))
    await bound(other.id, await a_consent())
    with pytest.raises(replacing.OtherPatient):
        await replaced(files, other.id, drawn("red"))
    free = await taken(files, drawn("white"))
    assert (await replaced(files, free.id, drawn("red"))).consent_id == consent_id
    await filming.withdraw(consent_id=consent_id, staff_id=3, at=after(hours=2))
    with pytest.raises(filming.ConsentWithdrawn):
        await replaced(files, kept.id, drawn("black"))


async def test_replacing_and_publishing_at_once_show_the_new_bytes(files: DiskFiles) -> None:
    for number in range(5):
        kept = await taken(files, drawn("red"))
        item_id = await draft("series", await series_text(cover={"asset": kept.id, "alt": "病区"}))
        await approve(item_id)
        await asyncio.gather(
            publishing.publish(item_id=item_id, staff_id=2, at=NOON),
            replaced(files, kept.id, drawn(f"#0000{number + 10:02x}")),
        )
        now = await assets.asset_of(asset_id=kept.id)
        assert now.sha256[:16] in (await cover_of(item_id))["medium"]


async def test_two_replacements_at_once_are_one_after_the_other(files: DiskFiles) -> None:
    kept = await taken(files, drawn("red"))
    await asyncio.gather(*(replaced(files, kept.id, drawn(f"#00{number:02x}00")) for number in range(4)))
    assert [row.number for row in await replacing.history(asset_id=kept.id)] == [4, 3, 2, 1]


async def test_another_focus_gives_the_cuts_new_addresses_and_leaves_the_rest(files: DiskFiles) -> None:
    kept = await taken(files, drawn("red"))
    item_id = await published_series(cover={"asset": kept.id, "alt": "病区"})
    before = await cover_of(item_id)
    await changing.focus(asset_id=kept.id, x=10, y=90, staff_id=3, at=after(hours=1))
    now = await cover_of(item_id)
    assert "x10y90" in now["share"]
    assert now["square"] != before["square"]
    assert now["medium"] == before["medium"]
    for x, y in ((-1, 0), (0, 101)):
        with pytest.raises(changing.FocusBad):
            await changing.focus(asset_id=kept.id, x=x, y=y, staff_id=3, at=after(hours=1))
    with pytest.raises(changing.FocusBad):
        await changing.focus(asset_id=await a_file("video"), x=0, y=0, staff_id=3, at=after(hours=1))


async def test_a_file_that_waits_to_be_shown_stays_in_the_library() -> None:
    asset_id = await a_file()
    item_id = await draft("series", await series_text(cover={"asset": asset_id, "alt": "病区"}))
    await published(item_id=item_id, staff_id=2, at=NOON, starts_at=after(days=1))
    await connection().execute("DELETE FROM asset_use")
    with pytest.raises(assets.AssetInUse) as refused:
        await assets.remove(asset_id=asset_id, staff_id=1, at=NOON)
    assert refused.value.facts == {"item_ids": [item_id]}
    assert (await assets.asset_of(asset_id=asset_id)).id == asset_id
