"""Simulators → exporter → Prometheus: the history must be what the sources were told to be."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from exporter.demo.effects import NO_LEADER, UNAUTHORIZED, UNAVAILABLE, Absent, CheckIs, Maintenance, NoToken
from exporter.demo.script import CONSUL, EVOTOR, Connection, Episode, Instance, Node, fixed
from exporter.demo.world import World
from exporter.model import CONNECTION_STATUSES, SERVICE_STATUSES
from tests.conftest import binary
from tests.end_to_end.running import simulated
from tests.real import Prometheus
from tests.running import Exporter

# Poll, render and scrape each come up to a second late, on a busy machine more.
LATE = 5.0
LONG = 45.0
STALE_AFTER = 6.0

NODE, OTHER = Node("n1"), Node("n2")
FLAPPING, WORN, BORN, GONE, STEADY = (
    Instance("flapping", NODE),
    Instance("worn", OTHER),
    Instance("born", NODE),
    Instance("gone", NODE),
    Instance("steady", OTHER),
)
LOST, BROKEN, LATE_TOKEN, FINE = (
    Connection(name, token=f"t-{name}") for name in ("lost", "broken", "later", "fine")
)


def script(start: float) -> World:
    """What happens, in seconds after `start`; Consul itself is down from 24 s to 36 s."""

    def during(subject: object, begin: float, end: float, effect: object) -> Episode:
        return Episode(subject, start + begin, start + end, effect)  # type: ignore[arg-type]  # the callers give what fits

    episodes = (
        Episode(FLAPPING, start, start + 20, CheckIs("critical"), period=10),
        during(WORN, 3, 12, CheckIs("warning")),
        during(OTHER, 13, 22, Maintenance()),
        during(BORN, 0, 10, Absent()),
        during(GONE, 10, 99, Absent()),
        during(CONSUL, 24, 36, NO_LEADER),
        during(LOST, 8, 20, UNAUTHORIZED),
        during(BROKEN, 5, 15, UNAVAILABLE),
        during(LATE_TOKEN, 0, 12, NoToken()),
        during(EVOTOR, 30, 38, UNAVAILABLE),
    )
    return World((FLAPPING, WORN, BORN, GONE, STEADY), (LOST, BROKEN, LATE_TOKEN, FINE), fixed(*episodes))


@dataclass
class Played:
    """What was played, when, and the Prometheus that saw it."""

    world: World
    start: float
    prometheus: Prometheus


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    program = binary("prometheus")
    folder = tmp_path_factory.mktemp("played")
    start = time.time() + 3  # The exporter starts before anything happens.
    world = script(start)
    with simulated(world, folder) as (consul, evotor):
        exporter = Exporter(folder, yaml.safe_dump(_config(consul, evotor, folder)))
        scrape = {"job_name": "status-exporter", "static_configs": [{"targets": [exporter.address]}]}
        prometheus = Prometheus(
            program, folder, {"global": {"scrape_interval": "1s"}, "scrape_configs": [scrape]}
        )
        try:
            prometheus.start()
            time.sleep(max(0.0, start + LONG - time.time()))  # The script plays in real time.
            yield Played(world, start, prometheus)
        finally:
            prometheus.stop()
            exporter.kill()


def _config(consul: str, evotor: str, tokens: Path) -> dict[str, object]:
    times = {"interval": "1s", "stale_after": f"{STALE_AFTER:.0f}s"}
    connections = [
        {"id": c.id, "kind": "evotor", "address": evotor, "token_file": str(tokens / c.id), **times}
        for c in (LOST, BROKEN, LATE_TOKEN, FINE)
    ]
    return {"consul": [{"name": "main", "address": consul, **times}], "connections": connections}


def _samples(played: Played, query: str) -> dict[float, set[str]]:
    """Return, for each second, the statuses that the history shows as current."""
    end = played.start + LONG - 1
    series = played.prometheus.query_range(f"{query} == 1", played.start + LATE, end, 1)
    shown: dict[float, set[str]] = {played.start + LATE + n: set() for n in range(int(LONG - 1 - LATE) + 1)}
    for one in series:
        for at, _ in one["values"]:
            near = min(shown, key=lambda moment: abs(moment - float(at)))
            shown[near].add(one["metric"]["status"])
    return shown


def _possible(played: Played, subject: Instance | Connection, at: float) -> set[str]:
    """Return what may be shown at `at`: any status since the poll and scrape that are behind it."""
    statuses = {
        status for span in played.world.timeline(subject, at - LATE, at + 0.5) for status in span.weights
    }
    return {"" if status == "absent" else status for status in statuses}


def _service_query(instance: Instance) -> str:
    return f'service_status{{service="{instance.service}"}}'


@pytest.mark.parametrize("instance", [FLAPPING, WORN, BORN, GONE, STEADY], ids=lambda i: i.service)
def test_each_service_has_in_history_the_status_it_had(played: Played, instance: Instance) -> None:
    """At every second the one current status is one that Consul told within the delay; while Consul is down, none is new."""
    for at, shown in _samples(played, _service_query(instance)).items():
        after = at - played.start
        if 24 <= after <= 36 + LATE:
            continue  # Consul is down: the next test's matter.
        assert len(shown) <= 1, f"{after:.0f} s: {shown}"
        assert (next(iter(shown), "")) in _possible(played, instance, at), f"{after:.0f} s: {shown}"


@pytest.mark.parametrize("connection", [LOST, BROKEN, LATE_TOKEN, FINE], ids=lambda c: c.id)
def test_each_connection_has_in_history_the_status_it_had(played: Played, connection: Connection) -> None:
    """At every second the one current status is one that the API and the token file told within the delay."""
    for at, shown in _samples(played, f'connection_status{{connection="{connection.id}"}}').items():
        assert len(shown) == 1, f"{at - played.start:.0f} s: {shown}"
        assert shown <= _possible(played, connection, at), f"{at - played.start:.0f} s: {shown}"


def test_while_consul_is_down_the_last_status_stays_and_then_leaves(played: Played) -> None:
    """A failed poll is no status: the old one stays for stale_after, then there is none until Consul is back."""
    shown = {at - played.start: found for at, found in _samples(played, _service_query(STEADY)).items()}
    assert all(found == {"passing"} for after, found in shown.items() if 24 < after < 23 + STALE_AFTER)
    assert all(found == set() for after, found in shown.items() if 24 + STALE_AFTER + LATE < after < 36)
    assert all(found == {"passing"} for after, found in shown.items() if after > 36 + LATE)


def test_while_consul_is_down_the_source_says_so(played: Played) -> None:
    """source_up is 0 and the failures are counted under their reason."""
    at = played.start + 34
    assert played.prometheus.value('source_up{source="main"}', at) == 0
    assert played.prometheus.value('source_poll_failures_total{source="main",reason="no_leader"}', at) > 0


def test_statuses_are_one_hot(played: Played) -> None:
    """Each shown subject has a series for every status, and they add up to 1."""
    end = played.start + LONG - 1
    for metric, words in (("service_status", SERVICE_STATUSES), ("connection_status", CONNECTION_STATUSES)):
        labels = "service,service_id" if metric == "service_status" else "connection"
        sums = played.prometheus.query_range(f"sum by ({labels}) ({metric})", played.start, end, 1)
        counts = played.prometheus.query_range(f"count by ({labels}) ({metric})", played.start, end, 1)
        assert {value for one in sums for _, value in one["values"]} == {"1"}
        assert {value for one in counts for _, value in one["values"]} == {str(len(words))}


def test_changes_are_counted(played: Played) -> None:
    """A flapping service's changes are what its history shows."""
    changes = played.prometheus.value('service_status_changes_total{service="flapping"}', played.start + 23.9)
    assert changes == 4  # passing → critical → passing → critical → passing
