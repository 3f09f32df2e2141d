"""How many requests may be under way: so many to one host, and not too many in all."""

import asyncio
from contextlib import AbstractAsyncContextManager

# Below the 1,024 files that a process may usually have open, with room for everything else.
_IN_ALL = 500


class RequestLimits:
    """Hands out the right to ask; who waits is served in turn.

    A host that hangs holds only its own limits. It keeps each for a whole timeout, so of its connections
    `per_host * interval / timeout` are still checked on time: 600 with the defaults, and more of them late.
    """

    def __init__(self, per_host: int) -> None:
        self._per_host = per_host
        self._all = asyncio.Semaphore(max(per_host, _IN_ALL))
        self._hosts: dict[str, AbstractAsyncContextManager[None]] = {}

    def of(self, host: str) -> AbstractAsyncContextManager[None]:
        """Return what to hold while asking `host`; all its connections may use it at once."""
        return self._hosts.setdefault(host, _Slot(asyncio.Semaphore(self._per_host), self._all))


class _Slot(AbstractAsyncContextManager[None]):
    def __init__(self, host: asyncio.Semaphore, all_: asyncio.Semaphore) -> None:
        self._host = host
        self._all = all_

    async def __aenter__(self) -> None:
        await self._host.acquire()
        try:
            await self._all.acquire()
        except BaseException:
            self._host.release()
            raise

    async def __aexit__(self, *failure: object) -> None:
        self._all.release()
        self._host.release()
