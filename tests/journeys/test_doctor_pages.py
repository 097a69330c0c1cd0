"""The phone pages of doctors, walked in a browser: guests, consent, following, reminders, watching, one's own data."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from people_fixtures import Visitors
from playwright.async_api import Browser, BrowserContext, Page, Route, expect

from content import airings, assets
from server.core import clock, db
from server.demo import notices
from server.demo.films import Slide, film
from server.demo.pictures import cover
from tests.content.files import pieces
from tests.content.studio import a_tag, draft, publish, published_series

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SECONDS = 30
PHONE = {"width": 375, "height": 812}
DESK = {"width": 1440, "height": 900}


@dataclass(frozen=True)
class Shelf:
    """What is on show: a series with an episode that has aired and one that is to come."""

    series: int
    aired: int
    coming: int


@pytest.fixture
async def shelf(app: Any, visitors: Visitors, tmp_path: Path) -> Shelf:
    """Publish a series with a film of half a minute."""
    at = clock.now() - timedelta(days=1)
    await notices.seed(at=at)
    path = tmp_path / "film.mp4"
    film(path=path, slides=[Slide(0, 0, "面诊"), Slide(20, 2, "难点")], seconds=SECONDS, over="演示", hue=180)

    await a_tag()
    picture = {"asset": await _picture(app), "alt": "封面"}
    series_id = await published_series(at=at, title="台前一问", tags=["rectal-cancer"], cover=picture)
    made = []
    for title, airs_at in (
        ("第一次面诊，先听什么", at + timedelta(hours=1)),
        ("影像摆在桌上", clock.now() + timedelta(days=2)),
    ):
        shape = {
            "title": title,
            "summary": "从叙述里找线索。",
            "duration_s": SECONDS,
            "cover": picture,
            "video": {"asset": await _asset(app, "film.mp4", path.read_bytes())},
            "chapters": [
                {"key": "start", "title": "从患者的话说起", "starts_at_s": 0, "stage": "consultation"},
                {"key": "hard", "title": "慢下来的地方", "starts_at_s": 20, "stage": "difficulty"},
            ],
            "questions": [{"text": "什么时候应当停一停？", "chapter": "hard"}],
        }
        item_id = await draft("episode", shape, parent_id=series_id, at=at)
        await airings.schedule(episode_id=item_id, airs_at=airs_at, staff_id=1, at=at)
        await publish(item_id=item_id, staff_id=1, at=at)
        made.append(item_id)
    return Shelf(series_id, *made)


async def _picture(app: Any) -> int:
    drawn = cover(title="面诊", over="台前一问", under="第一季", hue=196, theme="lamp", seed="x")
    return await _asset(app, "cover.jpg", drawn)


async def _asset(app: Any, name: str, content: bytes) -> int:
    taken = await assets.take_in(
        files=app.ctx.files, pieces=pieces(content), name=name, at_most=2**24, staff_id=1, at=clock.now()
    )
    return taken.id


class Doctor:
    """A doctor with a phone in the hand."""

    def __init__(self, context: BrowserContext, page: Page, url: str) -> None:
        self.context, self.page, self.url = context, page, url
        self.faults: list[str] = []
        page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        page.on("console", lambda said: self.faults.append(said.text) if "Content Security" in said.text else None)

    async def go(self, path: str) -> None:
        await self.page.goto(f"{self.url}/h5/doctor{path}")
        await expect(self.page.locator("main")).not_to_have_attribute("aria-busy", "true", timeout=15_000)

    async def sign_in(self, user: str = "doctor-lin", *, analytics: bool = True) -> None:
        await self.go("/me")
        await self.page.get_by_test_id(f"sign-in-{user}").click()
        switch = self.page.get_by_test_id("consent-analytics")
        await expect(switch).to_be_visible()
        assert not await switch.is_checked()
        if analytics:
            await switch.check()
        await self.page.get_by_test_id("consent-agree").click()
        await expect(self.page.get_by_test_id("account")).to_be_visible(timeout=15_000)

    async def play(self, rate: float = 2.0) -> None:
        video = self.page.get_by_test_id("video")
        await expect(video).to_be_visible()
        await video.evaluate("(v, rate) => { v.muted = true; v.playbackRate = rate; return v.play(); }", rate)

    async def second(self) -> float:
        return float(await self.page.get_by_test_id("video").evaluate("v => v.currentTime"))


async def _doctor(browser: Browser, url: str, size: dict[str, int]) -> Doctor:
    context = await browser.new_context(
        viewport=size,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        has_touch=size is PHONE,
    )
    return Doctor(context, await context.new_page(), url)


@pytest.fixture
async def doctor(browser: Browser, app: Any, shelf: Shelf) -> AsyncIterator[Doctor]:
    """Somebody who is not signed in yet, with a phone."""
    one = await _doctor(browser, app.ctx.test_url, PHONE)
    yield one
    await one.context.close()
    assert one.faults == []


async def logged() -> list[str]:
    return [row["name"] for row in await db.connection().fetch("SELECT name FROM event ORDER BY number")]


async def heard(*names: str) -> None:
    async with asyncio.timeout(20):
        while not set(names) <= set(await logged()):
            await asyncio.sleep(0.2)


@pytest.mark.browser
async def test_a_guest_reads_and_is_asked_to_sign_in_before_watching(doctor: Doctor, shelf: Shelf) -> None:
    await doctor.go("/")
    await expect(doctor.page.get_by_test_id("series-card")).to_contain_text("台前一问")
    await doctor.page.get_by_test_id("series-card").click()
    await expect(doctor.page.get_by_test_id("episode-card")).to_have_count(2)
    await doctor.go(f"/episodes/{shelf.aired}")
    await expect(doctor.page.get_by_test_id("gate")).to_be_visible()
    await expect(doctor.page.get_by_test_id("chapter")).to_have_count(2)
    await doctor.go("/calendar")
    await expect(doctor.page.get_by_test_id("sign-in")).to_be_visible()
    # Nothing of a guest is kept.
    assert not {"content_open", "content_impression", "page_view"} & set(await logged())


@pytest.mark.browser
async def test_who_does_not_agree_is_not_signed_in(doctor: Doctor) -> None:
    await doctor.go("/me")
    await doctor.page.get_by_test_id("sign-in-doctor-lin").click()
    await doctor.page.get_by_role("button", name="不同意", exact=True).click()
    await expect(doctor.page.get_by_test_id("sign-in")).to_be_visible()
    assert await db.connection().value("SELECT count(*) FROM account") == 0


@pytest.mark.browser
async def test_a_doctor_follows_a_series_and_is_to_be_reminded(doctor: Doctor, shelf: Shelf) -> None:
    page = doctor.page
    await doctor.sign_in()
    await doctor.go(f"/series/{shelf.series}")
    follow = page.get_by_test_id("follow")
    await follow.click()
    await expect(follow).to_have_attribute("aria-pressed", "true")

    month = f"{clock.day_of(clock.now() + timedelta(days=2)):%Y-%m}"
    await doctor.go(f"/calendar?month={month}")
    day = page.locator(f"[data-day='{clock.day_of(clock.now() + timedelta(days=2))}']")
    await expect(day).to_contain_text("影像摆在桌上，未播出")
    await day.click()
    card = page.get_by_test_id("day-list").get_by_test_id("episode-card")
    await expect(card.locator("[data-reminder=no_credit]")).to_be_visible()

    await doctor.go("/me")
    await page.get_by_test_id("allow-reminders").click()
    await page.get_by_test_id("prompt-accept").click()
    credit = page.get_by_test_id("credit").filter(has_text="节目动态提醒")
    await expect(credit).to_contain_text("剩余 1 次")
    await doctor.go(f"/calendar?month={month}")
    await page.locator(f"[data-day='{clock.day_of(clock.now() + timedelta(days=2))}']").click()
    await expect(card.locator("[data-reminder=planned]")).to_be_visible()
    await heard("series_follow")


@pytest.mark.browser
async def test_an_episode_is_watched_from_its_chapters_and_gone_on_with_and_finished(
    doctor: Doctor, shelf: Shelf
) -> None:
    page = doctor.page
    await doctor.sign_in()
    await doctor.go(f"/episodes/{shelf.aired}")
    await expect(page.get_by_test_id("video")).to_be_visible()
    await page.get_by_test_id("video").evaluate("v => { v.muted = true; }")
    await page.get_by_test_id("question").click()
    await expect(page.get_by_test_id("chapter").nth(1)).to_have_attribute("aria-current", "true")
    assert await doctor.second() >= 20
    await expect(page.get_by_test_id("progress")).to_contain_text("看过", timeout=15_000)
    await page.get_by_test_id("video").evaluate("v => v.pause()")
    await heard("video_start", "video_heartbeat", "video_pause", "video_seek", "content_open")

    await doctor.go(f"/episodes/{shelf.aired}")
    await expect(page.get_by_test_id("video")).to_be_visible()
    await _until(doctor, 10)

    await page.get_by_test_id("chapter").first.click()
    await doctor.play()
    await expect(page.get_by_test_id("progress")).to_contain_text("已看完", timeout=45_000)
    await heard("video_finish")
    assert (await logged()).count("video_finish") == 1


async def _until(doctor: Doctor, second: float) -> None:
    async with asyncio.timeout(10):
        while await doctor.second() < second:
            await asyncio.sleep(0.1)


@pytest.mark.browser
async def test_favourites_stars_and_shares_stay(doctor: Doctor, shelf: Shelf, browser: Browser) -> None:
    page = doctor.page
    await doctor.sign_in()
    await doctor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await doctor.go(f"/episodes/{shelf.aired}")
    await page.get_by_test_id("favourite").click()
    await expect(page.get_by_test_id("favourite")).to_have_attribute("aria-pressed", "true")
    await page.get_by_test_id("star-4").click()
    await expect(page.get_by_test_id("star-4")).to_have_attribute("aria-checked", "true")
    await page.get_by_test_id("share").click()
    await expect(page.locator("#toast")).to_contain_text("链接已复制")
    link = await page.evaluate("navigator.clipboard.readText()")

    guest = await _doctor(browser, doctor.url, PHONE)
    for _ in range(2):
        await guest.page.goto(link)
        await expect(guest.page.get_by_test_id("shared-item")).to_contain_text("第一次面诊，先听什么")
    await guest.page.get_by_test_id("open-shared").click()
    await expect(guest.page).to_have_url(re.compile(rf"/episodes/{shelf.aired}$"))
    await guest.context.close()

    await doctor.go("/me")
    await expect(page.get_by_text("被打开 1 次")).to_be_visible()
    await expect(page.locator("article").filter(has_text="第一次面诊，先听什么").first).to_be_visible()


@pytest.mark.browser
async def test_consent_is_taken_back_data_exported_and_the_account_erased(doctor: Doctor, shelf: Shelf) -> None:
    page = doctor.page
    await doctor.sign_in()
    await heard("page_view")
    await page.get_by_test_id("purpose-analytics").click()
    await expect(page.get_by_test_id("purpose-analytics")).not_to_be_checked()
    await expect(page.locator("#toast")).to_contain_text("已撤回")
    before = (await logged()).count("content_open")
    await doctor.go(f"/series/{shelf.series}")
    await doctor.go("/me")
    assert (await logged()).count("content_open") == before

    async with page.expect_download() as downloading:
        await page.get_by_test_id("export").click()
    told = json.loads(Path(await (await downloading.value).path()).read_text("utf-8"))
    assert "content" in str(told)

    await page.get_by_test_id("make-feed").click()
    feed = doctor.url + urlsplit(await page.get_by_test_id("feed-url").input_value()).path
    assert (await page.request.get(feed)).status == 200

    await page.get_by_test_id("erase").click()
    await page.get_by_test_id("sure").click()
    await expect(page.get_by_text("账号已删除")).to_be_visible()
    await page.get_by_role("button", name="知道了").click()
    await expect(page.get_by_test_id("sign-in")).to_be_visible()
    assert (await page.request.get(feed)).status == 404
    assert await db.connection().value("SELECT count(*) FROM account WHERE erased_at IS NULL") == 0


@pytest.mark.browser
async def test_without_a_network_a_page_says_so_and_goes_on_when_it_is_back(doctor: Doctor) -> None:
    page = doctor.page
    await doctor.sign_in()

    async def away(route: Route) -> None:
        await route.abort()

    await page.route("**/api/doctor/calendar*", away)
    await doctor.go("/calendar")
    await expect(page.get_by_text("网络不可用")).to_be_visible()
    await page.unroute("**/api/doctor/calendar*")
    await page.get_by_role("button", name="再试一次").click()
    await expect(page.get_by_test_id("month")).to_be_visible()


@pytest.mark.browser
async def test_a_session_that_is_over_becomes_a_guest(doctor: Doctor) -> None:
    await doctor.sign_in()
    await db.connection().execute("UPDATE account_session SET ended_at = now(), end_reason = 'signed_out'")
    await asyncio.sleep(1.2)
    await doctor.go("/calendar")
    await expect(doctor.page.get_by_test_id("sign-in")).to_be_visible(timeout=15_000)


@pytest.mark.browser
async def test_what_could_not_be_told_is_told_later(doctor: Doctor, shelf: Shelf) -> None:
    page = doctor.page
    await doctor.sign_in()
    await doctor.go(f"/episodes/{shelf.aired}")

    async def away(route: Route) -> None:
        await route.abort()

    await page.route("**/progress", lambda route: away(route) if route.request.method == "POST" else route.continue_())
    await doctor.play(1.0)
    await _until(doctor, 7)
    await page.get_by_test_id("video").evaluate("v => v.pause()")
    await asyncio.sleep(0.5)
    assert "video_heartbeat" not in await logged()
    await page.unroute("**/progress")
    await doctor.go(f"/episodes/{shelf.aired}")
    await heard("video_heartbeat")
    await expect(page.get_by_test_id("progress")).to_contain_text("看过")


def serious(violations: Iterable[dict[str, Any]]) -> list[str]:
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:120]}"
        for one in violations
        if one["impact"] in {"serious", "critical"}
    ]


@pytest.mark.browser
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_no_page_has_a_serious_barrier(browser: Browser, app: Any, shelf: Shelf, size: dict[str, int]) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not there; `make` fetches it.")
    doctor = await _doctor(browser, app.ctx.test_url, size)
    await doctor.context.add_init_script(path=AXE)
    paths = ["/", "/calendar", "/series", f"/series/{shelf.series}", f"/episodes/{shelf.aired}", "/me"]

    async def check(name: str) -> None:
        await doctor.page.wait_for_load_state("networkidle")
        found = await doctor.page.evaluate("async () => (await axe.run(document)).violations")
        assert serious(found) == [], name
        wide = await doctor.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, name

    for path in paths:
        await doctor.go(path)
        await check(f"guest {path}")
    await doctor.page.get_by_test_id("sign-in-doctor-lin").click()
    await expect(doctor.page.get_by_test_id("consent-agree")).to_be_visible()
    await check("consent")
    await doctor.page.get_by_test_id("consent-agree").click()
    await expect(doctor.page.get_by_test_id("account")).to_be_visible(timeout=15_000)
    for path in [*paths, f"/episodes/{shelf.coming}", "/episodes/999999"]:
        await doctor.go(path)
        await check(path)
    await doctor.context.close()
    assert doctor.faults == []
