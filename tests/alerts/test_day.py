"""Simulators → exporter → Prometheus → Alertmanager → webhook: a day of incidents gives just the notifications it should."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.alerts.day import (
    BAD_CONFIG,
    GOOD_CONFIG,
    KILLED,
    LENGTH,
    MINUTE,
    RESTARTED_AT,
    TOLD,
    UNFINISHED,
    Told,
    world,
)
from tests.alerts.fast import fast_alertmanager, write_fast_rules
from tests.alerts.receivers import Mailbox, mailbox
from tests.conftest import binary
from tests.end_to_end.running import simulated
from tests.real import Alertmanager, Prometheus
from tests.real.process import wait_for
from tests.running import Exporter

WHO = {
    "Service": ("service",),
    "Node": ("node",),
    "Connection": ("connection", "kind"),
    "Consul": ("source",),
}


class Day:
    """The notifications of the day that was played."""

    def __init__(self, box: Mailbox) -> None:
        self._box = box

    def payloads(self) -> list[tuple[str, dict[str, Any]]]:
        return [(path.strip("/"), body) for path, body in list(self._box.posts)]

    def episodes(self, status: str) -> Counter[Told]:
        """How often each alert began, or ended; the same one told again counts once."""
        seen = {
            (_told(receiver, alert), alert["startsAt"])
            for receiver, payload in self.payloads()
            for alert in payload["alerts"]
            if alert["status"] == status
        }
        return Counter(told for told, _ in seen)


def _told(receiver: str, alert: dict[str, Any]) -> Told:
    labels = alert["labels"]
    names = next((names for prefix, names in WHO.items() if labels["alertname"].startswith(prefix)), ("job",))
    return Told(
        receiver,
        labels["alertname"],
        next((labels[name] for name in names if name in labels), "status-exporter"),
    )


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """Play the day, once for all tests."""
    programs = {name: binary(name) for name in ("prometheus", "alertmanager")}
    folder = tmp_path_factory.mktemp("day")
    start = time.time() + 8
    played = world(start)
    with mailbox() as box, simulated(played, folder) as (consul, evotor):
        exporter = Exporter(folder, yaml.safe_dump(_config(consul, evotor, folder)), "--web.enable-lifecycle")
        (folder / "alertmanager").mkdir()
        alertmanager = Alertmanager(
            programs["alertmanager"], folder / "alertmanager", fast_alertmanager(box.web)
        )
        prometheus = Prometheus(programs["prometheus"], folder, _prometheus(folder, exporter, alertmanager))
        try:
            alertmanager.start()
            prometheus.start()
            _live(start, exporter)
            over = Day(box)
            with suppress(TimeoutError):  # then the tests tell what is missing
                wait_for(lambda: not Counter(TOLD - UNFINISHED) - over.episodes("resolved"), 20 * MINUTE)
            yield over
        finally:
            for server in (prometheus, alertmanager, exporter):
                server.kill()


def _config(consul: str, evotor: str, tokens: Path) -> dict[str, Any]:
    played = world(0).all_connections
    return {
        "consul": [{"name": "main", "address": consul, "interval": "2s"}],
        "connections": [
            {
                "id": connection.id,
                "kind": connection.kind,
                "token_file": str(tokens / connection.id),
                "interval": "20s",
                "timeout": "5s",
            }
            | (
                {"address": evotor}
                if connection.kind == "evotor"
                else {"url": f"{evotor}/ping/{connection.id}"}
            )
            for connection in played
        ],
    }


def _prometheus(folder: Path, exporter: Exporter, alertmanager: Alertmanager) -> dict[str, Any]:
    target = {"targets": [exporter.address]}
    return {
        "global": {"scrape_interval": "500ms", "evaluation_interval": "1s"},
        "rule_files": write_fast_rules(folder),
        "scrape_configs": [{"job_name": "status-exporter", "honor_labels": True, "static_configs": [target]}],
        "alerting": {
            "alertmanagers": [{"static_configs": [{"targets": [alertmanager.url.removeprefix("http://")]}]}]
        },
    }


def _live(start: float, exporter: Exporter) -> None:
    """Do what the world's script can't: kill the exporter and start it, and give it a bad configuration for a while."""
    good = exporter.config.read_text()

    def reload(text: str) -> None:
        exporter.config.write_text(text)
        exporter.ask("/-/reload", "POST")

    def restart() -> None:
        exporter.kill()
        exporter.start()

    acts: list[tuple[float, Callable[[], None]]] = [
        (KILLED, restart),
        (BAD_CONFIG, lambda: reload("consul: nowhere")),
        (GOOD_CONFIG, lambda: reload(good)),
        (RESTARTED_AT[0], exporter.kill),
        (RESTARTED_AT[1], exporter.start),
        (LENGTH, lambda: None),
    ]
    for minute, act in acts:
        time.sleep(max(0.0, start + minute * MINUTE - time.time()))
        act()


def test_each_incident_is_told_once_and_nothing_else_is(day: Day) -> None:
    """The set of notifications is the set expected: none missing, none more, each by the receiver of its severity."""
    assert day.episodes("firing") == Counter(TOLD)


def test_each_incident_that_is_over_is_told_to_be_over(day: Day) -> None:
    """Every end is told too, of what recovered while Consul was down or the exporter dead just as well."""
    assert day.episodes("resolved") == Counter(TOLD - UNFINISHED)


def test_what_breaks_together_comes_in_one_message(day: Day) -> None:
    """Services that go down at once come together; different things never share a message."""
    down = {"down", "beside"}
    told = [
        {alert["labels"].get("service") for alert in payload["alerts"] if alert["status"] == "firing"}
        for _, payload in day.payloads()
        if payload["groupLabels"]["alertname"] == "ServiceCritical"
    ]
    assert [services for services in told if services & down]
    assert all(down <= services for services in told if services & down)
    for _, payload in day.payloads():
        assert set(payload["groupLabels"]) <= {"alertname", "datacenter", "kind"}
        assert len({alert["labels"]["alertname"] for alert in payload["alerts"]}) == 1
