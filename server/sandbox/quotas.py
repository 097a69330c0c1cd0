"""How often the stand-in may be called: so many times a minute and so many times a day, by app and call.

The rule: a minute and a day begin with the first call in them. The figures are those that the platform publishes.
"""

from dataclasses import dataclass, field

from server.sandbox.answers import Errcode

DAY_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Limit:
    """The most calls in a minute and in a day; None for no limit."""

    a_minute: int | None = None
    a_day: int | None = None


LOGIN_OF_USER = Limit(a_minute=100)
STABLE_TOKEN = Limit(a_minute=10_000, a_day=500_000)
SESSION_RESET = Limit(a_minute=60_000)
SUBSCRIBE_SEND = Limit(a_day=10_000_000)


@dataclass(slots=True)
class Quotas:
    """What has been used; ``limits`` may be set lower for a test, by the name of the count."""

    limits: dict[str, Limit] = field(default_factory=dict)
    used: dict[tuple[str, str, str], tuple[float, int]] = field(default_factory=dict)

    def spend(self, name: str, whose: str, limit: Limit, now: float) -> None:
        """Count a call.

        :raises Errcode: if it is one too many in this minute (45011) or today (45009).
        """
        limit = self.limits.get(name, limit)
        if limit.a_minute is not None:
            self._count((name, whose, "minute"), limit.a_minute, 60, now, 45011)
        if limit.a_day is not None:
            self._count((name, whose, "day"), limit.a_day, DAY_S, now, 45009)

    def _count(self, key: tuple[str, str, str], most: int, span_s: int, now: float, code: int) -> None:
        began, used = self.used.get(key, (now, 0))
        if now - began >= span_s:
            began, used = now, 0
        if used >= most:
            raise Errcode(code)
        self.used[key] = (began, used + 1)
