"""A scripted world as Prometheus would have scraped it: the exporter's metrics, 15 s apart, with its truth rules.

Consul is polled every minute; statuses leave when a datacenter hasn't answered for 180 s; connections are checked every
10 minutes, and again 75 s after the API gave no answer. A restarted exporter has forgotten everything.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from exporter.model import CONNECTION_STATUSES, SERVICE_STATUSES
from tests.alerts.durations import seconds

STEP = 15
POLL, STALE_AFTER = 60, 180
CHECK, RECHECK = 600, 75

Labels = tuple[tuple[str, str], ...]
Scrape = dict[tuple[str, Labels], float]
Span = tuple[float, float]


@dataclass(frozen=True)
class Timeline:
    """What is so since when: `passing 5m, critical 10m, gone`; the last one stays."""

    words: tuple[str, ...]
    starts: tuple[float, ...]

    @classmethod
    def of(cls, text: str) -> "Timeline":
        words, starts, at = [], [], 0.0
        for part in text.split(","):
            word, *length = part.split()
            words.append(word)
            starts.append(at)
            at += seconds(length[0]) if length else 0
        return cls(tuple(words), tuple(starts))

    def at(self, time: float) -> str:
        return self.words[bisect_right(self.starts, time) - 1]


def spans(text: str | None) -> list[Span]:
    """Return the spans of `5m-6m30s, 10m-20m`."""
    return [
        (seconds(start), seconds(end))
        for start, _, end in (s.strip().partition("-") for s in (text or "").split(",") if s)
    ]


def within(time: float, when: Iterable[Span]) -> bool:
    return any(start <= time < end for start, end in when)


def labels(**values: str) -> Labels:
    return tuple(values.items())


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
    _connections: dict[str, tuple[str, float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._reloads = [seconds(moment) for moment in self.case.get("reloads", [])]
        self._consul_down = {dc: spans(text) for dc, text in _per_datacenter(self.case).items()}
        self._lines = {name: Timeline.of(text) for name, text in self.case.get("services", {}).items()}
        self._wires = {name: Timeline.of(text) for name, text in self.case.get("connections", {}).items()}

    def scrape(self, now: float) -> Scrape | None:
        if within(now, self.down):
            self._forget()
            return None
        if now - self._polled >= POLL:
            self._poll(now)
        for name, line in self._wires.items():
            self._check(name, line, now)
        return dict(self._shown(now))

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
                self._see(name, line.at(now), now)

    def _see(self, name: str, status: str, now: float) -> None:
        known = self._services.pop(name, None)
        if status == "gone":
            return
        if known is None:
            known = (status, now, 0)
        elif known[0] != status:
            known = (status, now, known[2] + 1)
        self._services[name] = known

    def _check(self, name: str, line: Timeline, now: float) -> None:
        known, word = self._connections.get(name), line.at(now)
        if word == "gone":
            self._connections.pop(name, None)
        elif known is None or known[0] != word:
            self._connections[name] = (word, now, now)
        elif now - known[2] >= CHECK or (
            word in ("unreachable", "limited") and known[2] == known[1] <= now - RECHECK
        ):
            self._connections[name] = (word, known[1], now)

    def _shown(self, now: float) -> Iterator[tuple[tuple[str, Labels], float]]:
        yield from self._of_sources()
        for name, state in self._services.items():
            if now - self._answered[identity(name)["datacenter"]] < STALE_AFTER:
                yield from self._of_service(name, *state)
        for name, check in self._connections.items():
            yield from self._of_connection(name, *check)
        loaded = max([self._started, *(at for at in self._reloads if self._started <= at <= now)])
        yield ("exporter_config_last_reload_success_timestamp_seconds", ()), loaded

    def _of_sources(self) -> Iterator[tuple[tuple[str, Labels], float]]:
        main = labels(source="main", kind="consul")
        yield ("source_interval_seconds", main), POLL
        yield ("source_stale_after_seconds", main), STALE_AFTER
        yield ("source_up", main), float(self._up)
        for datacenter, answered in self._answered.items():
            yield (
                ("source_datacenter_last_success_timestamp_seconds", (*main, ("datacenter", datacenter))),
                answered,
            )
        for name, (word, _, _) in self._connections.items():
            source = labels(source=name.split("/")[1], kind=name.split("/")[0])
            yield ("source_interval_seconds", source), CHECK
            yield ("source_stale_after_seconds", source), 3 * CHECK
            yield ("source_up", source), float(word in ("online", "offline", "not_connected"))

    def _of_service(
        self, name: str, status: str, since: float, changes: int
    ) -> Iterator[tuple[tuple[str, Labels], float]]:
        who = labels(**identity(name))
        for word in SERVICE_STATUSES:
            yield ("service_status", (*who, ("status", word))), float(word == status)
        yield ("service_status_since_timestamp_seconds", who), since
        yield ("service_status_changes_total", who), changes
        yield ("service_last_checked_timestamp_seconds", who), self._answered[identity(name)["datacenter"]]

    def _of_connection(
        self, name: str, word: str, since: float, checked: float
    ) -> Iterator[tuple[tuple[str, Labels], float]]:
        who = labels(connection=name.split("/")[1], kind=name.split("/")[0])
        status = "unreachable" if word == "limited" else word
        for possible in CONNECTION_STATUSES:
            yield ("connection_status", (*who, ("status", possible))), float(possible == status)
        yield ("connection_status_since_timestamp_seconds", who), since
        yield ("connection_last_checked_timestamp_seconds", who), checked
        if word == "limited":
            yield ("connection_last_failure_info", (*who, ("reason", "rate_limited"))), 1


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


def _target(exporter: Exporter, now: float) -> Iterator[tuple[tuple[str, Labels], float]]:
    target = labels(job="status-exporter", instance=exporter.instance)
    shown = exporter.scrape(now)
    yield ("up", target), float(shown is not None)
    for (name, own), value in (shown or {}).items():
        yield (name, (*target, *own)), value
