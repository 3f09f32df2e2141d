"""Connections: cards and a table, one row per connection of a customer."""

from dashboards import panels
from dashboards.grafana import (
    Json,
    annotation,
    choice_variable,
    constant_variable,
    dashboard,
    datasource_variable,
    link,
    query_variable,
    target,
    text_variable,
    value_mapping,
    window_variable,
)
from dashboards.look import BLUE, CONNECTION_STATES, ORANGE, worst_first
from dashboards.pages.navigation import RUNBOOKS, links
from dashboards.panels import Texts
from dashboards.queries import connections as queries
from dashboards.table import Column, table

UID = "connections"
REASONS = (
    "unauthorized",
    "payment_required",
    "forbidden",
    "rate_limited",
    "server_error",
    "unexpected_status",
    "redirect",
    "malformed",
    "too_large",
    "timeout",
    "dns",
    "connect",
    "tls",
    "token_file",
    "internal",
)


def build(text: Texts) -> Json:
    """The whole dashboard."""
    return dashboard(
        UID,
        text["connections"],
        text["connections.about"],
        variables=variables(text),
        annotations=[annotation(text["alerts"], queries.FIRING, "{{connection}} {{kind}}")],
        links=links(text, UID),
        panels=[
            counts(text),
            panels.alerts(2, text, (13, 0, 11, 4), queries.ALERTS, header=False),
            cards(text),
            overview(text),
            failures(text),
            check_seconds(text),
            shares(text),
        ],
    )


def variables(text: Texts) -> list[Json]:
    """What can be chosen."""
    states = [(text[state.key], str(state.code)) for state in worst_first(CONNECTION_STATES)]
    return [
        datasource_variable(text["datasource"]),
        text_variable("search", text["search"]),
        query_variable("kind", text["kind"], queries.KINDS, multi=True, all_text=text["all"]),
        choice_variable("status", text["status"], states, text["all"]),
        window_variable(text["window"]),
        constant_variable("runbooks", RUNBOOKS),
    ]


def counts(text: Texts) -> Json:
    """How many connections are in each status; a click shows only those."""
    url = (
        f"/d/{UID}?${{__url_time_range}}&${{datasource:queryparam}}&${{window:queryparam}}"
        "&${search:queryparam}&${kind:queryparam}&var-status="
    )
    tiles = [(s, queries.count(s.code), f"{url}{s.code}") for s in worst_first(CONNECTION_STATES)]
    return panels.counts(1, text["connections.counts"], text, (0, 0, 13, 4), tiles)


def cards(text: Texts) -> Json:
    """A card for each of the worst connections; a click connects or disconnects."""
    legend = "{{name}} · {{details}}"
    targets = [target("A", queries.cards(), legend=legend, instant=True)]
    result = panels.stat(3, text["cards"], text["cards.about"], (0, 4, 24, 5), targets)
    result["options"]["textMode"] = "value_and_name"
    result["fieldConfig"]["defaults"] |= {
        "noValue": text["connections.none"],
        "mappings": panels.state_mappings(CONNECTION_STATES, text),
        "links": [link(text["open_action"], "${__field.labels.action_url}", new_tab=True)],
    }
    return result


def overview(text: Texts) -> Json:
    """The table."""
    expressions = {
        "A": queries.rows(),
        "I": queries.info(),
        "R": queries.reason(),
        "L": queries.age(),
        "M": queries.checked_ms(),
        "U": queries.online_24h(),
    }
    targets = [target(ref, expr, table=True, instant=True) for ref, expr in expressions.items()]
    result = table(
        4,
        text["connections"],
        text["connections.table.about"],
        (0, 9, 24, 14),
        [*targets, target("H", queries.history(), table=True)],
        columns(text),
        key="connection",
        rows_of="A",
        sort=[(text["status"], True), (text["online_24h"], False)],
        no_rows=text["connections.none"],
    )
    result["options"]["cellHeight"] = "lg"  # two lines fit: words of a mapping do not make a row higher
    result |= {"interval": "$window", "maxDataPoints": 1000, "timeFrom": "24h", "hideTimeOverride": True}
    return result


def columns(text: Texts) -> list[Column]:
    """From left to right; `connection` and `action_url` serve links."""
    wrapped = {"custom.wrapText": True}
    reasons = value_mapping([(reason, text[f"reason.{reason}"], "") for reason in REASONS])
    return [
        panels.icon_column("icon", " "),
        Column("name", text["name"], width=104, properties=wrapped),
        Column("details", text["details"], min_width=86, properties=wrapped),
        Column("kind", text["kind"], width=60),
        panels.state_column("Value #A", text["status"], CONNECTION_STATES, text),
        Column("reason", text["reason"], min_width=86, properties={"mappings": [reasons]} | wrapped),
        *panels.age_columns("Value #L", "Value #M", text["last_check"]),
        panels.percent_column("Value #U", text["online_24h"]),
        panels.history_column(text["history_24h"], CONNECTION_STATES, text),
        Column("action", text["action"], width=100, properties=action(text)),
        Column("action_url"),
        Column("connection"),
    ]


def action(text: Texts) -> dict[str, object]:
    """The word for what can be done, linked to where it is done."""
    words = value_mapping([("connect", text["connect"], BLUE), ("disconnect", text["disconnect"], ORANGE)])
    return {
        "noValue": "",
        "mappings": [words],
        "custom.cellOptions": {"type": "color-text"},
        "links": [link(text["open_action"], "${__data.fields.action_url}", new_tab=True)],
    }


def failures(text: Texts) -> Json:
    """Why checks failed, over time."""
    return panels.bars(
        5,
        text["check_failures"],
        text["check_failures.about"],
        (0, 23, 12, 7),
        [target("A", queries.failures(), legend="{{reason}}")],
        unit="none",
        no_value=text["no_failures"],
    )


def check_seconds(text: Texts) -> Json:
    """How long checks take."""
    targets = [target("A", queries.check_seconds(), legend="{{kind}}")]
    return panels.chart(
        6, text["check_seconds"], text["check_seconds.about"], (12, 23, 12, 7), targets, unit="s"
    )


def shares(text: Texts) -> Json:
    """Stacked bars per window, one panel for each kind: last on the page, as Grafana adds panels below."""
    parts = [(state, queries.share(state.key)) for state in CONNECTION_STATES]
    result = panels.share_bars(7, f"{text['shares']}: $kind", text, (0, 30, 24, 8), parts, queries.no_data())
    return result | {"repeat": "kind", "repeatDirection": "h", "maxPerRow": 2}
