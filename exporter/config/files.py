"""Files that settings name."""

import os
import stat
from pathlib import Path


def read_regular(path: Path, most: int) -> bytes:
    """Return at most `most` bytes of a file; OSError also for what is no regular file and could keep us waiting."""
    with open(path, "rb", opener=_without_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(None, "it is not a regular file")
        return file.read(most)


def _without_waiting(path: str, flags: int) -> int:
    """Open so that a named pipe nobody writes to can't block us."""
    return os.open(path, flags | os.O_NONBLOCK)


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
