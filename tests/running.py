"""The exporter as a process, and a small API for it to ask."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.real.http import Answer, request
from tests.real.process import NotStarted, Process, clean_environment, free_ports, wait_for

EXPORTER = [sys.executable, "-m", "exporter"]
ATTEMPTS = 3  # a port that was free may be taken by the time the exporter binds it


class Exporter:
    """One exporter on a port of its own, with the configuration file `config` unless that is None."""

    def __init__(
        self,
        folder: Path,
        config: str | None,
        *flags: str,
        through: Sequence[str] = (),
        program: Sequence[str] = EXPORTER,
        **environ: str,
    ) -> None:
        self.config = folder / "config.yml"
        self.log = folder / "exporter.log"
        if config is not None:
            self.config.write_text(config)
            flags = (f"--config.file={self.config}", *flags)
        self._flags = flags
        self._program = program
        self._before = ["env", *(f"{name}={value}" for name, value in environ.items()), *through]
        self.port = 0
        self.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers; again after `kill` on the same port."""
        self._said = len(self.log.read_text()) if self.log.exists() else 0
        for attempt in range(1, ATTEMPTS + 1):
            port = self.port or free_ports(1)[0]
            listen = f"--web.listen-address=127.0.0.1:{port}"
            command = [*self._before, *self._program, listen, *self._flags]
            try:
                self.process = Process(command, self.log).wait_ready(self._listens)
            except NotStarted as failure:
                if attempt == ATTEMPTS or "Address already in use" not in str(failure):
                    raise
            else:
                self.port = port
                return

    def _listens(self) -> bool:
        return "listening" in self.log.read_text()[self._said :]

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        return request(method, f"http://{self.address}{path}", headers=headers)

    def kill(self) -> None:
        """End it as a crash does."""
        self.process.kill()

    def samples(self, metric: str, label: str) -> dict[str, float]:
        """The samples of a metric that are not 0, by one of their labels."""
        return {
            sample.labels.get(label, ""): sample.value
            for family in text_string_to_metric_families(self.ask("/metrics").text)
            for sample in family.samples
            if sample.name == metric and sample.value
        }

    def statuses(self) -> dict[str, str]:
        """The present status of each connection."""
        return {
            sample.labels["connection"]: sample.labels["status"]
            for family in text_string_to_metric_families(self.ask("/metrics").text)
            for sample in family.samples
            if sample.name == "connection_status" and sample.value
        }

    def wait_for_statuses(self, within: float = 10, **expected: str) -> None:
        """Wait until the connections have exactly these statuses."""
        wait_for(lambda: self.statuses() == expected, within, f"{expected}, not {self.statuses()}")

    def reload_ok(self) -> bool:
        return bool(self.samples("exporter_config_last_reload_successful", ""))

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def ended(self, within: float) -> int:
        """Wait for its end and return the exit code."""
        return self.process._popen.wait(within)


@contextmanager
def exporter(
    folder: Path,
    config: str | None,
    *flags: str,
    through: Sequence[str] = (),
    program: Sequence[str] = EXPORTER,
    **environ: str,
) -> Iterator[Exporter]:
    """Run one for a test, started by the command `through` if there is one, or as another `program`."""
    running = Exporter(folder, config, *flags, through=through, program=program, **environ)
    try:
        yield running
    finally:
        running.process.stop()


def run(*flags: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run it where it should end by itself."""
    return subprocess.run(
        [*EXPORTER, *flags],
        capture_output=True,
        text=True,
        timeout=60,
        env={**clean_environment(), **environ},
        check=False,
    )


Reply = tuple[int, Mapping[str, str], bytes]


@dataclass
class Api:
    """An API whose answers a test decides; `asked` are paths in the order of the requests."""

    port: int
    reply: Callable[[str, Mapping[str, str]], Reply]
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def api(reply: Callable[[str, Mapping[str, str]], Reply]) -> Iterator[Api]:
    """Serve GET requests by `reply`, which is given the path and the headers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            status, headers, body = served.reply(self.path, dict(self.headers))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing: clients hang up, and replies may raise in order to."""

    server = Server(("127.0.0.1", 0), Handler)
    served = Api(server.server_port, reply)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
