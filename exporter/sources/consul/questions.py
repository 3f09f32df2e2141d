"""How Consul is asked for the details of services."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from exporter.errors import Redirected, UnexpectedStatus
from exporter.jsontext import Text
from exporter.sources.consul.api import ConsulApi, Reply
from exporter.sources.consul.details import Answer
from exporter.sources.consul.records import Entry, Rejected
from exporter.sources.consul.rows import entries_in, instances_in, nodes_with

EntriesIn = Callable[[Text, str, Rejected], Awaitable[tuple[Entry, ...]]]
_NODES = "/v1/internal/ui/nodes"


class Questions:
    """Asks in one datacenter; that Consul's ACLs left something out is counted in `rejected`."""

    def __init__(self, api: ConsulApi, datacenter: str, rejected: Rejected) -> None:
        self._api = api
        self._datacenter = datacenter
        self._rejected = rejected

    async def all(self) -> Answer:
        """Ask for the instances of all services: a page of Consul's own user interface asks so."""
        reply, rejected = await self._api.get_body(_NODES, dc=self._datacenter), Rejected()
        self._rejected.add("acl_filtered", int(reply.filtered))
        entries = await entries_in(reply.content, rejected)
        return Answer(entries, rejected.counts, reply.index)

    async def one(self, service: str) -> Answer:
        """Ask for the instances of one service, whatever its name holds."""
        try:
            path = f"/v1/health/service/{quote(service, safe='')}"
            reply = await self._api.get_body(path, dc=self._datacenter)
        except (Redirected, UnexpectedStatus):
            # Consul cleans paths, even encoded ones, and refuses odd characters in them: names such as "/a" or "..".
            return await self._read(service, await self._nodes_with(service), nodes_with)
        return await self._read(service, reply, instances_in)

    async def _nodes_with(self, service: str) -> Reply:
        """Ask for the nodes with all that is on them; for all nodes when no filter can quote the name."""
        quotable = not {"`", "\r"}.intersection(service)
        only = {"filter": f"Services.Service == `{service}`"} if quotable else {}
        return await self._api.get_body(_NODES, dc=self._datacenter, **only)

    async def _read(self, service: str, reply: Reply, entries_in: EntriesIn) -> Answer:
        rejected = Rejected()
        self._rejected.add("acl_filtered", int(reply.filtered))
        return Answer(await entries_in(reply.content, service, rejected), rejected.counts)
