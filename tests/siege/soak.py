"""A long run with intervals of a second, and the slopes of what it takes: `python -m tests.siege.soak --minutes 60`."""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.real.http import request
from tests.real.process import Process, free_ports, wait_for
from tests.siege.soak_world import talk_of
from tests.siege.upstream import serving
from tests.siege.victim import Vitals, longest_hold

CONNECTIONS = 40
_SAMPLE_EVERY = 5.0
_RELOAD_EVERY = 30.0
# The first part of the run, in which caches fill and pools grow.
_WARM_UP = 0.25


def configuration(port: int, folder: Path) -> str:
    """One cluster and many connections, each asked every second."""
    token = folder / "token"
    token.write_text("sesame-evotor-token")
    connections = [
        {
            "id": f"api-{n}",
            "kind": "http",
            "url": f"http://127.0.0.1:{port}/api/{n}",
            "interval": "1s",
            "token_file": str(token),
        }
        for n in range(CONNECTIONS)
    ]
    consul = [{"name": "main", "address": f"http://127.0.0.1:{port}", "interval": "1s"}]
    return json.dumps({"consul": consul, "connections": connections})


@dataclass
class Record:
    """What was measured, each with its time in seconds since the start."""

    rows: list[tuple[float, float, float, float]] = field(default_factory=list)
    scrapes: int = 0
    failures: int = 0
    slowest: float = 0.0
    longest: float = 0.0
    peak: int = 0
    polls: float = 0
    failed_polls: float = 0
    services: int = 0

    def look_at(self, text: str) -> None:
        """Take note of what a scrape says of the polls of Consul."""
        self.longest = max(self.longest, longest_hold(text))
        self.polls = sum(_values(text, 'source_polls_total{source="main"'))
        self.failed_polls = sum(_values(text, 'source_poll_failures_total{source="main"'))
        self.services = len(list(_values(text, "service_up{")))

    def slope(self, column: int, warm_up: float = _WARM_UP) -> float:
        """The least squares' growth per hour after the warm-up."""
        rows = self.rows[int(len(self.rows) * warm_up) :]
        times, values = [row[0] / 3600 for row in rows], [row[column] for row in rows]
        middle, mean = sum(times) / len(times), sum(values) / len(values)
        spread = sum((at - middle) ** 2 for at in times)
        return sum((at - middle) * (value - mean) for at, value in zip(times, values, strict=True)) / spread

    def report(self, minutes: float) -> str:
        first, last = self.rows[int(len(self.rows) * _WARM_UP)], self.rows[-1]
        names = ("memory (MiB)", "descriptors", "tasks")
        slopes = [
            f"{name:<14} {first[column]:8.1f} → {last[column]:8.1f}   slope {self.slope(column):+8.2f} per hour"
            for column, name in enumerate(names, 1)
        ]
        sums = (
            f"{minutes:g} min, {self.scrapes} scrapes, {self.failures} failed, slowest {self.slowest:.2f} s"
        )
        polls = f"polls of Consul {self.polls:.0f}, of which failed {self.failed_polls:.0f}, services shown {self.services}"
        return "\n".join(
            [f"soak: {sums}, longest hold {self.longest:.2f} s, peak {self.peak} MiB", polls, *slopes]
        )


def _values(text: str, begins: str) -> Iterator[float]:
    return (float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(begins))


@contextmanager
def running(folder: Path) -> Iterator[tuple[Process, int, Path]]:
    """Run the exporter against the world; give its process, its port, and the file with the number of its tasks."""
    with serving(talk_of) as upstream:
        (folder / "config.yml").write_text(configuration(upstream, folder))
        port, tasks = free_ports(1)[0], folder / "tasks"
        flags = [
            f"--config.file={folder / 'config.yml'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--web.enable-lifecycle",
        ]
        process = Process([sys.executable, "-m", "tests.siege.counted", tasks, *flags], folder / "log")
        try:
            process.wait_ready(lambda: "listening" in (folder / "log").read_text())
            wait_for(tasks.exists)
            yield process, port, tasks
        finally:
            process.stop()


def soak(folder: Path, minutes: float) -> Record:
    """Scrape every second, reload now and then, and measure."""
    record, started = Record(), time.monotonic()
    with running(folder) as (process, port, tasks):
        scraper = threading.Thread(target=_scrape, args=(record, port, started + minutes * 60), daemon=True)
        scraper.start()
        reload_at = started + _RELOAD_EVERY
        while scraper.is_alive():
            scraper.join(_SAMPLE_EVERY)
            now = time.monotonic()
            if now >= reload_at:
                request("POST", f"http://127.0.0.1:{port}/-/reload")
                reload_at = now + _RELOAD_EVERY
            if process.running:
                seen = Vitals.of(process.pid)
                record.peak = seen.peak
                record.rows.append(
                    (now - started, seen.memory, seen.descriptors, float(tasks.read_text() or 0))
                )
        assert process.running, (folder / "log").read_text()[-2000:]
    return record


def _scrape(record: Record, port: int, until: float) -> None:
    while time.monotonic() < until:
        started = time.monotonic()
        record.scrapes += 1
        try:
            text = request("GET", f"http://127.0.0.1:{port}/metrics", timeout=10).expect().text
            record.look_at(text)
        except (OSError, AssertionError):
            record.failures += 1
        record.slowest = max(record.slowest, time.monotonic() - started)
        time.sleep(max(0.0, 1 - (time.monotonic() - started)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory() as folder, suppress(KeyboardInterrupt):
        sys.stdout.write(soak(Path(folder), minutes).report(minutes) + "\n")


if __name__ == "__main__":
    main()
