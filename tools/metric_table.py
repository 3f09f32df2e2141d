"""The tables of metrics: all of them in docs/metrics.md, those that people use first in README.md."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from exporter.metrics import CORE
from exporter.model import Metric
from exporter.sources.connections.kinds import KINDS
from tools.marks import between

ROOT = Path(__file__).parent.parent
PAGE, README = ROOT / "docs" / "metrics.md", ROOT / "README.md"
MARKS = ("<!-- metrics: begin -->\n", "<!-- metrics: end -->")
USED_MOST = (
    "service_up",
    "service_status",
    "service_status_changes_total",
    "service_info",
    "connection_online",
    "connection_status",
    "connection_check_failures_total",
    "source_up",
    "source_poll_failures_total",
    "source_last_success_timestamp_seconds",
)


def declared() -> tuple[Metric, ...]:
    """Return the metrics of the core and of every kind, each once."""
    return tuple(dict.fromkeys((*CORE, *(metric for kind in KINDS.values() for metric in kind.METRICS))))


def table(metrics: Iterable[Metric]) -> str:
    """Return the table as Markdown."""
    return "".join(f"{row}\n" for row in _rows(metrics))


def _rows(metrics: Iterable[Metric]) -> Iterator[str]:
    yield "| metric | type | labels | meaning |"
    yield "|---|---|---|---|"
    for m in metrics:
        yield f"| `{m.name}` | {m.type} | {', '.join(m.labels) or '–'} | {m.help} |"


def files() -> dict[Path, str]:
    """Return what the files should hold."""
    by_name = {metric.name: metric for metric in declared()}
    tables = {PAGE: table(declared()), README: table(by_name[name] for name in USED_MOST)}
    return {path: between(path.read_text("utf-8"), MARKS, text) for path, text in tables.items()}
