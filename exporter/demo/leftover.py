"""A Prometheus that an earlier demo left running, told by the file with its process id."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FILE = "prometheus.pid"
_PATIENCE = 10.0


@contextmanager
def noted(folder: Path, pid: int) -> Iterator[None]:
    """Keep the process id in the folder while the program runs."""
    file = folder / _FILE
    file.write_text(f"{pid}\n")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def end_leftover(folder: Path) -> bool:
    """End the Prometheus whose data is in the folder, if one still runs; say whether there was one."""
    pid = _noted_in(folder)
    if pid is None or not _is_ours(pid, folder):
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        patience = time.monotonic() + _PATIENCE
        while _is_ours(pid, folder) and time.monotonic() < patience:
            time.sleep(0.1)
    return True


def _noted_in(folder: Path) -> int | None:
    with suppress(OSError, ValueError):
        pid = int((folder / _FILE).read_text())
        return pid if pid > 1 else None
    return None


def _is_ours(pid: int, folder: Path) -> bool:
    """Tell it by the folder among its arguments: the number may be another program's by now."""
    return str(folder / "data") in _command_of(pid)


def _command_of(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
    with suppress(OSError):
        told = subprocess.run(  # noqa: S603 -- the system's own program with a number
            ["ps", "-o", "command=", "-p", str(pid)],  # noqa: S607 -- wherever the system has it
            capture_output=True,
            text=True,
            check=False,
        )
        return told.stdout
    return ""
