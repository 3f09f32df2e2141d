"""A copy of the project to change as the guides say."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def copied(folder: Path) -> Path:
    """Copy the project without its history into `folder`, with the same Python and the same tools."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    for name in names:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    if (ROOT / ".tools").exists():
        (folder / ".tools").symlink_to(ROOT / ".tools")
    for command in (
        ["git", "init", "--quiet"],
        ["git", "add", "--all"],
    ):  # Tests ask git which files there are.
        run(folder, *command)
    return folder


def run(folder: Path, *command: str) -> None:
    """Run a command there; AssertionError with what it printed when it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def generate(folder: Path) -> None:
    """Write anew what is generated, as `make generate` does."""
    run(folder, "make", "generate", "--old-file=.venv/.installed-dev", f"BIN={Path(sys.executable).parent}")
