"""The programme of the demo: every episode of a script at its place, and when it airs.

The rule: times are counted from the first start of the house, so that whenever that is, something has aired, something
is on air, something airs today and something is to come.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from server.core.clock import day_of, start_of
from server.demo.script import GASTRIC, STOMA
from server.demo.telling import Episode, Season, Series

# Of the first series: an episode with a filmed patient, one that is moved, and one that is cancelled.
FILMED: Final = (GASTRIC.slug, 4)
MOVED: Final = (GASTRIC.slug, 8)
CANCELLED: Final = (GASTRIC.slug, 9)
# On air when the house first stands.
NOW: Final = (STOMA.slug, 3)


@dataclass(frozen=True, slots=True)
class Numbered:
    """An episode of the script at its place: ``number`` counts through the seasons, from 1."""

    series: Series
    season: Season
    episode: Episode
    number: int

    @property
    def slug(self) -> str:
        return f"{self.series.slug}-{self.number:02d}"

    @property
    def place(self) -> tuple[str, int]:
        return self.series.slug, self.number


def numbered(script: Sequence[Series]) -> list[Numbered]:
    """List all episodes of a script."""
    return [
        Numbered(series, season, episode, number)
        for series in script
        for number, (season, episode) in enumerate(
            [(season, episode) for season in series.seasons for episode in season.episodes], start=1
        )
    ]


def airs_at(show: Numbered, *, at: datetime) -> datetime:
    """Say when an episode airs if the house is first started at a time."""
    if show.place == NOW:
        return at.replace(minute=at.minute // 5 * 5, second=0, microsecond=0)
    day: date = day_of(at) + timedelta(days=show.series.first_day + show.series.every_days * (show.number - 1))
    return start_of(day) + timedelta(hours=show.series.hour)
