"""Queries of the dashboard Services: one row per service, over what the variables choose."""

from dashboards.history import History
from dashboards.look import NO_DATA_CODE, SERVICE_STATES
from dashboards.queries.promql import (
    SEARCH,
    alerts,
    all_chosen,
    chosen,
    firing,
    joined,
    one_per,
    percent_24h,
    worst,
)

SHARES = "service:service_status:avg"
WORST = "service:service_status:worst"
INFO = "service:service_info:last"
SERVICE = "datacenter, service"
INSTANCE = "datacenter, service, service_id, node"
SELECTED = f'datacenter=~"$datacenter",service=~"$service",service=~`{SEARCH}`'

DATACENTERS = f"label_values({WORST}, datacenter)"
NAMES = f'label_values({WORST}{{datacenter=~"$datacenter"}}, service)'
TAGS = f'label_values({INFO}{{datacenter=~"$datacenter"}}, tags)'
_TAGS = "tags=~`(.*,)?${tag:regex}(,.*)?`"
TAG_OF_TAGS = "/([^,]+)/g"

FIRING, ALERTS = firing('connection=""'), alerts('connection=""')


def _row(expr: str) -> str:
    """Give every series the label that joins the queries of the table."""
    return joined(expr, "row", ("datacenter", "service"))


def states() -> str:
    """The worst status of every service seen in 24 hours, whether it is there or not; the variable `tag` applies."""
    tagged = f"last_over_time({INFO}{{{SELECTED},{_TAGS}}}[24h])"
    return f"(({_known()}) and on ({SERVICE}) ({tagged} or {_seen()} and on () {all_chosen('tag')}))"


def present() -> str:
    """The worst status of every service that is there: quicker, as it looks at no more than now."""
    now, tagged = _now(), f"{INFO}{{{SELECTED},{_TAGS}}}"
    return f"({now} and on ({SERVICE}) ({tagged} or {now} and on () {all_chosen('tag')}))"


def _known() -> str:
    return f"{_now()} or {NO_DATA_CODE} * {_seen()}"


def _now() -> str:
    return worst(SERVICE, "service_status", SERVICE_STATES, SELECTED)


def _seen() -> str:
    return f"group by ({SERVICE}) (last_over_time({WORST}{{{SELECTED}}}[24h]))"


def rows() -> str:
    """Those in a status that the variable `status` chooses: the rows of the table, with the rank of the status.

    The label `name` repeats `service`: a column is renamed when it is shown, and links need a name that stays.
    """
    code = f'count_values by ({SERVICE}) ("code", {_known()})'
    shown = f"({states()} and on ({SERVICE}) {chosen(code, 'code', 'status')})"
    return joined(_row(shown), "name", ("service",))


def count(code: int) -> str:
    """How many services are in a status."""
    return f"count({states() if code == NO_DATA_CODE else present()} == {code}) or vector(0)"


def info() -> str:
    """URL (also without its scheme, which costs room) and tags of each service as last seen on most instances."""
    latest = one_per(SERVICE, f"last_over_time({INFO}{{{SELECTED}}}[24h])")
    short = f'label_replace({_row(latest)}, "host", "$1", "url", "(?:https?://)?(.*)")'
    return f"group by (row, url, host, tags) ({short})"


def instances() -> str:
    """Each service with the label `instances`, such as 2/3: that many up of all there are."""
    each = f"max by ({INSTANCE}) (service_up{{{SELECTED}}})"
    up = f'count_values by ({SERVICE}) ("up", sum by ({SERVICE}) ({each}))'
    total = f'count_values by ({SERVICE}) ("total", count by ({SERVICE}) ({each}))'
    both = f"{up} * on ({SERVICE}) group_left (total) {total}"
    return f"group by (row, instances) ({_row(joined(both, 'instances', ('up', 'total')))})"


def passing_24h() -> str:
    """Passing share of the known part of 24 hours, in percent."""
    passing = percent_24h(SHARES, f'status="passing",{SELECTED}')
    return f"max by (row) ({_row(passing)})"


def history() -> str:
    """The numbers of the bars in the table."""
    return History(SHARES, SERVICE_STATES, SELECTED, SERVICE, _row("{}")).query()
