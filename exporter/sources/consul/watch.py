"""Blocking queries: Consul answers when something has changed, and a poll finds out what it means.

An open query proves nothing, and its answer after the whole wait not much; what is shown is as fresh as the polls are.
"""

import asyncio
from collections.abc import Callable

from exporter.errors import PollError, RateLimited
from exporter.logs import Log
from exporter.sources.consul.api import STATE, ConsulApi, Reply
from exporter.sources.consul.datacenter import Datacenter
from exporter.sources.consul.settings import Consul
from exporter.sources.consul.statuses import NOT_PASSING
from exporter.timing import steady

# How long Consul may wait for news before it answers nevertheless, in seconds: its own default, or less where something
# in between doesn't bear open requests so long.
_WAIT = 300.0
_SHORTEST_WAIT = 10.0
# An answer that comes sooner than this, in seconds, was not waited for.
_AT_ONCE = 0.5
# After so many failures in a row there is nothing new to find out by polling at once.
_NEWSWORTHY = 3


class Watch:
    """Follows one datacenter, beside its polls."""

    def __init__(
        self, datacenter: Datacenter, settings: Consul, api: ConsulApi, wake: Callable[[], None]
    ) -> None:
        self._datacenter = datacenter
        self._settings = settings
        self._api = api
        self._wake = wake
        self._wait = _WAIT
        self._log = Log("consul", source=settings.name, datacenter=datacenter.name)

    async def run(self) -> None:
        """Follow the checks and the catalog for ever; anew when an index fell, as open queries wait for it to rise again."""
        while True:
            async with asyncio.TaskGroup() as tasks:
                both = self._start(tasks)
                await self._datacenter.fallen()
                for following in both:
                    following.cancel()

    def _start(self, tasks: asyncio.TaskGroup) -> tuple[asyncio.Task[None], ...]:
        known, checks, services = self._datacenter, STATE, "/v1/catalog/services"
        following = (
            self._follow(checks, lambda: known.checks_index, known.take_checks, filter=NOT_PASSING),
            self._follow(services, lambda: known.services_index, known.take_services),
        )
        return tuple(map(tasks.create_task, following))

    async def _follow(
        self, path: str, index_of: Callable[[], int], take: Callable[[Reply], None], **params: str
    ) -> None:
        vain = 0
        while True:
            await self._datacenter.settled()
            index, started = index_of(), steady()
            try:
                reply = await self._ask(path, index, **params) if index else None
            except PollError as error:
                vain += 1
                await self._failed(error, vain)
            else:
                if reply and reply.index not in (0, index):
                    vain = 0
                    self._tell(reply, index, take)
                elif steady() - started < _AT_ONCE:
                    # Consul, or what stands before it, tells no index, or doesn't wait.
                    vain += 1
                    await self._pause(vain)

    async def _ask(self, path: str, index: int, **params: str) -> Reply:
        """Ask, and learn how long something in between lets Consul wait."""
        started = steady()
        try:
            return await self._api.watch(path, index, self._wait, dc=self._datacenter.name, **params)
        except PollError:
            lasted = steady() - started
            if _SHORTEST_WAIT < lasted < self._wait:
                self._wait = max(_SHORTEST_WAIT, 0.8 * lasted)
            raise

    def _tell(self, reply: Reply, index: int, take: Callable[[Reply], None]) -> None:
        """Let the news be polled; an index that fell means that all must be asked for anew."""
        if reply.index < index:
            self._datacenter.distrust()
        else:
            take(reply)
        self._wake()

    async def _failed(self, error: PollError, vain: int) -> None:
        """Find out by a poll what the failure means, and try again later each time."""
        self._log.debug("watching failed", reason=error.reason, error=error)
        if vain <= _NEWSWORTHY and not isinstance(error, RateLimited):
            self._datacenter.distrust()
            self._wake()
        await self._pause(vain)

    async def _pause(self, vain: int) -> None:
        await asyncio.sleep(min(self._settings.interval, 2.0 ** min(vain, 10)))
