"""Files that settings name: opened without waiting, and read within bounds."""

import errno
import os
import select
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# How long the writer of a pipe may take, in seconds.
_PATIENCE = 5.0


def read_file(path: Path, largest: int) -> bytes:
    """Return the same of a regular file or a pipe, as process substitution gives one."""
    with _opened(path) as number:
        if stat.S_ISFIFO(os.fstat(number).st_mode):
            return b"".join(_from_pipe(number, largest + 1))
    return read_regular(path, largest)


def why_unreadable(path: Path, *, folder: bool = False) -> str:
    """Return why a regular file, or a folder, can't be read; "" when it can."""
    try:
        with _opened(path) as number:
            kind = os.fstat(number).st_mode
            if folder != stat.S_ISDIR(kind):
                return "it is not a folder" if folder else "it is a folder"
            if folder:
                next(path.iterdir(), None)
            elif not stat.S_ISREG(kind):
                return "not a regular file"
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


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    number = without_waiting(str(path), os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield number
    finally:
        os.close(number)


def _from_pipe(number: int, most: int) -> Iterator[bytes]:
    """Yield what comes until the writer is done."""
    patience, poll = time.monotonic() + _PATIENCE, select.poll()
    poll.register(number, select.POLLIN)
    while most > 0:
        left = patience - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise OSError(errno.ETIMEDOUT, f"it is a pipe whose writer isn't done within {_PATIENCE:g} s")
        part = os.read(number, min(most, 65_536))
        if not part:
            return
        most -= len(part)
        yield part
