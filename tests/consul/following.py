"""A source that is polled and watched in the background, and what is known of it."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self

import httpx

from exporter.client import HttpClient
from exporter.config import Tls
from exporter.model import ServiceInstance
from exporter.polling.limits import RequestLimits
from exporter.polling.poller import Poller
from exporter.sources.consul.cluster import ConsulSource
from exporter.sources.consul.settings import Consul
from exporter.state import SourceState, Store
from exporter.timing import steady
from tests.real.process import wait_for

Handler = Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]
Statuses = dict[tuple[str, str, str], str]


class Following:
    """Polls and watches as the exporter does, in a thread; keywords are settings. `seen` are all states, in order."""

    def __init__(
        self, address: str = "http://consul:8500", handler: Handler | None = None, **settings: Any
    ) -> None:
        self.settings = Consul.model_validate({"name": "main", "address": [address], **settings})
        self.seen: list[SourceState] = []
        self._handler = handler
        self._address = address
        self._store = Store()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))

    async def _run(self) -> None:
        transport = httpx.MockTransport(self._handler) if self._handler else None
        client = HttpClient(Tls(), transport=transport)
        source = ConsulSource(self.settings, {self._address: client})
        self._store.adopt([source.info])
        self._store.listen(lambda: self.seen.append(self._store.snapshot[source.info.id]))
        poller = asyncio.create_task(Poller(source, self._store, RequestLimits(), steady()).run())
        aging = asyncio.create_task(self._age())
        await self._stop.wait()
        for task in (poller, aging):
            task.cancel()
        await asyncio.gather(poller, aging, return_exceptions=True)
        await client.close()

    async def _age(self) -> None:
        while True:
            await asyncio.sleep(0.1)
            self._store.drop_stale()

    def __enter__(self) -> Self:
        self._thread.start()
        wait_for(lambda: self.seen and self.seen[-1].polls, what="the first poll")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    def do(self, change: Callable[..., object], *arguments: object) -> None:
        """Make a change where the source runs."""
        asyncio.run_coroutine_threadsafe(_called(change, *arguments), self._loop).result(5)

    @property
    def now(self) -> SourceState:
        """What is known of the source."""
        return self.seen[-1]

    def instances(self) -> dict[tuple[str, str, str], ServiceInstance]:
        """What is shown, by service, id and node."""
        return instances_of(self.now)

    def statuses(self) -> Statuses:
        """The status of what is shown, by service, id and node."""
        return {key: found.status for key, found in self.instances().items()}

    def wait(self, expected: Statuses, seconds: float = 5.0) -> None:
        """Wait until just these statuses are shown."""
        wait_for(lambda: self.statuses() == expected, seconds, what=f"{expected}, not {self.statuses()}")


async def _called(change: Callable[..., object], *arguments: object) -> None:
    change(*arguments)


def instances_of(state: SourceState) -> dict[tuple[str, str, str], ServiceInstance]:
    """What is shown in a state, by service, id and node; without Consul itself."""
    groups = [group for group in state.groups.values() if not group.stale]
    shown = [each.instance for group in groups for each in group.states]
    return {found.key[1:]: found for found in shown if found.key.service != "consul"}
