"""The past that `demo --history` writes is the world's."""

import io
import re
from collections import defaultdict

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exporter.demo.effects import NO_LEADER, UNAUTHORIZED, UNAVAILABLE, Absent, CheckIs, Maintenance, NoToken
from exporter.demo.history import STEP, TARGET, write_history
from exporter.demo.script import CONSUL, Connection, Episode, Instance, Node, fixed
from exporter.demo.world import World

START = 1_700_000_040.0
END = START + 20 * STEP
NODE = Node("n1")
WEB, WORKER = Instance("web", NODE, "web-1", port=80, tags=("b", "a")), Instance("worker", NODE)
TILL, OTHER = Connection("till", token="t1", name="Касса"), Connection("other", token="t2")
WORLD = World(
    (WEB, WORKER),
    (TILL, OTHER),
    fixed(
        Episode(WEB, START + 120, START + 300, CheckIs("critical")),
        Episode(NODE, START + 400, START + 500, Maintenance()),
        Episode(WORKER, START, START + 240, Absent()),
        Episode(CONSUL, START + 600, START + 660, NO_LEADER),
        Episode(TILL, START + 60, START + 180, UNAUTHORIZED),
        Episode(TILL, START + 300, START + 360, UNAVAILABLE),
        Episode(OTHER, START + 120, START + 480, NoToken()),
    ),
)
GAP = (START + 780, START + 900)

Samples = dict[str, dict[float, dict[tuple[str, ...], float]]]


@pytest.fixture(scope="module")
def text() -> str:
    out = io.BytesIO()
    write_history(WORLD, START, END, out, [GAP])
    return out.getvalue().decode()


@pytest.fixture(scope="module")
def current(text: str) -> dict[str, dict[float, set[tuple[str, str]]]]:
    """By metric and time: which subject is in which status, that is, has the value 1."""
    found: dict[str, dict[float, set[tuple[str, str]]]] = defaultdict(lambda: defaultdict(set))
    for family in text_string_to_metric_families(_statuses(text)):  # type: ignore[no-untyped-call]  # the library has no types
        if family.name in ("service_status", "connection_status"):
            for sample in family.samples:
                subject = sample.labels.get("service_id") or sample.labels["connection"]
                if sample.value == 1:
                    found[family.name][float(sample.timestamp)].add((subject, sample.labels["status"]))
    return found


def _statuses(text: str) -> str:
    """Return the families of statuses, each series by itself as the strict parser wants them; promtool doesn't."""
    lines = [
        line for line in text.splitlines() if re.match(r"(# \w+ )?(service|connection)_status[ {]", line)
    ]
    return "\n".join([*sorted(lines, key=_family_and_series), "# EOF"]) + "\n"


def _family_and_series(line: str) -> tuple[bool, bool, str]:
    return "service_status" not in line, not line.startswith("#"), line.rpartition("} ")[0]


def _minutes() -> list[float]:
    return [START + n * STEP for n in range(20)]


def test_services_are_in_the_status_they_were_in(
    current: dict[str, dict[float, set[tuple[str, str]]]],
) -> None:
    """Each minute holds every registered instance once, in its status; none in the gap, and none while Consul is down.

    (The demo's data is stale after 45 s, so a minute without an answer is one without data.)
    """
    for at in _minutes():
        known = not GAP[0] <= at < GAP[1] and not WORLD.failure(CONSUL, at)
        expected = {(state.instance.id, state.status) for state in WORLD.instances(at)} if known else set()
        assert current["service_status"].get(at, set()) == expected


def test_connections_are_in_the_status_they_were_in(
    current: dict[str, dict[float, set[tuple[str, str]]]],
) -> None:
    """Each minute holds every connection once, in its status."""
    for at in _minutes():
        expected = {(state.connection.id, state.status) for state in WORLD.connections(at)}
        assert current["connection_status"].get(at, set()) == (set() if GAP[0] <= at < GAP[1] else expected)


def test_every_sample_has_the_labels_of_a_scrape(text: str) -> None:
    """History and what Prometheus scrapes afterwards are the same series."""
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert samples
    assert all(f"{{{TARGET}" in line for line in samples)


def test_the_end_is_marked(text: str) -> None:
    """promtool refuses a text that may have been cut off."""
    assert text.endswith("# EOF\n")
