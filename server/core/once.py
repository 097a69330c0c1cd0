"""Work that many ask for at the same moment and that is done once."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

V = TypeVar("V")


class Once(Generic[V]):
    """Work under way in this process, by its key.

    Whoever asks while it is under way waits for the same; whoever leaves does not stop it for the others. Nothing is
    kept when it is done.
    """

    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Task[V]] = {}

    async def of(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """Give what the work gives, or raise what it raises."""
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(work())
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._finish(key, done))
        return await asyncio.shield(task)

    def _finish(self, key: Hashable, done: asyncio.Task[V]) -> None:
        del self._under_way[key]
        # Where everybody has left, nobody else looks at what went wrong.
        if not done.cancelled():
            done.exception()
