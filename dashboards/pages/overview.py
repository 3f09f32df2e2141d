"""Overview: one page for a screen on the wall, to be read from afar."""

from collections.abc import Callable, Sequence

from dashboards import panels
from dashboards.grafana import Json, fixed, frame, number, override_of, rows, target
from dashboards.look import CONNECTION_STATES, SERVICE_STATES, State
from dashboards.pages import connections, services
from dashboards.pages.page import Firing, page
from dashboards.queries import connections as of_connections
from dashboards.queries import overview as queries
from dashboards.queries import services as of_services
from dashboards.table import Column, table
from dashboards.variables import query_variable
from languages.language import Words

UID = "overview"
LARGE = {"titleSize": 20, "valueSize": 32}
DURATION = "dtdhms"
"""Days, hours:minutes:seconds, which needs no word."""


def build(text: Words) -> Json:
    """The whole dashboard."""
    every = text["all"]
    return page(
        text,
        UID,
        "overview",
        [
            panels.counts(
                services.UID,
                frame(text, 1, "services.counts", 12, 5, about="counts"),
                text,
                SERVICE_STATES,
                queries.services_in,
                ("datacenter",),
            ),
            panels.counts(
                connections.UID,
                frame(text, 2, "connections.counts", 12, 5, about="counts"),
                text,
                CONNECTION_STATES,
                queries.connections_in,
                ("kind",),
            ),
            broken(
                text,
                3,
                "broken_services",
                SERVICE_STATES,
                queries.service_ages,
                "{{service}} · {{datacenter}}",
            ),
            broken(text, 4, "broken_connections", CONNECTION_STATES, queries.connection_ages, "{{name}}"),
            outages(text),
            week(text, 6, "week_services", queries.week_of_services()),
            week(text, 7, "week_connections", queries.week_of_connections()),
        ],
        variables=[
            query_variable("datacenter", text["datacenter"], of_services.DATACENTERS, all_text=every),
            query_variable("kind", text["kind"], of_connections.KINDS, all_text=every),
        ],
        firing=Firing(queries.FIRING, "{{service}} {{connection}} {{source}}"),
    )


def broken(
    text: Words, panel_id: int, key: str, states: Sequence[State], ages: Callable[[str], str], legend: str
) -> Json:
    """A tile for each that is broken, in the colour of its status, with how long it has been; the worst first."""
    bad = sorted((state for state in states if state.code > 2), key=lambda state: -state.code)
    targets = [target(state.key.title(), ages(state.key), legend=legend, instant=True) for state in bad]
    result = panels.stat(
        frame(text, panel_id, key, 12, 9), targets, names=True, unit=DURATION, noValue=text["nothing_broken"]
    )
    result["options"]["text"] = LARGE
    result["fieldConfig"]["overrides"] = [
        override_of(state.key.title(), color=fixed(state.cell)) for state in bad
    ]
    return result


def outages(text: Words) -> Json:
    """What was broken in the last 24 hours, the longest first."""
    result = table(
        frame(text, 5, "outages", 14, 9),
        rows({"A": queries.outages()}),
        [
            Column("name", text["name"], min_width=160),
            Column("place", text["place"], width=140),
            Column("Value", text["broken_for"], width=160, properties={"unit": DURATION}),
        ],
        sort=[(text["broken_for"], True)],
        no_rows=text["nothing_broken"],
    )
    result["options"]["cellHeight"] = "lg"
    return result


def week(text: Words, panel_id: int, key: str, expr: str) -> Json:
    """A share of the last seven days."""
    head = frame(text, panel_id, key, 5, 9, about="week")
    return panels.stat(head, number(expr), colored=False, unit="percent", decimals=2)
