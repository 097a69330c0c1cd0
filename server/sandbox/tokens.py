"""Access tokens of the stand-in: two spaces that know nothing of each other.

The rule of the old space: each call makes a new token and ends the one before. The rule of the stable space: the same
token while it is valid; in its last five minutes a new one beside which the old one works on; a forced renewal ends
the old one at once, but not within thirty seconds of the last and not oftener than twenty times a day.
"""

import secrets
from dataclasses import dataclass, field

from server.sandbox.answers import Errcode

LIFE_S = 7200
RENEWED_EARLY_S = 300
FORCED_PAUSE_S = 30
FORCED_A_DAY = 20
STABLE_LENGTH = 512
"""As long as the platform warns a token may be."""


@dataclass(slots=True)
class AccessToken:
    """A token of one app; ``superseded`` is one that a later call has ended before its time."""

    text: str
    appid: str
    expires_at: float
    superseded: bool = False


@dataclass(slots=True)
class TokenSpaces:
    """All tokens that were ever given out, and the present one of each app in each space."""

    known: dict[str, AccessToken] = field(default_factory=dict)
    old: dict[str, AccessToken] = field(default_factory=dict)
    stable: dict[str, AccessToken] = field(default_factory=dict)
    forced: dict[str, list[float]] = field(default_factory=dict)

    def fresh_old(self, appid: str, now: float) -> AccessToken:
        """Make a token of the old space and end the one before."""
        if before := self.old.get(appid):
            before.superseded = True
        self.old[appid] = self._made(appid, now, 136)
        return self.old[appid]

    def current_stable(self, appid: str, now: float, *, force: bool) -> AccessToken:
        """Give the token of the stable space, a new one where that is due."""
        held = self.stable.get(appid)
        if force and self._may_force(appid, now):
            self.forced.setdefault(appid, []).append(now)
            if held:
                held.superseded = True
            held = None
        if held is None or held.superseded or held.expires_at - now <= RENEWED_EARLY_S:
            held = self.stable[appid] = self._made(appid, now, STABLE_LENGTH)
        return held

    def app_of(self, text: str, now: float) -> str:
        """Tell whose token this is.

        :raises Errcode: if it is missing, malformed, unknown, superseded or expired.
        """
        if not text:
            raise Errcode(41001)
        token = self.known.get(text)
        if token is None:
            raise Errcode(40001 if text.replace("_", "").replace("-", "").isalnum() and len(text) > 20 else 40014)
        if token.expires_at <= now:
            raise Errcode(42001)
        if token.superseded:
            raise Errcode(40001)
        return token.appid

    def expire(self, appid: str, now: float) -> None:
        """Let all tokens of an app expire now; the next call for one makes a new one."""
        for token in self.known.values():
            if token.appid == appid:
                token.expires_at = min(token.expires_at, now)

    def _may_force(self, appid: str, now: float) -> bool:
        past = [at for at in self.forced.get(appid, []) if now - at < 24 * 3600]
        return len(past) < FORCED_A_DAY and (not past or now - past[-1] >= FORCED_PAUSE_S)

    def _made(self, appid: str, now: float, length: int) -> AccessToken:
        text = f"80_{secrets.token_urlsafe(length)}"[:length]
        token = self.known[text] = AccessToken(text, appid, now + LIFE_S)
        return token
