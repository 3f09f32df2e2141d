"""A world that is known at any time, past or future: which instance and connection is in which status.

n1 = Node("n1")
web = Instance("web", n1, port=80)
till = Connection("till", token="t")
world = World((web,), (till,), fixed(Episode(web, 60, 120, CheckIs("critical"))))
world.share(web, "critical", 0, 240)    # 0.25
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import NamedTuple

from exporter.demo.effects import Effect, Fault
from exporter.demo.script import NOTHING, Connection, Instance, Node, Script, ServiceName, Subject, System
from exporter.demo.states import (
    ConnectionTruth,
    Effects,
    InstanceTruth,
    NodeTruth,
    connection_state,
    fault_of,
    instance_state,
    node_state,
)

ABSENT = "absent"
Question = Instance | Connection | ServiceName
"""What can be asked for its statuses; a service is the average of its registered instances."""


class Span(NamedTuple):
    """A piece of time in which the weights of all statuses stay the same; they add up to 1."""

    start: float
    end: float
    weights: Mapping[str, float]


@dataclass(frozen=True)
class World:
    """Everything there ever is, and the script of what happens to it; nodes without instances go to `more_nodes`."""

    all_instances: tuple[Instance, ...] = ()
    all_connections: tuple[Connection, ...] = ()
    script: Script = NOTHING
    more_nodes: tuple[Node, ...] = ()

    @property
    def all_nodes(self) -> tuple[Node, ...]:
        return tuple(dict.fromkeys((*(i.node for i in self.all_instances), *self.more_nodes)))

    @property
    def datacenters(self) -> tuple[str, ...]:
        """All datacenters; the first is the agent's own."""
        return tuple(dict.fromkeys(node.datacenter for node in self.all_nodes)) or ("dc1",)

    def effects(self, t: float) -> Effects:
        """Return the effects in force at `t`, in the order of the script, by subject."""
        found: dict[Subject, list[Effect]] = {}
        for episode in self.script(t, t):
            if episode.holds(t):
                found.setdefault(episode.subject, []).append(episode.effect)
        return found

    def nodes(self, t: float) -> tuple[NodeTruth, ...]:
        """Return the nodes that exist at `t`."""
        effects = self.effects(t)
        states = (node_state(node, effects) for node in self.all_nodes)
        return tuple(state for state in states if state)

    def instances(self, t: float) -> tuple[InstanceTruth, ...]:
        """Return the instances registered at `t`, with the status a reader of Consul must find."""
        effects = self.effects(t)
        nodes = {node: node_state(node, effects) for node in self.all_nodes}
        states = (instance_state(i, nodes[i.node], effects) for i in self.all_instances)
        return tuple(state for state in states if state)

    def connections(self, t: float) -> tuple[ConnectionTruth, ...]:
        """Return all connections, with the status a check at `t` must find."""
        effects = self.effects(t)
        return tuple(connection_state(connection, effects) for connection in self.all_connections)

    def fault(self, system: System, t: float) -> Fault | None:
        """Return what spoils the answers of a system (of a datacenter: its own or all Consul's), or None."""
        effects = self.effects(t)
        return fault_of(effects, System(system.name)) or fault_of(effects, system)

    def failure(self, system: System, t: float) -> str:
        """Return the `reason` with which a poll of the system fails at `t`, empty if it succeeds."""
        fault = self.fault(system, t)
        return fault.reason if fault else ""

    def weights(self, subject: Question, t: float) -> Mapping[str, float]:
        """Return how the subject divides among the statuses at `t`; what is not registered is `absent`."""
        effects = self.effects(t)
        if isinstance(subject, Connection):
            return {connection_state(subject, effects).status: 1.0}
        members = self._members(subject)
        found = [instance_state(i, node_state(i.node, effects), effects) for i in members]
        statuses = [state.status for state in found if state]
        return {status: statuses.count(status) / len(statuses) for status in statuses} or {ABSENT: 1.0}

    def timeline(self, subject: Question, start: float, end: float) -> tuple[Span, ...]:
        """Return what the subject is from `start` to `end`, without a gap, neighbours being different."""
        subjects = _concerns(subject, self._members(subject))
        episodes = [e for e in self.script(start, end) if e.subject in subjects]
        edges = {edge for episode in episodes for edge in episode.edges(start, end)}
        spans: list[Span] = []
        for a, b in pairwise((start, *sorted(edges), end)):
            weights = self.weights(subject, (a + b) / 2)
            if spans and spans[-1].weights == weights:
                a = spans.pop().start
            spans.append(Span(a, b, weights))
        return tuple(spans)

    def share(self, subject: Question, status: str, start: float, end: float) -> float:
        """Return the exact fraction of [start, end) that the subject spends in a status (or `absent`)."""
        spans = self.timeline(subject, start, end)
        return sum(s.weights.get(status, 0.0) * (s.end - s.start) for s in spans) / (end - start)

    def sampled_share(
        self,
        subject: Question,
        status: str,
        start: float,
        end: float,
        step: float = 60.0,
    ) -> float:
        """Return the fraction of the samples at start, start+step, ... before `end` that see the status."""
        count = ceil((end - start) / step)
        return sum(self.weights(subject, start + n * step).get(status, 0.0) for n in range(count)) / count

    def _members(self, subject: Question) -> tuple[Instance, ...]:
        if isinstance(subject, ServiceName):
            return tuple(i for i in self.all_instances if i.key[:2] == subject)
        return (subject,) if isinstance(subject, Instance) else ()


def _concerns(subject: Question, members: Iterable[Instance]) -> set[Subject]:
    if isinstance(subject, Connection):
        return {subject, System(subject.kind)}
    return {thing for instance in members for thing in (instance, instance.node)}
