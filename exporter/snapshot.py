"""Everything known after the latest polls: immutable, replaced whole with each outcome of a poll."""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import dropwhile, takewhile
from types import MappingProxyType
from typing import NamedTuple

from exporter.errors import DatacenterTaken, PollError
from exporter.model import ConnectionCheck, InstanceKey, ServiceInstance
from exporter.source import ConnectionFindings, Findings, ServiceFindings, Source
from exporter.timing import Clock, steady

# Upper bounds of the buckets of source_poll_duration_seconds, in seconds.
BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class SourceId(NamedTuple):
    """What tells sources apart; a cluster and a connection may have the same name."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Outcome:
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
    stale: bool = False


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """A connection after its latest check, with what happened since it was configured."""

    check: ConnectionCheck
    since: float
    checked_at: float
    stale_at: float
    duration: float
    changes: int = 0
    checks: int = 1
    failures: Mapping[str, int] = field(default_factory=dict)
    online_at: float | None = None
    last_reason: str = ""
    stale: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """All that is known from one source; `durations` counts polls by bucket, the last one unbounded."""

    source: Source
    polls: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)
    rejected: Mapping[str, int] = field(default_factory=dict)
    durations: tuple[int, ...] = (0,) * (len(BUCKETS) + 1)
    seconds: float = 0.0
    error: PollError | None = None
    succeeded_at: float | None = None
    groups: Mapping[str, Group] = field(default_factory=dict)
    connection: ConnectionState | None = None


Snapshot = Mapping[SourceId, View]


class Store:
    """Holds the current snapshot, and tells who listens that there is a new one."""

    def __init__(self, clock: Clock = steady) -> None:
        self.snapshot: MappingProxyType[SourceId, View] = MappingProxyType({})
        self._clock = clock
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each change."""
        self._listeners.append(listener)

    def adopt(self, sources: Mapping[SourceId, Source]) -> None:
        """Show these sources only; what is known of those that stay is kept."""
        self._publish({id_: self._adopted(id_, source) for id_, source in sources.items()})

    def _adopted(self, id_: SourceId, source: Source) -> View:
        known = self.snapshot.get(id_)
        return replace(known, source=source) if known else first_view(source)

    def record(self, id_: SourceId, outcome: Outcome) -> Outcome:
        """Add the outcome of a poll and return what of it counted; a source that left meanwhile changes nothing."""
        view = self.snapshot.get(id_)
        if view:
            outcome = self._without_taken(id_, outcome)
            views = self.snapshot | {id_: advance(view, outcome, self._clock())}
            self._publish(views | _yielding(views, id_))
        return outcome

    def _without_taken(self, id_: SourceId, outcome: Outcome) -> Outcome:
        """Leave out datacenters that a cluster earlier in the configuration shows: the same series twice
        would spoil the scrape.
        """
        found = outcome.findings
        if not isinstance(found, ServiceFindings):
            return outcome
        earlier = takewhile(lambda item: item[0] != id_, self.snapshot.items())
        owners = {name: other for other, view in earlier for name in _shown(view)}
        taken = {name: _taken(name, owners[name]) for name in found.instances if name in owners}
        if not taken:
            return outcome
        rest = {name: instances for name, instances in found.instances.items() if name not in taken}
        findings = replace(found, instances=rest, failures={**found.failures, **taken})
        return replace(outcome, findings=findings, error=findings.failure)

    def drop_stale(self) -> None:
        """Stop showing what is too old; its history is kept for when it comes back."""
        now = self._clock()
        aged = {
            id_: aged_view for id_, view in self.snapshot.items() if (aged_view := age(view, now)) is not view
        }
        if aged:
            self._publish(self.snapshot | aged)

    def _publish(self, views: dict[SourceId, View]) -> None:
        self.snapshot = MappingProxyType(views)
        for listener in self._listeners:
            listener()


def _shown(view: View) -> set[str]:
    return {name for name, group in view.groups.items() if not group.stale}


def _yielding(views: Snapshot, id_: SourceId) -> dict[SourceId, View]:
    """Return the views of later clusters that showed a datacenter of this one while it could not."""
    owned = _shown(views[id_])
    later = list(dropwhile(lambda item: item[0] != id_, views.items()))[1:] if owned else []
    return {
        other: replace(view, groups={name: g for name, g in view.groups.items() if name not in owned})
        for other, view in later
        if owned & view.groups.keys()
    }


def _taken(datacenter: str, owner: SourceId) -> DatacenterTaken:
    return DatacenterTaken(f"datacenter {datacenter} is already shown by consul {owner.name}")


def first_view(source: Source) -> View:
    """Return the view of a source that was not polled yet: its counters exist at 0."""
    return View(
        source,
        failures=dict.fromkeys(source.failure_reasons, 0),
        rejected=dict.fromkeys(source.rejections, 0),
    )


def advance(view: View, outcome: Outcome, now: float) -> View:
    """Return the view after one more poll; `now` is of the steady clock."""
    findings, error = outcome.findings, outcome.error
    view = replace(
        view,
        polls=view.polls + 1,
        failures=_added(view.failures, {error.reason: 1}) if error else view.failures,
        rejected=_added(view.rejected, findings.rejected) if findings else view.rejected,
        durations=_counted(view.durations, outcome.duration),
        seconds=view.seconds + outcome.duration,
        error=error,
        succeeded_at=view.succeeded_at if error else outcome.ended_at,
    )
    if isinstance(findings, ServiceFindings):
        return replace(view, groups=_groups(view, findings, outcome, now))
    if isinstance(findings, ConnectionFindings):
        return replace(view, connection=_connection(view, findings.check, outcome, now))
    return view


def age(view: View, now: float) -> View:
    """Return the view without what is stale by now, or the same view when nothing became so."""
    old = {name: group for name, group in view.groups.items() if not group.stale and group.stale_at <= now}
    if old:
        view = replace(view, groups={**view.groups, **{n: replace(g, stale=True) for n, g in old.items()}})
    connection = view.connection
    if connection and not connection.stale and connection.stale_at <= now:
        view = replace(view, connection=replace(connection, stale=True))
    return view


def _groups(view: View, found: ServiceFindings, outcome: Outcome, now: float) -> dict[str, Group]:
    kept = {name: view.groups[name] for name in found.failures if name in view.groups}
    stale_at = now + view.source.stale_after
    fresh = {
        name: Group(
            _service_states(view.groups.get(name), instances, outcome.ended_at), outcome.ended_at, stale_at
        )
        for name, instances in found.instances.items()
    }
    return {**kept, **fresh}


def _service_states(
    group: Group | None, instances: tuple[ServiceInstance, ...], at: float
) -> tuple[ServiceState, ...]:
    known: dict[InstanceKey, ServiceState] = (
        {state.instance.key: state for state in group.states} if group else {}
    )
    # One series each, whatever the source says.
    found = {instance.key: instance for instance in instances}
    return tuple(_service_state(known.get(key), instance, at) for key, instance in found.items())


def _service_state(known: ServiceState | None, instance: ServiceInstance, at: float) -> ServiceState:
    if known is None:
        return ServiceState(instance, since=at)
    if known.instance.status == instance.status:
        return ServiceState(instance, known.since, known.changes)
    return ServiceState(instance, since=at, changes=known.changes + 1)


def _connection(view: View, check: ConnectionCheck, outcome: Outcome, now: float) -> ConnectionState:
    known = view.connection
    at = outcome.ended_at
    # While the API makes us wait, that it does is what we know; the check after the pause is not late.
    stale_at = now + max(view.source.stale_after, outcome.pause + view.source.interval)
    changed = known is not None and known.check.status != check.status
    if known and check.status in ("offline", "unreachable"):
        check = replace(check, details=known.check.details)
    return ConnectionState(
        check,
        since=at if known is None or changed else known.since,
        checked_at=at,
        stale_at=stale_at,
        duration=outcome.duration,
        changes=(known.changes if known else 0) + changed,
        checks=(known.checks if known else 0) + 1,
        failures=_added(known.failures if known else {}, {check.reason: 1} if check.reason else {}),
        online_at=at if check.status == "online" else (known.online_at if known else None),
        last_reason=check.reason or (known.last_reason if known else ""),
    )


def _added(counts: Mapping[str, int], more: Mapping[str, int]) -> Mapping[str, int]:
    return (
        {**counts, **{reason: counts.get(reason, 0) + count for reason, count in more.items()}}
        if more
        else counts
    )


def _counted(durations: tuple[int, ...], seconds: float) -> tuple[int, ...]:
    bucket = bisect_left(BUCKETS, seconds)
    return (*durations[:bucket], durations[bucket] + 1, *durations[bucket + 1 :])
