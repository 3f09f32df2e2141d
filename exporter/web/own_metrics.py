"""The exporter's metrics about itself; these few are rendered for each scrape, as they are about that moment."""

import platform
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from exporter import __version__, logs, metrics
from exporter.exposition.text import Format, Rendered
from exporter.holds import Holds
from exporter.model import Metric
from exporter.polling.limits import HostLoad
from exporter.timing import steady, wall

# Many who scrape at once get the same text for so many seconds: it takes longer to make than all else of a scrape.
_FRESH = 0.2


class OwnMetrics:
    """Gauges of the exporter, of its process and of Python, in a registry of their own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types
        self._registry = CollectorRegistry(auto_describe=True)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)
        self._gauge(metrics.BUILD_INFO).labels(__version__, platform.python_version()).set(1)
        self._reload_ok = self._gauge(metrics.CONFIG_RELOAD_OK)
        self._reload_time = self._gauge(metrics.CONFIG_RELOAD_TIME)
        self._gauge(metrics.TIME).set_function(wall)
        self._series = self._gauge(metrics.SERIES)
        self._size = self._gauge(metrics.EXPOSITION_SIZE)
        self._duration = self._gauge(metrics.RENDER_DURATION)
        self._cut = self._gauge(metrics.LABEL_VALUES_CUT)
        self.holds = Holds()
        self._gauge(metrics.LONGEST_HOLD).set_function(lambda: self.holds.longest)
        dropped = metrics.LOG_DROPPED
        self._dropped = Counter(dropped.name, dropped.help, registry=self._registry)
        self._dropped_before = 0
        self._texts: dict[str, tuple[float, bytes]] = {}

    def _gauge(self, metric: Metric) -> Gauge:
        return Gauge(metric.name, metric.help, metric.labels, registry=self._registry)

    def show_loads(self, loads: Callable[[], Mapping[str, HostLoad]]) -> None:
        """Show how busy the hosts of connections are, as `loads` says it at each scrape."""
        self._registry.register(_Loads(loads))

    def loaded(self, ok: bool) -> None:
        """Note whether the configuration was loaded; the time only moves when it was."""
        self._texts.clear()
        self._reload_ok.set(ok)
        if ok:
            self._reload_time.set(wall())

    def rendered(self, rendered: Rendered) -> None:
        """Note how large /metrics became and how long that took."""
        self._texts.clear()
        self._series.set(rendered.series)
        self._size.set(rendered.bodies["text"].size)
        self._duration.set(rendered.duration)
        self._cut.set(rendered.cut)

    def text(self, accept: str) -> bytes:
        """Return the samples in the format that `accept` asks for; OpenMetrics ends with its end mark."""
        encoder, content_type = choose_encoder(accept)
        known = self._texts.get(content_type)
        if known and steady() - known[0] < _FRESH:
            return known[1]
        dropped = logs.dropped()
        self._dropped.inc(max(0, dropped - self._dropped_before))
        self._dropped_before = dropped
        text = bytes(encoder(self._registry))
        self._texts[content_type] = (steady(), text)
        return text


class _Loads(Collector):
    def __init__(self, loads: Callable[[], Mapping[str, HostLoad]]) -> None:
        self._loads = loads

    def collect(self) -> Iterator[GaugeMetricFamily]:
        families = [
            GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
            for metric in (metrics.HOST_REQUEST_LIMIT, metrics.HOST_DELAY)
        ]
        for host, load in self._loads().items():
            for family, value in zip(families, load, strict=True):
                family.add_metric([host], value)
        return iter(families)


def negotiate(accept: str) -> tuple[Format, str]:
    """Return the format and the content type for an Accept header."""
    _, content_type = choose_encoder(accept)
    return (
        "openmetrics" if content_type.startswith("application/openmetrics-text") else "text"
    ), content_type
