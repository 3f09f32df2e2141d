"""The bars inside a table cell: one stacked bar per window, with a tooltip of its end and its shares.

A cell holds one string; a table query gives numbers. So the history query gives two numbers per row and window,
transformations join them to one string per row, and a value mapping turns each pair into one HTML element:

    1 y MM PPPP WWWW CCCC      tens of the year, month, 1st to 3rd status in the order of look.py        (16 digits)
    K Y UUUU NNNN DD HH mm     width class, year, 4th status, no data, day, hour, minute                 (16 digits)

Year (of the century) to minute are those of the window's end.

Shares are tenths of a percent, 0000..1000; those of statuses are rounded down and that of `no data` up, so that what
is shown never adds up to more than 100 %. Both numbers are whole and below 2^53 (9.007e15): a double holds them
exactly. The pair stays together because Prometheus sorts series by their labels, of which the second has one more,
and Grafana sorts stably by time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.grafana import Json, regex_mapping
from dashboards.look import FAINT, NO_DATA, State
from languages.language import Words

BAR_WIDTHS = {1: 1, 2: 3, 3: 6, 4: 11}
"""Pixels of a bar by width class: up to 289, 97, 49 and 25 bars fill the same column."""

COLUMN_WIDTH = 307
BAR_HEIGHT = 20
_SHARE = r"(?:00(\d)|0(\d\d)|(\d{3}))(\d)"  # 0933 -> 93 and 3, without leading zeros
_FIRST_GROUPS = {"first": 3, "second": 7, "third": 11, "rest": 16, "no_data": 20}
_MOMENT = {"year": "20$1$15", "month": "$2", "day": "$24", "time": "$25:$26"}

_TWIN = "twin"
"""Label that tells the second number from the first; its name comes after those of all other labels."""

_CLASS = "(1 + ($__interval_ms >= bool 900000) + ($__interval_ms >= bool 1800000) + ($__interval_ms >= bool 3600000))"

_TENTHS = "60000000.06 / $__interval_ms"
"""Tenths of a percent per sample, one a minute; the tiny excess takes back what adding up thirds loses."""


@dataclass(frozen=True)
class History:
    """What is drawn: a recording rule sampled once a minute, the labels of its subjects, and how a row is named.

    A status of which a window has nothing is dropped early: most have nothing most of the time.
    """

    rule: str
    states: tuple[State, State, State, State]
    selector: str
    subject: str
    row: str

    def query(self) -> str:
        """PromQL of both numbers of every row and window, `no data` where nothing was sampled."""
        first, second, third, rest = (state.key for state in self.states)
        known = f"floor({_TENTHS} * count_over_time({self._series(first)}[$__interval]))"
        one = self._sum(
            f"1e8 * {self._tenths(first)} or 1e4 * {self._tenths(second)} or {self._tenths(third)}"
        )
        two = self._sum(f"1e10 * {self._tenths(rest)} or -1e6 * {known}")
        date = f"1e15 + {local('floor((year(@) - 2000) / 10) * 1e14 + month(@) * 1e12')}"
        time = f"{_CLASS} * 1e15 + 1e9 + {local('year(@) % 10 * 1e14 + 1e4 * day_of_month(@) + 100 * hour(@) + minute(@)')}"
        return self.row.format(f'{date} + {one} or label_replace({time} + {two}, "{_TWIN}", "2", "", "")')

    def _sum(self, parts: str) -> str:
        """Add up parts of a number; 0 where there is none, for every subject of the last 24 hours."""
        ever = f"last_over_time({self._series(self.states[0].key)}[24h] @ end())"
        return f"(sum by ({self.subject}) ({parts}) or 0 * group by ({self.subject}) ({ever}))"

    def _series(self, status: str) -> str:
        return f'{self.rule}{{status="{status}",{self.selector}}}'

    def _tenths(self, status: str) -> str:
        return f"floor({_TENTHS} * (sum_over_time({self._series(status)}[$__interval]) > 0))"


def local(expr: str) -> str:
    """PromQL of what `expr` says of the moment @ where the browser is.

    Grafana writes `${__to:date:...}` in the browser's zone, PromQL knows UTC: the difference, whatever it is
    (half hours too), moves every window's end. Where clocks change that day, the zone of the range's end counts.
    """
    end = "vector(${__to:date:ms} / 1000)"
    days = f"((${{__to:date:d}} - day_of_week({end}) + 10) % 7 - 3)"
    hours, minutes = f"${{__to:date:H}} - hour({end})", f"${{__to:date:m}} - minute({end})"
    offset = f"(86400 * {days} + 3600 * ({hours}) + 60 * ({minutes}))"
    return f"scalar({expr.replace('@', f'vector(time()) + {offset}')})"


def mappings(states: tuple[State, ...], text: Words) -> list[Json]:
    """Value mappings that turn the string of a cell into bars, one for each width class."""
    return [
        regex_mapping(pattern(width_class), _bar(states, text, pixels), index)
        for index, (width_class, pixels) in enumerate(BAR_WIDTHS.items())
    ]


def pattern(width_class: int) -> str:
    """JavaScript regular expression of one pair of numbers; its groups are those of `_FIRST_GROUPS`."""
    time = r"(\d\d)(\d\d)(\d\d)"
    first_number = rf"1(\d)(\d\d){_SHARE}{_SHARE}{_SHARE}"
    second_number = rf"{width_class}(\d){_SHARE}{_SHARE}{time}"
    return f"/(?:^|[,;]){first_number}[,;]{second_number}(?=[,;]|$)/g"


def _bar(states: tuple[State, ...], text: Words, pixels: int) -> str:
    names = (*(state.key for state in states), NO_DATA)
    said = (
        f"{text[name]} {_percent(group, text['decimal'])}"
        for name, group in zip(names, _FIRST_GROUPS, strict=True)
    )
    title = " · ".join((text["window_until"].format(**_MOMENT), *said))
    shares = [_percent(group) for group in _FIRST_GROUPS if group != NO_DATA]
    background = _gradient([state.color for state in states], shares)
    style = f"display:inline-block;text-decoration:none;border:0;width:{pixels}px;height:{BAR_HEIGHT}px;background:{background}"
    return f"<abbr title='{title}' style='{style}'></abbr>"


def _percent(name: str, decimal: str = ".") -> str:
    group = _FIRST_GROUPS[name]
    return f"${group}${group + 1}${group + 2}{decimal}${group + 3}%"


def _gradient(colors: Sequence[str], shares: Sequence[str]) -> str:
    """Hard-edged stripes from the bottom up; what is left to the top is `no data`."""
    stops: list[str] = []
    below: list[str] = []
    for color, share in zip(colors, shares, strict=True):
        below.append(share)
        height = share if len(below) == 1 else f"calc({' + '.join(below)})"
        stops.append(f"{color} 0 {height}")
    return f"linear-gradient(to top,{','.join(stops)},{FAINT} 0)"
