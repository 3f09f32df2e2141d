"""Write the table of all metrics into README.md, between its two marks: `python -m tools.metric_table`."""

from collections.abc import Iterable
from pathlib import Path

from exporter.metrics import CORE
from exporter.model import Metric
from exporter.sources.connections.kinds import KINDS

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- metrics: begin -->", "<!-- metrics: end -->"


def declared() -> tuple[Metric, ...]:
    """Return the metrics of the core and of every kind, each once."""
    return tuple(dict.fromkeys((*CORE, *(metric for kind in KINDS.values() for metric in kind.METRICS))))


def table(metrics: Iterable[Metric]) -> str:
    """Return the table as Markdown."""
    rows = (f"| `{m.name}` | {m.type} | {', '.join(m.labels) or '–'} | {m.help} |" for m in metrics)
    return "\n".join(("| metric | type | labels | meaning |", "|---|---|---|---|", *rows))


def with_table(text: str) -> str:
    """Return the README's text with the present table in it."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(declared())}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(with_table(README.read_text()))
