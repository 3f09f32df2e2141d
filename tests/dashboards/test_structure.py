"""The JSON holds what Grafana 12.4 knows, and nothing that would blank a panel or a page."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
import yaml

from dashboards.look import DATASOURCE_UID
from dashboards.pages.connections import REASONS
from exporter import errors
from exporter.metrics import CORE
from exporter.sources.connections.kinds import KINDS
from tests.dashboards.conftest import DASHBOARDS, ROOT, RULES

Json = dict[str, Any]

PANEL_TYPES = {"table", "stat", "timeseries", "state-timeline", "row"}
CELL_TYPES = {"auto", "color-text", "color-background", "gauge", "image", "pill", "markdown", "data-links"}
TRANSFORMATIONS = {
    "groupBy",
    "convertFieldType",
    "joinByField",
    "filterByValue",
    "filterFieldsByName",
    "organize",
}
MATCHERS = {"byName", "byRefId", "byFrameRefID"}
PROPERTIES = {
    "color",
    "custom.align",
    "custom.cellOptions",
    "custom.hideFrom.viz",
    "custom.minWidth",
    "custom.styleField",
    "custom.tooltip.field",
    "custom.tooltip.placement",
    "custom.width",
    "custom.wrapText",
    "decimals",
    "displayName",
    "links",
    "mappings",
    "max",
    "min",
    "noValue",
    "thresholds",
    "unit",
}
UNITS = {
    "percent",
    "percentunit",
    "none",
    "short",
    "s",
    "bytes",
    "dtdhms",
    "dateTimeFromNow",
    "dateTimeAsLocal",
}
MADE_BY_PROMETHEUS = {"up", "scrape_duration_seconds", "ALERTS"}
MADE_BY_THE_CLIENT_LIBRARY = {"process_resident_memory_bytes", "process_cpu_seconds_total"}
UIDS = {"services", "service", "connections", "status-exporter", "overview"}


def is_unit(unit: str) -> bool:
    """Grafana's own, or a word behind the number."""
    return unit in UNITS or unit.startswith("suffix:")


FILES = sorted(DASHBOARDS.rglob("*.json"))
ALL = [
    pytest.param(json.loads(path.read_text(encoding="utf-8")), id=str(path.relative_to(DASHBOARDS)))
    for path in FILES
]
each_dashboard = pytest.mark.parametrize("dashboard", ALL)


def panels(dashboard: Json) -> list[Json]:
    found: list[Json] = dashboard["panels"]
    return found


def queried(dashboard: Json) -> list[Json]:
    return [panel for panel in panels(dashboard) if panel["type"] != "row"]


def overrides(dashboard: Json) -> Iterator[tuple[Json, str, Any]]:
    """(panel, property, value) of every override."""
    for panel in queried(dashboard):
        for override in panel["fieldConfig"]["overrides"]:
            for item in override["properties"]:
                yield panel, item["id"], item["value"]


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from strings(item)


@each_dashboard
def test_it_is_a_classic_dashboard_that_nobody_edits(dashboard: Json) -> None:
    """Provisioning reads it, under a fixed uid, without migration."""
    assert dashboard["schemaVersion"] == 42
    assert dashboard["editable"] is False
    assert dashboard["uid"] in UIDS
    assert dashboard["title"]
    assert dashboard["description"]
    assert dashboard["tags"] == ["status"]
    assert "id" not in dashboard


@each_dashboard
def test_refresh_and_range_are_those_of_the_old_pages(dashboard: Json) -> None:
    """The last 24 hours, every minute, with the five choices."""
    assert dashboard["time"] == {"from": "now-24h", "to": "now"}
    assert dashboard["refresh"] == "1m"
    assert dashboard["timepicker"]["refresh_intervals"] == ["30s", "1m", "2m", "5m", "10m"]


@each_dashboard
def test_panel_ids_are_unique(dashboard: Json) -> None:
    """Links to a panel and alerts name it by id."""
    ids = [panel["id"] for panel in panels(dashboard)]
    assert len(ids) == len(set(ids))


@each_dashboard
def test_panels_fit_the_grid_and_do_not_overlap(dashboard: Json) -> None:
    """Every panel is where it says."""
    places = [panel["gridPos"] for panel in panels(dashboard)]
    for place in places:
        assert place["x"] >= 0
        assert place["x"] + place["w"] <= 24
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)


@each_dashboard
def test_types_are_known(dashboard: Json) -> None:
    """An unknown transformation or matcher would blank the panel or the page."""
    for panel in panels(dashboard):
        assert panel["type"] in PANEL_TYPES
        for transformation in panel.get("transformations", []):
            assert transformation["id"] in TRANSFORMATIONS
            assert transformation.get("filter", {"id": "byRefId"})["id"] in MATCHERS
        for override in panel.get("fieldConfig", {}).get("overrides", []):
            assert override["matcher"]["id"] in MATCHERS
    for _, name, value in overrides(dashboard):
        assert name in PROPERTIES
        assert name != "custom.cellOptions" or value["type"] in CELL_TYPES
        assert name != "unit" or is_unit(value)


@each_dashboard
def test_overrides_name_fields_that_exist(dashboard: Json) -> None:
    """Every override and every sorting finds its column."""
    for panel in queried(dashboard):
        if panel["type"] != "table":
            continue
        (organize,) = (t["options"] for t in panel["transformations"] if t["id"] == "organize")
        shown = {organize["renameByName"].get(name, name) for name in organize["indexByName"]}
        assert {o["matcher"]["options"] for o in panel["fieldConfig"]["overrides"]} == shown
        assert {sort["displayName"] for sort in panel["options"]["sortBy"]} <= shown
        refs = {target["refId"] for target in panel["targets"]}
        sources = {name.removeprefix("Value #").split(" ")[0] for name in shown if name.startswith("Value #")}
        assert sources <= refs


@each_dashboard
def test_stat_and_chart_overrides_name_their_legends(dashboard: Json) -> None:
    """A colour by name finds its series."""
    for panel in queried(dashboard):
        if panel["type"] == "table":
            continue
        legends = {target["legendFormat"] for target in panel["targets"]}
        named = legends | (set(REASONS) if "{{reason}}" in legends else set())
        refs = {target["refId"] for target in panel["targets"]}
        for matcher in (o["matcher"] for o in panel["fieldConfig"]["overrides"]):
            assert matcher["options"] in (refs if matcher["id"] == "byFrameRefID" else named)


@each_dashboard
def test_the_data_source_is_always_the_variable(dashboard: Json) -> None:
    """One choice moves every panel, variable and annotation."""
    wanted = {"type": "prometheus", "uid": "${datasource}"}
    for panel in queried(dashboard):
        assert panel["datasource"] == wanted
        assert all(target["datasource"] == wanted for target in panel["targets"])
    variables = dashboard["templating"]["list"]
    assert all(v["datasource"] == wanted for v in variables if v["type"] == "query")
    assert all(a["datasource"] == wanted for a in dashboard["annotations"]["list"])
    assert variables[0]["name"] == "datasource"
    assert variables[0]["current"]["value"] == DATASOURCE_UID


def test_the_data_source_is_the_provisioned_one() -> None:
    """The uid that dashboards start with is the one that provisioning makes."""
    path = ROOT / "grafana" / "provisioning" / "datasources" / "prometheus.yml"
    (source,) = yaml.safe_load(path.read_text(encoding="utf-8"))["datasources"]
    assert source["uid"] == DATASOURCE_UID
    assert source["editable"] is False


def test_provisioned_files_are_the_truth() -> None:
    """Nobody edits or deletes a dashboard in the browser."""
    path = ROOT / "grafana" / "provisioning" / "dashboards" / "status.yml"
    (provider,) = yaml.safe_load(path.read_text(encoding="utf-8"))["providers"]
    assert provider["folder"] == "Status"
    assert provider["allowUiUpdates"] is False
    assert provider["disableDeletion"] is True


@each_dashboard
def test_every_panel_has_a_title_a_description_and_a_unit(dashboard: Json) -> None:
    """A reader learns what a number is and where it comes from."""
    for panel in queried(dashboard):
        assert panel["title"], panel["id"]
        assert panel["description"], panel["title"]
        defaults = panel["fieldConfig"]["defaults"]
        assert panel["type"] == "table" or "mappings" in defaults or is_unit(defaults["unit"]), panel["title"]


@each_dashboard
def test_queries_have_distinct_names(dashboard: Json) -> None:
    """Two targets with one refId would overwrite each other."""
    for panel in queried(dashboard):
        refs = [target["refId"] for target in panel["targets"]]
        assert len(refs) == len(set(refs))


@each_dashboard
def test_links_lead_to_dashboards_that_exist_with_variables_they_have(dashboard: Json) -> None:
    """A click lands, and what it carries is understood there."""
    variables = {
        json.loads(path.read_text(encoding="utf-8"))["uid"]: {
            v["name"] for v in json.loads(path.read_text(encoding="utf-8"))["templating"]["list"]
        }
        for path in FILES
    }
    own = {v["name"] for v in dashboard["templating"]["list"]}
    for url in (text for text in strings(dashboard) if text.startswith("/d/")):
        uid, _, query = url.removeprefix("/d/").partition("?")
        assert uid in UIDS
        carried = set(re.findall(r"\$\{(\w+):queryparam\}", query))
        assert carried <= own, url
        named = set(re.findall(r"var-(\w+)=", query))
        assert carried | named <= variables[uid], url


@each_dashboard
def test_variables_in_queries_are_declared(dashboard: Json) -> None:
    """A misspelled variable would be sent to Prometheus as it stands."""
    declared = {v["name"] for v in dashboard["templating"]["list"]}
    macros = {"__interval", "__interval_ms", "__range", "__rate_interval", "__to"}
    for panel in queried(dashboard):
        for text in (*(target["expr"] for target in panel["targets"]), panel.get("interval", "")):
            used = {a or b for a, b in re.findall(r"\$([a-z_]\w*)|\$\{(\w+)", text)}
            assert used <= declared | macros, panel["title"]


@each_dashboard
def test_every_metric_is_declared(dashboard: Json) -> None:
    """The exporter exposes it, a rule records it, or Prometheus makes it itself."""
    known = declared_metrics() | MADE_BY_PROMETHEUS | MADE_BY_THE_CLIENT_LIBRARY
    for panel in queried(dashboard):
        for target in panel["targets"]:
            assert metrics_in(target["expr"]) <= known, panel["title"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            found = re.fullmatch(r"label_values\((.+), \w+\)", variable["definition"])
            assert found
            assert metrics_in(found[1]) <= known


def test_rules_use_declared_metrics() -> None:
    """No rule waits for a metric that nobody exposes."""
    for rule in rules():
        assert metrics_in(rule["expr"]) <= declared_metrics()


def test_rules_run_once_a_minute() -> None:
    """The shares divide by minutes."""
    (group,) = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    assert group["interval"] == "1m"
    assert all(re.fullmatch(r"[a-z]+:[a-z_]+:[a-z]+", rule["record"]) for rule in group["rules"])


PAGE_WIDTH = 1064
"""What a full-width table has of 1440 pixels: less the docked menu (300), paddings, borders and scrollbars."""


@each_dashboard
def test_tables_fit_a_page_of_1440_pixels(dashboard: Json) -> None:
    """No column is cut off or needs a horizontal scrollbar, even beside Grafana's menu."""
    for panel in queried(dashboard):
        if panel["type"] != "table":
            continue
        columns = [
            {item["id"]: item["value"] for item in override["properties"]}
            for override in panel["fieldConfig"]["overrides"]
        ]
        shown = [column for column in columns if not column.get("custom.hideFrom.viz")]
        fixed = sum(column.get("custom.width", 0) for column in shown)
        flexible = [column.get("custom.minWidth", 150) for column in shown if "custom.width" not in column]
        room = PAGE_WIDTH * panel["gridPos"]["w"] / 24
        share = (room - fixed) / max(1, len(flexible))
        assert fixed + sum(max(least, share) for least in flexible) <= room + 1, panel["title"]
        assert len(flexible) <= 2


def test_reasons_of_failures_have_words() -> None:
    """Every reason a connection can fail for is told in words; Consul's and providers' are not its business."""
    known = {error.reason for error in subclasses(errors.PollError)}
    known -= {error.reason for error in subclasses(errors.ProviderError) if error is not errors.ProviderError}
    of_consul = {"acl_denied", "acl_not_found", "acl_filtered", "empty_catalog", "no_leader", "no_path"}
    of_consul |= {"datacenter_taken"}
    assert set(REASONS) == known - of_consul


def subclasses(base: type[errors.PollError]) -> Iterator[type[errors.PollError]]:
    yield base
    for child in base.__subclasses__():
        yield from subclasses(child)


def rules() -> list[Json]:
    (group,) = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    found: list[Json] = group["rules"]
    return found


def declared_metrics() -> set[str]:
    """Names of the samples that the exporter and the rules make."""
    names = {rule["record"] for rule in rules()}
    of_kinds = [metric for kind in KINDS.values() for metric in kind.METRICS]
    for metric in (*CORE, *of_kinds):
        suffixes = ("_bucket", "_sum", "_count") if metric.type == "histogram" else ("",)
        names |= {metric.name + suffix for suffix in suffixes}
    return names


FUNCTIONS_AND_WORDS = {
    "and",
    "or",
    "unless",
    "by",
    "on",
    "ignoring",
    "group_left",
    "bool",
    "without",
    "offset",
    "end",
}


def metrics_in(expr: str) -> set[str]:
    """Names that stand where a metric can stand in PromQL: no labels, functions, groupings, strings or numbers."""
    bare = re.sub(r'`[^`]*`|"[^"]*"|\$\{[^}]*\}|\$\w+', " ", expr)
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|@ end\(\)", " ", bare)
    bare = re.sub(r"\b(by|on|ignoring|group_left|without)\s*\([^)]*\)", " ", bare)
    names = re.findall(r"(?<![\w.])([a-zA-Z_:][\w:]*)(?!\s*\(|[\w:])", bare)
    functions = {"sum", "count", "max", "min", "avg", "group", "topk", "bottomk", "count_values"}
    return set(names) - FUNCTIONS_AND_WORDS - functions
