"""Node's packages for drawing, installed beside this file as the lock file says, when they aren't yet."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools.locking import locked

HERE = Path(__file__).parent
NODE_AT_LEAST = 20
_INSTALLED = "node_modules/.installed"


class NotInstalled(Exception):
    """Nothing can be drawn here; the message says what is missing."""


def node() -> Path:
    """Find Node; NotInstalled when there is none, or an old one."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if not (program and npm):
        raise NotInstalled(f"node and npm are not there; install Node {NODE_AT_LEAST} or newer with npm")
    version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout.strip()
    number = re.match(r"v(\d+)", version)
    if not number or int(number[1]) < NODE_AT_LEAST:
        raise NotInstalled(f"node {version} is too old; install {NODE_AT_LEAST} or newer")
    return Path(program)


def install(folder: Path = HERE) -> None:
    """Install the packages that `folder`'s lock file names, unless they are there; NotInstalled when it fails."""
    node()
    with locked(folder.parent / ".tools"):
        wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
        stamp = folder / _INSTALLED
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        print("installing Grafana's packages from npm ...", file=sys.stderr, flush=True)
        _npm_ci(folder)
        stamp.write_text(wanted)


def _npm_ci(folder: Path) -> None:
    command = ["npm", "ci", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise NotInstalled(f"npm ci failed: {'; '.join(lines[:3]) or 'without a word'}")
