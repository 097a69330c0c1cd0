"""The demo series as content: covers, films and documents made, items written, scheduled and published.

The rule: as in ``desk.py``. What aired before today was published before it aired, so that the house looks as if it had
been used.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from content import airings, filming
from content.parts import Audience
from server.core.clock import SHANGHAI, day_of, start_of
from server.core.roles import Role
from server.demo import chapters, papers, pictures, reels
from server.demo.desk import WRITTEN, Desk
from server.demo.programme import CANCELLED, FILMED, MOVED, Numbered, airs_at, numbered
from server.demo.telling import MARK, Season, Series

Say = Callable[[str], None]

CONSENT: Final = "DEMO-2026-001"
ALT: Final = "演示素材"


class Studio:
    """Makes the demo series in one house, as its editor."""

    def __init__(self, *, script: Sequence[Series], desk: Desk, say: Say) -> None:
        self._script = script
        self._desk = desk
        self._staff_id = desk.staff[Role.EDITOR]
        self._at = desk.at
        self._say = say

    async def seed(self) -> None:
        """Make what is missing."""
        consent_id = await self._consent()
        parents: dict[tuple[str, str], int] = {}
        for series in self._script:
            series_id = await self._series(series)
            for number, season in enumerate(series.seasons, start=1):
                parents[series.slug, season.title] = await self._season(series, season, number, series_id)
        missing = [show for show in numbered(self._script) if not self._desk.found("episode", show.slug)]
        for show in numbered(self._script):
            if show not in missing:
                await self._episode(show, None, parents[show.series.slug, show.season.title], consent_id)
        if missing:
            self._say(f"Making {len(missing)} demo episodes, each with a cover and a film; this takes some seconds.")
        with TemporaryDirectory(prefix="xinglin-demo-") as folder:
            async with aclosing(reels.filmed(missing, Path(folder), at=self._at)) as made:
                async for done, show, film in made:
                    await self._episode(show, film, parents[show.series.slug, show.season.title], consent_id)
                    if done % 9 == 0 and done < len(missing):
                        self._say(f"  {done} of {len(missing)} made.")
        for show in numbered(self._script):
            await self._on_air(show)

    async def _consent(self) -> int:
        for row in await filming.listing():
            if row.code == CONSENT:
                return row.id
        began = self._at - timedelta(days=60)
        row = await filming.register(
            code=CONSENT,
            scope=Audience.DOCTOR,
            de_identified=True,
            signed_on=day_of(began) - timedelta(days=3),
            staff_id=self._staff_id,
            at=began,
        )
        return row.id

    async def _series(self, series: Series) -> int:
        async def shape() -> dict[str, Any]:
            draw = partial(
                pictures.cover,
                title=series.title,
                over="杏林 · 手术系列",
                under=series.problem,
                hue=series.hue,
                theme=series.theme,
                seed=series.slug,
            )
            asset_id = await self._desk.asset(f"{series.slug}.jpg", draw, alt=ALT, since=self._began(series) - WRITTEN)
            return {
                "title": series.title,
                "summary": series.summary + MARK,
                "problem": series.problem,
                "tags": list(series.tags),
                "audience": Audience.EVERYONE,
                "cover": {"asset": asset_id, "alt": f"演示封面：系列《{series.title}》"},
                "team": _team(series),
            }

        return await self._published("series", series.slug, None, shape, since=self._began(series))

    async def _season(self, series: Series, season: Season, number: int, series_id: int) -> int:
        async def shape() -> dict[str, Any]:
            return {"title": season.title, "summary": season.summary + MARK}

        slug = f"{series.slug}-season-{number}"
        return await self._published("season", slug, series_id, shape, since=self._began(series))

    async def _episode(self, show: Numbered, film: Path | None, parent_id: int, consent_id: int) -> None:
        airs = airs_at(show, at=self._at)
        since = min(self._at, airs - timedelta(days=2))
        filmed = show.place == FILMED

        async def shape() -> dict[str, Any]:
            assert film is not None, "an episode that is not there yet is filmed first"
            asset = partial(self._desk.asset, since=since - WRITTEN)
            plan = chapters.planned(show.episode)
            documents = []
            if show.number % 2:
                asset_id = await asset(f"{show.slug}.pdf", partial(papers.paper, show.series, show.episode))
                documents.append({"asset": asset_id, "title": "本集要点一页纸（演示）"})
            return {
                "title": show.episode.title,
                "summary": show.episode.summary + MARK,
                "tags": list(show.series.tags),
                "audience": Audience.DOCTOR if filmed else Audience.EVERYONE,
                "questions": [
                    {"text": text, "chapter": chapters.answering(plan, number)}
                    for number, (text, _) in enumerate(show.episode.questions)
                ],
                "chapters": [
                    {"key": one.key, "title": one.title, "starts_at_s": one.starts_at_s, "stage": one.stage}
                    for one in plan
                ],
                "team": _team(show.series),
                "duration_s": show.episode.minutes * 60,
                "cover": {
                    "asset": await asset(f"{show.slug}.jpg", partial(_cover, show), alt=ALT),
                    "alt": f"演示封面：《{show.series.title}》第 {show.number} 集",
                },
                "video": {"asset": await asset(f"{show.slug}.mp4", film.read_bytes)},
                "documents": documents,
                "filmed_patient": filmed,
                "consent_id": consent_id if filmed else None,
            }

        await self._published("episode", show.slug, parent_id, shape, since=since, airs=airs)

    async def _on_air(self, show: Numbered) -> None:
        """Move and cancel what the demo wants moved and cancelled, once."""
        if show.place not in {MOVED, CANCELLED}:
            return
        episode_id = self._desk.found("episode", show.slug)
        airing = await airings.airing_of(episode_id=episode_id) if episode_id else None
        if airing is None or airing.sequence or airing.airs_at <= self._at:
            return
        if show.place == CANCELLED:
            await airings.cancel(episode_id=airing.episode_id, staff_id=self._staff_id, at=self._at)
        else:
            later = (airing.airs_at + timedelta(days=1)).astimezone(SHANGHAI).replace(hour=19, minute=30)
            await airings.schedule(episode_id=airing.episode_id, airs_at=later, staff_id=self._staff_id, at=self._at)

    async def _published(
        self,
        kind: str,
        slug: str,
        parent_id: int | None,
        shape: Callable[[], Awaitable[dict[str, Any]]],
        *,
        since: datetime,
        airs: datetime | None = None,
    ) -> int:
        """Find an item by its slug, or write it; and publish it if it never was."""
        found = await self._desk.written(
            kind,
            slug,
            shape,
            since=since - WRITTEN,
            parent_id=parent_id,
            board="series" if kind == "series" else "",
            by=Role.EDITOR,
        )
        if airs is not None and await airings.airing_of(episode_id=found) is None:
            await airings.schedule(episode_id=found, airs_at=airs, staff_id=self._staff_id, at=since)
        await self._desk.published(found, since=since, by=Role.EDITOR)
        return found

    def _began(self, series: Series) -> datetime:
        return min(self._at, start_of(day_of(self._at) + timedelta(days=series.first_day - 2)))


def _cover(show: Numbered) -> bytes:
    asked = {stage for _, stage in show.episode.questions}
    return pictures.cover(
        title=show.episode.title,
        over=f"{show.series.title} · 第 {show.number} 集",
        under=show.season.title,
        hue=show.series.hue,
        theme=show.series.theme,
        seed=show.slug,
        stages=[number in asked for number in range(4)],
    )


def _team(series: Series) -> list[dict[str, str]]:
    return [
        {"name": guest.name, "title": guest.title, "hospital": guest.hospital, "role": guest.role}
        for guest in series.team
    ]
