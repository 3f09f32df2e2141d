"""Small dashboards, each with one flaw or none, to see that flaws are seen."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_DATASOURCE = {
    "type": "datasource",
    "name": "datasource",
    "label": "Источник",
    "query": "prometheus",
    "current": {"text": "Prometheus", "value": "prometheus"},
}
_RANKS = {"0": {"text": "critical"}, "1": {"text": "passing"}}
STATUSES = (
    'label_replace(vector(1), "name", "good", "", "") or label_replace(vector(0), "name", "bad", "", "")'
)


def dashboard(*panels: Json) -> Json:
    """A dashboard of these panels, one below the other."""
    placed = [
        {**panel, "id": n, "gridPos": {"x": 0, "y": 6 * n, "w": 24, "h": 6}} for n, panel in enumerate(panels)
    ]
    return {
        "uid": "small",
        "title": "Маленький",
        "schemaVersion": 42,
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [_DATASOURCE]},
        "panels": placed,
    }


def panel(kind: str, expr: str, *overrides: Json, **more: Any) -> Json:
    """A panel that asks one question."""
    target = {"refId": "A", "datasource": _SOURCE, "expr": expr, "instant": True, "legendFormat": "значение"}
    target["format"] = "table" if kind == "table" else "time_series"
    defaults: Json = more.pop("defaults", {})
    return {
        "type": kind,
        "title": "Панель",
        "datasource": _SOURCE,
        "targets": [target],
        "fieldConfig": {"defaults": defaults, "overrides": list(overrides)},
        "options": {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "none", "textMode": "value"},
        **more,
    }


def override(field: str, **properties: Any) -> Json:
    """What one field has of its own; `__` in a name stands for a dot."""
    values = [{"id": name.replace("__", "."), "value": value} for name, value in properties.items()]
    return {"matcher": {"id": "byName", "options": field}, "properties": values}


def table(expr: str, *overrides: Json, **more: Any) -> Json:
    """A table whose headers are translated."""
    names = {"Time": "Время", "Value": "Статус", "name": "Название"}
    shown = {"id": "organize", "options": {"renameByName": names, "excludeByName": {"Time": True}}}
    return panel("table", expr, *overrides, transformations=[shown], **more)


def chart(kind: str, expr: str) -> Json:
    """A chart of an hour, with its legend."""
    drawn = panel(kind, expr)
    drawn["targets"][0] |= {"instant": False, "range": True}
    legend = {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []}
    return drawn | {"options": {"legend": legend}}


_DARK = {"mode": "fixed", "fixedColor": "#1F3A5F"}
_WORDS = override("Статус", mappings=[{"type": "value", "options": _RANKS}])
GOOD: Mapping[str, Json] = {
    "a stat": panel("stat", "vector(5)"),
    "a gauge": panel("gauge", "vector(5)", defaults={"min": 0, "max": 10, "color": _DARK}),
    "a bar gauge": panel("bargauge", "vector(5)", defaults={"min": 0, "max": 10, "color": _DARK}),
    "a table": table(f"sort({STATUSES})", _WORDS),
    "a chart": chart("timeseries", "vector(5)"),
    "a timeline": chart("state-timeline", "vector(5)"),
    "words for no value": panel("stat", "vector(5) > 9", defaults={"noValue": "Ничего нет"}),
}
FLAWS: Mapping[str, tuple[Json, str]] = {
    "a query that fails": (panel("stat", "no such ) query"), "Панель: query failed: bad_data: "),
    "no data": (panel("stat", "vector(5) > 9"), "Панель: No data"),
    "an empty panel": (panel("stat", "vector(5)", options={"textMode": "none"}), "Панель: empty"),
    "a type of panel that there isn't": (
        panel("canvas3d", "vector(5)"),
        "error: Error: there is no panel of type canvas3d",
    ),
    "a transformation that there isn't": (
        panel("table", "vector(5)", transformations=[{"id": "nosuch", "options": {}}]),
        'error: Error: "nosuch" not found',
    ),
    "an override that is ignored": (
        table(STATUSES, override("Название", custom__tooltip={"field": "Статус"})),
        "Панель: Grafana ignores the override custom.tooltip",
    ),
    "a header that is not translated": (
        panel("table", "vector(5)"),
        "header is not translated: Value",
    ),
    "the best first": (table(f"sort_desc({STATUSES})", _WORDS), "Панель: critical stands below passing"),
    "a column that is too narrow": (
        table(
            'label_replace(vector(1), "name", "a rather long name", "", "")',
            override("Название", custom__width=60),
        ),
        "Панель: cut off, ",
    ),
    "a title that is too long": (
        panel("stat", "vector(5)", title="Очень длинный заголовок " * 20),
        ": cut off, ",
    ),
    "colours that are too near": (
        table(
            'label_replace(vector(1), "name", "faint", "", "")',
            override(
                "Статус",
                color={"mode": "fixed", "fixedColor": "#FADE2A"},
                custom__cellOptions={"type": "color-text"},
            ),
        ),
        "Панель: contrast 1.",
    ),
    "a link with a variable left over": (
        table(STATUSES, override("Название", links=[{"title": "-", "url": "/d/x?var=${nosuch}"}])),
        "Панель: link /d/x?var=$",
    ),
}
