"""Staff who are signed in, as the tests of the admin pages need them."""

from datetime import datetime
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from desk import PASSWORD, Desk

from server.core import clock, staff_sessions
from server.core.roles import Role
from server.core.tables import Staff, StaffSession


@pytest.fixture
async def employ(app: Any, client: httpx.AsyncClient, light_hash: str) -> Any:
    """Take somebody on in some roles and sit them down at a browser of their own."""
    browsers: list[httpx.AsyncClient] = []

    async def employed(*roles: Role, email: str = "", name: str = "林晓", at: datetime | None = None) -> Desk:
        at = at or clock.now()
        row = await Staff.create(
            email=email or f"staff{len(browsers)}@example.org",
            name=name,
            password_hash=light_hash,
            roles=[role.value for role in roles],
            password_changed_at=at,
            created_at=at,
        )
        signed_in = await staff_sessions.begin_session(staff_id=row.id, address="203.0.113.7", agent="test", at=at)
        session = await StaffSession.get(token_hash=staff_sessions.hash_of(signed_in.token))
        browser = httpx.AsyncClient(base_url=app.ctx.test_url, timeout=20)
        browser.cookies.set("xinglin_staff", signed_in.token, domain="127.0.0.1")
        browsers.append(browser)
        return Desk(browser, row.id, session.csrf)

    yield employed
    for browser in browsers:
        await browser.aclose()


@pytest.fixture(scope="session")
def light_hash() -> str:
    """Hash the password with little work, so that taking somebody on costs the tests nothing."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
