"""The dashboard Services tells what happened, asked as Grafana asks."""

import json

import pytest

from dashboards.look import TARGETS
from tests.dashboards.asking import decoded, wrong
from tests.dashboards.grafana_view import Choice, duration
from tests.dashboards.truth import (
    CODES,
    SERVICE_KEYS,
    Ask,
    counted_hours,
    counted_share,
    each_window,
    near,
    worst,
)
from tests.dashboards.world import DAY, Subject, services, tags


def by_row() -> dict[tuple[str], list[Subject]]:
    return {(f"{datacenter}/{service}",): of for (datacenter, service), of in services().items()}


def test_services_counts_every_status(ask: Ask) -> None:
    """The tiles say how many rows are in each status."""
    told = {legend: list(values.values())[-1] for legend, values in ask("services").legends(1).items()}
    truth = [worst(subjects).replace("_", " ") for subjects in services().values()]
    assert told == {status: truth.count(status) for status in (*SERVICE_KEYS, "no data")}


def test_services_has_a_row_for_everything_seen_in_the_day(ask: Ask) -> None:
    """Each row has the worst status of its instances; what vanished is `no data`."""
    told = ask("services").values(3, "A", "row")
    assert told == {row: CODES[worst(subjects)] for row, subjects in by_row().items()}
    assert told[("dc1/gone",)] == CODES["no_data"]


def test_services_tells_instances_url_and_tags(ask: Ask) -> None:
    """Up of total for what is there; URL and tags as last seen, for what vanished too."""
    asked = ask("services")
    present = {row: [s.status(DAY) for s in of if s.status(DAY)] for row, of in by_row().items()}
    up = {
        (*row, f"{sum(s in ('passing', 'warning') for s in of)}/{len(of)}")
        for row, of in present.items()
        if of
    }
    assert asked.values(3, "N", "row", "instances").keys() == up
    urls = {(f"{dc}/{name}", f"http://{name}.service.{dc}.consul:80", tags(name)) for dc, name in services()}
    assert asked.values(3, "I", "row", "url", "tags").keys() == urls


def test_services_passing_is_the_share_of_the_time_that_counts(ask: Ask) -> None:
    """What is not known or planned counts neither for nor against a service; how much counts is told."""
    truth = {row: counted_share(of, "passing") for row, of in by_row().items()}
    assert truth[("dc1/planned",)] == pytest.approx(100)
    assert ask("services").values(3, "U", "row") == near(truth)
    hours = {row: counted_hours(of) for row, of in by_row().items()}
    assert ask("services").values(3, "C", "row") == near(hours, 0.1)


@pytest.mark.parametrize("target", TARGETS)
def test_services_below_the_target_are_marked(ask: Ask, target: str) -> None:
    """Exactly those whose share is below what the reader chose."""
    asked = ask("services", target=target)
    told = asked.values(3, "U", "row")
    marked = {(row,) for row, style in asked.values(3, "B", "row", "style") if json.loads(style)["color"]}
    assert marked == {row for row, value in told.items() if value < float(target)}


@each_window
def test_services_history_is_the_truth_in_every_window(ask: Ask, window: str) -> None:
    """Every share of every bar of every row, and all of them together."""
    minutes = duration(window) // 60
    told = decoded(ask("services", window=window).answers(3, "H"), "row", SERVICE_KEYS)
    assert told.keys() == {row for (row,) in by_row()}
    for (row,), subjects in by_row().items():
        assert len(told[row]) == DAY // minutes + 1
        assert not list(wrong(told[row], subjects, minutes)), row


@pytest.mark.parametrize(
    ("choices", "rows"),
    [
        ({"status": ["4"]}, {"dc1/web"}),
        ({"status": ["4", "2"]}, {"dc1/web", "dc1/gone"}),
        ({"datacenter": ["dc2"]}, {"dc2/web"}),
        ({"service": ["db.main", "web"]}, {"dc1/db.main", "dc1/web", "dc2/web"}),
        ({"tag": ["canary"]}, {"dc1/web", "dc2/web", "dc1/till"}),
        ({"tag": ["canary", "nothing"], "datacenter": ["dc1"]}, {"dc1/web", "dc1/till"}),
        ({"tag": ["can"]}, set()),
        ({"search": "B.MA"}, {"dc1/db.main"}),
        ({"search": "b?m"}, set()),
        ({"search": "(["}, set()),
        ({"search": "one"}, {"dc1/gone"}),
        ({"status": ["0"], "search": "web"}, set()),
    ],
    ids=str,
)
def test_services_filters_choose_rows(ask: Ask, choices: dict[str, Choice], rows: set[str]) -> None:
    """Each variable narrows the rows and none makes a query fail; what is typed is taken literally."""
    asked = ask("services", **choices)
    assert {row for (row,) in asked.values(3, "A", "row")} == rows
    for panel in asked.view.panels():
        for request in asked.view.requests(panel):
            asked.run(request)
