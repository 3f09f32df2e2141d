"""The kinds of panel that several dashboards use."""

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.grafana import (
    Json,
    Place,
    link,
    null_mapping,
    override,
    panel,
    regex_mapping,
    target,
    thresholds,
    value_mapping,
)
from dashboards.history import COLUMN_WIDTH, mappings
from dashboards.look import (
    BLUE,
    CONNECTION_STATES,
    FAINT,
    GREEN,
    GREY,
    ICONS,
    NO_DATA,
    OTHER_ICON,
    RED,
    SERVICE_STATES,
    YELLOW,
    State,
    worst_first,
)
from dashboards.table import Column, table

Texts = Mapping[str, str]

STATUS_WIDTHS: Mapping[tuple[State, ...], int] = {SERVICE_STATES: 100, CONNECTION_STATES: 116}
GAUGE_WIDTH = 100
AGO_WIDTH, AGE_WIDTH = 136, 80


def state_mappings(states: tuple[State, ...], text: Texts, *, cell: bool = False) -> list[Json]:
    """The rank of a status as its word and colour; nothing is `no data`."""
    known = [
        (str(state.code), text[state.key], state.cell_color if cell else state.color)
        for state in worst_first(states)
    ]
    return [value_mapping(known), null_mapping(text[NO_DATA], GREY)]


def state_column(source: str, title: str, states: tuple[State, ...], text: Texts) -> Column:
    """A status as a coloured cell with its word."""
    properties = {
        "mappings": state_mappings(states, text, cell=True),
        "custom.cellOptions": {"type": "color-background", "mode": "basic"},
    }
    return Column(source, title, width=STATUS_WIDTHS[states], properties=properties)


def share_column(source: str, title: str) -> Column:
    """A percentage as a gauge with one decimal."""
    properties = {
        "unit": "percent",
        "decimals": 1,
        "min": 0,
        "max": 100,
        "color": {"mode": "thresholds"},
        "thresholds": thresholds((None, RED), (95, YELLOW), (99.5, GREEN)),
        "custom.cellOptions": {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"},
    }
    return Column(source, title, width=GAUGE_WIDTH, properties=properties)


def percent_column(source: str, title: str) -> Column:
    """A percentage with one decimal, in the colour of how good it is."""
    gauge = share_column(source, title).properties
    return Column(source, title, width=70, properties=gauge | {"custom.cellOptions": {"type": "color-text"}})


def history_column(title: str, states: tuple[State, ...], text: Texts, url: str = "") -> Column:
    """The bars of history.py; the whole cell may be a link."""
    words = {key: text[key] for key in (*(state.key for state in states), NO_DATA)}
    properties: dict[str, Any] = {
        "mappings": mappings(states, words, text["window_until"]),
        "custom.cellOptions": {"type": "markdown"},
    }
    if url:
        properties["links"] = [link(text["open_service"], url)]
    return Column("Value #H (allValues)", title, width=COLUMN_WIDTH, properties=properties)


def icon_column(source: str, title: str) -> Column:
    """A picture for each known word; a URL is shown as the picture it names."""
    known = value_mapping([(word, picture, "") for word, picture in ICONS.items()])
    other = regex_mapping("/^(?!https?:|data:).+$/", OTHER_ICON, 1)
    properties = {"noValue": "", "custom.cellOptions": {"type": "image"}, "mappings": [known, other]}
    return Column(source, title, width=50, properties=properties)


def ago_columns(source: str, hidden: str, title: str) -> list[Column]:
    """A time as "... ago" with the exact time in the tooltip: the same query twice, once hidden."""
    ago = {"unit": "dateTimeFromNow"} | _exact(hidden)
    return [Column(source, title, AGO_WIDTH, properties=ago), _time(hidden)]


def age_columns(source: str, hidden: str, title: str) -> list[Column]:
    """The same where there is little room: an age in seconds, with the exact time in the tooltip."""
    age = {"unit": "s", "decimals": 0} | _exact(hidden)
    return [Column(source, title, AGE_WIDTH, properties=age), _time(hidden)]


def _exact(hidden: str) -> dict[str, Any]:
    return {"custom.tooltip": {"field": hidden, "placement": "left"}}


def _time(hidden: str) -> Column:
    return Column(hidden, properties={"unit": "dateTimeAsLocal", "custom.width": 180})


def counts(
    panel_id: int, title: str, text: Texts, place: Place, tiles: Sequence[tuple[State, str, str]]
) -> Json:
    """A tile per status with how many are in it: (state, query, link)."""
    targets = [
        target(state.key.title().replace("_", ""), expr, legend=text[state.key], instant=True)
        for state, expr, _ in tiles
    ]
    result = stat(panel_id, title, text["counts.about"], place, targets)
    result["options"]["textMode"] = "value_and_name"
    result["fieldConfig"]["overrides"] = [
        override(
            text[state.key],
            color={"mode": "fixed", "fixedColor": state.color},
            links=[link(text["show_only"], url)],
            mappings=[value_mapping([("0", "0", FAINT)])],
        )
        for state, _, url in tiles
    ]
    return result


def stat(
    panel_id: int, title: str, description: str, place: Place, targets: list[Json], **defaults: Any
) -> Json:
    """Big numbers on coloured ground."""
    result = panel("stat", panel_id, title, description, place, targets)
    result["fieldConfig"]["defaults"] = {"unit": "none", "noValue": "–", **defaults}
    result["options"] = {
        "colorMode": "background_solid",
        "graphMode": "none",
        "justifyMode": "center",
        "orientation": "auto",
        "textMode": "value",
        "wideLayout": True,
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    return result


def plain_stat(
    panel_id: int, title: str, description: str, place: Place, targets: list[Json], **defaults: Any
) -> Json:
    """Big numbers that are neither good nor bad."""
    result = stat(panel_id, title, description, place, targets, **defaults)
    result["options"]["colorMode"] = "none"
    return result


def share_bars(
    panel_id: int, title: str, text: Texts, place: Place, shares: Sequence[tuple[State, str]], no_data: str
) -> Json:
    """Stacked bars, one per window, with Grafana's own tooltip; they always reach 100 %."""
    unknown = State(NO_DATA, FAINT, 0)
    parts = [*shares, (unknown, no_data)]
    targets = [target(chr(ord("A") + n), expr, legend=text[s.key]) for n, (s, expr) in enumerate(parts)]
    result = bars(panel_id, title, text["shares.about"], place, targets, unit="percent", decimals=1)
    result["fieldConfig"]["defaults"] |= {"min": 0, "max": 100}
    result["fieldConfig"]["overrides"] = [
        override(text[state.key], color={"mode": "fixed", "fixedColor": state.color}) for state, _ in parts
    ]
    return result


def bars(
    panel_id: int,
    title: str,
    description: str,
    place: Place,
    targets: list[Json],
    *,
    unit: str,
    decimals: int = 0,
    no_value: str = "",
) -> Json:
    """Stacked bars, one per window of the variable `window`."""
    result = chart(panel_id, title, description, place, targets, unit=unit, decimals=decimals)
    result["interval"] = "$window"
    result["maxDataPoints"] = 1000
    custom = result["fieldConfig"]["defaults"]["custom"]
    custom |= {
        "drawStyle": "bars",
        "lineWidth": 0,
        "fillOpacity": 100,
        "barAlignment": 0,
        "barWidthFactor": 0.9,
    }
    custom |= {"stacking": {"mode": "normal", "group": "A"}}
    if no_value:
        result["fieldConfig"]["defaults"]["noValue"] = no_value
    return result


def chart(
    panel_id: int,
    title: str,
    description: str,
    place: Place,
    targets: list[Json],
    *,
    unit: str,
    decimals: int | None = None,
) -> Json:
    """Lines over time."""
    result = panel("timeseries", panel_id, title, description, place, targets)
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
        "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
        "tooltip": {"mode": "multi", "sort": "none", "hideZeros": False},
    }
    return result


def timeline(
    panel_id: int, title: str, text: Texts, place: Place, expr: str, legend: str, states: tuple[State, ...]
) -> Json:
    """Who was in which status from when to when, minute by minute; gaps are `no data`."""
    result = panel(
        "state-timeline", panel_id, title, text["timeline.about"], place, [target("A", expr, legend=legend)]
    )
    result["interval"] = "1m"
    result["maxDataPoints"] = 2000
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
        "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom"},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return result


def alerts(panel_id: int, text: Texts, place: Place, expr: str, *, header: bool = True) -> Json:
    """Alerts that fire now, each with its runbook; `header` off saves a line where there is little room."""
    severities = [("critical", text["severity.critical"], RED), ("warning", text["severity.warning"], YELLOW)]
    severities.append(("info", text["severity.info"], BLUE))
    runbook = "${runbooks}/${__value.raw}.md"
    columns = [
        Column(
            "severity",
            text["severity"],
            width=88,
            properties={
                "mappings": [value_mapping(severities)],
                "custom.cellOptions": {"type": "color-background", "mode": "basic"},
            },
        ),
        Column(
            "alertname",
            text["alert"],
            width=212,
            properties={"links": [link(text["open_runbook"], runbook, new_tab=True)]},
        ),
        Column("subject", text["alert.subject"], min_width=90, properties={"custom.wrapText": True}),
        Column("Value"),
    ]
    result = table(
        panel_id,
        text["alerts"],
        text["alerts.about"],
        place,
        [target("A", expr, table=True, instant=True)],
        columns,
        sort=[("Value", True), (text["alert"], False)],
        no_rows=text["alerts.none"],
    )
    result["options"]["showHeader"] = header
    return result
