"""Exporter: is the monitoring itself well?"""

from dashboards import panels
from dashboards.columns import FILLED, PERCENT, WRAPPED, ago_columns, gauge_column
from dashboards.grafana import Json, frame, graded, heading, null_mapping, number, rows, value_mapping
from dashboards.look import (
    GREEN,
    LOUD_RED,
    LOUD_YELLOW,
    NO_DATA,
    QUIET_GREEN,
    QUIET_GREY,
    RED,
    YELLOW,
)
from dashboards.pages.page import Firing, page
from dashboards.queries import exporter as queries
from dashboards.table import Column, table
from dashboards.variables import query_variable
from languages.language import Words

UID = "status-exporter"
GOOD_AT_ZERO = graded((None, QUIET_GREEN), (1, LOUD_RED))
GOOD_SHARE = graded((None, LOUD_RED), (95, LOUD_YELLOW), (99.5, QUIET_GREEN))
FRESH = graded((None, GREEN), (67, YELLOW), (100, RED))
INSTANCE = "{{instance}}"


def build(text: Words) -> Json:
    """The whole dashboard."""
    return page(
        text,
        UID,
        "exporter",
        [
            *health(text),
            heading(10, text["sources"]),
            sources(text),
            *polls(text),
            heading(20, text["data"]),
            *coverage(text),
            heading(30, text["process"]),
            *process(text),
            exporters(text),
            panels.alerts(40, text, 24, 6, queries.ALERTS),
        ],
        variables=[query_variable("kind", text["kind"], queries.KINDS, all_text=text["all"])],
        firing=Firing(queries.FIRING, "{{source}}"),
    )


def health(text: Words) -> list[Json]:
    """Six numbers that are green when all is well."""
    said = value_mapping([("1", text["yes"], QUIET_GREEN), ("0", text["no"], LOUD_RED)])
    covered = number(f"min({queries.coverage_24h()})")
    return [
        panels.stat(frame(text, 1, "sources_down", 4, 4), number(queries.sources_down()), **GOOD_AT_ZERO),
        panels.stat(frame(text, 2, "stale", 4, 4), number(queries.stale_sources()), **GOOD_AT_ZERO),
        panels.stat(
            frame(text, 3, "oldest", 4, 4),
            number(queries.oldest_age()),
            colored=False,
            unit=text["unit.seconds"],
            decimals=0,
        ),
        panels.stat(frame(text, 4, "exporters_down", 4, 4), number(queries.exporters_down()), **GOOD_AT_ZERO),
        panels.stat(
            frame(text, 5, "reload", 4, 4),
            number(queries.reload_ok()),
            mappings=[said, null_mapping(text[NO_DATA], QUIET_GREY)],
        ),
        panels.stat(frame(text, 6, "coverage_24h", 4, 4), covered, **PERCENT, **GOOD_SHARE),
    ]


def sources(text: Words) -> Json:
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
        frame(text, 11, "sources", 24, 8),
        rows(expressions),
        source_columns(text),
        key="source",
        sort=[(text["status"], False), (text["freshness"], True)],
        no_rows=text["sources.none"],
    )


def source_columns(text: Words) -> list[Column]:
    """From left to right."""
    words = value_mapping([("1", text["source.up"], QUIET_GREEN), ("0", text["source.down"], LOUD_RED)])
    seconds, count = text["unit.seconds"], {"decimals": 0}
    return [
        Column("source", text["source"], min_width=160, properties=WRAPPED),
        Column("kind", text["kind"], width=80),
        Column("Value #A", text["status"], width=112, properties={"mappings": [words]} | FILLED),
        *ago_columns("Value #L", "Value #M", text["last_success"]),
        gauge_column("Value #F", text["freshness"], 120, FRESH, 0),
        Column("Value #I", text["interval"], width=84, properties={"unit": seconds, "decimals": 0}),
        Column("Value #D", text["mean_poll"], width=100, properties={"unit": seconds, "decimals": 2}),
        Column("Value #P", text["failures_24h"], width=92, properties=count),
        Column("Value #R", text["rejected_24h"], width=100, properties=count),
    ]


def polls(text: Words) -> list[Json]:
    """How long polls take, and why they fail."""
    quantiles = {
        f"{{{{kind}}}} · {text['median']}": queries.poll_seconds(0.5),
        "{{kind}} · 95 %": queries.poll_seconds(0.95),
    }
    durations = panels.chart(frame(text, 12, "poll_seconds", 12, 8), quantiles, unit=text["unit.seconds"]) | {
        "interval": "5m"
    }
    return [
        durations,
        panels.chart(frame(text, 13, "ages", 12, 8), {"{{kind}}": queries.ages()}, unit=text["unit.seconds"]),
        by_reason(text, 14, "poll_failures", queries.failures(), "no_failures"),
        by_reason(text, 15, "rejected", queries.rejected(), "no_rejected"),
    ]


def by_reason(text: Words, panel_id: int, key: str, expr: str, none: str) -> Json:
    """How often something went wrong, and why."""
    head = frame(text, panel_id, key, 12, 8)
    return panels.bars(head, {"{{reason}}": expr}, unit="none", no_value=text[none])


def coverage(text: Words) -> list[Json]:
    """How much of the time has data, and how much data there is."""
    covered = panels.bars(
        frame(text, 21, "coverage", 12, 8), {"{{what}}": queries.coverage()}, unit="percent", decimals=1
    )
    defaults = covered["fieldConfig"]["defaults"]
    defaults["max"] = 100
    defaults["custom"] |= {"stacking": {"mode": "none", "group": "A"}, "fillOpacity": 60}
    return [
        covered,
        panels.chart(frame(text, 22, "series", 12, 8), {INSTANCE: queries.series()}, unit="short"),
    ]


def process(text: Words) -> list[Json]:
    """What the exporter costs."""
    durations = {
        f"{INSTANCE} · {text['scrape']}": queries.of_exporter("scrape_duration_seconds"),
        f"{INSTANCE} · {text['render']}": "exporter_render_duration_seconds",
    }
    size, memory = "exporter_exposition_size_bytes", queries.of_exporter("process_resident_memory_bytes")
    return [
        panels.chart(frame(text, 31, "scrape_seconds", 12, 8), durations, unit=text["unit.seconds"]),
        panels.chart(frame(text, 32, "size", 12, 8), {INSTANCE: size}, unit="bytes"),
        panels.chart(frame(text, 33, "memory", 8, 8), {INSTANCE: memory}, unit="bytes"),
        panels.chart(frame(text, 34, "cpu", 8, 8), {INSTANCE: queries.cpu()}, unit="percentunit"),
    ]


def exporters(text: Words) -> Json:
    """Which exporters run, and since when their configuration is in force."""
    return table(
        frame(text, 35, "exporters", 8, 8),
        rows({"V": queries.versions(), "L": queries.reload_ms(), "M": queries.reload_ms()}),
        [
            Column("instance", text["address"], min_width=120),
            Column("version", text["version"], width=80),
            *ago_columns("Value #L", "Value #M", text["config_loaded"]),
        ],
        key="instance",
        no_rows=text[NO_DATA],
    )
