"""What the exporter and its process would have told of themselves, so that their charts have a past too."""

import platform
from collections.abc import Iterator
from math import sin

from exporter import __version__, metrics
from exporter.model import Metric

_CPU = Metric("process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.")
_MEMORY = Metric("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.")
_STARTED = Metric(
    "process_start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds."
)
_SCRAPE = Metric("scrape_duration_seconds", "gauge", "How long the scrape took, as Prometheus writes it.")
_BUSY = 0.006  # part of one processor
_MEGABYTE = 2**20


def itself(at: float, started: float, series: int, size: int) -> Iterator[tuple[Metric, str]]:
    """Yield the sample lines at `at` of an exporter that started at `started` (Unix time); `size` in bytes."""
    version = f'version="{__version__}",python_version="{platform.python_version()}"'
    yield _line(metrics.BUILD_INFO, 1, version)
    yield _line(metrics.CONFIG_RELOAD_OK, 1)
    yield _line(metrics.CONFIG_RELOAD_TIME, started)
    yield _line(metrics.TIME, at)
    yield _line(metrics.SERIES, series)
    yield _line(metrics.EXPOSITION_SIZE, size)
    yield _line(metrics.RENDER_DURATION, 4e-6 * series * _wave(at))
    yield _line(_CPU, _BUSY * (at - started) + sin(at / 7300))
    yield _line(_MEMORY, round(_MEGABYTE * (52 + 4 * _wave(at))))
    yield _line(_STARTED, started)
    yield _line(_SCRAPE, 8e-6 * series * _wave(at + 1))


def _wave(at: float) -> float:
    """A number about 1 that goes up and down with the time, the same each time."""
    return 1 + 0.1 * sin(at) + 0.1 * sin(at / 7300)


def _line(metric: Metric, value: float, labels: str = "") -> tuple[Metric, str]:
    return metric, f"{metric.name}{{{labels}}} {value!r}\n"
