"""A desk at which a member of staff works, as the tests of the admin pages use it."""

from typing import Any

import httpx

PASSWORD = "Blue-Heron-flies-9"


class Desk:
    """A browser in which a member of staff is signed in."""

    def __init__(self, client: httpx.AsyncClient, staff_id: int, csrf: str) -> None:
        self.client, self.staff_id, self.csrf = client, staff_id, csrf

    async def read(self, address: str, **headers: str) -> httpx.Response:
        return await self.client.get(address, headers=headers)

    async def send(self, address: str, values: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        """Send a form as the page does."""
        return await self.client.post(address, data={"csrf": self.csrf, **(values or {})}, headers=headers)
