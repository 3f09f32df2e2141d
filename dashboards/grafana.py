"""Grafana's JSON (classic model, schemaVersion 42) from small builders."""

from collections.abc import Iterable, Sequence
from typing import Any

from dashboards.look import (
    DATASOURCE_UID,
    DEFAULT_REFRESH,
    DEFAULT_WINDOW,
    FOLDER_TAG,
    REFRESH_INTERVALS,
    WINDOWS,
)

Json = dict[str, Any]
Place = tuple[int, int, int, int]
"""x, y, width, height on the grid of 24 columns."""

DATASOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}


def target(
    ref: str, expr: str, *, legend: str = "__auto", table: bool = False, instant: bool = False
) -> Json:
    """One query; `table` gives one row per series (and time), else one series per legend."""
    return {
        "refId": ref,
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": expr,
        "legendFormat": legend,
        "format": "table" if table else "time_series",
        "instant": instant,
        "range": not instant,
        "exemplar": False,
    }


def panel(kind: str, panel_id: int, title: str, description: str, place: Place, targets: list[Json]) -> Json:
    """What every panel has; the builders of panels.py and table.py add the rest."""
    x, y, width, height = place
    return {
        "id": panel_id,
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "gridPos": {"x": x, "y": y, "w": width, "h": height},
        "pluginVersion": "12.4.0",
        "targets": targets,
        "fieldConfig": {"defaults": {}, "overrides": []},
        "options": {},
    }


def row(panel_id: int, title: str, y: int) -> Json:
    """A heading between panels."""
    return {
        "id": panel_id,
        "type": "row",
        "title": title,
        "collapsed": False,
        "gridPos": {"x": 0, "y": y, "w": 24, "h": 1},
        "panels": [],
    }


def override(name: str, **properties: Any) -> Json:
    """Settings of the field with this name; `custom__width` stands for `custom.width`."""
    found = [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()]
    return {"matcher": {"id": "byName", "options": name}, "properties": found}


def value_mapping(results: Iterable[tuple[str, str, str]]) -> Json:
    """Show values as words: (value, text, colour), in the order of the legend."""
    options = {
        value: {"index": index, "text": text, **({"color": color} if color else {})}
        for index, (value, text, color) in enumerate(results)
    }
    return {"type": "value", "options": options}


def regex_mapping(pattern: str, text: str, index: int = 0) -> Json:
    """Show what matches the pattern as `text`, in which `$1` is the first group."""
    return {"type": "regex", "options": {"pattern": pattern, "result": {"index": index, "text": text}}}


def null_mapping(text: str, color: str, index: int = 99) -> Json:
    """Show what has no value."""
    result = {"index": index, "text": text, "color": color}
    return {"type": "special", "options": {"match": "null+nan", "result": result}}


def thresholds(*steps: tuple[float | None, str]) -> Json:
    """Colours from a value on; the first step has None."""
    return {"mode": "absolute", "steps": [{"value": value, "color": color} for value, color in steps]}


def link(title: str, url: str, *, new_tab: bool = False) -> Json:
    """A link of a cell or a series."""
    return {"title": title, "url": url, "targetBlank": new_tab}


def page_link(title: str, uid: str, keep: Sequence[str], tooltip: str) -> Json:
    """A link above the dashboard to another one; time and the variables in `keep` go along."""
    query = "&".join(f"${{{name}:queryparam}}" for name in keep)
    return {
        "type": "link",
        "title": title,
        "tooltip": tooltip,
        "url": f"/d/{uid}?{query}",
        "icon": "dashboard",
        "keepTime": True,
        "includeVars": False,
        "asDropdown": False,
        "targetBlank": False,
        "tags": [],
    }


def datasource_variable(label: str) -> Json:
    """Which Prometheus the dashboard asks."""
    return {
        "type": "datasource",
        "name": "datasource",
        "label": label,
        "query": "prometheus",
        "regex": "",
        "refresh": 1,
        "hide": 0,
        "multi": False,
        "includeAll": False,
        "skipUrlSync": False,
        "options": [],
        "current": {"selected": True, "text": "Prometheus", "value": DATASOURCE_UID},
    }


def window_variable(label: str) -> Json:
    """Width of the bars."""
    return {
        "type": "interval",
        "name": "window",
        "label": label,
        "query": ",".join(WINDOWS),
        "auto": False,
        "auto_count": 30,
        "auto_min": "10s",
        "refresh": 2,
        "hide": 0,
        "skipUrlSync": False,
        "options": [_option(value, value, value == DEFAULT_WINDOW) for value in WINDOWS],
        "current": _option(DEFAULT_WINDOW, DEFAULT_WINDOW, True),
    }


def query_variable(
    name: str, label: str, query: str, *, multi: bool, all_text: str = "All", regex: str = "", hide: int = 0
) -> Json:
    """Values of a label; `multi` also offers all of them."""
    every: Json = {"selected": True, "text": [all_text], "value": ["$__all"]}
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": DATASOURCE,
        "query": {"qryType": 1, "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
        "definition": query,
        "regex": regex,
        "refresh": 2,
        "sort": 5,
        "hide": hide,
        "multi": multi,
        "includeAll": multi,
        "allValue": ".*" if multi else None,
        "skipUrlSync": False,
        "options": [],
        "current": every if multi else {},
    }


def choice_variable(
    name: str, label: str, choices: Sequence[tuple[str, str]], all_text: str, hide: int = 0
) -> Json:
    """Some of (text, value), or all."""
    every = {"selected": True, "text": [all_text], "value": ["$__all"]}
    options = [_option(all_text, "$__all", True), *(_option(text, value) for text, value in choices)]
    return {
        "type": "custom",
        "name": name,
        "label": label,
        "query": ", ".join(f"{text} : {value}" for text, value in choices),
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "hide": hide,
        "skipUrlSync": False,
        "options": options,
        "current": every,
    }


def text_variable(name: str, label: str, hide: int = 0) -> Json:
    """A box to type into."""
    return {
        "type": "textbox",
        "name": name,
        "label": label,
        "query": "",
        "hide": hide,
        "skipUrlSync": False,
        "options": [_option("", "", True)],
        "current": _option("", "", True),
    }


def constant_variable(name: str, value: str) -> Json:
    """A value that the administrator may change in the generator, and nobody sees."""
    return {
        "type": "constant",
        "name": name,
        "label": name,
        "query": value,
        "hide": 2,
        "skipUrlSync": True,
        "options": [_option(value, value, True)],
        "current": _option(value, value, True),
    }


def _option(text: str, value: str, selected: bool = False) -> Json:
    return {"selected": selected, "text": text, "value": value}


def annotation(name: str, expr: str, text: str) -> Json:
    """Alerts drawn over the charts."""
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": True,
        "hide": False,
        "iconColor": "red",
        "expr": expr,
        "step": "60s",
        "titleFormat": "{{alertname}}",
        "textFormat": text,
        "tagKeys": "severity",
        "useValueForTime": False,
    }


def dashboard(
    uid: str,
    title: str,
    description: str,
    *,
    variables: list[Json],
    annotations: list[Json],
    links: list[Json],
    panels: list[Json],
) -> Json:
    """A whole dashboard, as provisioning reads it."""
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "schemaVersion": 42,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "tags": [FOLDER_TAG],
        "timezone": "browser",
        "weekStart": "",
        "fiscalYearStartMonth": 0,
        "liveNow": False,
        "preload": False,
        "time": {"from": "now-24h", "to": "now"},
        "refresh": DEFAULT_REFRESH,
        "timepicker": {"refresh_intervals": list(REFRESH_INTERVALS)},
        "annotations": {"list": annotations},
        "links": links,
        "templating": {"list": variables},
        "panels": panels,
    }
