"""Make the virtual environment, also where Python comes without pip, and install the project into it.

    python3 -m tools.environment [--dev] [--folder .venv] [--versions tested]

Versions are those of constraints.txt, or the oldest or the newest that pyproject.toml allows. Debian's python3 has
neither ensurepip nor pip; pip's wheel then comes from Debian's package python3-pip-whl, unpacked for this one use.
"""

import argparse
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

from tools.debian import NotToBeHad, machine_codename, open_archive
from tools.locking import locked

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints.txt"
WHEELS = "usr/share/python-wheels"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PIP_PACKAGES = ("python3-pip-whl", "ca-certificates")


class Failed(Exception):
    """The environment can't be made; the message is for the user."""


def oldest() -> list[str]:
    """Pin every direct dependency, those of building and developing included, to the lower bound it declares."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project, build = declared["project"], declared["build-system"]
    groups = (project["dependencies"], build["requires"], *project["optional-dependencies"].values())
    bounds = (
        re.match(r"([\w.-]+)(?:\[[\w,-]+\])?>=([\w.]+)", requirement)
        for group in groups
        for requirement in group
    )
    return [f"{bound[1]}=={bound[2]}" for bound in bounds if bound]


def install(folder: Path, constraints: Path | None, *, dev: bool) -> None:
    """Make `folder` when it isn't there or doesn't work, and install the project, `dev` with its tools.

    Versions are those of `constraints`; without them the newest, also of what is installed already.
    """
    versions = [f"--constraint={constraints}"] if constraints else ["--upgrade", "--upgrade-strategy=eager"]
    python = folder / "bin/python"
    if not _runs(python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"):
        _say(f"making the virtual environment {folder.name} ...")
        _run([sys.executable, "-m", "venv", "--without-pip", "--clear", folder])
    if not _runs(python, "-m", "pip", "--version"):
        _bring_pip(python, versions)
    _say(f"installing {'the project and its development tools' if dev else 'the project'} ...")
    _pip(python, "pip", "setuptools", *versions)
    target = f"{ROOT}[dev]" if dev else str(ROOT)
    _pip(python, "--no-build-isolation", "--editable", target, *versions)


def _bring_pip(python: Path, versions: Sequence[str]) -> None:
    if _runs(python, "-m", "ensurepip"):
        return
    _say("this Python has no pip: fetching it from Debian ...")
    with _debian_pip() as environment:
        _pip(python, "pip", *versions, environment=environment)


@contextmanager
def _debian_pip() -> Iterator[Mapping[str, str]]:
    """Unpack pip's wheel, and certificates where there are none; give the environment to use them."""
    with TemporaryDirectory(prefix="pip-") as name:
        folder = Path(name)
        try:
            with open_archive(folder, machine_codename()) as archive:
                for package in PIP_PACKAGES:
                    archive.unpack(package, folder / "unpacked")
        except NotToBeHad as problem:
            raise Failed(f"pip can't be had ({problem}); install Debian's package python3-venv") from None
        (wheel,) = (folder / "unpacked" / WHEELS).glob("pip-*.whl")
        yield {"PYTHONPATH": str(wheel)} | _certificates(folder)


def _certificates(folder: Path) -> dict[str, str]:
    """Debian's pip wants the machine's certificates; a machine without the package has none."""
    if CERTIFICATES.exists() or "PIP_CERT" in os.environ:
        return {}
    found = sorted((folder / "unpacked/usr/share/ca-certificates").rglob("*.crt"))
    bundle = folder / "certificates.pem"
    bundle.write_text("\n".join(certificate.read_text() for certificate in found))
    return {"PIP_CERT": str(bundle)}


def _pip(python: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
    options = ["--quiet", "--disable-pip-version-check", "--no-input"]
    if not os.access(os.path.expanduser("~"), os.W_OK):
        options.append("--no-cache-dir")  # pip would warn about it each time
    _run([python, "-m", "pip", "install", *options, *arguments], environment)


def _runs(*command: str | Path) -> bool:
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


def _run(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> None:
    quiet = {"PYTHONWARNINGS": "ignore"}  # setuptools warns of every editable installation
    done = subprocess.run(command, env=os.environ | quiet | dict(environment or {}))
    if done.returncode:
        raise Failed(f"this failed: {' '.join(map(str, command))}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def _constraints(versions: str) -> Iterator[Path | None]:
    with NamedTemporaryFile("w", suffix=".txt") as pins:
        pins.writelines(f"{pin}\n" for pin in oldest())
        pins.flush()
        yield {"tested": CONSTRAINTS, "oldest": Path(pins.name), "newest": None}[versions]


def main(arguments: Sequence[str] | None = None) -> int:
    """Install, one run at a time; the exit code is 1 when it can't be done."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.environment", description=__doc__)
    parser.add_argument("--dev", action="store_true", help="with the tools for tests and checks")
    parser.add_argument("--folder", type=Path, default=ROOT / ".venv", help="where (default: .venv)")
    parser.add_argument("--versions", choices=("tested", "oldest", "newest"), default="tested")
    options = parser.parse_args(arguments)
    try:
        with locked(ROOT / ".tools"), _constraints(options.versions) as constraints:
            install(options.folder.absolute(), constraints, dev=options.dev)
    except (Failed, OSError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
