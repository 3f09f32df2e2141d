"""Exporter: is the monitoring itself well?"""

from dashboards import panels
from dashboards.grafana import (
    Json,
    annotation,
    constant_variable,
    dashboard,
    datasource_variable,
    null_mapping,
    query_variable,
    row,
    target,
    thresholds,
    value_mapping,
    window_variable,
)
from dashboards.look import GREEN, GREY, NO_DATA, QUIET_GREEN, RED, YELLOW
from dashboards.pages.navigation import RUNBOOKS, links
from dashboards.panels import Texts
from dashboards.queries import exporter as queries
from dashboards.table import Column, table

UID = "status-exporter"
GOOD_AT_ZERO = thresholds((None, GREEN), (1, RED))
CALM_AT_ZERO = thresholds((None, GREY), (1, YELLOW))


def build(text: Texts) -> Json:
    """The whole dashboard."""
    return dashboard(
        UID,
        text["exporter"],
        text["exporter.about"],
        variables=[
            datasource_variable(text["datasource"]),
            query_variable("kind", text["kind"], queries.KINDS, multi=True, all_text=text["all"]),
            window_variable(text["window"]),
            constant_variable("runbooks", RUNBOOKS),
        ],
        annotations=[annotation(text["alerts"], queries.FIRING, "{{source}}")],
        links=links(text, UID),
        panels=[
            *health(text),
            row(10, text["sources"], 4),
            sources(text),
            *polls(text),
            row(20, text["data"], 29),
            *coverage(text),
            row(30, text["process"], 38),
            *process(text),
            panels.alerts(40, text, (0, 55, 24, 6), queries.ALERTS),
        ],
    )


def health(text: Texts) -> list[Json]:
    """Six numbers that are green when all is well."""
    coloured = {"color": {"mode": "thresholds"}}
    said = value_mapping([("1", text["yes"], GREEN), ("0", text["no"], RED)])
    sources_up = panels.stat(
        1,
        text["sources_down"],
        text["sources_down.about"],
        (0, 0, 4, 4),
        [target("A", queries.sources_down(), instant=True)],
        **coloured,
        thresholds=GOOD_AT_ZERO,
    )
    stale = panels.stat(
        2,
        text["stale"],
        text["stale.about"],
        (4, 0, 4, 4),
        [target("A", queries.stale_sources(), instant=True)],
        **coloured,
        thresholds=GOOD_AT_ZERO,
    )
    oldest = panels.plain_stat(
        3,
        text["oldest"],
        text["oldest.about"],
        (8, 0, 4, 4),
        [target("A", queries.oldest_age(), instant=True)],
        unit="s",
        decimals=0,
    )
    down = panels.stat(
        4,
        text["exporters_down"],
        text["exporters_down.about"],
        (12, 0, 4, 4),
        [target("A", queries.exporters_down(), instant=True)],
        **coloured,
        thresholds=GOOD_AT_ZERO,
    )
    reload = panels.stat(
        5,
        text["reload"],
        text["reload.about"],
        (16, 0, 4, 4),
        [target("A", queries.reload_ok(), instant=True)],
        mappings=[said, null_mapping(text[NO_DATA], GREY)],
    )
    covered = panels.stat(
        6,
        text["coverage_24h"],
        text["coverage_24h.about"],
        (20, 0, 4, 4),
        [target("A", f"min({queries.coverage_24h()})", instant=True)],
        **coloured,
        unit="percent",
        decimals=1,
        thresholds=thresholds((None, RED), (95, YELLOW), (99.5, GREEN)),
    )
    return [sources_up, stale, oldest, down, reload, covered]


def sources(text: Texts) -> Json:
    """One row per source, those that are down first."""
    expressions = {
        "A": queries.source_state(),
        "L": queries.last_success_ms(),
        "M": queries.last_success_ms(),
        "F": queries.freshness(),
        "I": queries.interval(),
        "D": queries.mean_poll_seconds(),
        "P": queries.failures_24h(),
        "R": queries.rejected_24h(),
    }
    return table(
        11,
        text["sources"],
        text["sources.about"],
        (0, 5, 24, 8),
        [target(ref, expr, table=True, instant=True) for ref, expr in expressions.items()],
        source_columns(text),
        key="source",
        rows_of="A",
        sort=[(text["status"], False), (text["freshness"], True)],
        no_rows=text["sources.none"],
    )


def source_columns(text: Texts) -> list[Column]:
    """From left to right."""
    state = {
        "mappings": [value_mapping([("1", text["source.up"], QUIET_GREEN), ("0", text["source.down"], RED)])],
        "custom.cellOptions": {"type": "color-background", "mode": "basic"},
    }
    fresh = {
        "unit": "percent",
        "decimals": 0,
        "min": 0,
        "max": 100,
        "color": {"mode": "thresholds"},
        "thresholds": thresholds((None, GREEN), (67, YELLOW), (100, RED)),
        "custom.cellOptions": {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"},
    }
    count = {
        "decimals": 0,
        "custom.cellOptions": {"type": "color-text"},
        "color": {"mode": "thresholds"},
        "thresholds": CALM_AT_ZERO,
    }
    seconds = {"unit": "s", "decimals": 2}
    return [
        Column("source", text["source"], min_width=160, properties={"custom.wrapText": True}),
        Column("kind", text["kind"], width=80),
        Column("Value #A", text["status"], width=112, properties=state),
        *panels.ago_columns("Value #L", "Value #M", text["last_success"]),
        Column("Value #F", text["freshness"], width=120, properties=fresh),
        Column("Value #I", text["interval"], width=84, properties={"unit": "s", "decimals": 0}),
        Column("Value #D", text["mean_poll"], width=100, properties=seconds),
        Column("Value #P", text["failures_24h"], width=92, properties=count),
        Column("Value #R", text["rejected_24h"], width=100, properties=count),
    ]


def polls(text: Texts) -> list[Json]:
    """How long polls take, and why they fail."""
    durations = panels.chart(
        12,
        text["poll_seconds"],
        text["poll_seconds.about"],
        (0, 13, 12, 8),
        [
            target("A", queries.poll_seconds(0.5), legend=f"{{{{kind}}}} · {text['median']}"),
            target("B", queries.poll_seconds(0.95), legend="{{kind}} · 95 %"),
        ],
        unit="s",
    )
    durations |= {"interval": "5m"}
    ages = panels.chart(
        13,
        text["ages"],
        text["ages.about"],
        (12, 13, 12, 8),
        [target("A", queries.ages(), legend="{{kind}}")],
        unit="s",
    )
    failures = panels.bars(
        14,
        text["poll_failures"],
        text["poll_failures.about"],
        (0, 21, 12, 8),
        [target("A", queries.failures(), legend="{{reason}}")],
        unit="none",
        no_value=text["no_failures"],
    )
    rejected = panels.bars(
        15,
        text["rejected"],
        text["rejected.about"],
        (12, 21, 12, 8),
        [target("A", queries.rejected(), legend="{{reason}}")],
        unit="none",
        no_value=text["no_rejected"],
    )
    return [durations, ages, failures, rejected]


def coverage(text: Texts) -> list[Json]:
    """How much of the time has data, and how much data there is."""
    covered = panels.bars(
        21,
        text["coverage"],
        text["coverage.about"],
        (0, 30, 12, 8),
        [target("A", queries.coverage(), legend="{{what}}")],
        unit="percent",
        decimals=1,
    )
    covered["fieldConfig"]["defaults"]["max"] = 100
    covered["fieldConfig"]["defaults"]["custom"] |= {
        "stacking": {"mode": "none", "group": "A"},
        "fillOpacity": 60,
    }
    series = panels.chart(
        22,
        text["series"],
        text["series.about"],
        (12, 30, 12, 8),
        [target("A", queries.series(), legend="{{instance}}")],
        unit="short",
    )
    return [covered, series]


def process(text: Texts) -> list[Json]:
    """What the exporter costs."""
    of_exporter = queries.of_exporter
    scrape = panels.chart(
        31,
        text["scrape_seconds"],
        text["scrape_seconds.about"],
        (0, 39, 12, 8),
        [
            target(
                "A", of_exporter("scrape_duration_seconds"), legend=f"{{{{instance}}}} · {text['scrape']}"
            ),
            target("B", "exporter_render_duration_seconds", legend=f"{{{{instance}}}} · {text['render']}"),
        ],
        unit="s",
    )
    size = panels.chart(
        32,
        text["size"],
        text["size.about"],
        (12, 39, 12, 8),
        [target("A", "exporter_exposition_size_bytes", legend="{{instance}}")],
        unit="bytes",
    )
    memory = panels.chart(
        33,
        text["memory"],
        text["memory.about"],
        (0, 47, 8, 8),
        [target("A", of_exporter("process_resident_memory_bytes"), legend="{{instance}}")],
        unit="bytes",
    )
    cpu = panels.chart(
        34,
        text["cpu"],
        text["cpu.about"],
        (8, 47, 8, 8),
        [target("A", queries.cpu(), legend="{{instance}}")],
        unit="percentunit",
    )
    return [scrape, size, memory, cpu, exporters(text)]


def exporters(text: Texts) -> Json:
    """Which exporters run, and since when their configuration is in force."""
    expressions = {"V": queries.versions(), "L": queries.reload_ms(), "M": queries.reload_ms()}
    return table(
        35,
        text["exporters"],
        text["exporters.about"],
        (16, 47, 8, 8),
        [target(ref, expr, table=True, instant=True) for ref, expr in expressions.items()],
        [
            Column("instance", text["address"], min_width=120),
            Column("version", text["version"], width=80),
            *panels.ago_columns("Value #L", "Value #M", text["config_loaded"]),
        ],
        key="instance",
        rows_of="V",
        no_rows=text[NO_DATA],
    )
