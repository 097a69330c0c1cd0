"""A browser for the tests: Chromium of the system, driven by Playwright.

Where there is none, a browser test is skipped and says so; where ``REQUIRE_BROWSER`` is set, as in CI, it fails.
"""

import os
import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright


def chromium() -> str:
    """Find Chromium, or skip the test, or fail where it must be there."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found:
        return found
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail("Chromium is missing, and REQUIRE_BROWSER says that it must not be.")
    pytest.skip("Chromium is missing: install it to walk the pages.")


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Start the browser once for this worker."""
    path = chromium()
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"],
        )
        yield started
        await started.close()
