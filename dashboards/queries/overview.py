"""Queries of the dashboard Overview: what is broken now, what was, and how the week went."""

from dashboards.look import CONNECTION_STATES, SERVICE_STATES
from dashboards.queries import connections, services
from dashboards.queries.connections import CONNECTION
from dashboards.queries.promql import firing, one_per
from dashboards.queries.services import INSTANCE, SERVICE
from dashboards.queries.subjects import Subjects, count_of

OF_SERVICES, OF_CONNECTIONS = 'datacenter=~"$datacenter"', 'kind=~"$kind"'
SHOWN = 12
OUTAGES = 12
FIRING = firing('severity!="info"')
_SERVICES = Subjects(SERVICE, "service_status", SERVICE_STATES, services.WORST, OF_SERVICES)
_CONNECTIONS = Subjects(CONNECTION, "connection_status", CONNECTION_STATES, connections.WORST, OF_CONNECTIONS)
_SINCE = "{}_status_since_timestamp_seconds"


def services_in(code: int) -> str:
    """How many services are in a status."""
    return count_of(f"({_SERVICES.known()})", code)


def connections_in(code: int) -> str:
    """How many connections are in a status."""
    return count_of(f"({_CONNECTIONS.known()})", code)


def service_ages(status: str) -> str:
    """How long the services that are in this status have been, in seconds, the newest first; critical outranks warning."""
    age = _age("service", INSTANCE, SERVICE, status, OF_SERVICES)
    if status == "warning":
        age = f'{age} unless on ({SERVICE}) service_status{{status="critical",{OF_SERVICES}}} == 1'
    return f"sort(bottomk({SHOWN}, {age}))"


def connection_ages(status: str) -> str:
    """The same of connections, with the label `name`."""
    age = _age("connection", CONNECTION, CONNECTION, status, OF_CONNECTIONS)
    named = one_per(CONNECTION, f"group by ({CONNECTION}, name) (connection_info{{{OF_CONNECTIONS}}})")
    return f"sort(bottomk({SHOWN}, {age} * on ({CONNECTION}) group_left (name) {named}))"


def _age(subject: str, each: str, by: str, status: str, selector: str) -> str:
    """Seconds since the first of those that are in the status came into it."""
    since = f"max by ({each}) ({_SINCE.format(subject)}{{{selector}}})"
    held = f'max by ({each}) ({subject}_status{{status="{status}",{selector}}}) == 1'
    return f"max by ({by}) (time() - {since} and {held})"


def outages() -> str:
    """Seconds of 24 hours in which a service was critical (of its instances on average), or a connection not online."""
    of_services = _seconds(services.SHARES, "critical", SERVICE, OF_SERVICES)
    of_connections = _seconds(connections.SHARES, "offline|unreachable", CONNECTION, OF_CONNECTIONS)
    told = (
        _named(of_services, "service", "datacenter"),
        _named(of_connections, "connection", "kind"),
    )
    return f"topk({OUTAGES}, max by (name, place) ({' or '.join(told)}) > 0)"


def _seconds(rule: str, statuses: str, by: str, selector: str) -> str:
    return f'60 * sum by ({by}) (sum_over_time({rule}{{status=~"{statuses}",{selector}}}[24h]))'


def _named(expr: str, name: str, place: str) -> str:
    named = f'label_replace({expr}, "name", "$1", "{name}", "(.*)")'
    return f'label_replace({named}, "place", "$1", "{place}", "(.*)")'


def week_of_services() -> str:
    """Passing share of the part of seven days that counts, over all services, in percent."""
    return _week("datacenter:service_status:sum", *services.COUNTED, OF_SERVICES)


def week_of_connections() -> str:
    """Online share of the part of seven days that counts, over all connections, in percent."""
    return _week("kind:connection_status:sum", *connections.COUNTED, OF_CONNECTIONS)


def _week(rule: str, good: str, bad: str, selector: str) -> str:
    held = f'sum(sum_over_time({rule}{{status="{good}",{selector}}}[7d]))'
    counted = f'sum(sum_over_time({rule}{{status=~"{good}|{bad}",{selector}}}[7d]))'
    return f"100 * {held} / ({counted} > 0)"
