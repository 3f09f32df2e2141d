"""From shares to numbers to the HTML of a cell: nothing over 100 %, no NaN, no shifted hour."""

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from html.parser import HTMLParser
from itertools import product
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.history import BAR_WIDTHS, COLUMN_WIDTH, local, mappings
from dashboards.look import SERVICE_STATES
from languages import LANGUAGES
from tests.dashboards.grafana_view import View
from tests.real import Prometheus

WINDOW_MINUTES = {1: 5, 2: 15, 3: 30, 4: 60}
CELL_PADDING = 13

Shares = tuple[Fraction, Fraction, Fraction, Fraction, Fraction]
"""passing, warning, critical, maintenance, no data, of 1."""

Window = tuple[Shares, datetime]
"""Shares, and the end."""


def parts(weights: list[int]) -> Shares:
    total = sum(weights) or 1
    first, *others = (Fraction(weight, total) for weight in weights)
    return (first if sum(weights) else Fraction(1), *others)  # type: ignore[return-value]  # always five of them


shares = st.one_of(
    st.lists(st.integers(0, 60), min_size=5, max_size=5).map(parts),
    st.sampled_from([parts([0] * n + [1] + [0] * (4 - n)) for n in range(5)]),
    st.lists(st.integers(0, 10**6), min_size=5, max_size=5).map(parts),
)
ends = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31, 23, 59)).map(
    lambda end: end.replace(minute=end.minute // 5 * 5)
)
windows = st.tuples(shares, ends)


def numbers(window: Window, width_class: int) -> tuple[int, int]:
    """What the query gives for a window, by the layout that history.py describes."""
    (passing, warning, critical, maintenance, no_data), end = window
    p, w, c, m = (int(1000 * share) for share in (passing, warning, critical, maintenance))
    n = ceil(1000 * no_data)
    date = end.year % 100 // 10 * 10**14 + end.month * 10**12
    time = end.year % 10 * 10**14 + 10_000 * end.day + 100 * end.hour + end.minute
    return (
        10**15 + date + p * 10**8 + w * 10**4 + c,
        width_class * 10**15 + time + m * 10**10 + n * 10**6,
    )


def cell(history: list[Window], width_class: int) -> str:
    """The string of a cell, as JavaScript joins the numbers."""
    found = [number for window in history for number in numbers(window, width_class)]
    assert all(float(number) == number < 2**53 for number in found)
    return ",".join(f"{float(number):.0f}" for number in found)


def mapping(width_class: int, language: str = "en") -> dict[str, Any]:
    """The value mapping of a width class."""
    text = LANGUAGES[language].dashboards
    found: dict[str, Any] = mappings(SERVICE_STATES, text)[width_class - 1]
    return {"pattern": found["options"]["pattern"], "text": found["options"]["result"]["text"]}


def in_python(value: str, rule: dict[str, Any]) -> str:
    """What `value.replace(pattern, text)` gives in JavaScript."""
    pattern = rule["pattern"].removeprefix("/").removesuffix("/g")
    template = re.sub(r"\$(\d+)", r"\\g<\1>", rule["text"])
    return re.sub(pattern, template, value)


class Bars(HTMLParser):
    """The bars of a cell: their titles and styles; anything else is an error."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.bars: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag == "abbr"
        found = dict(attrs)
        assert found.keys() == {"title", "style"}
        self.bars.append((str(found["title"]), str(found["style"])))

    def handle_data(self, data: str) -> None:
        raise AssertionError(f"not turned into bars: {data}")


def percentages(title: str) -> list[Fraction]:
    """The percentages of a tooltip, in its order."""
    return [Fraction(number) / 100 for number in re.findall(r" (\d+\.\d)%", title.replace(",", "."))]


@given(st.lists(windows, min_size=1, max_size=6), st.sampled_from(sorted(BAR_WIDTHS)))
def test_a_tooltip_says_the_shares_to_a_tenth_of_a_percent(history: list[Window], width_class: int) -> None:
    """Each is right to 0.1 points, and together they are never more than 100 %."""
    bars = Bars(in_python(cell(history, width_class), mapping(width_class))).bars
    assert len(bars) == len(history)
    for (title, _), (truth, *_) in zip(bars, history, strict=True):
        said = percentages(title)
        assert len(said) == 5
        assert sum(said) <= 1
        assert all(abs(t - s) < Fraction(1, 1000) for s, t in zip(said, truth, strict=True))


@given(windows, st.sampled_from(sorted(BAR_WIDTHS)), st.sampled_from(sorted(LANGUAGES)))
def test_a_tooltip_names_the_end_of_the_window(window: Window, width_class: int, language: str) -> None:
    """Date and time stand as they were given, as the language writes them."""
    ((title, _),) = Bars(in_python(cell([window], width_class), mapping(width_class, language))).bars
    _, end = window
    year, month, day, time = end.strftime("%Y %m %d %H:%M").split()
    until = LANGUAGES[language].dashboards["window_until"].format(year=year, month=month, day=day, time=time)
    assert title.startswith(f"{until} · ")
    assert "NaN" not in title
    assert "$" not in title


@given(windows, st.sampled_from(sorted(BAR_WIDTHS)))
def test_a_bar_is_drawn_as_its_tooltip_says(window: Window, width_class: int) -> None:
    """The stripes end at the running sums of the percentages, and the last reaches the top."""
    ((title, style),) = Bars(in_python(cell([window], width_class), mapping(width_class))).bars
    ends = re.findall(r"(#\w+) 0 (?:calc\(([^)]*)\)|([\d.]+%))", style)
    sums = [sum(Fraction(n) for n in re.findall(r"[\d.]+", a or b)) / 100 for _, a, b in ends]
    *known, _ = percentages(title)
    assert sums == [sum(known[: n + 1]) for n in range(4)]
    assert [color for color, *_ in ends] == [state.color for state in SERVICE_STATES]
    assert f"width:{BAR_WIDTHS[width_class]}px" in style


def test_a_day_of_bars_fits_the_column() -> None:
    """No window breaks the row into two lines."""
    for width_class, minutes in WINDOW_MINUTES.items():
        assert BAR_WIDTHS[width_class] * (1440 // minutes + 1) <= COLUMN_WIDTH - CELL_PADDING


def test_sanitizing_leaves_the_bars_alone() -> None:
    """Only what Grafana's sanitizer lets pass is used: `abbr` with title and these properties, no url()."""
    allowed = {"display", "text-decoration", "border", "width", "height", "background"}
    for width_class, language in product(BAR_WIDTHS, LANGUAGES):
        text = mapping(width_class, language)["text"]
        style = re.search(r"style='([^']*)'", text)
        assert style
        assert {item.partition(":")[0] for item in style[1].split(";")} == allowed
        assert text.count("'") == 4
        assert "url(" not in text


NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="node is not at hand; Python's regular expressions stand in above")
def test_javascript_replaces_as_python_does() -> None:
    """What Grafana's JavaScript makes of a cell is what the other tests looked at."""
    extremes = [parts([0] * n + [1] + [0] * (4 - n)) for n in range(5)]
    mixed = [parts([a, b, c, d, e]) for a, b, c, d, e in product((0, 1, 7), repeat=5)]
    moments = [datetime(2026, 11, 25) + timedelta(minutes=5 * n) for n in range(len(extremes + mixed))]
    history = list(zip(extremes + mixed, moments, strict=True))
    cases = [(cell(history, k), mapping(k, language)) for k in BAR_WIDTHS for language in LANGUAGES]
    script = """
        const cases = JSON.parse(require('fs').readFileSync(0));
        const regex = p => { const m = p.match(/^\\/(.*)\\/([gimuy]*)$/s); return new RegExp(m[1], m[2]); };
        console.log(JSON.stringify(cases.map(([v, m]) => v.replace(regex(m.pattern), m.text))));
    """
    assert NODE
    done = subprocess.run(
        [NODE, "-e", script], input=json.dumps(cases), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [in_python(value, rule) for value, rule in cases]


ZONES = (
    "UTC",
    "Europe/Moscow",
    "Asia/Kolkata",
    "America/St_Johns",
    "America/Los_Angeles",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
)
MOMENTS = (
    datetime(2025, 6, 11, 12, 0, 59, tzinfo=UTC),
    datetime(2025, 6, 30, 23, 45, tzinfo=UTC),
    datetime(2026, 1, 1, 0, 15, tzinfo=UTC),
    datetime(2024, 2, 29, 4, 30, tzinfo=UTC),
)


@pytest.mark.parametrize("zone", ZONES)
def test_the_clock_is_that_of_the_browser(day: Prometheus, dashboards: dict[str, Any], zone: str) -> None:
    """In every zone, half hours and day borders included, PromQL's day and time are those of the wall clock."""
    for now, hours_ago in product(MOMENTS, (0, 1, 23)):
        view = View(dashboards["services"], int(now.timestamp()), zone=ZoneInfo(zone))
        then = int(now.timestamp()) // 300 * 300 - 3600 * hours_ago
        parts = "1e8 * year(@) + 1e6 * month(@) + 1e4 * day_of_month(@) + 100 * hour(@) + minute(@)"
        told = day.value(f"vector({view.interpolate(local(parts), 900, 86400)})", then)
        assert f"{told:.0f}" == datetime.fromtimestamp(then, ZoneInfo(zone)).strftime("%Y%m%d%H%M")
