"""Demo content, for trying: marked as demonstration, written for this house, medically harmless."""

from collections.abc import Callable
from typing import Any

from server.core.settings import Settings


async def seed(ctx: Any, say: Callable[[str], None]) -> None:
    """Load the demo content that is not there yet."""


def welcome(settings: Settings) -> list[str]:
    """Say where the house is reached, and who may sign in for trying."""
    return [f"Xinglin stands: {settings.origin}"]
