"""Grafana's JSON (classic model, schemaVersion 42) from small builders."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from dashboards.layout import COLUMNS, packed
from dashboards.look import DEFAULT_REFRESH, FOLDER_TAG, REFRESH_INTERVALS
from languages.language import Words

Json = dict[str, Any]

DATASOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}


class Frame(NamedTuple):
    """A panel's id, which never changes, its title and description, its width and height on the grid of 24 columns."""

    id: int
    title: str
    about: str
    width: int
    height: int


def frame(text: Words, panel_id: int, key: str, width: int, height: int, *, about: str = "") -> Frame:
    """The frame of a panel whose title is the word `key`, and its description `key.about` or that of another key."""
    return Frame(panel_id, text[key], text[f"{about or key}.about"], width, height)


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


def number(expr: str) -> list[Json]:
    """One query of the present value."""
    return [target("A", expr, instant=True)]


def series(expressions: Mapping[str, str], *, instant: bool = False) -> list[Json]:
    """One query per legend, called A, B, C …"""
    named = enumerate(expressions.items())
    return [target(chr(ord("A") + n), expr, legend=legend, instant=instant) for n, (legend, expr) in named]


def rows(expressions: Mapping[str, str]) -> list[Json]:
    """One query per name, each giving the rows of a table as they are now."""
    return [target(ref, expr, table=True, instant=True) for ref, expr in expressions.items()]


def panel(kind: str, frame: Frame, targets: list[Json]) -> Json:
    """What every panel has; the builders of panels.py and table.py add the rest, layout.py its place."""
    return {
        "id": frame.id,
        "type": kind,
        "title": frame.title,
        "description": frame.about,
        "datasource": DATASOURCE,
        "gridPos": {"x": 0, "y": 0, "w": frame.width, "h": frame.height},
        "pluginVersion": "12.4.0",
        "targets": targets,
        "fieldConfig": {"defaults": {}, "overrides": []},
        "options": {},
    }


def heading(panel_id: int, title: str) -> Json:
    """A line between panels."""
    return {
        "id": panel_id,
        "type": "row",
        "title": title,
        "collapsed": False,
        "gridPos": {"x": 0, "y": 0, "w": COLUMNS, "h": 1},
        "panels": [],
    }


def override(name: str, **properties: Any) -> Json:
    """Settings of the field with this name; `custom__width` stands for `custom.width`."""
    found = [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()]
    return {"matcher": {"id": "byName", "options": name}, "properties": found}


def override_of(ref: str, **properties: Any) -> Json:
    """Settings of every field that one query brings."""
    return {**override("", **properties), "matcher": {"id": "byFrameRefID", "options": ref}}


def fixed(color: str) -> Json:
    """One colour whatever the value."""
    return {"mode": "fixed", "fixedColor": color}


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


def graded(*steps: tuple[float | None, str]) -> Json:
    """Colours from a value on; the first step has None."""
    return {
        "color": {"mode": "thresholds"},
        "thresholds": {
            "mode": "absolute",
            "steps": [{"value": value, "color": color} for value, color in steps],
        },
    }


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
    """A whole dashboard, as provisioning reads it; the panels stand in the order given."""
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
        "panels": packed(panels),
    }
