"""What is left of a demo that was killed: nothing, or what the next one ends."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.demo.leftover import end_leftover, noted
from tests.conftest import binary
from tests.real.http import request
from tests.real.process import free_ports, wait_for

PARENT = """
import asyncio, sys
from pathlib import Path
from exporter.demo.prometheus import Programs, running

async def run(program, address, folder):
    async with running(Programs(Path(program), Path(program), address, address), folder, folder / "data"):
        print("ready", flush=True)
        await asyncio.sleep(3600)

asyncio.run(run(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
"""


@pytest.fixture
def address() -> str:
    return f"127.0.0.1:{free_ports(1)[0]}"


def _answers(address: str) -> bool:
    try:
        return request("GET", f"http://{address}/-/ready", timeout=5).status == 200
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie a process to its parent")
def test_a_killed_demo_takes_its_prometheus_along(tmp_path: Path, address: str) -> None:
    """`kill -9` of the demo ends Prometheus, too."""
    (tmp_path / "prometheus.yml").write_text("{}")
    command = [sys.executable, "-c", PARENT, str(binary("prometheus")), address, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == "ready\n"
        pid = int((tmp_path / "prometheus.pid").read_text())
        parent.kill()
    wait_for(lambda: not Path(f"/proc/{pid}").exists() or _is_zombie(pid), what="the end of Prometheus")
    assert not _answers(address)


def _is_zombie(pid: int) -> bool:
    """Whether it has ended, and nobody has asked how."""
    return ") Z " in Path(f"/proc/{pid}/stat").read_text()


@pytest.fixture
def left(tmp_path: Path, address: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A Prometheus that nobody stops."""
    (tmp_path / "prometheus.yml").write_text("{}")
    flags = [
        f"--config.file={tmp_path}/prometheus.yml",
        f"--storage.tsdb.path={tmp_path}/data",
        f"--web.listen-address={address}",
    ]
    with subprocess.Popen([binary("prometheus"), *flags], stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: _answers(address), what="Prometheus")
        try:
            yield process
        finally:
            process.kill()


def test_what_was_left_is_ended(tmp_path: Path, left: "subprocess.Popen[bytes]") -> None:
    """The next demo in the folder ends it in order."""
    (tmp_path / "prometheus.pid").write_text(f"{left.pid}\n")

    assert end_leftover(tmp_path)
    assert left.wait(30) == 0
    assert not end_leftover(tmp_path)


def test_another_program_with_the_number_is_left_alone(
    tmp_path: Path, left: "subprocess.Popen[bytes]"
) -> None:
    """The number may be somebody else's by now; also that of a Prometheus of another folder."""
    other = tmp_path / "other"
    other.mkdir()
    for number in (left.pid, os.getpid()):
        (other / "prometheus.pid").write_text(f"{number}\n")
        assert not end_leftover(other)
    assert left.poll() is None


@pytest.mark.parametrize("text", ["", "nonsense", "0", "-1", "1", "999999999"])
def test_an_odd_file_ends_nobody(tmp_path: Path, text: str) -> None:
    """Neither a number of no process nor no number."""
    (tmp_path / "prometheus.pid").write_text(text)

    assert not end_leftover(tmp_path)


def test_the_file_is_gone_with_the_program(tmp_path: Path) -> None:
    """An orderly end leaves nothing."""
    with noted(tmp_path, 7):
        assert (tmp_path / "prometheus.pid").read_text() == "7\n"
    assert list(tmp_path.iterdir()) == []
