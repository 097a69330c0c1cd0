"""People for the tests: mini-programs, consent texts, and whoever is needed, signed in.

``people`` is quick: it makes accounts by the domain's own functions, without the WeChat stand-in. ``visitors`` goes the
whole way, through the doors and the stand-in.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from wechat_fixtures import RunningSandbox

from cdp import accounts, consent
from server.core import clock
from server.core.roles import Audience
from server.core.wechat import LoginSession, WeChat
from server.demo import people as demo_people
from server.demo.consent_texts import VERSION
from server.sandbox.demo import DOCTOR_APPID, PATIENT_APPID

APPS = {Audience.DOCTOR: DOCTOR_APPID, Audience.PATIENT: PATIENT_APPID}
ALL = ("service", "analytics", "marketing")


@dataclass(frozen=True)
class Visitor:
    """Somebody who has signed in; ``headers`` go with a request of theirs."""

    account_id: int
    session_id: str
    access_token: str
    refresh_token: str
    audience: Audience

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.access_token}"}


class People:
    """Makes people who have signed in, in the real app."""

    def __init__(self, ctx: Any) -> None:
        self._ctx = ctx

    async def sign_in(
        self,
        name: str,
        audience: Audience = Audience.DOCTOR,
        *,
        consents: tuple[str, ...] = ALL,
        unionid: str = "",
        app_id: str = "",
    ) -> Visitor:
        """Sign somebody in; the same name is the same openid. ``consents`` are agreed to at once."""
        pair = await accounts.admit(
            issuer=self._ctx.issuer,
            app_id=app_id or APPS[audience],
            audience=audience,
            shown=LoginSession(f"openid-of-{name}", "a2V5", unionid or None),
            at=clock.now(),
        )
        for purpose in consents:
            await consent.grant(
                account_id=pair.account_id,
                purpose=purpose,  # type: ignore[arg-type]  # tests name purposes in plain words
                version=VERSION,
                at=clock.now(),
            )
        return Visitor(pair.account_id, pair.session_id, pair.access_token, pair.refresh_token, audience)

    async def doctor(self, name: str = "chen", *, consents: tuple[str, ...] = ALL) -> Visitor:
        return await self.sign_in(name, Audience.DOCTOR, consents=consents)

    async def patient(self, name: str = "wang", *, consents: tuple[str, ...] = ALL) -> Visitor:
        return await self.sign_in(name, Audience.PATIENT, consents=consents)


@pytest.fixture
async def people(app: Any, client: httpx.AsyncClient) -> People:
    """People of the demo mini-programs, with the demo texts of consent published."""
    await demo_people.seed(sealer=app.ctx.sealer, at=clock.now())
    return People(app.ctx)


class Visitors:
    """People of the stand-in, who sign in through the doors."""

    def __init__(self, client: httpx.AsyncClient, sandbox: RunningSandbox) -> None:
        self.client = client
        self.sandbox = sandbox

    async def code(self, user: str, app_id: str = DOCTOR_APPID) -> str:
        return await self.sandbox.login_code(user, app_id)

    async def try_sign_in(self, portal: str, app_id: str, code: str) -> httpx.Response:
        return await self.client.post(f"/api/{portal}/sessions", json={"app_id": app_id, "code": code})

    async def sign_in(self, user: str, audience: Audience = Audience.DOCTOR) -> Visitor:
        code = await self.code(user, APPS[audience])
        answer = await self.try_sign_in(audience, APPS[audience], code)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        return Visitor(told["account_id"], "", told["access_token"], told["refresh_token"], audience)

    async def agree(self, visitor: Visitor, *purposes: str) -> None:
        for purpose in purposes or ("service",):
            answer = await self.client.post(
                f"/api/{visitor.audience}/consents",
                json={"purpose": purpose, "version": VERSION, "granted": True},
                headers=visitor.headers,
            )
            assert answer.status_code == 200, answer.text


@pytest.fixture
async def visitors(
    app: Any, people: People, client: httpx.AsyncClient, sandbox: RunningSandbox, redis: Redis
) -> AsyncIterator[Visitors]:
    """People of the stand-in, with the app turned to it by the address alone."""
    wechat, settings = app.ctx.wechat, app.ctx.settings
    app.ctx.wechat = WeChat(sandbox.base_url, redis, timeout_s=1.0, backoff_s=0.02)
    app.ctx.settings = replace(settings, wechat_url=sandbox.base_url)
    yield Visitors(client, sandbox)
    await app.ctx.wechat.aclose()
    app.ctx.wechat, app.ctx.settings = wechat, settings
