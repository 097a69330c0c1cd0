"""What the WeChat stand-in knows: apps, people, one-time codes, sessions, subscriptions, and its own clock.

The rule: everything lies in memory and is gone when the process ends; the clock runs as the real one does and can be
moved ahead, so that nobody has to wait for a code to expire.
"""

import base64
import hashlib
import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from server.sandbox.faults import Fault
from server.sandbox.quotas import Quotas
from server.sandbox.tokens import TokenSpaces

CODE_S = 300
SESSION_S = 3 * 24 * 3600
"""How long a session key lives; the platform does not say, three days is what is seen."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template of subscribe messages: its keys, and the values that its enums may take."""

    template_id: str
    title: str
    keys: tuple[str, ...]
    kind: Literal["one_time", "long_term"] = "one_time"
    enums: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class Callback:
    """Where an app's pushes go, and how they are written."""

    url: str
    token: str = field(repr=False)
    encoding_aes_key: str = field(default="", repr=False)
    format: Literal["json", "xml"] = "json"
    mode: Literal["plain", "compatible", "secure"] = "plain"


@dataclass(slots=True)
class WeChatApp:
    """A mini-program; ``phone_quota`` is how many phone numbers it may still ask for, None for no limit."""

    appid: str
    secret: str = field(repr=False)
    name: str = ""
    original_id: str = ""
    open_platform: str = ""
    templates: dict[str, Template] = field(default_factory=dict)
    pages: tuple[str, ...] = ()
    phone_quota: int | None = None
    callback: Callback | None = None


@dataclass(slots=True)
class User:
    """A person with WeChat; ``blocked`` is one whom the platform holds to be of high risk."""

    user_id: str
    name: str
    phone: str = ""
    country_code: str | int = "86"
    blocked: bool = False


@dataclass(slots=True)
class Code:
    """A one-time code of ``wx.login`` or of the phone-number button."""

    kind: Literal["login", "phone"]
    appid: str
    user_id: str
    issued_at: float
    used: bool = False


@dataclass(slots=True)
class Session:
    """The one valid session key of a user in an app."""

    session_key: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class Message:
    """A subscribe message that was accepted for sending."""

    msgid: int
    appid: str
    user_id: str
    openid: str
    template_id: str
    page: str
    values: dict[str, str]
    state: str
    sent_at: float


@dataclass(slots=True)
class World:
    """All of it."""

    apps: dict[str, WeChatApp] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    sessions: dict[tuple[str, str], Session] = field(default_factory=dict)
    credits: dict[tuple[str, str, str], int] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    pushes: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    quotas: Quotas = field(default_factory=Quotas)
    tokens: TokenSpaces = field(default_factory=TokenSpaces)
    calls: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=10_000))
    ahead_s: float = 0.0
    push_timeout_s: float = 5.0
    push_pause_s: float = 0.2

    def now(self) -> float:
        """The stand-in's time, in seconds since 1970."""
        return time.time() + self.ahead_s

    def add(self, *things: WeChatApp | User) -> None:
        """Let apps and people be known."""
        for thing in things:
            if isinstance(thing, WeChatApp):
                self.apps[thing.appid] = thing
            else:
                self.users[thing.user_id] = thing

    def openid(self, appid: str, user_id: str) -> str:
        """Name a person within an app: always the same, and another one in another app."""
        return "o" + _named(f"openid/{appid}/{user_id}")

    def unionid(self, app: WeChatApp, user_id: str) -> str:
        """Name a person within an Open Platform account; empty for an app that is bound to none."""
        return "o" + _named(f"unionid/{app.open_platform}/{user_id}") if app.open_platform else ""

    def user_of(self, appid: str, openid: str) -> User | None:
        """Find who an openid stands for; None for nobody of this app."""
        return next((user for user in self.users.values() if self.openid(appid, user.user_id) == openid), None)

    def issue(self, kind: Literal["login", "phone"], appid: str, user_id: str) -> str:
        """Make the code that the mini-program would be given."""
        code = secrets.token_urlsafe(24) if kind == "login" else secrets.token_hex(32)
        self.codes[code] = Code(kind, appid, user_id, self.now())
        return code

    def begin_session(self, appid: str, user_id: str) -> Session:
        """Give a person a new session key in place of the old one."""
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        session = self.sessions[appid, user_id] = Session(key, self.now() + SESSION_S)
        return session


@lru_cache(maxsize=100_000)
def _named(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())[:27].decode()
