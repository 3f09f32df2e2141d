"""The world's states as the records of Consul's HTTP API, in the shapes of Consul 1.8."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from exporter.demo.script import Instance, Node
from exporter.demo.states import CheckState, InstanceTruth, NodeTruth

Record = dict[str, Any]


class Indexes:
    """Gives every record and table the index of its latest change, as Raft would; never goes back."""

    def __init__(self) -> None:
        self._latest = 10
        self._known: dict[tuple[str, ...], tuple[object, int, int]] = {}

    def modified(self, key: tuple[str, ...], content: object) -> int:
        """Return the index at which the content under this key was first seen as it is now."""
        return self._look_up(key, content)[2]

    def stamped(self, key: tuple[str, ...], record: Record) -> Record:
        """Return the record with its CreateIndex and ModifyIndex."""
        _, created, modified = self._look_up(key, record)
        return {**record, "CreateIndex": created, "ModifyIndex": modified}

    def _look_up(self, key: tuple[str, ...], content: object) -> tuple[object, int, int]:
        known = self._known.get(key)
        if known is None or known[0] != content:
            self._latest += 1
            known = self._known[key] = (content, known[1] if known else self._latest, self._latest)
        return known


class Catalog(NamedTuple):
    """What one datacenter's servers know at one time, or as much of it as a token may read."""

    indexes: Indexes
    nodes: tuple[NodeTruth, ...]
    instances: tuple[InstanceTruth, ...]

    def without(self, services: tuple[str, ...]) -> "Catalog":
        """Return the catalog without these services; without any names, an empty one."""
        if not services:
            return Catalog(self.indexes, (), ())
        return self._replace(instances=tuple(i for i in self.instances if i.instance.service not in services))

    def checks(self, state: str) -> list[Record]:
        """Return the body of /v1/health/state/<state>."""
        of_nodes = (check for node in self.nodes for check in node.checks)
        of_instances = (check for i in self.instances for check in i.checks if check.instance)
        found = [c for c in (*of_nodes, *of_instances) if state in ("any", c.status)]
        return [self._check(c) for c in sorted(found, key=lambda c: (c.node.name, c.check_id))]

    def registrations(self) -> list[Record]:
        """Return the table of services, of which /v1/catalog/services tells only names and tags."""
        return [self._service(state.instance) for state in self.instances]

    def services(self) -> dict[str, list[str]]:
        """Return the body of /v1/catalog/services."""
        tags: dict[str, set[str]] = {}
        for state in self.instances:
            tags.setdefault(state.instance.service, set()).update(state.instance.tags)
        return {name: sorted(tags[name]) for name in sorted(tags)}

    def service(self, name: str, passing: bool) -> list[Record]:
        """Return the body of /v1/health/service/<name>; Consul ignores the case of names."""
        found = (s for s in self.instances if s.instance.service.lower() == name.lower())
        return [self._entry(s) for s in found if not passing or _all_pass(s.checks)]

    def node_list(self) -> list[Record]:
        """Return the body of /v1/catalog/nodes."""
        return [self._node(state.node) for state in self.nodes]

    def _entry(self, state: InstanceTruth) -> Record:
        checks = [self._check(check) for check in state.checks]
        return {
            "Node": self._node(state.instance.node),
            "Service": self._service(state.instance),
            "Checks": checks,
        }

    def _node(self, node: Node) -> Record:
        record: Record = {
            "ID": "",
            "Node": node.name,
            "Address": node.address,
            "Datacenter": node.datacenter,
            "TaggedAddresses": None,
            "Meta": dict(node.meta) or None,
        }
        return self.indexes.stamped(("node", node.datacenter, node.name), record)

    def _service(self, instance: Instance) -> Record:
        record: Record = {
            "ID": instance.id,
            "Service": instance.service,
            "Tags": list(instance.tags),
            "Address": instance.address,
            "Meta": dict(instance.meta) or None,
            "Port": instance.port,
            "Weights": {"Passing": 1, "Warning": 1},
            "EnableTagOverride": False,
            "Proxy": {"MeshGateway": {}, "Expose": {}},
            "Connect": {},
        }
        return self.indexes.stamped(("service", *instance.key), record)

    def _check(self, check: CheckState) -> Record:
        instance = check.instance
        record: Record = {
            "Node": check.node.name,
            "CheckID": check.check_id,
            "Name": check.name,
            "Status": check.status,
            "Notes": check.notes,
            "Output": check.output,
            "ServiceID": instance.id if instance else "",
            "ServiceName": instance.service if instance else "",
            "ServiceTags": list(instance.tags) if instance else [],
            "Type": "",
            "Definition": {},
        }
        return self.indexes.stamped(("check", check.node.datacenter, check.node.name, check.check_id), record)


def _all_pass(checks: Iterable[CheckState]) -> bool:
    return all(check.status == "passing" for check in checks)
