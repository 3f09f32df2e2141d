"""A scripted world as Prometheus would have scraped it: the exporter's metrics, 15 s apart, with its truth rules.

Consul is polled every minute; statuses leave when a datacenter hasn't answered for 180 s. Connections are checked every
10 minutes (`http`: every minute), and after a failure an eighth, a quarter, half an interval later; after a 429 when its pause
is over. A restarted exporter has forgotten everything.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from exporter.model import SERVICE_STATUSES
from tests.alerts.connections import INTERVALS, Checked, connections_of, samples
from tests.alerts.timeline import Labels, Sample, Span, Timeline, labels, seconds, spans, within

STEP = 15
POLL, STALE_AFTER = 60, 180
SEVERITY = ("passing", "warning", "critical", "maintenance")

Scrape = dict[tuple[str, Labels], float]


@dataclass
class Exporter:
    """One exporter and what it remembers; `scrape` gives what it shows, None when it is down."""

    case: Mapping[str, Any]
    instance: str
    down: list[Span]
    _reloads: list[float] = field(default_factory=list)
    _started: float = 0.0
    _answered: dict[str, float] = field(default_factory=dict)
    _polled: float = -POLL
    _up: bool = False
    _services: dict[str, tuple[str, float, int]] = field(default_factory=dict)
    _connections: dict[str, Checked] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._reloads = [seconds(moment) for moment in self.case.get("reloads", [])]
        self._consul_down = {dc: spans(text) for dc, text in _per_datacenter(self.case).items()}
        self._lines = {name: Timeline.of(text) for name, text in self.case.get("services", {}).items()}
        self._nodes = {name: Timeline.of(text) for name, text in self.case.get("nodes", {}).items()}
        self._wires = connections_of(self.case)

    def scrape(self, now: float) -> Scrape | None:
        if within(now, self.down):
            self._forget()
            return None
        if now - self._polled >= POLL:
            self._poll(now)
        for wire in self._wires:
            if state := wire.check(self._connections.pop(wire.name, None), now):
                self._connections[wire.name] = state
        return dict(self._skewed(self._shown(now)))

    def _skewed(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """Let the exporter's clock go wrong: all its times are by it."""
        skew = seconds(self.case.get("clock", "0s"))
        for (name, own), value in samples:
            is_time = name.endswith("_timestamp_seconds") or name == "exporter_time_seconds"
            yield (name, own), value + skew if is_time else value

    def _forget(self) -> None:
        self._polled, self._answered, self._services, self._connections = -POLL, {}, {}, {}
        self._started = -1.0

    def _poll(self, now: float) -> None:
        if self._started < 0:
            self._started = now
        self._polled = now
        self._up = not any(within(now, down) for down in self._consul_down.values())
        answering = {name for name, down in self._consul_down.items() if not within(now, down)}
        self._answered |= dict.fromkeys(answering, now)
        for name, line in self._lines.items():
            if identity(name)["datacenter"] in answering:
                self._see(name, self._worst(name, line.at(now), now), now)

    def _worst(self, name: str, own: str, now: float) -> str:
        """The status of an instance is the worst of its own and its node's."""
        node = self._nodes.get(identity(name)["node"])
        return own if own == "gone" or not node else max(own, node.at(now), key=SEVERITY.index)

    def _see(self, name: str, status: str, now: float) -> None:
        known = self._services.pop(name, None)
        if status == "gone":
            return
        if known is None:
            known = (status, now, 0)
        elif known[0] != status:
            known = (status, now, known[2] + 1)
        self._services[name] = known

    def _shown(self, now: float) -> Iterator[Sample]:
        yield from self._of_sources()
        shown = [name for name in self._services if now - self._asked(name) < STALE_AFTER]
        for name in shown:
            yield from self._of_service(name, *self._services[name])
        yield from self._of_nodes(shown)
        for state in self._connections.values():
            yield from samples(state)
        loaded = max([self._started, *(at for at in self._reloads if self._started <= at <= now)])
        yield ("exporter_config_last_reload_success_timestamp_seconds", ()), loaded
        if not self.case.get("old_exporter"):
            yield ("exporter_time_seconds", ()), now

    def _asked(self, name: str) -> float:
        return self._answered[identity(name)["datacenter"]]

    def _of_sources(self) -> Iterator[Sample]:
        main = labels(source="main", kind="consul")
        yield ("source_interval_seconds", main), POLL
        yield ("source_stale_after_seconds", main), STALE_AFTER
        yield ("source_up", main), float(self._up)
        for datacenter, answered in self._answered.items():
            yield (
                ("source_datacenter_last_success_timestamp_seconds", (*main, ("datacenter", datacenter))),
                answered,
            )
        for wire in self._wires:
            if wire.line.at(self._polled) != "gone":
                source = labels(source=wire.connection, kind=wire.kind)
                yield ("source_interval_seconds", source), INTERVALS[wire.kind]
                yield ("source_stale_after_seconds", source), 3 * INTERVALS[wire.kind]
        for state in self._connections.values():
            source = labels(source=state.connection, kind=state.kind)
            yield ("source_up", source), float(state.status != "unreachable")

    def _of_service(self, name: str, status: str, since: float, changes: int) -> Iterator[Sample]:
        who = labels(**identity(name))
        for word in SERVICE_STATUSES:
            yield ("service_status", (*who, ("status", word))), float(word == status)
        yield ("service_status_since_timestamp_seconds", who), since
        yield ("service_status_changes_total", who), changes
        yield ("service_last_checked_timestamp_seconds", who), self._asked(name)
        service = identity(name)["service"]
        meta = {f"meta_{key}": text for key, text in self.case.get("meta", {}).get(service, {}).items()}
        tags = self.case.get("tags", {}).get(service, "")
        yield ("service_info", (*who, *labels(tags=tags, **meta))), 1

    def _of_nodes(self, shown: Iterable[str]) -> Iterator[Sample]:
        """A node's status changes with the polls, as those of the instances on it do."""
        nodes = dict.fromkeys((identity(name)["datacenter"], identity(name)["node"]) for name in shown)
        for datacenter, node in nodes:
            status = self._nodes[node].at(self._answered[datacenter]) if node in self._nodes else "passing"
            for word in SERVICE_STATUSES:
                who = labels(datacenter=datacenter, node=node, status=word)
                yield ("consul_node_status", who), float(word == status)


def identity(name: str) -> dict[str, str]:
    """Return the identity labels of `dc2:web/web-1@node`; datacenter dc1 and node n1 when not named."""
    name, _, node = name.partition("@")
    datacenter, _, name = name.rpartition(":")
    service, _, service_id = name.partition("/")
    return {
        "datacenter": datacenter or "dc1",
        "service": service,
        "service_id": service_id,
        "node": node or "n1",
    }


def _per_datacenter(case: Mapping[str, Any]) -> dict[str, str]:
    down = case.get("consul_down", "")
    if isinstance(down, dict):
        return down
    names = sorted({identity(name)["datacenter"] for name in case.get("services", {})} or {"dc1"})
    return dict.fromkeys(names, down)


def scrapes(case: Mapping[str, Any]) -> Iterator[Scrape]:
    """What Prometheus gets of all exporters of the case, step by step, with `up`."""
    down = case.get("exporter_down", "")
    downs = down if isinstance(down, list) else [down] * case.get("exporters", 1)
    exporters = [
        Exporter(case, f"exporter-{number}:10117", spans(text)) for number, text in enumerate(downs, 1)
    ]
    for step in range(int(seconds(case["until"])) // STEP + 1):
        yield {sample: value for exporter in exporters for sample, value in _target(exporter, step * STEP)}


def _target(exporter: Exporter, now: float) -> Iterator[Sample]:
    target = labels(job="status-exporter", instance=exporter.instance)
    shown = exporter.scrape(now)
    yield ("up", target), float(shown is not None)
    for (name, own), value in (shown or {}).items():
        yield (name, (*target, *own)), value
