"""Every panel of every dashboard tells what happened, asked as Grafana asks."""

from collections.abc import Callable, Mapping
from statistics import mean
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scripts.dashboards.look import CONNECTION_STATES, SERVICE_STATES, WINDOWS
from tests.dashboards.asking import TOLERANCE, Asked, Window, decoded, wrong
from tests.dashboards.grafana_view import Choice, Json, View, duration
from tests.dashboards.world import (
    CONNECTIONS,
    DAY,
    END,
    INSTANCES,
    OUTAGES,
    REASONS,
    SCRAPE,
    SOURCES,
    START,
    Subject,
    changes,
    observed,
    services,
    share,
    tags,
)
from tests.real import Prometheus

SERVICE_KEYS = [state.key for state in SERVICE_STATES]
CONNECTION_KEYS = [state.key for state in CONNECTION_STATES]
CODES = {state.key: state.code for state in (*SERVICE_STATES, *CONNECTION_STATES)} | {"no_data": 2}
UNOBSERVED = sum(end - start for start, end in OUTAGES)

Ask = Callable[..., Asked]
each_window = pytest.mark.parametrize("window", WINDOWS)


@pytest.fixture
def ask(day: Prometheus, dashboards: dict[str, Json]) -> Ask:
    """A dashboard, with what was chosen on it, at the end of the day."""

    def ask(uid: str, **choices: Choice) -> Asked:
        return Asked(day, View(dashboards[uid], END, choices, zone=ZoneInfo("Europe/Moscow")))

    return ask


def worst(subjects: list[Subject]) -> str:
    """The status that a row shows at the end of the day."""
    found = [status for status in (subject.status(DAY) for subject in subjects) if status]
    return max(found, key=CODES.__getitem__, default="no_data")


def known_share(subjects: list[Subject], status: str) -> float:
    """Percentage of the known part of the day."""
    return 100 * share(subjects, status, 0, DAY) / (100 - share(subjects, "no_data", 0, DAY))


def by_row() -> dict[tuple[str], list[Subject]]:
    return {(f"{datacenter}/{service}",): of for (datacenter, service), of in services().items()}


def near(truth: Mapping[Any, float], tolerance: float = TOLERANCE) -> Any:
    return pytest.approx(dict(truth), abs=tolerance)


# Services


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


def test_services_passing_is_the_share_of_the_known_time(ask: Ask) -> None:
    """What is not known counts neither for nor against a service."""
    truth = {row: known_share(of, "passing") for row, of in by_row().items()}
    assert ask("services").values(3, "U", "row") == near(truth)


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


# Service

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
    assert asked.value(3) == pytest.approx(known_share(subjects, "passing"), abs=TOLERANCE)
    assert asked.value(4) == sum(changes(subject, 0, DAY) for subject in subjects)
    assert asked.values(5, "A", "url") == {(f"http://{key[1]}.service.{key[0]}.consul:80",): 1}


@each_window
@each_service
def test_service_bars_are_the_truth_in_every_window(ask: Ask, key: tuple[str, str], window: str) -> None:
    """All shares of a window, and they add up to 100 %."""
    asked, subjects = of_service(ask, key, window=window)
    assert not list(wrong(bars(asked, 6), subjects, duration(window) // 60))


def bars(asked: Asked, panel_id: int) -> list[Window]:
    """The stacked bars of a panel, by the keys of its statuses."""
    series = {legend.replace(" ", "_"): values for legend, values in asked.legends(panel_id).items()}
    (ends,) = {tuple(values) for values in series.values()}
    return [Window(end, {key: values[end] for key, values in series.items()}) for end in ends]


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


def seen(subject: Subject, minute: float) -> str:
    return (observed(minute) and subject.status(minute)) or "no_data"


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


# Connections


def of_kind(kind: str) -> list[Subject]:
    return [subject for subject in CONNECTIONS if subject.labels[1] == kind]


def test_connections_counts_every_status(ask: Ask) -> None:
    """The tiles say how many rows are in each status."""
    told = {legend: list(values.values())[-1] for legend, values in ask("connections").legends(1).items()}
    truth = [worst([subject]).replace("_", " ") for subject in CONNECTIONS]
    statuses = (key.replace("_", " ") for key in (*CONNECTION_KEYS, "no_data"))
    assert told == {status: truth.count(status) for status in statuses}


def test_connections_cards_come_worst_first(ask: Ask) -> None:
    """Each card says its name and status and knows where a click leads."""
    told = ask("connections").answers(3)
    codes = [answer.value for answer in told]
    assert codes == sorted(codes, reverse=True)
    assert {answer.labels["connection"]: answer.value for answer in told} == {
        subject.labels[0]: CODES[worst([subject])] for subject in CONNECTIONS
    }
    kiosk = next(answer.labels for answer in told if answer.labels["connection"] == "kiosk")
    assert kiosk["name"] == "Эвотор"
    assert kiosk["details"] == "магазин kiosk"
    assert kiosk["action_url"] == "https://shop.example/disconnect/kiosk"


def test_connections_table_tells_each(ask: Ask) -> None:
    """Status, words, last failure, last check, online share."""
    asked = ask("connections")
    present = {subject.labels[:1] for subject in CONNECTIONS if subject.status(DAY)}
    assert asked.values(4, "A", "connection") == {s.labels[:1]: CODES[worst([s])] for s in CONNECTIONS}
    told = asked.values(4, "I", "connection", "name", "action").keys()
    assert told == {
        ("shop", "Эвотор", "disconnect"),
        ("cafe", "Эвотор", "connect"),
        ("kiosk", "Эвотор", "disconnect"),
        ("site", "Эвотор", "disconnect"),
        ("old", "old", ""),
    }
    failed = {labels[0]: labels[1] for labels in asked.values(4, "R", "connection", "reason")}
    assert failed["kiosk"] == REASONS["offline"]
    assert failed["site"] == REASONS["unreachable"]
    assert "cafe" not in failed
    assert asked.values(4, "L", "connection") == dict.fromkeys(present, 1000 * END)
    assert asked.values(4, "M", "connection") == asked.values(4, "L", "connection")
    truth = {subject.labels[:1]: known_share([subject], "online") for subject in CONNECTIONS}
    assert asked.values(4, "U", "connection") == near(truth)


@each_window
def test_connections_history_is_the_truth_in_every_window(ask: Ask, window: str) -> None:
    """Every share of every bar of every row, and all of them together."""
    asked = ask("connections", window=window)
    told = decoded(asked.answers(4, "H"), "connection", CONNECTION_KEYS)
    assert told.keys() == {subject.labels[0] for subject in CONNECTIONS}
    for subject in CONNECTIONS:
        assert not list(wrong(told[subject.labels[0]], [subject], duration(window) // 60)), subject


@each_window
@pytest.mark.parametrize("kind", ["evotor", "http"])
def test_connections_bars_of_a_kind_are_the_mean_of_all(ask: Ask, kind: str, window: str) -> None:
    """A connection that is gone counts as `no data` in the window it went, and no longer after."""
    minutes = duration(window) // 60
    for end, shares in bars(ask("connections", kind=[kind], window=window), 7):
        minute = (end - START) / 60
        parts = [
            subject
            for subject in of_kind(kind)
            if share([subject], "no_data", minute - minutes, minute) < 100
        ]
        assert sum(shares.values()) == pytest.approx(100)
        for status, told in shares.items():
            each = [share([subject], status, minute - minutes, minute) for subject in parts]
            truth = mean(each) if each else 100.0 * (status == "no_data")
            assert told == pytest.approx(truth, abs=TOLERANCE), (minute, status)


@pytest.mark.parametrize(
    ("choices", "rows"),
    [
        ({"kind": ["http"]}, {"site", "old"}),
        ({"status": ["4"]}, {"kiosk"}),
        ({"status": ["3", "2"]}, {"site", "old"}),
        ({"search": "МАГАЗИН SH"}, {"shop"}),
        ({"search": "эвотор", "kind": ["evotor"]}, {"shop", "cafe", "kiosk"}),
        ({"search": "old"}, {"old"}),
        ({"search": "*"}, set()),
    ],
    ids=str,
)
def test_connections_filters_choose_rows(ask: Ask, choices: dict[str, Choice], rows: set[str]) -> None:
    """Kind, status, and a search in id, name and details."""
    asked = ask("connections", **choices)
    assert {row for (row,) in asked.values(4, "A", "connection")} == rows
    for panel in asked.view.panels():
        for request in asked.view.requests(panel):
            asked.run(request)


def test_connections_failures_are_counted_by_reason(ask: Ask) -> None:
    """Where a connection was refused or gave no answer, and nowhere else."""
    told = ask("connections").legends(5)
    assert told.keys() == set(REASONS.values())
    held = {reason: status for status, reason in REASONS.items()}
    for reason, values in told.items():
        for end in values:
            minute = (end - START) / 60
            shares = [share([s], held[reason], minute - 15, minute + 1) for s in CONNECTIONS]
            assert any(shares), (reason, minute)


def test_connections_checks_take_as_long_as_they_took(ask: Ask) -> None:
    """One line per kind."""
    told = ask("connections").legends(6)
    assert told.keys() == {"evotor", "http"}
    assert {value for values in told.values() for value in values.values()} == {0.25}


# Exporter


def test_exporter_health_is_what_it_is(ask: Ask) -> None:
    """One source is down and stale, the exporter runs, its configuration is in force."""
    asked = ask("status-exporter")
    assert asked.value(1) == 1
    assert asked.value(2) == 1
    assert asked.value(3) == 20 * 60
    assert asked.value(4) == 0
    assert asked.value(5) == 1
    assert asked.value(6) == pytest.approx(100 * (DAY - UNOBSERVED) / DAY, abs=TOLERANCE)


def test_exporter_lists_the_sources(ask: Ask) -> None:
    """State, age, intervals, and what went wrong in the day."""
    asked = ask("status-exporter")
    names = [source for source, _ in SOURCES]
    assert asked.values(11, "A", "source", "kind") == {source: source[0] != "spare" for source in SOURCES}
    ages = {"main": 0, "spare": 1200, "shop": 0}
    success = {(name,): 1000 * (END - ages[name]) for name in names}
    assert asked.values(11, "L", "source") == success
    assert asked.values(11, "M", "source") == success
    assert asked.values(11, "I", "source") == {(s[0],): interval for s, interval in SOURCES.items()}
    fresh = {(s[0],): 100 * ages[s[0]] / (3 * interval) for s, interval in SOURCES.items()}
    assert asked.values(11, "F", "source") == near(fresh)
    assert asked.values(11, "D", "source") == pytest.approx({(name,): 0.25 for name in names})
    assert asked.values(11, "P", "source") == near({(n,): 20 * (n == "spare") for n in names}, 1)
    assert asked.values(11, "R", "source") == {(name,): 1 for name in names}


def test_exporter_charts_polls_and_failures(ask: Ask) -> None:
    """Durations and ages by kind, failures and rejections by reason."""
    asked = ask("status-exporter")
    durations = asked.legends(12)
    assert durations.keys() == {f"{kind} · {q}" for kind in ("consul", "evotor") for q in ("median", "95 %")}
    assert all(0 < v <= 0.5 for values in durations.values() for v in values.values())
    assert max(asked.legends(13)["consul"].values()) == pytest.approx(1200, abs=60)
    assert sum(asked.legends(14)["timeout"].values()) == pytest.approx(20, abs=2)
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


# All


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


CHECKED = {
    "services": {1, 2, 3},
    "service": {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11},
    "connections": {1, 2, 3, 4, 5, 6, 7},
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
