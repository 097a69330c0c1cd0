"""Boards, items of every kind, favourites and questions on the phone, walked in a browser by doctors."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from people_fixtures import Visitors
from playwright.async_api import Browser, Route, expect
from professional_fixtures import Practice, practice

from content import inquiries, inquiry_listing, pins, publishing, sections
from server.core import clock, db
from tests.content.files import DOCUMENT
from tests.content.studio import a_tag, published_series
from tests.journeys.test_doctor_pages import AXE, DESK, PHONE, Doctor, _asset, _doctor, _picture, heard, serious
from tests.written_fixtures import article, section, written

__all__ = ["practice"]

MINUTE = timedelta(minutes=1)
BODY = """开头一段。

## 为什么要看下缘

{long}

[[figure]]

[[table]]

## 怎么判断

[[said]]

[[quiz]]

[[card]]

## 随访

{long}
""".format(long="低位直肠癌能否保肛，要看肿瘤下缘、环周切缘和肛门功能。" * 20)


@dataclass(frozen=True)
class Boards:
    """What stands on the boards: the ids of its items."""

    text: int
    plain: int
    video: int
    brand: int
    document: int
    medicine: int
    series: int
    filler: list[int]


@pytest.fixture
async def boards(app: Any, visitors: Visitors) -> Boards:
    """Fill three boards with items of every kind."""
    at = clock.now() - timedelta(hours=2)
    await a_tag()
    look = {"layout": "rows", "icon": "innovation", "tone": "green"}
    top = await section("innovation", name_zh="e创新", summary="学术前沿与病例", look=look)
    frontier = await section("frontier", name_zh="学术前沿", parent_id=top)
    service = await section("service", name_zh="易服务", look={"layout": "grid", "icon": "service", "tone": "warm"})
    picture = {"asset": await _picture(app), "alt": "示意图：下缘与环周切缘"}
    sheet = {"asset": await _asset(app, "sheet.pdf", DOCUMENT), "title": "随访表"}
    medicine = await written("product", "示例滨片", section_id=service, cover=picture, at=at)
    options = [{"text": "环周切缘", "right": True}, {"text": "楼层"}]
    blocks = [
        {"type": "image", "key": "figure", "picture": picture, "caption": "下缘"},
        {
            "type": "table",
            "key": "table",
            "caption": "距离与术式",
            "header": ["距肛缘", "术式", "要点", "随访"],
            "rows": [["4 厘米", "ISR", "括约肌功能", "三个月"], ["6 厘米", "TME", "环周切缘", "六个月"]],
        },
        {"type": "quote", "key": "said", "text": "先把功能说清楚。", "by": "一位主任"},
        {"type": "quiz", "key": "quiz", "question": "先看什么？", "options": options, "explanation": "切缘决定方案。"},
        {"type": "product", "key": "card", "product": medicine},
    ]
    filler = [await article(f"第 {number} 篇", section_id=frontier, cover=picture, at=at) for number in range(24)]
    series_id = await published_series(at=at, title="台前一问", cover=picture)
    await sections.place(item_id=series_id, section_id=top, staff_id=1, at=at)
    text = await article(
        "低位保肛怎么选",
        section_id=frontier,
        cover=picture,
        tags=["rectal-cancer"],
        body=BODY,
        blocks=blocks,
        documents=[sheet],
        audience="doctor",
        at=at + MINUTE,
    )
    return Boards(
        text=text,
        plain=await article("给所有人的一篇", section_id=top, cover=picture, at=at + 2 * MINUTE),
        video=await written("video", "四分钟读片", section_id=top, cover=picture, at=at + 3 * MINUTE),
        brand=await written("brand_account", "一叶胸外", section_id=service, cover=picture, qr=picture, at=at),
        document=await written("document", "出院一页纸", section_id=service, cover=picture, documents=[sheet], at=at),
        medicine=medicine,
        series=series_id,
        filler=filler,
    )


@pytest.fixture
async def doctor(browser: Browser, app: Any, boards: Boards) -> AsyncIterator[Doctor]:
    """Somebody with a phone, not signed in yet."""
    one = await _doctor(browser, app.ctx.test_url, PHONE)
    yield one
    await one.context.close()
    assert one.faults == []


@pytest.mark.browser
async def test_a_guest_walks_the_boards_by_tab_tag_and_to_the_end(doctor: Doctor, boards: Boards) -> None:
    page = doctor.page
    await doctor.go("/")
    await page.get_by_test_id("boards").get_by_text("e创新").click()
    await expect(page).to_have_url(re.compile("/boards/innovation$"))
    cards = page.get_by_test_id("item-card")
    await expect(cards.first).to_contain_text("四分钟读片")
    await page.get_by_role("link", name="学术前沿").click()
    await expect(page).to_have_url(re.compile("/boards/frontier$"))
    await expect(cards).to_have_count(20)
    await page.get_by_test_id("more").scroll_into_view_if_needed()
    await expect(cards).to_have_count(24)
    await expect(page.get_by_text("没有更多了")).to_be_visible()
    await page.go_back()
    await expect(cards.first).to_contain_text("四分钟读片")
    await page.get_by_role("link", name="易服务").click()
    await expect(cards).to_have_count(2)
    await doctor.go("/boards/nothing")
    await expect(page.get_by_text("没有这个栏目")).to_be_visible()


@pytest.mark.browser
async def test_a_doctor_filters_by_a_tag_and_reads_an_article_with_all_its_parts(
    doctor: Doctor, boards: Boards
) -> None:
    page = doctor.page
    await doctor.sign_in()
    await doctor.go("/boards/innovation")
    await page.get_by_test_id("tags").get_by_text("直肠癌").click()
    await expect(page).to_have_url(re.compile("tag=rectal-cancer"))
    await expect(page.get_by_test_id("item-card")).to_have_count(1)
    await page.get_by_test_id("item-card").locator("a").click()
    await expect(page.locator("#title")).to_have_text("低位保肛怎么选")
    prose = page.get_by_test_id("prose")
    await expect(prose.locator("h2")).to_have_count(3)
    await expect(prose.locator("img").first).to_have_attribute("alt", "示意图：下缘与环周切缘")
    await expect(prose.locator("table")).to_contain_text("括约肌功能")
    await expect(page.get_by_test_id("outline")).to_contain_text("3 节")
    # The medicine within the text is for professionals.
    await expect(page.get_by_test_id("product-gate")).to_contain_text("已认证")
    assert "示例滨片" not in await page.content()

    await page.get_by_test_id("quiz").get_by_text("楼层").click()
    await page.get_by_role("button", name="看看对不对").click()
    await expect(page.get_by_test_id("quiz")).to_contain_text("切缘决定方案")

    await page.get_by_test_id("favourite").click()
    await expect(page.get_by_test_id("favourite")).to_have_attribute("aria-pressed", "true")
    async with page.expect_download() as downloading:
        await page.get_by_test_id("document").click()
    assert (await downloading.value).suggested_filename.endswith(".pdf")
    await page.mouse.wheel(0, 1200)
    await page.wait_for_timeout(7000)
    await doctor.go("/favourites")
    await expect(page.get_by_test_id("favourite-card")).to_contain_text("低位保肛怎么选")
    row = await db.connection().row("SELECT * FROM reading WHERE item_id = $1", boards.text)
    assert row is not None
    assert 0 < row["max_percent"] <= 100
    assert row["active_ms"] >= 3000
    await doctor.go("/me")
    await expect(page.get_by_test_id("continue-card")).to_contain_text("低位保肛怎么选")
    await doctor.go("/")
    first = page.get_by_test_id("item-card").first
    await expect(first).to_have_attribute("data-reason", "unfinished")
    await expect(first).to_contain_text("读到")


@pytest.mark.browser
async def test_what_is_for_professionals_is_a_gate_until_one_is_verified(
    doctor: Doctor, boards: Boards, practice: Practice
) -> None:
    page = doctor.page
    await doctor.go(f"/items/{boards.medicine}")
    await expect(page.get_by_text("登录后可查看")).to_be_visible()
    await doctor.sign_in()
    await doctor.go(f"/items/{boards.medicine}")
    await expect(page.get_by_test_id("professional-gate")).to_be_visible()
    await expect(page.get_by_role("link", name="去认证")).to_have_attribute("href", "/h5/doctor/verify")
    assert "示例滨片" not in await page.content()

    account = await db.connection().value("SELECT max(id) FROM account")
    at = clock.now()
    await db.connection().execute(
        "INSERT INTO consent (account_id, purpose, version, granted, channel, at) "
        "SELECT $1, 'verification', version, true, 'mini_program', $2 FROM consent WHERE account_id = $1 LIMIT 1",
        account,
        at,
    )

    class Someone:
        account_id = account

    await practice.approve(await practice.submit(Someone))  # type: ignore[arg-type]  # only the account is asked for
    await doctor.go(f"/items/{boards.medicine}")
    await expect(page.get_by_text("本内容仅供医学药学专业人士阅读")).to_be_visible(timeout=15_000)
    await expect(page.get_by_test_id("certificate")).to_contain_text("国药准字H00000000")
    await doctor.go(f"/items/{boards.text}")
    await expect(page.get_by_test_id("product-card")).to_contain_text("示例滨片")
    await heard("product_displayed")


@pytest.mark.browser
async def test_every_kind_has_its_page_and_what_is_gone_says_so(doctor: Doctor, boards: Boards) -> None:
    page = doctor.page
    await doctor.go(f"/items/{boards.brand}")
    await expect(page.get_by_test_id("qr")).to_have_attribute("alt", re.compile("."))
    await expect(page.get_by_test_id("brand-link")).to_have_attribute("rel", "noopener noreferrer")
    await doctor.go(f"/items/{boards.document}")
    await expect(page.get_by_test_id("document")).to_contain_text("随访表")
    await doctor.go(f"/items/{boards.video}")
    await expect(page.get_by_test_id("gate")).to_be_visible()
    await page.goto(f"{doctor.url}/h5/doctor/items/{boards.series}")
    await expect(page).to_have_url(re.compile(f"/series/{boards.series}$"))
    await publishing.withdraw(item_id=boards.plain, reason="", staff_id=1, at=clock.now())
    await doctor.go(f"/items/{boards.plain}")
    await expect(page.get_by_text("内容已下线")).to_be_visible()
    await doctor.go("/items/424242")
    await expect(page.get_by_text("没有找到这个内容")).to_be_visible()


@pytest.mark.browser
async def test_a_question_is_asked_answered_seen_and_taken_back(doctor: Doctor, boards: Boards) -> None:
    page = doctor.page
    await doctor.sign_in()
    await doctor.go(f"/series/{boards.series}")
    await page.get_by_test_id("ask").click()
    await page.get_by_label("您的问题").fill("患者电话 13800138000，怎么办？")
    await page.get_by_test_id("ask-send").click()
    await expect(page.get_by_role("alert")).to_contain_text("请不要填写电话")
    await page.get_by_label("您的问题").fill("放化疗后完全缓解，还要手术吗？")
    await page.get_by_test_id("ask-send").click()
    await expect(page.locator("#toast")).to_contain_text("已收到")
    await doctor.go("/questions")
    card = page.get_by_test_id("asked-card")
    await expect(card).to_have_attribute("data-state", "open")
    [row] = (await inquiry_listing.listing()).rows
    await inquiries.answer(inquiry_id=row.id, text="先严密随访，\n每三个月一次。", staff_id=1, at=clock.now())
    await doctor.go("/questions")
    await expect(card).to_contain_text("每三个月一次")
    await expect(card).to_have_attribute("data-state", "answered")
    await page.get_by_test_id("take-back").click()
    await page.get_by_test_id("sure").click()
    await expect(page.get_by_text("还没有提过问题")).to_be_visible()
    assert await db.connection().value("SELECT count(*) FROM asked_question") == 0


@pytest.mark.browser
async def test_a_favourite_is_let_go_and_a_broken_line_is_mended(doctor: Doctor, boards: Boards) -> None:
    page = doctor.page
    await doctor.sign_in()
    for item_id in (boards.plain, boards.video):
        await doctor.go(f"/items/{item_id}")
        await page.get_by_test_id("favourite").click()
        await expect(page.get_by_test_id("favourite")).to_have_attribute("aria-pressed", "true")
    await doctor.go("/favourites")
    await expect(page.get_by_test_id("favourite-card")).to_have_count(2)
    await page.get_by_role("button", name="视频", exact=True).click()
    await expect(page.get_by_test_id("favourite-card")).to_have_count(1)
    await page.get_by_role("button", name="取消收藏：四分钟读片").click()
    await expect(page.get_by_text("还没有收藏视频")).to_be_visible()

    async def away(route: Route) -> None:
        await route.abort()

    await page.route("**/api/doctor/sections/**", away)
    await doctor.go("/boards/innovation")
    await expect(page.get_by_text("网络不可用").first).to_be_visible()
    await page.unroute("**/api/doctor/sections/**")
    await page.get_by_role("button", name="再试一次").last.click()
    await expect(page.get_by_test_id("item-card").first).to_be_visible()


@pytest.mark.browser
async def test_the_boards_are_walked_by_keys_alone(doctor: Doctor, boards: Boards) -> None:
    page = doctor.page
    await pins.arrange(place="home", item_ids=[boards.plain], staff_id=1, at=clock.now())
    await doctor.go("/boards/innovation")
    await page.get_by_role("link", name="学术前沿").focus()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/boards/frontier$"))
    await expect(page.get_by_role("link", name="学术前沿")).to_be_focused()
    await doctor.go("/")
    held = page.get_by_test_id("item-card").first
    await expect(held).to_contain_text("置顶")
    await held.locator("a").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#title")).to_have_text("给所有人的一篇")


@pytest.mark.browser
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
async def test_no_page_of_the_boards_has_a_serious_barrier(
    browser: Browser, app: Any, boards: Boards, size: dict[str, int]
) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not there; `make` fetches it.")
    doctor = await _doctor(browser, app.ctx.test_url, size)
    await doctor.context.add_init_script(path=AXE)
    kinds = [boards.text, boards.video, boards.brand, boards.document, boards.medicine, 424_242]
    paths = ["/", "/boards", "/boards/service", *(f"/items/{item_id}" for item_id in kinds)]

    async def check(name: str) -> None:
        await doctor.page.wait_for_load_state("networkidle")
        found = await doctor.page.evaluate("async () => (await axe.run(document)).violations")
        assert serious(found) == [], name
        wide = await doctor.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, name

    for path in paths:
        await doctor.go(path)
        await check(f"guest {path}")
    await doctor.sign_in()
    for path in [*paths, "/favourites", "/questions", f"/series/{boards.series}"]:
        await doctor.go(path)
        await check(path)
    await doctor.page.get_by_test_id("ask").click()
    await expect(doctor.page.get_by_label("您的问题")).to_be_visible()
    await check("asking")
    await doctor.context.close()
    assert doctor.faults == []
