"""The pages of the library: who may do what, and what each deed leaves behind."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from desk import Desk
from shelf import LONG_AGO, a_consent, a_file, a_series

from content import assets, library, replacing
from content.assets import Asset
from server.core import clock
from server.core.db import connection
from server.core.roles import Role
from tests.admin.test_uploads import Sender, named
from tests.content.files import film, picture, pieces


@pytest.fixture
async def editor(employ: Any) -> Desk:
    return await employ(Role.EDITOR)


async def take(app: Any, data: bytes, name: str) -> Asset:
    return await assets.take_in(
        files=app.ctx.files, pieces=pieces(data), name=name, at_most=10**8, staff_id=1, at=clock.now()
    )


async def test_files_are_found_by_folder_tag_and_what_they_lack(editor: Desk) -> None:
    folder = await library.make_folder(name="手术", parent_id=None, staff_id=1, at=LONG_AGO)
    inner = await library.make_folder(name="视频", parent_id=folder.id, staff_id=1, at=LONG_AGO)
    names = {name: await a_file(name=name, alt="有" if name != "three" else "") for name in ("one", "two", "three")}
    await library.move(asset_ids=[names["one"]], folder_id=inner.id, staff_id=1, at=LONG_AGO)
    await library.tag(asset_ids=[names["two"]], add=["封面"], staff_id=1, at=LONG_AGO)
    await connection().execute("UPDATE asset SET shows_patient = true WHERE id = $1", names["two"])
    for query, found in (
        ({"folder": folder.id}, {"one"}),
        ({"folder": 0}, {"two", "three"}),
        ({"tag": "封面"}, {"two"}),
        ({"text": "封面"}, {"two"}),
        ({"only": "wordless"}, {"three"}),
        ({"only": "unbound"}, {"two"}),
        ({"only": "unused"}, {"one", "two", "three"}),
        ({"only": "nonsense", "folder": 10**17}, set()),
        ({"text": "%_'\\"}, set()),
    ):
        html = (await editor.client.get("/admin/assets", params=query)).text
        assert {name for name in names if f">{name}<" in html} == found, query


async def test_many_files_are_moved_tagged_and_removed_at_once(editor: Desk) -> None:
    folder = await library.make_folder(name="封面", parent_id=None, staff_id=1, at=LONG_AGO)
    series_id = await a_series()
    used = await connection().value("SELECT asset_id FROM asset_use LIMIT 1")
    free = [await a_file(), await a_file()]

    async def bulk(**values: Any) -> httpx.Response:
        return await editor.send("/admin/assets/bulk", {"asset": [used, *free], **values})

    assert (await bulk(deed="move", folder=folder.id)).status_code == 303
    assert (await bulk(deed="tag", tags="手术室，封面, 封面")).status_code == 303
    assert (await bulk(deed="untag", tags="封面")).status_code == 303
    row = await assets.asset_of(asset_id=used)
    assert (row.folder_id, row.tags) == (folder.id, ["手术室"])
    assert (await bulk(deed="remove")).status_code == 303
    assert [row.id for row in (await library.listing()).rows] == [used]
    assert series_id
    for values, status in (
        ({"deed": "burn"}, 422),
        ({"deed": "move", "folder": 999}, 404),
        ({"deed": "tag", "tags": "x" * 40}, 422),
        ({"deed": "tag", "tags": ",".join(map(str, range(30)))}, 422),
        ({"deed": "tag", "tags": "a", "asset": [*range(1, 300)]}, 422),
        ({"deed": "move", "asset": ["x", "-1", "9" * 30]}, 303),
    ):
        assert (await bulk(**values)).status_code == status, values


async def test_folders_are_made_renamed_and_removed_when_empty(editor: Desk) -> None:
    send = editor.send
    assert (await send("/admin/assets/folders", {"name": "手术"})).status_code == 303
    folder = (await library.folders())[0]
    assert (await send("/admin/assets/folders", {"name": "手术"})).status_code == 409
    assert (await send("/admin/assets/folders", {"name": "视频", "parent": folder.id})).status_code == 303
    assert [row.path for row in await library.folders()] == [["手术"], ["手术", "视频"]]
    for values, status in (({"name": ""}, 422), ({"name": "x" * 61}, 422), ({"name": "a", "parent": 99}, 404)):
        assert (await send("/admin/assets/folders", values)).status_code == status
    full = await send(f"/admin/assets/folders/{folder.id}", {"name": "x", "remove": "1"})
    assert (full.status_code, "文件夹不为空" in full.text) == (409, True)
    inner = (await library.folders())[1]
    assert (await send(f"/admin/assets/folders/{inner.id}", {"name": "录像"})).status_code == 303
    assert (await send(f"/admin/assets/folders/{inner.id}", {"remove": "1"})).status_code == 303
    assert (await send(f"/admin/assets/folders/{folder.id}", {"remove": "1"})).status_code == 303
    assert await library.folders() == []
    assert (await send("/admin/assets/folders/999", {"name": "x"})).status_code == 404


async def test_folders_stand_only_so_deep(client: httpx.AsyncClient) -> None:
    parent = None
    for depth in range(library.DEEPEST):
        made = await library.make_folder(name=str(depth), parent_id=parent, staff_id=1, at=LONG_AGO)
        parent = made.id
    with pytest.raises(library.FolderBad):
        await library.make_folder(name="deeper", parent_id=parent, staff_id=1, at=LONG_AGO)


async def test_the_point_and_the_place_of_a_file_are_set_on_its_page(editor: Desk) -> None:
    folder = await library.make_folder(name="封面", parent_id=None, staff_id=1, at=LONG_AGO)
    asset_id = await a_file()
    assert (await editor.send(f"/admin/assets/{asset_id}/focus", {"x": 20, "y": 80})).status_code == 303
    sent = await editor.send(f"/admin/assets/{asset_id}/place", {"folder": folder.id, "tags": "看片, 封面"})
    assert sent.status_code == 303
    row = await assets.asset_of(asset_id=asset_id)
    assert (row.focus_x, row.focus_y, row.folder_id, row.tags) == (20, 80, folder.id, ["封面", "看片"])
    assert (await editor.send(f"/admin/assets/{asset_id}/place", {"folder": "", "tags": "看片"})).status_code == 303
    row = await assets.asset_of(asset_id=asset_id)
    assert (row.folder_id, row.tags) == (None, ["看片"])
    for deed, values, status in (
        ("focus", {"x": 101, "y": 0}, 422),
        ("focus", {"x": "", "y": ""}, 422),
        ("focus", {"x": "a", "y": 1}, 422),
        ("place", {"folder": 99}, 404),
        ("place", {"tags": "y" * 31}, 422),
    ):
        assert (await editor.send(f"/admin/assets/{asset_id}/{deed}", values)).status_code == status
    assert (await editor.send("/admin/assets/999/focus", {"x": 1, "y": 1})).status_code == 404


async def test_a_patient_is_noted_by_who_keeps_consents(editor: Desk, employ: Any) -> None:
    author, publisher = await employ(Role.AUTHOR), await employ(Role.PUBLISHER)
    asset_id, consent_id = await a_file(), await a_consent()
    values = {"shows_patient": "1", "consent_id": consent_id}
    for desk in (author, publisher):
        assert (await desk.send(f"/admin/assets/{asset_id}/patient", values)).status_code == 403
    assert (await editor.send(f"/admin/assets/{asset_id}/patient", values)).status_code == 303
    assert (await assets.asset_of(asset_id=asset_id)).consent_id == consent_id
    assert (await editor.send(f"/admin/assets/{asset_id}/patient", {"consent_id": 99})).status_code == 404
    await editor.send(f"/admin/filming/{consent_id}/withdraw")
    html = (await editor.read(f"/admin/assets/{asset_id}")).text
    assert "已在所有页面关闭" in html
    assert "/small" not in html
    assert (await editor.read(f"/admin/assets/{asset_id}/small")).status_code == 404
    freed = await editor.send(f"/admin/assets/{asset_id}/patient", {})
    assert (freed.status_code, "不能再改绑" in freed.text) == (409, True)


async def test_a_picture_is_taken_from_a_film(app: Any, editor: Desk) -> None:
    kept = await take(app, film(), "录像.mp4")
    answer = await editor.send(f"/admin/assets/{kept.id}/poster", {"second": "1.25"})
    assert answer.status_code == 303
    still = await assets.asset_of(asset_id=int(answer.headers["location"].rsplit("/", 1)[-1]))
    assert (still.derived_from, still.kind) == (kept.id, "image")
    # It stands for the film in the library.
    assert f"/admin/assets/{still.id}/small" in (await editor.read("/admin/assets?kind=video")).text
    for second, status in (("99", 422), ("-1", 422), ("abc", 422), ("", 422), ("1e3", 422), ("９", 422)):
        assert (await editor.send(f"/admin/assets/{kept.id}/poster", {"second": second})).status_code == status
    image = await take(app, picture("JPEG"), "a.jpg")
    assert (await editor.send(f"/admin/assets/{image.id}/poster", {"second": "0"})).status_code == 422


async def replace(sender: Sender, asset_id: int, data: bytes) -> httpx.Response:
    tus = {"Tus-Resumable": "1.0.0"}
    begun = await sender.ask(
        "POST",
        "/admin/uploads",
        **tus,
        **{"Upload-Length": str(len(data))},
        **named(filename="新.jpg", kind="image", replaces=str(asset_id)),
    )
    if begun.status_code != 201:
        return begun
    return await sender.part(begun.headers["location"], data)


async def test_a_file_that_readers_see_is_replaced_by_publishers_alone(
    app: Any, client: httpx.AsyncClient, editor: Desk, employ: Any
) -> None:
    publisher = await employ(Role.PUBLISHER)
    kept = await take(app, picture("JPEG"), "旧.jpg")
    series_id = await a_series(cover={"asset": kept.id, "alt": "病区"})
    old = (await client.get(f"/api/doctor/series/{series_id}")).json()["cover"]["medium"]
    assert (await client.get(old)).status_code == 200
    new = picture("JPEG", (900, 500))
    assert (await replace(Sender(editor), kept.id, new)).status_code == 403
    assert (await replace(Sender(publisher), kept.id, film())).json()["code"] == "file_wrong_kind"
    assert (await replace(Sender(publisher), kept.id, picture("JPEG"))).json()["code"] == "asset_same_bytes"
    assert (await replace(Sender(publisher), 999, new)).status_code == 404
    assert (await replace(Sender(publisher), kept.id, new)).status_code == 204
    now = (await client.get(f"/api/doctor/series/{series_id}")).json()["cover"]["medium"]
    assert now != old
    assert (await client.get(now)).status_code == 200
    assert (await client.get(old)).status_code == 404
    assert [row.name for row in await replacing.history(asset_id=kept.id)] == ["旧.jpg"]
    assert (await editor.send(f"/admin/assets/{kept.id}/restore", {"number": 1})).status_code == 403
    assert (await publisher.send(f"/admin/assets/{kept.id}/restore", {"number": 7})).status_code == 404
    assert (await publisher.send(f"/admin/assets/{kept.id}/restore", {"number": 1})).status_code == 303
    assert (await client.get(old)).status_code == 200
    # Whoever only publishes adds nothing to the library, and an editor replaces what nobody sees yet.
    begun = await Sender(publisher).ask("POST", "/admin/uploads", **{"Tus-Resumable": "1.0.0", "Upload-Length": "10"})
    assert begun.status_code == 403
    unseen = await take(app, picture("PNG"), "b.png")
    assert (await replace(Sender(editor), unseen.id, new)).status_code == 204


async def test_a_withdrawn_patient_is_gone_from_every_surface_at_once(
    app: Any, client: httpx.AsyncClient, editor: Desk, tmp_path: Path
) -> None:
    kept, consent_id = await take(app, picture("JPEG"), "病人.jpg"), await a_consent()
    await editor.send(f"/admin/assets/{kept.id}/patient", {"shows_patient": "1", "consent_id": consent_id})
    series_id = await a_series(cover={"asset": kept.id, "alt": "病区"})
    cover = (await client.get(f"/api/doctor/series/{series_id}")).json()["cover"]
    addresses = [cover["medium"], cover["share"], cover["large"].replace(".webp", ".jpg")]
    addresses.append(f"/media/covers/{series_id}/{kept.id}-{kept.sha256[:16]}-375.webp")
    for address in addresses:
        answer = await client.get(address)
        assert answer.status_code == 200
        # No cache on the way keeps the picture of a patient.
        assert answer.headers["cache-control"] == "no-cache, private"
    preview = f"/admin/assets/{kept.id}/large"
    assert (await editor.read(preview)).status_code == 200
    assert (await editor.send(f"/admin/filming/{consent_id}/withdraw")).status_code == 303
    for address in addresses:
        assert (await client.get(address)).status_code in {404, 410}, address
    assert (await client.get(f"/api/doctor/series/{series_id}")).status_code == 410
    assert all(row["id"] != series_id for row in (await client.get("/api/doctor/series")).json()["items"])
    assert (await editor.read(preview)).status_code == 404
