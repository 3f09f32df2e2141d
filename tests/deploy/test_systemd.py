"""The unit for systemd: what systemd itself says about it, and whether it fits its page and the flags."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from exporter.cli import parse_flags

ROOT = Path(__file__).parent.parent.parent
UNIT = ROOT / "deploy/systemd/status-exporter.service"
PAGE = (ROOT / "docs/systemd.md").read_text()
EXPOSURE = 2.0

needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="real component missing: systemd-analyze"
)


def setting(name: str) -> str:
    """The value of a setting that stands once in the unit."""
    (value,) = re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)
    return str(value)


def analyzed(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


@needs_systemd
def test_systemd_finds_the_unit_hardened() -> None:
    """Its own measure, from 0 to 10, is below the limit."""
    done = analyzed("security", "--offline=true", f"--threshold={EXPOSURE * 10:.0f}", UNIT)
    assert done.returncode == 0, done.stdout


@needs_systemd
def test_systemd_understands_every_line(tmp_path: Path) -> None:
    """No unknown setting, no bad value; the program is replaced by one that every machine has."""
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/usr/local/bin/status-exporter", "/bin/true"))
    done = analyzed("verify", "--man=no", copy)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_exporter_understands_its_flags() -> None:
    """The command is one that the command line takes, and the page names the files that it reads."""
    program, *flags = shlex.split(setting("ExecStart"))
    assert str(parse_flags(flags).config_file) in PAGE
    assert f"ln -s /opt/status-exporter/bin/status-exporter {Path(program).parent}/" in PAGE


def test_the_page_makes_what_the_unit_asserts() -> None:
    """The paths that systemd looks for before it starts the service are made by the commands of the page."""
    commands = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL))
    for path in (setting("AssertPathExists"), setting("AssertPathIsDirectory")):
        assert re.search(rf"^install .*{re.escape(path)}$", commands, re.MULTILINE), path


def test_the_page_names_credentials_as_systemd_does() -> None:
    """A file of the folder is `ID_FILE` in the service's folder of credentials."""
    credential, folder = setting("LoadCredential").split(":")
    written = set(re.findall(rf"{folder}/([a-z-]+)", PAGE))
    read = set(re.findall(rf"token_file: /run/credentials/{UNIT.name}/{credential}_(\S+)", PAGE))
    assert written <= read
    assert len(read) == PAGE.count("token_file: /run/credentials/")
