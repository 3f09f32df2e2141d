"""The world's past as OpenMetrics text with timestamps, for `promtool tsdb create-blocks-from openmetrics`.

The states come from the world instead of from polls; all that follows is the exporter's own way to the sample lines.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from exporter.demo.itself import itself
from exporter.demo.script import CONSUL
from exporter.demo.settings import settings
from exporter.demo.states import CheckState, ConnectionTruth, InstanceTruth
from exporter.demo.world import World
from exporter.errors import PollError
from exporter.exposition.durations import KindDurations
from exporter.exposition.samples import lines_of
from exporter.exposition.text import header
from exporter.model import Check, ConnectionCheck, Endpoint, Metric, Reading, ServiceInstance
from exporter.sources.connections.connection import ConnectionSource
from exporter.sources.connections.kind import RATE_LIMIT_LIMIT, RATE_LIMIT_REMAINING
from exporter.sources.connections.kinds.evotor import STORES
from exporter.sources.consul.describing import meta_labels, url_of
from exporter.sources.consul.settings import Consul
from exporter.sources.contract import ConnectionFindings, Findings, ServiceFindings, Source
from exporter.sources.factory import SourceFactory
from exporter.sources.plan import plan
from exporter.state import PollResult, SourceId, SourceState, advance, age, first_state

STEP = 60.0
# The labels that Prometheus adds to what it scrapes, as prometheus.yml has them.
TARGET = 'job="status-exporter",instance="status-exporter"'
_UP = Metric("up", "gauge", "1 if the scrape succeeded, as Prometheus writes it.")
_RATE_LIMIT = 600
_BEFORE = 5400.0  # so long has the exporter run when the history begins

Gap = tuple[float, float]


class Past:
    """Plays the world step by step, as an exporter would have seen it that polls everything at each step."""

    def __init__(self, world: World) -> None:
        planned = plan(settings(world, "127.0.0.1:8500", "http://127.0.0.1", Path("tokens")))
        self._world = world
        (self._cluster,) = planned.settings_of(Consul)
        self._sources = SourceFactory().sources(planned.sources)
        self._states: dict[SourceId, SourceState] = {
            id_: first_state(source.info) for id_, source in self._sources.items()
        }
        self._durations = KindDurations()
        self._connections = {connection.id: connection for connection in world.all_connections}

    def step(self, at: float) -> Iterator[tuple[Metric, str]]:
        """Poll at `at` (Unix time) and yield the sample lines of /metrics, without timestamps."""
        states = {state.connection.id: state for state in self._world.connections(at)}
        for id_, known in self._states.items():
            found, error = (
                self._service_poll(at)
                if id_.kind == "consul"
                else _connection_poll(self._sources[id_], states[id_.name])
            )
            result = PollResult(at, _duration(id_, at), found, error)
            self._states[id_] = age(advance(known, result, at), at)
            self._durations.add(self._states[id_], known)
            yield from lines_of(self._states[id_])
        yield from self._durations.lines()

    def _service_poll(self, at: float) -> tuple[Findings | None, PollError | None]:
        reason = self._world.failure(CONSUL, at)
        if reason:
            return None, _error(reason)
        instances = tuple(self._instance(state) for state in self._world.instances(at))
        grouped = {
            name: tuple(instance for instance in instances if instance.key.datacenter == name)
            for name in self._world.datacenters
        }
        return ServiceFindings(grouped), None

    def _instance(self, state: InstanceTruth) -> ServiceInstance:
        made = state.instance
        endpoint = Endpoint(
            made.address or made.node.address, made.port, tuple(sorted(set(made.tags))), dict(made.meta)
        )
        checks = tuple(map(_check, state.checks))
        url = url_of(self._cluster, made.key, endpoint)
        return ServiceInstance(
            made.key, state.status, checks, endpoint, url, meta_labels(self._cluster.meta, endpoint)
        )


def _check(state: CheckState) -> Check:
    of = state.instance
    owner = (of.id, of.service) if of else ("", "")
    return Check(state.node.name, state.check_id, state.name, state.status, *owner)


def _connection_poll(source: Source, state: ConnectionTruth) -> tuple[Findings | None, PollError | None]:
    assert isinstance(source, ConnectionSource)
    if state.status == "unreachable":
        error = _error(state.reason)
        return source.failed(error), error
    check = source.found(state.status, state.reason)
    return ConnectionFindings(_told(check, state) if state.status == "online" else check), None


def _told(check: ConnectionCheck, state: ConnectionTruth) -> ConnectionCheck:
    """Add what the API of an accepted token tells beside its acceptance."""
    if check.kind != "evotor":
        return check
    labels = (check.connection, check.kind)
    remaining = _RATE_LIMIT - 20 if state.rate_remaining is None else state.rate_remaining
    values = (
        (STORES, len(state.connection.stores)),
        (RATE_LIMIT_LIMIT, _RATE_LIMIT),
        (RATE_LIMIT_REMAINING, remaining),
    )
    readings = tuple(Reading(metric, labels, value) for metric, value in values)
    names = ", ".join(sorted(state.connection.stores))
    return ConnectionCheck(check.connection, check.kind, check.display, "online", "", names, readings)


def _error(reason: str) -> PollError:
    pending = [PollError]
    while pending:
        kind = pending.pop()
        if kind.reason == reason and not kind.__subclasses__():
            return kind("as the world's script wants it")
        pending.extend(kind.__subclasses__())
    raise ValueError(f"no error has the reason {reason!r}")


def _duration(id_: SourceId, at: float) -> float:
    """Return a poll's duration that looks alive and is the same each time."""
    return 0.02 + 0.001 * (hash_of(f"{id_.name}/{at:.0f}") % 80)


def hash_of(text: str) -> int:
    """Return a number that depends on the text alone, unlike hash()."""
    return sum(number * byte for number, byte in enumerate(text.encode(), 7))


def write_history(
    world: World, start: float, end: float, out: IO[bytes], gaps: Sequence[Gap] = (), target: str = TARGET
) -> int:
    """Write every minute of [start, end) but those in `gaps`, when no exporter ran; return the number of samples.

    `target` are the labels of the exporter that saw it.
    """
    past, count = Past(world), 0
    with ExitStack() as files:
        families: dict[Metric, IO[bytes]] = {}
        for number in range(int((end - start) / STEP)):
            at = start + number * STEP
            if any(begin <= at < finish for begin, finish in gaps):
                continue
            lines = tuple(past.step(at))
            size = sum(len(line) for _, line in lines)
            own = itself(at, start - _BEFORE, len(lines), size)
            for metric, line in (*lines, (_UP, "up{} 1\n"), *own):
                if metric not in families:
                    families[metric] = files.enter_context(TemporaryFile())
                families[metric].write(_stamped(line, at, target))
                count += 1
        _join(families, out)
    return count


def _stamped(line: str, at: float, target: str) -> bytes:
    """Add the target's labels and the time to a sample line."""
    head, _, value = line.rstrip("\n").rpartition(" ")
    name, _, labels = head.partition("{")
    comma = "" if labels == "}" else ","
    return f"{name}{{{target}{comma}{labels} {value} {at:.3f}\n".encode()


def _join(families: dict[Metric, IO[bytes]], out: IO[bytes]) -> None:
    for metric, lines in families.items():
        out.write(header(metric, "openmetrics").encode())
        lines.seek(0)
        while chunk := lines.read(1 << 20):
            out.write(chunk)
    out.write(b"# EOF\n")
