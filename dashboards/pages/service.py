"""Service: everything of one service."""

from dashboards import panels
from dashboards.columns import FILLED, PERCENT, WRAPPED, ago_columns, state_column, state_mappings
from dashboards.grafana import Json, fixed, frame, graded, link, number, override, rows, series
from dashboards.look import BLUE, NO_DATA, SERVICE_STATES, TEXT, TEXT_RED, State
from dashboards.pages import services
from dashboards.pages.page import Firing, page
from dashboards.queries import service as queries
from dashboards.table import Column, table
from dashboards.variables import HIDDEN, query_variable, target_variable
from languages.language import Words

UID = "service"
CHECK_STATES = SERVICE_STATES[:3]
INSTANCE = "{{service_id}} @ {{node}}"


def build(text: Words) -> Json:
    """The whole dashboard; what was chosen on Services goes along, hidden."""
    return page(
        text,
        UID,
        "service",
        [
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
            panels.alerts(11, text, 24, 5, queries.ALERTS),
        ],
        variables=[
            query_variable("datacenter", text["datacenter"], queries.DATACENTERS),
            query_variable("service", text["service"], queries.NAMES),
            target_variable(text["target"]),
        ],
        hidden=services.filters(text, HIDDEN),
        firing=Firing(queries.FIRING, "{{service_id}}"),
        back_with=("target", "search", "status", "tag"),
    )


def status(text: Words) -> Json:
    """The worst status of the instances, in its colour."""
    return panels.stat(
        frame(text, 1, "status", 4, 4, about="service.status"),
        number(queries.status()),
        mappings=state_mappings(SERVICE_STATES, text, cell=True),
    )


def instance_count(text: Words) -> Json:
    """How many are up, of how many."""
    return panels.stat(
        frame(text, 2, "instances", 4, 4, about="service.instances"),
        series({text["up"]: queries.up(), text["total"]: queries.total()}, instant=True),
        names=True,
        colored=False,
    )


def passing(text: Words) -> Json:
    """Passing share of 24 hours: one of two series, so that the one below the target has its colour."""
    met, missed = text["target_met"], text["target_missed"]
    result = panels.stat(
        frame(text, 3, "passing_24h", 4, 4),
        series({met: queries.passing_24h(">="), missed: queries.passing_24h("<")}, instant=True),
        colored=False,
        **PERCENT,
    )
    result["options"]["colorMode"] = "value"
    result["fieldConfig"]["overrides"] = [
        override(met, color=fixed(TEXT)),
        override(missed, color=fixed(TEXT_RED)),
    ]
    return result


def changes_24h(text: Words) -> Json:
    """Number of status changes in 24 hours."""
    return panels.stat(
        frame(text, 4, "changes_24h", 4, 4, about="changes"),
        number(queries.changes_24h()),
        colored=False,
        decimals=0,
    )


def address(text: Words) -> Json:
    """Where the service answers."""
    url = {"links": [link(text["open_url"], "${__value.raw}", new_tab=True)]} | WRAPPED
    return table(
        frame(text, 5, "url", 8, 4),
        rows({"A": queries.url()}),
        [Column("url", text["url"], properties=url)],
        no_rows=text[NO_DATA],
        header=False,
    )


def shares(text: Words) -> Json:
    """Stacked bars per window."""
    parts = [(state, queries.share(state.key)) for state in SERVICE_STATES]
    return panels.share_bars(frame(text, 6, "shares", 24, 8), text, parts, queries.no_data())


def timeline(text: Words) -> Json:
    """Each instance's statuses, exact to the minute."""
    head = frame(text, 7, "timeline", 24, 8)
    return panels.timeline(head, {INSTANCE: queries.timeline()}, SERVICE_STATES, text)


def instances(text: Words) -> Json:
    """What is registered now: a query per column that is not a label; times twice, as "ago" and exact."""
    expressions = {
        "A": queries.status_of_each(),
        "E": queries.addresses(),
        "S": queries.since_ms(),
        "T": queries.since_ms(),
        "L": queries.checked_ms(),
        "M": queries.checked_ms(),
        **{check_ref(state): queries.checks_of_each(state.key) for state in CHECK_STATES},
    }
    return table(
        frame(text, 8, "instances", 24, 8),
        rows(expressions),
        instance_columns(text),
        key="row",
        sort=[(text["status"], True), (text["instance"], False)],
        no_rows=text["instances.none"],
    )


def instance_columns(text: Words) -> list[Column]:
    """From left to right."""
    return [
        state_column("Value #A", text["status"], SERVICE_STATES, text),
        Column("service_id", text["instance"], min_width=120),
        Column("node", text["node"], width=120),
        Column("endpoint", text["address"], min_width=140),
        *ago_columns("Value #S", "Value #T", text["since"]),
        *ago_columns("Value #L", "Value #M", text["last_checked"]),
        *(check_column(state, text) for state in CHECK_STATES),
    ]


def check_ref(state: State) -> str:
    """Name of the query of the checks in a status."""
    return f"Checks{state.key.title()}"


def check_column(state: State, text: Words) -> Column:
    """Number of checks in a status, coloured when there are any."""
    quiet = state.key == "passing"
    colors = {} if quiet else FILLED | graded((None, "transparent"), (1, state.cell))
    properties = {"custom.align": "center"} | colors
    return Column(f"Value #{check_ref(state)}", text[f"checks.{state.key}"], width=88, properties=properties)


def changes(text: Words) -> Json:
    """When it changed, and how often."""
    result = panels.bars(frame(text, 9, "changes", 12, 8), {INSTANCE: queries.changes()}, unit="none")
    # Shades of one colour, as green, yellow and red mean statuses here.
    result["fieldConfig"]["defaults"]["color"] = {"mode": "shades", "fixedColor": BLUE}
    return result


def checks(text: Words) -> Json:
    """Checks of all instances over time."""
    expressions = {text[state.key]: queries.checks(state.key) for state in CHECK_STATES}
    result = panels.chart(frame(text, 10, "checks", 12, 8), expressions, unit="none", decimals=0)
    steps = {"fillOpacity": 80, "lineWidth": 0, "lineInterpolation": "stepAfter"}
    result["fieldConfig"]["defaults"]["custom"] |= panels.STACKED | steps
    result["fieldConfig"]["overrides"] = panels.state_colors(CHECK_STATES, text)
    return result
