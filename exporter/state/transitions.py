"""How what is known of a source changes: by the result of a poll, and by age."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import replace

from exporter.model import ConnectionCheck, ServiceInstance
from exporter.sources.contract import ConnectionFindings, ProviderFindings, ServiceFindings
from exporter.state.past import SourcePast, since_then
from exporter.state.snapshot import BUCKETS, ConnectionState, Group, PollResult, ServiceState, SourceState

# How long a new reason of a failure is shown as 0, in seconds: every Prometheus scrapes within a minute.
ANNOUNCED_FOR = 60.0


def advance(state: SourceState, result: PollResult, now: float) -> SourceState:
    """Return the state after one more poll; `now` is of the steady clock."""
    findings, error = result.findings, result.error
    # Who asked a part only can't say that the rest is well again.
    present = state.error if findings and findings.is_partial and not error else error
    state = replace(
        state,
        polls=state.polls + 1,
        failures=_added(state.failures, {error.reason: 1}) if error else state.failures,
        rejected=_added(state.rejected, findings.rejected) if findings else state.rejected,
        durations=_counted(state.durations, result.duration),
        seconds=state.seconds + result.duration,
        received=state.received + (findings.received if findings else 0),
        wakeups=state.wakeups + (findings.wakeups if findings else 0),
        error=present,
        succeeded_at=state.succeeded_at if present else result.ended_at,
    )
    if isinstance(findings, ServiceFindings):
        return replace(
            state, groups=_groups(state, findings, result, now), past=_unused(state.past, findings)
        )
    if isinstance(findings, ConnectionFindings):
        return replace(state, connection=_connection(state, findings.check, result, now))
    if isinstance(findings, ProviderFindings):
        return replace(state, listed=len(findings.sources))
    return state


def age(state: SourceState, now: float) -> SourceState:
    """Return the state without what is stale by now, or the same state when nothing became so."""
    old = {name: group for name, group in state.groups.items() if not group.stale and group.stale_at <= now}
    if old:
        state = replace(state, groups={**state.groups, **{n: replace(g, stale=True) for n, g in old.items()}})
    connection = _aged(state.connection, now) if state.connection else None
    return state if connection is state.connection else replace(state, connection=connection)


def _aged(connection: ConnectionState, now: float) -> ConnectionState:
    if not connection.stale and connection.stale_at <= now:
        connection = replace(connection, stale=True)
    waiting = {reason: until for reason, until in connection.announced.items() if until > now}
    return connection if len(waiting) == len(connection.announced) else replace(connection, announced=waiting)


def _groups(state: SourceState, found: ServiceFindings, result: PollResult, now: float) -> dict[str, Group]:
    kept = {name: state.groups[name] for name in (*found.failures, *found.kept) if name in state.groups}
    stale_at = now + state.info.stale_after
    fresh = {
        name: Group(
            _service_states(
                state.groups.get(name) or _past_group(state.past, name, instances, result.ended_at),
                instances,
                result.ended_at,
            ),
            result.ended_at,
            stale_at,
            found.shows_checks,
        )
        for name, instances in found.instances.items()
    }
    return {**kept, **fresh}


def _service_states(
    group: Group | None, instances: tuple[ServiceInstance, ...], at: float
) -> tuple[ServiceState, ...]:
    """Return the states of the instances; those of instances that are the same objects stay so, and all of them together too."""
    known = group.states if group else ()
    if len(known) == len(instances) and all(map(_is_of, known, instances)):
        return known
    by_key = {state.instance.key: state for state in known}
    # One series each, whatever the source says.
    found = {instance.key: instance for instance in instances}
    return tuple(_service_state(by_key.get(key), instance, at) for key, instance in found.items())


def _unused(past: SourcePast | None, found: ServiceFindings) -> SourcePast | None:
    """Return what is left of the past when the datacenters found have taken theirs."""
    if not past or not past.datacenters.keys() & found.instances.keys():
        return past
    rest = {name: each for name, each in past.datacenters.items() if name not in found.instances}
    return SourcePast(past.kind, past.name, rest)


def _past_group(
    past: SourcePast | None, name: str, instances: tuple[ServiceInstance, ...], at: float
) -> Group | None:
    """Return what an earlier run knew of those instances that are there now, as if it had been seen at the Unix time `at`."""
    datacenter = past.datacenters.get(name) if past else None
    if not datacenter:
        return None
    known = {(each.service, each.service_id, each.node): each for each in datacenter.instances}
    pairs = ((instance, known.get(instance.key[1:])) for instance in instances)
    states = (
        ServiceState(
            replace(instance, status=each.status),
            since_then(each, datacenter.checked_at, at),
            each.changes,
        )
        for instance, each in pairs
        if each
    )
    return Group(tuple(states), at, at)


def _is_of(state: ServiceState, instance: ServiceInstance) -> bool:
    return state.instance is instance


def _service_state(known: ServiceState | None, instance: ServiceInstance, at: float) -> ServiceState:
    if known is None:
        return ServiceState(instance, since=at)
    if known.instance is instance:
        return known
    if known.instance.status == instance.status:
        return ServiceState(instance, known.since, known.changes)
    return ServiceState(instance, since=at, changes=known.changes + 1)


def _connection(
    state: SourceState, check: ConnectionCheck, result: PollResult, now: float
) -> ConnectionState:
    at = result.ended_at
    known = state.connection or _past_connection(state.past, check, at)
    # While the API makes us wait, that it does is what we know; the check after the pause is not late.
    stale_at = now + max(state.info.stale_after, result.pause + state.info.interval)
    changed = known is not None and known.check.status != check.status
    if known and _has_failed(check):
        check = replace(check, details=known.check.details)
    if known and check.status == "unreachable":
        before = known.check
        check = replace(check, token_expires_at=before.token_expires_at, tls_expires_at=before.tls_expires_at)
    known_failures = known.failures if known else {}
    failures = _added(known_failures, {check.reason: 1}) if _has_failed(check) else known_failures
    announced = dict.fromkeys(failures.keys() - known_failures.keys(), now + ANNOUNCED_FOR)
    return ConnectionState(
        check,
        since=at if known is None or changed else known.since,
        checked_at=at,
        stale_at=stale_at,
        duration=result.duration,
        changes=(known.changes if known else 0) + changed,
        checks=(known.checks if known else 0) + 1,
        failures=failures,
        announced={**known.announced, **announced} if known else announced,
        online_at=at if check.status == "online" else (known.online_at if known else None),
        last_reason=check.reason if _has_failed(check) else (known.last_reason if known else ""),
    )


def _past_connection(past: SourcePast | None, check: ConnectionCheck, at: float) -> ConnectionState | None:
    """Return what an earlier run knew of the connection, as if it had been seen at the Unix time `at`."""
    known = past.connection if past else None
    if not known:
        return None
    return ConnectionState(
        replace(check, status=known.status),
        since=since_then(known, known.checked_at, at),
        checked_at=at,
        stale_at=at,
        duration=0.0,
        changes=known.changes,
        checks=known.checks,
        failures=known.failures,
        online_at=known.online_at,
        last_reason=known.last_reason,
    )


def _has_failed(check: ConnectionCheck) -> bool:
    return check.status in ("offline", "unreachable")


def _added(counts: Mapping[str, int], more: Mapping[str, int]) -> Mapping[str, int]:
    return (
        {**counts, **{reason: counts.get(reason, 0) + count for reason, count in more.items()}}
        if more
        else counts
    )


def _counted(durations: tuple[int, ...], seconds: float) -> tuple[int, ...]:
    bucket = bisect_left(BUCKETS, seconds)
    return (*durations[:bucket], durations[bucket] + 1, *durations[bucket + 1 :])
