"""A secret kept in a file of its own: read anew each time, never shown."""

import os
import stat
from pathlib import Path

from exporter.errors import TokenFileUnusable

_LARGEST = 16_384


class SecretFile:
    """The file at `path`; its text without the white space around it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> str:
        """Return the secret, "" when the file is missing or empty; TokenFileUnusable when it can't be used."""
        try:
            with open(self.path, "rb", opener=_without_waiting) as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise TokenFileUnusable(f"{self.path} is not a regular file")
                content = file.read(_LARGEST + 1)
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise TokenFileUnusable(f"{self.path} can't be read: {error.strerror}") from None
        return self._text(content)

    def _text(self, content: bytes) -> str:
        if len(content) > _LARGEST:
            raise TokenFileUnusable(f"{self.path} is larger than {_LARGEST} bytes")
        text = content.strip().decode("ascii", errors="replace")
        if not text.isprintable() or not text.isascii():
            raise TokenFileUnusable(
                f"{self.path} holds more than one line, or other than printable ASCII text"
            )
        return text

    def signature(self) -> tuple[int, ...]:
        """Return what changes when the file appears, changes or vanishes."""
        try:
            found = self.path.stat()
        except OSError:
            return ()
        return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    def is_world_readable(self) -> bool:
        """Return whether everybody on the machine may read it."""
        try:
            return bool(self.path.stat().st_mode & stat.S_IROTH)
        except OSError:
            return False


def _without_waiting(path: str, flags: int) -> int:
    """Open so that a named pipe nobody writes to can't block us."""
    return os.open(path, flags | os.O_NONBLOCK)
