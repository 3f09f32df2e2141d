"""What the image installs, exact and with hashes: requirements/runtime.txt, and what builds the package for it.

Versions are those of constraints.txt. Hashes are asked from the package index, so they are only written anew when a
file names other packages or versions than it should.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
CONSTRAINTS = ROOT / "constraints.txt"
# The extras that the image has too.
DRIVERS = ("mysql", "postgresql")
HEADER = "# Written by `make generate` from pyproject.toml and constraints.txt.\n"

Pins = dict[str, str]


def wanted() -> dict[Path, list[str]]:
    """Return the requirements that each file resolves."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = declared["project"]
    drivers = [each for extra in DRIVERS for each in project["optional-dependencies"][extra]]
    groups = {"runtime": [*project["dependencies"], *drivers], "build": declared["build-system"]["requires"]}
    return {ROOT / "requirements" / f"{name}.txt": requirements for name, requirements in groups.items()}


def pinned(file: Path) -> Pins:
    """Return the version of each package in a file of pins, with hashes or without."""
    lines = re.findall(r"^([\w.-]+)==([\w.!+]+)", file.read_text(), re.MULTILINE) if file.exists() else []
    return {canonicalize_name(name): version for name, version in lines}


@cache
def image_python() -> str:
    """The Python of the image, such as 3.11."""
    (version,) = set(re.findall(r"^FROM python:(\d+\.\d+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    return str(version)


def needed(requirements: Iterable[str], extra: str = "", seen: frozenset[str] = frozenset()) -> set[str]:
    """Return the names of all packages that these need in the image, directly or not; all are installed here."""
    image = {"python_version": image_python(), "python_full_version": f"{image_python()}.0", "extra": extra}
    names: set[str] = set()
    for requirement in map(Requirement, requirements):
        name = canonicalize_name(requirement.name)
        if name not in seen and (not requirement.marker or requirement.marker.evaluate(image)):
            for chosen in ("", *requirement.extras):
                names |= {name} | needed(requires(name) or [], chosen, seen | names | {name})
    return names


def stale() -> list[Path]:
    """Return the files whose packages or versions are not those that pyproject.toml and constraints.txt give."""
    pins = pinned(CONSTRAINTS)
    return [
        path
        for path, requirements in wanted().items()
        if pinned(path) != {name: pins.get(name, "") for name in needed(requirements)}
    ]


def write() -> None:
    """Write the stale files anew."""
    for path in stale():
        path.parent.mkdir(exist_ok=True)
        path.write_text(HEADER + _resolved(wanted()[path]))


def _resolved(requirements: Iterable[str]) -> str:
    command = [
        str(Path(sys.executable).with_name("uv")),
        *(
            "pip",
            "compile",
            "-",
            "--generate-hashes",
            "--no-header",
            "--no-annotate",
            "--quiet",
            "--no-config",
        ),
        *(f"--constraint={CONSTRAINTS}", f"--python-version={image_python()}", "--python-platform=linux"),
    ]
    done = subprocess.run(command, input="\n".join(requirements), stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit("error: the hashes can't be had")
    return done.stdout
