"""What can be chosen above a dashboard, as Grafana's JSON."""

from collections.abc import Sequence
from typing import Any

from dashboards.grafana import DATASOURCE, Json
from dashboards.look import DATASOURCE_UID, DEFAULT_TARGET, DEFAULT_WINDOW, TARGETS, WINDOWS

SHOWN, HIDDEN = 0, 2
_EVERY = "$__all"


def datasource_variable(label: str) -> Json:
    """Which Prometheus the dashboard asks."""
    return {
        "type": "datasource",
        "name": "datasource",
        "label": label,
        "query": "prometheus",
        "regex": "",
        "refresh": 1,
        "hide": SHOWN,
        "multi": False,
        "includeAll": False,
        "skipUrlSync": False,
        "options": [],
        "current": _option("Prometheus", DATASOURCE_UID, True),
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
        "hide": SHOWN,
        "skipUrlSync": False,
        "options": [_option(value, value, value == DEFAULT_WINDOW) for value in WINDOWS],
        "current": _option(DEFAULT_WINDOW, DEFAULT_WINDOW, True),
    }


def query_variable(
    name: str, label: str, query: str, *, all_text: str = "", regex: str = "", hide: int = SHOWN
) -> Json:
    """Values of a label: one of them, or with `all_text` several and all of them."""
    multi = bool(all_text)
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
        "current": _all(all_text) if multi else {},
    }


def choice_variable(
    name: str, label: str, choices: Sequence[tuple[str, str]], all_text: str, hide: int = SHOWN
) -> Json:
    """Some of (text, value), or all."""
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
        "options": [_option(all_text, _EVERY, True), *(_option(text, value) for text, value in choices)],
        "current": _all(all_text),
    }


def target_variable(label: str) -> Json:
    """The percentage of time that is good enough."""
    return {
        "type": "custom",
        "name": "target",
        "label": label,
        "query": ",".join(TARGETS),
        "multi": False,
        "includeAll": False,
        "allValue": None,
        "hide": SHOWN,
        "skipUrlSync": False,
        "options": [_option(value, value, value == DEFAULT_TARGET) for value in TARGETS],
        "current": _option(DEFAULT_TARGET, DEFAULT_TARGET, True),
    }


def text_variable(name: str, label: str, hide: int = SHOWN) -> Json:
    """A box to type into."""
    return _of_one_value("textbox", name, label, "", hide, in_url=True)


def constant_variable(name: str, value: str) -> Json:
    """A value that the administrator may change in the generator, and nobody sees."""
    return _of_one_value("constant", name, name, value, HIDDEN, in_url=False)


def _of_one_value(kind: str, name: str, label: str, value: str, hide: int, *, in_url: bool) -> Json:
    return {
        "type": kind,
        "name": name,
        "label": label,
        "query": value,
        "hide": hide,
        "skipUrlSync": not in_url,
        "options": [_option(value, value, True)],
        "current": _option(value, value, True),
    }


def _all(text: str) -> dict[str, Any]:
    return {"selected": True, "text": [text], "value": [_EVERY]}


def _option(text: str, value: str, selected: bool = False) -> Json:
    return {"selected": selected, "text": text, "value": value}
