"""What rendering and serving /metrics cost, beside prometheus_client's own way of doing it.

python benchmarks/scrape.py [INSTANCES ...]
"""

import gzip
import sys
import time
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric as Family
from prometheus_client.parser import text_string_to_metric_families

from exporter.exposition.text import Exposition
from exporter.model import CHECK_STATUSES, SERVICE_STATUSES, Check, Endpoint, InstanceKey, ServiceInstance
from exporter.sources.contract import ServiceFindings, SourceInfo
from exporter.state import PollResult, SourceId, SourceState, advance, first_state
from exporter.timing import wall

SIZES = (40, 1_000, 10_000)
TAIL = b"# HELP own_info Always 1.\n# TYPE own_info gauge\nown_info 1\n"


CLUSTER = SourceInfo(SourceId("consul", "main"), interval=60.0, stale_after=180.0)


def instances(count: int, poll: int) -> Iterator[ServiceInstance]:
    """Make instances with two checks each; with every poll one in a hundred changes its status."""
    for number in range(count):
        key = InstanceKey(
            "dc1", f"service-{number % 1000:04}", f"service-{number:05}", f"node-{number % 200:03}"
        )
        status = SERVICE_STATUSES[(number + poll) % 3 if (number + poll) % 100 == 0 else 0]
        checks = tuple(Check(key.node, f"check-{n}", "HTTP", CHECK_STATUSES[0]) for n in range(2))
        address = f"10.0.{number // 250}.{number % 250}"
        endpoint = Endpoint(address, 8080, ("production", "v2"))
        yield ServiceInstance(key, status, checks, endpoint, f"http://{key.service}.service.dc1.consul:8080")


def polled(view: SourceState, count: int, poll: int) -> SourceState:
    """Return the view after one more poll."""
    found = ServiceFindings({"dc1": tuple(instances(count, poll))})
    return advance(view, PollResult(wall() + 60 * poll, 0.2, found), 60.0 * poll)


class Same:
    """The same series as a collector of prometheus_client."""

    def __init__(self, text: str) -> None:
        self._families = list(text_string_to_metric_families(text))

    def collect(self) -> list[Family]:
        return self._families


def seconds(work: Callable[[], object], times: int = 3) -> float:
    """Return the shortest of some runs."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return min(taken)


def measure(count: int) -> None:
    """Print a line about so many instances."""
    exposition, id_ = Exposition(), SourceId("consul", "main")
    first = polled(first_state(CLUSTER), count, 1)
    exposition.render({id_: first})
    second = polled(first, count, 2)
    rendered = exposition.render({id_: second})
    body = rendered.bodies["text"]
    registry = CollectorRegistry()
    registry.register(Same(body.with_tail(b"").decode()))
    plain = seconds(lambda: body.with_tail(TAIL))
    packed = seconds(lambda: body.gzipped_with_tail(TAIL))
    theirs = seconds(lambda: generate_latest(registry))
    theirs_packed = seconds(lambda: gzip.compress(generate_latest(registry)))  # as its own web server does
    print(
        f"{count:9,} {rendered.series:9,} {body.size / 1e6:7.1f} {len(body.gzipped_with_tail(b'')) / 1e6:7.2f}"
        f" {rendered.duration * 1e3:9.1f} {plain * 1e3:9.3f} {packed * 1e3:9.3f}"
        f" {theirs * 1e3:9.1f} {theirs_packed * 1e3:9.1f} {theirs / plain:8,.0f}x {theirs_packed / packed:8,.0f}x"
    )


def main() -> None:
    """Measure the sizes of the command line."""
    print(
        "render: both formats, plain and gzip, once per poll; scrape: what is left to do for a request, in ms"
    )
    print(
        "                             size in MB            ours, ms           prometheus_client, ms  their time/ours"
    )
    print(
        "instances    series   plain    gzip    render     plain      gzip     plain      gzip     plain      gzip"
    )
    for count in map(int, sys.argv[1:] or SIZES):
        measure(count)


if __name__ == "__main__":
    main()
