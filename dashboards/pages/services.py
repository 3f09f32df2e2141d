"""Services: one table, one row per service."""

from dashboards import panels
from dashboards.columns import WRAPPED, history_column, share_columns, state_column
from dashboards.grafana import Json, fixed, frame, link
from dashboards.look import SERVICE_STATES, TAG, worst_first
from dashboards.pages.page import Firing, page
from dashboards.queries import services as queries
from dashboards.table import Column
from dashboards.variables import SHOWN, choice_variable, query_variable, target_variable, text_variable
from languages.language import Words

UID = "services"
SERVICE_URL = (
    "/d/service?${__url_time_range}&${datasource:queryparam}&${window:queryparam}&${target:queryparam}&${search:queryparam}"
    "&${status:queryparam}&${tag:queryparam}"
    "&var-datacenter=${__data.fields.datacenter:percentencode}&var-service=${__data.fields.service:percentencode}"
)


def build(text: Words) -> Json:
    """The whole dashboard."""
    every = text["all"]
    return page(
        text,
        UID,
        "services",
        [
            counts(text),
            panels.alerts(2, text, 11, 4, queries.ALERTS, header=False),
            overview(text),
        ],
        variables=[
            *filters(text),
            query_variable("datacenter", text["datacenter"], queries.DATACENTERS, all_text=every),
            query_variable("service", text["service"], queries.NAMES, all_text=every),
            target_variable(text["target"]),
        ],
        firing=Firing(queries.FIRING, "{{service}}"),
    )


def filters(text: Words, hide: int = SHOWN) -> list[Json]:
    """What narrows the rows; the dashboard Service carries the same, hidden, to hand them back."""
    every = text["all"]
    states = [(text[state.key], str(state.code)) for state in worst_first(SERVICE_STATES)]
    return [
        text_variable("search", text["search"], hide),
        choice_variable("status", text["status"], states, every, hide),
        query_variable(
            "tag", text["tag"], queries.TAGS, all_text=every, regex=queries.TAG_OF_TAGS, hide=hide
        ),
    ]


def counts(text: Words) -> Json:
    """How many services are in each status."""
    keep = ("target", "search", "tag", "datacenter", "service")
    head = frame(text, 1, "services.counts", 13, 4, about="counts")
    return panels.counts(UID, head, text, SERVICE_STATES, queries.count, keep)


def overview(text: Words) -> Json:
    """The table."""
    expressions = {
        "A": queries.rows(),
        "I": queries.info(),
        "N": queries.instances(),
        "U": queries.passing_24h(),
        "C": queries.counted_24h(),
        "B": queries.below_target(),
    }
    return panels.history_table(
        frame(text, 3, "services", 24, 20, about="services.table"),
        expressions,
        queries.history(),
        columns(text),
        key="row",
        sort=[(text["status"], True), (text["passing_24h"], False)],
        no_rows=text["services.none"],
    )


def columns(text: Words) -> list[Column]:
    """From left to right; `url`, `datacenter` and `service` serve the links."""
    details = {"links": [link(text["open_service"], SERVICE_URL)]} | WRAPPED
    url = {"links": [link(text["open_url"], "${__data.fields.url}", new_tab=True)]} | WRAPPED
    pills = {"custom.cellOptions": {"type": "pill"}, "color": fixed(TAG)} | WRAPPED
    return [
        Column("name", text["service_name"], min_width=104, properties=details),
        state_column("Value #A", text["status"], SERVICE_STATES, text),
        Column("instances", text["up_of_total"], width=80, properties={"custom.align": "center"}),
        Column("host", text["url"], width=298, properties=url),
        Column("tags", text["tags"], min_width=92, properties=pills),
        *share_columns("Value #U", "Value #C", text["passing_24h"], text),
        history_column(text["history_24h"], SERVICE_STATES, text, SERVICE_URL),
        Column("url"),
        Column("datacenter"),
        Column("service"),
    ]
