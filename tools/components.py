"""Find the real programs that tests and the demo run, and fetch from Debian what is missing.

    python3 -m tools.components [--require] [--flags] [NAME ...]

A program on PATH wins when it runs and is new enough; the others are unpacked into `.tools/`.
"""

import argparse
import re
import shlex
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.debian import Archive, NotToBeHad, machine_codename, open_archive
from tools.libraries import bring_libraries
from tools.locking import locked
from tools.relocate import relocate

TOOLS = Path(__file__).resolve().parent.parent / ".tools"


@dataclass(frozen=True)
class Component:
    """A program, and where Debian has it.

    `version` is the argument that makes it tell its version, `alias` another name for the program. Where
    `libraries` is set, the program comes with those that it needs and this machine lacks; they are of one suite.
    """

    name: str
    package: str
    suite: str
    at_least: tuple[int, int]
    version: str = "--version"
    alias: str = ""
    libraries: bool = False


# The suite is the one whose version the project is tested with; all of these run on Debian 12. A browser needs many
# libraries: these can only be the machine's own.
COMPONENTS = {
    component.name: component
    for component in (
        Component("consul", "consul", "bullseye", (1, 8), version="version"),
        Component("prometheus", "prometheus", "forky", (3, 5)),
        Component("promtool", "promtool", "forky", (3, 5)),
        Component(
            "alertmanager", "prometheus-alertmanager", "forky", (0, 27), alias="prometheus-alertmanager"
        ),
        Component("amtool", "prometheus-alertmanager", "forky", (0, 27)),
        Component("docker-compose", "docker-compose", "forky", (2, 20), version="version"),
        Component("postgres", "postgresql-15", "bookworm", (13, 0), libraries=True),
        Component("mariadbd", "mariadb-server-core", "bookworm", (10, 5), libraries=True),
        Component("initdb", "postgresql-15", "bookworm", (13, 0), libraries=True),
        # Debian's programs of VictoriaMetrics don't know their own version.
        Component("victoria-metrics", "victoria-metrics", "forky", (0, 0)),
        Component("vmagent", "victoria-metrics", "forky", (0, 0)),
        Component("vmalert", "victoria-metrics", "forky", (0, 0)),
        Component(
            "chromium", "chromium", machine_codename(), (120, 0), alias="google-chrome", libraries=True
        ),
    )
}
UNTOLD = "0.0"
# Packages whose programs insist on finding their data in this place.
DATA = {"prometheus-alertmanager": "/usr/share/prometheus/alertmanager"}


def find(name: str, tools: Path = TOOLS) -> Path | None:
    """Find a usable program: on PATH, else in `.tools/`; None when there is none."""
    component = COMPONENTS[name]
    names = [component.name, component.alias] if component.alias else [component.name]
    on_path = [Path(path) for name in names if (path := shutil.which(name))]
    unpacked = [tools / component.package / "usr/bin" / name for name in names]
    return next((path for path in (*on_path, *unpacked) if usable(component, path)), None)


def usable(component: Component, path: Path) -> bool:
    """Whether the program runs here and is new enough."""
    version = version_of(component, path)
    return version is not None and tuple(map(int, version.split(".")))[:2] >= component.at_least


def version_of(component: Component, path: Path) -> str | None:
    """The version that the program tells of itself, such as 1.8.7; None when it doesn't run.

    UNTOLD when it runs and no version is asked for.
    """
    command = [str(path), component.version]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    match = re.search(r"\d+\.\d+(\.\d+)?", done.stdout + done.stderr)
    return match[0] if match else UNTOLD if component.at_least == (0, 0) else None


def fetch(names: Iterable[str], tools: Path = TOOLS) -> dict[str, str]:
    """Fetch what is missing of `names` into `tools`; return why each that can't be had can't."""
    if not (missing := [COMPONENTS[name] for name in names if not find(name, tools)]):
        return {}
    try:
        with locked(tools):
            return _fetch_locked(missing, tools)
    except OSError as problem:
        return {component.name: f"can't write {tools}: {problem.strerror}" for component in missing}


def _fetch_locked(missing: Iterable[Component], tools: Path) -> dict[str, str]:
    _remove_leftovers(tools)
    by_suite: dict[str, list[Component]] = defaultdict(list)
    for component in missing:
        if not find(component.name, tools):  # another run may have been faster
            by_suite[component.suite].append(component)
    problems: dict[str, str] = {}
    for suite, components in by_suite.items():
        problems |= _fetch_suite(suite, components, tools)
    return problems


def _fetch_suite(suite: str, components: Sequence[Component], tools: Path) -> dict[str, str]:
    names = ", ".join(component.name for component in components)
    print(f"fetching {names} from Debian's suite {suite} ...", file=sys.stderr, flush=True)
    try:
        with open_archive(tools, suite) as archive:
            outcomes = {component.name: _fetch_one(archive, component, tools) for component in components}
    except NotToBeHad as problem:
        outcomes = {component.name: str(problem) for component in components}
    return {name: problem for name, problem in outcomes.items() if problem}


def _fetch_one(archive: Archive, component: Component, tools: Path) -> str | None:
    if not find(component.name, tools):  # it may have come with the package of another
        try:
            _fetch_package(archive, component, tools)
        except NotToBeHad as problem:
            return str(problem)
    runs = find(component.name, tools)
    return None if runs else f"{component.package} of Debian's suite {component.suite} doesn't run here"


def _fetch_package(archive: Archive, component: Component, tools: Path) -> None:
    with TemporaryDirectory(prefix=".unpacked-", dir=tools) as folder:
        unpacked = Path(folder) / component.package
        archive.unpack(component.package, unpacked, needed=component.libraries)
        if component.package in DATA:
            relocate(unpacked, DATA[component.package])
        for each in COMPONENTS.values():
            if each.libraries and each.package == component.package:
                bring_libraries(unpacked, each.name)
        _replace(unpacked, tools / component.package)


def _replace(new: Path, old: Path) -> None:
    shutil.rmtree(old, ignore_errors=True)
    new.rename(old)


def _remove_leftovers(tools: Path) -> None:
    for folder in tools.glob(".*-*"):
        shutil.rmtree(folder, ignore_errors=True)


def flags(names: Iterable[str], tools: Path = TOOLS) -> str:
    """Give `--NAME PATH` for each program found, quoted for a shell."""
    found = ((name, find(name, tools)) for name in names)
    return shlex.join(word for name, path in found if path for word in (f"--{name}", str(path)))


def _report(names: Iterable[str], problems: dict[str, str], tools: Path) -> None:
    paths = {name: find(name, tools) for name in names}
    if found := [_described(name, path, tools) for name, path in paths.items() if path]:
        print(f"real components: {', '.join(found)}", file=sys.stderr)
    for name in (name for name, path in paths.items() if not path):
        print(f"{name} can't be had: {problems.get(name, 'it does not run')}", file=sys.stderr)


def _described(name: str, path: Path, tools: Path) -> str:
    origin = "" if path.is_relative_to(tools) else f" ({path})"
    return f"{name} {version_of(COMPONENTS[name], path)}{origin}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch the programs named (all by default) and say what there is, and why the rest isn't."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.components", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *COMPONENTS], metavar="NAME")
    parser.add_argument("--require", action="store_true", help="fail when one can't be had")
    parser.add_argument("--flags", action="store_true", help="print --NAME PATH for each one found")
    options = parser.parse_args(arguments)
    names = options.names or list(COMPONENTS)
    problems = fetch(names)
    if options.flags:
        print(flags(names))
    _report(names, problems, TOOLS)
    return 1 if options.require and problems else 0


if __name__ == "__main__":
    sys.exit(main())
