"""The kinds of panel that several dashboards use."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dashboards.columns import alert_columns, state_mappings
from dashboards.grafana import (
    Frame,
    Json,
    fixed,
    frame,
    link,
    override,
    panel,
    rows,
    series,
    target,
    value_mapping,
)
from dashboards.look import QUIET_GREY, UNKNOWN, State, worst_first
from dashboards.table import HISTORY_REF, Column, table
from languages.language import Words

LEGEND = {"showLegend": True, "displayMode": "list", "placement": "bottom"}
STACKED = {"stacking": {"mode": "normal", "group": "A"}}
WINDOWED = {"interval": "$window", "maxDataPoints": 1000}


def counts(
    uid: str,
    frame: Frame,
    text: Words,
    states: tuple[State, ...],
    count: Callable[[int], str],
    keep: Sequence[str],
) -> Json:
    """A tile per status with how many are in it; a click shows only those, and keeps the variables of `keep`."""
    kept = "".join(f"&${{{name}:queryparam}}" for name in ("datasource", "window", *keep))
    url = f"/d/{uid}?${{__url_time_range}}{kept}&var-status="
    tiles = worst_first(states)
    targets = [
        target(state.key.title().replace("_", ""), count(state.code), legend=text[state.key], instant=True)
        for state in tiles
    ]
    result = stat(frame, targets, names=True)
    result["fieldConfig"]["overrides"] = [
        override(
            text[state.key],
            color=fixed(state.cell),
            links=[link(text["show_only"], f"{url}{state.code}")],
            mappings=[value_mapping([("0", "0", QUIET_GREY)])],
        )
        for state in tiles
    ]
    return result


def stat(
    frame: Frame, targets: list[Json], *, names: bool = False, colored: bool = True, **defaults: Any
) -> Json:
    """Big numbers, on coloured ground unless they are neither good nor bad; `names` shows their legends."""
    result = panel("stat", frame, targets)
    result["fieldConfig"]["defaults"] = {"unit": "none", "noValue": "–", **defaults}
    result["options"] = {
        "colorMode": "background_solid" if colored else "none",
        "graphMode": "none",
        "justifyMode": "center",
        "orientation": "auto",
        "textMode": "value_and_name" if names else "value",
        "wideLayout": True,
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    return result


def history_table(
    frame: Frame, expressions: Mapping[str, str], history: str, columns: Sequence[Column], **rest: Any
) -> Json:
    """A table of the last 24 hours, whatever range is shown, with the bars of history.py."""
    targets = [*rows(expressions), target(HISTORY_REF, history, table=True)]
    result = table(frame, targets, columns, **rest)
    return result | WINDOWED | {"timeFrom": "24h", "hideTimeOverride": True}


def share_bars(frame: Frame, text: Words, shares: Sequence[tuple[State, str]], no_data: str) -> Json:
    """Stacked bars, one per window, with Grafana's own tooltip; they always reach 100 %."""
    parts = [*shares, (UNKNOWN, no_data)]
    result = bars(frame, {text[state.key]: expr for state, expr in parts}, unit="percent", decimals=1)
    result["fieldConfig"]["defaults"] |= {"min": 0, "max": 100}
    result["fieldConfig"]["overrides"] = state_colors([state for state, _ in parts], text)
    return result


def state_colors(states: Sequence[State], text: Words) -> list[Json]:
    """Each series in the colour of the status that it is called by."""
    return [override(text[state.key], color=fixed(state.color)) for state in states]


def bars(
    frame: Frame, expressions: Mapping[str, str], *, unit: str, decimals: int = 0, no_value: str = ""
) -> Json:
    """Stacked bars, one per window of the variable `window`."""
    result = chart(frame, expressions, unit=unit, decimals=decimals) | WINDOWED
    result["fieldConfig"]["defaults"]["custom"] |= {
        "drawStyle": "bars",
        "lineWidth": 0,
        "fillOpacity": 100,
        "barAlignment": 0,
        "barWidthFactor": 0.9,
        **STACKED,
    }
    if no_value:
        result["fieldConfig"]["defaults"]["noValue"] = no_value
    return result


def chart(frame: Frame, expressions: Mapping[str, str], *, unit: str, decimals: int | None = None) -> Json:
    """Lines over time, a query for each legend."""
    result = panel("timeseries", frame, series(expressions))
    defaults: Json = {
        "unit": unit,
        "min": 0,
        "color": {"mode": "palette-classic"},
        "custom": {
            "drawStyle": "line",
            "lineWidth": 2,
            "fillOpacity": 10,
            "gradientMode": "none",
            "showPoints": "never",
            "spanNulls": False,
            "stacking": {"mode": "none", "group": "A"},
            "axisPlacement": "auto",
            "axisBorderShow": False,
        },
    }
    result["fieldConfig"]["defaults"] = defaults | ({} if decimals is None else {"decimals": decimals})
    result["options"] = {
        "legend": {**LEGEND, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "none", "hideZeros": False},
    }
    return result


def timeline(frame: Frame, expressions: Mapping[str, str], states: tuple[State, ...], text: Words) -> Json:
    """Who was in which status from when to when, minute by minute; gaps are `no data`."""
    result = panel("state-timeline", frame, series(expressions))
    result |= {"interval": "1m", "maxDataPoints": 2000}
    result["fieldConfig"]["defaults"] = {
        "mappings": state_mappings(states, text),
        "color": {"mode": "palette-classic"},
        "custom": {"lineWidth": 0, "fillOpacity": 90, "spanNulls": False},
    }
    result["options"] = {
        "mergeValues": True,
        "showValue": "never",
        "alignValue": "left",
        "rowHeight": 0.8,
        "perPage": 12,
        "legend": LEGEND,
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return result


def alerts(panel_id: int, text: Words, width: int, height: int, expr: str, *, header: bool = True) -> Json:
    """Alerts that fire now, each with its runbook."""
    return table(
        frame(text, panel_id, "alerts", width, height),
        rows({"A": expr}),
        alert_columns(text),
        sort=[("Value", True), (text["alert"], False)],
        no_rows=text["alerts.none"],
        header=header,
    )
