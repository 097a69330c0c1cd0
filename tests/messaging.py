"""People who can be written to: accounts of the demo apps, with consent, templates and credits.

Use by import: ``from messaging import Parts, parts``, beside the fixtures of `wechat_fixtures`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from wechat_fixtures import RunningSandbox

from cdp import accounts, consent, credits, log, messages, mini_programs
from cdp.message_claims import Claimed, claim, due
from cdp.message_rules import Kind, Urgency
from cdp.message_templates import configure
from cdp.messages import Notice
from server import wiring
from server.core.clock import SHANGHAI
from server.core.db import connection, transaction
from server.core.keys import Sealer
from server.core.roles import Audience
from server.core.settings import Settings
from server.core.tokens import Tokens
from server.core.wechat import LoginSession, WeChat
from server.sandbox.demo import (
    DOCTOR,
    DOCTOR_APPID,
    DOCTOR_SECRET,
    PUSH_TOKEN,
    TEMPLATE_CANCELLED,
    TEMPLATE_STARTS_SOON,
)

NOON = datetime(2026, 11, 3, 12, tzinfo=SHANGHAI)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

AIRING = TEMPLATE_STARTS_SOON
ANOTHER = TEMPLATE_CANCELLED
PLACES = {"thing1": "title", "time2": "starts", "thing3": "note"}
TEXTS = {"title": "医探究竟：直肠癌保肛手术", "starts": "2026年11月3日 19:30", "note": "即将开播"}
CONSENT_VERSION = "2026-11-01"


@dataclass
class Parts:
    """What a sender needs, and the stand-in behind it."""

    wechat: WeChat
    sealer: Sealer
    sandbox: RunningSandbox

    async def account(
        self, user: str = DOCTOR, *, consents: tuple[str, ...] = ("service",), at: datetime = NOON
    ) -> int:
        """Make the account of a person of the stand-in, as a sign-in would."""
        openid = self.sandbox.world.openid(DOCTOR_APPID, user)
        shown = LoginSession(openid=openid, session_key="not-kept")
        await accounts.admit(
            issuer=_issuer(self.sealer), app_id=DOCTOR_APPID, audience=Audience.DOCTOR, shown=shown, at=at
        )
        account_id = await accounts.find(sealer=self.sealer, app_id=DOCTOR_APPID, openid=openid)
        for purpose in consents:
            await consent.grant(account_id=account_id, purpose=purpose, version=CONSENT_VERSION, at=at)  # type: ignore[arg-type]  # tests name purposes freely
        return account_id

    async def accept(
        self, account_id: int, count: int = 1, *, user: str = DOCTOR, template_id: str = AIRING, at: datetime = NOON
    ) -> None:
        """Let a person accept so many prompts: the stand-in knows, and tells us."""
        await self.sandbox.pull(
            "subscriptions", appid=DOCTOR_APPID, user=user, template_id=template_id, status="accept", count=count
        )
        for number in range(count):
            source = f"push:{template_id}:{at.timestamp()}:{number}"
            await credits.confirm(account_id=account_id, template_id=template_id, source=source, prompted_at=at, at=at)

    @property
    def sent(self) -> list[str]:
        """The notes of the messages that the stand-in has sent, in order."""
        return [message.values["thing3"] for message in self.sandbox.world.messages]


@pytest.fixture
async def parts(database: None, settings: Settings, sandbox: RunningSandbox, wechat: WeChat) -> Parts:
    """The demo doctor app, with one template for all notices of airings and one of its own for marketing."""
    log.react(wiring.REACTIONS)
    sealer = Sealer(settings.key_bytes[0])
    await open_for_messages(sealer)
    return Parts(wechat, sealer, sandbox)


async def open_for_messages(sealer: Sealer, *, at: datetime = NOON - DAY) -> None:
    """Register the demo doctor app, its consent texts and its templates."""
    await mini_programs.register(
        sealer=sealer,
        app_id=DOCTOR_APPID,
        audience=Audience.DOCTOR,
        name="杏林医生",
        secret=DOCTOR_SECRET,
        push_token=PUSH_TOKEN,
        actor="command",
        at=at,
    )
    for purpose in consent.PURPOSES:
        await consent.publish_text(
            audience=Audience.DOCTOR,
            purpose=purpose,
            version=CONSENT_VERSION,
            title="说明",
            body="说明",
            material=True,
            actor="command",
            at=at,
        )
    for key in ("episode_soon", "episode_moved", "episode_cancelled"):
        await template(key, at=at)
    await template("invitation", template_id=ANOTHER, kind=Kind.MARKETING, at=at)


async def template(
    key: str, *, template_id: str = AIRING, kind: Kind = Kind.SERVICE, enabled: bool = True, at: datetime = NOON
) -> None:
    """Configure a template with the places of the demo templates."""
    await configure(
        app_id=DOCTOR_APPID,
        key=key,
        template_id=template_id,
        title="节目提醒",
        places=PLACES,
        kind=kind,
        enabled=enabled,
        actor="command",
        at=at,
    )


async def granted(account_id: int, count: int = 1, *, template_id: str = AIRING, at: datetime = NOON) -> None:
    """Let the client report so many accepted prompts, each of its own."""
    for number in range(count):
        key = f"prompt-{template_id}-{at.timestamp()}-{number}"
        await credits.report(account_id=account_id, results={template_id: "accept"}, key=key, at=at)


def notice(
    subject: str = "episode:17:soon:0",
    *,
    key: str = "episode_soon",
    urgency: int = Urgency.SOON,
    due_at: datetime = NOON,
    lasts: timedelta = HOUR,
    note: str = "",
    texts: dict[str, str] | None = None,
) -> Notice:
    """Make a notice about an episode; its note is its subject unless another is given."""
    return Notice(
        key=key,
        topic=":".join(subject.split(":")[:2]),
        subject=subject,
        urgency=urgency,
        due_at=due_at,
        not_after=due_at + lasts,
        texts=texts or {**TEXTS, "note": note or subject},
        page="pages/episode?id=17",
        item_id=17,
    )


async def planned(account_id: int, *notices: Notice, at: datetime = NOON) -> None:
    """Plan notices for one account."""
    async with transaction():
        await messages.plan(notices=notices, account_ids=[account_id], at=at)


async def claimed(at: datetime, *, most: int = 10) -> list[Claimed]:
    """Claim what is due, as a sender does, and leave it there."""
    return await claim(message_ids=await due(at=at, most=most), at=at)


async def states() -> dict[str, str]:
    """Tell the state of every message by its subject."""
    rows = await connection().fetch("SELECT subject, state FROM message ORDER BY id")
    return {row["subject"]: row["state"] for row in rows}


async def books(account_id: int, *, template_id: str = AIRING) -> tuple[int, int, int, int]:
    """Give what was granted, spent, cleared and is left."""
    row = await connection().row(
        "SELECT granted, spent, cleared, remaining FROM message_credit WHERE account_id = $1 AND template_id = $2",
        account_id,
        template_id,
    )
    return (0, 0, 0, 0) if row is None else (row["granted"], row["spent"], row["cleared"], row["remaining"])


def _issuer(sealer: Sealer) -> accounts.Issuer:
    tokens = Tokens(b"t" * 32, access_minutes=15)
    return accounts.Issuer(tokens=tokens, sealer=sealer, refresh_life=30 * DAY)
