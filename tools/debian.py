"""Debian packages for a user without root: downloaded by apt-get, unpacked into a folder of ours.

apt-get works on private lists and an empty status file, and on copies of the machine's sources that name
another suite. So nothing of the machine is read or changed but its sources, keys and proxy settings.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

ETC = Path("/etc")
DPKG_STATUS = Path("/var/lib/dpkg/status")
TIMEOUT = 900  # seconds for one command of apt or dpkg

# The `#clear` lines switch off what the machine adds: hooks, foreign architectures, indexes but Packages.
# A mirror may be a frozen copy: its signatures count, its age does not.
CONFIG = """
#clear APT::Update;
#clear APT::Architectures;
#clear Acquire::IndexTargets;
APT::Architectures {{ "{architecture}"; }};
APT::Default-Release "";
APT::Sandbox::User "root";
Acquire::Check-Date "false";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::PDiffs "false";
Acquire::Retries "3";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
Acquire::IndexTargets::deb::Packages {{
  MetaKey "$(COMPONENT)/binary-$(ARCHITECTURE)/Packages";
  ShortDescription "Packages";
  Description "$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Packages";
  Optional "0";
}};
Dir::State "{folder}";
Dir::State::lists "{folder}/lists";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Log "{folder}/log";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{folder}/sources";
Dir::Etc::preferences "{folder}/preferences";
Dir::Etc::preferencesparts "/dev/null";
"""

# Vendors may call their suites by a distribution's names too: only what the distribution signed is taken.
PREFERENCES = """
Package: *
Pin: release o=Debian,n={suite}
Pin-Priority: 500

Package: *
Pin: release o=Ubuntu,n={suite}
Pin-Priority: 500

Package: *
Pin: release a=*
Pin-Priority: -1
"""


class NotToBeHad(Exception):
    """A package can't be had here; the message is one line and says why."""


class Archive:
    """One suite of the machine's mirrors, with lists in a folder of its own."""

    def __init__(self, folder: Path, suite: str) -> None:
        self._folder = folder
        for name in ("lists/partial", "cache/archives/partial", "log", "debs", "sources"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()
        for name, text in sources_for(suite).items():
            (folder / "sources" / name).write_text(text)
        (folder / "preferences").write_text(PREFERENCES.format(suite=suite))
        (folder / "apt.conf").write_text(CONFIG.format(folder=folder, architecture=architecture()))
        self._update_problem = self._update()

    def unpack(self, package: str, target: Path, *, needed: bool = False) -> None:
        """Download `package` and unpack it into `target`, `needed` with all that it needs and this machine lacks."""
        try:
            self._apt_get("download", *(self._missing(package) if needed else [package]))
        except NotToBeHad as problem:
            raise NotToBeHad("; ".join(filter(None, (str(problem), self._update_problem)))) from None
        for deb in sorted((self._folder / "debs").glob("*.deb")):
            _run(["dpkg-deb", "--extract", str(deb), str(target)])
            deb.unlink()

    def _missing(self, package: str) -> list[str]:
        """Name what an installation of `package` would bring to this machine."""
        installed = ["-o", f"Dir::State::status={DPKG_STATUS}", "-o", "Debug::NoLocking=true"]
        plan = self._apt_get(*installed, "install", "--simulate", "--no-install-recommends", package)
        return re.findall(r"^Inst (\S+)", plan, re.MULTILINE)

    def _update(self) -> str:
        """Fetch the lists; a source that doesn't serve the suite matters only when a package isn't found."""
        try:
            self._apt_get("update", "--error-on=any")
        except NotToBeHad as problem:
            return str(problem)
        return ""

    def _apt_get(self, *arguments: str) -> str:
        config = str(self._folder / "apt.conf")
        return _run(["apt-get", "--quiet=2", "--config-file", config, *arguments], cwd=self._folder / "debs")


@contextmanager
def open_archive(scratch: Path, suite: str) -> Iterator[Archive]:
    """Open `suite` at the mirrors of this machine, with everything it writes below `scratch`."""
    if missing := [command for command in ("apt-get", "dpkg", "dpkg-deb") if not shutil.which(command)]:
        raise NotToBeHad(f"no {missing[0]} on this machine")
    with TemporaryDirectory(prefix=f".{suite}-", dir=scratch) as folder:
        yield Archive(Path(folder), suite)


def sources_for(suite: str) -> dict[str, str]:
    """The machine's apt sources by file name, with `suite` wherever its own suite stands as a word."""
    own = rf"(?<=\s)({re.escape(machine_codename() or suite)}|(old)*stable|testing|unstable)(?=\s|$)"
    files = [ETC / "apt/sources.list", *(ETC / "apt/sources.list.d").glob("*")]
    readable = (file for file in files if file.is_file() and os.access(file, os.R_OK))
    return {file.name: re.sub(own, suite, file.read_text(errors="replace")) for file in readable}


def machine_codename() -> str:
    """Name this machine's suite, such as bookworm; empty when it isn't told."""
    try:
        text = (ETC / "os-release").read_text()
    except OSError:
        return ""
    match = re.search(r'^VERSION_CODENAME="?([\w-]+)', text, re.MULTILINE)
    return match[1] if match else ""


def architecture() -> str:
    """Name the machine's architecture as Debian does, such as amd64."""
    return _run(["dpkg", "--print-architecture"]).strip()


def _run(command: list[str], cwd: Path | None = None) -> str:
    environment = os.environ | {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=True
        )
    except subprocess.TimeoutExpired:
        raise NotToBeHad(f"{command[0]} gave up after {TIMEOUT} s") from None
    except subprocess.CalledProcessError as failure:
        raise NotToBeHad(_reason(command[0], failure.stderr)) from None
    except OSError as problem:
        raise NotToBeHad(f"{command[0]}: {problem.strerror}") from None
    return done.stdout


def _reason(command: str, stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("E: ") for line in lines if line.startswith("E: ")] or lines[-1:]
    return f"{command}: {errors[0]}" if errors else f"{command} failed without a word"
