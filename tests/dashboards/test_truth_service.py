"""The dashboard Service tells what happened, asked as Grafana asks."""

import pytest

from tests.dashboards.asking import TOLERANCE, Asked, wrong
from tests.dashboards.grafana_view import Choice, duration
from tests.dashboards.truth import CODES, Ask, bars, counted_share, each_window, seen, worst
from tests.dashboards.world import DAY, END, SCRAPE, START, Subject, changes, services

SERVICES = [pytest.param(key, id="/".join(key)) for key in services()]
each_service = pytest.mark.parametrize("key", SERVICES)


def of_service(ask: Ask, key: tuple[str, str], **choices: Choice) -> tuple[Asked, list[Subject]]:
    asked = ask("service", datacenter=key[0], service=key[1], **choices)
    return asked, services()[key]


@each_service
def test_service_numbers_are_those_of_its_row(ask: Ask, key: tuple[str, str]) -> None:
    """Status, instances, passing share, changes, URL."""
    asked, subjects = of_service(ask, key)
    present = [s.status(DAY) for s in subjects if s.status(DAY)]
    assert asked.value(1) == CODES[worst(subjects)]
    assert asked.value(2, "A") == sum(status in ("passing", "warning") for status in present)
    assert asked.value(2, "B") == len(present)
    (legend, values), *others = asked.legends(3).items()
    (passing,) = values.values()
    assert not others
    assert passing == pytest.approx(counted_share(subjects, "passing"), abs=TOLERANCE)
    assert legend == ("target met" if passing >= 99 else "below target")
    assert asked.value(4) == sum(changes(subject, 0, DAY) for subject in subjects)
    assert asked.values(5, "A", "url") == {(f"http://{key[1]}.service.{key[0]}.consul:80",): 1}


@each_window
@each_service
def test_service_bars_are_the_truth_in_every_window(ask: Ask, key: tuple[str, str], window: str) -> None:
    """All shares of a window, and they add up to 100 %."""
    asked, subjects = of_service(ask, key, window=window)
    assert not list(wrong(bars(asked, 6), subjects, duration(window) // 60))


@each_service
def test_service_timeline_is_exact_to_the_minute(ask: Ask, key: tuple[str, str]) -> None:
    """Each instance's status at every minute, `no data` a scrape after it was last seen at most."""
    asked, subjects = of_service(ask, key)
    told = asked.legends(7)
    for subject in subjects:
        *_, service_id, node = subject.labels
        values = told[f"{service_id} @ {node}"]
        assert len(values) == DAY + 1
        for time, code in values.items():
            minute = (time - START) / 60
            assert code in {CODES[seen(subject, minute)], CODES[seen(subject, minute - SCRAPE)]}, minute


@each_service
def test_service_lists_its_instances(ask: Ask, key: tuple[str, str]) -> None:
    """One row per registered instance: status, address, times, checks."""
    asked, subjects = of_service(ask, key)
    present = {("/".join(s.labels[2:]),): str(s.status(DAY)) for s in subjects if s.status(DAY)}
    assert asked.values(8, "A", "row") == {row: CODES[status] for row, status in present.items()}
    assert asked.values(8, "E", "row", "endpoint").keys() == {(*row, "10.0.0.1:80") for row in present}
    for ref, time in (("S", START - 3600), ("T", START - 3600), ("L", END), ("M", END)):
        assert asked.values(8, ref, "row") == dict.fromkeys(present, 1000 * time)
    for name in ("passing", "warning", "critical"):
        truth = {row: (status == name) + (name == "passing") for row, status in present.items()}
        assert asked.values(8, f"Checks{name.title()}", "row") == truth


def test_service_changes_are_counted_where_they_happened(ask: Ask) -> None:
    """The flapping one changes every minute while it flaps, and never else."""
    asked, (till,) = of_service(ask, ("dc1", "till"))
    (values,) = asked.legends(9).values()
    for end, told in values.items():
        minute = (end - START) / 60
        assert told == changes(till, minute - 15, minute)


def test_service_checks_are_those_of_all_instances(ask: Ask) -> None:
    """The charts add up the instances."""
    asked, subjects = of_service(ask, ("dc1", "web"))
    told = asked.legends(10)
    for name in ("passing", "warning", "critical"):
        for time, value in told[name].items():
            before, now = (
                [s for s in (seen(subject, minute) for subject in subjects) if s != "no_data"]
                for minute in ((time - START) / 60 - SCRAPE, (time - START) / 60)
            )
            if len(now) == len(before):
                assert value == now.count(name) + (len(now) if name == "passing" else 0)
