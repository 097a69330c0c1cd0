"""Editors at work on items: writing, treading on each other, publishing, planning, going back."""

import io
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from PIL import Image
from shelf import a_consent, a_file, a_series, a_tag, an_episode

from content import airings, items, publishing
from server.core import clock
from server.core.roles import Role
from server.core.staff_sessions import sign_out
from server.core.tables import AuditEntry, StaffSession
from tests.content.studio import approve

JSON = {"accept": "application/json"}


def picture(colour: str = "#0f766e") -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (320, 180), colour).save(drawn, "PNG")
    return drawn.getvalue()


class TestWriting:
    async def test_an_item_begins_with_a_title(self, employ: Any) -> None:
        desk = await employ(Role.AUTHOR)
        empty = await desk.send("/admin/items/new", {"kind": "series", "title": "  "})
        assert empty.status_code == 422
        made = await desk.send("/admin/items/new", {"kind": "series", "title": "台前一问"})
        page = await desk.read(made.headers["location"])
        assert "台前一问" in page.text
        assert "草稿" in page.text

    @pytest.mark.parametrize("kind", ["", "king", "staff"])
    async def test_a_kind_that_there_is_not_is_missing(self, employ: Any, kind: str) -> None:
        desk = await employ(Role.AUTHOR)
        assert (await desk.read(f"/admin/items/new?kind={kind}")).status_code == 404

    async def test_a_parent_that_does_not_fit_is_said_at_its_field(self, employ: Any) -> None:
        desk = await employ(Role.AUTHOR)
        episode = await an_episode(parent_id=None)
        answer = await desk.send("/admin/items/new", {"kind": "season", "title": "第一季", "parent_id": str(episode)})
        assert answer.status_code == 422
        assert "不能放在这个位置" in answer.text

    async def test_the_script_saves_and_learns_the_revision(self, employ: Any) -> None:
        desk = await employ(Role.AUTHOR)
        item_id = await a_series(published=False)
        answer = await desk.send(
            f"/admin/items/{item_id}/draft", {"revision": "1", "title": "新的标题", "tags": ["a", "b"]}, **JSON
        )
        assert (answer.status_code, answer.json()["revision"]) == (200, 2)
        draft = await items.draft_of(item_id=item_id)
        assert draft.shape == {"title": "新的标题", "tags": ["a", "b"]}
        assert draft.updated_by == desk.staff_id
        entry = await AuditEntry.get(deed="item.save")
        assert entry.actor == f"staff:{desk.staff_id}"
        assert entry.request_id == answer.headers["x-request-id"]

    async def test_whoever_is_behind_changes_nothing_and_sees_the_difference(self, employ: Any) -> None:
        one, other = await employ(Role.AUTHOR, name="甲"), await employ(Role.AUTHOR, name="乙")
        item_id = await a_series(published=False, title="旧标题")
        await one.send(f"/admin/items/{item_id}/draft", {"revision": "1", "title": "甲的标题"}, **JSON)
        late = await other.send(f"/admin/items/{item_id}/draft", {"revision": "1", "title": "乙的标题"}, **JSON)
        assert (late.status_code, late.json()["code"]) == (409, "draft_stale")
        assert late.json()["facts"]["fields"] == ["title"]
        sheet = await other.send(
            f"/admin/items/{item_id}/conflict", {"title": "乙的标题"}, **{"hx-request": "true", "accept": "text/html"}
        )
        assert "甲" in sheet.text
        assert "<del>甲</del>的标题" in sheet.text
        assert "<ins>乙</ins>的标题" in sheet.text
        assert 'data-revision="2"' in sheet.text
        over = await other.send(f"/admin/items/{item_id}/draft", {"revision": "2", "title": "乙的标题"}, **JSON)
        assert over.status_code == 200

    async def test_a_session_that_is_over_is_told_to_the_script(self, employ: Any) -> None:
        desk = await employ(Role.AUTHOR)
        item_id = await a_series(published=False)
        session = await StaffSession.get(staff_id=desk.staff_id)
        await sign_out(session=session.token_hash, at=clock.now())
        answer = await desk.send(f"/admin/items/{item_id}/draft", {"revision": "1", "title": "x"}, **JSON)
        assert (answer.status_code, answer.json()["code"]) == (401, "session_over")

    async def test_the_page_that_goes_on_after_signing_in_may_be_framed_by_ours_alone(self, employ: Any) -> None:
        desk = await employ(Role.AUTHOR)
        for address, framed in (("/admin/signed-in", True), ("/admin/sign-in", True), ("/admin/", False)):
            policy = (await desk.read(address)).headers["content-security-policy"]
            assert ("frame-ancestors 'self'" in policy) == framed, address
        page = await desk.read("/admin/signed-in")
        assert f'data-csrf="{desk.csrf}"' in page.text
        assert f'data-staff="{desk.staff_id}"' in page.text

    async def test_markup_in_a_text_is_shown_and_never_run(self, employ: Any) -> None:
        desk = await employ(Role.AUTHOR)
        evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
        episode = await an_episode(
            parent_id=None,
            title=evil[:80],
            summary=evil,
            chapters=[{"key": "c1", "title": evil, "starts_at_s": 0}],
            questions=[{"text": evil, "chapter": "c1"}],
            team=[{"name": evil, "hospital": evil}],
            video={"url": "javascript:alert(3)"},
        )
        for address in ("", "/versions", "/checks"):
            page = await desk.read(f"/admin/items/{episode}{address}")
            assert page.status_code == 200
            assert "<script>alert" not in page.text
            assert "<img src=x" not in page.text
        for address in ("/admin/episodes", "/admin/episodes?text=%3Cscript%3Ealert(1)"):
            assert "<script>alert" not in (await desk.read(address)).text

    @pytest.mark.parametrize(
        "shape",
        [
            {"title": {"a": 1}, "tags": "x", "chapters": "y", "cover": [1], "video": 7, "team": [[1], None]},
            {"chapters": [{"title": ["x"], "starts_at_s": {}}], "questions": [{}], "duration_s": True, "stage": ["x"]},
            {"documents": [{"asset": 2**62, "title": None}], "consent_id": "x", "cover": {"asset": -1}},
            {},
        ],
        ids=["wrong-types", "wrong-within", "files-that-are-none", "empty"],
    )
    async def test_any_draft_can_be_opened(self, employ: Any, shape: dict[str, Any]) -> None:
        desk = await employ(Role.AUTHOR)
        made = await items.create(kind="episode", shape=shape, staff_id=1, at=clock.now())
        for address in ("", "/preview", "/preview.json", "/checks"):
            assert (await desk.read(f"/admin/items/{made.item_id}{address}")).status_code == 200

    async def test_a_draft_is_shown_as_the_phones_will_show_it(self, employ: Any) -> None:
        desk = await employ(Role.ANALYST)
        series = await a_series(title="草稿里的系列", published=False)
        episode = await an_episode(parent_id=series)
        shown = (await desk.read(f"/admin/items/{episode}/preview.json")).json()
        assert shown["series"] == {"id": series, "title": "草稿里的系列"}
        assert shown["questions"] == [{"text": "距肛缘 4 厘米还能保肛吗？", "chapter": "image", "starts_at_s": 240}]
        assert shown["film"].startswith("/media/")
        below = (await desk.read(f"/admin/items/{series}/preview.json")).json()
        assert [one["id"] for one in below["episodes"]] == [episode]
        shell = await desk.read(f"/admin/items/{episode}/preview")
        assert f'data-preview="/admin/items/{episode}/preview.json"' in shell.text
        assert "frame-ancestors 'self'" in shell.headers["content-security-policy"]

    async def test_a_reader_of_drafts_cannot_write_them(self, employ: Any) -> None:
        desk = await employ(Role.ANALYST)
        item_id = await a_series(published=False)
        page = await desk.read(f"/admin/items/{item_id}")
        assert "disabled" in page.text
        assert "data-draft=" not in page.text
        assert "保存草稿" not in page.text

    async def test_a_draft_that_went_nowhere_is_thrown_away(self, employ: Any) -> None:
        desk = await employ(Role.AUTHOR)
        unused, published = await a_series(published=False), await a_series()
        assert (await desk.send(f"/admin/items/{unused}/discard")).headers["location"] == "/admin/series"
        assert (await desk.read(f"/admin/items/{unused}")).status_code == 404
        assert (await desk.send(f"/admin/items/{published}/discard")).status_code == 409

    async def test_what_stands_under_a_series_is_moved_up_and_down(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        series = await a_series()
        one, two = await an_episode(parent_id=series), await an_episode(parent_id=series)
        await desk.send(
            f"/admin/items/{series}/order",
            {"kind": "episode", "moved": str(two), "by": "-1", "ids": [str(one), str(two)]},
        )
        rows = (await items.listing(at=clock.now(), parent_id=series)).rows
        assert [row.item_id for row in rows] == [two, one]
        stale = await desk.send(
            f"/admin/items/{series}/order", {"kind": "episode", "moved": str(two), "by": "1", "ids": [str(two)]}
        )
        assert stale.status_code == 409


class TestPublishing:
    async def test_what_speaks_against_it_is_listed_with_the_way_to_its_field(self, employ: Any) -> None:
        desk = await employ(Role.AUTHOR, Role.PUBLISHER)
        made = await items.create(kind="episode", shape={"title": "x"}, staff_id=1, at=clock.now())
        page = (await desk.read(f"/admin/items/{made.item_id}")).text
        for anchor in re.findall(r'class="finding-blocks">.*?<a href="#([^"]+)"', page, re.DOTALL):
            assert f'id="{anchor}"' in page, anchor
        answer = await desk.send(f"/admin/items/{made.item_id}/publish", {"revision": "1", "when": "now"})
        assert answer.status_code == 422
        assert "内容尚不能发布" in answer.text

    async def test_a_draft_is_published_and_taken_back(self, employ: Any) -> None:
        desk = await employ(Role.PUBLISHER)
        episode = await an_episode(parent_id=await a_series())
        waits = await desk.send(f"/admin/items/{episode}/publish", {"revision": "1", "when": "now"})
        assert (waits.status_code, "审核尚未全部通过" in waits.text) == (409, True)
        await approve(episode, at=clock.now())
        done = await desk.send(f"/admin/items/{episode}/publish", {"revision": "1", "when": "now"})
        assert done.headers["location"] == f"/admin/items/{episode}"
        assert "已发布" in (await desk.read(f"/admin/items/{episode}")).text
        assert (await desk.send(f"/admin/items/{episode}/withdraw", {"reason": ""})).status_code == 422
        await desk.send(f"/admin/items/{episode}/withdraw", {"reason": "画面有误"})
        (row,) = await publishing.history(item_id=episode)
        assert (row.reason, row.withdrawn_by) == ("画面有误", desk.staff_id)

    async def test_a_page_that_is_behind_publishes_nothing(self, employ: Any) -> None:
        author, publisher = await employ(Role.AUTHOR), await employ(Role.PUBLISHER)
        episode = await an_episode(parent_id=await a_series())
        await author.send(f"/admin/items/{episode}/draft", {"revision": "1", "title": "改了"}, **JSON)
        answer = await publisher.send(f"/admin/items/{episode}/publish", {"revision": "1", "when": "now"})
        assert answer.status_code == 409
        assert "草稿已被其他人修改" in answer.text
        assert await publishing.history(item_id=episode) == []

    async def test_a_time_is_one_of_shanghai(self, employ: Any) -> None:
        desk = await employ(Role.PUBLISHER, Role.EDITOR)
        episode = await an_episode(parent_id=await a_series())
        await approve(episode, at=datetime(2029, 5, 1, tzinfo=UTC))
        await desk.send(
            f"/admin/items/{episode}/publish",
            {"revision": "1", "when": "later", "starts_at": "2029-05-01T08:00", "ends_at": "2030-04-01T08:00"},
        )
        (row,) = await publishing.history(item_id=episode)
        assert row.starts_at.isoformat() == "2029-05-01T00:00:00+00:00"
        assert "2029-05-01 08:00" in (await desk.read(f"/admin/items/{episode}")).text
        await desk.send(f"/admin/items/{episode}/unschedule")
        assert (await desk.send(f"/admin/items/{episode}/unschedule")).status_code == 409

    @pytest.mark.parametrize("text", ["x", "0001-01-01T00:00", "9999-12-31T23:59", "2029-13-01T00:00", "2029-05-01"])
    async def test_a_time_that_is_none_or_far_away_is_refused(self, employ: Any, text: str) -> None:
        desk = await employ(Role.PUBLISHER)
        episode = await an_episode(parent_id=await a_series())
        await approve(episode, at=clock.now())
        answer = await desk.send(f"/admin/items/{episode}/publish", {"revision": "1", "when": "later", "ends_at": text})
        assert answer.status_code in {303, 422}
        assert answer.status_code == 422 or text == "2029-05-01"

    async def test_versions_show_what_changed_and_lead_back(self, employ: Any) -> None:
        desk = await employ(Role.AUTHOR, Role.PUBLISHER)
        series = await a_series(title="第一个标题")
        draft = await items.draft_of(item_id=series)
        fields = {"title": "第二个标题", "summary": "x", "cover.asset": str(draft.shape["cover"]["asset"])}
        await desk.send(f"/admin/items/{series}/draft", {"revision": "1", **fields, "cover.alt": "y"}, **JSON)
        page = (await desk.read(f"/admin/items/{series}/versions/1")).text
        assert "第<del>一</del>个标题" in page
        assert "第<ins>二</ins>个标题" in page
        stale = await desk.send(f"/admin/items/{series}/versions/1/restore", {"revision": "1"})
        assert stale.status_code == 409
        await desk.send(f"/admin/items/{series}/versions/1/restore", {"revision": "2"})
        assert (await items.draft_of(item_id=series)).shape["title"] == "第一个标题"
        assert (await desk.read(f"/admin/items/{series}/versions/99")).status_code == 404
        assert "恢复自第 1 版" in (await desk.read(f"/admin/items/{series}/versions")).text


class TestAirings:
    async def test_a_time_is_set_moved_by_a_day_and_cancelled(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        episode = await an_episode(parent_id=await a_series(), published=True)
        await desk.send(f"/admin/episodes/{episode}/airing", {"airs_at": "2030-03-31T20:30"})
        await desk.send(f"/admin/calendar/{episode}?month=2030-03", {"day": "2030-03-02"})
        airing = await airings.airing_of(episode_id=episode)
        assert airing is not None
        assert airing.airs_at.isoformat() == "2030-03-02T12:30:00+00:00"
        page = (await desk.read("/admin/calendar?month=2030-03")).text
        assert 'data-at="2030-03-02T20:30"' in page
        await desk.send(f"/admin/calendar/{episode}/cancel?month=2030-03")
        again = await airings.airing_of(episode_id=episode)
        assert again is not None
        assert again.cancelled_at is not None

    async def test_what_was_shown_cannot_be_cancelled(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        episode = await an_episode(parent_id=await a_series())
        past = clock.now() - timedelta(days=1)
        await airings.schedule(episode_id=episode, airs_at=past, staff_id=1, at=past - timedelta(days=1))
        answer = await desk.send(f"/admin/episodes/{episode}/airing/cancel")
        assert answer.status_code == 409
        assert "剧集已经播出" in answer.text

    @pytest.mark.parametrize("month", ["2026-13", "x", "0001-01", "9999-12", "2026-1", "2026-11-01", "%00"])
    async def test_a_month_that_is_none_is_refused(self, employ: Any, month: str) -> None:
        desk = await employ(Role.EDITOR)
        assert (await desk.read(f"/admin/calendar?month={month}")).status_code == 422

    @pytest.mark.parametrize("month", ["1991-01", "2026-02", "2199-12"])
    async def test_every_month_has_whole_weeks(self, employ: Any, month: str) -> None:
        desk = await employ(Role.EDITOR)
        page = (await desk.read(f"/admin/calendar?month={month}")).text
        days = re.findall(r'data-day="([\d-]+)"', page)
        assert f"{month}-01" in days[:7]
        assert date.fromisoformat(days[0]).weekday() == 0
        assert len(days) in {28, 35, 42}


class TestLibrary:
    async def test_a_file_is_taken_in_described_and_removed(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        answer = await desk.client.post(
            "/admin/assets?name=%E5%B0%81%E9%9D%A2.png&kind=image",
            content=picture(),
            headers={**JSON, "x-csrf-token": desk.csrf},
        )
        assert answer.status_code == 200, answer.text
        asset = answer.json()
        assert (asset["kind"], asset["name"], asset["width"]) == ("image", "封面.png", 320)
        small = await desk.read(asset["small"])
        assert small.headers["content-type"] == "image/webp"
        assert (await desk.client.get(asset["address"])).content[:8] == b"\x89PNG\r\n\x1a\n"
        await desk.send(f"/admin/assets/{asset['id']}", {"name": "新名字", "alt": "手术室"})
        assert "新名字" in (await desk.read("/admin/assets?text=手术室")).text
        assert (await desk.send(f"/admin/assets/{asset['id']}/remove")).status_code == 303
        assert (await desk.read(f"/admin/assets/{asset['id']}")).status_code == 404

    @pytest.mark.parametrize(
        ("body", "kind", "status", "code"),
        [
            (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "image", 422, "file_unknown"),
            (b"", "image", 422, "file_unknown"),
            (b"\x89PNG\r\n\x1a\nnothing", "image", 422, "file_broken"),
            (b"MZ" + b"\0" * 500, "", 422, "file_unknown"),
        ],
        ids=["script", "empty", "broken", "program"],
    )
    async def test_a_file_is_what_its_bytes_say(
        self, employ: Any, body: bytes, kind: str, status: int, code: str
    ) -> None:
        desk = await employ(Role.EDITOR)
        answer = await desk.client.post(
            f"/admin/assets?name=x.png&kind={kind}", content=body, headers={**JSON, "x-csrf-token": desk.csrf}
        )
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    async def test_a_picture_is_no_film(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        answer = await desk.client.post(
            "/admin/assets?name=x.mp4&kind=video", content=picture(), headers={**JSON, "x-csrf-token": desk.csrf}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "file_wrong_kind")

    async def test_a_file_without_the_token_is_not_taken_in(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        answer = await desk.client.post("/admin/assets?name=x.png", content=picture(), headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf")

    async def test_a_large_file_passes_the_limit_of_other_bodies(self, app: Any, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        noise = io.BytesIO()
        Image.effect_noise((2400, 2400), 100).save(noise, "PNG")
        assert len(noise.getvalue()) > app.ctx.settings.max_body_bytes
        answer = await desk.client.post(
            "/admin/assets?name=x.png&kind=image",
            content=noise.getvalue(),
            headers={**JSON, "x-csrf-token": desk.csrf},
        )
        assert answer.status_code == 200

    async def test_what_is_used_stays(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        series = await a_series()
        asset = (await items.draft_of(item_id=series)).shape["cover"]["asset"]
        page = (await desk.read(f"/admin/assets/{asset}")).text
        assert f'href="/admin/items/{series}"' in page
        assert (await desk.send(f"/admin/assets/{asset}/remove")).status_code == 409


class TestConsentsAndTags:
    async def test_a_withdrawn_consent_takes_the_film_away(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        consent = await a_consent()
        episode = await an_episode(parent_id=await a_series(), published=True, filmed_patient=True, consent_id=consent)
        await desk.send(f"/admin/filming/{consent}/withdraw")
        (row,) = await publishing.history(item_id=episode)
        assert row.withdrawn_at is not None
        assert "已撤回" in (await desk.read("/admin/filming")).text

    @pytest.mark.parametrize(
        ("field", "values"),
        [
            ("code", {"code": "李四"}),
            ("signed_on", {"signed_on": ""}),
            ("signed_on", {"signed_on": "2190-01-01"}),
            ("scope", {"scope": "king"}),
        ],
    )
    async def test_what_is_wrong_with_a_consent_is_said_at_its_field(
        self, employ: Any, field: str, values: dict[str, str]
    ) -> None:
        desk = await employ(Role.COMPLIANCE)
        given = {"code": "IC-2026-0001", "scope": "doctor", "signed_on": "2026-01-01", **values}
        answer = await desk.send("/admin/filming", given)
        assert answer.status_code == 422
        assert f'id="{field}-error"' in answer.text or f'is-invalid" id="{field}"' in answer.text

    async def test_tags_are_made_changed_and_removed(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        made = {"slug": "Rectal-Cancer", "facet": "disease", "name_zh": "直肠癌", "position": "1"}
        assert (await desk.send("/admin/tags", made)).status_code == 303
        assert "直肠癌" in (await desk.read("/admin/tags?edit=rectal-cancer")).text
        assert (await desk.send("/admin/tags", {**made, "slug": "a b"})).status_code == 422
        assert (await desk.send("/admin/tags/rectal-cancer/remove")).status_code == 303
        assert (await desk.send("/admin/tags/rectal-cancer/remove")).status_code == 404

    async def test_a_tag_that_is_carried_stays(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        await a_series(published=False, tags=[await a_tag()])
        answer = await desk.send("/admin/tags/rectal-cancer/remove")
        assert answer.status_code == 409
        assert "不能删除" in answer.text


class TestLists:
    async def test_items_are_found_by_title_and_state(self, employ: Any) -> None:
        desk = await employ(Role.ANALYST)
        await a_series(title="胃手术")
        await a_series(published=False, title="肺结节")
        assert "肺结节" not in (await desk.read("/admin/series?text=胃")).text
        assert "胃手术" not in (await desk.read("/admin/series?state=draft")).text
        assert "没有符合条件的内容" in (await desk.read("/admin/series?text=%25")).text

    async def test_long_lists_are_turned_page_by_page(self, employ: Any) -> None:
        desk = await employ(Role.ANALYST)
        for number in range(27):
            await items.create(kind="series", shape={"title": f"系列{number:02}"}, staff_id=1, at=clock.now())
        assert "系列26" in (await desk.read("/admin/series")).text
        assert "系列00" in (await desk.read("/admin/series?page=2")).text
        assert (await desk.read("/admin/series?page=9999999999")).status_code == 200

    async def test_a_file_of_the_library_is_found_for_picking(self, employ: Any) -> None:
        desk = await employ(Role.AUTHOR)
        film, cover = await a_file("video"), await a_file()
        sheet = (await desk.read("/admin/assets/picker?kind=video", **{"hx-request": "true"})).text
        assert f'data-choose="{film}"' in sheet
        assert f'data-choose="{cover}"' not in sheet
