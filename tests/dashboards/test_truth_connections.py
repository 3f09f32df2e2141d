"""The dashboard Connections tells what happened, asked as Grafana asks."""

from statistics import mean

import pytest

from tests.dashboards.asking import TOLERANCE, decoded, wrong
from tests.dashboards.grafana_view import Choice, duration
from tests.dashboards.truth import (
    CODES,
    CONNECTION_KEYS,
    Ask,
    bars,
    counted_hours,
    counted_share,
    each_window,
    near,
    worst,
)
from tests.dashboards.world import CONNECTIONS, DAY, END, REASONS, START, Subject, share


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
    assert kiosk["link"] == "https://shop.example/connect/kiosk"


def test_connections_table_tells_each(ask: Ask) -> None:
    """Status, words, last failure, last check, online share."""
    asked = ask("connections")
    present = {subject.labels[:1] for subject in CONNECTIONS if subject.status(DAY)}
    assert asked.values(4, "A", "connection") == {s.labels[:1]: CODES[worst([s])] for s in CONNECTIONS}
    told = asked.values(4, "I", "connection", "name", "connect_url", "disconnect_url").keys()
    connect, disconnect = (f"https://shop.example/{word}/" for word in ("connect", "disconnect"))
    assert told == {
        ("shop", "Эвотор", "", f"{disconnect}shop"),
        ("cafe", "Эвотор", f"{connect}cafe", ""),
        ("kiosk", "Эвотор", f"{connect}kiosk", f"{disconnect}kiosk"),
        ("site", "Эвотор", "", f"{disconnect}site"),
        ("old", "old", "", ""),
    }
    details = dict(asked.values(4, "I", "connection", "details"))
    assert {
        ("site", "stores=1"),
        ("cafe", "stores=22"),
        ("kiosk", "магазин kiosk"),
        ("old", ""),
    } <= details.keys()
    failed = {labels[0]: labels[1] for labels in asked.values(4, "R", "connection", "reason")}
    assert failed["kiosk"] == REASONS["offline"]
    assert failed["site"] == REASONS["unreachable"]
    assert {"cafe", "shop"}.isdisjoint(failed), "nothing is wrong with them now"
    assert asked.values(4, "L", "connection") == dict.fromkeys(present, 0)
    assert asked.values(4, "M", "connection") == dict.fromkeys(present, 1000 * END)


def test_connections_online_is_the_share_of_the_time_that_counts(ask: Ask) -> None:
    """Without a token nothing can fail; what is below the target is marked."""
    asked = ask("connections", target="95")
    counting = [subject for subject in CONNECTIONS if counted_hours([subject])]
    truth = {subject.labels[:1]: counted_share([subject], "online") for subject in counting}
    told = asked.values(4, "U", "connection")
    assert told == near(truth)
    assert ("cafe",) not in told
    hours = {subject.labels[:1]: counted_hours([subject]) for subject in CONNECTIONS}
    assert asked.values(4, "C", "connection") == near(hours, 0.1)
    marked = {(name,) for name, style in asked.values(4, "B", "connection", "style") if style}
    assert marked == {name for name, value in told.items() if value < 95}


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


def test_connections_that_end_soon_are_listed(ask: Ask) -> None:
    """Tokens and certificates that end within 30 days, or have ended, with the days that are left."""
    told = ask("connections").values(8, "A", "connection", "what")
    days = {("site", "token"): 2.5, ("kiosk", "token"): -1, ("kiosk", "certificate"): 20}
    assert told == pytest.approx(days)
