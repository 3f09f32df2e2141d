"""VictoriaMetrics in Prometheus' place: vmalert records the same day, and every panel of every dashboard tells the same."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.dashboards.asking import Asked
from tests.dashboards.conftest import DASHBOARDS, RULES
from tests.dashboards.grafana_view import Json, Request, View
from tests.dashboards.world import END, START, TARGET, openmetrics
from tests.real import Prometheus
from tests.real.missing import component
from tests.real.victoria import VictoriaMetrics

DEAD = (400, 500)
"""Minutes during which the second exporter was not there."""
NAMES = sorted(path.stem for path in (DASHBOARDS / "en").glob("*.json"))
CHOICES = {"datacenter": "dc1", "service": "web"}
NEAR = 0.5
"""Percentage points, or whatever the unit is."""
COUNTED = 1
"""`increase` of Prometheus guesses what happens at the ends of a window; that of VictoriaMetrics counts."""
PACKED = 1e14
"""Numbers from here on are digits in groups (see test_history_cell.py), which must be the same."""

Told = dict[tuple[tuple[str, str], ...], dict[int, float]]


@pytest.fixture(scope="module")
def victoria(day: Prometheus, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VictoriaMetrics]:
    """The same samples, and the same rules evaluated at the same times."""
    second = second_of(day)
    with recorded(tmp_path_factory.mktemp("victoria"), second, openmetrics()) as server:
        yield server


@pytest.fixture(scope="module")
def two(day: Prometheus, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VictoriaMetrics]:
    """The same, told by two exporters, one of which was dead for a while."""
    second = second_of(day)
    with recorded(tmp_path_factory.mktemp("two"), second, openmetrics(), other()) as server:
        yield server


def other() -> Iterator[str]:
    """What a second exporter told; when it came back, its counters began anew."""
    died, back = (START + 60 * minute for minute in DEAD)
    before: dict[str, float] = {}
    for name, value, at in (line.rsplit(" ", 2) for line in openmetrics() if not line.startswith("#")):
        if int(at) < back:
            before[name] = float(value)
        anew = int(at) >= back and name.partition("{")[0].endswith("_total")
        told = float(value) - (before.get(name, 0) if anew else 0)
        if not died <= int(at) < back:
            yield f"{name.replace(TARGET['instance'], 'other:10117')} {told} {at}"


@contextmanager
def recorded(folder: Path, second: float, *told: Iterator[str]) -> Iterator[VictoriaMetrics]:
    """Evaluate the recording rules at a second of each minute."""
    server = VictoriaMetrics(component("victoria-metrics"), folder, {})
    try:
        server.start("-search.maxLookback=30s", "-search.disableCache")
        for exporter in told:
            server.write(exporter)
        server.replay(component("vmalert"), RULES, START - 3600 + second, END + 60)
        server.stop()
        server.start("-search.maxLookback=60s", "-search.disableCache")
        yield server
    finally:
        server.stop()


def second_of(day: Prometheus) -> float:
    """The second of the minute that Prometheus chose for the rules."""
    return day.value('timestamp(datacenter:service_status:count{datacenter="dc1"})', START + 3600) % 60


def told(server: Prometheus, view: View, request: Request) -> Told:
    answers = Asked(server, view).run(request)
    return {tuple(sorted(answer.labels.items())): dict(answer.values) for answer in answers}


def differences(here: Told, there: Told, counts: bool) -> Iterator[str]:
    """What one tells otherwise than the other."""
    for labels in sorted(here.keys() ^ there.keys()):
        yield f"{dict(labels)} only on {'Prometheus' if labels in here else 'VictoriaMetrics'}"
    for labels in here.keys() & there.keys():
        for moment in sorted(here[labels].keys() | there[labels].keys()):
            a, b = here[labels].get(moment), there[labels].get(moment)
            if a is None or b is None or not near(a, b, counts):
                yield f"{dict(labels)} at {(moment - START) / 60}: {a}, {b}"


def near(a: float, b: float, counts: bool) -> bool:
    if a != a or b != b:
        return a != a and b != b
    if min(a, b) >= PACKED:
        return a == b
    return abs(a - b) <= (COUNTED if counts else min(NEAR, 0.01 * abs(a) + 1e-6))


def wrong(day: Prometheus, victoria: Prometheus, dashboard: Json) -> Iterator[str]:
    choices = CHOICES if dashboard["uid"] == "service" else {}
    view = View(dashboard, END, choices, zone=ZoneInfo("Europe/Moscow"))
    for panel in view.panels():
        for request in view.requests(panel):
            here, there = told(day, view, request), told(victoria, view, request)
            counts = re.search(r"\bincrease\(", request.expr) is not None
            for difference in differences(here, there, counts):
                yield f"{panel['title']} {request.ref}: {difference}"


def test_the_same_is_recorded(day: Prometheus, victoria: VictoriaMetrics) -> None:
    """Every series of every recording rule has as many samples, of the same sum."""
    for summed in ("count_over_time", "sum_over_time"):
        expr = f'{summed}({{__name__=~".+:.+"}}[25h])'
        here, there = (
            {
                tuple(sorted(found["metric"].items())): float(found["value"][1])
                for found in server.query(expr, END)
            }
            for server in (day, victoria)
        )
        assert here.keys() == there.keys()
        assert len(here) > 30
        assert {key: there[key] for key in here} == pytest.approx(here, rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_tells_the_same(
    day: Prometheus, victoria: VictoriaMetrics, dashboards: dict[str, Json], name: str
) -> None:
    """Every query of a dashboard, over 24 hours with outages of the exporter and of Prometheus."""
    assert list(wrong(day, victoria, dashboards[name])) == []


@pytest.mark.parametrize("name", [name for name in NAMES if name != "status-exporter"])
def test_two_exporters_count_once(
    victoria: VictoriaMetrics, two: VictoriaMetrics, dashboards: dict[str, Json], name: str
) -> None:
    """Every query tells the same of two as of one; what the exporter's own dashboard tells is of each."""
    assert list(wrong(victoria, two, dashboards[name])) == []
    assert two.value("count(up)", START + 3600) == 2


def test_a_difference_is_seen(day: Prometheus, victoria: VictoriaMetrics) -> None:
    """One sample more or less is."""
    expr = 'sum_over_time(service:service_status:avg{datacenter="dc1",service="web"}[24h])'
    asked = [
        Request(1, "A", f"{expr} + {more}", "", START, END, 0) for more in (0, 20)
    ]  # of 1,440 samples, more than 1 %
    view = View({"panels": [], "templating": {"list": []}}, END, {}, zone=ZoneInfo("Europe/Moscow"))
    here, there = told(day, view, asked[0]), told(victoria, view, asked[1])
    assert len(list(differences(here, there, counts=False))) == len(here) > 0
