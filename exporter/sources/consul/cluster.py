"""A Consul cluster as a source: two requests per datacenter and poll give the status of every instance."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

from pydantic import SecretStr

from exporter.client import HttpClient
from exporter.errors import DatacenterTaken, PollError, ProviderError, Refused, TokenUnusable, reasons
from exporter.model import ServiceInstance
from exporter.sources.consul.api import ConsulApi, placed
from exporter.sources.consul.datacenter import Datacenter
from exporter.sources.consul.datacenters import Datacenters
from exporter.sources.consul.records import REJECTIONS, Rejected
from exporter.sources.consul.settings import Consul
from exporter.sources.consul.watch import Watch
from exporter.sources.contract import ServiceFindings, SourceId, SourceInfo
from exporter.timing import Clock, deadline, steady

# A little less than the whole poll may take, so that one that hangs doesn't take the others' answers along.
_PATIENCE = 0.9


class ConsulSource:
    """One cluster, or those of its datacenters that `owns` approves of; they are polled side by side, and one that fails doesn't touch another."""

    def __init__(
        self,
        settings: Consul,
        clients: Mapping[str, HttpClient],
        clock: Clock = steady,
        owns: Callable[[str], bool] = lambda datacenter: True,
    ) -> None:
        self.info = SourceInfo(
            SourceId("consul", settings.name),
            settings.interval,
            settings.stale_after,
            failure_reasons=reasons(without=(Refused, ProviderError)),
            rejections=REJECTIONS,
            is_awaited=True,
        )
        self.timeout = settings.timeout
        self.token = settings.secret()
        self._settings = settings
        self._clock = clock
        self._owns = owns
        self._api = ConsulApi(settings, clients)
        self._names = Datacenters(settings, self._api)
        self._datacenters: dict[str, Datacenter] = {}
        self._changed = asyncio.Event()
        self._wakeups = 0

    def request_limit(self, token: str) -> None:
        """Clusters are few: each polls when it is due."""

    def failed(self, error: PollError) -> None:
        """A failed poll says nothing about any service."""

    async def watch(self, wake: Callable[[], None]) -> None:
        """Follow each datacenter as long as there is one, anew with each token."""
        if not self._settings.watch:
            return

        def woken() -> None:
            self._wakeups += 1
            wake()

        while True:
            self._changed.clear()
            async with asyncio.TaskGroup() as tasks:
                watches = [
                    tasks.create_task(Watch(datacenter, self._settings, self._api, woken).run())
                    for datacenter in self._datacenters.values()
                ]
                await self._changed.wait()
                for watch in watches:
                    watch.cancel()

    async def poll(self, token: str) -> ServiceFindings:
        """Ask every datacenter, or those alone that have news; PollError when it isn't even known which there are."""
        if not token and self._settings.token_file:
            raise TokenUnusable(f"{self._settings.token_file} is missing or empty")
        self._take(SecretStr(token))
        asked = {name: each for name, each in self._datacenters.items() if each.has_news or each.is_due}
        if not any(each.has_news for each in asked.values()):
            await self._find_datacenters()
            asked = self._datacenters
        rejected = Rejected()
        found = await asyncio.gather(*(self._poll(name, each, rejected) for name, each in asked.items()))
        results = dict(zip(map(self._settings.shown_as, asked), found, strict=True))
        failures = {name: result for name, result in results.items() if isinstance(result, PollError)}
        if failures:
            self._names.forget()
        instances = {name: result for name, result in results.items() if not isinstance(result, PollError)}
        kept = frozenset(map(self._settings.shown_as, self._datacenters.keys() - asked.keys()))
        return self._counted(
            ServiceFindings(instances, failures, self._settings.detail == "check", kept), rejected
        )

    def _counted(self, findings: ServiceFindings, rejected: Rejected) -> ServiceFindings:
        received, self._api.received = self._api.received, 0
        wakeups, self._wakeups = self._wakeups, 0
        return replace(findings, rejected=rejected.counts, received=received, wakeups=wakeups)

    def _take(self, token: SecretStr) -> None:
        """Use the token; one that changed may see other things, although no index has moved."""
        if token != self._api.token:
            self._api.token = token
            self._changed.set()
            for datacenter in self._datacenters.values():
                datacenter.distrust()

    async def _find_datacenters(self) -> None:
        names = tuple(filter(self._owns, await self._names.names()))
        shown = Counter(map(self._settings.shown_as, names))
        if twice := next((name for name, count in shown.items() if count > 1), None):
            raise DatacenterTaken(f"two datacenters are called {twice} by datacenter_names")
        if names != tuple(self._datacenters):
            self._datacenters = {
                name: self._datacenters.get(name) or self._datacenter(name) for name in names
            }
            self._changed.set()

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
