"""Services: one table, one row per service."""

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
    window_variable,
)
from dashboards.look import SERVICE_STATES, worst_first
from dashboards.pages.navigation import RUNBOOKS, links
from dashboards.panels import Texts
from dashboards.queries import services as queries
from dashboards.table import Column, table

UID = "services"
SERVICE_URL = (
    "/d/service?${__url_time_range}&${datasource:queryparam}&${window:queryparam}&${search:queryparam}"
    "&${status:queryparam}&${tag:queryparam}"
    "&var-datacenter=${__data.fields.datacenter:percentencode}&var-service=${__data.fields.service:percentencode}"
)


def build(text: Texts) -> Json:
    """The whole dashboard."""
    return dashboard(
        UID,
        text["services"],
        text["services.about"],
        variables=variables(text),
        annotations=[annotation(text["alerts"], queries.FIRING, "{{service}}")],
        links=links(text, UID),
        panels=[
            counts(text),
            panels.alerts(2, text, (13, 0, 11, 4), queries.ALERTS, header=False),
            overview(text),
        ],
    )


def variables(text: Texts, hide: int = 0) -> list[Json]:
    """What can be chosen; the dashboard Service carries the same, hidden, to hand them back."""
    every = text["all"]
    states = [(text[state.key], str(state.code)) for state in worst_first(SERVICE_STATES)]
    tag = query_variable(
        "tag", text["tag"], queries.TAGS, multi=True, all_text=every, regex=queries.TAG_OF_TAGS, hide=hide
    )
    chosen = [
        text_variable("search", text["search"], hide),
        choice_variable("status", text["status"], states, every, hide),
        tag,
    ]
    if hide:
        return chosen
    datacenter = query_variable(
        "datacenter", text["datacenter"], queries.DATACENTERS, multi=True, all_text=every
    )
    service = query_variable("service", text["service"], queries.NAMES, multi=True, all_text=every)
    return [
        datasource_variable(text["datasource"]),
        *chosen,
        datacenter,
        service,
        window_variable(text["window"]),
        constant_variable("runbooks", RUNBOOKS),
    ]


def counts(text: Texts) -> Json:
    """How many services are in each status; a click shows only those."""
    url = (
        f"/d/{UID}?${{__url_time_range}}&${{datasource:queryparam}}&${{window:queryparam}}"
        "&${search:queryparam}&${tag:queryparam}&${datacenter:queryparam}&${service:queryparam}&var-status="
    )
    tiles = [(s, queries.count(s.code), f"{url}{s.code}") for s in worst_first(SERVICE_STATES)]
    return panels.counts(1, text["services.counts"], text, (0, 0, 13, 4), tiles)


def overview(text: Texts) -> Json:
    """The table."""
    targets = [
        target("A", queries.rows(), table=True, instant=True),
        target("I", queries.info(), table=True, instant=True),
        target("N", queries.instances(), table=True, instant=True),
        target("U", queries.passing_24h(), table=True, instant=True),
        target("H", queries.history(), table=True),
    ]
    result = table(
        3,
        text["services"],
        text["services.table.about"],
        (0, 4, 24, 20),
        targets,
        columns(text),
        key="row",
        rows_of="A",
        sort=[(text["status"], True), (text["passing_24h"], False)],
        no_rows=text["services.none"],
    )
    result |= {"interval": "$window", "maxDataPoints": 1000, "timeFrom": "24h", "hideTimeOverride": True}
    return result


def columns(text: Texts) -> list[Column]:
    """From left to right; `url`, `datacenter` and `service` serve the links."""
    wrapped = {"custom.wrapText": True}
    details = link(text["open_service"], SERVICE_URL)
    pills = {"custom.cellOptions": {"type": "pill"}, "color": {"mode": "palette-classic-by-name"}} | wrapped
    url = {"links": [link(text["open_url"], "${__data.fields.url}", new_tab=True)]} | wrapped
    return [
        Column("name", text["service_name"], min_width=104, properties={"links": [details]} | wrapped),
        panels.state_column("Value #A", text["status"], SERVICE_STATES, text),
        Column("instances", text["up_of_total"], width=80, properties={"custom.align": "center"}),
        Column("host", text["url"], width=268, properties=url),
        Column("tags", text["tags"], min_width=92, properties=pills),
        panels.share_column("Value #U", text["passing_24h"]),
        panels.history_column(text["history_24h"], SERVICE_STATES, text, SERVICE_URL),
        Column("url"),
        Column("datacenter"),
        Column("service"),
    ]
