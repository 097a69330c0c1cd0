"""Demo content, for trying: marked as demonstration, written for this house, medically harmless."""

from collections.abc import Callable
from typing import Any

from server.core import clock
from server.core.settings import Settings
from server.demo import people


async def seed(ctx: Any, say: Callable[[str], None]) -> None:
    """Load the demo content that is not there yet."""
    await people.seed(sealer=ctx.sealer, at=clock.now())


def welcome(settings: Settings) -> list[str]:
    """Say where the house is reached, and who may sign in for trying."""
    return [f"Xinglin stands: {settings.origin}"]
