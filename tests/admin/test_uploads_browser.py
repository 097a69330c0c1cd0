"""Files sent by the library's page in a real browser: paused, broken off by a reload, and gone on with."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from desk import Desk
from playwright.async_api import Browser, Page, Route, expect

from content import library
from server.core.db import connection
from server.core.roles import Role
from tests.content.files import film, picture

pytestmark = pytest.mark.browser
DATA = film(seconds=6.0)


@pytest.fixture
async def shown(app: Any, browser: Browser, employ: Any) -> Any:
    """Open the library for an editor."""
    desk: Desk = await employ(Role.EDITOR)
    context = await browser.new_context(locale="zh-CN", viewport={"width": 1440, "height": 900})
    await context.add_cookies(
        [{"name": "xinglin_staff", "value": desk.client.cookies["xinglin_staff"], "url": app.ctx.test_url}]
    )
    page = await context.new_page()
    page.set_default_timeout(15_000)
    await page.goto(f"{app.ctx.test_url}/admin/assets")
    yield page
    await context.close()


@pytest.fixture
def film_file(tmp_path: Path) -> Path:
    path = tmp_path / "手术录像.mp4"
    path.write_bytes(DATA)
    return path


async def small_parts(page: Page) -> None:
    """Let the page send in parts that are small enough to be stopped between."""

    async def cut(route: Route) -> None:
        script = await (await route.fetch()).text()
        await route.fulfill(
            body=script.replace("const PART = 16 * 1024 * 1024", "const PART = 8 * 1024"),
            content_type="text/javascript",
        )

    await page.route("**/static/admin/upload.js*", cut)


async def choose(page: Page, *paths: Path) -> None:
    await page.set_input_files("[data-many]", [str(path) for path in paths])


async def until(question: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so, and not for ever."""
    async with asyncio.timeout(30):
        while not await question():
            await asyncio.sleep(0.05)


async def is_so(value: Awaitable[int], question: Callable[[int], bool]) -> bool:
    return question(await value)


async def begun() -> int:
    return int(await connection().value("SELECT count(*) FROM upload"))


async def received() -> int:
    return int(await connection().value("SELECT coalesce(max(received), 0) FROM upload") or 0)


async def test_files_are_sent_and_shown(shown: Page, film_file: Path, tmp_path: Path) -> None:
    image, svg = tmp_path / "封面.jpg", tmp_path / "图.svg"
    image.write_bytes(picture("JPEG"))
    svg.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    await choose(shown, film_file, image, svg)
    await expect(shown.locator(".upload-done")).to_have_count(2)
    await expect(shown.locator(".upload-failed")).to_have_text("图.svg不支持的文件类型")
    await expect(shown.locator("#list .library-file")).to_have_count(2)
    assert await connection().value("SELECT count(*) FROM asset") == 2
    # Nothing is left to go on with.
    await shown.reload()
    await expect(shown.locator(".upload-list li")).to_have_count(0)


async def test_an_upload_can_be_paused_and_gone_on_with(shown: Page, film_file: Path) -> None:
    await small_parts(shown)
    await shown.reload()
    held = asyncio.Event()

    async def slow(route: Route) -> None:
        if route.request.method == "PATCH":
            await asyncio.sleep(0.15)
        await route.continue_()
        held.set()

    await shown.route("**/admin/uploads/**", slow)
    await choose(shown, film_file)
    await asyncio.wait_for(held.wait(), 30)
    await shown.get_by_role("button", name="暂停").click()
    await expect(shown.locator(".upload-running")).to_contain_text("已暂停")
    await asyncio.sleep(0.5)
    before = await received()
    await asyncio.sleep(0.5)
    assert await received() == before < len(DATA)
    await shown.get_by_role("button", name="继续").click()
    await expect(shown.locator(".upload-done")).to_have_count(1, timeout=30_000)
    await whole()


async def whole() -> None:
    asset = (await library.listing()).rows[0]
    assert (asset.name, asset.sha256) == ("手术录像.mp4", hashlib.sha256(DATA).hexdigest())


async def test_an_upload_goes_on_after_a_reload(shown: Page, film_file: Path) -> None:
    await small_parts(shown)
    await shown.reload()
    sent = 0

    async def some(route: Route) -> None:
        nonlocal sent
        if route.request.method == "PATCH":
            sent += 1
            if sent > 3:
                await asyncio.sleep(60)
                return
        await route.continue_()

    await shown.route("**/admin/uploads/**", some)
    await choose(shown, film_file)
    await until(lambda: is_so(received(), lambda sent: sent >= 3 * 8 * 1024))
    await shown.unroute("**/admin/uploads/**")
    await shown.reload()
    await expect(shown.locator(".upload-begun")).to_contain_text("手术录像.mp4")
    methods: list[str] = []
    shown.on("request", lambda asked: methods.append(asked.method) if "/admin/uploads" in asked.url else None)
    await choose(shown, film_file)
    await expect(shown.locator(".upload-done")).to_have_count(1, timeout=30_000)
    await expect(shown.locator(".upload-begun")).to_have_count(0)
    # It asked how far it was and made no upload anew.
    assert methods[0] == "HEAD"
    assert "POST" not in methods
    assert await connection().value("SELECT count(*) FROM upload") == 1
    await whole()


async def test_an_upload_can_be_cancelled_or_thrown_away_later(shown: Page, film_file: Path) -> None:
    patched = asyncio.Event()

    async def never(route: Route) -> None:
        if route.request.method == "PATCH":
            patched.set()
            return
        await route.continue_()

    await shown.route("**/admin/uploads/**", never)
    await choose(shown, film_file)
    await until(lambda: is_so(begun(), lambda count: count == 1))
    await asyncio.wait_for(patched.wait(), 30)
    await shown.get_by_role("button", name="取消").click()
    await expect(shown.locator(".upload-list li")).to_have_count(0)
    await until(lambda: is_so(begun(), lambda count: count == 0))
    patched.clear()
    await choose(shown, film_file)
    await asyncio.wait_for(patched.wait(), 30)
    await shown.reload()
    await shown.get_by_role("button", name="不再上传").click()
    await expect(shown.locator(".upload-list li")).to_have_count(0)
    await until(lambda: is_so(begun(), lambda count: count == 0))
    assert await connection().value("SELECT count(*) FROM asset") == 0
