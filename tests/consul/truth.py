"""What Consul itself says of its instances, read per node and judged by rules written down a second time."""

from typing import Any
from urllib.parse import quote

from exporter.model import InstanceKey
from tests.real import ConsulAgent

Json = dict[str, Any]


def instances_in(agent: ConsulAgent) -> dict[InstanceKey, Json]:
    """Return the service of each registration, with its status and checks added."""
    nodes = [node["Node"] for node in agent.get("/v1/catalog/nodes")]
    return {
        InstanceKey(agent.datacenter, service["Service"], service["ID"], node): service
        for node in nodes
        for service in _services(agent, node)
    }


def _services(agent: ConsulAgent, node: str) -> list[Json]:
    registered = agent.get(f"/v1/catalog/node/{quote(node, safe='')}")
    checks = agent.get(f"/v1/health/node/{quote(node, safe='')}")
    found = []
    for service in registered["Services"].values():
        own = [c for c in checks if c["ServiceID"].lower() in ("", service["ID"].lower())]
        address = service["Address"] or registered["Node"]["Address"]
        found.append(service | {"Address": address, "Checks": own, "Status": status_of(own)})
    return found


def status_of(checks: list[Json]) -> str:
    """Judge as Consul's own clients do."""
    for check in checks:
        if check["CheckID"] == "_node_maintenance" or check["CheckID"].startswith("_service_maintenance:"):
            return "maintenance"
    statuses = {check["Status"] for check in checks}
    return "critical" if "critical" in statuses else "warning" if "warning" in statuses else "passing"


def health_of(agent: ConsulAgent, service: str) -> dict[InstanceKey, str]:
    """Return what /v1/health/service says of one service; the name must fit a path."""
    entries = agent.get(f"/v1/health/service/{quote(service, safe='')}")
    return {
        InstanceKey(agent.datacenter, service, entry["Service"]["ID"], entry["Node"]["Node"]): status_of(
            entry["Checks"]
        )
        for entry in entries
        if entry["Service"]["Service"] == service
    }
