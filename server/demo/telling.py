"""What a demo series is made of: seasons, episodes with their questions, and the people who appear.

The rule: every text can be read by anyone; nothing promises an effect, names a product or gives a dose.
"""

from dataclasses import dataclass, field
from typing import Final

from server.demo.drawings import Theme

MARK: Final = "（演示内容）"


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody invented who appears in an episode."""

    name: str
    title: str
    hospital: str
    role: str


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode. ``questions`` are told with the stage whose chapter answers them (0 to 3)."""

    title: str
    summary: str
    questions: tuple[tuple[str, int], ...]
    minutes: int = 12


@dataclass(frozen=True, slots=True)
class Season:
    """Some episodes in their order."""

    title: str
    summary: str
    episodes: tuple[Episode, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """One series. ``first_day`` is that of its first episode, counted from today; then one every ``every_days``."""

    slug: str
    title: str
    problem: str
    summary: str
    tags: tuple[str, ...]
    team: tuple[Guest, ...]
    hue: int
    theme: Theme
    first_day: int
    every_days: int
    hour: int
    seasons: tuple[Season, ...] = field(default=())
