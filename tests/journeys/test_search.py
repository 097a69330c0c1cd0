"""The search on the phone, walked in a browser: by keyboard, with filters, marks, nothing found, and in the log."""

import asyncio
import json
import re
from typing import Any

import pytest
from playwright.async_api import expect

from content import dictionary
from server.core import clock, db
from tests.journeys.test_doctor_pages import AXE, Doctor, Shelf, doctor, shelf

__all__ = ["doctor", "shelf"]
pytestmark = pytest.mark.browser


async def searched() -> list[dict[str, Any]]:
    rows = await db.connection().fetch("SELECT body::text AS body FROM event WHERE name = 'content_search'")
    return [json.loads(row["body"]) for row in rows]


async def test_a_guest_searches_from_the_start_by_keyboard_alone(doctor: Doctor, shelf: Shelf) -> None:
    page = doctor.page
    await doctor.go("/")
    await page.get_by_role("link", name="搜索", exact=True).focus()
    await page.keyboard.press("Enter")
    field = page.get_by_test_id("search-input")
    await expect(field).to_be_focused()
    await page.keyboard.type("台前")
    await expect(page.get_by_role("option")).to_have_count(1)
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("option", selected=True)).to_contain_text("台前一问")
    await expect(field).to_have_attribute("aria-activedescendant", "search-1-0")
    await page.keyboard.press("ArrowDown")
    await expect(field).not_to_have_attribute("aria-activedescendant", "search-1-0")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("listbox")).to_be_hidden()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("hit").first).to_contain_text("台前一问")
    await expect(page.locator("mark").first).to_have_text("台前")
    await expect(page.get_by_test_id("total")).to_contain_text("共")
    await page.keyboard.press("ArrowDown")
    await page.get_by_test_id("hit").first.get_by_role("link").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/series/**")


async def test_a_suggested_question_leads_to_the_second_that_answers_it(doctor: Doctor, shelf: Shelf) -> None:
    await doctor.go("/search")
    await doctor.page.get_by_test_id("search-input").fill("停一停")
    await doctor.page.get_by_role("option").first.click()
    await expect(doctor.page).to_have_url(re.compile(r"/episodes/\d+\?t=20$"))


async def test_chips_narrow_and_the_way_back_widens_again(doctor: Doctor, shelf: Shelf) -> None:
    page = doctor.page
    await doctor.go("/search?text=台前一问")
    every = await page.get_by_test_id("hit").count()
    assert every > 1
    await page.get_by_role("group", name="类型").get_by_role("button", name="系列").click()
    await expect(page.get_by_test_id("hit")).to_have_count(1)
    await expect(page.get_by_role("button", name="系列")).to_have_attribute("aria-pressed", "true")
    await page.go_back()
    await expect(page.get_by_test_id("hit")).to_have_count(every)
    await page.get_by_role("group", name="时间").get_by_role("button", name="近一个月").click()
    await expect(page.get_by_test_id("hit")).to_have_count(every)


async def test_a_slip_is_told_and_nothing_found_says_how_to_go_on(doctor: Doctor, shelf: Shelf) -> None:
    page = doctor.page
    await dictionary.save_group(shown=["人工肛门", "台前一问"], staff_id=1, at=clock.now())
    await doctor.go("/search?text=人工肛闩")
    await expect(page.get_by_test_id("meant")).to_contain_text("人工肛门")
    await expect(page.get_by_test_id("hit").first).to_contain_text("台前一问")
    await doctor.go("/search?text=完全没有的词汇")
    await expect(page.get_by_text("没有找到“完全没有的词汇”")).to_be_visible()
    await expect(page.get_by_role("status").first).to_contain_text("没有找到结果")


async def test_a_search_and_what_was_opened_are_in_the_log_without_the_words(doctor: Doctor, shelf: Shelf) -> None:
    page = doctor.page
    await doctor.sign_in()
    await doctor.go("/search?text=台前一问")
    await page.get_by_test_id("hit").first.get_by_role("link").click()
    await page.wait_for_url("**/series/**")
    async with asyncio.timeout(20):
        while len(await searched()) < 2:
            await asyncio.sleep(0.2)
    first, second = await searched()
    assert first == {"results": first["results"]}
    assert second == {"results": first["results"], "clicked_rank": 1, "item_id": shelf.series, "kind": "series"}


async def test_the_page_is_open_to_all(doctor: Doctor, shelf: Shelf) -> None:
    page = doctor.page
    for path in ("/search", "/search?text=台前一问", "/search?text=没有的词汇"):
        await doctor.go(path)
        await page.wait_for_timeout(500)
        await page.evaluate(AXE.read_text("utf-8"))
        told = await page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
        serious = [one["id"] for one in told["violations"] if one["impact"] in {"serious", "critical"}]
        assert serious == [], path
    await doctor.go("/search?text=台前一问")
    wide = await page.evaluate("() => document.documentElement.scrollWidth > innerWidth")
    assert not wide
