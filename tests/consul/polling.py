"""Poll a source again and again, each time an interval later, and see which requests that took."""

import asyncio
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

import httpx

from exporter.client import HttpClient
from exporter.config import Tls
from exporter.model import InstanceKey, ServiceInstance
from exporter.sources.consul.cluster import ConsulSource
from exporter.sources.consul.settings import Consul
from exporter.sources.consul.statuses import NOT_PASSING
from exporter.sources.contract import ServiceFindings

Handler = Callable[[httpx.Request], Any]
Statuses = dict[tuple[str, str, str], str]


class Recording(httpx.AsyncBaseTransport):
    """Passes requests on and remembers them."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.requests: list[httpx.Request] = []
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


class Polled:
    """A source with an event loop of its own; keywords are settings of its section.

    `now` is the source's clock in seconds. Without a `handler` requests go over the network.
    """

    def __init__(self, *addresses: str, handler: Handler | None = None, **settings: Any) -> None:
        where = list(addresses or ("http://consul:8500",))
        uds = where[0].removeprefix("unix://") if where[0].startswith("unix://") else None
        inner = httpx.MockTransport(handler) if handler else httpx.AsyncHTTPTransport(uds=uds)
        self._transport = Recording(inner)
        self._client = HttpClient(Tls(), transport=self._transport)
        self.settings = Consul.model_validate({"name": "main", "address": where, **settings})
        self.now = 0.0
        clients = dict.fromkeys(self.settings.address, self._client)
        self.source = ConsulSource(self.settings, clients, lambda: self.now)
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._client.close())
        self._runner.close()

    def poll(self) -> ServiceFindings:
        """Poll, and let an interval pass."""
        self._transport.requests.clear()
        try:
            return self._runner.run(self._ask())
        finally:
            self.now += self.settings.interval

    async def _ask(self) -> ServiceFindings:
        return await self.source.poll(await self.source.token.get())

    def tell_news(self) -> bool:
        """Let the source hear now what a query that waits would tell it; return whether that is news."""
        return self._runner.run(self._heard())

    async def _heard(self) -> bool:
        """Ask as the watch does, which is answered at once when something has moved."""
        (known,) = self.source._datacenters.values()
        checks, services = known.checks_index, known.services_index
        told = await self.source._api.watch("/v1/health/state/any", checks, 0, dc="dc1", filter=NOT_PASSING)
        if told.index != checks:
            known.take_checks(told)
        told = await self.source._api.watch("/v1/catalog/services", services, 0, dc="dc1")
        if told.index != services:
            known.take_services(told)
        return known.has_news

    def instances(self) -> dict[InstanceKey, ServiceInstance]:
        """Poll and return all instances; raise the error when a datacenter failed."""
        findings = self.poll()
        if findings.errors:
            raise findings.errors[0]
        return {instance.key: instance for found in findings.instances.values() for instance in found}

    def statuses(self, *, of: str = "") -> Statuses:
        """Poll and return the status by service, service_id and node; only those `of` one service, if named."""
        found = self.instances().values()
        return {i.key[1:]: i.status for i in found if i.key.service != "consul" and of in ("", i.key.service)}

    @property
    def requests(self) -> list[httpx.Request]:
        """The requests of the latest poll."""
        return self._transport.requests

    @property
    def paths(self) -> list[str]:
        """The paths of the latest poll's requests, as they were sent."""
        return [request.url.raw_path.decode().partition("?")[0] for request in self.requests]


def asked_services(paths: Iterable[str]) -> list[str]:
    """Return which services' details were asked for."""
    start = "/v1/health/service/"
    return [path.removeprefix(start) for path in paths if path.startswith(start)]
