"""Doing once what is asked for many times."""

import asyncio
from collections.abc import Awaitable, Callable


class Merged:
    """Runs an action, never twice at a time; all who ask while it runs share one run after it."""

    def __init__(self, action: Callable[[], Awaitable[None]]) -> None:
        self._action = action
        self._running = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None

    async def __call__(self) -> None:
        """Wait for a run that begins after now; raise what it raises."""
        if self._next is None:
            self._next = asyncio.create_task(self._run())
            self._next.add_done_callback(_retrieved)
        await asyncio.shield(self._next)

    async def _run(self) -> None:
        async with self._running:
            self._next = None
            await self._action()


def _retrieved(task: asyncio.Task[None]) -> None:
    """Take note of how it ended, though everyone who asked for it may be gone."""
    if not task.cancelled():
        task.exception()
