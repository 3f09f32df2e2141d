"""A Consul cluster as a source: two requests per datacenter and poll tell the status of every instance."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext

from exporter.client import HttpClient
from exporter.config import Consul, SecretFile
from exporter.errors import PollError
from exporter.model import ServiceInstance
from exporter.sources.consul.api import ConsulApi, placed
from exporter.sources.consul.datacenter import Datacenter
from exporter.sources.consul.datacenters import Datacenters
from exporter.sources.consul.records import REJECTIONS, Rejected
from exporter.sources.contract import ServiceFindings
from exporter.timing import Clock, deadline, steady

FAILURE_REASONS = (
    "acl_denied",
    "acl_filtered",
    "acl_not_found",
    "connect",
    "datacenter_taken",
    "dns",
    "empty_catalog",
    "internal",
    "malformed",
    "no_leader",
    "no_path",
    "rate_limited",
    "redirect",
    "server_error",
    "timeout",
    "tls",
    "token_file",
    "too_large",
    "unexpected_status",
)
# A little less than the whole poll may take, so that one that hangs doesn't take the others' answers along.
_PATIENCE = 0.9


class ConsulSource:
    """One cluster; its datacenters are polled side by side, and one that fails doesn't touch another."""

    kind = "consul"
    failure_reasons = FAILURE_REASONS
    rejections = REJECTIONS

    def __init__(self, settings: Consul, clients: Mapping[str, HttpClient], clock: Clock = steady) -> None:
        self.name = settings.name
        self.interval = settings.interval
        self.timeout = settings.timeout
        self.stale_after = settings.stale_after
        self._settings = settings
        self._clock = clock
        self._api = ConsulApi(settings, clients)
        self._names = Datacenters(settings, self._api)
        self._datacenters: dict[str, Datacenter] = {}

    def slot(self) -> AbstractAsyncContextManager[None]:
        """Clusters are few: each polls when it is due."""
        return nullcontext()

    def signature(self) -> object:
        """Return what changes when the token file does."""
        file = self._settings.token_file
        return SecretFile(file).signature() if file else None

    def failed(self, error: PollError) -> None:
        """A failed poll says nothing about any service."""

    async def poll(self) -> ServiceFindings:
        """Ask every datacenter; PollError when it isn't even known which there are."""
        names = await self._names.names()
        self._datacenters = {name: self._datacenters.get(name) or self._datacenter(name) for name in names}
        rejected = Rejected()
        found = await asyncio.gather(
            *(self._poll(name, datacenter, rejected) for name, datacenter in self._datacenters.items())
        )
        results = dict(zip(self._datacenters, found, strict=True))
        failures = {name: result for name, result in results.items() if isinstance(result, PollError)}
        if failures:
            self._names.forget()
        instances = {name: result for name, result in results.items() if not isinstance(result, PollError)}
        return ServiceFindings(instances, failures, rejected.counts)

    def _datacenter(self, name: str) -> Datacenter:
        return Datacenter(name, self._settings, self._api, self._clock)

    async def _poll(
        self, name: str, datacenter: Datacenter, rejected: Rejected
    ) -> tuple[ServiceInstance, ...] | PollError:
        try:
            async with deadline(_PATIENCE * self.timeout, "no complete answer in time"):
                return await datacenter.poll(rejected)
        except PollError as error:
            return placed(f"datacenter {name}", error)
