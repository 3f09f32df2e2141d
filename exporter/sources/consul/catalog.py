"""Which services and nodes there are in a datacenter, and Consul's indexes of both."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.errors import AclDenied, Redirected, UnexpectedStatus
from exporter.sources.consul.api import ConsulApi, Reply
from exporter.sources.consul.details import Index
from exporter.sources.consul.records import Rejected, read_names
from exporter.sources.consul.rows import nodes_in


@dataclass(frozen=True, slots=True)
class Catalog:
    """The names of services with their tags, and of nodes, as far as the token may see them.

    `index` is None when Consul, or what stands before it, gave none; while it stays, no detail has changed.
    """

    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    nodes: frozenset[str] = frozenset()
    index: Index | None = None
    is_filtered: bool = False
    rejected: Counter[str] = field(default_factory=Counter)

    def shows_the_same_as(self, other: "Catalog") -> bool:
        """Return whether the same is to be seen; what a token may see changes without any index moving."""
        return (self.names, self.nodes) == (other.names, other.nodes)


async def ask_catalog(api: ConsulApi, datacenter: str) -> Catalog:
    """Ask for `/v1/catalog/services` and `/v1/catalog/nodes`; PollError when the former fails."""
    rejected = Rejected()
    services = await api.get("/v1/catalog/services", dc=datacenter)
    names = read_names(services.content, rejected)
    nodes = await _ask_nodes(api, datacenter)
    seen = await nodes_in(nodes.content, rejected)
    index = Index(services.index, nodes.index) if services.index and nodes.index else None
    return Catalog(names, seen, index, services.filtered, rejected.counts)


async def _ask_nodes(api: ConsulApi, datacenter: str) -> Reply:
    """Ask for the nodes; nothing is known of them where that is not permitted, and needs not be."""
    try:
        return await api.get_body("/v1/catalog/nodes", dc=datacenter)
    except (AclDenied, Redirected, UnexpectedStatus):
        return Reply(b"[]", 0, False)
