"""Everything known after the latest polls: immutable, replaced whole with each poll's result."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.errors import PollError
from exporter.model import ConnectionCheck, ServiceInstance
from exporter.sources.contract import Findings, SourceId, SourceInfo
from exporter.state.past import SourcePast

# Upper bounds of the buckets of source_poll_duration_seconds, in seconds.
BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass(frozen=True, slots=True)
class PollResult:
    """How one poll went: Unix time of its end, seconds it took, and what it found or why it failed.

    `error` may come with findings: of the datacenters that did answer, or that a connection is unreachable.
    `pause` is how many seconds the API asked us to wait, 0 when it didn't.
    """

    ended_at: float
    duration: float
    findings: Findings | None
    error: PollError | None = None
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class ServiceState:
    """An instance, since when (Unix time) it has its status, and how often that changed since it appeared."""

    instance: ServiceInstance
    since: float
    changes: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """The instances of one datacenter; not shown from `stale_at` (steady clock) until it answers again."""

    states: tuple[ServiceState, ...]
    checked_at: float
    stale_at: float
    shows_checks: bool = False
    stale: bool = False


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """A connection after its latest check, with what happened since it was configured.

    `failures` counts by reason. A reason in `announced` is shown as 0 until that moment (steady clock), so that whoever
    computes an increase sees the first failure too.
    """

    check: ConnectionCheck
    since: float
    checked_at: float
    stale_at: float
    duration: float
    changes: int = 0
    checks: int = 1
    failures: Mapping[str, int] = field(default_factory=dict)
    announced: Mapping[str, float] = field(default_factory=dict)
    online_at: float | None = None
    last_reason: str = ""
    stale: bool = False


@dataclass(frozen=True, slots=True)
class SourceState:
    """All that is known from one source; `durations` counts polls by bucket, the last one unbounded.

    `listed` is how many connections a provider named that are polled, None for all other sources. `past` is what an earlier
    run of the exporter left.
    """

    info: SourceInfo
    polls: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)
    rejected: Mapping[str, int] = field(default_factory=dict)
    durations: tuple[int, ...] = (0,) * (len(BUCKETS) + 1)
    seconds: float = 0.0
    received: int = 0
    wakeups: int = 0
    error: PollError | None = None
    succeeded_at: float | None = None
    groups: Mapping[str, Group] = field(default_factory=dict)
    connection: ConnectionState | None = None
    listed: int | None = None
    past: SourcePast | None = None


Snapshot = Mapping[SourceId, SourceState]


def first_state(info: SourceInfo, past: SourcePast | None = None) -> SourceState:
    """Return the state of a source that was not polled yet: its counters exist at 0."""
    return SourceState(
        info,
        failures=dict.fromkeys(info.failure_reasons, 0),
        rejected=dict.fromkeys(info.rejections, 0),
        past=past,
    )
