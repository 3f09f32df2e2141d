"""How Consul is asked for the details of services."""

from urllib.parse import quote

from exporter.errors import Redirected, UnexpectedStatus
from exporter.sources.consul.api import ConsulApi, Reply
from exporter.sources.consul.details import Answer
from exporter.sources.consul.records import Rejected, entries_of_nodes, read_entries
from exporter.sources.consul.rows import entries_in

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
            return self._read(service, await self._api.get(path, dc=self._datacenter))
        except (Redirected, UnexpectedStatus):
            # Consul cleans paths, even encoded ones, and refuses odd characters in them: names such as "/a" or "..".
            return self._read(service, await self._nodes_with(service))

    async def _nodes_with(self, service: str) -> Reply:
        """Ask for the nodes with all that is on them; for all nodes when no filter can quote the name."""
        quotable = not {"`", "\r"}.intersection(service)
        only = {"filter": f"Services.Service == `{service}`"} if quotable else {}
        reply = await self._api.get(_NODES, dc=self._datacenter, **only)
        return Reply(entries_of_nodes(reply.content), 0, reply.filtered)

    def _read(self, service: str, reply: Reply) -> Answer:
        rejected = Rejected()
        self._rejected.add("acl_filtered", int(reply.filtered))
        return Answer(read_entries(reply.content, service, rejected), rejected.counts)
