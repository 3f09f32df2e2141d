"""The dashboard Overview tells what happened, asked as Grafana asks."""

import pytest

from tests.dashboards.truth import CONNECTION_KEYS, SERVICE_KEYS, Ask, near, worst
from tests.dashboards.world import BEFORE, CONNECTIONS, DAY, Subject, services, share

SINCE = 3600.0 + 60 * DAY
"""The world says that everything has had its status since an hour before the day."""


@pytest.mark.parametrize(
    ("panel_id", "subjects", "keys"),
    [
        (1, list(services().values()), SERVICE_KEYS),
        (2, [[connection] for connection in CONNECTIONS], CONNECTION_KEYS),
    ],
)
def test_tiles_count_every_status(
    ask: Ask, panel_id: int, subjects: list[list[Subject]], keys: list[str]
) -> None:
    """As Services and Connections count them."""
    told = {name: list(values.values())[-1] for name, values in ask("overview").legends(panel_id).items()}
    truth = [worst(of).replace("_", " ") for of in subjects]
    assert told == {key.replace("_", " "): truth.count(key.replace("_", " ")) for key in (*keys, "no data")}


@pytest.mark.parametrize(("ref", "status"), [("Critical", "critical"), ("Warning", "warning")])
def test_services_that_are_broken_now_are_there_with_their_age(ask: Ask, ref: str, status: str) -> None:
    """Each once, under its worst status, and nothing else."""
    told = ask("overview").values(3, ref, "datacenter", "service")
    truth = [name for name, subjects in services().items() if worst(subjects) == status]
    assert told == near(dict.fromkeys(truth, SINCE), 1)
    assert truth


def test_connections_that_are_broken_now_are_there_with_their_age(ask: Ask) -> None:
    """Those that are refused, and those that do not answer, by name."""
    asked = ask("overview")
    for ref, status in (("Offline", "offline"), ("Unreachable", "unreachable")):
        truth = {c.labels[:1] for c in CONNECTIONS if c.status(DAY) == status}
        assert truth
        told = asked.values(4, ref, "connection", "name")
        assert told == near({(*labels, "Эвотор"): SINCE for labels in truth}, 1)


def test_outages_of_the_day_are_told_with_their_length(ask: Ask) -> None:
    """Services by their critical share, connections by all that is not online."""
    told = ask("overview").values(5, "A", "name", "place")
    truth = {(name, datacenter): lasted(of, "critical") for (datacenter, name), of in services().items()}
    truth |= {
        (c.labels[0], c.labels[1]): lasted([c], "offline") + lasted([c], "unreachable") for c in CONNECTIONS
    }
    assert told == near({name: seconds for name, seconds in truth.items() if seconds}, 90)


def lasted(subjects: list[Subject], status: str) -> float:
    """Seconds of the day in a status."""
    return 864 * share(subjects, status, 0, DAY)


@pytest.mark.parametrize(
    ("panel_id", "subjects", "good", "bad"),
    [
        (6, list(services().values()), "passing", ("warning", "critical")),
        (7, [[connection] for connection in CONNECTIONS], "online", ("offline", "unreachable")),
    ],
)
def test_the_week_is_the_share_of_the_time_that_counts(
    ask: Ask, panel_id: int, subjects: list[list[Subject]], good: str, bad: tuple[str, str]
) -> None:
    """Over all of them, as far as it is recorded: from an hour before the day."""
    passed = sum(share(of, good, BEFORE, DAY) for of in subjects)
    counted = passed + sum(share(of, status, BEFORE, DAY) for of in subjects for status in bad)
    assert ask("overview").value(panel_id) == pytest.approx(100 * passed / counted, abs=0.5)
