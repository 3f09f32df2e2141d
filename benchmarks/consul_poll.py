"""What a poll of Consul costs: requests, seconds and memory, for 1,000 and for 10,000 instances.

Run `python -m benchmarks.consul_poll`. Consul is a fake in this process that answers from memory, with rows as
long as real ones: ten instances per service, two checks per instance.
"""

import argparse
import asyncio
import json
import resource
import statistics
import time
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import httpx

from exporter.client import HttpClient
from exporter.config import Tls
from exporter.sources.consul import ConsulSource
from exporter.sources.consul.settings import Consul

Json = dict[str, Any]
ADDRESS = "http://consul:8500"
PER_SERVICE = 10


class Cluster:
    """A fake Consul with so many instances; answers are encoded beforehand and cost next to nothing."""

    def __init__(self, instances: int) -> None:
        self.requests = 0
        services = [f"service-{number}" for number in range(instances // PER_SERVICE)]
        self._catalog = encoded({service: ["prod", "v1"] for service in services})
        self._checks = encoded([check for service in services for check in checks_of(service)])
        self._details = {service: encoded(entries_of(service)) for service in services}

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        return httpx.Response(200, content=self._body(request.url.path), headers={"X-Consul-Index": "7"})

    def _body(self, path: str) -> bytes:
        if path == "/v1/health/state/any":
            return self._checks
        if path == "/v1/catalog/services":
            return self._catalog
        return self._details[unquote(path.rpartition("/")[2])]


def encoded(content: object) -> bytes:
    """Write JSON as Consul does."""
    return json.dumps(content, separators=(",", ":")).encode()


def checks_of(service: str) -> list[Json]:
    """Return two checks for each instance of the service."""
    return [check(service, number, kind) for number in range(PER_SERVICE) for kind in ("http", "tcp")]


def check(service: str, number: int, kind: str) -> Json:
    """Return a row of /v1/health/state/any."""
    instance = f"{service}-{number}"
    return {
        "Node": node_of(instance),
        "CheckID": f"service:{instance}:{kind}",
        "Name": f"{kind} check of {service}",
        "Status": "passing",
        "Notes": "",
        "Output": "HTTP GET http://10.0.0.1:8080/health: 200 OK Output: " + "ok " * 30,
        "ServiceID": instance,
        "ServiceName": service,
        "ServiceTags": ["prod", "v1"],
        "Type": kind,
        "Definition": {},
        "CreateIndex": 100,
        "ModifyIndex": 200,
    }


def node_of(instance: str) -> str:
    """Return one of a hundred nodes, always the same."""
    return f"node-{zlib.crc32(instance.encode()) % 100}"


def entries_of(service: str) -> list[Json]:
    """Return the answer of /v1/health/service/<name>."""
    return [
        {
            "Node": {"Node": node_of(f"{service}-{number}"), "Address": "10.0.0.1"},
            "Service": {
                "ID": f"{service}-{number}",
                "Service": service,
                "Port": 8000 + number,
                "Tags": ["prod", "v1"],
                "Meta": {"version": "1.2.3"},
            },
            "Checks": [check(service, number, kind) for kind in ("http", "tcp")],
        }
        for number in range(PER_SERVICE)
    ]


@dataclass(frozen=True)
class Cost:
    """One poll: requests made, seconds of a processor, and the memory it needed at its peak beyond what was held before."""

    requests: float
    seconds: float
    megabytes: float


async def measured(cluster: Cluster, poll: Callable[[], Awaitable[object]], rounds: int) -> Cost:
    """Poll so many times for the time, and once more for the memory."""
    cluster.requests, times = 0, []
    for _ in range(rounds):
        started = time.process_time()
        await poll()
        times.append(time.process_time() - started)
    requests = cluster.requests / rounds
    tracemalloc.start()
    await poll()
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return Cost(requests, statistics.median(times), (peak - held) / 1e6 if rounds > 1 else peak / 1e6)


async def costs(instances: int, rounds: int) -> dict[str, Cost]:
    """Measure the first poll, which asks for all details, and those after it."""
    cluster, now = Cluster(instances), 0.0
    client = HttpClient(Tls(), transport=httpx.MockTransport(cluster))
    section = Consul.model_validate({"name": "main", "address": ADDRESS, "datacenters": ["dc1"]})

    def source() -> ConsulSource:
        return ConsulSource(section, {ADDRESS: client}, lambda: now)

    async def first() -> None:
        await source().poll()

    settled = source()

    async def quiet() -> None:
        nonlocal now
        now += section.interval
        await settled.poll()

    await quiet()
    return {"first": await measured(cluster, first, 1), "quiet": await measured(cluster, quiet, rounds)}


def report(small: dict[str, Cost], large: dict[str, Cost], instances: tuple[int, int]) -> None:
    """Print a table with the ratios between the two sizes."""
    print(f"{'poll':8}{'instances':>10}{'requests':>10}{'seconds':>10}{'peak MB':>10}")
    for name in small:
        for count, cost in zip(instances, (small[name], large[name]), strict=True):
            print(f"{name:8}{count:10}{cost.requests:10.0f}{cost.seconds:10.3f}{cost.megabytes:10.1f}")
        few, many = small[name], large[name]
        ratios = (many.requests / few.requests, many.seconds / few.seconds, many.megabytes / few.megabytes)
        print(f"{name:8}{'ratio':>10}" + "".join(f"{ratio:10.1f}" for ratio in ratios))
    print(f"largest resident size: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def main() -> None:
    """Measure both sizes and print the table."""
    parser = argparse.ArgumentParser(description="Measure what a poll of Consul costs.")
    parser.add_argument("--instances", type=int, default=10_000, help="the larger size")
    parser.add_argument("--rounds", type=int, default=5, help="polls to take the median of")
    given = parser.parse_args()
    sizes = (given.instances // 10, given.instances)
    small, large = (asyncio.run(costs(size, given.rounds)) for size in sizes)
    report(small, large, sizes)


if __name__ == "__main__":
    main()
