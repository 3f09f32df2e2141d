"""What a world is made of, and the script of episodes that happen to it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from exporter.demo.effects import Effect
from exporter.model import InstanceKey

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Node:
    """One machine; `serf` is false for a node registered from outside, which has no check of its own."""

    name: str
    address: str = "10.0.0.1"
    datacenter: str = "dc1"
    serf: bool = True
    meta: Pairs = ()


@dataclass(frozen=True, slots=True)
class Instance:
    """One registration in Consul; an empty `service_id` is the service's name, an empty `address` the node's."""

    service: str
    node: Node
    service_id: str = ""
    address: str = ""
    port: int = 0
    tags: tuple[str, ...] = ()
    meta: Pairs = ()
    checks: tuple[str, ...] = ("HTTP",)

    @property
    def id(self) -> str:
        return self.service_id or self.service

    @property
    def key(self) -> InstanceKey:
        return InstanceKey(self.node.datacenter, self.service, self.id, self.node.name)


@dataclass(frozen=True, slots=True)
class Connection:
    """One customer's account in an outside system of a kind; an empty `token` needs none."""

    id: str
    kind: str = "evotor"
    token: str = ""
    name: str = ""
    stores: tuple[str, ...] = ("Магазин",)


class System(NamedTuple):
    """A whole system as the subject of an episode: Consul, one of its datacenters, or the API of a kind."""

    name: str
    datacenter: str = ""


class ServiceName(NamedTuple):
    """All instances of one service, as the subject of a question about shares."""

    datacenter: str
    service: str


CONSUL = System("consul")
EVOTOR = System("evotor")
Subject = Node | Instance | Connection | System


@dataclass(frozen=True, slots=True)
class Episode:
    """`effect` holds during [start, end); with a `period`, only in the first `duty` of each period (flapping)."""

    subject: Subject
    start: float
    end: float
    effect: Effect
    period: float = 0.0
    duty: float = 0.5

    def holds(self, t: float) -> bool:
        inside = self.start <= t < self.end
        return inside and (not self.period or (t - self.start) % self.period < self.duty * self.period)

    def edges(self, start: float, end: float) -> Iterator[float]:
        """Yield the times strictly between `start` and `end` at which the effect comes or goes."""
        yield from (edge for edge in (self.start, self.end) if start < edge < end)
        if not self.period:
            return
        first, last = max(start, self.start), min(end, self.end)
        turn = self.start + (first - self.start) // self.period * self.period
        while turn < last:
            yield from (edge for edge in (turn, turn + self.duty * self.period) if first < edge < last)
            turn += self.period


Script = Callable[[float, float], Iterable[Episode]]
"""Gives, in a fixed order, at least the episodes that touch [start, end]; of two that clash the later one wins."""


def fixed(*episodes: Episode) -> Script:
    """Make a script of a few given episodes."""
    return lambda start, end: [e for e in episodes if e.start <= end and e.end > start]


NOTHING = fixed()
