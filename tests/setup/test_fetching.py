"""Components are fetched from a Debian archive: a real one, on disk, asked by the real apt-get."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.setup.archive import publish
from tests.setup.programs import program
from tools import components

pytestmark = pytest.mark.skipif(not shutil.which("apt-get"), reason="this machine has no apt")

CONSUL = {"usr/bin/consul": "echo Consul v1.8.7+dfsg1"}


def test_a_missing_program_is_fetched_once_and_found_from_then_on(archive: Path, tools: Path) -> None:
    """Nothing but the package itself and the lock is left in the folder."""
    publish(archive, "bullseye", "consul", CONSUL)
    assert components.fetch(["consul"], tools) == {}
    assert components.find("consul", tools) == tools / "consul/usr/bin/consul"
    assert sorted(path.name for path in tools.iterdir()) == [".lock", "consul"]
    shutil.rmtree(archive)
    assert components.fetch(["consul"], tools) == {}


def test_a_half_filled_folder_is_repaired(archive: Path, tools: Path) -> None:
    """A run that was killed leaves what the next one clears away."""
    publish(archive, "bullseye", "consul", CONSUL)
    program(tools / "consul/usr/bin/consul", "cut off")
    (tools / ".unpacked-abc/consul").mkdir(parents=True)
    assert components.fetch(["consul"], tools) == {}
    assert sorted(path.name for path in tools.iterdir()) == [".lock", "consul"]


def test_what_the_suite_does_not_have_is_said_and_the_rest_is_fetched(archive: Path, tools: Path) -> None:
    """One missing package is no reason to go without the others."""
    publish(archive, "forky", "promtool", {"usr/bin/promtool": "echo promtool, version 3.5.3"})
    problems = components.fetch(["consul", "amtool", "promtool"], tools)
    assert list(problems) == ["consul", "amtool"]
    assert "bullseye" in problems["consul"]
    assert problems["amtool"] == "apt-get: Unable to locate package prometheus-alertmanager"
    assert components.find("promtool", tools)


def test_a_fetched_program_that_does_not_run_is_said(archive: Path, tools: Path) -> None:
    """A package for another machine is not taken for a component."""
    publish(archive, "bullseye", "consul", {"usr/bin/consul": "exit 127"})
    problems = components.fetch(["consul"], tools)
    assert problems == {"consul": "consul of Debian's suite bullseye doesn't run here"}


def test_a_program_finds_the_data_that_it_wants_in_a_place_of_root(archive: Path, tools: Path) -> None:
    """The path inside the program leads to the unpacked folder, from wherever it is called."""
    data = f"{components.DATA['prometheus-alertmanager']}/default.tmpl"
    body = f'[ "$1" = --version ] && echo 0.33.1 || sh {data}'
    publish(archive, "forky", "prometheus-alertmanager", {"usr/bin/amtool": body, data[1:]: "echo found"})
    assert components.fetch(["amtool"], tools) == {}
    amtool = components.find("amtool", tools)
    assert amtool is not None
    done = subprocess.run([amtool, "check"], cwd="/", capture_output=True, text=True, check=True)
    assert done.stdout == "found\n"


def test_a_program_with_libraries_brings_those_that_this_machine_lacks(archive: Path, tools: Path) -> None:
    """The script in its place tells the program where they are; what is installed stays the machine's."""
    suite = components.COMPONENTS["chromium"].suite
    real = 'echo "Chromium 150.0"; printf %s "$LD_LIBRARY_PATH" > "$(dirname "$0")/libraries"'
    chromium = {"usr/bin/chromium": "exit 1", "usr/lib/chromium/chromium": real}
    publish(archive, suite, "chromium", chromium, needs="libmissing1, dpkg")
    publish(archive, suite, "libmissing1", {"usr/lib/some-linux-gnu/libmissing.so.1": ""})
    publish(archive, suite, "dpkg", {"usr/bin/dpkg": "exit 1"})
    assert components.fetch(["chromium"], tools) == {}
    folders = (tools / "chromium/usr/lib/chromium/libraries").read_text().split(":")
    assert Path(folders[0]).resolve() == tools / "chromium/usr/lib/some-linux-gnu"
    assert not (tools / "chromium/usr/bin/dpkg").exists()
