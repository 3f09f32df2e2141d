"""Dashboards as the dialog *Import dashboard* and grafana.com want them: the data source is asked for."""

from typing import Any

from dashboards.grafana import Json

INPUT = "DS_PROMETHEUS"
_GRAFANA = "12.2.0"
_PANELS = {
    "stat": "Stat",
    "state-timeline": "State timeline",
    "table": "Table",
    "timeseries": "Time series",
}


def importable(dashboard: Json) -> Json:
    """Return the dashboard with `__inputs`: the answer becomes what its data source variable starts with."""
    return {
        "__inputs": [_input()],
        "__elements": {},
        "__requires": [_grafana(), _prometheus(), *_panels(dashboard)],
        "id": None,
        **dashboard,
        "templating": {"list": [_asked(variable) for variable in dashboard["templating"]["list"]]},
    }


def _input() -> Json:
    return {
        "name": INPUT,
        "label": "Prometheus",
        "description": "",
        "type": "datasource",
        "pluginId": "prometheus",
        "pluginName": "Prometheus",
    }


def _grafana() -> Json:
    return {"type": "grafana", "id": "grafana", "name": "Grafana", "version": _GRAFANA}


def _prometheus() -> Json:
    return {"type": "datasource", "id": "prometheus", "name": "Prometheus", "version": "1.0.0"}


def _panels(dashboard: Json) -> list[Json]:
    kinds = sorted({panel["type"] for panel in dashboard["panels"]} - {"row"})
    return [{"type": "panel", "id": kind, "name": _PANELS[kind], "version": ""} for kind in kinds]


def _asked(variable: Json) -> Json:
    """The variable that chooses the data source starts with the answer; Grafana writes it in the input's place."""
    if variable["type"] != "datasource":
        return variable
    answer: dict[str, Any] = {"text": f"${{{INPUT}}}", "value": f"${{{INPUT}}}"}
    return variable | {"current": variable["current"] | answer}
