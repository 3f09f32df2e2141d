"""The whole of /metrics for a snapshot that never changes; every change of a metric is a diff to review.

`UPDATE_GOLDEN=1 pytest tests/test_golden.py` writes the file anew.
"""

import os
import subprocess
from pathlib import Path

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text

from exporter.exposition.text import Exposition, Format
from exporter.metrics import CORE
from exporter.polling.limits import HostLoad
from exporter.web.own_metrics import OwnMetrics
from tests.facts import everything

GOLDEN = Path(__file__).parent / "testdata" / "metrics.golden"


def rendered(format_: Format, tail: bytes = b"") -> str:
    return Exposition().render(everything()).bodies[format_].with_tail(tail).decode()


def test_the_text_is_the_golden_one() -> None:
    """Names, labels, help, order and values are exactly those of the file."""
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(rendered("text"))

    assert rendered("text") == GOLDEN.read_text()


def test_promtool_has_nothing_to_say_about_the_golden_text(promtool: Path) -> None:
    """The file follows the rules of Prometheus."""
    with GOLDEN.open("rb") as golden:
        checked = subprocess.run(
            [promtool, "check", "metrics"], stdin=golden, capture_output=True, check=False
        )

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_both_formats_say_the_same() -> None:
    """Read by their parsers, text and OpenMetrics hold the same samples."""
    plain = {
        (sample.name, tuple(sorted(sample.labels.items())), sample.value)
        for family in text(rendered("text"))
        for sample in family.samples
    }
    open_ = {
        (sample.name, tuple(sorted(sample.labels.items())), sample.value)
        for family in openmetrics(rendered("openmetrics", b"# EOF\n"))  # type: ignore[no-untyped-call]  # the library has no types
        for sample in family.samples
    }

    assert plain == open_


def test_the_golden_text_shows_every_metric() -> None:
    """Each metric that the core declares has a sample there, or among the exporter's own."""
    exporter = OwnMetrics()
    exporter.show_loads(lambda: {"api.example": HostLoad(20, 0.5)})
    own = exporter.text("").decode()
    shown = {family.name for family in text(GOLDEN.read_text() + own)}

    assert {metric.name.removesuffix("_total") for metric in CORE} <= shown
