"""Service: everything of one service."""

from dashboards import panels
from dashboards.grafana import (
    Json,
    annotation,
    constant_variable,
    dashboard,
    datasource_variable,
    link,
    override,
    query_variable,
    target,
    thresholds,
    window_variable,
)
from dashboards.look import GREEN, GREY, NO_DATA, RED, SERVICE_STATES, YELLOW, State
from dashboards.pages import services
from dashboards.pages.navigation import RUNBOOKS, links
from dashboards.panels import Texts
from dashboards.queries import service as queries
from dashboards.table import Column, table

UID = "service"
CHECK_STATES = SERVICE_STATES[:3]


def build(text: Texts) -> Json:
    """The whole dashboard."""
    return dashboard(
        UID,
        text["service"],
        text["service.about"],
        variables=variables(text),
        annotations=[annotation(text["alerts"], queries.FIRING, "{{service_id}}")],
        links=links(text, UID, back_with=("search", "status", "tag")),
        panels=[
            status(text),
            instance_count(text),
            passing(text),
            changes_24h(text),
            address(text),
            shares(text),
            timeline(text),
            instances(text),
            changes(text),
            checks(text),
            panels.alerts(11, text, (0, 36, 24, 6), queries.ALERTS),
        ],
    )


def variables(text: Texts) -> list[Json]:
    """Which service; what was chosen on Services goes along, hidden."""
    return [
        datasource_variable(text["datasource"]),
        query_variable("datacenter", text["datacenter"], queries.DATACENTERS, multi=False),
        query_variable("service", text["service"], queries.NAMES, multi=False),
        window_variable(text["window"]),
        *services.variables(text, hide=2),
        constant_variable("runbooks", RUNBOOKS),
    ]


def status(text: Texts) -> Json:
    """The worst status of the instances, in its colour."""
    result = panels.stat(
        1,
        text["status"],
        text["service.status.about"],
        (0, 0, 5, 4),
        [target("A", queries.status(), instant=True)],
    )
    result["fieldConfig"]["defaults"] |= {"mappings": panels.state_mappings(SERVICE_STATES, text)}
    return result


def instance_count(text: Texts) -> Json:
    """How many are up, of how many."""
    targets = [
        target("A", queries.up(), legend=text["up"], instant=True),
        target("B", queries.total(), legend=text["total"], instant=True),
    ]
    result = panels.plain_stat(2, text["instances"], text["service.instances.about"], (5, 0, 5, 4), targets)
    result["options"]["textMode"] = "value_and_name"
    return result


def passing(text: Texts) -> Json:
    """Passing share of 24 hours."""
    return panels.stat(
        3,
        text["passing_24h"],
        text["passing_24h.about"],
        (10, 0, 4, 4),
        [target("A", queries.passing_24h(), instant=True)],
        unit="percent",
        decimals=1,
        color={"mode": "thresholds"},
        thresholds=thresholds((None, RED), (95, YELLOW), (99.5, GREEN)),
    )


def changes_24h(text: Texts) -> Json:
    """Number of status changes in 24 hours."""
    return panels.plain_stat(
        4,
        text["changes_24h"],
        text["changes.about"],
        (14, 0, 4, 4),
        [target("A", queries.changes_24h(), instant=True)],
        decimals=0,
    )


def address(text: Texts) -> Json:
    """Where the service answers."""
    url = {"links": [link(text["open_url"], "${__value.raw}", new_tab=True)], "custom.wrapText": True}
    result = table(
        5,
        text["url"],
        text["url.about"],
        (18, 0, 6, 4),
        [target("A", queries.url(), table=True, instant=True)],
        [Column("url", text["url"], properties=url)],
        no_rows=text[NO_DATA],
    )
    result["options"]["showHeader"] = False
    return result


def shares(text: Texts) -> Json:
    """Stacked bars per window."""
    parts = [(state, queries.share(state.key)) for state in SERVICE_STATES]
    return panels.share_bars(6, text["shares"], text, (0, 4, 24, 8), parts, queries.no_data())


def timeline(text: Texts) -> Json:
    """Each instance's statuses, exact to the minute."""
    legend = "{{service_id}} @ {{node}}"
    return panels.timeline(
        7, text["timeline"], text, (0, 12, 24, 8), queries.timeline(), legend, SERVICE_STATES
    )


def instances(text: Texts) -> Json:
    """What is registered now."""
    columns = [
        panels.state_column("Value #A", text["status"], SERVICE_STATES, text),
        Column("service_id", text["instance"], min_width=120),
        Column("node", text["node"], width=120),
        Column("endpoint", text["address"], min_width=140),
        *panels.ago_columns("Value #S", "Value #T", text["since"]),
        *panels.ago_columns("Value #L", "Value #M", text["last_checked"]),
        *(check_column(state, text) for state in CHECK_STATES),
    ]
    return table(
        8,
        text["instances"],
        text["instances.about"],
        (0, 20, 24, 8),
        instance_targets(),
        columns,
        key="row",
        rows_of="A",
        sort=[(text["status"], True), (text["instance"], False)],
        no_rows=text["instances.none"],
    )


def instance_targets() -> list[Json]:
    """One query per column that is not a label; times twice, as "ago" and exact."""
    expressions = {
        "A": queries.status_of_each(),
        "E": queries.addresses(),
        "S": queries.since_ms(),
        "T": queries.since_ms(),
        "L": queries.checked_ms(),
        "M": queries.checked_ms(),
        **{check_ref(state): queries.checks_of_each(state.key) for state in CHECK_STATES},
    }
    return [target(ref, expr, table=True, instant=True) for ref, expr in expressions.items()]


def check_ref(state: State) -> str:
    """Name of the query of the checks in a status."""
    return f"Checks{state.key.title()}"


def check_column(state: State, text: Texts) -> Column:
    """Number of checks in a status, coloured when there are any."""
    color = GREY if state.key == "passing" else state.color
    properties = {
        "custom.align": "center",
        "custom.cellOptions": {"type": "color-text"},
        "color": {"mode": "thresholds"},
        "thresholds": thresholds((None, GREY), (1, color)),
    }
    return Column(f"Value #{check_ref(state)}", text[f"checks.{state.key}"], width=88, properties=properties)


def changes(text: Texts) -> Json:
    """When it changed, and how often."""
    targets = [target("A", queries.changes(), legend="{{service_id}} @ {{node}}")]
    return panels.bars(9, text["changes"], text["changes.about"], (0, 28, 12, 8), targets, unit="none")


def checks(text: Texts) -> Json:
    """Checks of all instances over time."""
    targets = [
        target(chr(ord("A") + n), queries.checks(state.key), legend=text[state.key])
        for n, state in enumerate(CHECK_STATES)
    ]
    result = panels.chart(
        10, text["checks"], text["checks.about"], (12, 28, 12, 8), targets, unit="none", decimals=0
    )
    custom = result["fieldConfig"]["defaults"]["custom"]
    custom |= {
        "stacking": {"mode": "normal", "group": "A"},
        "fillOpacity": 80,
        "lineWidth": 0,
        "lineInterpolation": "stepAfter",
    }
    result["fieldConfig"]["overrides"] = [
        override(text[s.key], color={"mode": "fixed", "fixedColor": s.color}) for s in CHECK_STATES
    ]
    return result
