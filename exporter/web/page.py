"""The landing page: the present status of everything, worst first, without Grafana."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from exporter import __version__
from exporter.config import format_duration
from exporter.state import ServiceState, Snapshot, SourceState
from exporter.timing import wall

# A browser shows so many rows at once; the rest is counted.
MOST_ROWS = 500
_MOST_CHECKS = 3
# Every word of a status, the worst first, with the tone it is shown in.
_TONES = {
    "down": "bad",
    "critical": "bad",
    "offline": "bad",
    "warning": "poor",
    "unreachable": "poor",
    "no data": "unknown",
    "maintenance": "planned",
    "waiting": "unknown",
    "not connected": "unknown",
    "passing": "good",
    "online": "good",
    "up": "good",
}
_ORDER = list(_TONES)


@dataclass(frozen=True, slots=True)
class When:
    """A moment, as how long ago it was and exactly."""

    ago: str
    exact: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table; `url` is that of the thing itself, `offers` are what can be done with it and where, `source` what to poll for news."""

    name: str
    kind: str
    status: str
    text: str
    when: When | None
    url: str = ""
    offers: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    source: str = ""

    @property
    def tone(self) -> str:
        """How bad the status is: bad, poor, unknown, planned or good."""
        return _TONES[self.status]


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows have a status."""

    status: str
    number: int
    tone: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows worst first; `hidden` is how many were too many to show."""

    title: str
    rows: tuple[Row, ...]
    hidden: int
    counts: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The page in one line: its tone, and what is broken."""

    tone: str
    headline: str
    details: str


def page(snapshot: Snapshot, metrics_path: str, can_poll: bool = False) -> str:
    """Return the page as HTML; with `can_poll` sources have a button to poll them now."""
    views = list(snapshot.values())
    tables = (
        _table("Services", _services(views)),
        _table("Connections", _connections(views)),
        _table("Sources", map(_source, (view for view in views if view.connection is None))),
    )
    verdict = _verdict(tables)
    return _template().render(
        tables=tables,
        verdict=verdict,
        metrics_path=metrics_path,
        can_poll=can_poll,
        version=__version__,
        now=_exact(wall()),
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("exporter.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html")


def _table(title: str, rows: Iterable[Row]) -> Table:
    ordered = sorted(rows, key=lambda row: (_ORDER.index(row.status), row.name.lower(), row.kind))
    counts = Counter(row.status for row in ordered)
    return Table(
        title,
        tuple(ordered[:MOST_ROWS]),
        max(0, len(ordered) - MOST_ROWS),
        tuple(Count(word, counts[word], _TONES[word]) for word in _ORDER if word in counts),
    )


def _verdict(tables: tuple[Table, ...]) -> Verdict:
    bad = list(_broken(tables, "bad"))
    poor = list(_broken(tables, "poor"))
    number = sum(count.number for count, _ in bad + poor)
    said = " · ".join(f"{count.number} {_noun(table, count)} {count.status}" for count, table in bad + poor)
    if number:
        return Verdict("bad" if bad else "poor", f"{number} need{'s' * (number == 1)} attention", said)
    if any(count.tone == "good" for table in tables for count in table.counts):
        return Verdict("good", "All is well", "")
    return Verdict("unknown", "Nothing is known yet", "")


def _broken(tables: tuple[Table, ...], tone: str) -> Iterator[tuple[Count, Table]]:
    return ((count, table) for table in tables for count in table.counts if count.tone == tone)


def _noun(table: Table, count: Count) -> str:
    plural = table.title.lower()
    return plural if count.number != 1 else plural.removesuffix("s")


def _services(views: Iterable[SourceState]) -> Iterator[Row]:
    grouped: dict[tuple[str, str], list[tuple[ServiceState, float, bool]]] = defaultdict(list)
    for group in (group for view in views for group in view.groups.values()):
        for state in group.states:
            grouped[state.instance.key[:2]].append((state, group.checked_at, group.stale))
    return (_service(datacenter, name, states) for (datacenter, name), states in grouped.items())


def _service(datacenter: str, name: str, states: list[tuple[ServiceState, float, bool]]) -> Row:
    instances = [state.instance for state, _, _ in states]
    _, checked_at, stale = states[0]
    status = "no data" if stale else min((instance.status for instance in instances), key=_ORDER.index)
    up = sum(instance.status in ("passing", "warning") for instance in instances)
    failing = dict.fromkeys(
        check.name or check.check_id
        for instance in instances
        for check in instance.checks
        if check.status != "passing"
    )
    text = " · ".join(("" if stale else f"{up}/{len(instances)} up", *list(failing)[:_MOST_CHECKS]))
    tags = sorted({tag for instance in instances if instance.endpoint for tag in instance.endpoint.tags})
    url = next((instance.url for instance in instances if instance.url), "")
    return Row(name, datacenter, status, text.removeprefix(" · "), _when(checked_at), url, tags=tuple(tags))


def _connections(views: Iterable[SourceState]) -> Iterator[Row]:
    for view in views:
        state = view.connection
        if state:
            check, display = state.check, state.check.display
            status = "no data" if state.stale else check.status.replace("_", " ")
            text = " · ".join(filter(None, (check.reason.replace("_", " "), check.details)))
            urls = {"connect": display.connect_url, "disconnect": display.disconnect_url}
            kind = check.kind if display.name == check.connection else f"{check.kind} · {check.connection}"
            yield Row(
                display.name,
                kind,
                status,
                text,
                _when(state.checked_at),
                offers={word: url for word, url in urls.items() if url},
                source=view.info.id.name,
            )


def _source(view: SourceState) -> Row:
    status = "waiting" if not view.polls else "down" if view.error else "up"
    text = str(view.error) if view.error else f"every {format_duration(view.info.interval)}"
    when = _when(view.succeeded_at) if view.succeeded_at is not None else None
    return Row(view.info.id.name, view.info.id.kind, status, text, when, source=view.info.id.name)


def _when(at: float) -> When:
    ago = format_duration(max(0, round(wall() - at)))
    return When(f"{ago} ago", _exact(at))


def _exact(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
