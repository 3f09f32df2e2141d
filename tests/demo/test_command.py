"""`status-exporter demo`, as `make demo` runs it."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.demo.shop import demo_world
from tests.conftest import binary
from tests.real.http import request
from tests.real.process import free_ports, wait_for
from tests.real.prometheus import Prometheus

ROOT = Path(__file__).parent.parent.parent


class Demo:
    """The demo as a process, on ports of its own."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.folder = folder
        self.exporter, self.prometheus = (f"127.0.0.1:{port}" for port in free_ports(2))
        addresses = [
            f"--web.listen-address={self.exporter}",
            f"--prometheus.listen-address={self.prometheus}",
        ]
        command = [sys.executable, "-m", "exporter", "demo", *addresses, f"--data.directory={folder}", *more]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def said(self, end: str) -> str:
        """Return what it prints up to a line that begins with `end`."""
        assert self.process.stdout
        lines: list[str] = []
        while not lines or not lines[-1].startswith(end):
            line = self.process.stdout.readline()
            assert line, "".join(lines)
            lines.append(line)
        return "".join(lines)

    def stop(self) -> int:
        """Press Ctrl-C and return the exit code."""
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=30)
        return self.process.returncode


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Demo, str]]:
    """The demo with a real Prometheus, and what it printed."""
    programs = [f"--prometheus={binary('prometheus')}", f"--promtool={binary('promtool')}"]
    demo = Demo(tmp_path_factory.mktemp("demo"), *programs)
    try:
        yield demo, demo.said("Ctrl-C")
    finally:
        demo.process.kill()
        demo.process.wait()


def _listens(address: str) -> bool:
    host, _, port = address.partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def test_it_prints_the_addresses(filled: tuple[Demo, str]) -> None:
    """A stranger sees where to look."""
    demo, said = filled
    assert f"http://{demo.exporter}/metrics" in said
    assert f"http://{demo.prometheus}" in said


def test_the_exporter_shows_the_world(filled: tuple[Demo, str]) -> None:
    """The exporter of the demo polls the simulators."""
    demo, _ = filled
    wait_for(
        lambda: "service_status{" in request("GET", f"http://{demo.exporter}/metrics").text, 30, "services"
    )


@pytest.fixture
def prometheus(filled: tuple[Demo, str], tmp_path: Path) -> Prometheus:
    """A client of the demo's Prometheus."""
    client = Prometheus(Path(), tmp_path, {})
    client.port = int(filled[0].prometheus.rpartition(":")[2])
    return client


def test_prometheus_has_the_last_day(prometheus: Prometheus) -> None:
    """A day of samples but for the minutes without an exporter, and the recording rules over them."""
    minutes = 24 * 60 - 25
    prometheus.wait_until('count_over_time(up{job="status-exporter"}[25h])', within=30)
    (samples,) = prometheus.query('count_over_time(up{job="status-exporter"}[25h])')
    assert minutes - 2 <= float(samples["value"][1])
    rule = 'min(sum by (service) (count_over_time(service:service_status:avg{service="ledger",status="passing"}[25h])))'
    # New blocks are found within a minute or so.
    prometheus.wait_until(
        rule, lambda found: bool(found) and float(found[0]["value"][1]) > minutes - 20, within=150
    )


def test_prometheus_scrapes_the_demo(prometheus: Prometheus) -> None:
    """What is live goes on where the history ends, as the same series."""
    prometheus.wait_until('up{job="status-exporter",instance="status-exporter"} == 1', within=60)
    wanted = len(demo_world().all_connections)
    prometheus.wait_until("count(connection_online)", lambda found: float(found[0]["value"][1]) == wanted)


def test_a_second_demo_in_the_same_folder_is_refused(filled: tuple[Demo, str]) -> None:
    """It would write the first one's history anew."""
    demo, _ = filled
    second = Demo(demo.folder)
    out, _ = second.process.communicate(timeout=60)
    assert (second.process.returncode, "another demo is running there" in out) == (2, True)


def test_ctrl_c_ends_everything(filled: tuple[Demo, str]) -> None:
    """Nothing that the demo started is left."""
    demo, _ = filled
    assert demo.stop() == 0
    assert not _listens(demo.exporter)
    assert not _listens(demo.prometheus)


def test_ctrl_c_is_heard_while_the_history_is_filled(tmp_path: Path) -> None:
    """Nobody presses it twice; and nothing is said that looks like a defect."""
    programs = [f"--prometheus={binary('prometheus')}", f"--promtool={binary('promtool')}"]
    demo = Demo(tmp_path, *programs)
    demo.said("Filling")
    time.sleep(0.5)  # Into the filling, which takes many seconds.
    began = time.monotonic()
    demo.process.send_signal(signal.SIGINT)
    out, _ = demo.process.communicate(timeout=60)
    assert (demo.process.returncode, out) == (130, "")
    assert time.monotonic() - began < 5
    assert not _listens(demo.prometheus)


@pytest.mark.parametrize("flag", ["--web.listen-address", "--prometheus.listen-address"])
def test_it_says_at_once_that_an_address_is_in_use(tmp_path: Path, flag: str) -> None:
    """Somebody else on the port: one line with the flag that helps, exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        command = [sys.executable, "-m", "exporter", "demo", "--web.listen-address=127.0.0.1:0"]
        programs = ["--prometheus=/bin/false", "--promtool=/bin/false", f"--data.directory={tmp_path}"]
        result = subprocess.run(
            [*command, *programs, f"{flag}={address}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert result.returncode == 2
    assert (
        result.stderr == f"status-exporter demo: {flag}: can't listen on {address}: Address already in use\n"
    )


def test_filling_leaves_data_that_is_there_alone(tmp_path: Path) -> None:
    """A second start of the stack doesn't write the past again over what was scraped."""
    (tmp_path / "data/01ABC").mkdir(parents=True)
    (tmp_path / "data/01ABC/meta.json").touch()
    programs = ["--prometheus=/bin/false", "--promtool=/bin/false"]
    command = [sys.executable, "-m", "exporter", "demo", f"--prometheus.fill={tmp_path / 'data'}"]
    done = subprocess.run([*command, *programs], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"{tmp_path}/data has data already.\n")


def test_filling_without_the_programs_is_said(tmp_path: Path) -> None:
    """Both are needed; nothing is written."""
    command = [sys.executable, "-m", "exporter", "demo", f"--prometheus.fill={tmp_path / 'data'}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "status-exporter demo: --prometheus.fill needs --prometheus and --promtool\n"
    assert list(tmp_path.iterdir()) == []
