"""The editors' pages in a real browser: they save themselves, lose nothing, need no mouse and are open to all."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from desk import PASSWORD, Desk
from PIL import Image
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, expect
from shelf import a_consent, a_file, a_series, a_tag, an_episode

from content import airings, items, publishing, review_rules
from server.core import clock, staff, staff_sessions
from server.core.roles import STAFF, Role
from server.core.tables import StaffSession
from tests.content.studio import publish

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE, DESKTOP = {"width": 375, "height": 812}, {"width": 1440, "height": 900}


class Window:
    """A window of a browser in which a member of staff is signed in, and what went wrong in it."""

    def __init__(self, page: Page, url: str, desk: Desk) -> None:
        self.page, self.url, self.desk = page, url, desk
        self.faults: list[str] = []
        page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        page.on("console", self._heed)
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))

    def _heed(self, said: ConsoleMessage) -> None:
        # The files of these tests have no bytes, so their pictures and films are missing.
        if said.type == "error" and not re.search(r"/(small|large)$|/media/", said.location["url"]):
            self.faults.append(f"{said.text} {said.location['url']}")

    async def open(self, address: str) -> Page:
        await self.page.goto(self.url + address)
        return self.page


@pytest.fixture
async def sit(app: Any, browser: Browser, employ: Any) -> AsyncIterator[Any]:
    """Sit somebody down at a window of their own, signed in."""
    contexts: list[BrowserContext] = []

    async def sitting(*roles: Role, size: dict[str, int] = DESKTOP, **who: Any) -> Window:
        desk = await employ(*roles, **who)
        context = await browser.new_context(viewport=size, locale="zh-CN", timezone_id="Asia/Shanghai")  # type: ignore[arg-type]  # a plain dict
        contexts.append(context)
        await context.grant_permissions(["clipboard-read", "clipboard-write"])
        await context.add_cookies(
            [{"name": "xinglin_staff", "value": desk.client.cookies["xinglin_staff"], "url": app.ctx.test_url}]
        )
        page = await context.new_page()
        page.set_default_timeout(15_000)
        return Window(page, app.ctx.test_url, desk)

    yield sitting
    for context in contexts:
        await context.close()


async def draft(item_id: int) -> dict[str, Any]:
    return (await items.draft_of(item_id=item_id)).shape


class TestEveryPage:
    @pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
    async def test_it_is_open_to_all_and_fits(self, sit: Any, size: dict[str, int]) -> None:
        series = await a_series(tags=[await a_tag()], team=[{"name": "陈知远"}])
        consent = await a_consent()
        episode = await an_episode(parent_id=series, published=True, filmed_patient=True, consent_id=consent)
        unfinished = (await items.create(kind="episode", shape={"title": "x"}, staff_id=1, at=clock.now())).item_id
        await airings.schedule(episode_id=episode, airs_at=clock.now(), staff_id=1, at=clock.now())
        window = await sit(*STAFF, size=size)
        addresses = [
            "/admin/",
            "/admin/series",
            "/admin/episodes",
            "/admin/episodes?text=nothing",
            f"/admin/items/{series}",
            f"/admin/items/{episode}",
            f"/admin/items/{unfinished}",
            f"/admin/items/{episode}/versions",
            f"/admin/items/{episode}/versions/1",
            f"/admin/items/{episode}/preview",
            "/admin/items/new?kind=episode",
            "/admin/calendar",
            "/admin/calendar?week=2026-11-16",
            "/admin/assets",
            f"/admin/assets/{await a_file('document')}",
            f"/admin/assets/{await a_file()}",
            f"/admin/assets/{await a_file('video')}",
            "/admin/assets/folders",
            "/admin/tags",
            "/admin/filming",
            "/admin/messages",
            "/admin/reviews",
            "/admin/audit",
            "/admin/staff",
            "/admin/staff/new",
            f"/admin/staff/{window.desk.staff_id}",
            "/admin/account",
            "/admin/account/password",
            "/admin/account/totp",
        ]
        found = {}
        for address in addresses:
            page = await window.open(address)
            wrong = await findings(page)
            over = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if wrong or over > 0 or window.faults:
                found[address] = (wrong, over, window.faults.copy())
            window.faults.clear()
        assert found == {}

    async def test_the_way_in_is_open_to_all(self, app: Any, browser: Browser, client: Any) -> None:
        page = await browser.new_page()
        await page.goto(f"{app.ctx.test_url}/admin/sign-in")
        assert await findings(page) == []
        await page.close()


async def findings(page: Page) -> list[str]:
    """List what axe-core finds and calls serious or critical."""
    session = await page.context.new_cdp_session(page)
    await session.send("Runtime.evaluate", {"expression": AXE.read_text("utf-8")})
    result = await page.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES)
    return [
        f"{found['id']}: {found['nodes'][0]['target']}"
        for found in result["violations"]
        if found["impact"] in {"serious", "critical"}
    ]


class TestSaving:
    async def test_what_is_typed_is_saved_after_a_rest(self, sit: Any) -> None:
        window = await sit(Role.AUTHOR)
        series = await a_series(published=False, title="旧标题")
        page = await window.open(f"/admin/items/{series}")
        await page.fill("#field-title", "新标题")
        await expect(page.locator("#save-state")).to_contain_text("已保存")
        assert (await draft(series))["title"] == "新标题"
        await expect(page.locator("#heading")).to_have_text("新标题")
        assert window.faults == []

    async def test_the_keyboard_saves_at_once(self, sit: Any) -> None:
        window = await sit(Role.AUTHOR)
        series = await a_series(published=False)
        page = await window.open(f"/admin/items/{series}")
        await page.fill("#field-summary", "一句话。")
        await page.keyboard.press("Control+s")
        await expect(page.locator("#save-state")).to_contain_text("已保存")
        assert (await draft(series))["summary"] == "一句话。"

    async def test_a_form_that_is_only_looked_at_is_never_saved(self, sit: Any) -> None:
        window = await sit(Role.AUTHOR)
        episode = await an_episode(parent_id=None)
        before = await items.draft_of(item_id=episode)
        page = await window.open(f"/admin/items/{episode}")
        await page.keyboard.press("Control+s")
        await page.wait_for_timeout(2000)
        assert await items.draft_of(item_id=episode) == before

    async def test_saving_a_form_untouched_but_for_one_field_changes_that_field_alone(self, sit: Any) -> None:
        window = await sit(Role.AUTHOR)
        document = await a_file("document")
        episode = await an_episode(
            parent_id=None,
            tags=[await a_tag()],
            audience="doctor",
            documents=[{"asset": document, "title": "一页纸"}],
            filmed_patient=True,
            consent_id=await a_consent(),
        )
        before = await draft(episode)
        page = await window.open(f"/admin/items/{episode}")
        await page.fill("#field-title", "只改标题")
        await expect(page.locator("#save-state")).to_contain_text("已保存")
        assert await draft(episode) == {**before, "title": "只改标题"}

    async def test_two_who_write_see_the_difference_and_choose(self, sit: Any) -> None:
        one, other = await sit(Role.AUTHOR, name="甲"), await sit(Role.AUTHOR, name="乙")
        series = await a_series(published=False, title="原标题")
        first, second = await one.open(f"/admin/items/{series}"), await other.open(f"/admin/items/{series}")
        await first.fill("#field-title", "甲的标题")
        await expect(first.locator("#save-state")).to_contain_text("已保存")
        await second.fill("#field-title", "乙的标题")
        sheet = second.locator("#conflict")
        await expect(sheet).to_be_visible()
        await expect(sheet).to_contain_text("草稿已被 甲 修改")
        await sheet.get_by_role("button", name="复制我的内容").click()
        assert "标题：乙的标题" in await second.evaluate("navigator.clipboard.readText()")
        assert (await draft(series))["title"] == "甲的标题"
        await sheet.get_by_role("button", name="用我的内容覆盖").click()
        await expect(sheet).to_be_hidden()
        await expect(second.locator("#save-state")).to_contain_text("已保存")
        assert (await draft(series))["title"] == "乙的标题"

        await first.fill("#field-title", "甲又改了")
        await first.locator("#conflict").get_by_role("button", name="载入最新").click()
        await expect(first.locator("#field-title")).to_have_value("乙的标题")
        assert (await draft(series))["title"] == "乙的标题"

    async def test_nobody_treads_on_their_own_double_save(self, sit: Any) -> None:
        window = await sit(Role.AUTHOR)
        series = await a_series(published=False)
        page = await window.open(f"/admin/items/{series}")
        for number in range(6):
            await page.fill("#field-title", f"第 {number} 稿")
            await page.keyboard.press("Control+s")
        await expect(page.locator("#save-state")).to_contain_text("已保存")
        async with asyncio.timeout(10):
            while (await draft(series))["title"] != "第 5 稿":
                await asyncio.sleep(0.1)
        assert not await page.locator("#conflict").is_visible()

    async def test_a_session_that_is_over_is_begun_anew_over_the_page(self, sit: Any) -> None:
        window = await sit(Role.AUTHOR, email="lin@example.org")
        series = await a_series(published=False)
        page = await window.open(f"/admin/items/{series}")
        session = await StaffSession.get(staff_id=window.desk.staff_id)
        await staff_sessions.sign_out(session=session.token_hash, at=clock.now())
        await page.fill("#field-title", "登录之前写的")
        frame = page.frame_locator("#signing-in iframe")
        await frame.locator("#email").fill("lin@example.org")
        await frame.locator("#password").fill(PASSWORD)
        await frame.get_by_role("button", name="登录").click()
        await expect(page.locator("#signing-in")).to_be_hidden()
        await expect(page.locator("#save-state")).to_contain_text("已保存")
        assert (await draft(series))["title"] == "登录之前写的"
        # The token of the new session is in every form of the page.
        await page.get_by_role("button", name="全能", exact=False).or_(page.locator(".btn-account")).last.click()
        await page.get_by_role("button", name="退出登录").last.click()
        await expect(page).to_have_url(re.compile("/admin/sign-in"))

    async def test_what_could_not_be_sent_waits_in_the_browser(self, sit: Any) -> None:
        window = await sit(Role.AUTHOR)
        episode = await an_episode(parent_id=None)
        page = await window.open(f"/admin/items/{episode}")
        await page.context.set_offline(True)
        await page.fill("#field-title", "断网时写的")
        await page.get_by_role("button", name="添加章节").click()
        row = page.locator("[data-rows=chapters] [data-row]").last
        await row.locator("[data-field=title]").fill("补录")
        await row.locator("[data-field=starts_at_s]").fill("8:00")
        await expect(page.locator("#save-state")).to_contain_text("暂时无法保存")
        await page.context.set_offline(False)
        # The window is closed before the network is used again.
        await page.evaluate("window.stop()")
        fresh = await page.context.new_page()
        await page.close(run_before_unload=False)
        await fresh.goto(f"{window.url}/admin/items/{episode}")
        if (await draft(episode))["title"] != "断网时写的":
            await fresh.get_by_role("button", name="恢复这些修改").click()
            await expect(fresh.locator("#field-title")).to_have_value("断网时写的")
            await expect(fresh.locator("#save-state")).to_contain_text("已保存")
        saved = await draft(episode)
        assert saved["title"] == "断网时写的"
        assert saved["chapters"][-1]["title"] == "补录"
        assert [chapter["key"] for chapter in saved["chapters"]] == ["exam", "image", "c3"]
        assert saved["questions"] == [{"text": "距肛缘 4 厘米还能保肛吗？", "chapter": "image"}]


class TestWithoutAMouse:
    async def test_rows_are_added_moved_and_removed(self, sit: Any) -> None:
        window = await sit(Role.AUTHOR)
        episode = await an_episode(parent_id=None)
        page = await window.open(f"/admin/items/{episode}")
        await page.get_by_role("button", name="添加章节").focus()
        await page.keyboard.press("Enter")
        await page.keyboard.type("9:30")
        await page.keyboard.press("Tab")
        await page.keyboard.type("吻合口")
        up = page.locator("[data-rows=chapters] [data-row]").last.get_by_role("button", name="上移章节")
        await up.focus()
        await page.keyboard.press("Enter")
        await page.locator("[data-rows=questions] select").first.focus()
        await page.keyboard.type("2")
        remove = page.locator("[data-rows=team] [data-row]").first.get_by_role("button", name="删除人员")
        await remove.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#save-state")).to_contain_text("已保存")
        shape = await draft(episode)
        assert [chapter["title"] for chapter in shape["chapters"]] == ["指检", "吻合口", "影像"]
        assert shape["chapters"][1] == {"key": "c3", "title": "吻合口", "starts_at_s": 570}
        assert shape["questions"][0]["chapter"] == "c3"
        assert "team" not in shape
        assert await page.evaluate("document.activeElement.textContent.trim()") == "添加人员"

    async def test_the_first_step_leads_past_the_menu(self, sit: Any) -> None:
        window = await sit(Role.AUTHOR)
        page = await window.open("/admin/series")
        await page.keyboard.press("Tab")
        await expect(page.locator(".skip")).to_be_focused()
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "main"

    async def test_an_airing_is_moved_by_typing(self, sit: Any) -> None:
        window = await sit(Role.EDITOR)
        episode = await an_episode(parent_id=await a_series(), published=True)
        await airings.schedule(episode_id=episode, airs_at=_at("2030-03-05T20:00"), staff_id=1, at=clock.now())
        page = await window.open("/admin/calendar?month=2030-03")
        await page.locator(".airing").focus()
        await page.keyboard.press("Enter")
        await page.locator("#airing #airs_at").fill("2030-03-19T21:15")
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-day='2030-03-19'] .airing")).to_contain_text("21:15")

    async def test_one_jumps_to_items_pages_and_deeds(self, sit: Any) -> None:
        window = await sit(Role.AUTHOR)
        series = await a_series(published=False, title="低位保肛")
        page = await window.open("/admin/episodes")
        palette = page.locator("#palette")
        await page.keyboard.press("Control+k")
        await expect(palette.get_by_role("combobox")).to_be_focused()
        await expect(palette.get_by_role("option", name="新建剧集")).not_to_have_count(0)
        assert await findings(page) == []
        for _ in range(30):
            await page.keyboard.press("Tab")
            assert await page.evaluate(
                "document.activeElement.closest('#palette') !== null || document.activeElement === document.body"
            )
        await palette.get_by_role("combobox").focus()
        await page.keyboard.type("保肛")
        await expect(palette.get_by_role("option")).to_have_count(1)
        await expect(palette.get_by_role("option")).to_have_attribute("aria-selected", "true")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{window.url}/admin/items/{series}")
        await page.keyboard.press("Control+k")
        await page.keyboard.type("手机预览")
        await expect(palette.get_by_role("option", name="手机预览")).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(page.locator("#phone")).to_be_visible()
        await page.keyboard.press("Control+k")
        await page.keyboard.type("素材")
        await expect(palette.get_by_role("option", name="素材库").first).to_be_visible()
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowUp")
        await page.keyboard.press("Escape")
        await expect(palette).to_be_hidden()
        assert page.url.endswith(str(series))
        assert window.faults == []

    async def test_what_waits_is_carried_to_another_day_and_brought_back(self, sit: Any) -> None:
        window = await sit(Role.PUBLISHER)
        series = await a_series(published=False)
        await publish(item_id=series, starts_at=_at("2030-03-05T08:00"), staff_id=1, at=clock.now())
        page = await window.open("/admin/calendar?month=2030-03")
        chip, said = page.locator(f"#begins-{series}"), page.locator("#announced")
        await chip.focus()
        await page.keyboard.press("Space")
        await expect(said).to_contain_text("已拿起")
        for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
            await page.keyboard.press(key)
        await expect(said).to_contain_text("2030-03-14")
        await page.keyboard.press("Enter")
        await expect(page.locator(f"[data-day='2030-03-14'] #begins-{series}")).to_be_focused()
        await expect(said).to_contain_text("发布时间已改为 2030-03-14 08:00")
        await page.keyboard.press("Control+z")
        await expect(page.locator(f"[data-day='2030-03-05'] #begins-{series}")).to_be_focused()
        await page.keyboard.press("Space")
        await page.keyboard.press("ArrowLeft")
        await page.keyboard.press("Escape")
        await expect(said).to_contain_text("已放回原处")
        (row,) = await publishing.history(item_id=series)
        assert row.starts_at == _at("2030-03-05T08:00")
        assert window.faults == []

    async def test_two_who_move_at_once_are_told(self, sit: Any) -> None:
        one, other = await sit(Role.PUBLISHER), await sit(Role.PUBLISHER)
        series = await a_series(published=False)
        await publish(item_id=series, starts_at=_at("2030-03-05T08:00"), staff_id=1, at=clock.now())
        pages = [await window.open("/admin/calendar?month=2030-03") for window in (one, other)]
        for page, day in zip(pages, ("2030-03-07", "2030-03-20"), strict=True):
            await page.drag_and_drop(f"#begins-{series}", f"[data-day='{day}']")
            await expect(page.locator(f"[data-day='2030-03-07'] #begins-{series}")).to_be_visible()
        await expect(pages[1].locator("#toasts")).to_contain_text("发布时间已被其他人修改")


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=clock.SHANGHAI)


class TestFilesAndDays:
    async def test_a_cover_is_sent_shown_and_saved(self, sit: Any, tmp_path: Path) -> None:
        window = await sit(Role.AUTHOR)
        cover = tmp_path / "封面.jpg"
        Image.radial_gradient("L").resize((640, 360)).convert("RGB").save(cover)
        series = await a_series(published=False, cover=None)
        page = await window.open(f"/admin/items/{series}")
        place = page.locator("[data-file][data-kind=image]")
        await place.locator("[data-upload]").set_input_files(cover)
        await expect(place).to_contain_text("封面.jpg")
        await expect(place.locator("img")).to_be_visible()
        await expect(page.locator("#save-state")).to_contain_text("已保存")
        asset = (await draft(series))["cover"]["asset"]
        await place.get_by_role("button", name="移除文件").click()
        await expect(page.locator("#save-state")).to_contain_text("已保存")
        assert "cover" not in await draft(series)
        await place.get_by_role("button", name="素材库").click()
        await page.locator(f"[data-choose='{asset}']").click()
        await expect(place.locator("[data-asset]")).to_have_value(str(asset))
        assert window.faults == []

    async def test_a_file_that_is_none_is_refused_in_words(self, sit: Any, tmp_path: Path) -> None:
        window = await sit(Role.AUTHOR)
        wrong = tmp_path / "cover.jpg"
        wrong.write_bytes(b"<svg onload=alert(1)>")
        series = await a_series(published=False)
        page = await window.open(f"/admin/items/{series}")
        place = page.locator("[data-file][data-kind=image]")
        await place.locator("[data-upload]").set_input_files(wrong)
        await expect(place.locator(".file-said")).to_have_text("不支持的文件类型")

    async def test_several_files_go_into_the_library_at_once(self, sit: Any, tmp_path: Path) -> None:
        window = await sit(Role.AUTHOR)
        paths = [tmp_path / f"{name}.png" for name in ("一", "二")]
        for number, path in enumerate(paths):
            Image.new("RGB", (300, 200 + number)).save(path)
        page = await window.open("/admin/assets")
        await page.locator("[data-many]").set_input_files(paths)
        await expect(page.locator(".upload-done")).to_have_count(2)
        await expect(page.locator("#list .library-file")).to_have_count(2)

    async def test_an_airing_is_dragged_to_another_day(self, sit: Any) -> None:
        window = await sit(Role.EDITOR)
        episode = await an_episode(parent_id=await a_series(), published=True)
        await airings.schedule(episode_id=episode, airs_at=_at("2030-03-05T20:00"), staff_id=1, at=clock.now())
        page = await window.open("/admin/calendar?month=2030-03")
        await page.drag_and_drop(".airing", "[data-day='2030-03-21']")
        await expect(page.locator("[data-day='2030-03-21'] .airing")).to_contain_text("20:00")
        airing = await airings.airing_of(episode_id=episode)
        assert airing is not None
        assert airing.airs_at == _at("2030-03-21T20:00")


class TestPublishing:
    async def test_what_is_typed_is_saved_before_it_is_published(self, sit: Any) -> None:
        window = await sit(Role.AUTHOR, Role.PUBLISHER)
        episode = await an_episode(parent_id=await a_series())
        page = await window.open(f"/admin/items/{episode}")
        await review_rules.change(kind="episode", roles=[], staff_id=1, at=clock.now())
        await page.fill("#field-title", "发布前的最后一改")
        await page.get_by_role("button", name="立即发布").click()
        await expect(page.locator(".alert-success")).to_contain_text("已发布。")
        (row,) = await publishing.history(item_id=episode)
        assert row.number == 1
        assert (await draft(episode))["title"] == "发布前的最后一改"

    async def test_the_phone_beside_the_form_follows_what_is_typed(self, sit: Any) -> None:
        window = await sit(Role.AUTHOR)
        episode = await an_episode(parent_id=None)
        page = await window.open(f"/admin/items/{episode}")
        await page.get_by_role("button", name="手机预览").click()
        phone = page.frame_locator("#phone iframe")
        await expect(phone.get_by_role("heading", name="第一次面诊，先听什么")).to_be_visible()
        await page.fill("#field-title", "换了标题")
        await expect(phone.get_by_role("heading", name="换了标题")).to_be_visible()

    async def test_a_question_is_asked_once_before_what_cannot_be_undone(self, sit: Any) -> None:
        boss, colleague = await sit(Role.ADMINISTRATOR), await sit(Role.EDITOR, name="林晓")
        asked: list[str] = []
        boss.page.on("dialog", lambda dialog: asked.append(dialog.message))
        page = await boss.open(f"/admin/staff/{colleague.desk.staff_id}")
        await page.get_by_role("button", name="停用账号").click()
        await expect(page.get_by_role("button", name="恢复账号")).to_be_visible()
        assert len(asked) == 1
        assert (await staff.member(staff_id=colleague.desk.staff_id)).disabled_at is not None

    async def test_lists_are_filtered_while_one_types(self, sit: Any) -> None:
        window = await sit(Role.ANALYST)
        await a_series(title="胃手术")
        await a_series(title="肺结节")
        page = await window.open("/admin/series")
        await page.locator("#text").type("胃")
        await expect(page.get_by_role("link", name="肺结节")).to_have_count(0)
        await expect(page.get_by_role("link", name="胃手术")).to_be_visible()
        assert "text=" in page.url
        await expect(page.locator("#text")).to_be_focused()


async def test_the_chart_and_its_table_say_the_same(sit: Any) -> None:
    await a_series()
    await publishing.withdraw(item_id=1, reason="x", staff_id=1, at=clock.now() - timedelta(minutes=1))
    window = await sit(Role.ANALYST)
    page = await window.open("/admin/")
    await expect(page.locator("#events")).to_contain_text("内容撤回")
    await expect(page.locator(".chart canvas")).to_be_visible()
    drawn = await page.evaluate(
        "echarts.getInstanceByDom(document.querySelector('.chart')).getOption().series.map(one => [one.name, one.data])"
    )
    assert ["内容撤回", [0] * 13 + [1]] in drawn
    assert window.faults == []
