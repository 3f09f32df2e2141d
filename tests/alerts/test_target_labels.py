"""The rules on a real Prometheus whose target has labels of the statuses' own names, as operators and static configurations give it."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from exporter.demo.effects import UNAUTHORIZED, CheckIs
from exporter.demo.script import Connection, Episode, Instance, Node, fixed
from exporter.demo.world import World
from tests.alerts.fast import FASTER, write_fast_rules
from tests.conftest import binary
from tests.end_to_end.running import simulated
from tests.real import Prometheus
from tests.running import Exporter

TARGET_LABELS = {
    "operator": {"service": "status-exporter", "namespace": "monitoring", "pod": "status-exporter-0"},
    "static": {"datacenter": "eu-1", "node": "monitoring-1"},
}
WEB, DB = Instance("web", Node("n1"), "web-1"), Instance("db", Node("n1"), "db-1")
TILL = Connection("till", token="token-of-till")
WORLD = World(
    (WEB, DB),
    (TILL,),
    fixed(Episode(WEB, 0, 1e12, CheckIs("critical")), Episode(TILL, 0, 1e12, UNAUTHORIZED)),
)
LONGER_THAN_ANY_WAIT = 15 * 60 / FASTER


class Alert(NamedTuple):
    name: str
    labels: frozenset[tuple[str, str]]


TRUE = {
    Alert("ServiceCritical", frozenset({("datacenter", "dc1"), ("service", "web")})),
    Alert("ConnectionRefused", frozenset({("connection", "till"), ("kind", "evotor")})),
}


class Server(NamedTuple):
    """A Prometheus that scrapes the exporter as a target with labels of its own."""

    prometheus: Prometheus
    config: dict[str, Any]

    def honor(self, labels: bool) -> None:
        self.config["scrape_configs"][0]["honor_labels"] = labels
        self.prometheus.config_file.write_text(yaml.safe_dump(self.config))
        self.prometheus.reload()

    def firing(self) -> set[Alert]:
        found = (alert["labels"] for alert in self.prometheus.alerts() if alert["state"] == "firing")
        return {
            Alert(labels["alertname"], frozenset(set(labels.items()) - _common(labels)))
            for labels in found
            if labels["alertname"] != "Watchdog"
        }


def _common(labels: dict[str, str]) -> set[tuple[str, str]]:
    """The name, and what says nothing about whom; the host is one of this machine's ports."""
    return {(name, labels[name]) for name in ("alertname", "severity", "host") if name in labels}


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    folder = tmp_path_factory.mktemp("exporter")
    with simulated(WORLD, folder) as (consul, evotor):
        till = {"id": "till", "kind": "evotor", "address": evotor, "token_file": str(folder / "till")}
        config = {
            "consul": [{"name": "main", "address": consul, "interval": "2s"}],
            "connections": [{**till, "interval": "20s", "timeout": "5s"}],
        }
        running = Exporter(folder, yaml.safe_dump(config))
        try:
            yield running
        finally:
            running.kill()


@pytest.fixture
def servers(exporter: Exporter, tmp_path: Path) -> Iterator[list[Server]]:
    """One server per set of target labels, all at once: each waits as long as the others."""
    with ExitStack() as stack:
        yield [_started(stack, tmp_path / name, exporter, labels) for name, labels in TARGET_LABELS.items()]


def _started(stack: ExitStack, folder: Path, exporter: Exporter, labels: dict[str, str]) -> Server:
    folder.mkdir()
    target = {"targets": [exporter.address], "labels": {"instance": "e", **labels}}
    scrape = {"job_name": "status-exporter", "honor_labels": True, "static_configs": [target]}
    config = {
        "global": {"scrape_interval": "500ms", "evaluation_interval": "1s"},
        "rule_files": write_fast_rules(folder),
        "scrape_configs": [scrape],
    }
    prometheus = Prometheus(binary("prometheus"), folder, config)
    stack.callback(prometheus.kill)
    prometheus.start()
    return Server(prometheus, config)


def test_alerts_name_the_services_whatever_labels_the_target_has_and_say_when_the_scrape_overwrites_them(
    servers: list[Server],
) -> None:
    """With `honor_labels` the alerts are the true ones; without it that is told within minutes, and nothing untrue."""
    overwritten = Alert("StatusLabelsOverwritten", frozenset({("instance", "e")}))
    _until(servers, TRUE)
    for server in servers:
        server.honor(False)
    _until(servers, TRUE | {overwritten})
    time.sleep(LONGER_THAN_ANY_WAIT)
    _until(servers, TRUE | {overwritten}, within=0)
    for server in servers:
        server.honor(True)
    _until(servers, TRUE)


def _until(servers: list[Server], expected: set[Alert], within: float = LONGER_THAN_ANY_WAIT) -> None:
    """Wait until just these alerts fire on every server; then the assertion tells what else does."""
    deadline = time.monotonic() + within
    for server in servers:
        while server.firing() != expected and time.monotonic() < deadline:
            time.sleep(0.2)
        assert server.firing() == expected
