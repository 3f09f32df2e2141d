"""The bars inside a table cell: one stacked bar per window, with a tooltip of its end and its shares.

A cell holds one string; a table query gives numbers. So the history query gives two numbers per row and window,
transformations join them to one string per row, and a value mapping turns each pair into one HTML element:

    1 PPPP WWWW CCCC       1st to 3rd status, in the order of look.py                                 (13 digits)
    K MMMM NNNN DD HH mm   width class, 4th status, no data, day, hour and minute of the window's end (15 digits)

Shares are tenths of a percent, 0000..1000; those of statuses are rounded down and that of `no data` up, so that what
is shown never adds up to more than 100 %. Both numbers are whole and below 2^53 (9.007e15): a double holds them
exactly. The pair stays together because Prometheus sorts series by their labels, of which the second has one more,
and Grafana sorts stably by time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.grafana import Json, regex_mapping
from dashboards.look import FAINT, State

BAR_WIDTHS = {1: 1, 2: 3, 3: 6, 4: 11}
"""Pixels of a bar by width class: up to 289, 97, 49 and 25 bars fill the same column."""

COLUMN_WIDTH = 307
BAR_HEIGHT = 20
_SHARE = r"(?:00(\d)|0(\d\d)|(\d{3}))(\d)"  # 0933 -> 93 and 3, without leading zeros
_FIRST_GROUPS = {"first": 1, "second": 5, "third": 9, "rest": 13, "no_data": 17}
_DAY, _HOUR, _MINUTE = "$21", "$22", "$23"

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
        lead = f"{_CLASS} * 1e14 + 1e9 + {local_time()}"
        return self.row.format(f'1e12 + {one} or label_replace({lead} + {two}, "{_TWIN}", "2", "", "")')

    def _sum(self, parts: str) -> str:
        """Add up parts of a number; 0 where there is none, for every subject of the last 24 hours."""
        ever = f"last_over_time({self._series(self.states[0].key)}[24h] @ end())"
        return f"(sum by ({self.subject}) ({parts}) or 0 * group by ({self.subject}) ({ever}))"

    def _series(self, status: str) -> str:
        return f'{self.rule}{{status="{status}",{self.selector}}}'

    def _tenths(self, status: str) -> str:
        return f"floor({_TENTHS} * (sum_over_time({self._series(status)}[$__interval]) > 0))"


def local_time() -> str:
    """PromQL of DDHHmm where the browser is.

    Grafana writes `${__to:date:...}` in the browser's zone, PromQL knows UTC: the difference, whatever it is
    (half hours too), moves every window's end. Where clocks change that day, the zone of the range's end counts.
    """
    end = "vector(${__to:date:ms} / 1000)"
    days = f"((${{__to:date:d}} - day_of_week({end}) + 10) % 7 - 3)"
    hours, minutes = f"${{__to:date:H}} - hour({end})", f"${{__to:date:m}} - minute({end})"
    offset = f"(86400 * {days} + 3600 * ({hours}) + 60 * ({minutes}))"
    local = f"vector(time()) + {offset}"
    return f"scalar(1e4 * day_of_month({local}) + 100 * hour({local}) + minute({local}))"


def mappings(states: tuple[State, ...], words: dict[str, str], until: str) -> list[Json]:
    """Value mappings that turn the string of a cell into bars, one for each width class.

    `words` names the states and `no_data`; `until` holds {day} and {time}.
    """
    return [
        regex_mapping(pattern(width_class), _bar(states, words, until, pixels), index)
        for index, (width_class, pixels) in enumerate(BAR_WIDTHS.items())
    ]


def pattern(width_class: int) -> str:
    """JavaScript regular expression of one pair of numbers; its groups are those of `_FIRST_GROUPS`."""
    time = r"(\d\d)(\d\d)(\d\d)"
    second_number = f"{width_class}{_SHARE}{_SHARE}{time}"
    return f"/(?:^|[,;])1{_SHARE}{_SHARE}{_SHARE}[,;]{second_number}(?=[,;]|$)/g"


def _bar(states: tuple[State, ...], words: dict[str, str], until: str, pixels: int) -> str:
    shares = [_percent(group) for group in ("first", "second", "third", "rest")]
    said = [f"{words[state.key]} {share}" for state, share in zip(states, shares, strict=True)]
    said.append(f"{words['no_data']} {_percent('no_data')}")
    title = " · ".join((until.format(day=_DAY, time=f"{_HOUR}:{_MINUTE}"), *said))
    background = _gradient([state.color for state in states], shares)
    style = f"display:inline-block;text-decoration:none;width:{pixels}px;height:{BAR_HEIGHT}px;background:{background}"
    return f"<abbr title='{title}' style='{style}'></abbr>"


def _percent(name: str) -> str:
    group = _FIRST_GROUPS[name]
    return f"${group}${group + 1}${group + 2}.${group + 3}%"


def _gradient(colors: Sequence[str], shares: Sequence[str]) -> str:
    """Hard-edged stripes from the bottom up; what is left to the top is `no data`."""
    stops: list[str] = []
    below: list[str] = []
    for color, share in zip(colors, shares, strict=True):
        below.append(share)
        height = share if len(below) == 1 else f"calc({' + '.join(below)})"
        stops.append(f"{color} 0 {height}")
    return f"linear-gradient(to top,{','.join(stops)},{FAINT} 0)"
