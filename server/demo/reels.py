"""Making the films of the demo episodes, ahead of whoever takes them in.

The rule: what can be watched at once has a running time code; what airs later gets one that moves in steps, which
takes a fifth of the time to make.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from content.parts import STAGE_NAMES
from server.demo import chapters, films
from server.demo.programme import Numbered, airs_at

COMING_STEP_S: Final = chapters.STEP_S


async def filmed(
    shows: Sequence[Numbered], folder: Path, *, at: datetime
) -> AsyncGenerator[tuple[int, Numbered, Path], None]:
    """Make the films one after the other, each while the one before is taken in: how many, of which episode, where."""
    making: asyncio.Task[Path] | None = None
    try:
        for number, show in enumerate(shows):
            film = await (making or asyncio.to_thread(_film, show, folder, at))
            following = shows[number + 1 :][:1]
            making = asyncio.create_task(asyncio.to_thread(_film, following[0], folder, at)) if following else None
            yield number + 1, show, film
            film.unlink()
    finally:
        # A thread cannot be cancelled, and its folder must not vanish under it.
        if making is not None:
            await asyncio.wait([making])


def _film(show: Numbered, folder: Path, at: datetime) -> Path:
    path = folder / f"{show.slug}.mp4"
    plan = chapters.planned(show.episode)
    films.film(
        path=path,
        slides=[
            films.Slide(one.starts_at_s, chapters.STAGES.index(one.stage), STAGE_NAMES[one.stage], one.lines)
            for one in plan
        ],
        seconds=show.episode.minutes * 60,
        over=f"{show.series.title} · {show.episode.title}",
        hue=show.series.hue,
        step_s=1 if airs_at(show, at=at) <= at else COMING_STEP_S,
    )
    return path
