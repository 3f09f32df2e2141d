"""From what is known of one source to the sample lines of its metric families."""

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from exporter import metrics
from exporter.exposition.labels import escape, label_pairs, tags_value
from exporter.model import (
    CHECK_STATUSES,
    CONNECTION_STATUSES,
    SERVICE_STATUSES,
    Metric,
    ServiceInstance,
)
from exporter.sources.consul.health import node_status
from exporter.state import BUCKETS, ConnectionState, ServiceState, SourceState

Line = tuple[Metric, str]
# Up to here every whole number is itself as a float, and is written without an exponent.
_EXACT = 2.0**53


def lines_of(state: SourceState) -> Iterator[Line]:
    """Yield every sample line of the state with its metric; stale parts have none."""
    yield from source_lines(state)
    for group in state.groups.values():
        if not group.stale:
            yield from instance_lines(group.states, group.shows_checks)
            yield from checked_lines(map(identity_of, group.states), group.checked_at)
            yield from node_lines(group.states)


def source_lines(state: SourceState) -> Iterator[Line]:
    """Yield what is said of the source itself, and of a connection, unless that is stale."""
    yield from _source_lines(state)
    if state.connection and not state.connection.stale:
        yield from _connection_lines(state.connection)


def instance_lines(states: Iterable[ServiceState], shows_checks: bool) -> Iterator[Line]:
    """Yield what is said of service instances, but when they were checked, which is the same for many."""
    for state in states:
        yield from _instance_lines(state, shows_checks)


def checked_lines(identities: Iterable[str], checked_at: float) -> Iterator[Line]:
    """Yield when these instances were checked."""
    metric, at = metrics.SERVICE_LAST_CHECKED, number(checked_at)
    for labels in identities:
        yield metric, f"{metric.name}{{{labels}}} {at}\n"


def node_lines(states: Iterable[ServiceState]) -> Iterator[Line]:
    """Yield the status of each node: every instance on it knows the node's checks."""
    instances = {(each.instance.key.datacenter, each.instance.key.node): each.instance for each in states}
    for node, instance in instances.items():
        labels = _scoped(metrics.NODE_STATUS.labels[:-1], node, instance)
        status = node_status(instance.checks)
        yield from _one_hot(metrics.NODE_STATUS, labels, "status", SERVICE_STATUSES, status)


def identity_of(state: ServiceState) -> str:
    """Return the identity labels of an instance."""
    return _scoped(metrics.SERVICE, state.instance.key, state.instance)


def _scoped(names: Iterable[str], values: Iterable[str], instance: ServiceInstance) -> str:
    scope = instance.scope
    return label_pairs((*names, *(name for name, _ in scope)), (*values, *(value for _, value in scope)))


def sample(metric: Metric, labels: str, value: float, suffix: str = "") -> Line:
    """Return one line; `labels` is the inside of the braces."""
    return metric, f"{metric.name}{suffix}{{{labels}}} {number(value)}\n"


def number(value: float) -> str:
    """Write a value as the text format wants it."""
    if not math.isfinite(value):
        return {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, "NaN")
    return str(int(value)) if value == int(value) and abs(value) < _EXACT else repr(float(value))


def _one_hot(metric: Metric, labels: str, label: str, words: Iterable[str], current: str) -> Iterator[Line]:
    for word in words:
        yield sample(metric, f'{labels},{label}="{word}"', word == current)


def _counts(metric: Metric, labels: str, label: str, counts: Mapping[str, int]) -> Iterator[Line]:
    for word in sorted(counts):
        yield sample(metric, f'{labels},{label}="{escape(word)}"', counts[word])


def _source_lines(state: SourceState) -> Iterator[Line]:
    labels = label_pairs(metrics.SOURCE, (state.info.id.name, state.info.id.kind))
    yield sample(metrics.SOURCE_INTERVAL, labels, state.info.interval)
    if state.polls:
        yield sample(metrics.SOURCE_UP, labels, state.error is None)
    yield from _counts(metrics.SOURCE_REJECTED, labels, "reason", state.rejected)
    if not state.info.is_one_of_many:
        yield from _lines_of_few(state, labels)


def _lines_of_few(state: SourceState, labels: str) -> Iterator[Line]:
    """Yield what a connection has series of its own for, or shares with all others of its kind."""
    yield sample(metrics.SOURCE_STALE_AFTER, labels, state.info.stale_after)
    yield sample(metrics.SOURCE_POLLS, labels, state.polls)
    yield from _counts(metrics.SOURCE_POLL_FAILURES, labels, "reason", state.failures)
    yield from histogram(metrics.SOURCE_POLL_DURATION, labels, state.durations, state.seconds)
    if state.listed is not None:
        yield sample(metrics.PROVIDER_CONNECTIONS, labels, state.listed)
    yield sample(metrics.SOURCE_RECEIVED, labels, state.received)
    yield sample(metrics.SOURCE_WAKEUPS, labels, state.wakeups)
    if state.succeeded_at is not None:
        yield sample(metrics.SOURCE_LAST_SUCCESS, labels, state.succeeded_at)
    for name, group in state.groups.items():
        named = f'{labels},datacenter="{escape(name)}"'
        yield sample(metrics.SOURCE_DATACENTER_LAST_SUCCESS, named, group.checked_at)


def histogram(metric: Metric, labels: str, counts: Iterable[int], seconds: float) -> Iterator[Line]:
    """Yield the lines of a histogram with the bounds BUCKETS; `counts` are by bucket, the last one unbounded."""
    bounds, total = [*map(str, BUCKETS), "+Inf"], 0
    for bound, total in zip(bounds, accumulate(counts), strict=True):
        yield sample(metric, f'{labels},le="{bound}"', total, "_bucket")
    yield sample(metric, labels, seconds, "_sum")
    yield sample(metric, labels, total, "_count")


def _instance_lines(state: ServiceState, shows_checks: bool) -> Iterator[Line]:
    instance, labels = state.instance, identity_of(state)
    yield sample(metrics.SERVICE_UP, labels, instance.status in ("passing", "warning"))
    yield from _one_hot(metrics.SERVICE_STATUS, labels, "status", SERVICE_STATUSES, instance.status)
    found = [check.status for check in instance.checks]
    for status in CHECK_STATUSES:
        yield sample(metrics.SERVICE_CHECKS, f'{labels},status="{status}"', found.count(status))
    if not any(check.service_id for check in instance.checks):
        yield sample(metrics.SERVICE_UNCHECKED, labels, 1)
    yield sample(metrics.SERVICE_STATUS_CHANGES, labels, state.changes)
    yield sample(metrics.SERVICE_STATUS_SINCE, labels, state.since)
    yield from _info_lines(state, labels)
    if shows_checks:
        yield from _check_lines(state, labels)


def _info_lines(state: ServiceState, labels: str) -> Iterator[Line]:
    instance = state.instance
    if instance.endpoint:
        values = (
            instance.endpoint.address,
            str(instance.endpoint.port),
            instance.url,
            tags_value(instance.endpoint.tags),
            instance.endpoint.kind,
        )
        ports = tags_value(f"{name}:{port}" for name, port in instance.endpoint.ports)
        further = (*instance.meta_labels, *((("ports", ports),) if ports else ()))
        names = (*metrics.SERVICE_INFO.labels[len(metrics.SERVICE) :], *(name for name, _ in further))
        more = label_pairs(names, (*values, *(value for _, value in further)))
        yield sample(metrics.SERVICE_INFO, f"{labels},{more}", 1)


def _check_lines(state: ServiceState, labels: str) -> Iterator[Line]:
    for check in state.instance.checks:
        named = f"{labels},{label_pairs(('check_id', 'check_name'), (check.check_id, check.name))}"
        yield from _one_hot(metrics.SERVICE_CHECK_STATUS, named, "status", CHECK_STATUSES, check.status)


def _connection_lines(state: ConnectionState) -> Iterator[Line]:
    check, display = state.check, state.check.display
    labels = label_pairs(metrics.CONNECTION, (check.connection, check.kind))
    yield sample(metrics.CONNECTION_ONLINE, labels, check.status == "online")
    yield from _one_hot(metrics.CONNECTION_STATUS, labels, "status", CONNECTION_STATUSES, check.status)
    yield sample(metrics.CONNECTION_STATUS_CHANGES, labels, state.changes)
    yield sample(metrics.CONNECTION_STATUS_SINCE, labels, state.since)
    yield sample(metrics.CONNECTION_LAST_CHECKED, labels, state.checked_at)
    if state.online_at is not None:
        yield sample(metrics.CONNECTION_LAST_ONLINE, labels, state.online_at)
    yield sample(metrics.CONNECTION_CHECK_DURATION, labels, state.duration)
    yield sample(metrics.CONNECTION_CHECKS, labels, state.checks)
    failures = {reason: 0 if reason in state.announced else count for reason, count in state.failures.items()}
    yield from _counts(metrics.CONNECTION_CHECK_FAILURES, labels, "reason", failures)
    if state.last_reason:
        yield sample(metrics.CONNECTION_LAST_FAILURE, f'{labels},reason="{escape(state.last_reason)}"', 1)
    urls = (display.connect_url, display.disconnect_url)
    shown = (display.name, check.details, display.icon, *urls, check.host)
    names = metrics.CONNECTION_INFO.labels[len(metrics.CONNECTION) :]
    yield sample(metrics.CONNECTION_INFO, f"{labels},{label_pairs(names, shown)}", 1)
    ends = (
        (metrics.CONNECTION_TOKEN_EXPIRY, check.token_expires_at),
        (
            metrics.CONNECTION_TLS_EXPIRY,
            check.tls_expires_at,
        ),
    )
    for metric, at in ends:
        if at is not None:
            yield sample(metric, labels, at)
    for reading in check.readings:
        yield sample(reading.metric, label_pairs(reading.metric.labels, reading.values), reading.value)
