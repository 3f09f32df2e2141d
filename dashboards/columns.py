"""The kinds of column that several tables use."""

from collections.abc import Mapping
from typing import Any

from dashboards.grafana import Json, link, null_mapping, regex_mapping, value_mapping
from dashboards.history import COLUMN_WIDTH, mappings
from dashboards.look import (
    CONNECTION_STATES,
    ICONS,
    LOUD_RED,
    LOUD_YELLOW,
    NO_DATA,
    OTHER_ICON,
    QUIET_BLUE,
    SERVICE_STATES,
    UNKNOWN,
    State,
    worst_first,
)
from dashboards.table import Column
from languages.language import Words

STATUS_WIDTHS: Mapping[tuple[State, ...], int] = {SERVICE_STATES: 100, CONNECTION_STATES: 115}
PERCENT_WIDTH = 70
AGO_WIDTH, AGE_WIDTH = 144, 77

PLAIN = {"custom.cellOptions": {"type": "color-text"}}
FILLED = {"custom.cellOptions": {"type": "color-background", "mode": "basic"}}
WRAPPED = {"custom.wrapText": True}
PERCENT: Json = {"unit": "percent", "decimals": 1}
STYLE = "style"
"""The field that holds the CSS of a percentage."""


def state_mappings(states: tuple[State, ...], text: Words, *, cell: bool = False) -> list[Json]:
    """The rank of a status as its word and colour; nothing is `no data`."""
    known = [
        (str(state.code), text[state.key], state.cell if cell else state.color)
        for state in worst_first(states)
    ]
    return [value_mapping(known), null_mapping(text[NO_DATA], UNKNOWN.cell if cell else UNKNOWN.color)]


def state_column(source: str, title: str, states: tuple[State, ...], text: Words) -> Column:
    """A status as a coloured cell with its word."""
    properties = {"mappings": state_mappings(states, text, cell=True)} | FILLED
    return Column(source, title, width=STATUS_WIDTHS[states], properties=properties)


def gauge_column(source: str, title: str, width: int, colors: Json, decimals: int) -> Column:
    """A percentage as a gauge."""
    percentage = {"unit": "percent", "decimals": decimals, "min": 0, "max": 100}
    gauge = {"custom.cellOptions": {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}}
    return Column(source, title, width=width, properties=percentage | colors | gauge)


def share_columns(source: str, counted: str, title: str, text: Words) -> list[Column]:
    """A percentage of time, marked where it is below the target; the tooltip says how many hours count."""
    marked = {"custom.styleField": STYLE}
    hours = {"unit": f"suffix:{text['hours_counted']}", "decimals": 1, "custom.width": 300}
    return [
        Column(source, title, width=PERCENT_WIDTH, properties=PERCENT | marked | _exact(counted)),
        Column(counted, properties=hours),
        Column(STYLE),
    ]


def history_column(title: str, states: tuple[State, ...], text: Words, url: str = "") -> Column:
    """The bars of history.py; the whole cell may be a link."""
    properties: dict[str, Any] = {
        "mappings": mappings(states, text),
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
    return Column(source, title, width=44, properties=properties)


def ago_columns(source: str, hidden: str, title: str) -> list[Column]:
    """A time as "... ago" with the exact time in the tooltip: the same query twice, once hidden."""
    ago = {"unit": "dateTimeFromNow"} | _exact(hidden)
    return [Column(source, title, AGO_WIDTH, properties=ago), _time(hidden)]


def age_columns(source: str, hidden: str, title: str, text: Words) -> list[Column]:
    """The same where there is little room: an age in seconds, with the exact time in the tooltip."""
    age = {"unit": text["unit.seconds"], "decimals": 0} | _exact(hidden)
    return [Column(source, title, AGE_WIDTH, properties=age), _time(hidden)]


def _exact(hidden: str) -> dict[str, Any]:
    return {"custom.tooltip.field": hidden, "custom.tooltip.placement": "left"}


def _time(hidden: str) -> Column:
    return Column(hidden, properties={"unit": "dateTimeAsLocal", "custom.width": 180})


def alert_columns(text: Words) -> list[Column]:
    """An alert's severity, its name linked to its runbook, what it is about; its rank sorts and is hidden."""
    levels = (("critical", LOUD_RED), ("warning", LOUD_YELLOW), ("info", QUIET_BLUE))
    words = value_mapping([(level, text[f"severity.{level}"], color) for level, color in levels])
    runbook = {"links": [link(text["open_runbook"], "${runbooks}/${__value.raw}.md", new_tab=True)]}
    return [
        Column("severity", text["severity"], width=100, properties={"mappings": [words]} | FILLED),
        Column("alertname", text["alert"], width=206, properties=runbook),
        Column("subject", text["alert.subject"], min_width=90, properties=WRAPPED),
        Column("Value"),
    ]
