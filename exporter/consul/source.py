"""A Consul cluster as a source: two requests per datacenter and poll tell the status of every instance."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext

from exporter.client import HttpClient
from exporter.config import Consul, SecretFile
from exporter.consul.api import ConsulApi
from exporter.consul.datacenter import Datacenter
from exporter.consul.records import REJECTIONS, Rejected, read_datacenters, read_own_datacenter
from exporter.errors import AclDenied, PollError
from exporter.model import ServiceInstance
from exporter.source import ServiceFindings
from exporter.timing import deadline

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


class ConsulSource:
    """One cluster; its datacenters are polled side by side, and one that fails doesn't touch another."""

    kind = "consul"
    failure_reasons = FAILURE_REASONS
    rejections = REJECTIONS

    def __init__(self, settings: Consul, clients: Mapping[str, HttpClient]) -> None:
        self.name = settings.name
        self.interval = settings.interval
        self.timeout = settings.timeout
        self.stale_after = settings.stale_after
        self._settings = settings
        self._api = ConsulApi(settings, clients)
        self._own = ""
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
        names = await self._names()
        self._datacenters = {name: self._datacenters.get(name) or self._datacenter(name) for name in names}
        rejected = Rejected()
        results = await asyncio.gather(*(self._poll(dc, rejected) for dc in self._datacenters.values()))
        found = dict(zip(names, results, strict=True))
        return ServiceFindings(
            {name: result for name, result in found.items() if not isinstance(result, PollError)},
            {name: result for name, result in found.items() if isinstance(result, PollError)},
            rejected.counts,
        )

    def _datacenter(self, name: str) -> Datacenter:
        return Datacenter(name, self._settings, self._api)

    async def _poll(
        self, datacenter: Datacenter, rejected: Rejected
    ) -> tuple[ServiceInstance, ...] | PollError:
        # A little less than the whole poll may take, so that one that hangs doesn't take the others' answers along.
        try:
            async with deadline(0.9 * self.timeout, "the datacenter gave no complete answer in time"):
                return await datacenter.poll(rejected)
        except PollError as error:
            return error

    async def _names(self) -> tuple[str, ...]:
        wanted = self._settings.datacenters
        if wanted == "all":
            return read_datacenters((await self._api.get("/v1/catalog/datacenters")).content)
        if wanted:
            return wanted
        self._own = self._own or await self._own_datacenter()
        return (self._own,)

    async def _own_datacenter(self) -> str:
        """Ask the agent, or where the token may not: if there is but one datacenter, it is that one."""
        try:
            return read_own_datacenter((await self._api.get("/v1/agent/self")).content)
        except AclDenied:
            names = read_datacenters((await self._api.get("/v1/catalog/datacenters")).content)
            if len(names) == 1:
                return names[0]
            raise AclDenied(
                "the token may not ask the agent for its datacenter: grant agent:read or set datacenters"
            ) from None
