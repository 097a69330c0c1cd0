"""What the phone pages tell of reading, walked in a browser: a card seen and tapped, a page opened, read and left."""

import asyncio
import json
from typing import Any

import pytest
from playwright.async_api import expect

from server.core import db
from tests.journeys.test_doctor_pages import Doctor, Shelf, doctor, heard, shelf

__all__ = ["doctor", "shelf"]


async def told(name: str) -> list[dict[str, Any]]:
    rows = await db.connection().fetch("SELECT body::text AS body FROM event WHERE name = $1 ORDER BY number", name)
    return [json.loads(row["body"]) for row in rows]


async def open_by_its_card(doctor: Doctor) -> None:
    await doctor.sign_in()
    await doctor.go("/series")
    await doctor.page.wait_for_timeout(1300)
    await doctor.page.get_by_test_id("series-card").locator("a").first.click()
    await expect(doctor.page.locator("main")).not_to_have_attribute("aria-busy", "true")
    await expect(doctor.page.get_by_test_id("episode-card")).to_have_count(2)


@pytest.mark.browser
async def test_an_opening_says_from_which_card_it_came(doctor: Doctor, shelf: Shelf) -> None:
    await open_by_its_card(doctor)
    await doctor.go(f"/series/{shelf.series}")
    await heard("content_impression", "content_open")
    async with asyncio.timeout(15):
        while len(opened := await told("content_open")) < 2:
            await asyncio.sleep(0.2)
    by_card = {"item_id": shelf.series, "kind": "series", "list": "series", "position": 1}
    assert opened == [by_card, {"item_id": shelf.series, "kind": "series"}]
    assert by_card in await told("content_impression")


@pytest.mark.browser
async def test_reading_grows_with_what_was_scrolled_and_the_time_in_front(
    doctor: Doctor,
    shelf: Shelf,
) -> None:
    await open_by_its_card(doctor)
    await doctor.page.wait_for_timeout(3500)
    await doctor.page.mouse.wheel(0, 5000)
    await doctor.page.wait_for_timeout(2500)
    await doctor.go("/me")
    async with asyncio.timeout(15):
        while not (grown := await told("content_read_progress")) or grown[-1]["max_percent"] < 90:
            await asyncio.sleep(0.2)
    assert {one["item_id"] for one in grown} == {shelf.series}
    assert [one["max_percent"] for one in grown] == sorted(one["max_percent"] for one in grown)
    assert [one["active_ms"] for one in grown] == sorted(one["active_ms"] for one in grown)
    assert len({one["expected_ms"] for one in grown}) == 1
    assert 10_000 <= grown[0]["expected_ms"] <= 60_000
    assert 4000 <= grown[-1]["active_ms"] <= 20_000
    assert len(grown) <= 6


@pytest.mark.browser
async def test_nothing_is_read_while_the_page_is_behind_another(doctor: Doctor, shelf: Shelf) -> None:
    await open_by_its_card(doctor)
    await doctor.page.evaluate(
        "() => { Object.defineProperty(document, 'visibilityState', { value: 'hidden' });"
        " document.dispatchEvent(new Event('visibilitychange')); }"
    )
    await doctor.page.wait_for_timeout(5000)
    await doctor.go("/me")
    await heard("content_open")
    assert all(one["active_ms"] < 4000 for one in await told("content_read_progress"))
