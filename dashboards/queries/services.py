"""Queries of the dashboard Services: one row per service, over what the variables choose."""

from dashboards.history import History
from dashboards.look import BELOW_TARGET, NO_DATA_CODE, SERVICE_STATES
from dashboards.queries.promql import (
    SEARCH,
    alerts,
    all_chosen,
    firing,
    hours_24h,
    joined,
    one_per,
    percent_24h,
    styled,
)
from dashboards.queries.subjects import Subjects, count_of

SHARES = "service:service_status:avg"
WORST = "service:service_status:worst"
INFO = "service:service_info:last"
COUNTED = ("passing", "warning|critical")
SERVICE = "datacenter, service"
INSTANCE = "datacenter, service, service_id, node"
SELECTED = f'datacenter=~"$datacenter",service=~"$service",service=~`{SEARCH}`'
SERVICES = Subjects(SERVICE, "service_status", SERVICE_STATES, WORST, SELECTED)

DATACENTERS = f"label_values({WORST}, datacenter)"
NAMES = f'label_values({WORST}{{datacenter=~"$datacenter"}}, service)'
TAGS = f'label_values({INFO}{{datacenter=~"$datacenter"}}, tags)'
# `,a,b,`, or `a,b` in what was recorded long ago; a comma that belongs to a tag has a backslash.
_TAGS = r"tags=~`(.*[^\\],|,)?${tag:regex}(,.*)?`"
TAG_OF_TAGS = r"/((?:\\.|[^,\\])+)/g"

FIRING, ALERTS = firing('connection=""'), alerts('connection=""')


def _row(expr: str) -> str:
    """Give every series the label that joins the queries of the table."""
    return joined(expr, "row", ("datacenter", "service"))


def states() -> str:
    """The worst status of every service seen in 24 hours, whether it is there or not; the variable `tag` applies."""
    tagged = f"last_over_time({INFO}{{{SELECTED},{_TAGS}}}[24h])"
    return SERVICES.only(SERVICES.known(), f"{tagged} or {SERVICES.seen()} and on () {all_chosen('tag')}")


def present() -> str:
    """The worst status of every service that is there: quicker, as it looks at no more than now."""
    now, tagged = SERVICES.now(), f"{INFO}{{{SELECTED},{_TAGS}}}"
    return f"({now} and on ({SERVICE}) ({tagged} or {now} and on () {all_chosen('tag')}))"


def rows() -> str:
    """The rows of the table, with the rank of the status.

    The label `name` repeats `service`: a column is renamed when it is shown, and links need a name that stays.
    """
    return joined(_row(SERVICES.in_chosen_status(states())), "name", ("service",))


def count(code: int) -> str:
    """How many services are in a status."""
    return count_of(states() if code == NO_DATA_CODE else present(), code)


def info() -> str:
    """URL (also without its scheme, which costs room) and tags of each service as last seen on most instances."""
    latest = one_per(SERVICE, f"last_over_time({INFO}{{{SELECTED}}}[24h])")
    bare = f'label_replace({_row(latest)}, "tags", "$1", "tags", ",(.*),")'
    short = f'label_replace({bare}, "host", "$1", "url", "(?:https?://)?(.*)")'
    return f"group by (row, url, host, tags) ({short})"


def instances() -> str:
    """Each service with the label `instances`, such as 2/3: that many up of all there are."""
    each = f"max by ({INSTANCE}) (service_up{{{SELECTED}}})"
    up = f'count_values by ({SERVICE}) ("up", sum by ({SERVICE}) ({each}))'
    total = f'count_values by ({SERVICE}) ("total", count by ({SERVICE}) ({each}))'
    both = f"{up} * on ({SERVICE}) group_left (total) {total}"
    return f"group by (row, instances) ({_row(joined(both, 'instances', ('up', 'total')))})"


def passing_24h() -> str:
    """Passing share of the part of 24 hours that counts, in percent."""
    return f"max by (row) ({_row(percent_24h(SHARES, *COUNTED, SELECTED))})"


def counted_24h() -> str:
    """How many hours of 24 count: maintenance is planned, and does not."""
    return f"max by (row) ({_row(hours_24h(SHARES, *COUNTED, SELECTED))})"


def below_target() -> str:
    """Those whose share is below the variable `target`, with the CSS that marks them."""
    return f"max by (row, style) ({styled(f'{passing_24h()} < $target', BELOW_TARGET)})"


def history() -> str:
    """The numbers of the bars in the table."""
    return History(SHARES, SERVICE_STATES, SELECTED, SERVICE, _row("{}")).query()
