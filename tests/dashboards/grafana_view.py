"""What Grafana does to a dashboard before it asks Prometheus: variables, macros, range, step.

view = View(dashboard, now=1_750_000_000, choices={"service": ["web"]})
for request in view.requests(panel): ...
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

Json = dict[str, Any]
Choice = str | list[str]

VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)(?::([^}]+))?\}")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
SCRAPE_INTERVAL = 15
PIXELS = 1000
"""Width of a panel, which limits the points of a query where the panel sets no limit."""

ROUNDED = (
    1,
    2,
    5,
    10,
    15,
    20,
    30,
    60,
    120,
    300,
    600,
    900,
    1200,
    1800,
    3600,
    7200,
    10800,
    21600,
    43200,
    86400,
)


@dataclass(frozen=True)
class Request:
    """One query as Prometheus gets it; `step` is 0 for an instant query at `end`."""

    panel: int
    ref: str
    expr: str
    legend: str
    start: int
    end: int
    step: int


@dataclass
class View:
    """A dashboard that somebody looks at: the time now, the hours shown, what was chosen, where they are."""

    dashboard: Json
    now: int
    choices: Mapping[str, Choice] = field(default_factory=dict)
    hours: int = 24
    zone: tzinfo = UTC

    def panels(self) -> list[Json]:
        """Panels with queries."""
        return [panel for panel in self.dashboard["panels"] if panel["type"] != "row"]

    def panel(self, panel_id: int) -> Json:
        """The panel with this id."""
        found: list[Json] = [panel for panel in self.dashboard["panels"] if panel["id"] == panel_id]
        return found[0]

    def requests(self, panel: Json) -> Iterator[Request]:
        """The queries of a panel."""
        hours = duration(panel["timeFrom"]) // 3600 if "timeFrom" in panel else self.hours
        interval = self._interval(panel, hours * 3600)
        start, end = self.now - hours * 3600, self.now
        for target in panel["targets"]:
            expr = self.interpolate(target["expr"], interval, hours * 3600)
            if target["instant"]:
                yield Request(panel["id"], target["refId"], expr, target["legendFormat"], start, end, 0)
            else:
                aligned = start // interval * interval, end // interval * interval
                yield Request(panel["id"], target["refId"], expr, target["legendFormat"], *aligned, interval)

    def _interval(self, panel: Json, seconds: int) -> int:
        least = (
            duration(self.interpolate(panel["interval"], 0, seconds))
            if "interval" in panel
            else SCRAPE_INTERVAL
        )
        wanted = seconds / panel.get("maxDataPoints", PIXELS)
        return max(least, next(nice for nice in ROUNDED if nice * 1.25 >= wanted))

    def interpolate(self, text: str, interval: int, seconds: int) -> str:
        """Replace variables and macros; what is unknown stays, as `$1` of a regular expression."""
        macros = {
            "__interval": f"{interval}s",
            "__interval_ms": str(interval * 1000),
            "__range": f"{seconds}s",
            "__rate_interval": f"{max(interval + SCRAPE_INTERVAL, 4 * SCRAPE_INTERVAL)}s",
        }

        def replace(match: re.Match[str]) -> str:
            name, form = match[1] or match[2], match[3] or ""
            if name in macros:
                return macros[name]
            if name == "__to":
                return self._moment(form)
            chosen = self._chosen(name)
            return match[0] if chosen is None else formatted(chosen, form, self._is_list(name))

        return VARIABLE.sub(replace, text)

    def _moment(self, form: str) -> str:
        local = datetime.fromtimestamp(self.now, self.zone)
        return {
            "date:ms": str(self.now * 1000),
            "date:d": str((local.weekday() + 1) % 7),
            "date:H": str(local.hour),
            "date:m": str(local.minute),
        }[form]

    def _variable(self, name: str) -> Json | None:
        found = [v for v in self.dashboard["templating"]["list"] if v["name"] == name]
        return found[0] if found else None

    def _is_list(self, name: str) -> bool:
        variable = self._variable(name)
        return bool(variable and (variable.get("multi") or variable.get("includeAll")))

    def _chosen(self, name: str) -> Choice | None:
        variable = self._variable(name)
        if variable is None:
            return None
        chosen: Choice = self.choices.get(name, variable["current"].get("value", ""))
        if chosen in ("$__all", ["$__all"]):
            return All(variable["allValue"])
        return chosen


class All(str):
    """The value that stands for every choice; no format changes it."""


def formatted(value: Choice, form: str, is_list: bool) -> str:
    """A chosen value as the Prometheus data source (no form) or the form `regex` writes it."""
    if isinstance(value, All):
        return str(value)
    if form == "regex":
        return _one_of([re.sub(r"[\\^$*+?.()|\[\]{}/]", r"\\\g<0>", v) for v in _list(value)])
    if is_list:
        return _one_of([re.sub(r"[\\^$*+?.()|\[\]{}]", r"\\\\\g<0>", v) for v in _list(value)])
    assert isinstance(value, str)
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _list(value: Choice) -> list[str]:
    return [value] if isinstance(value, str) else value


def _one_of(values: list[str]) -> str:
    return values[0] if len(values) == 1 else f"({'|'.join(values)})"


def duration(text: str) -> int:
    """Seconds of a duration such as 15m."""
    return int(text[:-1]) * UNITS[text[-1]]
