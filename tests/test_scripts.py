"""The scripts behind `make`: apt sources, the search for components, fetching them, the set-up."""

import hashlib
import shutil
import stat
import subprocess
import tomllib
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts import components, debian
from scripts.apt_sources import (
    Source,
    debian_mirrors,
    machine_codename,
    machine_sources,
    parse_deb822,
    parse_lines,
)

ROOT = Path(__file__).parent.parent

DEB822 = """\
# made by the installer
Types: deb deb-src
URIs: http://mirror.test/debian http://second.test/debian
Suites: bookworm bookworm-updates
Components: main contrib
Architectures: amd64
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEY
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: http://off.test/debian
Suites: bookworm
Components: main
Enabled: no

Types: deb-src
URIs: http://sources.test/debian
Suites: bookworm
Components: main
"""
LINES = """\
# deb http://commented.test/debian bookworm main
deb cdrom:[Debian 12]/ bookworm main
deb-src http://sources.test/debian bookworm main
deb [arch=amd64 signed-by=/keys/a.gpg,/keys/b.gpg trusted=yes] http://mirror.test/debian bookworm main # ours
deb http://vendor.test bookworm main
  deb http://mirror.test/debian bookworm-updates main contrib
"""


def test_a_deb822_source_keeps_its_key_and_changes_only_the_suite() -> None:
    """Disabled, source-only and foreign fields stay out; a key written into the file stays in."""
    (source,) = parse_deb822(DEB822)
    assert source.stanza("forky") == (
        "Types: deb\n"
        "URIs: http://mirror.test/debian http://second.test/debian\n"
        "Suites: forky\n"
        "Components: main\n"
        "Signed-By: \n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEY\n -----END PGP PUBLIC KEY BLOCK-----\n"
    )


def test_a_one_line_source_keeps_its_options() -> None:
    """Options become deb822 fields; comments and sources of source code are passed over."""
    sources = list(parse_lines(LINES))
    assert [source.uris[0] for source in sources if not source.uris[0].startswith("cdrom")] == [
        "http://mirror.test/debian",
        "http://vendor.test",
        "http://mirror.test/debian",
    ]
    (marked,) = [source for source in sources if source.options]
    assert marked == Source(
        ("http://mirror.test/debian",),
        ("bookworm",),
        ("main",),
        {"Signed-By": "/keys/a.gpg /keys/b.gpg", "Trusted": "yes"},
    )


def test_debians_own_mirror_comes_first_and_others_never_take_its_place(tmp_path: Path) -> None:
    """Both formats in their usual places are read; a suite of another name or a CD is no mirror."""
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://vendor.test bookworm main\n")
    (tmp_path / "sources.list.d/a.list").write_text("deb http://other.test other-bookworm main\n" + LINES)
    (tmp_path / "sources.list.d/b.sources").write_text(DEB822)
    (tmp_path / "sources.list.d/c.sources.bak").write_text(DEB822.replace("mirror", "backup"))
    mirrors = debian_mirrors(machine_sources(tmp_path), "bookworm")
    assert [mirror.uris[0] for mirror in mirrors] == [
        "http://mirror.test/debian",
        "http://mirror.test/debian",
        "http://vendor.test",
        "http://vendor.test",
    ]


def test_the_codename_is_the_one_of_os_release(tmp_path: Path) -> None:
    """Quotes don't matter; nothing told is nothing found."""
    (tmp_path / "a").write_text('NAME="Debian"\nVERSION_CODENAME=bookworm\n')
    (tmp_path / "b").write_text('VERSION_CODENAME="trixie"\n')
    names = [machine_codename(tmp_path / name) for name in "abc"]
    assert names == ["bookworm", "trixie", ""]


def program(path: Path, body: str) -> Path:
    """Write a shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is searched before all others on PATH."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder to take the place of `.tools/`."""
    return tmp_path / "tools"


NEW = "echo 'Prometheus, version 3.9.1 (branch: HEAD)'"
UNUSABLE = {
    "too old": "echo 'prometheus, version 2.42.0+ds'",
    "failing": f"{NEW}; exit 3",
    "silent": "exit 0",
    "binary": r"printf '\377\376 3.9.1'",
}


def test_a_program_on_path_wins_over_the_fetched_one(on_path: Path, tools: Path) -> None:
    """PATH is what the user chose."""
    theirs = program(on_path / "prometheus", NEW)
    program(tools / "prometheus/usr/bin/prometheus", NEW)
    assert components.find("prometheus", tools) == theirs


def test_a_program_is_found_by_any_of_its_names(on_path: Path, tools: Path) -> None:
    """Debian calls the Alertmanager by another name than its authors."""
    theirs = program(on_path / "prometheus-alertmanager", "echo 'alertmanager, version 0.33.1' >&2")
    assert components.find("alertmanager", tools) == theirs


@pytest.mark.parametrize("body", UNUSABLE.values(), ids=UNUSABLE)
def test_an_unusable_program_on_path_is_passed_over(on_path: Path, tools: Path, body: str) -> None:
    """What doesn't run or is too old is as good as not there."""
    program(on_path / "prometheus", body)
    assert components.find("prometheus", tools) is None
    fetched = program(tools / "prometheus/usr/bin/prometheus", NEW)
    assert components.find("prometheus", tools) == fetched


def test_the_flags_name_what_is_found_and_nothing_else(on_path: Path, tools: Path) -> None:
    """A path with a space reaches the command as one word."""
    folder = tools / "a b"
    program(folder / "promtool/usr/bin/promtool", NEW)
    assert components.flags(["prometheus", "promtool"], folder) == (
        f"--promtool '{folder}/promtool/usr/bin/promtool'"
    )


def test_where_all_is_there_nothing_is_fetched(
    on_path: Path, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a download nor a folder of ours comes of it."""
    program(on_path / "prometheus", NEW)
    monkeypatch.setattr(components, "open_archive", None)
    assert components.fetch(["prometheus"], tools) == {}
    assert not tools.exists()


def test_a_folder_that_cannot_be_written_is_said_for_each(on_path: Path, tools: Path) -> None:
    """The message names the folder; it is not a traceback."""
    tools.write_text("a file in the folder's place")
    problems = components.fetch(["consul", "promtool"], tools)
    assert problems == dict.fromkeys(["consul", "promtool"], f"can't write {tools}: File exists")


def test_a_machine_without_apt_is_said(on_path: Path, tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other systems than Debian get one line, and the exit code tells whether that matters."""
    monkeypatch.setenv("PATH", str(on_path))
    assert components.fetch(["consul"], tools) == {"consul": "no apt-get on this machine"}


@pytest.mark.parametrize(("arguments", "code"), [([], 0), (["--require"], 1)])
def test_only_require_makes_a_missing_component_an_error(
    arguments: list[str], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each missing component has its line with the reason."""
    monkeypatch.setattr(components, "fetch", lambda _: {"consul": "no apt-get on this machine"})
    monkeypatch.setattr(components, "find", lambda *_: None)
    assert components.main([*arguments, "consul"]) == code
    assert capsys.readouterr() == ("", "consul can't be had: no apt-get on this machine\n")


def test_the_report_names_versions_and_what_is_not_ours(
    on_path: Path, tools: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line tells what the tests run with; a program of the machine is named with its place."""
    program(on_path / "prometheus", NEW)
    program(tools / "promtool/usr/bin/promtool", NEW)
    monkeypatch.setattr(components, "TOOLS", tools)
    monkeypatch.setattr(components, "fetch", lambda _: {})
    components.main(["prometheus", "promtool"])
    assert capsys.readouterr().err == (
        f"real components: prometheus 3.9.1 ({on_path}/prometheus), promtool 3.9.1\n"
    )


CONSUL = {"usr/bin/consul": "echo Consul v1.8.7+dfsg1"}
needs_apt = pytest.mark.skipif(not shutil.which("apt-get"), reason="this machine has no apt")


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


@needs_apt
def test_a_missing_program_is_fetched_once_and_found_from_then_on(archive: Path, tools: Path) -> None:
    """Nothing but the package itself and the lock is left in the folder."""
    publish(archive, "bullseye", "consul", CONSUL)
    assert components.fetch(["consul"], tools) == {}
    assert components.find("consul", tools) == tools / "consul/usr/bin/consul"
    assert sorted(path.name for path in tools.iterdir()) == [".lock", "consul"]
    shutil.rmtree(archive)
    assert components.fetch(["consul"], tools) == {}


@needs_apt
def test_a_half_filled_folder_is_repaired(archive: Path, tools: Path) -> None:
    """A run that was killed leaves what the next one clears away."""
    publish(archive, "bullseye", "consul", CONSUL)
    program(tools / "consul/usr/bin/consul", "cut off")
    (tools / ".unpacked-abc/consul").mkdir(parents=True)
    assert components.fetch(["consul"], tools) == {}
    assert sorted(path.name for path in tools.iterdir()) == [".lock", "consul"]


@needs_apt
def test_two_runs_at_once_give_one_good_folder(archive: Path, tools: Path) -> None:
    """The second waits for the first, and finds everything there."""
    publish(archive, "bullseye", "consul", CONSUL)
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda _: components.fetch(["consul"], tools), range(2)))
    assert outcomes == [{}, {}]
    assert components.find("consul", tools)


@needs_apt
def test_what_the_suite_does_not_have_is_said_and_the_rest_is_fetched(archive: Path, tools: Path) -> None:
    """One missing package is no reason to go without the others."""
    publish(archive, "forky", "promtool", {"usr/bin/promtool": "echo promtool, version 3.5.3"})
    problems = components.fetch(["consul", "amtool", "promtool"], tools)
    assert list(problems) == ["consul", "amtool"]
    assert "bullseye" in problems["consul"]
    assert problems["amtool"] == "apt-get: Unable to locate package prometheus-alertmanager"
    assert components.find("promtool", tools)


@needs_apt
def test_a_fetched_program_that_does_not_run_is_said(archive: Path, tools: Path) -> None:
    """A package for another machine is not taken for a component."""
    publish(archive, "bullseye", "consul", {"usr/bin/consul": "exit 127"})
    problems = components.fetch(["consul"], tools)
    assert problems == {"consul": "consul of Debian's suite bullseye doesn't run here"}


@needs_apt
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


def test_an_old_or_missing_python_is_said_before_anything_is_made(tmp_path: Path) -> None:
    """The message says what to install, and how to name another Python."""
    old = program(tmp_path / "old", 'case $1 in -c) exit 1;; *) echo "Python 3.9.2";; esac')
    said = [
        subprocess.run(
            ["make", "--no-print-directory", "python", f"PYTHON={name}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
        ).stderr.splitlines()[0]
        for name in (old, tmp_path / "none")
    ]
    assert said[0] == (
        "error: Python 3.9.2 is too old; install 3.11 or newer, or name one: make PYTHON=python3.11"
    )
    assert said[1] == f"error: {tmp_path / 'none'} is not there; install Python 3.11 or newer"


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = (Requirement(line) for line in lines if not line.startswith("#"))
    return {canonicalize_name(pin.name): str(pin.specifier) for pin in pins}


def needed(requirements: list[str], extra: str = "", seen: frozenset[str] = frozenset()) -> set[str]:
    """The names of all distributions that these need on this machine, directly or not."""
    names: set[str] = set()
    for requirement in map(Requirement, requirements):
        name = canonicalize_name(requirement.name)
        if name not in seen and (not requirement.marker or requirement.marker.evaluate({"extra": extra})):
            names |= {name} | needed(requires(name) or [], "", seen | names | {name})
    return names


def test_every_package_that_gets_installed_is_pinned() -> None:
    """An installation next year gives what was tested, those of dependencies included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"], "pip", "setuptools"]
    pins = pinned()
    assert needed(wanted) - set(pins) == set()
    assert [name for name, pin in pins.items() if not pin.startswith("==")] == []


def test_the_commands_of_the_makefile_are_listed_by_help() -> None:
    """Nobody has to read the Makefile to use it."""
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = [line.split()[0] for line in done.stdout.splitlines()[1:]]
    assert {"demo", "test", "lint", "dashboards", "bench", "clean"} <= set(listed)


def test_what_make_calls_can_be_executed() -> None:
    """CI runs .ci/run as a program."""
    assert (ROOT / ".ci/run").stat().st_mode & stat.S_IXUSR
