"""Files that settings name."""

import os
import stat
from pathlib import Path


def why_unreadable(path: Path) -> str:
    """Return why a file or folder can't be read, "" when it can."""
    try:
        if path.is_dir():
            next(path.iterdir(), None)
        else:
            path.open("rb").close()
    except OSError as error:
        return error.strerror or "it can't be opened"
    return ""


def read_regular(path: Path, largest: int) -> bytes:
    """Return up to one byte more than the `largest` content allowed; OSError when it is no file, or can't be read."""
    with open(path, "rb", opener=without_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(0, "not a regular file")
        return file.read(largest + 1)


def without_waiting(path: str, flags: int) -> int:
    """Open so that a named pipe nobody writes to can't block us."""
    return os.open(path, flags | os.O_NONBLOCK)
