"""What a job is: something done again and again by one process, safe to repeat and to be killed at any moment."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Job:
    """A deed to be done every so many seconds; ``run`` gets the process's parts and the time."""

    name: str
    every_s: float
    run: Callable[[Any, datetime], Awaitable[None]]
