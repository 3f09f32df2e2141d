"""A day in which the exact share of every status in every window is known.

Times are whole minutes since the day's start, so that one sample a minute sees everything; an episode holds
from its start until just before its end.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from exporter import metrics
from exporter.model import CHECK_STATUSES, CONNECTION_STATUSES, SERVICE_STATUSES, Metric
from exporter.sources.connections.kind import RATE_LIMIT_LIMIT, RATE_LIMIT_REMAINING
from exporter.sources.connections.kinds.evotor import STORES

END = 1_749_643_200  # 2025-06-11 12:00 UTC, an even hour
START = END - 86400
BEFORE, DAY = -60, 1440
SCRAPE = 0.5  # minutes
FOREVER = 1e9
OUTAGES = ((720, 740), (820, 850))
"""The exporter was down; then Prometheus was, and with it the rules."""

Episode = tuple[str, float, float]


@dataclass(frozen=True)
class Subject:
    """A service instance (datacenter, service, service_id, node) or a connection (connection, kind)."""

    labels: tuple[str, ...]
    normal: str
    episodes: tuple[Episode, ...] = ()
    born: float = BEFORE
    gone: float = FOREVER

    def status(self, minute: float) -> str | None:
        """The status at a time, None while it is not there."""
        if not self.born <= minute < self.gone:
            return None
        held = [status for status, start, end in self.episodes if start <= minute < end]
        return held[-1] if held else self.normal

    def edges(self) -> Iterator[float]:
        yield from (self.born, self.gone)
        for _, start, end in self.episodes:
            yield from (start, end)


FLAPPING = tuple(("critical", float(minute), minute + 1.0) for minute in range(200, 320, 2))

INSTANCES = (
    Subject(("dc1", "web", "web-1", "n1"), "passing", (("critical", 600, 645), ("warning", 100, 101))),
    Subject(("dc1", "web", "web-2", "n2"), "passing", (("warning", 610, 700), ("critical", 1433, FOREVER))),
    Subject(("dc1", "web", "web-3", "n3"), "passing", (("maintenance", 900, 960),), gone=1200),
    Subject(("dc1", "till", "till", "n1"), "passing", FLAPPING),
    Subject(("dc1", "db.main", "db", "n4"), "passing", (("maintenance", 300, 420), ("warning", 430, 437))),
    Subject(("dc1", "planned", "planned", "n4"), "passing", (("maintenance", 1380, FOREVER),)),
    Subject(("dc1", "slow", "slow", "n2"), "passing", (("warning", 1300, FOREVER),)),
    Subject(("dc1", "born", "born", "n3"), "passing", born=1000),
    Subject(("dc1", "gone", "gone", "n3"), "passing", (("critical", 1000, 1100),), gone=1100),
    Subject(("dc2", "web", "web-1", "m1"), "warning", (("critical", 0, 7),)),
)
CONNECTIONS = (
    Subject(("shop", "evotor"), "online", (("offline", 500, 620), ("unreachable", 700, 730))),
    Subject(("cafe", "evotor"), "not_connected"),
    Subject(("kiosk", "evotor"), "online", (("offline", 1400, FOREVER),)),
    Subject(("site", "http"), "online", (("unreachable", 1300, FOREVER),)),
    Subject(("old", "http"), "online", gone=800),
)
REASONS = {"offline": "unauthorized", "unreachable": "timeout"}


def observed(minute: float) -> bool:
    """Whether what holds at a time got into Prometheus."""
    return not any(start <= minute < end for start, end in OUTAGES)


def share(subjects: Sequence[Subject], status: str, start: float, end: float) -> float:
    """Percentage of the time from `start` to `end` in a status, averaged over those that are there; `no_data` while none is."""
    edges = {edge for subject in subjects for edge in subject.edges()} | {e for gap in OUTAGES for e in gap}
    inside = sorted({start, end, *(edge for edge in edges if start < edge < end)})
    held = 0.0
    for a, b in pairwise(inside):
        found = [s for s in (subject.status((a + b) / 2) for subject in subjects) if s]
        if not found or not observed((a + b) / 2):
            held += (b - a) * (status == "no_data")
        else:
            held += (b - a) * found.count(status) / len(found)
    return 100 * held / (end - start)


def services() -> dict[tuple[str, str], list[Subject]]:
    """The instances of each (datacenter, service)."""
    found: dict[tuple[str, str], list[Subject]] = {}
    for subject in INSTANCES:
        found.setdefault((subject.labels[0], subject.labels[1]), []).append(subject)
    return found


def tags(service: str) -> str:
    """Tags of a service's instances."""
    return "canary,http" if service in ("web", "till") else "http"


def changes(subject: Subject, start: float, end: float) -> int:
    """How often the status changed after `start` and until `end`."""
    edges = sorted({edge for edge in subject.edges() if start < edge <= end})
    return sum(_differ(subject.status(edge - 0.25), subject.status(edge)) for edge in edges)


def _differ(before: str | None, after: str | None) -> bool:
    return before is not None and after is not None and before != after


def openmetrics() -> Iterator[str]:
    """The day as OpenMetrics text, every series in the order of time."""
    for subject in INSTANCES:
        yield from _instance(subject)
    for subject in CONNECTIONS:
        yield from _connection(subject)
    yield from _exporter()
    yield "# EOF\n"


SCRAPES = [BEFORE + SCRAPE * n for n in range(round((DAY - BEFORE) / SCRAPE) + 1)]
Values = Mapping[float, float]


def _series(metric: Metric, labels: Sequence[str], values: Values) -> Iterator[str]:
    return _lines(metric.name, dict(zip(metric.labels, labels, strict=True)), values)


def _lines(name: str, labels: dict[str, str], values: Values) -> Iterator[str]:
    shown = ",".join(f'{key}="{value}"' for key, value in (labels | TARGET).items())
    for minute, value in values.items():
        yield f"{name}{{{shown}}} {value} {START + 60 * minute:.0f}\n"


TARGET = {"job": "status-exporter", "instance": "exporter:10117"}


def _minutes(subject: Subject) -> list[float]:
    return [m for m in SCRAPES if observed(m) and subject.status(m)]


def _instance(subject: Subject) -> Iterator[str]:
    minutes = _minutes(subject)
    status = {m: subject.status(m) for m in minutes}
    datacenter, service, *_ = subject.labels
    for name in SERVICE_STATUSES:
        values = {m: float(status[m] == name) for m in minutes}
        yield from _series(metrics.SERVICE_STATUS, (*subject.labels, name), values)
    for name in CHECK_STATUSES:
        checks = {m: float(status[m] == name) + (name == "passing") for m in minutes}
        yield from _series(metrics.SERVICE_CHECKS, (*subject.labels, name), checks)
    up = {m: float(status[m] in ("passing", "warning")) for m in minutes}
    yield from _series(metrics.SERVICE_UP, subject.labels, up)
    yield from _series(metrics.SERVICE_LAST_CHECKED, subject.labels, {m: START + 60.0 * m for m in minutes})
    yield from _series(metrics.SERVICE_STATUS_SINCE, subject.labels, dict.fromkeys(minutes, START - 3600.0))
    counted = {m: float(changes(subject, BEFORE, m)) for m in minutes}
    yield from _series(metrics.SERVICE_STATUS_CHANGES, subject.labels, counted)
    url = f"http://{service}.service.{datacenter}.consul:80"
    about = ("10.0.0.1", "80", url, f",{tags(service)},", "")
    yield from _series(metrics.SERVICE_INFO, (*subject.labels, *about), dict.fromkeys(minutes, 1.0))


def shown(subject: Subject, status: str) -> tuple[str, ...]:
    """Name, details, icon, where to connect and disconnect, and host of a connection in a status."""
    connection, kind = subject.labels
    connect = f"https://shop.example/connect/{connection}" if status in ("not_connected", "offline") else ""
    disconnect = f"https://shop.example/disconnect/{connection}" if status != "not_connected" else ""
    details = "" if connection in STORES_OF else f"магазин {connection}"
    return ("Эвотор", details, kind, connect, disconnect, f"api.{kind}.example")


def _connection(subject: Subject) -> Iterator[str]:
    minutes = _minutes(subject)
    status = {m: subject.status(m) for m in minutes}
    for name in CONNECTION_STATUSES:
        values = {m: float(status[m] == name) for m in minutes}
        yield from _series(metrics.CONNECTION_STATUS, (*subject.labels, name), values)
    checked = {m: START + 60.0 * m for m in minutes}
    yield from _series(metrics.CONNECTION_LAST_CHECKED, subject.labels, checked)
    yield from _series(
        metrics.CONNECTION_STATUS_SINCE, subject.labels, dict.fromkeys(minutes, START - 3600.0)
    )
    yield from _series(metrics.CONNECTION_CHECK_DURATION, subject.labels, dict.fromkeys(minutes, 0.25))
    about = {m: shown(subject, str(status[m])) for m in minutes}
    for labels in dict.fromkeys(about.values()):
        values = {m: 1.0 for m in minutes if about[m] == labels}
        yield from _series(metrics.CONNECTION_INFO, (*subject.labels, *labels), values)
    latest = list(accumulate((REASONS.get(str(status[m]), "") for m in minutes), _later))
    for held, reason in REASONS.items():
        checks = list(accumulate(float(status[m] == held) for m in minutes))
        failed = dict(zip(minutes, checks, strict=True))
        yield from _series(metrics.CONNECTION_CHECK_FAILURES, (*subject.labels, reason), failed)
        last = {m: 1.0 for m, found in zip(minutes, latest, strict=True) if found == reason}
        yield from _series(metrics.CONNECTION_LAST_FAILURE, (*subject.labels, reason), last)
    connection, _ = subject.labels
    if connection in STORES_OF:
        yield from _series(STORES, subject.labels, dict.fromkeys(minutes, float(STORES_OF[connection])))
    for metric, at in ENDS_AT.get(connection, {}).items():
        yield from _series(metric, subject.labels, dict.fromkeys(minutes, at))
    for metric, value in ((RATE_LIMIT_LIMIT, 100.0), (RATE_LIMIT_REMAINING, 90.0)):
        yield from _series(metric, subject.labels, dict.fromkeys(minutes, value))


def _later(reason: str, then: str) -> str:
    return then or reason


ENDS_AT = {
    "site": {
        metrics.CONNECTION_TOKEN_EXPIRY: END + 86_400 * 2.5,
        metrics.CONNECTION_TLS_EXPIRY: END + 86_400 * 400,
    },
    "kiosk": {
        metrics.CONNECTION_TOKEN_EXPIRY: END - 86_400.0,
        metrics.CONNECTION_TLS_EXPIRY: END + 86_400 * 20,
    },
}
"""When tokens and certificates end: one soon, one long after, one did a day ago, one within the month."""

STORES_OF = {"site": 1, "cafe": 22}
"""Connections without details of their own, and the number of stores that dashboards put into words."""

SOURCES = {("main", "consul"): 60, ("spare", "consul"): 60, ("shop", "evotor"): 600}
DOWN_SINCE = {("spare", "consul"): 1420}
"""Its polls fail, and its data, older than 3 minutes, is stale."""


def _exporter() -> Iterator[str]:
    minutes = [m for m in SCRAPES if observed(m)]
    scraped = [m for m in SCRAPES if not OUTAGES[1][0] <= m < OUTAGES[1][1]]
    yield from _lines("up", {}, {m: float(observed(m)) for m in scraped})
    yield from _lines("scrape_duration_seconds", {}, dict.fromkeys(minutes, 0.02))
    yield from _lines("process_resident_memory_bytes", {}, dict.fromkeys(minutes, 5e7))
    yield from _lines("process_cpu_seconds_total", {}, {m: 3.0 * (m - BEFORE) for m in minutes})
    yield from _series(metrics.BUILD_INFO, ("1.2.3", "3.11.7"), dict.fromkeys(minutes, 1.0))
    constants = (
        (metrics.CONFIG_RELOAD_OK, 1.0),
        (metrics.CONFIG_RELOAD_TIME, float(START)),
        (metrics.SERIES, 500.0),
        (metrics.EXPOSITION_SIZE, 1e5),
        (metrics.RENDER_DURATION, 0.003),
    )
    for metric, value in constants:
        yield from _series(metric, (), dict.fromkeys(minutes, value))
    for source in SOURCES:
        yield from _source(source, minutes)
    firing = {"alertstate": "firing", "severity": "critical"}
    recent = dict.fromkeys(SCRAPES[-10:], 1.0)
    yield from _lines("ALERTS", firing | {"alertname": "ServiceCritical", "service": "web"}, recent)
    yield from _lines("ALERTS", firing | {"alertname": "ConnectionRefused", "connection": "kiosk"}, recent)
    yield from _lines("ALERTS", firing | {"alertname": "SourceDown", "source": "spare"}, recent)


def _source(source: tuple[str, str], minutes: list[float]) -> Iterator[str]:
    interval, down = SOURCES[source], DOWN_SINCE.get(source, FOREVER)
    polls = {m: 60.0 * (m - BEFORE) / interval for m in minutes}
    failed = {m: float(max(0, m - down)) for m in minutes}
    yield from _series(metrics.SOURCE_UP, source, {m: float(m < down) for m in minutes})
    yield from _series(metrics.SOURCE_POLLS, source, polls)
    yield from _series(metrics.SOURCE_INTERVAL, source, dict.fromkeys(minutes, float(interval)))
    yield from _series(metrics.SOURCE_STALE_AFTER, source, dict.fromkeys(minutes, 3.0 * interval))
    success = {m: START + 60.0 * min(m, down) for m in minutes}
    yield from _series(metrics.SOURCE_LAST_SUCCESS, source, success)
    yield from _series(metrics.SOURCE_POLL_FAILURES, (*source, "timeout"), failed)
    yield from _series(
        metrics.SOURCE_REJECTED, (*source, "malformed"), {m: float(m >= 1000) for m in minutes}
    )
    labels = dict(zip(metrics.SOURCE_POLL_DURATION.labels, source, strict=True))
    name = metrics.SOURCE_POLL_DURATION.name
    for bound, part in (("0.5", 1.0), ("1", 1.0), ("+Inf", 1.0)):
        yield from _lines(f"{name}_bucket", labels | {"le": bound}, {m: part * p for m, p in polls.items()})
    yield from _lines(f"{name}_sum", labels, {m: 0.25 * p for m, p in polls.items()})
    yield from _lines(f"{name}_count", labels, polls)
