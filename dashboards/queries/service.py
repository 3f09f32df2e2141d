"""Queries of the dashboard Service: everything of the one service that the variables name."""

from dashboards.look import NO_DATA_CODE, SERVICE_STATES
from dashboards.queries.promql import alerts, firing, joined, one_per, percent, percent_24h, worst
from dashboards.queries.services import COUNTED, INFO, INSTANCE, SERVICE, SHARES, WORST

SELECTED = 'datacenter=~"$datacenter",service=~"$service"'
DATACENTERS = f"label_values({WORST}, datacenter)"
NAMES = f'label_values({WORST}{{datacenter=~"$datacenter"}}, service)'
FIRING, ALERTS = firing('service=~"$service"'), alerts('service=~"$service"')
EACH = "service_id, node"


def _with_status(status: str) -> str:
    return f'{SELECTED},status="{status}"'


def _each(metric: str, more: str = "") -> str:
    """A gauge of each instance, counted once however many exporters tell it."""
    return f"max by ({EACH}) ({metric}{{{SELECTED}{more}}})"


def status() -> str:
    """Rank of the worst status now."""
    return f"max({_ranks()}) or vector({NO_DATA_CODE})"


def up() -> str:
    """Instances that Consul routes to."""
    return f"sum(max by ({INSTANCE}) (service_up{{{SELECTED}}})) or vector(0)"


def total() -> str:
    """Instances that are registered."""
    return f"count(max by ({INSTANCE}) (service_up{{{SELECTED}}})) or vector(0)"


def passing_24h(compared: str) -> str:
    """Passing share of the part of 24 hours that counts, in percent, if it compares so to the target."""
    return f"avg({percent_24h(SHARES, *COUNTED, SELECTED)}) {compared} $target"


def changes_24h() -> str:
    """Status changes of all instances in 24 hours."""
    return f"sum({_changes('24h', '1h')})"


def changes() -> str:
    """Status changes of each instance in each window."""
    return _changes("$__interval", "$__interval")


def _changes(window: str, before: str) -> str:
    """What the counter gained: since the window before; as `increase` guesses where it began anew; else within this one.

    `increase` alone loses what happens between two windows and makes up for it by extrapolation; on VictoriaMetrics
    it begins at 0 after a gap.
    """
    counter = f"service_status_changes_total{{{SELECTED}}}"
    last = f"last_over_time({counter}[{window}])"
    gained = f"{last} - last_over_time({counter}[{before}] offset {window}) >= 0"
    anew = f"round(increase({counter}[{window}])) and resets({counter}[{window}]) > 0"
    return f"max by ({EACH}) ({gained} or {anew} or {last} - min_over_time({counter}[{window}]))"


def url() -> str:
    """The URL as last seen, in the label `url`."""
    return f"group by (url) ({one_per(SERVICE, f'last_over_time({INFO}{{{SELECTED}}}[24h])')})"


def share(status: str) -> str:
    """Share of a status in each window, in percent; nothing known is 0."""
    return f"(avg({percent(SHARES, _with_status(status))}) or vector(0))"


def no_data() -> str:
    """What is left to 100 %."""
    known = percent(SHARES, SELECTED)
    return f"clamp_min(100 - (avg(sum by ({SERVICE}) ({known})) or vector(0)), 0)"


def timeline() -> str:
    """Rank of the status of each instance seen in the range, minute by minute, `no data` included."""
    seen = f"last_over_time(service_status{{{_with_status('passing')}}}[$__range] @ end())"
    return f"{_ranks()} or {NO_DATA_CODE} * group by ({EACH}) ({seen})"


def _ranks() -> str:
    return worst(EACH, "service_status", SERVICE_STATES, SELECTED)


def status_of_each() -> str:
    """Rank of the status of each instance now, the rows of its table."""
    return _row(_ranks())


def addresses() -> str:
    """Address of each instance, in the label `address`."""
    found = f'group by ({EACH}, address, port) (service_info{{{SELECTED},address!=""}})'
    with_port = joined(one_per(EACH, found), "endpoint", ("address", "port"), ":")
    return f"group by (row, endpoint) ({_row(with_port)})"


def since_ms() -> str:
    """When each instance was first seen in its status."""
    return f"max by (row) ({_row(_each_ms('service_status_since_timestamp_seconds'))})"


def checked_ms() -> str:
    """When Consul last told us of each instance."""
    return f"max by (row) ({_row(_each_ms('service_last_checked_timestamp_seconds'))})"


def checks_of_each(status: str) -> str:
    """Number of checks of each instance in a status."""
    return f"max by (row) ({_row(_each_checks(status))})"


def checks(status: str) -> str:
    """Number of checks of all instances in a status."""
    return f"sum({_each_checks(status)})"


def _each_checks(status: str) -> str:
    return _each("service_checks", f',status="{status}"')


def _each_ms(metric: str) -> str:
    return f"1000 * {_each(metric)}"


def _row(expr: str) -> str:
    return joined(expr, "row", ("service_id", "node"))
