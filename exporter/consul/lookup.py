"""Ask for the instances of one service, whatever its name holds."""

from urllib.parse import quote

from exporter.consul.api import ConsulApi, Page
from exporter.consul.records import Entry, Rejected, entries_of_nodes, read_entries
from exporter.errors import Redirected, UnexpectedStatus


async def instances_of(
    service: str, datacenter: str, api: ConsulApi, rejected: Rejected
) -> tuple[Entry, ...]:
    """Return the instances of `service`; PollError when Consul can't be asked."""
    try:
        page = await api.get(f"/v1/health/service/{quote(service, safe='')}", dc=datacenter)
        rows = page.content
    except (Redirected, UnexpectedStatus):
        # Consul tidies paths, even encoded ones, and refuses odd characters in them: names such as "/a" or "..".
        page = await _nodes_with(service, datacenter, api)
        rows = entries_of_nodes(page.content)
    rejected.add("acl_filtered", int(page.filtered))
    return read_entries(rows, service, rejected)


async def _nodes_with(service: str, datacenter: str, api: ConsulApi) -> Page:
    """Ask for the nodes with all that is on them; for all nodes when no filter can quote the name."""
    quotable = not {"`", "\r"}.intersection(service)
    only = {"filter": f"Services.Service == `{service}`"} if quotable else {}
    return await api.get("/v1/internal/ui/nodes", dc=datacenter, **only)
