"""Waiting for a time or for being woken, for one who waits alone."""

import asyncio


class Wakeup:
    """What asyncio.Event is for many, for one: with a queue each, thousands of pollers need a kilobyte more each."""

    __slots__ = ("_is_set", "_waiting")

    def __init__(self) -> None:
        self._is_set = False
        self._waiting: asyncio.Future[None] | None = None

    def set(self) -> None:
        """Wake who waits, or who will wait next."""
        self._is_set = True
        self._ring()

    def clear(self) -> None:
        """Forget that it was set."""
        self._is_set = False

    async def wait(self, seconds: float) -> None:
        """Return when it is set, or after so many seconds."""
        if self._is_set:
            return
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        timer = loop.call_later(seconds, self._ring)
        try:
            await self._waiting
        finally:
            timer.cancel()
            self._waiting = None

    def _ring(self) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)
