"""Being verified, walked in a browser: a doctor hands in a licence on the phone, staff look and approve, the doctor is
a professional and sees what is for professionals alone; the log and the audit hold every step."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from people_fixtures import Visitors
from playwright.async_api import Browser, Page, expect
from professional_fixtures import jpeg

from cdp import hospital_lists
from server.core import clock, db, staff
from server.demo import notices
from tests.content.studio import published_series

PASSWORD = "Apricot-Grove-2611"
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = "{runOnly: {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']}}"


async def faultless(page: Page) -> None:
    """Hold a page against the rules for who cannot see or point."""
    await page.evaluate(AXE.read_text("utf-8"))
    found = await page.evaluate(f"async () => (await axe.run({RULES})).violations.map(v => v.id)")
    assert found == [], (page.url, found)


@pytest.mark.browser
async def test_a_doctor_becomes_a_professional(browser: Browser, app: Any, visitors: Visitors, tmp_path: Path) -> None:
    at, url = clock.now(), app.ctx.test_url
    await notices.seed(at=at)
    await hospital_lists.take_in(rows=hospital_lists.standard(), dry_run=False, actor="command", at=at)
    series_id = await published_series(at=at, title="只给专业人士", audience="professional")
    await staff.create(email="c@example.org", name="林晓", password=PASSWORD, roles=["compliance"], at=at)
    photo = tmp_path / "IMG_0001.jpg"
    photo.write_bytes(jpeg(side=900))

    # The scripts of the rules are put into the page, which its policy forbids to everybody else.
    context = await browser.new_context(
        viewport={"width": 375, "height": 812}, locale="zh-CN", timezone_id="Asia/Shanghai", bypass_csp=True
    )
    phone = await context.new_page()
    faults: list[str] = []
    phone.on("pageerror", lambda fault: faults.append(str(fault)))
    await phone.goto(f"{url}/h5/doctor/me")
    await phone.get_by_test_id("sign-in-doctor-lin").click()
    # What is asked where it is needed is not asked on signing in.
    await expect(phone.get_by_test_id("consent-verification")).to_have_count(0)
    await phone.get_by_test_id("consent-agree").click()
    await expect(phone.get_by_test_id("account")).to_contain_text("未认证")
    await phone.get_by_test_id("verify").click()

    await faultless(phone)
    await phone.get_by_test_id("agree-verification").click()
    await phone.locator("#verify-name").fill("林演示")
    # The whole form by the keyboard alone, from the hospital on.
    await phone.locator("#hospital").press_sequentially("華西")
    await expect(phone.get_by_role("option").first).to_contain_text("四川大学华西医院")
    await faultless(phone)
    await phone.keyboard.press("ArrowDown")
    await phone.keyboard.press("Enter")
    await expect(phone.locator("#hospital")).to_have_value("四川大学华西医院")
    await phone.keyboard.press("Tab")
    await phone.keyboard.type("胃肠外科")
    await phone.locator("#verify-title").select_option(label="主治医师")
    await phone.locator("#verify-licence").fill("1234")
    await phone.locator("#verify-file").set_input_files(photo)
    await phone.get_by_test_id("hand-in").press("Enter")
    await expect(phone.locator("#licence-wrong")).to_contain_text("15 位数字")
    await expect(phone.locator("#verify-licence")).to_be_focused()
    await phone.locator("#verify-licence").fill("110330000987654")
    await phone.get_by_test_id("hand-in").press("Enter")
    await expect(phone.get_by_test_id("standing-waiting")).to_be_visible(timeout=15_000)
    await faultless(phone)
    await phone.get_by_test_id("tell-me").click()
    await phone.get_by_test_id("prompt-accept").click()
    await expect(phone.locator("#toast")).to_contain_text("有结果时会通知您")

    desk = await browser.new_page(viewport={"width": 1440, "height": 900}, locale="zh-CN", bypass_csp=True)
    await desk.goto(f"{url}/admin/")
    await desk.fill("input[name=email]", "c@example.org")
    await desk.fill("input[name=password]", PASSWORD)
    await desk.keyboard.press("Enter")
    await desk.get_by_role("link", name="专业人士认证").click()
    await faultless(desk)
    await desk.get_by_role("link", name="#1").click()
    await expect(desk.get_by_role("img", name="医生上传的执业证书照片")).to_be_visible()
    assert await desk.locator(".licence-photo").evaluate("image => image.naturalWidth") == 900
    await expect(desk.get_by_role("radio", name="四川大学华西医院 成都市")).to_be_checked()
    await faultless(desk)
    await desk.get_by_role("button", name="通过认证").click()
    await expect(desk.get_by_role("status").first).to_contain_text("已通过认证")

    await phone.goto(f"{url}/h5/doctor/verify")
    await expect(phone.get_by_test_id("standing-verified")).to_contain_text("四川大学华西医院")
    await faultless(phone)
    await phone.goto(f"{url}/h5/doctor/series/{series_id}")
    await expect(phone.get_by_role("heading", name="只给专业人士")).to_be_visible()

    async with asyncio.timeout(10):
        while not {"professional_submitted", "professional_approved"} <= set(await _names("event", "name", "number")):
            await asyncio.sleep(0.1)
    deeds = await _names("audit_entry", "deed")
    assert [deed for deed in deeds if deed.startswith("professional.")] == [
        "professional.look",
        "professional.look_at_photo",
        "professional.approve",
    ]
    assert faults == []
    await context.close()
    await desk.close()


async def _names(table: str, column: str, order: str = "id") -> list[str]:
    rows = await db.connection().fetch(f"SELECT {column} AS name FROM {table} ORDER BY {order}")
    return [row["name"] for row in rows]
