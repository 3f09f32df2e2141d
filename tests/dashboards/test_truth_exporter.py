"""The dashboard Exporter tells what happened, asked as Grafana asks."""

import pytest

from tests.dashboards.asking import TOLERANCE
from tests.dashboards.grafana_view import duration
from tests.dashboards.truth import Ask, each_window, near
from tests.dashboards.world import CONNECTIONS, DAY, END, OUTAGES, SOURCES, START, Subject, share

# Connections that are checked in the end, and are not polled as a source of the same name.
CONNECTED = {"cafe", "kiosk", "site"}
UNOBSERVED = sum(end - start for start, end in OUTAGES)


def test_exporter_health_is_what_it_is(ask: Ask) -> None:
    """One source is down and stale, the exporter runs, its configuration is in force."""
    asked = ask("status-exporter")
    assert asked.value(1) == 1
    assert asked.value(2) == 1
    assert asked.value(3) == 20 * 60
    assert asked.value(4) == 0
    assert asked.value(5) == 1
    assert asked.value(6) == pytest.approx(100 * (DAY - UNOBSERVED) / DAY, abs=TOLERANCE)


def unanswered() -> dict[tuple[str], float]:
    """Checks of the day in which each connection gave no answer; one with each scrape, twice a minute."""
    return {(s.labels[0],): share([s], "unreachable", 0, DAY) / 100 * 2 * DAY for s in CONNECTIONS}


def test_exporter_lists_the_sources(ask: Ask) -> None:
    """State, age, intervals, and what went wrong in the day."""
    asked = ask("status-exporter")
    names = [source for source, _ in SOURCES]
    assert asked.values(11, "A", "source", "kind") == {source: source[0] != "spare" for source in SOURCES}
    everything = {*names, *(subject.labels[0] for subject in CONNECTIONS)}
    ages: dict[str, float] = {"main": 0, "spare": 1200, "shop": 0}
    success = {(name,): 1000 * (END - ages[name]) for name in names}
    success |= {(name,): 1000 * END for name in CONNECTED}
    assert asked.values(11, "L", "source") == success
    assert asked.values(11, "M", "source") == success
    assert asked.values(11, "I", "source") == {(s[0],): interval for s, interval in SOURCES.items()}
    fresh = {(s[0],): 100 * ages[s[0]] / (3 * interval) for s, interval in SOURCES.items()}
    assert asked.values(11, "F", "source") == near(fresh)
    assert asked.values(11, "D", "source") == pytest.approx(
        dict.fromkeys([(name,) for name in everything], 0.25)
    )
    assert asked.values(11, "P", "source") == near({**unanswered(), ("main",): 0, ("spare",): 20}, 3)
    assert asked.values(11, "R", "source") == {(name,): 1 for name in names}


def test_exporter_charts_polls_and_failures(ask: Ask) -> None:
    """Durations and ages by kind, failures and rejections by reason."""
    asked = ask("status-exporter")
    durations = asked.legends(12)
    assert durations.keys() == {f"{kind} · {q}" for kind in ("consul", "evotor") for q in ("median", "95 %")}
    assert all(0 < v <= 0.5 for values in durations.values() for v in values.values())
    assert max(asked.legends(13)["consul"].values()) == pytest.approx(1200, abs=60)
    assert sum(asked.legends(14)["timeout"].values()) == pytest.approx(
        20 + sum(unanswered().values()), rel=0.03
    )
    assert sum(asked.legends(15)["malformed"].values()) == pytest.approx(len(SOURCES), abs=1)


@each_window
def test_exporter_coverage_shows_the_gaps(ask: Ask, window: str) -> None:
    """Full but for the exporter's outage and Prometheus' gap."""
    minutes = duration(window) // 60
    told = ask("status-exporter", window=window).legends(21)
    assert told.keys() == {"dc1", "dc2", "evotor", "http"}
    always = [Subject(("always",), "passing")]
    for values in told.values():
        for end, percent in values.items():
            minute = (end - START) / 60
            assert percent == pytest.approx(100 - share(always, "no_data", minute - minutes, minute), abs=0.5)


def test_exporter_process_is_measured(ask: Ask) -> None:
    """Scrape, size, series, memory, CPU, version, configuration."""
    asked = ask("status-exporter")
    instance = "exporter:10117"

    def last(panel_id: int) -> dict[str, float]:
        return {legend: list(values.values())[-1] for legend, values in asked.legends(panel_id).items()}

    assert last(22) == {instance: 500}
    assert last(31) == {f"{instance} · scrape": 0.02, f"{instance} · rendering": 0.003}
    assert last(32) == {instance: 1e5}
    assert last(33) == {instance: 5e7}
    assert last(34) == pytest.approx({instance: 0.05})
    assert asked.values(35, "V", "instance", "version").keys() == {(instance, "1.2.3")}
    assert asked.values(35, "L", "instance") == {(instance,): 1000 * START}
    assert asked.values(35, "M", "instance") == {(instance,): 1000 * START}
