"""Debian packages for a user without root: downloaded by apt-get, unpacked into a folder of ours.

apt-get works on private lists and an empty status file, so nothing of the machine is read or changed
but its sources, keys and proxy settings.
"""

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.apt_sources import Source, debian_mirrors, machine_codename, machine_sources

TIMEOUT = 900  # seconds for one command of apt or dpkg

# The `#clear` lines switch off what the machine adds: hooks, foreign architectures, indexes but Packages.
# A mirror may be a frozen copy: its signatures count, its age does not.
APT_CONFIG = """
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
Dir::Etc::sourcelist "{folder}/debian.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
"""


class NotToBeHad(Exception):
    """A package can't be had here; the message is one line and says why."""


class Archive:
    """One suite of one mirror, with lists in a folder of its own."""

    def __init__(self, folder: Path, mirror: Source, suite: str) -> None:
        self._folder = folder
        for name in ("lists/partial", "cache/archives/partial", "log", "debs"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()
        (folder / "debian.sources").write_text(mirror.stanza(suite))
        config = APT_CONFIG.format(folder=folder, architecture=architecture())
        (folder / "apt.conf").write_text(config)
        self._apt_get("update", "--error-on=any")

    def unpack(self, package: str, target: Path) -> None:
        """Download `package` and unpack it into `target`."""
        self._apt_get("download", package)
        (deb,) = (self._folder / "debs").glob(f"{package}_*.deb")
        _run(["dpkg-deb", "--extract", str(deb), str(target)])
        deb.unlink()

    def _apt_get(self, *arguments: str) -> None:
        config = str(self._folder / "apt.conf")
        _run(["apt-get", "--quiet=2", "--config-file", config, *arguments], cwd=self._folder / "debs")


@contextmanager
def open_archive(scratch: Path, suite: str) -> Iterator[Archive]:
    """Open `suite` at the first mirror of this machine that serves it; raise NotToBeHad when none does."""
    if missing := [command for command in ("apt-get", "dpkg", "dpkg-deb") if not shutil.which(command)]:
        raise NotToBeHad(f"no {missing[0]} on this machine")
    with TemporaryDirectory(prefix=f".{suite}-", dir=scratch) as folder:
        yield _first_serving(Path(folder), suite, debian_mirrors(machine_sources(), machine_codename()))


def _first_serving(folder: Path, suite: str, mirrors: Iterable[Source]) -> Archive:
    reason = "the machine's apt sources name no Debian mirror"
    for number, mirror in enumerate(mirrors):
        try:
            return Archive(folder / str(number), mirror, suite)
        except NotToBeHad as problem:
            reason = str(problem)
    raise NotToBeHad(reason)


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
