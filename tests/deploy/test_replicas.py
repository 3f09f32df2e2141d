"""Two exporters of one configuration on a real chain, one of which dies and comes back while the world changes.

The same is asked of three stores: Prometheus, VictoriaMetrics that Prometheus writes to (`remote_write`), and VictoriaMetrics
with vmagent in Prometheus' place and vmalert for what is recorded. Alerts are Prometheus' there: what vmalert records is seen some seconds
later, which in a play that is thirty times faster are minutes.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from dashboards.queries.service import changes
from exporter.demo.effects import UNAUTHORIZED, CheckIs
from exporter.demo.script import Connection, Episode, Instance, Node, fixed
from exporter.demo.world import World
from tests.alerts.fast import FASTER, write_fast_rules
from tests.end_to_end.running import simulated
from tests.real import Prometheus
from tests.real.missing import component
from tests.real.process import wait_for
from tests.real.victoria import VictoriaMetrics, Vmagent, Vmalert
from tests.running import Exporter

RECORDING = Path(__file__).parents[2] / "rules/recording.yml"
WEB, DB, TILL = (
    Instance("web", Node("n1"), "web-1"),
    Instance("db", Node("n1"), "db-1"),
    Connection("till", token="t"),
)
EVALUATED = 60 / FASTER
"""Seconds between two samples of the recording rules."""
LONG = 120
"""No wait takes this long; it is for machines that do much else."""
TRUE = {("ServiceCritical", "web"), ("ConnectionRefused", "till")}
DEAD = ("ExporterDown", "b")
STORES = ("prometheus", "remote_write", "vmagent")
TOLD = STORES[:2]
"""Those that know of alerts."""
STATUSES = "service:service_status:avg"
FIRING = 'ALERTS{alertstate="firing", alertname=~"Service.+|Connection.+"}'


class Played(NamedTuple):
    """What is left of it: the stores by name, since when all told, and until when; how often `db` changed."""

    stores: dict[str, Prometheus]
    start: float
    end: float
    changes: int


class Story:
    """A service is down and a till refused from the beginning; another service changes when it is told to."""

    def __init__(self) -> None:
        self.episodes = [Episode(WEB, 0, 1e12, CheckIs("critical")), Episode(TILL, 0, 1e12, UNAUTHORIZED)]
        self.world = World((WEB, DB), (TILL,), lambda start, end: fixed(*self.episodes)(start, end))
        self.changes = 0

    def flap(self, *watching: Exporter) -> None:
        """Two changes, each of which is seen by all who watch."""
        self.episodes.append(Episode(DB, 0, 1e12, CheckIs("warning")))
        self._seen(*watching)
        self.episodes.pop()
        self._seen(*watching)

    def _seen(self, *watching: Exporter) -> None:
        self.changes += 1
        for each in watching:
            wait_for(partial(self._knows_all, each), LONG, "the change")

    def _knows_all(self, watching: Exporter) -> bool:
        return self._counted(watching) == self.changes

    @staticmethod
    def _counted(watching: Exporter) -> float:
        return watching.samples("service_status_changes_total", "service").get("db", 0)


def rule_files(folder: Path) -> str:
    """The project's rules, with all times shorter; returns a pattern."""
    write_fast_rules(folder)
    recording = RECORDING.read_text()
    assert "interval: 1m" in recording
    (folder / "recording.yml").write_text(recording.replace("interval: 1m", f"interval: {EVALUATED:.0f}s"))
    return f"{folder}/*.yml"


def firing(alerts: list[dict[str, Any]]) -> set[tuple[str, str]]:
    told = [alert["labels"] for alert in alerts if alert["state"] == "firing"]
    found = [labels for labels in told if labels["alertname"] != "Watchdog"]
    about = [
        (each["alertname"], each.get("service") or each.get("connection") or each["instance"])
        for each in found
    ]
    assert len(set(about)) == len(about), "an alert twice"
    return set(about)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Play it: all is told, b dies and that is told, b comes back."""
    folder = tmp_path_factory.mktemp("replicas")
    with ExitStack() as stack:
        story = Story()
        consul, evotor = stack.enter_context(simulated(story.world, folder))
        till = {"id": "till", "kind": "evotor", "address": evotor, "token_file": str(folder / "till")}
        config = yaml.safe_dump(
            {
                "consul": [{"name": "main", "address": consul, "interval": "2s"}],
                "connections": [{**till, "interval": "20s", "timeout": "5s"}],
            }
        )
        exporters = {name: exporter(stack, folder / name, config) for name in "ab"}
        stores, alerts = servers(stack, folder, exporters)
        until(alerts, TRUE)
        for name, store in stores.items():
            store.wait_until(f'{STATUSES}{{service="web"}}', within=LONG)
            if name in TOLD:
                store.wait_until(FIRING, lambda found: len(found) == len(TRUE), within=LONG)
        start = time.time()
        story.flap(*exporters.values())
        exporters["b"].kill()
        until(alerts, {*TRUE, DEAD})
        story.flap(exporters["a"])
        exporters["b"].start()
        until(alerts, TRUE)
        time.sleep(4 * EVALUATED)
        yield Played(stores, start, time.time() - 2 * EVALUATED, story.changes)


def exporter(stack: ExitStack, folder: Path, config: str) -> Exporter:
    folder.mkdir()
    running = Exporter(folder, config)
    stack.callback(running.kill)
    return running


Alerts = Callable[[], list[dict[str, Any]]]


def servers(
    stack: ExitStack, folder: Path, exporters: dict[str, Exporter]
) -> tuple[dict[str, Prometheus], Alerts]:
    """Start the stores and what fills them; return them by name, and what tells alerts."""
    for name in ("rules", "written", "scraped", "prometheus", "vmagent", "vmalert"):
        (folder / name).mkdir()
    rules = rule_files(folder / "rules")
    quick = ("-search.latencyOffset=1s", "-search.maxLookback=1m", "-search.disableCache")
    written, scraped = (
        VictoriaMetrics(component("victoria-metrics"), folder / name, {}) for name in ("written", "scraped")
    )
    targets = [{"targets": [each.address], "labels": {"instance": name}} for name, each in exporters.items()]
    job = {"job_name": "status-exporter", "honor_labels": True, "static_configs": targets}
    scrapes = {"global": {"scrape_interval": "500ms"}, "scrape_configs": [job]}
    queue = {"batch_send_deadline": "500ms"}
    config = scrapes | {
        "global": {"scrape_interval": "500ms", "evaluation_interval": "1s"},
        "rule_files": [rules],
        "remote_write": [{"url": f"{written.url}/api/v1/write", "queue_config": queue}],
    }
    prometheus = Prometheus(component("prometheus"), folder / "prometheus", config)
    vmagent = Vmagent(component("vmagent"), folder / "vmagent", scrapes, scraped)
    vmalert = Vmalert(component("vmalert"), folder / "vmalert", f"{folder}/rules/recording.yml", scraped)
    for server in (written, scraped, prometheus, vmagent, vmalert):
        stack.callback(server.kill)
        server.start(*(quick if isinstance(server, VictoriaMetrics) else ()))
    stores = {"prometheus": prometheus, "remote_write": written, "vmagent": scraped}
    return stores, prometheus.alerts


def until(told: Alerts, expected: set[tuple[str, str]]) -> None:
    """Wait until just these fire."""
    wait_for(lambda: firing(told()) == expected, LONG, f"{expected}")


@pytest.mark.parametrize("store", TOLD)
def test_alerts_count_once_and_go_on(played: Played, store: str) -> None:
    """Each is one series all the time, also while one exporter is dead and when it is back."""
    found = played.stores[store].query_range(FIRING, played.start, played.end, EVALUATED)
    about = [
        (each["metric"]["alertname"], each["metric"].get("service") or each["metric"]["connection"])
        for each in found
    ]
    assert sorted(about) == sorted(TRUE)
    moments = int((played.end - played.start) / EVALUATED) + 1
    assert {len(each["values"]) for each in found} == {moments}


@pytest.mark.parametrize("store", STORES)
def test_shares_have_no_gap_and_count_once(played: Played, store: str) -> None:
    """At each sample the statuses of a service add up to 1, and no sample is missing."""
    found = played.stores[store].query_range(
        f"sum by (service) ({STATUSES})", played.start, played.end, EVALUATED
    )
    assert sorted(each["metric"]["service"] for each in found) == ["db", "web"]
    moments = int((played.end - played.start) / EVALUATED) + 1
    for each in found:
        assert len(each["values"]) == moments
        assert {round(float(value), 9) for _, value in each["values"]} == {1.0}
    window = f"{played.end - played.start:.0f}s"
    counted = f'count_over_time({STATUSES}{{service="web", status="critical"}}[{window}])'
    assert 0 < played.stores[store].value(counted, played.end) <= moments + 1


@pytest.mark.parametrize("store", STORES)
def test_changes_are_counted_once(played: Played, store: str) -> None:
    """What the dashboard asks gives the true number, though two exporters saw each and one began anew."""
    expr = changes().replace("$__interval", "300s")
    for selector in ('datacenter=~"$datacenter"', 'service=~"$service"'):
        expr = expr.replace(selector, 'service="db"')
    assert "$" not in expr
    assert played.stores[store].value(expr, played.end) == played.changes == 4
