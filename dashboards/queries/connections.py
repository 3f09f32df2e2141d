"""Queries of the dashboard Connections: one row per connection, over what the variables choose."""

from dashboards.history import History
from dashboards.look import BELOW_TARGET, CONNECTION_STATES
from dashboards.queries.promql import SEARCH, alerts, firing, hours_24h, one_per, percent, percent_24h, styled
from dashboards.queries.subjects import Subjects, count_of

SHARES = "connection:connection_status:avg"
WORST = "connection:connection_status:worst"
CONNECTION = "connection, kind"
SELECTED = 'kind=~"$kind"'
SHOWN = "name, details, icon, connect_url, disconnect_url"
CARDS = 24
ENDS = {
    "token": "connection_token_expiry_timestamp_seconds",
    "certificate": "connection_tls_expiry_timestamp_seconds",
}
SOON_DAYS = 30
COUNTED = ("online", "offline|unreachable")
CONNECTIONS = Subjects(CONNECTION, "connection_status", CONNECTION_STATES, WORST, SELECTED)

KINDS = f"label_values({WORST}, kind)"
FIRING, ALERTS = firing('service=""'), alerts('service=""')


def states() -> str:
    """The status of every connection seen in 24 hours, whether it is there or not."""
    found = (
        f"connection_info{{{SELECTED},name=~`{SEARCH}`}}",
        f"connection_info{{{SELECTED},details=~`{SEARCH}`}}",
        f"last_over_time({WORST}{{{SELECTED},connection=~`{SEARCH}`}}[24h])",
    )
    return CONNECTIONS.only(CONNECTIONS.known(), " or ".join(found))


def rows() -> str:
    """The rows of the table, with the rank of the status."""
    return CONNECTIONS.in_chosen_status(states())


def count(code: int) -> str:
    """How many connections are in a status."""
    return count_of(states(), code)


def info() -> str:
    """How to show each connection; of one that is gone nothing but its name is known."""
    return f"group by (connection, {SHOWN}) ({_info()})"


def _info() -> str:
    shown = f"connection_info{{{SELECTED}}}"
    counted = f'connection_info{{{SELECTED},details=""}} * on ({CONNECTION}) group_left (details) {_stores()}'
    told = f"group by ({CONNECTION}, {SHOWN}) ({counted} or on ({CONNECTION}) {shown})"
    unnamed = f'label_replace({CONNECTIONS.seen()}, "name", "$1", "connection", "(.*)")'
    return f"({one_per(CONNECTION, told)} or on ({CONNECTION}) {unnamed})"


def _stores() -> str:
    """The number of stores of each account as the label `details`, which a mapping puts into words."""
    numbers = (
        f'count_values by ({CONNECTION}) ("details", max by ({CONNECTION}) (evotor_stores{{{SELECTED}}}))'
    )
    return f'label_replace({numbers}, "details", "stores=$1", "details", "(.*)")'


def cards() -> str:
    """The worst connections, with what to write on their cards, and in `link` where to connect or else disconnect."""
    linked = _info()
    for url in ("disconnect_url", "connect_url"):
        linked = f'label_replace({linked}, "link", "$1", "{url}", "(.+)")'
    worst = f"topk({CARDS}, {rows()} * on ({CONNECTION}) group_left (name, details, link) {linked})"
    both = f'label_join({worst}, "card", " · ", "name", "details")'
    return f'label_replace({both}, "card", "$1", "card", "(.*) · (stores=.*)?")'


def reason() -> str:
    """Why those that are not online now failed last, in the label `reason`."""
    latest = one_per("connection", f"connection_last_failure_info{{{SELECTED}}}")
    failing = f'connection_status{{status=~"offline|unreachable",{SELECTED}}} == 1'
    return f"group by (connection, reason) ({latest} and on (connection) ({failing}))"


def checked_ms() -> str:
    """When each was last checked."""
    return f"max by (connection) (1000 * connection_last_checked_timestamp_seconds{{{SELECTED}}})"


def age() -> str:
    """How long ago each was last checked, in seconds."""
    return f"time() - max by (connection) (connection_last_checked_timestamp_seconds{{{SELECTED}}})"


def ends() -> str:
    """Days until tokens and certificates end, of those that do within a month or have ended."""
    each = " or ".join(
        f'label_replace(max by ({CONNECTION}) ({metric}{{{SELECTED}}}), "what", "{what}", "", "")'
        for what, metric in ENDS.items()
    )
    return f"bottomk({CARDS}, ({each}) - time() < {SOON_DAYS * 86_400}) / 86400"


def online_24h() -> str:
    """Online share of the part of 24 hours that counts, in percent."""
    return f"max by (connection) ({percent_24h(SHARES, *COUNTED, SELECTED)})"


def counted_24h() -> str:
    """How many hours of 24 count: without a token nothing can fail."""
    return f"max by (connection) ({hours_24h(SHARES, *COUNTED, SELECTED)})"


def below_target() -> str:
    """Those whose share is below the variable `target`, with the CSS that marks them."""
    return f"max by (connection, style) ({styled(f'{online_24h()} < $target', BELOW_TARGET)})"


def history() -> str:
    """The numbers of the bars in the table."""
    return History(SHARES, CONNECTION_STATES, SELECTED, CONNECTION, "{}").query()


def share(status: str) -> str:
    """Share of a status among all connections of the kind in each window, in percent; one not known counts as no data."""
    online = percent(SHARES, f'{SELECTED},status="{status}"')
    return f"(sum({online}) / {_seen_in_window()} or vector(0))"


def no_data() -> str:
    """What is left to 100 %."""
    known = f"sum({percent(SHARES, SELECTED)}) / {_seen_in_window()}"
    return f"clamp_min(100 - ({known} or vector(0)), 0)"


def _seen_in_window() -> str:
    """How many connections there were at all, so that one that came or went does not change the others' share."""
    return f'count(count_over_time({SHARES}{{{SELECTED},status="online"}}[$__interval]))'


def check_seconds() -> str:
    """How long the checks of a kind take, the slowest and the median."""
    return f"max by (kind) (connection_check_duration_seconds{{{SELECTED}}})"


def failures() -> str:
    """Failed checks in each window, by reason."""
    each = f"max by ({CONNECTION}, reason) (increase(connection_check_failures_total{{{SELECTED}}}[$__interval]))"
    return f"round(sum by (reason) ({each})) > 0"
