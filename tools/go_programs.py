"""Find the programs that check the Kubernetes manifests, or build them with Go: `python3 -m tools.go_programs`.

Helm checks and renders the chart; no package index that the project uses has the program itself. `manifests_check`
knows the fields of the objects. Building takes some minutes, so it happens only when asked for, never in a test.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.components import TOOLS

HELM = "helm.sh/helm/v3/cmd/helm@v3.22.0"
CHECK = Path(__file__).parent / "manifests_check"
PROGRAMS = {"helm": ("version",), "manifests_check": ()}
"""With which arguments each does nothing but run."""
TIMEOUT = 900


def find(name: str, tools: Path = TOOLS) -> Path | None:
    """Find a program that runs: on PATH, else in `.tools/`."""
    on_path = shutil.which(name)
    candidates = [*([Path(on_path)] if on_path else []), tools / "go" / name]
    return next((path for path in candidates if _runs(path, PROGRAMS[name])), None)


def _runs(path: Path, arguments: tuple[str, ...]) -> bool:
    try:
        subprocess.run(
            [path, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def build(name: str, tools: Path = TOOLS) -> str:
    """Build it into `tools`; return why that isn't possible, or nothing."""
    if not shutil.which("go"):
        return "no go on this machine"
    command = ["go", "install", "-ldflags=-s -w", HELM if name == "helm" else "."]
    folder = None if name == "helm" else CHECK
    return _run(command, os.environ | {"GOBIN": str(tools / "go")}, folder)


def _run(command: list[str], environment: Mapping[str, str], folder: Path | None) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT
        )
    except subprocess.TimeoutExpired:
        return f"go gave up after {TIMEOUT} s"
    lines = done.stderr.strip().splitlines() or ["go failed without a word"]
    return lines[-1] if done.returncode else ""


def main() -> int:
    """Build what isn't there; say what is, and why the rest can't be had."""
    problems = {name: "" if find(name) else build(name) for name in PROGRAMS}
    for name, problem in problems.items():
        path = find(name)
        print(
            f"{name}: {path}" if path else f"{name} can't be had: {problem or 'it does not run'}",
            file=sys.stderr,
        )
    return 1 if any(problems.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
