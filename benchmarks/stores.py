"""What Prometheus, and vmagent with VictoriaMetrics, need for exporters of 10,000 instances each, scraped every 15 s.

python benchmarks/stores.py [EXPORTERS ...]
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from scrape import CLUSTER, polled

from exporter.exposition.text import Exposition
from exporter.state import first_state
from tests.real import Prometheus
from tests.real.server import Server
from tests.real.victoria import VictoriaMetrics, Vmagent
from tools.components import find

SIZES = (1,)
INSTANCES = 10_000
PLAYED = 120
TICK = os.sysconf("SC_CLK_TCK")


@contextmanager
def exporters(count: int) -> Iterator[dict[str, object]]:
    """Serve the same text on every path, compressed; yield the scrape configuration."""
    state = polled(first_state(CLUSTER), INSTANCES, 1)
    rendered = Exposition().render({CLUSTER.id: state})
    body = rendered.bodies["text"].gzipped_with_tail(b"")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"127.0.0.1:{server.server_port}"
    targets = [{"targets": [address], "labels": {"instance": str(number)}} for number in range(count)]
    job = {"job_name": "status-exporter", "honor_labels": True, "static_configs": targets}
    yield {"global": {"scrape_interval": "15s"}, "scrape_configs": [job]}
    server.shutdown()


def needed(server: Server) -> tuple[float, float]:
    """Memory in MB that is not files', and seconds of a core since it started."""
    assert server._process
    folder = Path(f"/proc/{server._process.pid}")
    memory = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    return int(memory["RssAnon"].split()[0]) / 1024, (int(fields[11]) + int(fields[12])) / TICK


def measure(count: int) -> None:
    """Print a line for each server."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        config = stack.enter_context(exporters(count))
        for name in ("prometheus", "store", "agent"):
            (folder / name).mkdir()
        paths = {name: find(name) for name in ("prometheus", "victoria-metrics", "vmagent")}
        if missing := [name for name, path in paths.items() if not path]:
            sys.exit(f"not to be had: {', '.join(missing)}")
        prometheus, victoria, vmagent = (path for path in paths.values() if path)
        store = VictoriaMetrics(victoria, folder / "store", {})
        servers: list[Server] = [Prometheus(prometheus, folder / "prometheus", config), store]
        servers.append(Vmagent(vmagent, folder / "agent", config, store))
        for server in servers:
            stack.callback(server.kill)
            server.start()
        time.sleep(PLAYED)
        series = servers[0].value("sum(scrape_samples_scraped)")
        for server in servers:
            memory, cpu = needed(server)
            print(f"{count:9} {series:11,.0f}  {server.name:18} {memory:10,.0f} {cpu * 60 / PLAYED:14.1f}")


def main() -> None:
    """Measure the sizes of the command line."""
    print("exporters      series  server              memory, MB  core s a minute")
    for count in map(int, sys.argv[1:] or SIZES):
        measure(count)


if __name__ == "__main__":
    main()
