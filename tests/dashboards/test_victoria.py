"""VictoriaMetrics in Prometheus' place: vmalert records the same day, and every panel of every dashboard tells the same."""

import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest

from tests.dashboards.asking import Asked
from tests.dashboards.conftest import DASHBOARDS, RULES
from tests.dashboards.grafana_view import Json, Request, View
from tests.dashboards.world import END, START, openmetrics
from tests.real import Prometheus
from tests.real.missing import component
from tests.real.victoria import VictoriaMetrics

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
    """The same samples, and the same rules evaluated at the same times: Prometheus chooses a second of the minute."""
    second = day.value('timestamp(datacenter:service_status:count{datacenter="dc1"})', START + 3600) % 60
    server = VictoriaMetrics(component("victoria-metrics"), tmp_path_factory.mktemp("victoria"), {})
    try:
        server.start("-search.maxLookback=30s", "-search.disableCache")
        server.write(openmetrics())
        server.replay(component("vmalert"), RULES, START - 3600 + second, END + 60)
        server.stop()
        server.start("-search.maxLookback=60s", "-search.disableCache")
        yield server
    finally:
        server.stop()


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


def wrong(day: Prometheus, victoria: VictoriaMetrics, dashboard: Json) -> Iterator[str]:
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


def test_a_difference_is_seen(day: Prometheus, victoria: VictoriaMetrics) -> None:
    """One sample more or less is."""
    expr = 'sum_over_time(service:service_status:avg{datacenter="dc1",service="web"}[24h])'
    asked = [
        Request(1, "A", f"{expr} + {more}", "", START, END, 0) for more in (0, 20)
    ]  # of 1,440 samples, more than 1 %
    view = View({"panels": [], "templating": {"list": []}}, END, {}, zone=ZoneInfo("Europe/Moscow"))
    here, there = told(day, view, asked[0]), told(victoria, view, asked[1])
    assert len(list(differences(here, there, counts=False))) == len(here) > 0
