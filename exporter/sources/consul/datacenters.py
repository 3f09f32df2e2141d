"""Which datacenters of a cluster to poll: those configured, all, or the agent's own."""

from exporter.errors import AclDenied, PollError, Redirected, UnexpectedStatus
from exporter.logs import Log
from exporter.sources.consul.api import ConsulApi
from exporter.sources.consul.records import read_datacenters, read_home, read_own_datacenter
from exporter.sources.consul.settings import Consul


class Datacenters:
    """Knows the names; the agent's own is asked for until it is known."""

    _refusals = (AclDenied, Redirected, UnexpectedStatus)

    def __init__(self, settings: Consul, api: ConsulApi) -> None:
        self._settings = settings
        self._api = api
        self._own = ""
        self._log = Log("consul", source=settings.name)

    async def names(self) -> tuple[str, ...]:
        """Return the datacenters to poll; PollError when they can't be found out."""
        wanted = self._settings.datacenters
        if wanted == "all":
            return await self._all()
        if wanted:
            return wanted
        self._own = self._own or await self._agents_own()
        return (self._own,)

    def forget(self) -> None:
        """Ask for the agent's own again: another agent may answer at the address by now."""
        self._own = ""

    async def _all(self) -> tuple[str, ...]:
        return read_datacenters((await self._api.get("/v1/catalog/datacenters")).content)

    async def _agents_own(self) -> str:
        try:
            return read_own_datacenter((await self._api.get("/v1/agent/self")).content)
        except self._refusals as error:
            own = await self._own_without_asking_the_agent(error.without_frames())
            self._log.warning(
                "the agent doesn't tell its datacenter, the catalog does: set datacenters, and it isn't asked",
                datacenter=own,
                error=error,
            )
            return own

    async def _own_without_asking_the_agent(self, refusal: PollError) -> str:
        """Find it out with the permissions that polling needs anyway."""
        if home := read_home((await self._api.get("/v1/health/service/consul")).content):
            return home
        names = await self._all()
        if len(names) == 1:
            return names[0]
        raise type(refusal)(
            f"it can't be found out which datacenter is the agent's: set datacenters, or permit /v1/agent/self ({refusal})"
        )
