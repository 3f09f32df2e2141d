"""What holds for every dashboard: alerts where they belong, no panel unchecked, no error on nothing."""

from typing import Any

import pytest

from tests.dashboards.asking import Asked
from tests.dashboards.grafana_view import Json, View
from tests.dashboards.truth import CODES, CONNECTION_KEYS, SERVICE_KEYS, Ask
from tests.dashboards.world import CONNECTIONS, END, INSTANCES


@pytest.mark.parametrize(
    ("uid", "panel_id", "alerts"),
    [
        ("services", 2, {("ServiceCritical", "web"), ("SourceDown", "spare")}),
        ("service", 11, {("ServiceCritical", "web")}),
        ("connections", 2, {("ConnectionRefused", "kiosk"), ("SourceDown", "spare")}),
        ("status-exporter", 40, {("SourceDown", "spare")}),
    ],
)
def test_alerts_stand_where_they_belong(
    ask: Ask, uid: str, panel_id: int, alerts: set[tuple[str, str]]
) -> None:
    """Each dashboard lists what fires about its subjects, and what concerns all."""
    chosen = {"datacenter": "dc1", "service": "web"} if uid == "service" else {}
    told = ask(uid, **chosen).values(panel_id, "A", "alertname", "subject")
    assert {(name, subject.strip()) for name, subject in told} == alerts
    assert set(told.values()) == {3}


CHECKED = {
    "services": {1, 2, 3},
    "service": {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11},
    "connections": {1, 2, 3, 4, 5, 6, 7, 8},
    "overview": {1, 2, 3, 4, 5, 6, 7},
    "status-exporter": {1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 21, 22, 31, 32, 33, 34, 35, 40},
}


def test_no_panel_is_left_out(dashboards: dict[str, Json]) -> None:
    """A new panel needs its truth above."""
    found = {uid: {p["id"] for p in d["panels"] if p["type"] != "row"} for uid, d in dashboards.items()}
    assert found == CHECKED


@pytest.mark.parametrize("uid", sorted(CHECKED))
def test_queries_of_an_empty_prometheus_give_no_error(
    start_prometheus: Any, dashboards: dict[str, Json], uid: str
) -> None:
    """Before anything was scraped every panel is calm."""
    asked = Asked(start_prometheus({"global": {}}), View(dashboards[uid], END))
    for panel in asked.view.panels():
        for request in asked.view.requests(panel):
            for answer in asked.run(request):
                assert set(answer.values.values()) <= {0, CODES["no_data"], 100}, request


def test_every_instance_and_connection_of_the_day_is_special() -> None:
    """The day holds what the dashboards must get right: each kind of trouble, born, removed, flapping."""
    statuses = {status for s in (*INSTANCES, *CONNECTIONS) for status, *_ in s.episodes}
    assert statuses | {"passing", "online", "not_connected"} == {*SERVICE_KEYS, *CONNECTION_KEYS}
