"""How long the queries of the dashboard Services take: 1,000 services, 24 hours, one sample a minute.

python benchmarks/services_queries.py [services]
"""

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode
from urllib.request import urlopen

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from dashboards.look import WINDOWS  # noqa: E402
from exporter.model import SERVICE_STATUSES  # noqa: E402
from tests.dashboards.grafana_view import Request, View  # noqa: E402
from tests.real import Prometheus  # noqa: E402
from tools.components import find  # noqa: E402

END = 1_749_643_200
MINUTES = 25 * 60
REPEATS = 3
BLOCKS = "--max-block-duration=18h"
"""As large as those to which a server that has run for a day has compacted its own."""

LIMIT = 2.0
INSTANCES = 3


def spells(random_: random.Random) -> Iterator[int]:
    """Index of the status in each minute: spells of hours, most of them passing."""
    lengths = (max(1, int(random_.expovariate(1 / 180))) for _ in iter(int, 1))
    kinds = (random_.choices(range(4), (12, 2, 1, 1))[0] for _ in iter(int, 1))
    return chain.from_iterable(repeat(kind, length) for kind, length in zip(kinds, lengths, strict=False))


def lines(name: str, labels: str, values: list[float]) -> Iterator[str]:
    """One series in OpenMetrics text, a value a minute until the end."""
    first = END - 60 * (len(values) - 1)
    return (f"{name}{{{labels}}} {value:g} {first + 60 * n}\n" for n, value in enumerate(values))


def history(services: int) -> Iterator[str]:
    """What the recording rules leave behind, and the instances of the last minutes."""
    rank = (0, 3, 4, 1)
    for n in range(services):
        labels = f'datacenter="dc1",service="svc-{n:05}"'
        held = [kind for kind, _ in zip(spells(random.Random(n)), range(MINUTES), strict=False)]  # noqa: S311
        for index, status in enumerate(SERVICE_STATUSES):
            share = [float(kind == index) for kind in held]
            yield from lines("service:service_status:avg", f'{labels},status="{status}"', share)
        yield from lines("service:service_status:worst", labels, [float(rank[kind]) for kind in held])
        about = f'{labels},url="http://svc-{n:05}.service.dc1.consul:8080",tags=",http,v{n % 7},"'
        yield from lines("service:service_info:last", about, [END - 60.0 * m for m in range(MINUTES)][::-1])
        for i in range(INSTANCES):
            instance = f'{labels},service_id="svc-{n:05}-{i}",node="n{i}"'
            yield from lines("service_up", instance, [1.0] * 5)
            for status in SERVICE_STATUSES:
                one_hot = [float(status == "passing")] * 5
                yield from lines("service_status", f'{instance},status="{status}"', one_hot)
    yield "# EOF\n"


def prepared(services: int, folder: Path) -> Prometheus:
    """A server that holds the history."""
    prometheus, promtool = find("prometheus"), find("promtool")
    if not prometheus or not promtool:
        sys.exit("Prometheus can't be had here")
    text = folder / "history.om"
    with text.open("w", encoding="utf-8") as file:
        file.writelines(history(services))
    server = Prometheus(prometheus, folder, {"global": {}})
    command: list[str | Path] = [
        promtool,
        "tsdb",
        "create-blocks-from",
        "openmetrics",
        BLOCKS,
        text,
        server.data_dir,
    ]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    return server.start("--storage.tsdb.retention.time=100y")


def seconds(server: Prometheus, request: Request) -> float:
    """The quickest of a few runs, reading the answer included."""
    return min(_seconds(server, request) for _ in range(REPEATS))


def _seconds(server: Prometheus, request: Request) -> float:
    parameters: dict[str, object] = {"query": request.expr, "time": request.end}
    if request.step:
        parameters |= {"start": request.start, "end": request.end, "step": request.step}
    path = "query_range" if request.step else "query"
    body = urlencode(parameters).encode()
    start = time.perf_counter()
    with urlopen(f"{server.url}/api/v1/{path}", body) as answer:  # noqa: S310
        answer.read()
    return time.perf_counter() - start


def main() -> None:
    """Print the figures of each query in each window."""
    services = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    dashboard = json.loads((ROOT / "grafana/dashboards/en/services.json").read_text(encoding="utf-8"))
    slowest = 0.0
    with TemporaryDirectory() as folder:
        server = prepared(services, Path(folder))
        try:
            for window in WINDOWS:
                view = View(dashboard, END, {"window": window})
                for panel in view.panels():
                    for request in view.requests(panel):
                        taken = seconds(server, request)
                        slowest = max(slowest, taken)
                        print(f"{window:>4} {panel['title']:20} {request.ref:12} {taken:6.3f} s", flush=True)
        finally:
            server.stop()
    print(f"{services} services, 24 hours: the slowest query took {slowest:.2f} s (limit {LIMIT:.0f} s)")


if __name__ == "__main__":
    main()
