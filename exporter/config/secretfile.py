"""A secret, in the configuration or in a file of its own: read anew for each poll, never shown."""

import codecs
import os
import stat
from functools import cached_property
from pathlib import Path

from pydantic import SecretStr

from exporter.config.files import without_waiting
from exporter.config.filework import mount_of, run_beside
from exporter.errors import TokenUnusable

_LARGEST = 16_384
# What editors and shells of Windows put before a text.
_ENCODINGS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
Signature = tuple[int, ...]


class SecretFile:
    """The file at `path`; its text without a byte order mark and the white space around it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> str:
        """Return the secret, "" when the file is missing or empty; TokenUnusable when it can't be used."""
        try:
            with open(self.path, "rb", opener=without_waiting) as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise TokenUnusable(f"{self.path} is not a regular file")
                content = file.read(_LARGEST + 1)
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise TokenUnusable(f"{self.path} can't be read: {error.strerror}") from None
        return self._text(content)

    def _text(self, content: bytes) -> str:
        if len(content) > _LARGEST:
            raise TokenUnusable(f"{self.path} is larger than {_LARGEST} bytes")
        encoding = next((name for mark, name in _ENCODINGS.items() if content.startswith(mark)), "ascii")
        return sendable(content.decode(encoding, errors="replace"), str(self.path))

    def signature(self) -> Signature:
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

    @cached_property
    def mount(self) -> str:
        """The mount point that holds the file."""
        return mount_of(self.path)


class Token:
    """The secret of a source: `text`, or what `path` holds when it is asked for, or none; `called` says what it is."""

    def __init__(
        self, text: SecretStr | None = None, path: Path | None = None, called: str = "the token"
    ) -> None:
        self.file = SecretFile(path) if path else None
        self._text = text
        self._called = called
        self._read: Signature | None = None

    async def get(self) -> str:
        """Return the secret, "" when there is none; TokenUnusable when the file can't be used.

        Files are read beside the event loop.
        """
        return await run_beside(self.file.mount, self._from_file) if self.file else self.written()

    def written(self) -> str:
        """Return what stands in the configuration itself, "" when nothing does; TokenUnusable when it can't be used."""
        return sendable(self._text.get_secret_value(), self._called) if self._text else ""

    def _from_file(self) -> str:
        assert self.file
        # Before reading, so that no change goes unnoticed.
        self._read = self.file.signature()
        return self.file.read()

    @property
    def is_missing(self) -> bool:
        """Whether the file was not there when the secret was last read."""
        return self._read == ()

    def has_changed(self) -> bool:
        """Return whether the file differs from what was last read; this may block as long as its mount does."""
        return self.file is not None and self._read is not None and self.file.signature() != self._read


def sendable(text: str, holder: str) -> str:
    """Return the secret in `text`; TokenUnusable, naming its holder, when no header can carry it."""
    text = text.strip().strip(_MARK).strip()
    if len(text.splitlines()) > 1:
        raise TokenUnusable(f"{holder} holds more than one line")
    if not text.isprintable() or not text.isascii():
        raise TokenUnusable(f"{holder} holds other than printable ASCII text")
    if text.lower().startswith("bearer "):
        raise TokenUnusable(f"{holder} begins with 'Bearer', which is no part of a token")
    return text
