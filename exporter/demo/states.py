"""The states of things at one time, and the rules that give them from the effects in force."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from exporter.demo.effects import (
    Absent,
    Broken,
    CheckIs,
    Effect,
    Fault,
    Maintenance,
    NoToken,
    RateRemaining,
    TokenIs,
)
from exporter.demo.script import Connection, Instance, Node, Subject, System
from exporter.model import CheckStatus, ConnectionStatus, ServiceStatus

Effects = Mapping[Subject, list[Effect]]
REFUSALS = ("unauthorized", "payment_required", "forbidden")
_SERF = "Serf Health Status"
_MAINTENANCE_IDS = ("_node_maintenance", "_service_maintenance:")
_OUTPUTS: Mapping[CheckStatus, str] = {
    "passing": "HTTP GET /health: 200 OK",
    "warning": "HTTP GET /health: 429 Too Many Requests",
    "critical": "dial tcp: connect: connection refused",
}
_NODE_OUTPUTS: Mapping[CheckStatus, str] = {
    "passing": "Agent alive and reachable",
    "warning": "Agent is slow",
    "critical": "Agent not live or unreachable",
}


class CheckState(NamedTuple):
    """One check at one time; `instance` is None for a check of the node."""

    node: Node
    instance: Instance | None
    check_id: str
    name: str
    status: CheckStatus
    output: str = ""
    notes: str = ""


class NodeTruth(NamedTuple):
    """A node at one time, with its own checks."""

    node: Node
    checks: tuple[CheckState, ...]


class InstanceTruth(NamedTuple):
    """An instance at one time; `checks` holds its own and its node's."""

    instance: Instance
    status: ServiceStatus
    checks: tuple[CheckState, ...]


class ConnectionTruth(NamedTuple):
    """A connection at one time; `reason` is empty when online, `token` is None when there is none."""

    connection: Connection
    status: ConnectionStatus
    reason: str
    token: str | None
    fault: Fault | None
    rate_remaining: int | None


def _has(effects: Effects, subject: Subject, kind: type[Effect]) -> bool:
    return any(isinstance(effect, kind) for effect in effects.get(subject, ()))


def fault_of(effects: Effects, subject: Subject) -> Fault | None:
    """Return the fault in force for the subject itself, the latest of several."""
    return next((e for e in reversed(effects.get(subject, [])) if isinstance(e, Fault)), None)


def _maintenance(effects: Effects, subject: Subject) -> Maintenance | None:
    return next((e for e in effects.get(subject, ()) if isinstance(e, Maintenance)), None)


def node_state(node: Node, effects: Effects) -> NodeTruth | None:
    """Return the node and its own checks, None while it has left."""
    if _has(effects, node, Absent):
        return None
    found = {_SERF: CheckIs("passing")} if node.serf else {}
    found |= {e.check or _SERF: e for e in effects.get(node, ()) if isinstance(e, CheckIs)}
    checks = [
        _check(node, None, "serfHealth" if name == _SERF else name, name, e) for name, e in found.items()
    ]
    if mode := _maintenance(effects, node):
        checks.append(_maintenance_check(node, None, mode))
    return NodeTruth(node, tuple(checks))


def _check(node: Node, instance: Instance | None, check_id: str, name: str, now: CheckIs) -> CheckState:
    output = now.output or (_OUTPUTS if instance else _NODE_OUTPUTS)[now.status]
    return CheckState(node, instance, check_id, name, now.status, output)


def _maintenance_check(node: Node, instance: Instance | None, mode: Maintenance) -> CheckState:
    check_id = f"_service_maintenance:{instance.id}" if instance else "_node_maintenance"
    name = "Service Maintenance Mode" if instance else "Node Maintenance Mode"
    return CheckState(node, instance, check_id, name, "critical", notes=mode.notes)


def instance_state(instance: Instance, node: NodeTruth | None, effects: Effects) -> InstanceTruth | None:
    """Return the instance and its status on this node, None while either is gone."""
    if node is None or _has(effects, instance, Absent):
        return None
    checks = (*_own_checks(instance, effects), *node.checks)
    return InstanceTruth(instance, worst(checks), checks)


def _own_checks(instance: Instance, effects: Effects) -> Iterator[CheckState]:
    changes = [e for e in effects.get(instance, ()) if isinstance(e, CheckIs)]
    for number, name in enumerate(instance.checks, 1):
        check_id = f"service:{instance.id}" + (f":{number}" if len(instance.checks) > 1 else "")
        now = next((e for e in reversed(changes) if e.check in ("", name)), CheckIs("passing"))
        yield _check(instance.node, instance, check_id, name, now)
    if mode := _maintenance(effects, instance):
        yield _maintenance_check(instance.node, instance, mode)


def worst(checks: Iterable[CheckState]) -> ServiceStatus:
    """Return the status of an instance with these checks."""
    statuses = set[ServiceStatus]()
    for check in checks:
        statuses.add("maintenance" if check.check_id.startswith(_MAINTENANCE_IDS) else check.status)
    order: tuple[ServiceStatus, ...] = ("maintenance", "critical", "warning")
    return next((status for status in order if status in statuses), "passing")


def connection_state(connection: Connection, effects: Effects) -> ConnectionTruth:
    """Return what a check of the connection must find; a fault of the whole kind comes first."""
    own = effects.get(connection, ())
    tokens = [e.token for e in own if isinstance(e, TokenIs)]
    remaining = [e.remaining for e in own if isinstance(e, RateRemaining)]
    token = None if _has(effects, connection, NoToken) else (tokens or [connection.token])[-1]
    fault = fault_of(effects, System(connection.kind)) or fault_of(effects, connection)
    status, reason = _verdict(connection.kind, fault, token)
    return ConnectionTruth(connection, status, reason, token, fault, remaining[-1] if remaining else None)


def _spoils_only_the_body(fault: Fault) -> bool:
    return fault.reason == "malformed" or (isinstance(fault, Broken) and fault.how != "hang")


def _verdict(kind: str, fault: Fault | None, token: str | None) -> tuple[ConnectionStatus, str]:
    if token is None:
        return "not_connected", "no_token_file"
    if fault is None or (kind == "http" and _spoils_only_the_body(fault)):  # there only the status counts
        return "online", ""
    return ("offline" if fault.reason in REFUSALS else "unreachable"), fault.reason
