"""What a newcomer and CI type works, and installs what was tested."""

import stat
import subprocess
import tomllib
from importlib.metadata import requires
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.setup.programs import program
from tools.environment import oldest

ROOT = Path(__file__).parent.parent.parent


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


def test_every_dependency_has_a_lower_bound_that_is_tried() -> None:
    """`make oldest` pins each to its bound: one without a bound, or one it doesn't read, would be tried as the newest."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = declared["project"]["optional-dependencies"].values()
    wanted = [*declared["build-system"]["requires"], *declared["project"]["dependencies"], *chain(*groups)]
    tried = {pin.name: pin.specifier for pin in map(Requirement, oldest())}
    assert tried.keys() == {Requirement(requirement).name for requirement in wanted}
    for requirement in map(Requirement, wanted):
        (pin,) = tried[requirement.name]
        assert f">={pin.version}" in map(str, requirement.specifier)


def test_the_commands_of_the_makefile_are_listed_by_help() -> None:
    """Nobody has to read the Makefile to use it."""
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = [line.split()[0] for line in done.stdout.splitlines()[1:]]
    assert {"demo", "test", "lint", "generate", "bench", "clean"} <= set(listed)


def test_what_make_calls_can_be_executed() -> None:
    """CI runs .ci/run as a program."""
    assert (ROOT / ".ci/run").stat().st_mode & stat.S_IXUSR
