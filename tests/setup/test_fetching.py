"""Components are fetched from a Debian archive: a real one, on disk, asked by the real apt-get."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.setup.programs import program
from tools import components, debian
from tools.apt_sources import Source

pytestmark = pytest.mark.skipif(not shutil.which("apt-get"), reason="this machine has no apt")

CONSUL = {"usr/bin/consul": "echo Consul v1.8.7+dfsg1"}


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_path: Path) -> Path:
    """A Debian archive on disk, which the machine's sources name as their mirror."""
    root = tmp_path / "mirror"
    mirror = Source((f"file:{root}",), ("bookworm", "bookworm-updates"), ("main",), {"Trusted": "yes"})
    monkeypatch.setattr(debian, "machine_sources", lambda: [mirror])
    monkeypatch.setattr(debian, "machine_codename", lambda: "bookworm")
    root.mkdir()
    return root


def publish(root: Path, suite: str, package: str, programs: dict[str, str]) -> None:
    """Build a real package of shell scripts (path in the package: body), the only one of its suite."""
    tree = root.parent / f"{package}-tree"
    for path, body in programs.items():
        program(tree / path, body)
    control = f"Package: {package}\nVersion: 1\nArchitecture: all\nMaintainer: A <a@a.test>\nDescription: -\n"
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN/control").write_text(control)
    deb = root / f"{package}_1_all.deb"
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", tree, deb], check=True, capture_output=True)
    entry = f"{control}Filename: {deb.name}\nSize: {deb.stat().st_size}\nSHA256: {digest(deb)}\n"
    index = root / "dists" / suite / "main" / f"binary-{debian.architecture()}" / "Packages"
    index.parent.mkdir(parents=True)
    index.write_text(entry)
    dist = root / "dists" / suite
    line = f" {digest(index)} {index.stat().st_size} {index.relative_to(dist)}\n"
    release = f"Suite: {suite}\nCodename: {suite}\nComponents: main\nArchitectures: {debian.architecture()}\n"
    (dist / "Release").write_text(f"{release}Date: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n{line}")


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


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
    data = f"{components.ALERTMANAGER_DATA}/default.tmpl"
    body = f'[ "$1" = --version ] && echo 0.33.1 || sh {data}'
    publish(archive, "forky", "prometheus-alertmanager", {"usr/bin/amtool": body, data[1:]: "echo found"})
    assert components.fetch(["amtool"], tools) == {}
    amtool = components.find("amtool", tools)
    assert amtool is not None
    done = subprocess.run([amtool, "check"], cwd="/", capture_output=True, text=True, check=True)
    assert done.stdout == "found\n"
