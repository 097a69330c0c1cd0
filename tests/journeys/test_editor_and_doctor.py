"""The main job of the house, walked in a browser: an editor makes an episode, a doctor sees it in the calendar, watches
and finishes it, and the log holds every step."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from people_fixtures import Visitors
from PIL import Image
from playwright.async_api import Browser, Page, expect

from content import tags
from server.core import clock, db, staff
from server.demo.films import Slide, film
from tests.content.studio import approve

PASSWORD = "Apricot-Grove-2611"
SECONDS = 8


@pytest.fixture
async def editor(database: None) -> str:
    """Take on an editor who may also publish, and plant two tags."""
    email = "editor@example.org"
    roles = ["author", "editor", "publisher"]
    member = await staff.create(email=email, name="林晓", password=PASSWORD, roles=roles, at=clock.now())
    for facet, slug, name in (("disease", "rectal-cancer", "直肠癌"), ("operation", "dixon", "低位前切除术")):
        await tags.save(slug=slug, facet=facet, name_zh=name, staff_id=member.id, at=clock.now())
    return email


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Make a cover and a film of a few seconds."""
    cover, video = tmp_path / "cover.jpg", tmp_path / "episode.mp4"
    Image.radial_gradient("L").resize((1280, 720)).convert("RGB").save(cover, quality=80)
    film(path=video, slides=[Slide(0, 0, "面诊"), Slide(4, 2, "难点")], seconds=SECONDS, over="演示", hue=180)
    return cover, video


class Desk:
    """The admin pages, as the editor uses them."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url

    async def sign_in(self, email: str) -> None:
        await self.page.goto(f"{self.url}/admin/")
        await self.page.fill("input[name=email]", email)
        await self.page.fill("input[name=password]", PASSWORD)
        await self.page.keyboard.press("Enter")
        await expect(self.page.get_by_role("heading", name="概览")).to_be_visible()

    async def create(self, kind: str, title: str) -> None:
        await self.page.goto(f"{self.url}/admin/items/new?kind={kind}")
        await self.page.fill("#title", title)
        if kind != "series":
            await self.page.select_option("#parent_id", index=1)
        await self.page.get_by_role("button", name="新建").click()
        await expect(self.page.locator("#field-title")).to_have_value(title)

    async def upload(self, kind: str, path: Path) -> None:
        place = self.page.locator(f"[data-file][data-kind={kind}]").first
        await place.locator("input[data-upload]").set_input_files(path)
        await expect(place.locator("input[data-asset]")).not_to_have_value("", timeout=20_000)

    async def saved(self) -> None:
        await self.page.keyboard.press("Control+s")
        await expect(self.page.locator("#save-state")).to_contain_text(re.compile("已保存|保存于"), timeout=15_000)

    async def publish(self) -> None:
        await self.saved()
        # Reviewers have pages of their own, which other walks go through.
        await approve(int(self.page.url.rsplit("/", 1)[-1].split("#")[0]), at=clock.now(), drafted_by=0)
        await self.page.get_by_role("button", name="立即发布").click()
        sure = self.page.locator("dialog[open] button[value=yes], dialog[open] [data-sure]")
        if await sure.count():
            await sure.first.click()
        await expect(self.page.locator(".badge-green", has_text="已发布").first).to_be_visible(timeout=15_000)


async def logged() -> list[str]:
    rows = await db.connection().fetch("SELECT name FROM event ORDER BY number")
    return [row["name"] for row in rows]


async def make_episode(desk: Desk, files: tuple[Path, Path]) -> None:
    """Make a series, its season and an episode, and let the episode air now."""
    page = desk.page
    page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
    await desk.create("series", "低位直肠癌怎样保肛")
    await page.fill("#field-problem", "肿瘤距肛缘五厘米，还能保住肛门吗？")
    await page.fill("[name=summary]", "一支团队的四个阶段。")
    await desk.upload("image", files[0])
    await page.fill("#field-cover-alt", "示意封面")
    await page.locator("[name=tags][value=rectal-cancer]").press("Space")
    await desk.publish()

    await desk.create("season", "第一季")
    await desk.publish()

    await desk.create("episode", "第一次面诊，问什么")
    await page.fill("[name=summary]", "从叙述里找线索。")
    await desk.upload("video", files[1])
    await desk.upload("image", files[0])
    await page.fill("#field-cover-alt", "示意封面")
    await page.fill("#field-duration_s", "0:08")
    for number, (starts, title, stage) in enumerate(
        [("0:00", "面诊开始", "consultation"), ("0:04", "难点", "difficulty")]
    ):
        await page.get_by_role("button", name="添加章节").click()
        row = page.locator("[data-rows=chapters] [data-row]").nth(number)
        await row.locator("[data-field=starts_at_s]").fill(starts)
        await row.locator("[data-field=title]").fill(title)
        await row.locator("[data-field=stage]").select_option(stage)
    await page.get_by_role("button", name="添加问题").click()
    question = page.locator("[data-rows=questions] [data-row]").first
    await question.locator("[data-field=text]").fill("面诊的前三分钟问什么？")
    await question.locator("[data-field=chapter]").select_option(index=1)
    await desk.saved()

    aired = (clock.now() - timedelta(minutes=30)).astimezone(clock.SHANGHAI)
    await page.fill("#airs_at", f"{aired:%Y-%m-%dT%H:%M}")
    await page.get_by_role("button", name="保存播出时间").click()
    await expect(page.locator("#field-airs_at")).to_contain_text("已播出")
    await desk.publish()


@pytest.mark.browser
async def test_an_editor_makes_an_episode_and_a_doctor_watches_it(
    browser: Browser, app: Any, visitors: Visitors, editor: str, files: tuple[Path, Path]
) -> None:
    url = app.ctx.test_url
    desk = Desk(await browser.new_page(viewport={"width": 1440, "height": 900}, locale="zh-CN"), url)
    await desk.sign_in(editor)
    await make_episode(desk, files)
    await desk.page.close()

    phone = await browser.new_page(
        viewport={"width": 375, "height": 812}, locale="zh-CN", timezone_id="Asia/Shanghai", has_touch=True
    )
    faults: list[str] = []
    phone.on("pageerror", lambda fault: faults.append(str(fault)))
    await phone.goto(f"{url}/h5/doctor/")
    await phone.get_by_role("button", name="以「演示医生陈」登录").click()
    await agree(phone)

    await phone.goto(f"{url}/h5/doctor/calendar")
    card = phone.get_by_test_id("episode-card").filter(has_text="第一次面诊，问什么")
    await expect(card.first).to_be_visible()
    await card.first.click()
    await expect(phone.get_by_test_id("question")).to_contain_text("面诊的前三分钟问什么？")
    await phone.get_by_test_id("video").evaluate("video => { video.muted = true; return video.play(); }")
    await expect(phone.get_by_test_id("progress")).to_contain_text("看完", timeout=45_000)

    async with asyncio.timeout(15):
        while not {"content_open", "video_start", "video_finish"} <= set(await logged()):
            await asyncio.sleep(0.2)
    names = await logged()
    assert names.count("video_finish") == 1
    assert names.count("content_published") == 3
    assert {"account_created", "consent_granted", "video_heartbeat"} <= set(names), sorted(set(names))
    await phone.goto(f"{url}/h5/doctor/calendar")
    await expect(phone.get_by_test_id("episode-card").filter(has_text="已看完").first).to_be_visible()
    assert faults == []


async def agree(phone: Page) -> None:
    """Agree to what is shown after the first sign-in, also to the second purpose."""
    await expect(phone.get_by_test_id("consent-analytics")).to_be_visible(timeout=15_000)
    switch = phone.get_by_test_id("consent-analytics")
    if not await switch.is_checked():
        await switch.check()
    await phone.get_by_test_id("consent-agree").click()
    await expect(phone.get_by_test_id("consent-agree")).to_be_hidden()
    await expect(phone.get_by_role("button", name="以「演示医生陈」登录")).to_be_hidden()
