"""How many requests may be under way: so many to one host, and not too many in all."""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext

from exporter.descriptors import share
from exporter.sources.contract import RequestLimit

# So many at most, and no more than this part of the files that the process may have open.
_IN_ALL = 500
_SHARE_OF_DESCRIPTORS = 0.5


class RequestLimits:
    """Hands out the right to ask, in the order of asking for it.

    A host that hangs holds only its own slots. It keeps each for a whole timeout, so of its connections
    `at_once * interval / timeout` are still checked on time: 600 with the defaults, and more of them late.
    """

    def __init__(self) -> None:
        self._all = asyncio.Semaphore(share(_SHARE_OF_DESCRIPTORS, _IN_ALL))
        self._hosts: dict[RequestLimit, AbstractAsyncContextManager[None]] = {}

    def of(self, limit: RequestLimit | None) -> AbstractAsyncContextManager[None]:
        """Return what to hold while asking; all who ask the host may use it at once."""
        if limit is None:
            return nullcontext()
        return self._hosts.setdefault(limit, _Slot(asyncio.Semaphore(limit.at_once), self._all))


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
