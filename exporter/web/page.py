"""The landing page: the present status of everything, worst first, without Grafana."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from exporter import __version__
from exporter.config import format_duration
from exporter.snapshot import ServiceState, Snapshot, View
from exporter.timing import wall

# A browser shows so many rows at once; the rest is counted.
MOST_ROWS = 500
_ORDER = (
    *("down", "critical", "offline", "warning", "unreachable", "maintenance"),
    *("waiting", "not connected", "passing", "online", "up"),
)


@dataclass(frozen=True, slots=True)
class When:
    """A moment, as how long ago it was and exactly."""

    ago: str
    exact: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table."""

    name: str
    kind: str
    status: str
    text: str
    url: str
    tags: tuple[str, ...]
    when: When | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows worst first; `hidden` is how many were too many, `counts` how many have each status."""

    title: str
    rows: tuple[Row, ...]
    hidden: int
    counts: tuple[tuple[str, int], ...]


def page(snapshot: Snapshot, metrics_path: str) -> str:
    """Return the page as HTML."""
    views = list(snapshot.values())
    tables = (
        _table("Services", _services(views)),
        _table("Connections", _connections(views)),
        _table("Sources", map(_source, (view for view in views if view.connection is None))),
    )
    return _template().render(tables=tables, metrics_path=metrics_path, version=__version__)


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("exporter.web"), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("page.html")


def _table(title: str, rows: Iterable[Row]) -> Table:
    ordered = sorted(rows, key=lambda row: (_ORDER.index(row.status), row.name.lower()))
    counts = Counter(row.status for row in ordered)
    shown = tuple(ordered[:MOST_ROWS])
    return Table(
        title,
        shown,
        len(ordered) - len(shown),
        tuple((word, counts[word]) for word in _ORDER if word in counts),
    )


def _services(views: Iterable[View]) -> Iterable[Row]:
    grouped: dict[tuple[str, str], list[tuple[ServiceState, float]]] = defaultdict(list)
    for group in (group for view in views for group in view.groups.values() if not group.stale):
        for state in group.states:
            grouped[state.instance.key[:2]].append((state, group.checked_at))
    return (_service(datacenter, name, states) for (datacenter, name), states in grouped.items())


def _service(datacenter: str, name: str, states: list[tuple[ServiceState, float]]) -> Row:
    instances = [state.instance for state, _ in states]
    status = min((instance.status for instance in instances), key=_ORDER.index)
    up = sum(instance.status in ("passing", "warning") for instance in instances)
    tags = sorted({tag for instance in instances if instance.endpoint for tag in instance.endpoint.tags})
    url = next((instance.url for instance in instances if instance.url), "")
    return Row(name, datacenter, status, f"{up}/{len(instances)} up", url, tuple(tags), _when(states[0][1]))


def _connections(views: Iterable[View]) -> Iterable[Row]:
    for view in views:
        state = view.connection
        if state and not state.stale:
            check = state.check
            status = check.status.replace("_", " ")
            text = " · ".join(filter(None, (check.details, check.reason.replace("_", " "))))
            link = check.face.action_url
            yield Row(check.face.name, check.kind, status, text, link, (), _when(state.checked_at))


def _source(view: View) -> Row:
    status = "waiting" if not view.polls else "down" if view.error else "up"
    text = str(view.error) if view.error else f"every {format_duration(view.source.interval)}"
    when = _when(view.succeeded_at) if view.succeeded_at is not None else None
    return Row(view.source.name, view.source.kind, status, text, "", (), when)


def _when(at: float) -> When:
    ago = format_duration(max(0, round(wall() - at)))
    return When(f"{ago} ago", datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds"))
