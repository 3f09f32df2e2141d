"""The alerts that fired while the world's last hours went by.

promtool evaluates recording rules over the past, but no alerts, so these are told from what happened: the plainest of
the project's alerts, each after the time that `rules/thresholds.yml` lets it wait.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from exporter.demo.history import STEP
from exporter.demo.states import ConnectionTruth, InstanceTruth
from exporter.demo.world import World

_REFUSED, _NOT_CONNECTED, _CRITICAL, _SOME_CRITICAL, _WARNING = (
    ("ConnectionRefused", "warning", 5),
    ("ConnectionNotConnected", "info", 15),
    ("ServiceCritical", "critical", 3),
    ("ServiceInstanceCritical", "warning", 5),
    ("ServiceWarning", "warning", 30),
)


class Alert(NamedTuple):
    """One alert about one thing; it fires when its reason has lasted `wait` minutes."""

    name: str
    severity: str
    wait: int
    about: tuple[tuple[str, str], ...]

    @property
    def labels(self) -> str:
        pairs = (("alertname", self.name), ("severity", self.severity), *self.about)
        return ",".join(f'{name}="{_quoted(value)}"' for name, value in pairs)


def fired(world: World, start: float, end: float) -> Iterator[str]:
    """Yield the series ALERTS of [start, end) as OpenMetrics text."""
    lasted: dict[Alert, int] = {}
    yield "# TYPE ALERTS gauge\n"
    for number in range(int((end - start) / STEP)):
        at = start + number * STEP
        lasted = {alert: lasted.get(alert, 0) + 1 for alert in _reasons(world, at)}
        for alert in (alert for alert, minutes in lasted.items() if minutes > alert.wait):
            yield f'ALERTS{{alertstate="firing",{alert.labels}}} 1 {at:.0f}\n'
    yield "# EOF\n"


def _reasons(world: World, at: float) -> Iterator[Alert]:
    by_service: dict[tuple[str, str], list[InstanceTruth]] = defaultdict(list)
    for state in world.instances(at):
        by_service[state.instance.key[:2]].append(state)
    for members in by_service.values():
        yield from _of_service(members)
    for connection in world.connections(at):
        yield from _of_connection(connection)


def _of_service(members: Iterable[InstanceTruth]) -> Iterator[Alert]:
    states = list(members)
    datacenter, service, *_ = states[0].instance.key
    about = (("datacenter", datacenter), ("service", service))
    if all(state.status == "critical" for state in states):
        yield Alert(*_CRITICAL, about)
        return
    for state in states:
        if state.status == "critical":
            yield Alert(*_SOME_CRITICAL, about)
        elif state.status == "warning":
            yield Alert(*_WARNING, about)


def _of_connection(state: ConnectionTruth) -> Iterator[Alert]:
    about = (("connection", state.connection.id), ("kind", state.connection.kind))
    if state.status == "offline":
        yield Alert(*_REFUSED, about)
    elif state.status == "not_connected":
        yield Alert(*_NOT_CONNECTED, about)


def _quoted(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
